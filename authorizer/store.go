package authorizer

import (
	"context"
	"fmt"
	"time"

	"wechattpp/wechat"
)

// Granted is what the vendor answers to an authorization code.
type Granted = wechat.Authorization

// Store keeps invitations, attempts, exchanges and accounts of one component.
// Every method is atomic. Times are by the database's clock.
type Store interface {
	// AddInvitation stores an invitation that ends after life.
	AddInvitation(ctx context.Context, i Invitation, life time.Duration) (expires time.Time, err error)
	// Invitation reads one. fs.ErrNotExist.
	Invitation(ctx context.Context, id string) (Invitation, error)
	// AddAttempt stores that an invitation was opened.
	AddAttempt(ctx context.Context, a Attempt, life time.Duration) error
	// Attempt finds a living one by its state. fs.ErrNotExist.
	Attempt(ctx context.Context, stateHash string) (Attempt, error)

	// Take stores a code to be exchanged, due at once, and answers its row. A code that is there already keeps its row,
	// which learns what this arrival knows more, and is due again if it had failed.
	Take(ctx context.Context, a Arrival, life time.Duration) (Exchange, error)
	// Exchange reads a row, without the code.
	Exchange(ctx context.Context, id int64) (Exchange, error)
	// ClaimExchange takes the lease of a row that is due.
	ClaimExchange(ctx context.Context, id int64, lease time.Duration) (_ Exchange, won bool, err error)
	// ClaimExchanges takes the leases of up to limit due rows.
	ClaimExchanges(ctx context.Context, limit int, lease time.Duration) ([]Exchange, error)
	// RetryExchange ends the claim and plans the next try.
	RetryExchange(ctx context.Context, x Exchange, after time.Duration, problem string) error
	// FailExchange ends the row without success.
	FailExchange(ctx context.Context, x Exchange, problem string) error
	// Grant stores what the vendor granted, asked for age ago, in one transaction: account, tokens, the exchange done, the
	// invitation used, the feed told. It needs no claim and may be repeated.
	Grant(ctx context.Context, x Exchange, g Granted, age time.Duration) error
	// Settled tells whether an exchange whose code is used up has been overtaken: the account it is of has tokens since the
	// attempt began. Then it marks it done.
	Settled(ctx context.Context, x Exchange) (bool, error)
	// Adopt stores an account of the vendor's list: an unknown one, a known one's refresh token if it is another than the
	// stored one; then the token is due. An empty refresh token changes none. sure: it is authorized, whatever is stored.
	Adopt(ctx context.Context, l wechat.Listed, sure bool) (Adoption, error)

	// Account reads one. fs.ErrNotExist.
	Account(ctx context.Context, appID string) (Account, error)
	// BySender reads the one bound to a sender. fs.ErrNotExist.
	BySender(ctx context.Context, sender string) (Account, error)
	// List reads up to limit accounts with an AppID after the given one, by AppID.
	List(ctx context.Context, f Filter, after string, limit int) ([]Account, error)
	// ClaimProfiles takes the leases of up to limit accounts whose profile is due.
	ClaimProfiles(ctx context.Context, limit int, lease time.Duration) ([]Account, error)
	// SaveProfile stores Kind, UserName, Profile and Sets for the holder of the claim, and the binding: Wanted becomes
	// Sender unless Waiting says why not; it is due again in next. fs.ErrExist: the sender has been given to another account
	// meanwhile.
	SaveProfile(ctx context.Context, a Account, next time.Duration) error
	// RetryProfile ends the claim and plans the next try.
	RetryProfile(ctx context.Context, a Account, after time.Duration, problem string, cause wechat.Cause) error
	// RefreshProfile makes the profile of an authorized account due, at most once in every: as BeginVerify, and for it.
	RefreshProfile(ctx context.Context, appID string, every time.Duration) (due bool, err error)
	// Bind gives an account to a sender and takes the one it had away. fs.ErrNotExist: no such account. Any other refusal
	// says why: messages of the sender wait that are for the followers of the account it had.
	Bind(ctx context.Context, appID, sender string) error
	// Unauthorize ends an authorization and stops its token, if AuthorizedAt is still that of a.
	Unauthorize(ctx context.Context, a Account, e Ending) (done bool, err error)
	// BeginVerify tells one of those who doubt an account, at most once in every, that it may ask after it.
	BeginVerify(ctx context.Context, appID string, every time.Duration) (mine bool, err error)
	// Concluded counts the accounts that ended within a time by our conclusion alone, of all that are or were authorized.
	Concluded(ctx context.Context, within time.Duration) (ended, of int, err error)
	// Drop forgets accounts, whether or not they are there, with their tokens and exchanges, as if they had never authorized; it
	// answers how many rows went.
	Drop(ctx context.Context, appIDs []string) (int, error)

	RunStore
	// Prune forgets invitations, attempts and exchanges that ended more than age ago, a bounded number of each.
	Prune(ctx context.Context, age time.Duration) (int, error)
}

