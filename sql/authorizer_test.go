package sql_test

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"time"

	"wechattpp/authorizer"
	"wechattpp/sql"
	"wechattpp/sql/sqltest"
	"wechattpp/token"
	"wechattpp/wechat"
)

// granted is the vendor's answer for the shop.
func granted(refresh string) authorizer.Granted {
	return authorizer.Granted{AppID: shop.ID, Access: "access of " + refresh, Refresh: refresh, Life: 2 * time.Hour, Sets: []int{89, 1, 7, 7}}
}

// attempt opens an invitation for a sender.
func attempt(t *testing.T, s *sql.Authorizer, name string) {
	t.Helper()
	ctx := context.Background()
	if _, err := s.AddInvitation(ctx, authorizer.Invitation{ID: name, Sender: "oa1", Kind: "wechatoa"}, time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := s.AddAttempt(ctx, authorizer.Attempt{CodeHash: name, StateHash: "state-" + name, Invitation: name}, time.Hour); err != nil {
		t.Fatal(err)
	}
}

func take(t *testing.T, s *sql.Authorizer, a authorizer.Arrival) authorizer.Exchange {
	t.Helper()
	x, err := s.Take(context.Background(), a, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func read(t *testing.T, s *sql.Authorizer) authorizer.Account {
	t.Helper()
	a, err := s.Account(context.Background(), shop.ID)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAuthorizerStore(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	event := time.UnixMilli(1_700_000_000_000).UTC()
	for name, f := range map[string]func(*testing.T, *sql.Authorizer, *sql.Token){
		"one code is one row, which learns from every arrival": func(t *testing.T, s *sql.Authorizer, _ *sql.Token) {
			attempt(t, s, "p")
			a := take(t, s, authorizer.Arrival{Code: "c", PreAuthHash: "p"})
			b := take(t, s, authorizer.Arrival{Code: "c", AppID: shop.ID, EventAt: event})
			if a.ID != b.ID || b.AppID != shop.ID || !b.EventAt.Equal(event) || b.PreAuthHash != "p" || b.Done || b.Failed || b.Left < 59*time.Minute {
				t.Errorf("%d, %+v", a.ID, b)
			}
			x, won, err := s.ClaimExchange(ctx, a.ID, time.Minute)
			if !won || err != nil || x.Code != "c" {
				t.Fatal(won, err)
			}
			if _, won, _ := s.ClaimExchange(ctx, a.ID, time.Minute); won {
				t.Error("claimed twice")
			}
			if due, err := s.ClaimExchanges(ctx, 10, time.Minute); len(due) != 0 || err != nil {
				t.Error(due, err)
			}
		},
		"a failed one is tried again only if the event brings the account": func(t *testing.T, s *sql.Authorizer, _ *sql.Token) {
			x := take(t, s, authorizer.Arrival{Code: "c"})
			x, _, _ = s.ClaimExchange(ctx, x.ID, time.Minute)
			if err := s.FailExchange(ctx, x, "used up"); err != nil {
				t.Fatal(err)
			}
			if again := take(t, s, authorizer.Arrival{Code: "c"}); !again.Failed || again.Problem != "used up" {
				t.Errorf("%+v", again)
			}
			if again := take(t, s, authorizer.Arrival{Code: "c", AppID: shop.ID, EventAt: event}); again.Failed {
				t.Errorf("%+v", again)
			}
			if due, err := s.ClaimExchanges(ctx, 10, time.Minute); len(due) != 1 || due[0].Code != "c" || err != nil {
				t.Error(due, err)
			}
		},
		"a grant stores account, tokens, exchange and invitation together": func(t *testing.T, s *sql.Authorizer, tokens *sql.Token) {
			attempt(t, s, "p")
			x := take(t, s, authorizer.Arrival{Code: "c", PreAuthHash: "p", AppID: shop.ID, EventAt: event})
			for range 2 {
				if err := s.Grant(ctx, x, granted("r1"), time.Second); err != nil {
					t.Fatal(err)
				}
			}
			a := read(t, s)
			if a.Status != authorizer.Authorized || a.Wanted != "oa1" || a.Sender != "" || !a.AuthorizedAt.Equal(event) || len(a.Sets) != 3 || a.Sets[2] != 89 {
				t.Errorf("%+v", a)
			}
			if k := load(t, tokens); k.Refresh != "r1" || k.Access != "access of r1" || k.Due < 50*time.Minute {
				t.Errorf("%v due in %v", k, k.Due)
			}
			if x, err := s.Exchange(ctx, x.ID); err != nil || !x.Done || x.AppID != shop.ID {
				t.Errorf("%+v, %v", x, err)
			}
			if i, err := s.Invitation(ctx, "p"); err != nil || !i.Used {
				t.Errorf("%+v, %v", i, err)
			}
		},
		"of two grants that overlap, the one asked for later stays": func(t *testing.T, s *sql.Authorizer, tokens *sql.Token) {
			x := take(t, s, authorizer.Arrival{Code: "c", AppID: shop.ID})
			if err := s.Grant(ctx, x, granted("newer"), 0); err != nil {
				t.Fatal(err)
			}
			if err := s.Grant(ctx, x, granted("older"), 3*time.Second); err != nil {
				t.Fatal(err)
			}
			if k := load(t, tokens); k.Refresh != "newer" || k.Due > 0 {
				t.Errorf("refresh %q, due in %v", k.Refresh, k.Due)
			}
		},
		"a grant without tokens stops nothing and loops nowhere": func(t *testing.T, s *sql.Authorizer, tokens *sql.Token) {
			x := take(t, s, authorizer.Arrival{Code: "c", AppID: shop.ID})
			if err := s.Grant(ctx, x, authorizer.Granted{AppID: shop.ID}, 0); err != nil {
				t.Fatal(err)
			}
			if _, err := tokens.Load(ctx, shop); !errors.Is(err, fs.ErrNotExist) || read(t, s).Status != authorizer.Authorized {
				t.Error(err)
			}
		},
		"a used code is settled by tokens since the attempt, not by older ones": func(t *testing.T, s *sql.Authorizer, _ *sql.Token) {
			attempt(t, s, "p")
			a := take(t, s, authorizer.Arrival{Code: "a", PreAuthHash: "p"})
			b := take(t, s, authorizer.Arrival{Code: "b", PreAuthHash: "p"})
			if done, err := s.Settled(ctx, b); done || err != nil {
				t.Fatal(done, err)
			}
			if err := s.Grant(ctx, a, granted("r1"), 0); err != nil {
				t.Fatal(err)
			}
			if done, err := s.Settled(ctx, b); !done || err != nil {
				t.Fatal(done, err)
			}
			time.Sleep(5 * time.Millisecond)
			later := take(t, s, authorizer.Arrival{Code: "c", AppID: shop.ID})
			if done, err := s.Settled(ctx, later); done || err != nil {
				t.Fatal(done, err)
			}
		},
		"an end needs the authorization it was seen with, stops the token, and is revived": func(t *testing.T, s *sql.Authorizer, tokens *sql.Token) {
			x := take(t, s, authorizer.Arrival{Code: "c", AppID: shop.ID, EventAt: event})
			if err := s.Grant(ctx, x, granted("r1"), 0); err != nil {
				t.Fatal(err)
			}
			old := read(t, s)
			old.AuthorizedAt = event.Add(-time.Hour)
			if done, err := s.Unauthorize(ctx, old, authorizer.Ending{At: event, Problem: "x"}); done || err != nil {
				t.Fatal(done, err)
			}
			if done, err := s.Unauthorize(ctx, read(t, s), authorizer.Ending{At: event.Add(time.Minute), Problem: "取消"}); !done || err != nil {
				t.Fatal(done, err)
			}
			if a, k := read(t, s), load(t, tokens); a.Status != authorizer.Unauthorized || !a.UnauthorizedAt.Equal(event.Add(time.Minute)) || !k.Resting || k.Access != "" {
				t.Errorf("%+v, %v", a, k)
			}
			y := take(t, s, authorizer.Arrival{Code: "d", AppID: shop.ID, EventAt: event.Add(time.Hour)})
			if err := s.Grant(ctx, y, granted("r2"), 0); err != nil {
				t.Fatal(err)
			}
			if a, k := read(t, s), load(t, tokens); a.Status != authorizer.Authorized || k.Resting || k.Refresh != "r2" {
				t.Errorf("%+v, %v", a, k)
			}
		},
		"the list adopts what is unknown or differs, and revives nothing that ended later": func(t *testing.T, s *sql.Authorizer, tokens *sql.Token) {
			l := wechat.Listed{AppID: shop.ID, Refresh: "r1", AuthorizedAt: event}
			for i, want := range []authorizer.Adoption{authorizer.Adopted, authorizer.Same} {
				if done, err := s.Adopt(ctx, l, false); done != want || err != nil {
					t.Errorf("time %d: %v, %v", i, done, err)
				}
			}
			if a, k := read(t, s), load(t, tokens); a.Status != authorizer.Authorized || !a.AuthorizedAt.Equal(event) || k.Refresh != "r1" || k.Due > 0 {
				t.Errorf("%+v, %v", a, k)
			}
			if _, err := s.Unauthorize(ctx, read(t, s), authorizer.Ending{At: event.Add(time.Minute), Problem: "x"}); err != nil {
				t.Fatal(err)
			}
			if done, err := s.Adopt(ctx, l, false); done != authorizer.Ended || err != nil {
				t.Errorf("an older one: %v, %v", done, err)
			}
			l.AuthorizedAt = event.Add(time.Hour)
			if done, err := s.Adopt(ctx, l, false); done != authorizer.Adopted || err != nil || read(t, s).Status != authorizer.Authorized || load(t, tokens).Resting {
				t.Errorf("a newer one: %v, %v", done, err)
			}
		},
		"a profile binds the wanted sender, for the holder of the claim": func(t *testing.T, s *sql.Authorizer, _ *sql.Token) {
			attempt(t, s, "p")
			if err := s.Grant(ctx, take(t, s, authorizer.Arrival{Code: "c", PreAuthHash: "p"}), granted("r1"), 0); err != nil {
				t.Fatal(err)
			}
			due, err := s.ClaimProfiles(ctx, 10, time.Minute)
			if err != nil || len(due) != 1 {
				t.Fatal(due, err)
			}
			a := due[0]
			a.Kind, a.UserName, a.Profile.NickName = authorizer.OfficialAccount, "gh_1", "山海👩‍👩‍👧"
			late := a
			late.Claim++
			late.UserName = "gh_late"
			if err := errors.Join(s.SaveProfile(ctx, late, time.Hour), s.SaveProfile(ctx, a, time.Hour)); err != nil {
				t.Fatal(err)
			}
			if got, err := s.BySender(ctx, "oa1"); err != nil || got.UserName != "gh_1" || got.Profile.NickName != "山海👩‍👩‍👧" || got.Wanted != "" {
				t.Errorf("%+v, %v", got, err)
			}
			if err := s.Bind(ctx, "wxNobody", "oa1"); !errors.Is(err, fs.ErrNotExist) {
				t.Error(err)
			}
			if got, err := s.BySender(ctx, "oa1"); err != nil || got.AppID != shop.ID {
				t.Errorf("a refused claim took the sender away: %v, %v", got, err)
			}
		},
		"what ended long ago is forgotten, and nothing else": func(t *testing.T, s *sql.Authorizer, _ *sql.Token) {
			attempt(t, s, "p")
			x := take(t, s, authorizer.Arrival{Code: "c", PreAuthHash: "p"})
			if n, err := s.Prune(ctx, -2*time.Hour); n != 2 || err != nil { // as if two hours had passed
				t.Fatal(n, err)
			}
			if _, err := s.Attempt(ctx, "state-p"); !errors.Is(err, fs.ErrNotExist) {
				t.Error(err)
			}
			if _, err := s.Exchange(ctx, x.ID); err != nil {
				t.Error("an exchange that waits was forgotten:", err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sqltest.Each(t, func(t *testing.T, db *sql.DB) { f(t, db.Authorizer("wxComponent"), db.Token("wxComponent")) })
		})
	}
}

func TestManyGrantsOfOneAccountAtOnce(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		s, ctx := db.Authorizer("wxComponent"), context.Background()
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				x, err := s.Take(ctx, authorizer.Arrival{Code: strings.Repeat("c", 1+i%4), AppID: shop.ID}, time.Hour)
				if err == nil {
					err = s.Grant(ctx, x, granted("r"), 0)
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		list, err := s.List(ctx, authorizer.Filter{}, "", 10)
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		if k, err := db.Token("wxComponent").Load(ctx, token.Owner{Kind: token.Authorizer, ID: shop.ID}); err != nil || k.Refresh != "r" {
			t.Fatal(k, err)
		}
	})
}
