package token

import (
	"context"
	"errors"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"

	"wechattpp/wechat"
)

// Finding is what became of a report that a token is refused.
type Finding string

// The findings.
const (
	Superseded Finding = "superseded"  // the token was not the current one any more
	StillTaken Finding = "still_taken" // the vendor takes it: nothing was renewed
	Renewed    Finding = "renewed"     // the vendor refused it
	Unchecked  Finding = "unchecked"   // the vendor did not say: nothing was renewed
)

// verdictLife is for how long the vendor's word on a token counts: reports come
// in swarms.
const verdictLife = 5 * time.Second

// checks are the vendor's latest words on tokens that were reported.
type checks struct {
	flights singleflight.Group
	known   *lru.Cache[destination, verdictOf]
}

type verdictOf struct {
	err error // nil: taken
	at  time.Time
}

// Report hears from outside that a token is refused, and gives the current one.
// Nobody is believed: of the current token the vendor is asked by ask, which
// answers nil if the token is taken and wechat.ErrTokenRefused if not; anything
// else tells nothing. Only a refused one is renewed, once for all who report
// it, and at most once in 30 seconds: else ErrTooSoon, or the errors of Token.
func (s *Source) Report(ctx context.Context, refused string, ask func(ctx context.Context, access string) error) (Loan, Finding, error) {
	now, err := s.Lend(ctx)
	if err != nil || now.Access != refused {
		return now, Superseded, err
	}
	verdict := s.k.ask(ctx, destination{owner: s.owner, refused: refused}, ask)
	switch {
	case verdict == nil:
		return now, StillTaken, nil
	case errors.Is(verdict, errOld):
		s.k.cache.Remove(s.owner)
		now, err = s.Lend(ctx)
		return now, Superseded, err
	case !errors.Is(verdict, wechat.ErrTokenRefused):
		return now, Unchecked, nil
	}
	if _, err := s.Replace(ctx, refused); err != nil {
		return Loan{}, "", err
	}
	now, err = s.Lend(ctx)
	return now, Renewed, err
}

// errOld: another replica has replaced the token within the last second.
var errOld = errors.New("not the current token")

// ask asks the vendor about a token once for all who want to know.
func (k *Keeper) ask(ctx context.Context, d destination, ask func(context.Context, string) error) error {
	c := &k.checks
	if v, ok := c.known.Get(d); ok && time.Since(v.at) < verdictLife {
		return v.err
	}
	done := c.flights.DoChan(d.owner.String()+"\n"+d.refused, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTime)
		defer cancel()
		row, err := k.load(ctx, d.owner)
		if err != nil {
			return nil, err
		}
		if row.Access != d.refused {
			return nil, errOld
		}
		err = ask(ctx, d.refused)
		if err == nil || errors.Is(err, wechat.ErrTokenRefused) {
			c.known.Add(d, verdictOf{err, time.Now()})
		}
		return nil, err
	})
	select {
	case end := <-done:
		return end.Err
	case <-ctx.Done():
		return ctx.Err()
	}
}
