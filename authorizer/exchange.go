package authorizer

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"golang.org/x/sync/errgroup"

	"wechattpp/wechat"
)

const (
	lease    = 20 * time.Second
	workTime = 18 * time.Second
	parallel = 8
	batch    = 32
)

// ExchangeDue exchanges the codes that are due and answers how many it took.
// It resumes what a crash, a busy vendor or a missing ticket left behind.
func (a *Authorizers) ExchangeDue(ctx context.Context) (int, error) {
	due, err := a.Store.ClaimExchanges(ctx, batch, lease)
	var hands errgroup.Group
	hands.SetLimit(parallel)
	for _, x := range due {
		hands.Go(func() error {
			a.exchange(ctx, x)
			return nil
		})
	}
	_ = hands.Wait()
	return len(due), err
}

// exchange works off one claimed row. It is finished even if the visitor or the
// process goes: the vendor's answer is the only copy of the tokens.
//
// Failure policy: the row is tried again until the code ends, then it fails
// with a text that says what to do; the account can always authorize again.
func (a *Authorizers) exchange(ctx context.Context, x Exchange) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), workTime)
	defer cancel()
	result, err := a.try(ctx, x)
	a.exchanges.WithLabelValues(result).Inc()
	if err != nil {
		a.Log.Warn("authorization code not exchanged", "app_id", x.AppID, "attempt", x.Failures+1, "result", result, "err", err)
		return
	}
	a.nudge() // the profile is due, and the token, and whoever waits for them
}

// try asks the vendor, and stores what it answers before anything else is asked.
func (a *Authorizers) try(ctx context.Context, x Exchange) (result string, err error) {
	start := time.Now()
	grant, err := a.Vendor.QueryAuth(ctx, x.Code)
	if err == nil && wechat.IsReleaseTest(grant.AppID) {
		return "failed", a.Store.FailExchange(ctx, x, "the code is of an account of WeChat's release test, which is not kept")
	}
	if err == nil {
		if err = a.grant(ctx, x, grant, time.Since(start)); err == nil {
			return "done", nil
		}
		return "retried", a.later(ctx, x, err)
	}
	if !errors.Is(err, wechat.ErrCode) {
		return a.refused(ctx, x, err)
	}
	return a.usedUp(ctx, x, err)
}

// grant stores, again and again while the database is away: workTime bounds it.
func (a *Authorizers) grant(ctx context.Context, x Exchange, g wechat.Authorization, age time.Duration) error {
	start := time.Now()
	for {
		err := a.Store.Grant(ctx, x, g, age+time.Since(start))
		if err == nil || sleep(ctx, 200*time.Millisecond) != nil {
			return err
		}
	}
}

// refused is any other answer than "used up": again, as long as the code lives.
func (a *Authorizers) refused(ctx context.Context, x Exchange, err error) (string, error) {
	if errors.Is(err, wechat.ErrUnpublished) {
		return "failed", errors.Join(err, a.Store.FailExchange(ctx, x, testList))
	}
	if x.Left > 0 {
		return "retried", a.later(ctx, x, err)
	}
	return a.usedUp(ctx, x, err)
}

const testList = "the platform is not released yet (61028): put the account on its test list, then authorize again"

// later plans the next try: in a second, then ever more slowly, at most a minute.
func (a *Authorizers) later(ctx context.Context, x Exchange, err error) error {
	pause := min(time.Second<<min(x.Failures, 6), time.Minute)
	pause = pause/2 + time.Duration(rand.Float64()*float64(pause))
	return errors.Join(err, a.Store.RetryExchange(ctx, x, pause, short(err.Error())))
}
