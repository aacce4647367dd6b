package token

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/semaphore"

	"wechattpp/wechat"
)

// Minter gets a new token of an owner from the vendor. refresh is the stored
// refresh token, empty for kinds that have none. An answer without a refresh
// token leaves the stored one. It must be safe for concurrent use.
type Minter interface {
	Mint(ctx context.Context, o Owner, refresh string) (wechat.Lent, error)
}

// MinterFunc makes a Minter of a function.
type MinterFunc func(ctx context.Context, o Owner, refresh string) (wechat.Lent, error)

// Mint calls the function.
func (f MinterFunc) Mint(ctx context.Context, o Owner, refresh string) (wechat.Lent, error) {
	return f(ctx, o, refresh)
}

// Config says what a Keeper works with.
type Config struct {
	Store    Store
	Platform string            // the component's AppID
	Minters  map[string]Minter // by Owner.Kind
	// Verify asks the vendor whether an account that was refused is still authorized, and for its refresh token.
	// wechat.ErrNotAuthorized: it is not. nil: what the vendor said is believed.
	Verify   func(ctx context.Context, appID string) (refresh string, err error)
	Parallel int // calls to the vendor at once, besides the component's own; 0: 128
	Cache    int // tokens remembered for a second; 0: 10,000
	Log      *slog.Logger
	Metrics  prometheus.Registerer // nil: none
}

// Keeper keeps tokens fresh. Safe for concurrent use; Close it after its users.
type Keeper struct {
	Config
	cache   *lru.Cache[Owner, Kept]
	flights flights
	slots   *semaphore.Weighted
	checks  checks
	metrics metrics

	mu     sync.Mutex
	paused time.Time // no authorizer is claimed before
}

// New makes a Keeper.
func New(c Config) *Keeper {
	if c.Parallel <= 0 {
		c.Parallel = 128
	}
	if c.Cache <= 0 {
		c.Cache = 10_000
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	cache, err := lru.New[Owner, Kept](c.Cache)
	if err != nil {
		panic("token: " + err.Error()) // only for a size below 1
	}
	known, err := lru.New[destination, verdictOf](1000)
	if err != nil {
		panic("token: " + err.Error())
	}
	return &Keeper{Config: c, cache: cache, checks: checks{known: known}, slots: semaphore.NewWeighted(int64(c.Parallel)), metrics: newMetrics(c.Metrics)}
}

// Close waits for the renewals that callers began, at most some 40 seconds.
func (k *Keeper) Close() { k.flights.running.Wait() }

// Begin makes sure that a token is kept for an owner that needs no
// authorization (the component, a sender): at its first start, after it rested,
// and as soon as a failed renewal may succeed, such as when a ticket came.
func (k *Keeper) Begin(ctx context.Context, o Owner) error { return k.Store.Begin(ctx, o, false) }

// Restart forgets the token and lets it be renewed at once: the secret, or
// whose it is, has changed.
func (k *Keeper) Restart(ctx context.Context, o Owner) error {
	defer k.cache.Remove(o)
	return k.Store.Begin(ctx, o, true)
}

// Forget drops what this process remembers of an owner whose row was changed
// elsewhere; other processes see the change within a second.
func (k *Keeper) Forget(o Owner) { k.cache.Remove(o) }

// Put stores a token from elsewhere.
func (k *Keeper) Put(ctx context.Context, o Owner, lent wechat.Lent, age time.Duration) error {
	defer k.cache.Remove(o)
	return k.Store.Put(ctx, o, lent, age, k.dueIn(o, lent))
}

// Stop ends an owner's tokens: within a second no replica hands them out.
func (k *Keeper) Stop(ctx context.Context, o Owner, problem string) error {
	defer k.cache.Remove(o)
	return k.Store.Stop(ctx, o, problem)
}

// State tells how a token is, without the token. fs.ErrNotExist: none is kept.
func (k *Keeper) State(ctx context.Context, o Owner) (Kept, error) {
	row, err := k.Store.Load(ctx, o)
	row.Access, row.Refresh = "", ""
	return row, err
}

// Source gives the tokens of one owner; it fits wechat.TokenSource.
func (k *Keeper) Source(o Owner) *Source { return &Source{k, o} }

// Source hands out the tokens of one owner. Safe for concurrent use.
type Source struct {
	k     *Keeper
	owner Owner
}

// Token gives a token believed to be good. Errors: Unavailable, or those of the
// database or ctx.
func (s *Source) Token(ctx context.Context) (string, error) {
	row, err := s.k.have(ctx, destination{owner: s.owner})
	return row.Access, err
}

// Replace gives another token than the one that was refused, renewing it only
// if it is still the current one. Errors: as of Token, ErrTooSoon and ErrSame.
func (s *Source) Replace(ctx context.Context, refused string) (string, error) {
	row, err := s.k.have(ctx, destination{owner: s.owner, refused: refused})
	return row.Access, err
}

// have answers from memory, or joins the one flight that asks the database,
// and, if need be, the vendor. The flight does not end with its first caller.
func (k *Keeper) have(ctx context.Context, d destination) (Kept, error) {
	if row, ok := k.cache.Get(d.owner); ok && row.trusted() && row.fits(d) {
		return row, nil
	}
	f := k.flights.join(d, func() (Kept, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*lease)
		defer cancel()
		return k.obtain(ctx, d)
	})
	select {
	case <-f.landed:
		return f.row, f.err
	case <-ctx.Done():
		return Kept{}, &Unavailable{Owner: d.owner, Problem: "it is still being renewed", cause: ctx.Err()}
	}
}

