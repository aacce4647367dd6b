package token_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"wechattpp/sql/sqltest"
	"wechattpp/token"
	"wechattpp/wechat"
)

// Sleeps in this file pass on the clock of a synctest bubble: nobody waits for them.

// steady is a vendor that gives the same token, with the life that is left of
// it, until a stretch before its end, as stable_token (five minutes) and
// WeCom's gettoken (none) do.
type steady struct {
	early time.Duration
	mu    sync.Mutex
	n     int
	calls []time.Time
	ends  time.Time
}

func (s *steady) Mint(context.Context, token.Owner, string) (wechat.Lent, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.calls = append(s.calls, now)
	if s.ends.Sub(now) <= s.early {
		s.n++
		s.ends = now.Add(2 * time.Hour)
	}
	return wechat.Lent{Access: fmt.Sprint("steady-", s.n), Life: s.ends.Sub(now)}, nil
}

func (s *steady) asked() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

func TestWhenOwnTokensAreRenewed(t *testing.T) {
	for _, c := range []struct {
		name            string
		owner           token.Owner
		early           time.Duration
		soonest, latest time.Duration // after the first token
	}{
		{"a stable token one to four minutes before its end", token.OfSender("oa", false), 5 * time.Minute, 116 * time.Minute, 119 * time.Minute},
		{"WeCom's at its end", token.OfSender("wk", true), 0, 120 * time.Minute, 120*time.Minute + 5*time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				db := sqltest.Open(t, sqltest.Source(t, "sqlite"))
				v := &steady{early: c.early}
				k := keeper(t, db, v)
				if err := k.Begin(t.Context(), c.owner); err != nil {
					t.Fatal(err)
				}
				for range 6 * 60 * 60 / 5 { // six hours, looked at as cmd does
					if _, err := k.RenewDue(t.Context()); err != nil {
						t.Fatal(err)
					}
					if _, err := k.Source(c.owner).Token(t.Context()); err != nil {
						t.Fatal(err)
					}
					time.Sleep(5 * time.Second)
				}
				calls := v.asked()
				if len(calls) < 3 || len(calls) > 4 {
					t.Errorf("%d calls in six hours, want one for each token", len(calls))
				}
				for i := 1; i < len(calls); i++ {
					if gap := calls[i].Sub(calls[i-1]); gap < c.soonest || gap > c.latest+5*time.Second {
						t.Errorf("call %d came %v after the one before, want %v to %v", i, gap, c.soonest, c.latest)
					}
				}
			})
		})
	}
}

func TestAnEqualTokenIsASuccessThatPlansTheNextRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := sqltest.Open(t, sqltest.Source(t, "sqlite"))
		v, o := &steady{early: 5 * time.Minute}, token.OfSender("oa", false)
		k := keeper(t, db, v)
		if err := k.Begin(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		renew := func() token.Kept {
			t.Helper()
			if _, err := k.RenewDue(t.Context()); err != nil {
				t.Fatal(err)
			}
			got, err := k.State(t.Context(), o)
			if err != nil || got.Failures > 0 || got.Due <= 0 {
				t.Fatalf("due in %v, %d failures, %v", got.Due, got.Failures, err)
			}
			return got
		}
		renew()
		time.Sleep(time.Hour)
		if err := k.Restart(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		if got := renew(); len(v.asked()) != 2 || v.n != 1 || got.Left > time.Hour || got.Due > 59*time.Minute || got.Due < 56*time.Minute {
			t.Errorf("%d calls, %d tokens, %v left, due in %v", len(v.asked()), v.n, got.Left, got.Due)
		}
	})
}

// TestARefusedTokenThatTheVendorGivesAgainIsAnError: no loop, one call in 30 s,
// and every caller is told.
func TestARefusedTokenThatTheVendorGivesAgainIsAnError(t *testing.T) {
	for _, o := range []token.Owner{token.OfSender("oa", false), token.OfSender("wk", true)} {
		synctest.Test(t, func(t *testing.T) {
			db := sqltest.Open(t, sqltest.Source(t, "sqlite"))
			v := &steady{}
			k := keeper(t, db, v)
			s := k.Source(o)
			if err := k.Begin(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			given, err := s.Token(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
			same, soon := 0, 0
			for range 60 { // a minute of refusals
				var all sync.WaitGroup
				errs := make([]error, 10)
				for i := range errs {
					all.Go(func() { _, errs[i] = s.Replace(t.Context(), given) })
				}
				all.Wait()
				for _, err := range errs {
					switch {
					case errors.Is(err, token.ErrSame):
						same++
					case errors.Is(err, token.ErrTooSoon):
						soon++
					default:
						t.Fatalf("%s: %v", o, err)
					}
					if !errors.Is(err, wechat.ErrNotSent) {
						t.Fatalf("%s: %v does not pass", o, err)
					}
				}
				time.Sleep(time.Second)
			}
			if n := len(v.asked()); n != 3 || same == 0 || soon == 0 { // the first, and two in the minute
				t.Errorf("%s: %d calls, %d told that it is the same, %d that it is too soon", o, n, same, soon)
			}
			if again, err := s.Token(t.Context()); err != nil || again != given {
				t.Errorf("%s: the token is kept for who is not refused: %q, %v", o, again, err)
			}
		})
	}
}

func TestTheComponentsFaultsDoNotStopOwnTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := sqltest.Open(t, sqltest.Source(t, "sqlite"))
		v := &vendor{err: func(int64) error { return refusal(61006) }}
		own := &steady{}
		k := keeper(t, db, v, func(c *token.Config) { c.Minters[token.Sender], c.Minters[token.WeCom] = own, own })
		put(t, k, account(1), 0)
		if _, err := k.RenewDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, o := range []token.Owner{token.OfSender("oa", false), token.OfSender("wk", true)} {
			if err := k.Begin(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			if _, err := k.Source(o).Token(t.Context()); err != nil {
				t.Errorf("%s: %v", o, err)
			}
		}
		if _, err := k.Source(account(1)).Token(t.Context()); err == nil {
			t.Error("the authorizer has a token without the component's")
		}
	})
}

func TestAnAddressThatIsNotAllowedIsTriedSlowly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := sqltest.Open(t, sqltest.Source(t, "sqlite"))
		v, o := &vendor{err: func(int64) error { return refusal(61004) }}, token.OfSender("oa", false)
		k := keeper(t, db, v)
		if err := k.Begin(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(time.Hour); time.Now().Before(end); time.Sleep(5 * time.Second) {
			if _, err := k.RenewDue(t.Context()); err != nil {
				t.Fatal(err)
			}
			_, _ = k.Source(o).Token(t.Context())
		}
		if n := v.calls.Load(); n < 8 || n > 25 {
			t.Errorf("%d calls in an hour, want one in five minutes or so", n)
		}
		if got, err := k.State(t.Context(), o); err != nil || got.Resting || got.Problem == "" {
			t.Errorf("resting %v, %q, %v", got.Resting, got.Problem, err)
		}
	})
}
