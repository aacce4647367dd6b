package sender_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"wechattpp/sender"
	"wechattpp/simulator"
	"wechattpp/sql"
	"wechattpp/sql/sqltest"
	"wechattpp/wechat"
)

const (
	shop = "wx5a1e0c7d93b24f68" // of the sample world
	mini = "wxc30d9a5b7e1846f2"
)

// world is a simulated WeChat with senders that show their own secret.
func world(t *testing.T, db *sql.DB) (*simulator.Simulator, *sender.Room) {
	t.Helper()
	sim := simulator.New(simulator.Config{ComponentAppID: "wxc0ffee0000000001"})
	accounts := simulator.SampleWorld()
	for i := range accounts {
		accounts[i].Secret = appSecret
	}
	if err := sim.AddAccount(accounts...); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	r := newRoom(db.Sender("wxc0ffee0000000001"), nil)
	r.API = wechat.API{Base: server.URL, OpenBase: server.URL}
	for code, s := range map[string]sender.Sender{"oa": {Kind: "wechatoa", AppID: shop}, "mp": {Kind: "wechatmp", AppID: mini}} {
		s.Code, s.Credentials, s.Secrets = code, "secret", sender.Secrets{AppSecret: appSecret}
		if _, err := r.Create(context.Background(), s); err != nil {
			t.Fatal(err)
		}
	}
	r.Tokens = func(s sender.Sender) wechat.TokenSource {
		lent, err := r.API.StableToken(context.Background(), s.AppID, appSecret)
		if err != nil {
			t.Fatal(err)
		}
		return wechat.FixedToken(lent.Access)
	}
	return sim, r
}

func pullAll(t *testing.T, f *sender.Followers) {
	t.Helper()
	for n := 1; n > 0; {
		var err error
		if n, err = f.PullDue(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFollowersArePulledPageByPage(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		ctx := context.Background()
		sim, r := world(t, db)
		if _, err := sim.AddFollowers(shop, 25_000, "oMany"); err != nil {
			t.Fatal(err)
		}
		f := &sender.Followers{Store: db.Follower(), Senders: r, Nudge: func() {}, Log: slog.New(slog.DiscardHandler)}
		if _, err := f.Begin(ctx, "mp"); !errors.Is(err, sender.ErrNoFollowers) {
			t.Errorf("of a Mini Program: %v", err)
		}
		if p, err := f.Begin(ctx, "oa"); err != nil || !p.Running || p.Round != 1 {
			t.Fatalf("%+v %v", p, err)
		}
		if n, err := f.PullDue(ctx); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		if p, err := f.Begin(ctx, "oa"); err != nil || p.Seen != 10_000 || p.Round != 1 { // it runs: nothing is begun anew
			t.Fatalf("%+v %v", p, err)
		}
		pullAll(t, f)
		list, p, err := f.List(ctx, "oa", "", 30_000, true)
		if err != nil || !p.Done || p.Running || len(list) != p.Total || p.Seen != p.Total || p.Total < 25_000 {
			t.Fatalf("%d listed, %+v, %v", len(list), p, err)
		}
		if n := sim.Calls().Paths["/cgi-bin/user/get"]; n != 3 {
			t.Errorf("%d calls for %d followers", n, p.Total)
		}
	})
}

func TestAPullThatCannotGoOnSaysWhy(t *testing.T) {
	t.Parallel()
	db := sqltest.Open(t, sqltest.Source(t, "sqlite"))
	ctx := context.Background()
	sim, r := world(t, db)
	f := &sender.Followers{Store: db.Follower(), Senders: r, Nudge: func() {}, Log: slog.New(slog.DiscardHandler)}
	for code, want := range map[int]string{48001: "failed set 2", 45009: "running quota", -1: "running busy"} {
		if _, err := f.Begin(ctx, "oa"); err != nil {
			t.Fatal(err)
		}
		if err := sim.Fail(simulator.Fault{Path: "/cgi-bin/user/get", Code: code}); err != nil {
			t.Fatal(err)
		}
		if _, err := f.PullDue(ctx); err != nil {
			t.Fatal(err)
		}
		_, p, err := f.List(ctx, "oa", "", 1, false)
		state, word, _ := strings.Cut(want, " ")
		if err != nil || p.Running != (state == "running") || p.Done || !strings.Contains(strings.ToLower(p.Problem), word) {
			t.Errorf("%d: %+v %v", code, p, err)
		}
		if p.Running { // ended, so that the next one begins anew
			if err := db.Follower().FailPull(ctx, p, ""); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestAMiniProgramLearnsTheOpenidOfItsUser(t *testing.T) {
	t.Parallel()
	db := sqltest.Open(t, sqltest.Source(t, "sqlite"))
	sim, r := world(t, db)
	code, err := sim.LoginCode(mini, "oMini1")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := r.Login(context.Background(), "mp", code); err != nil || got != "oMini1" {
		t.Errorf("%q %v", got, err)
	}
	for name, c := range map[string]struct {
		sender, code string
		want         error
	}{"the code again": {"mp", code, sender.ErrLoginCode}, "a guess": {"mp", "x", sender.ErrLoginCode}, "an Official Account": {"oa", code, sender.ErrNoLogin}} {
		_, err := r.Login(context.Background(), c.sender, c.code)
		if !errors.Is(err, c.want) || strings.Contains(err.Error(), appSecret) || strings.Contains(err.Error(), code) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
