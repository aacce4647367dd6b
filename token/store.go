package token

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"wechattpp/wechat"
)

// Owner is whose token it is.
type Owner struct {
	Kind string // Component, Authorizer, Sender, WeCom or Page
	ID   string // AppID, or the code of a sender
}

func (o Owner) String() string { return o.Kind + " " + o.ID }

// Own tells whether it is a sender's, which has a secret of its own.
func (o Owner) Own() bool { return o.Kind == Sender || o.Kind == WeCom }

// attr names the owner in the log.
func (o Owner) attr() slog.Attr {
	if o.Own() || o.Kind == Page {
		return slog.String("sender", o.ID)
	}
	return slog.String("app_id", o.ID)
}

// Kept is a token as stored. All times are differences to the database's
// clock at the moment it was read.
type Kept struct {
	ID      int64
	Owner   Owner
	Access  string // "" if there is none; ClaimDue leaves it out
	Refresh string // "" for kinds that have none
	Life    time.Duration
	Left    time.Duration // until it expires
	Age     time.Duration // since it was issued
	Due     time.Duration // until the renewal, or the end of the lease; negative is past
	Resting bool          // is not renewed until something changes: a new authorization, an edit
	Held    bool          // somebody renews it right now
	Version int64
	Claim   int64
	// Failures in a row, and why the last renewal failed or why it rests.
	Failures int
	Problem  string

	read time.Time // our clock, before the query
}

// Format hides the tokens, however it is printed.
func (k Kept) Format(s fmt.State, _ rune) {
	_, _ = fmt.Fprintf(s, "token of %s, version %d", k.Owner, k.Version)
}

// good tells whether it may be handed out.
func (k Kept) good(refused string) bool {
	return k.Access != "" && k.Access != refused && k.Left > k.margin()
}

// Store keeps the tokens of one component's deployment. Each method is atomic.
// Save, Refresh and Release work only for the holder of the claim in Kept and
// are otherwise refused with ErrLost.
type Store interface {
	// Load reads a row. fs.ErrNotExist: there is none.
	Load(context.Context, Owner) (Kept, error)
	// Claim takes the lease of a row and answers it with its claim, if its version is still the one given, it does not
	// rest, and nobody holds it or waits out a back-off with it.
	Claim(ctx context.Context, k Kept, lease time.Duration) (_ Kept, won bool, err error)
	// ClaimDue takes the leases of up to limit due rows of a kind.
	ClaimDue(ctx context.Context, kind string, limit int, lease time.Duration) ([]Kept, error)
	// Save stores a new token, which was asked for age ago, ends the claim and plans the next renewal. ErrLost: the claim
	// had passed to somebody else; then only a rotated refresh token is kept, as the package comment tells.
	Save(ctx context.Context, k Kept, lent wechat.Lent, age, due time.Duration) error
	// Refresh stores a refresh token (if not empty) and begins the lease anew.
	Refresh(ctx context.Context, k Kept, refresh string, lease time.Duration) error
	// Release ends the claim without a token.
	Release(context.Context, Kept, Verdict) error
	// Put stores a token from elsewhere, such as a fresh authorization, and ends whatever renewal runs. An empty refresh
	// token leaves the stored one. One asked for before the stored token was only makes the row due.
	Put(ctx context.Context, o Owner, lent wechat.Lent, age, due time.Duration) error
	// Begin makes sure that there is a row. A missing one is due now, and so is one that rests. restart: it is due now in
	// any case, its token forgotten.
	Begin(ctx context.Context, o Owner, restart bool) error
	// Recheck makes a healthy row due if its token is older than age: something says that it may not be healthy.
	Recheck(ctx context.Context, o Owner, age time.Duration) error
	// Stop forgets the access token and lets the row rest. No row is no error.
	Stop(ctx context.Context, o Owner, problem string) error
	// Health counts.
	Health(context.Context) (Health, error)
}

// Verdict is how a renewal ended without a token.
type Verdict struct {
	Due      time.Duration // until the next try
	Rest     bool          // no next try; the access token is forgotten
	Failures int
	Problem  string // at most 500 characters, no secret
	Cause    wechat.Cause
}

// Health is the state of all rows together.
type Health struct {
	Oldest  time.Duration // age of the oldest token that is kept fresh
	Resting int           // rows that rest because of a problem
}
