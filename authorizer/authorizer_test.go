package authorizer_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wechattpp/authorizer"
	"wechattpp/simulator"
	"wechattpp/token"
	"wechattpp/wechat"
)

func TestAuthorizationInEveryOrder(t *testing.T) {
	for _, c := range []struct {
		name     string
		play     simulator.Authorization
		noReturn bool
		late     bool // the return comes after the event was worked off
		again    bool // the return comes twice
	}{
		{name: "return and event", play: simulator.Authorization{}},
		{name: "only the return", play: simulator.Authorization{NoEvent: true}},
		{name: "only the event", noReturn: true},
		{name: "the event first", play: simulator.Authorization{EventFirst: true}, late: true},
		{name: "the event twice, and the return twice", play: simulator.Authorization{Twice: true}, again: true},
		{name: "with codes of their own", play: simulator.Authorization{SeparateCodes: true}},
		{name: "with codes of their own, the event first", play: simulator.Authorization{SeparateCodes: true, EventFirst: true}, late: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				_, page := w.invite(t, "oa1", "wechatoa")
				c.play.AppID, c.play.Link = shop, page.Desktop
				state, code := w.scan(t, c.play)
				if c.late {
					w.work(t)
				}
				if !c.noReturn {
					w.returns(t, state, code)
				}
				if c.again {
					w.returns(t, state, code)
				}
				w.work(t)
				w.until(t, "the binding", func() bool {
					a, err := w.room.Account(t.Context(), shop)
					return err == nil && a.Sender == "oa1"
				})
				w.one(t)
				if !w.works(shop) {
					t.Error("the kept token does not work")
				}
			})
		})
	}
}

func (w *world) returns(t *testing.T, state, code string) {
	t.Helper()
	r, err := w.room.Return(context.Background(), state, code)
	if err != nil || r.State != authorizer.Welcome || r.Account.AppID != shop || r.Account.Sender != "oa1" {
		t.Errorf("the visitor is told %q of %s for %q: %s (%v)", r.State, r.Account.AppID, r.Account.Sender, r.Problem, err)
	}
}

// one wants the shop, once, with all that is known of it.
func (w *world) one(t *testing.T) {
	t.Helper()
	all, next, err := w.room.List(context.Background(), authorizer.Filter{}, "", 10)
	if err != nil || len(all) != 1 || next != "" {
		t.Fatalf("%d authorizers, want 1: %v", len(all), err)
	}
	a := all[0]
	if a.AppID != shop || a.Status != authorizer.Authorized || a.Kind != authorizer.OfficialAccount || a.UserName != "gh_5a1e0c7d93b2" ||
		a.Profile.NickName != "山海优选商城" || len(a.Sets) != 9 || len(a.Missing()) != 0 {
		t.Errorf("%+v, missing %v", a, a.Missing())
	}
	name, known, err := w.room.UserName(context.Background(), shop)
	if name != "gh_5a1e0c7d93b2" || !known || err != nil {
		t.Error(name, known, err)
	}
}