// fits tells whether a row holds what is wanted.
func (k Kept) fits(d destination) bool { return k.good(d.refused) && (!d.ahead || k.stays()) }

// trusted tells whether a row that was read may still be handed out. Its time
// left was counted from when it was read.
func (k Kept) trusted() bool {
	return time.Since(k.read) < trust && k.Left-time.Since(k.read) > k.margin()
}

// obtain reads the row until it holds a token to hand out, renews it if nobody
// does, and waits while somebody else does.
func (k *Keeper) obtain(ctx context.Context, d destination) (Kept, error) {
	for {
		row, err := k.load(ctx, d.owner)
		if err != nil {
			return Kept{}, err
		}
		if row.fits(d) {
			row.Refresh = ""
			k.cache.Add(d.owner, row)
			return row, nil
		}
		if err := k.barred(row, d.refused); err != nil {
			return Kept{}, err
		}
		claimed, won, err := k.claim(ctx, row)
		if err != nil {
			return Kept{}, err
		}
		if won {
			lent, err := k.renew(ctx, claimed)
			if err == nil && lent.Access == d.refused {
				lent.Access, err = "", &Unavailable{Owner: d.owner, Problem: ErrSame.Error(), cause: ErrSame}
			}
			if !errors.Is(err, ErrLost) && !errors.Is(err, errStale) {
				return k.renewed(ctx, d, lent, err)
			}
		}
		if err := sleep(ctx, poll); err != nil {
			return Kept{}, err
		}
	}
}

// renewed is the row after a renewal of our own; only who asks how long the
// token stays needs more of it than the token.
func (k *Keeper) renewed(ctx context.Context, d destination, lent wechat.Lent, err error) (Kept, error) {
	if err != nil || !d.ahead {
		return Kept{Owner: d.owner, Access: lent.Access}, err
	}
	row, err := k.load(ctx, d.owner)
	row.Refresh = ""
	return row, err
}

func (k *Keeper) load(ctx context.Context, o Owner) (Kept, error) {
	read := time.Now()
	row, err := k.Store.Load(ctx, o)
	row.read = read
	if errors.Is(err, fs.ErrNotExist) {
		err = &Unavailable{Owner: o, Rests: o.Kind == Authorizer, Problem: "none was ever stored", cause: err}
	}
	return row, err
}

// barred tells why a renewal must not be begun now.
func (k *Keeper) barred(row Kept, refused string) error {
	switch {
	case row.Resting:
		return &Unavailable{Owner: row.Owner, Rests: true, Problem: row.Problem}
	case !row.Held && row.Failures > 0 && row.Due > 0:
		return &Unavailable{Owner: row.Owner, Problem: row.Problem}
	case refused != "" && row.Access == refused && row.Age < between && row.Left > 0:
		return &Unavailable{Owner: row.Owner, Problem: ErrTooSoon.Error(), cause: ErrTooSoon}
	case row.Owner.Kind == Authorizer && k.pausing():
		return &Unavailable{Owner: row.Owner, Problem: "the component has no good token itself"}
	}
	return nil
}

// claim tries only if the row looks free, so that those who wait only read.
func (k *Keeper) claim(ctx context.Context, row Kept) (Kept, bool, error) {
	if row.Held && row.Due > 0 {
		return row, false, nil
	}
	read := time.Now()
	claimed, won, err := k.Store.Claim(ctx, row, lease)
	claimed.read = read
	return claimed, won, err
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
