package callback

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

	"wechattpp/wechat"
)

// A round works on perRound events at once; each has effectTime, so that the
// slowest round ends before its lease does. The lease is how late an event gets
// its effect when we die over it.
const (
	perRound   = 64
	effectTime = 25 * time.Second
	lease      = 30 * time.Second
	// patient is how long an effect is tried and a hold kept.
	patient = 24 * time.Hour
)

// errHopeless ends the work on an event whose effect cannot come any more.
var errHopeless = errors.New("not tried again")

// errForeign ends the work on an event that was not for the account its path
// named.
var errForeign = errors.New("the event is not for the account in its path: ToUserName is another one")

// WorkDue works off one round of due events and answers how many there were.
// A failing event is put off and costs no other; the error is the store's.
// Several calls, also on several replicas, may run at once.
func (d *Door) WorkDue(ctx context.Context) (int, error) {
	jobs, err := d.Store.Claim(ctx, perRound, lease)
	if err != nil || len(jobs) == 0 {
		return 0, err
	}
	var (
		all    sync.WaitGroup
		mu     sync.Mutex
		done   []int64
		failed error
	)
	for i := range jobs {
		all.Go(func() {
			ended, err := d.workOne(ctx, &jobs[i])
			mu.Lock()
			defer mu.Unlock()
			if failed = errors.Join(failed, err); ended {
				done = append(done, jobs[i].ID)
			}
		})
	}
	all.Wait()
	return len(jobs), errors.Join(failed, d.Store.Done(ctx, jobs[0].Claim, done))
}

// workOne tells whether the event is done with; if not, it has been put off or
// given up.
func (d *Door) workOne(ctx context.Context, j *Job) (ended bool, err error) {
	kind, bad := d.attempt(ctx, j)
	var later Later
	switch {
	case bad == nil:
		d.counts.effects.WithLabelValues(kind, "done").Inc()
		d.counts.lag.Observe(j.Age.Seconds())
		return true, nil
	case ctx.Err() != nil:
		return false, nil // we are stopping: the lease brings it back
	case j.Age > patient, errors.Is(bad, errForeign), errors.Is(bad, errHopeless):
		d.counts.effects.WithLabelValues(kind, "given_up").Inc()
		d.Log.Error("event given up", "event", j.ID, "app_id", j.AppID, "type", j.Type, "attempt", j.Attempts+1, "err", bad)
		return false, d.Store.GiveUp(ctx, j, bad.Error())
	case errors.As(bad, &later):
		d.counts.effects.WithLabelValues(kind, "waiting").Inc()
		return false, d.Store.Retry(ctx, j, min(max(later.After, time.Second), time.Hour), bad.Error())
	}
	d.counts.effects.WithLabelValues(kind, "failed").Inc()
	d.Log.Warn("event failed, will be tried again", "event", j.ID, "app_id", j.AppID, "type", j.Type, "attempt", j.Attempts+1, "err", bad)
	return false, d.Store.Retry(ctx, j, pause(j.Attempts, rand.Float64()), bad.Error())
}

// pause is how long to wait after a number of failures: from a second up to a
// quarter of an hour, a tenth more or less, with r in [0, 1).
func pause(failures int, r float64) time.Duration {
	wait := min(time.Second<<min(failures, 20), 15*time.Minute)
	return time.Duration(float64(wait) * (0.9 + 0.2*r))
}

// attempt runs the effect of one event; a panic costs only this one.
func (d *Door) attempt(ctx context.Context, j *Job) (kind string, err error) {
	kind = "none"
	defer func() {
		if p := recover(); p != nil {
			d.Log.Error("panic in an event's effect", "event", j.ID, "type", j.Type, "err", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, effectTime)
	defer cancel()
	push, err := wechat.ParsePush(j.Body)
	if err != nil {
		return kind, nil //nolint:nilerr // kept as it is: there is nothing to do for what cannot be read
	}
	if j.Held {
		kind = "hold"
		if err := d.release(ctx, j, &push); err != nil {
			return kind, err
		}
	}
	e := d.Effects.of(&j.Event, &push, j.Body)
	if e == nil {
		return kind, nil
	}
	return e.kind, e.do(ctx)
}

// release lets an event go on whose account had no profile when it came.
func (d *Door) release(ctx context.Context, j *Job, p *wechat.Push) error {
	name, known, err := d.Accounts.UserName(ctx, j.AppID)
	if err != nil {
		return err
	}
	if !known {
		return Later{pause(j.Attempts+4, rand.Float64())} // the profile comes within seconds, or after a human's yes
	}
	if name != p.ToUserName {
		return errForeign
	}
	return d.Store.Release(ctx, j)
}

// ForgetOld deletes events received longer ago than age, in batches; at least
// two days are kept, for copies must be known as such for a day. It answers
// how many were deleted.
func (d *Door) ForgetOld(ctx context.Context, age time.Duration) (total int, err error) {
	const batch = 1000
	age = max(age, 48*time.Hour)
	for from := int64(1); from > 0 && ctx.Err() == nil; {
		n, next, err := d.Store.Forget(ctx, age, from, batch)
		total += n
		if err != nil {
			return total, err
		}
		from = next
	}
	return total, ctx.Err()
}