func TestInvitations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, ctx := newWorld(t, nil), t.Context()
		signed, page := w.invite(t, "oa1", "wechatoa")
		if page.Address != public+"/authorize/"+signed || !strings.Contains(page.Desktop, "auth_type=1") || !strings.Contains(page.Mobile, "#wechat_redirect") {
			t.Errorf("%+v", page)
		}
		for _, forged := range []string{"", "x", signed + "A", "A" + signed, strings.Replace(signed, ".", "", 1)} {
			if _, err := w.room.Open(ctx, forged); !errors.Is(err, authorizer.ErrInvitation) {
				t.Errorf("forged %q: %v", forged, err)
			}
		}
		again := w.reopen(t, signed)
		if again.Desktop == page.Desktop {
			t.Error("two openings share a pre-auth code")
		}
		state, code := w.scan(t, simulator.Authorization{AppID: shop, Link: again.Desktop})
		for _, wrong := range [][2]string{{"", code}, {"wrong", code}, {state, ""}, {strings.Repeat("x", 200), code}} {
			if _, err := w.room.Return(ctx, wrong[0], wrong[1]); !errors.Is(err, authorizer.ErrState) {
				t.Errorf("return with %q: %v", wrong, err)
			}
		}
		if n := w.sim.Calls(); n.Paths["/cgi-bin/component/api_query_auth"] != 0 {
			t.Error("a return without a known state exchanged something")
		}
		if r, err := w.room.Return(ctx, state, "queryauthcode@@@invented"); err != nil || r.State != authorizer.Failed {
			t.Errorf("an invented code: %+v, %v", r, err)
		}
		w.returns(t, state, code) // the failed one did not use the state up
		if _, err := w.room.Open(ctx, signed); !errors.Is(err, authorizer.ErrUsed) {
			t.Errorf("opening a used invitation: %v", err)
		}
		w.work(t)
		late, _ := w.invite(t, "oa2", "wechatoa")
		time.Sleep(7*24*time.Hour + time.Second)
		w.work(t)
		if _, err := w.room.Open(ctx, late); !errors.Is(err, authorizer.ErrExpired) {
			t.Errorf("opening an old invitation: %v", err)
		}
	})
}

func TestWhatWaitsForAnAdministrator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, ctx := newWorld(t, nil), t.Context()
		authorize := func(sender, kind, appID string) authorizer.Result {
			_, page := w.invite(t, sender, kind)
			link := strings.NewReplacer("auth_type=1", "auth_type=3", "auth_type=2", "auth_type=3").Replace(page.Desktop)
			state, code := w.scan(t, simulator.Authorization{AppID: appID, Link: link})
			r, err := w.room.Return(ctx, state, code)
			if err != nil {
				t.Fatal(err)
			}
			w.work(t)
			return r
		}
		if r := authorize("mp1", "wechatmp", shop); r.State != authorizer.Waiting || !strings.Contains(r.Account.Waiting, "kind") || r.Account.Sender != "" {
			t.Errorf("a shop for a Mini Program's sender: %+v", r)
		}
		if r := authorize("oa1", "wechatoa", clinic); r.State != authorizer.Welcome {
			t.Errorf("%+v", r)
		}
		if r := authorize("oa1", "wechatoa", shop); r.State != authorizer.Waiting || !strings.Contains(r.Account.Waiting, clinic) {
			t.Errorf("another AppID than the sender had: %+v", r)
		}
		if err := w.room.Claim(ctx, shop, "oa1"); err != nil {
			t.Fatal(err)
		}
		if a, b := w.account(t, shop), w.account(t, clinic); a.Sender != "oa1" || a.Waiting != "" || b.Sender != "" {
			t.Errorf("after the yes: %+v, %+v", a, b)
		}
		if by, err := w.room.BySender(ctx, "oa1"); err != nil || by.AppID != shop {
			t.Error(by, err)
		}
		if _, err := w.sim.Grant(mini); err != nil { // authorized by the console's test: nothing explains it
			t.Fatal(err)
		}
		if r := w.reconcile(t, false); r.Adopted != 1 || r.Seen != 3 {
			t.Fatalf("%+v", r)
		}
		w.work(t)
		if m := w.account(t, mini); m.Sender != "" || m.Wanted != "" || m.Kind != authorizer.MiniProgram || len(m.Missing()) != 0 {
			t.Errorf("%+v", m)
		}
	})
}

// join lets the shop authorize for oa1.
func (w *world) join(t *testing.T) {
	t.Helper()
	_, page := w.invite(t, "oa1", "wechatoa")
	state, code := w.scan(t, simulator.Authorization{AppID: shop, Link: page.Desktop})
	w.returns(t, state, code)
	w.work(t)
}

