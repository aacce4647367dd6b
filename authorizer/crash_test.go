package authorizer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"wechattpp/authorizer"
	"wechattpp/simulator"
)

// mortal is a store of a process that dies at its nth call: before it, or after
// it was committed and before anybody learned so. From then on nothing works.
type mortal struct {
	authorizer.Store
	at    int
	after bool

	mu    sync.Mutex
	calls int
	dead  bool
	where string
}

var errDead = errors.New("the process has died")

func (m *mortal) do(name string, f func() error) error {
	m.mu.Lock()
	m.calls++
	now := m.calls == m.at
	if now {
		m.where = name
	}
	dead := m.dead || now && !m.after
	m.dead = m.dead || now
	m.mu.Unlock()
	if dead {
		return errDead
	}
	if err := f(); err != nil {
		return err
	}
	if now {
		return errDead
	}
	return nil
}

func (m *mortal) Attempt(ctx context.Context, state string) (a authorizer.Attempt, err error) {
	return a, m.do("Attempt", func() (err error) { a, err = m.Store.Attempt(ctx, state); return err })
}

func (m *mortal) Take(ctx context.Context, a authorizer.Arrival, life time.Duration) (x authorizer.Exchange, err error) {
	err = m.do("Take", func() (err error) { x, err = m.Store.Take(ctx, a, life); return err })
	return x, err
}

func (m *mortal) Exchange(ctx context.Context, id int64) (x authorizer.Exchange, err error) {
	err = m.do("Exchange", func() (err error) { x, err = m.Store.Exchange(ctx, id); return err })
	return x, err
}

func (m *mortal) ClaimExchange(ctx context.Context, id int64, lease time.Duration) (x authorizer.Exchange, won bool, err error) {
	err = m.do("ClaimExchange", func() (err error) { x, won, err = m.Store.ClaimExchange(ctx, id, lease); return err })
	return x, won && err == nil, err
}

func (m *mortal) ClaimExchanges(ctx context.Context, limit int, lease time.Duration) (x []authorizer.Exchange, err error) {
	err = m.do("ClaimExchanges", func() (err error) { x, err = m.Store.ClaimExchanges(ctx, limit, lease); return err })
	if err != nil {
		x = nil
	}
	return x, err
}

func (m *mortal) Grant(ctx context.Context, x authorizer.Exchange, g authorizer.Granted, age time.Duration) error {
	return m.do("Grant", func() error { return m.Store.Grant(ctx, x, g, age) })
}

func (m *mortal) RetryExchange(ctx context.Context, x authorizer.Exchange, after time.Duration, problem string) error {
	return m.do("RetryExchange", func() error { return m.Store.RetryExchange(ctx, x, after, problem) })
}

func (m *mortal) ClaimProfiles(ctx context.Context, limit int, lease time.Duration) (all []authorizer.Account, err error) {
	err = m.do("ClaimProfiles", func() (err error) { all, err = m.Store.ClaimProfiles(ctx, limit, lease); return err })
	if err != nil {
		all = nil
	}
	return all, err
}

func (m *mortal) SaveProfile(ctx context.Context, a authorizer.Account, next time.Duration) error {
	return m.do("SaveProfile", func() error { return m.Store.SaveProfile(ctx, a, next) })
}

func (m *mortal) Account(ctx context.Context, appID string) (a authorizer.Account, err error) {
	err = m.do("Account", func() (err error) { a, err = m.Store.Account(ctx, appID); return err })
	return a, err
}

func TestDeathBetweenAnyTwoStepsLosesNothing(t *testing.T) {
	for name, play := range map[string]simulator.Authorization{
		"return and event":               {},
		"only the return":                {NoEvent: true},
		"only the event":                 {NoCallback: true},
		"return and event, codes differ": {SeparateCodes: true},
	} {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, after the commit %v", name, after), func(t *testing.T) {
				for at := 1; ; at++ {
					died := ""
					synctest.Test(t, func(t *testing.T) { died = dies(t, play, at, after) })
					if died == "" {
						if at < 6 {
							t.Errorf("only %d steps were seen", at-1)
						}
						return
					}
					if t.Failed() {
						t.Fatalf("lost by a death at call %d, %s", at, died)
					}
				}
			})
		}
	}
}

// dies lets an account authorize with a process that dies at the nth call to
// its store and another one that takes over; it tells where.
func dies(t *testing.T, play simulator.Authorization, at int, after bool) string {
	w := newWorld(t, nil)
	_, page := w.invite(t, "oa1", "wechatoa")
	m := &mortal{Store: w.db.Authorizer(us), at: at, after: after}
	w.open(m)
	play.AppID, play.Link = shop, page.Desktop
	w.through(t, play)
	if !m.dead {
		return ""
	}
	return m.where
}

