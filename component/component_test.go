package component_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wechattpp/component"
	"wechattpp/simulator"
	"wechattpp/sql"
	"wechattpp/sql/sqltest"
	"wechattpp/wechat"
)

const (
	us     = "wxc0ffee0000000001"
	secret = "component-secret-of-the-tests"
)

// answered carries a request to a handler without a socket, so that it lives
// in a synctest bubble.
type answered struct{ h http.Handler }

func (a answered) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	a.h.ServeHTTP(w, r)
	return w.Result(), nil
}

type fixed string

func (f fixed) Token(context.Context) (string, error)           { return string(f), nil }
func (f fixed) Replace(context.Context, string) (string, error) { return string(f), nil }

// newComponent is the room on a database, beside a simulator whose pushes go
// nowhere.
func newComponent(t *testing.T, db *sql.DB, change func(*component.Config)) (*component.Component, *simulator.Simulator) {
	t.Helper()
	sim := simulator.New(simulator.Config{ComponentAppID: us, ComponentSecret: secret, Token: "t", EncodingAESKey: strings.Repeat("a", 43)})
	cfg := component.Config{AppID: us, Secret: secret, Store: db.Component(us), Log: slog.New(slog.DiscardHandler),
		API: wechat.API{Base: "http://vendor.example.com", HTTP: &http.Client{Transport: answered{sim}}}}
	if change != nil {
		change(&cfg)
	}
	return component.New(cfg), sim
}

func TestTheNewestTicketWinsAndSurvivesARestart(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		ctx, now := context.Background(), time.Now()
		nudged := 0
		c, _ := newComponent(t, db, func(c *component.Config) { c.Nudge = func() { nudged++ } })
		if _, err := c.Ticket(ctx); !errors.Is(err, wechat.ErrTicket) {
			t.Fatalf("before the first: %v", err)
		}
		for _, p := range []struct {
			ticket string
			age    time.Duration
		}{{"ticket@@@2", 10 * time.Minute}, {"ticket@@@1", 20 * time.Minute}, {"ticket@@@3", 0}, {"ticket@@@3", 0}, {"ticket@@@2", 10 * time.Minute}} {
			if err := c.TakeTicket(ctx, p.ticket, now.Add(-p.age)); err != nil {
				t.Fatal(err)
			}
		}
		if nudged != 2 {
			t.Errorf("told of a newer ticket %d times, want 2", nudged)
		}
		again, _ := newComponent(t, db, nil)
		if got, err := again.Ticket(ctx); err != nil || got != "ticket@@@3" {
			t.Errorf("after a restart: %q, %v", got, err)
		}
		other, _ := newComponent(t, db, func(c *component.Config) { c.Store = db.Component("wxOther") })
		if _, err := other.Ticket(ctx); !errors.Is(err, wechat.ErrTicket) {
			t.Errorf("another component's: %v", err)
		}
	})
}

func TestTheTicketsAlarm(t *testing.T) {
	for _, c := range []struct {
		name   string
		ticket bool // one came at the beginning
		secret string
		after  time.Duration
		asked  int
		reason string
		dead   bool // not usable any more
	}{
		{"never a ticket: asked at once", false, secret, time.Second, 1, "no component ticket has come yet", true},
		{"never a ticket: asked every ten minutes", false, secret, 45 * time.Minute, 5, "no component ticket has come yet", true},
		{"a fresh one: silence", true, secret, 24 * time.Minute, 0, "", false},
		{"none for 25 minutes: asked, and the last one works", true, secret, 26 * time.Minute, 1, "no component ticket for 26m", false},
		{"none for hours: asked every ten minutes", true, secret, 11 * time.Hour, 64, "the last one works for 12 hours", false},
		{"none for 12 hours: the end", true, secret, 12*time.Hour + time.Minute, 70, "WeChat takes it no more", true},
		{"a wrong secret is tried once", false, "wrong", 3 * time.Hour, 1, "no component ticket has come yet", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				db := sqltest.Open(t, sqltest.Source(t, "sqlite"))
				us, sim := newComponent(t, db, func(cfg *component.Config) { cfg.Secret = c.secret })
				if c.ticket {
					if err := us.TakeTicket(t.Context(), "ticket@@@1", time.Now()); err != nil {
						t.Fatal(err)
					}
				}
				for end := time.Now().Add(c.after); time.Now().Before(end); time.Sleep(10 * time.Second) {
					if _, err := us.Watch(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				asked := sim.Calls().Paths["/cgi-bin/component/api_start_push_ticket"]
				if asked < c.asked-1 || asked > c.asked+1 || c.asked < 2 && asked != c.asked {
					t.Errorf("asked %d times, want %d", asked, c.asked)
				}
				if got := us.Status(); !strings.Contains(got.Reason, c.reason) || (c.reason == "") != (got.Reason == "") {
					t.Errorf("status %+v, want %q", got, c.reason)
				}
				if _, err := us.Ticket(t.Context()); errors.Is(err, wechat.ErrTicket) != c.dead {
					t.Errorf("ticket: %v", err)
				}
			})
		})
	}
}

func TestATicketEndsTheAlarmAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		us, _ := newComponent(t, sqltest.Open(t, sqltest.Source(t, "sqlite")), nil)
		if _, err := us.Watch(t.Context()); err != nil || us.Status().Reason == "" {
			t.Fatal(us.Status(), err)
		}
		if err := us.TakeTicket(t.Context(), "ticket@@@1", time.Now()); err != nil {
			t.Fatal(err)
		}
		if _, err := us.Watch(t.Context()); err != nil || us.Status().Reason != "" || !us.Status().HasTicket {
			t.Error(us.Status(), err)
		}
	})
}

func TestLinks(t *testing.T) {
	t.Parallel()
	db := sqltest.Open(t, sqltest.Source(t, "sqlite"))
	vendor := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"pre_auth_code":"preauthcode@@@a+b","expires_in":600}`))
	})
	us, _ := newComponent(t, db, func(c *component.Config) {
		c.Tokens, c.API.HTTP = fixed("token"), &http.Client{Transport: answered{vendor}}
	})
	for kind, want := range map[string]string{"wechatoa": "1", "wechatmp": "2", "": "3"} {
		l, err := us.Links(t.Context(), "https://a.example.com/authorize/callback?state=s&x=1", kind)
		if err != nil || l.Life != 10*time.Minute || l.PreAuthCode != "preauthcode@@@a+b" {
			t.Fatalf("%+v, %v", l, err)
		}
		for _, link := range []string{l.Desktop, l.Mobile} {
			u, err := url.Parse(link)
			if err != nil {
				t.Fatal(err)
			}
			q := u.Query()
			if q.Get("pre_auth_code") != l.PreAuthCode || q.Get("redirect_uri") != "https://a.example.com/authorize/callback?state=s&x=1" || q.Get("auth_type") != want {
				t.Errorf("kind %q: %s", kind, link)
			}
		}
	}
}