func TestTheEndOfAnAuthorization(t *testing.T) {
	for _, c := range []struct {
		name  string
		do    func(t *testing.T, w *world)
		works bool
	}{
		{"a cancellation stops the token", func(t *testing.T, w *world) {
			w.unauthorize(t, simulator.Unauthorization{AppID: shop})
		}, false},
		{"a late one harms nothing", func(t *testing.T, w *world) {
			w.unauthorize(t, simulator.Unauthorization{AppID: shop, EventOnly: true, CreateTime: time.Now().Add(-time.Hour).Unix()})
		}, true},
		{"one of the same second harms nothing if the vendor says so", func(t *testing.T, w *world) {
			w.unauthorize(t, simulator.Unauthorization{AppID: shop, EventOnly: true, CreateTime: w.account(t, shop).AuthorizedAt.Unix()})
		}, true},
		{"one of the same second counts if the vendor says so", func(t *testing.T, w *world) {
			w.unauthorize(t, simulator.Unauthorization{AppID: shop, CreateTime: w.account(t, shop).AuthorizedAt.Unix()})
		}, false},
		{"a new authorization revives it", func(t *testing.T, w *world) {
			w.unauthorize(t, simulator.Unauthorization{AppID: shop})
			w.works(shop)
			w.join(t)
		}, true},
		{"a cancellation without an event is found out and verified", func(t *testing.T, w *world) {
			w.unauthorize(t, simulator.Unauthorization{AppID: shop, NoEvent: true})
			time.Sleep(2 * time.Hour)
			w.work(t)
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				w.join(t)
				time.Sleep(time.Minute)
				c.do(t, w)
				w.work(t)
				a, _ := w.room.Account(t.Context(), shop)
				_, err := w.keeper.Source(token.Owner{Kind: token.Authorizer, ID: shop}).Token(t.Context())
				if c.works {
					if !w.works(shop) || a.Status != authorizer.Authorized {
						t.Errorf("does not work: %s, %v", a.Status, err)
					}
					return
				}
				if a.Status != authorizer.Unauthorized || a.Sender != "oa1" || !errors.Is(err, wechat.ErrNotAuthorized) {
					t.Errorf("%s for %q, token: %v", a.Status, a.Sender, err)
				}
			})
		})
	}
}

func (w *world) unauthorize(t *testing.T, u simulator.Unauthorization) {
	t.Helper()
	if err := w.sim.Unauthorize(u); err != nil {
		t.Fatal(err)
	}
	if !u.NoEvent {
		time.Sleep(time.Second)
	}
	w.work(t)
}

func TestUpdatedSetsAreExchangedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.join(t)
		_, page := w.invite(t, "oa1", "wechatoa")
		w.scan(t, simulator.Authorization{AppID: shop, Link: page.Desktop, Sets: []int{1, 7}, NoCallback: true})
		time.Sleep(time.Second)
		w.work(t)
		a := w.account(t, shop)
		var missing []int
		for _, m := range a.Missing() {
			missing = append(missing, m.ID)
		}
		if len(a.Sets) != 2 || len(missing) != 5 || missing[0] != 89 {
			t.Errorf("sets %v, missing %v", a.Sets, a.Missing())
		}
		if !w.works(shop) {
			t.Error("the token of before the update is still the kept one")
		}
	})
}

func TestRestoredRefreshTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(c *simulator.Config) { c.RotateRefresh = true })
		w.join(t)
		o := token.Owner{Kind: token.Authorizer, ID: shop}
		for range 5 { // rotated five times, and kept
			time.Sleep(2 * time.Hour)
			w.work(t)
			if !w.works(shop) {
				t.Fatal("lost after a rotation")
			}
		}
		if err := w.keeper.Put(t.Context(), o, wechat.Lent{Access: "old", Refresh: "of last week", Life: time.Second}, 0); err != nil {
			t.Fatal(err)
		}
		w.until(t, "the refused refresh token to be asked for again", func() bool { return w.works(shop) })
		if err := w.keeper.Put(t.Context(), o, wechat.Lent{Access: "old", Refresh: "of last week", Life: time.Hour}, 0); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if r := w.reconcile(t, false); r.Seen != 1 || r.Renewed != 1 {
			t.Fatalf("%+v", r)
		}
		w.work(t)
		if !w.works(shop) {
			t.Error("not mended by the list")
		}
		if r := w.reconcile(t, false); r.Seen != 1 || r.Renewed+r.Adopted+r.Absent != 0 {
			t.Errorf("repeated: %+v", r)
		}
	})
}
