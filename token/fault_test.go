package token_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"wechattpp/sql/sqltest"
	"wechattpp/token"
	"wechattpp/wechat"
)

func refusal(code int) error { return &refused{code} }

// refused stands for a verdict of the vendor without going over HTTP.
type refused struct{ code int }

func (r *refused) Error() string { return fmt.Sprint("errcode ", r.code) }
func (r *refused) Is(target error) bool {
	return target == map[int]error{61003: wechat.ErrNotAuthorized, 61023: wechat.ErrNotAuthorized, 40125: wechat.ErrSecret, 61006: wechat.ErrTicket, 61004: wechat.ErrAddress, -1: wechat.ErrBusy}[r.code]
}

func TestWhoseFault(t *testing.T) {
	for _, c := range []struct {
		name     string
		owner    token.Owner
		code     int
		verify   func() (string, error)
		rests    bool
		calls    int64 // in an hour
		failures int
		refresh  string // the last one used
	}{
		{name: "a busy vendor is asked ever more slowly", owner: account(1), code: -1, calls: 12, failures: 12},
		{name: "a missing ticket counts against no authorizer", owner: account(1), code: 61006, calls: 250, failures: 0},
		{name: "an address off the list counts against no authorizer", owner: account(1), code: 61004, calls: 250, failures: 0},
		{name: "a wrong secret is tried once", owner: token.Owner{Kind: token.Sender, ID: "shop"}, code: 40125, rests: true, calls: 1, failures: 1},
		{name: "an account that is not on the list rests", owner: account(1), code: 61003, rests: true, calls: 1, failures: 1,
			verify: func() (string, error) { return "", refusal(61003) }},
		{name: "one that is still on the list is tried again", owner: account(1), code: 61003, calls: 12, failures: 12,
			verify: func() (string, error) { return "refresh-wx000001", nil }},
		{name: "one with another refresh token is tried with that", owner: account(1), code: 61023, rests: true, calls: 2, failures: 1, refresh: "restored",
			verify: func() (string, error) { return "restored", nil }},
		{name: "a list that does not answer decides nothing", owner: account(1), code: 61003, calls: 12, failures: 12,
			verify: func() (string, error) { return "", wechat.ErrUnanswered }},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				db := sqltest.Open(t, sqltest.Source(t, "sqlite"))
				v := &vendor{err: func(int64) error { return refusal(c.code) }}
				k := keeper(t, db, v, func(cfg *token.Config) {
					cfg.Verify = func(context.Context, string) (string, error) { return c.verify() }
				})
				put(t, k, c.owner, 0)
				for end := time.Now().Add(time.Hour); time.Now().Before(end); time.Sleep(time.Second) {
					if _, err := k.RenewDue(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				got, err := k.State(t.Context(), c.owner)
				if err != nil || got.Resting != c.rests {
					t.Fatalf("resting %v, %v; problem %q", got.Resting, err, got.Problem)
				}
				calls := v.calls.Load()
				if c.calls <= 2 && calls != c.calls || calls > c.calls*3/2 || calls < c.calls/2 {
					t.Errorf("%d calls in an hour, want about %d", calls, c.calls)
				}
				if c.failures <= 1 && got.Failures != c.failures || got.Failures > 2*c.failures || got.Failures < c.failures/2 {
					t.Errorf("%d failures, want about %d", got.Failures, c.failures)
				}
				if last := v.refreshes[len(v.refreshes)-1]; c.refresh != "" && last != c.refresh {
					t.Errorf("last tried with %q", last)
				}
			})
		})
	}
}

func TestAuthorizersWaitForAComponentThatHangsAndCountNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := sqltest.Open(t, sqltest.Source(t, "sqlite"))
		us, v := token.Owner{Kind: token.Component, ID: app}, &vendor{}
		var hangs atomic.Bool
		hangs.Store(true)
		var k *token.Keeper
		k = keeper(t, db, v, func(c *token.Config) {
			c.Minters[token.Component] = token.MinterFunc(func(ctx context.Context, o token.Owner, r string) (wechat.Lent, error) {
				if hangs.Load() {
					<-ctx.Done()
					return wechat.Lent{}, ctx.Err()
				}
				return v.Mint(ctx, o, r)
			})
			c.Minters[token.Authorizer] = token.MinterFunc(func(ctx context.Context, o token.Owner, r string) (wechat.Lent, error) {
				if _, err := k.Source(us).Token(ctx); err != nil {
					return wechat.Lent{}, err
				}
				return v.Mint(ctx, o, r)
			})
		})
		if err := k.Begin(t.Context(), us); err != nil {
			t.Fatal(err)
		}
		for i := range 5 {
			put(t, k, account(i), 0)
		}
		left := func() (n int) {
			for i := range 5 {
				got, err := k.State(t.Context(), account(i))
				if err != nil || got.Failures > 0 {
					t.Fatalf("%d failures, %q, %v", got.Failures, got.Problem, err)
				}
				if got.Left <= 0 {
					n++
				}
			}
			return n
		}
		for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(time.Second) {
			if _, err := k.RenewDue(t.Context()); err != nil {
				t.Fatal(err)
			}
			left()
		}
		hangs.Store(false)
		if err := k.Begin(t.Context(), us); err != nil { // a ticket came
			t.Fatal(err)
		}
		for start := time.Now(); left() > 0; time.Sleep(time.Second) {
			if time.Since(start) > time.Minute {
				t.Fatal("not renewed a minute after the component works again")
			}
			if _, err := k.RenewDue(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	})
}
