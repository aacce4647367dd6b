package authorizer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"wechattpp/wechat"
)

// A refusal that says that an account no longer authorizes us is not believed:
// the vendor has had incidents in which every account was refused so. Both the
// account's information and the list must say the same, and not of too many
// accounts at once. How much is asked is bounded for an account (once a
// minute), for this process (five a second; the list once in half a minute),
// and by the length of the list (ten pages; a longer one is gone through by a
// run of the reconciliation, for all that are in doubt together).
const (
	verifyEvery = time.Minute
	listFresh   = 30 * time.Second
	longest     = 10 * pageSize
)

// ErrDoubt: it is not known now whether the account still authorizes us; ask
// again later.
var ErrDoubt = errors.New("whether the account still authorizes the platform is not known yet")

type doubts struct {
	pace *rate.Limiter // of Verify
	// Of Suspect, which whoever makes refused calls must not keep Verify from; suspected is who was asked after lately.
	suspects  *rate.Limiter
	suspected *lru.Cache[string, time.Time]

	mu   *sync.Mutex // held while one is concluded: the next one counts it
	list map[string]bool
	err  error     // of reading it
	at   time.Time // of both
}

func newDoubts() doubts {
	suspected, _ := lru.New[string, time.Time](1000) // fails on sizes below 1 only
	return doubts{pace: rate.NewLimiter(5, 20), suspects: rate.NewLimiter(5, 20), suspected: suspected, mu: new(sync.Mutex)}
}

// Suspect is told of an account whose call the vendor refused, whoever made it,
// so that ProfileDue finds out what follows: whether it still authorizes us, which
// sets it took away, whether it is limited. An AppID that is no account of ours
// is nothing. Of too many at once some are left out: their next call is refused,
// too.
func (a *Authorizers) Suspect(ctx context.Context, appID string) error {
	if at, ok := a.doubts.suspected.Get(appID); ok && time.Since(at) < verifyEvery || !a.doubts.suspects.Allow() {
		return nil
	}
	due, err := a.Store.RefreshProfile(ctx, appID, verifyEvery)
	if due {
		a.doubts.suspected.Add(appID, time.Now())
		a.nudge()
	}
	return err
}

// Verify asks whether an account is still authorized, for the keeper of tokens,
// and for its refresh token. If neither the account's information nor the list
// knows it, the authorization ends here too, and the error is
// wechat.ErrNotAuthorized. ErrDoubt: too much was asked just now, or the answers
// are not to be believed.
func (a *Authorizers) Verify(ctx context.Context, appID string) (refresh string, err error) {
	known, err := a.Store.Account(ctx, appID)
	if err != nil {
		return "", err
	}
	if known.Status != Authorized {
		return "", fmt.Errorf("%s: %w", known.Problem, wechat.ErrNotAuthorized)
	}
	if !a.doubts.pace.Allow() {
		return "", fmt.Errorf("%w: too many accounts are in doubt at once", ErrDoubt)
	}
	mine, err := a.Store.BeginVerify(ctx, appID, verifyEvery)
	if err != nil {
		return "", err
	}
	if !mine {
		return "", fmt.Errorf("%w: it was asked after less than %s ago", ErrDoubt, verifyEvery)
	}
	p, refused := a.Vendor.AuthorizerInfo(ctx, appID)
	if !errors.Is(refused, wechat.ErrNotAuthorized) {
		return p.Refresh, refused
	}
	return "", a.conclude(ctx, known, refused)
}

// conclude ends an authorization whose information the vendor refuses, if the
// list says the same. nil: the list knows the account. Else the error is
// wechat.ErrNotAuthorized if it ended, or why nothing was concluded.
func (a *Authorizers) conclude(ctx context.Context, known Account, refused error) error {
	a.doubts.mu.Lock()
	defer a.doubts.mu.Unlock()
	listed, err := a.listed(ctx, known.AppID)
	if err != nil || listed {
		return err
	}
	if err := a.plausible(ctx); err != nil {
		return err
	}
	done, err := a.end(ctx, known, refused)
	if err != nil {
		return err
	}
	if !done {
		return fmt.Errorf("%w: it has just authorized again", ErrDoubt)
	}
	return refused
}

func (a *Authorizers) end(ctx context.Context, known Account, refused error) (bool, error) {
	done, err := a.Store.Unauthorize(ctx, known, Ending{Problem: short("needs re-authorization: " + refused.Error()), Cause: wechat.CauseOf(refused)})
	if done {
		a.Log.Warn("an account no longer authorizes us", "app_id", known.AppID, "sender", known.Sender, "err", refused)
	}
	return done, err
}

// tooMany tells that so many of all accounts at once look like an incident of
// the vendor's, not like so many decisions.
func tooMany(n, of int) bool { return n > max(3, of/5) }

func (a *Authorizers) plausible(ctx context.Context) error {
	ended, of, err := a.Store.Concluded(ctx, time.Hour)
	if err != nil || !tooMany(ended+1, of) {
		return err
	}
	text := fmt.Sprintf("%d of %d accounts were refused and missing within an hour, and more are", ended, of)
	a.Log.Error("accounts are not concluded to have ended: "+text, "err", ErrDoubt)
	return errors.Join(fmt.Errorf("%w: %s", ErrDoubt, text), a.Store.Alarm(ctx, text))
}

// listed looks an account up in the list, which is read at most twice a minute.
// The caller holds doubts.mu.
func (a *Authorizers) listed(ctx context.Context, appID string) (bool, error) {
	if time.Since(a.doubts.at) < listFresh {
		return a.doubts.list[appID], a.doubts.err
	}
	all := map[string]bool{}
	errTooLong := errors.New("too long")
	err := a.list(ctx, func(l wechat.Listed) error {
		if all[l.AppID] = true; len(all) > longest {
			return errTooLong
		}
		return nil
	})
	if errors.Is(err, errTooLong) {
		return false, errors.Join(fmt.Errorf("%w: it will be compared with the list, which is long", ErrDoubt), a.Reconcile(ctx, false, time.Hour))
	}
	a.doubts.list, a.doubts.err, a.doubts.at = all, err, time.Now()
	return all[appID], err
}
