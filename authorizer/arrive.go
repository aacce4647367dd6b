package authorizer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"
)

// States of a visitor's return.
const (
	Welcome = "welcome" // authorized and bound to the sender
	Waiting = "waiting" // authorized; an administrator must say yes first
	Working = "working" // not yet known; it goes on without the visitor
	Failed  = "failed"
)

// Result is what a visitor is told on returning from WeChat.
type Result struct {
	State   string
	Account Account // of Welcome and Waiting
	Problem string  // of Failed: what to do; of Working: what holds it up
}

const (
	codeLife   = time.Hour
	returnTime = 8 * time.Second // a visitor's patience
)

// Return takes a visitor back from WeChat's page: the code is exchanged at
// once, and the answer waited for, at most eight seconds. What is not done by
// then goes on by itself. ErrState: the state is unknown or too old, or the
// return has no code; nothing is exchanged and no state used up. The same
// return twice answers the same.
func (a *Authorizers) Return(ctx context.Context, state, code string) (Result, error) {
	attempt, err := a.attempt(ctx, state, code)
	if err != nil {
		return Result{}, err
	}
	x, err := a.Store.Take(ctx, Arrival{Code: code, PreAuthHash: attempt.CodeHash}, codeLife)
	if err != nil {
		return Result{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, returnTime)
	defer cancel()
	x, err = a.await(ctx, x)
	if err != nil && ctx.Err() == nil {
		return Result{}, err
	}
	return a.result(context.WithoutCancel(ctx), x)
}

// attempt finds out whose return this is. Lengths are bounded: it is an open
// address.
func (a *Authorizers) attempt(ctx context.Context, state, code string) (Attempt, error) {
	if state == "" || len(state) > 128 || code == "" || len(code) > 1024 {
		return Attempt{}, ErrState
	}
	attempt, err := a.Store.Attempt(ctx, hash(state))
	if errors.Is(err, fs.ErrNotExist) {
		err = ErrState
	}
	return attempt, err
}

// await works the row off, or watches whoever does.
func (a *Authorizers) await(ctx context.Context, x Exchange) (Exchange, error) {
	for !x.Done && !x.Failed {
		claimed, won, err := a.Store.ClaimExchange(ctx, x.ID, lease)
		if err != nil {
			return x, err
		}
		if won {
			a.exchange(ctx, claimed)
		} else if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return x, err
		}
		fresh, err := a.Store.Exchange(ctx, x.ID)
		if err != nil {
			return x, err
		}
		x = fresh
	}
	return x, nil
}

func (a *Authorizers) result(ctx context.Context, x Exchange) (Result, error) {
	switch {
	case x.Failed:
		return Result{State: Failed, Problem: x.Problem}, nil
	case !x.Done:
		a.nudge()
		return Result{State: Working, Problem: x.Problem}, nil
	}
	return a.welcome(ctx, x.AppID)
}

// welcome waits a moment for the profile, so that the visitor learns whether
// the account fits the sender.
func (a *Authorizers) welcome(ctx context.Context, appID string) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, returnTime)
	defer cancel()
	for {
		_, _ = a.ProfileDue(ctx) // due anyway; its errors are told in the account
		acc, err := a.Store.Account(ctx, appID)
		switch {
		case err != nil:
			return Result{}, err
		case acc.Waiting != "" || acc.Wanted == "" && acc.Sender == "":
			return Result{State: Waiting, Account: acc}, nil
		case acc.Wanted == "":
			return Result{State: Welcome, Account: acc}, nil
		case acc.Problem != "" || sleep(ctx, 100*time.Millisecond) != nil:
			return Result{State: Working, Account: acc, Problem: acc.Problem}, nil
		}
	}
}

// Event is an authorized or updateauthorized event.
type Event struct {
	AppID, Code, PreAuthCode string
	Created                  time.Time
	Expires                  time.Time // of the code; zero: an hour after Created
}

// Format hides the codes.
func (e Event) Format(s fmt.State, _ rune) {
	_, _ = fmt.Fprintf(s, "authorization of %s at %s", e.AppID, e.Created)
}

// Authorized takes an authorized or updateauthorized event: its code will be
// exchanged at once, by ExchangeDue. Safe to repeat.
func (a *Authorizers) Authorized(ctx context.Context, e Event) error {
	if e.Code == "" || e.AppID == "" {
		return errors.New("the event names no account or no authorization code")
	}
	life := time.Until(e.Expires)
	if e.Expires.IsZero() {
		life = time.Until(e.Created.Add(codeLife))
	}
	arrival := Arrival{Code: e.Code, AppID: e.AppID, EventAt: e.Created}
	if e.PreAuthCode != "" {
		arrival.PreAuthHash = hash(e.PreAuthCode)
	}
	if _, err := a.Store.Take(ctx, arrival, max(life, time.Minute)); err != nil {
		return err
	}
	a.nudge()
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