// through authorizes the shop, whatever fails on the way; the visitor reloads a
// page that failed, and another process takes over.
func (w *world) through(t *testing.T, play simulator.Authorization) {
	t.Helper()
	state, code := w.scan(t, play)
	final := code == ""
	if !final {
		r, err := w.room.Return(t.Context(), state, code)
		final = err == nil && r.State == authorizer.Welcome
	}
	time.Sleep(time.Second)
	w.work(t)
	w.open(w.db.Authorizer(us))
	if !final {
		w.reloads(t, state, code)
	}
	w.settled(t)
}

// reloads is a visitor who tries again until told something final.
func (w *world) reloads(t *testing.T, state, code string) {
	t.Helper()
	w.until(t, "a final word to the visitor", func() bool {
		r, err := w.room.Return(t.Context(), state, code)
		if err == nil && (r.State == authorizer.Failed || r.State == authorizer.Waiting) {
			t.Fatalf("the reloading visitor is told %q: %s", r.State, r.Problem)
		}
		return err == nil && r.State == authorizer.Welcome
	})
}

// settled wants one authorizer, bound, with a token that works.
func (w *world) settled(t *testing.T) {
	t.Helper()
	w.until(t, "the binding", func() bool {
		a, err := w.room.Account(t.Context(), shop)
		return err == nil && a.Sender == "oa1"
	})
	w.one(t)
	w.until(t, "a token that works", func() bool { return w.works(shop) })
}

func TestAVendorThatFailsLosesNothing(t *testing.T) {
	modes := []simulator.Fault{
		{Code: -1, Mode: simulator.ModeErrcode}, {Code: -1, Mode: simulator.ModeErrcodeAfter}, {Mode: simulator.ModeResetBefore}, {Mode: simulator.ModeResetAfter},
		{Mode: simulator.ModeHang}, {Mode: simulator.ModeHangAfter}, {Mode: simulator.ModeNotJSON}, {Mode: simulator.ModeCut}, {Mode: simulator.ModeStatus, Code: 502},
		{Code: 45009, Mode: simulator.ModeErrcode}, {Code: 42001, Mode: simulator.ModeErrcode, Times: 2},
	}
	for name, play := range map[string]simulator.Authorization{"return and event": {}, "only the event": {NoCallback: true}, "only the return": {NoEvent: true}} {
		for _, path := range []string{"api_query_auth", "api_get_authorizer_info", "api_component_token"} {
			for _, f := range modes {
				t.Run(fmt.Sprintf("%s, %s, %s %d", name, path, f.Mode, f.Code), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						w := newWorld(t, nil)
						_, page := w.invite(t, "oa1", "wechatoa")
						play, f := play, f
						play.AppID, play.Link, f.Path = shop, page.Desktop, "/cgi-bin/component/"+path
						if path == "api_component_token" {
							time.Sleep(2*time.Hour - time.Second) // it has lapsed, and no step ran
							_, page = w.invite(t, "oa1", "wechatoa")
							play.Link = page.Desktop
						}
						if err := w.sim.Fail(f); err != nil {
							t.Fatal(err)
						}
						w.through(t, play)
					})
				})
			}
		}
	}
}

func TestNeitherTheLogNorTheDatabaseHoldsASecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(c *simulator.Config) { c.RotateRefresh = true })
		for _, f := range []simulator.Fault{{Mode: simulator.ModeResetAfter}, {Mode: simulator.ModeCut}, {Code: 42001, Mode: simulator.ModeErrcode}} {
			f.Path, f.Times = "/cgi-bin/component/", 3
			if err := w.sim.Fail(f); err != nil {
				t.Fatal(err)
			}
			time.Sleep(3 * time.Hour)
			w.work(t)
		}
		w.sim.ClearFaults()
		w.until(t, "a new ticket", func() bool { time.Sleep(time.Minute); return w.us.Status().Reason == "" })
		w.join(t)
		if err := w.sim.Unauthorize(simulator.Unauthorization{AppID: shop}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		w.work(t)
		held := w.log.Bytes()
		for _, end := range []string{"", "-wal"} {
			b, err := os.ReadFile(w.file + end)
			if err != nil {
				t.Fatal(err)
			}
			held = append(held, b...)
		}
		if !bytes.Contains(held, []byte(shop)) || w.log.Len() == 0 {
			t.Fatal("looked at the wrong things")
		}
		for _, word := range []string{"ticket@@@", "queryauthcode@@@", "preauthcode@@@", "refreshtoken@@@", secret} {
			if i := bytes.Index(held, []byte(word)); i >= 0 {
				t.Errorf("%q is held in clear: …%q…", word, held[max(0, i-80):min(len(held), i+80)])
			}
		}
	})
}
