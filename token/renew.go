package token

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"wechattpp/wechat"
)

// saveTime bounds storing a vendor's answer. It outlives the lease: the answer
// may hold a refresh token that exists nowhere else.
const saveTime = 20 * time.Second

// renew asks the vendor for a new token of a claimed row and stores it.
//
// Failure policy: whatever happens, the row comes due again, or rests with the
// reason told in the log, the API and the metrics; if not even that can be
// stored, the lease ends by itself.
func (k *Keeper) renew(ctx context.Context, row Kept) (wechat.Lent, error) {
	start := time.Now()
	lent, err := k.mint(ctx, &row)
	if errors.Is(err, ErrLost) || errors.Is(err, errStale) {
		return wechat.Lent{}, err
	}
	k.metrics.renewals.WithLabelValues(row.Owner.Kind, result(err)).Inc()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTime)
	defer cancel()
	if err != nil {
		return wechat.Lent{}, k.fail(ctx, row, err)
	}
	return lent, k.save(ctx, row, lent, time.Since(start))
}

func (k *Keeper) save(ctx context.Context, row Kept, lent wechat.Lent, age time.Duration) error {
	err := k.Store.Save(ctx, row, lent, age, k.dueIn(row.Owner, lent))
	k.cache.Remove(row.Owner)
	if row.Owner.Kind == Component && err == nil {
		k.resume()
	}
	if err != nil {
		k.Log.Warn("renewed token not stored", row.Owner.attr(), "kind", row.Owner.Kind, "err", err)
	}
	return err
}

// dueIn plans the next renewal. Where the vendor gives the same token until its
// end, one that has nearly come is no reason to ask over and over; whoever needs
// a token before asks himself.
func (k *Keeper) dueIn(o Owner, lent wechat.Lent) time.Duration {
	due := DueIn(o.Kind, lent.Life, rand.Float64())
	if o.Own() {
		due = max(due, between)
	}
	return due
}

// errStale: the row waited too long for its turn and was given back.
var errStale = errors.New("waited too long for a turn")

// mint takes a slot and calls the vendor; a refused account is verified and
// called once more if its refresh token proves to be another. The component
// takes no slot, for those who hold the slots wait for it; nor does a page's
// ticket, which waits for them.
func (k *Keeper) mint(ctx context.Context, row *Kept) (wechat.Lent, error) {
	if row.Owner.Kind != Component && row.Owner.Kind != Page {
		if err := k.slots.Acquire(ctx, 1); err != nil {
			return wechat.Lent{}, k.giveBack(ctx, *row)
		}
		defer k.slots.Release(1)
	}
	if ctx.Err() != nil || time.Since(row.read) > stale {
		return wechat.Lent{}, k.giveBack(ctx, *row)
	}
	lent, err := k.call(ctx, *row)
	if faultOf(row.Owner, err) != account || row.Owner.Kind != Authorizer || k.Verify == nil {
		return lent, err
	}
	refresh, verified := k.verify(ctx, *row)
	if verified != nil {
		return lent, verified
	}
	if refresh == "" || refresh == row.Refresh {
		return lent, &doubtful{err}
	}
	if err := k.Store.Refresh(ctx, *row, refresh, lease); err != nil {
		return lent, err
	}
	row.Refresh = refresh
	return k.call(ctx, *row)
}

// call is one call to the vendor. A running one is finished even when the
// process stops: its answer may be the only copy of a refresh token.
func (k *Keeper) call(ctx context.Context, row Kept) (wechat.Lent, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTime)
	defer cancel()
	m := k.Minters[row.Owner.Kind]
	if m == nil {
		return wechat.Lent{}, errors.New("nobody renews tokens of this kind")
	}
	lent, err := m.Mint(ctx, row.Owner, row.Refresh)
	if err == nil && lent.Access == "" {
		err = errors.New("the vendor answered an empty token")
	}
	return lent, err
}

// verify asks whether the account is still authorized, on a fresh lease.
func (k *Keeper) verify(ctx context.Context, row Kept) (string, error) {
	if err := k.Store.Refresh(ctx, row, "", lease); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTime)
	defer cancel()
	return k.Verify(ctx, row.Owner.ID)
}

// doubtful is a refusal that the list of authorizers contradicts: it passes.
// The vendor has had incidents of that kind.
type doubtful struct{ cause error }

func (d *doubtful) Error() string {
	return "refused, though the account is still authorized: " + d.cause.Error()
}

// As gives the vendor's number to the metrics; there is no Is, so that nobody
// takes it for the refusal.
func (d *doubtful) As(target any) bool { return errors.As(d.cause, target) }

// giveBack lets somebody else have a row that was claimed and not called.
func (k *Keeper) giveBack(ctx context.Context, row Kept) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTime)
	defer cancel()
	v := Verdict{Due: time.Duration(rand.Float64() * float64(time.Second)), Failures: row.Failures, Problem: row.Problem}
	return errors.Join(errStale, k.Store.Release(ctx, row, v))
}

// fail stores what follows a failed renewal and answers what callers are told.
func (k *Keeper) fail(ctx context.Context, row Kept, err error) error {
	v := verdictOn(row, err, rand.Float64())
	fault := faultOf(row.Owner, err)
	if fault == account {
		v = Verdict{Rest: true, Failures: row.Failures + 1, Problem: shorten("needs re-authorization: " + err.Error()), Cause: v.Cause}
	}
	if fault == ours {
		k.rest(pause)
		k.suspect(ctx, v.Cause)
	}
	if lost := k.Store.Release(ctx, row, v); errors.Is(lost, ErrLost) {
		return lost
	} else if lost != nil {
		k.Log.Warn("failed renewal not stored", row.Owner.attr(), "err", lost)
	}
	k.cache.Remove(row.Owner)
	if fault != ours {
		k.Log.Warn("token not renewed", row.Owner.attr(), "kind", row.Owner.Kind, "attempt", v.Failures, "rests", v.Rest, "err", err)
	}
	return &Unavailable{Owner: row.Owner, Rests: v.Rest, Problem: v.Problem, cause: err}
}

// suspect lets the component's token be renewed early when an authorizer's
// renewal met an address that is not allowed, or a fault of the platform's
// settings: the component's row then tells it, once for all, and tells when it
// is over. Those rows are renewed at most every five minutes.
func (k *Keeper) suspect(ctx context.Context, c wechat.Cause) {
	if c.Class != wechat.ClassAddress && c.Class != wechat.ClassComponent {
		return
	}
	if err := k.Store.Recheck(ctx, Owner{Component, k.Platform}, 5*time.Minute); err != nil {
		k.Log.Warn("the component's token not checked", "err", err)
	}
}

// rest pauses all authorizers of this process; the component's success ends it.
func (k *Keeper) rest(d time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if time.Now().After(k.paused) {
		k.Log.Warn("authorizers' tokens wait for the component's")
	}
	k.paused = time.Now().Add(d)
}

func (k *Keeper) resume() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.paused = time.Time{}
}

func (k *Keeper) pausing() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return time.Now().Before(k.paused)
}