// RunStore keeps how far the comparison with the vendor's list is: one row.
type RunStore interface {
	// RequestRun begins a run, unless one began less than unless ago; one that is under way goes on at once. accept: what is
	// absent is believed, however many.
	RequestRun(ctx context.Context, accept bool, unless time.Duration) error
	// Run reads it; the zero Run: there never was one.
	Run(context.Context) (Run, error)
	// ClaimRun takes its lease if it is due.
	ClaimRun(ctx context.Context, lease time.Duration) (_ Run, won bool, err error)
	// SaveRun stores it for the holder of the claim, ends the claim, and lets it go on after a time; at Rest it does not.
	SaveRun(ctx context.Context, r Run, after time.Duration) error
	// Alarm says why the vendor's word is not believed; the end of a run clears it.
	Alarm(ctx context.Context, text string) error
	// Listed marks accounts as seen by a run, and answers how many were not before.
	Listed(ctx context.Context, run int64, appIDs []string) (int, error)
	// CountAbsent counts the authorized accounts that a run did not see, of all.
	CountAbsent(context.Context, Run) (absent, of int, err error)
	// Absent reads up to limit of them with ids after Place, by id.
	Absent(ctx context.Context, r Run, limit int) ([]Account, error)
}

// Filter says which accounts a list holds; the zero one holds all.
type Filter struct {
	Finding string // with this finding
	Claimed *bool  // that speak for a sender, or do not
}

// Ending is how an authorization ended.
type Ending struct {
	At      time.Time    // the vendor's time; zero: it did not say so, we conclude it
	Problem string       // at most 500 characters
	Cause   wechat.Cause // the refusal it is concluded from
}

// Adoption is what became of an account of the vendor's list.
type Adoption int

// What becomes of it.
const (
	Same    Adoption = iota // known, with this refresh token
	Adopted                 // unknown, or ended before
	Renewed                 // known, with another refresh token
	Ended                   // it said itself that it ended after this: ask after it
)

// Invitation lets somebody authorize an account for a sender.
type Invitation struct {
	ID, Sender, Kind string
	Expires          time.Time
	Left             time.Duration
	Used             bool
}

// Attempt is one opening of an invitation.
type Attempt struct {
	CodeHash   string // of the pre-auth code
	StateHash  string // of the state in the return address
	Invitation string
}

// Arrival is an authorization code that came in.
type Arrival struct {
	Code        string
	PreAuthHash string    // "" if it is not known
	AppID       string    // as the event says; "" of a browser's return
	EventAt     time.Time // CreateTime of the event; zero of a browser's return
}

// Format hides the code.
func (a Arrival) Format(s fmt.State, _ rune) { _, _ = fmt.Fprintf(s, "code of %q", a.AppID) }

// Exchange is a code on its way to tokens.
type Exchange struct {
	ID          int64
	Code        string
	PreAuthHash string
	AppID       string
	EventAt     time.Time
	Began       time.Time     // when the attempt began as far as known, else when the code came
	Left        time.Duration // until the code ends
	Done        bool          // with success
	Failed      bool
	Failures    int
	Problem     string
	Claim       int64
}

// Format hides the code.
func (x Exchange) Format(s fmt.State, _ rune) { _, _ = fmt.Fprintf(s, "exchange %d", x.ID) }
