package simulator

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestReauthorizationKillsTheOldTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, nil).run()
		old := h.authorizedWith(shop, []int{1, 7})
		synctest.Wait()
		again := func(sets []int, wantEvent string) Authorized {
			t.Helper()
			code := h.component("api_create_preauthcode", h.componentToken(), nil).text("pre_auth_code")
			out, err := h.sim.Authorize(t.Context(), Authorization{AppID: shop, PreAuthCode: code, Sets: sets, EventFirst: true})
			if err != nil || out.Event != wantEvent {
				t.Errorf("authorizing again: event %q, %v; want %q", out.Event, err, wantEvent)
			}
			return out
		}
		again([]int{7, 1}, "")
		wantCode(t, h.send(old, paid(customer)), 0)
		again([]int{1, 7, 89}, "updateauthorized")
		wantCode(t, h.send(old, paid(customer)), 40001)
		if n := len(h.program.arrivals("updateauthorized")); n != 1 {
			t.Errorf("%d updateauthorized events, want 1", n)
		}
		if n := len(h.program.arrivals("authorized")); n != 1 {
			t.Errorf("%d authorized events, want 1", n)
		}
	})
}

func TestACancelledAccountAnswers61003(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, nil).run()
		access, refresh := h.accountToken(shop)
		if err := h.sim.Unauthorize(Unauthorization{AppID: shop}); err != nil {
			t.Fatal(err)
		}
		wantCode(t, h.send(access, paid(customer)), 61003)
		wantCode(t, h.component("api_authorizer_token", h.componentToken(), object{"authorizer_appid": shop, "authorizer_refresh_token": refresh}), 61003)
		list := h.component("api_get_authorizer_list", h.componentToken(), object{"offset": 0, "count": 10})["list"].([]any)
		if len(list) != 0 {
			t.Errorf("the list still has %v", list)
		}
		if err := h.sim.Unauthorize(Unauthorization{AppID: shop}); err == nil {
			t.Error("cancelled twice without an error")
		}
		h.waitFor("unauthorized", 1)
		stale := time.Now().Add(-time.Hour).Unix()
		if err := h.sim.Unauthorize(Unauthorization{AppID: shop, EventOnly: true, CreateTime: stale}); err != nil {
			t.Fatal(err)
		}
		got := h.waitFor("unauthorized", 2)
		if got[1].inner.CreateTime != stale || got[0].inner.AuthorizerAppid != shop {
			t.Errorf("unauthorized events %+v", got)
		}
	})
}

func TestTheAdministratorPlaysTheOrdersThatHappen(t *testing.T) {
	for name, c := range map[string]struct {
		how       Authorization
		events    int
		returning bool
	}{
		"event and return":   {Authorization{}, 1, true},
		"event first":        {Authorization{EventFirst: true}, 1, true},
		"no event":           {Authorization{NoEvent: true}, 0, true},
		"no return":          {Authorization{NoCallback: true}, 1, false},
		"the event twice":    {Authorization{Twice: true}, 2, true},
		"codes of their own": {Authorization{SeparateCodes: true}, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t, nil).run()
				code := h.component("api_create_preauthcode", h.componentToken(), nil).text("pre_auth_code")
				c.how.AppID = shop
				c.how.Link = "https://mp.example.com/cgi-bin/componentloginpage?component_appid=" + testComponent + "&pre_auth_code=" + code +
					"&auth_type=3&redirect_uri=https%3A%2F%2Fprogram.example.com%2Fback#wechat_redirect"
				out, err := h.sim.Authorize(t.Context(), c.how)
				if err != nil {
					t.Fatal(err)
				}
				if c.how.EventFirst && len(h.program.arrivals("authorized")) != 1 {
					t.Error("the event had not come before the browser returned")
				}
				time.Sleep(time.Second)
				events := h.program.arrivals("authorized")
				if len(events) != c.events {
					t.Errorf("%d events, want %d", len(events), c.events)
				}
				if (out.Location != "") != c.returning {
					t.Errorf("return address %q", out.Location)
				}
				if len(events) > 0 && c.returning {
					same := strings.Contains(out.Location, strings.ReplaceAll(events[0].inner.AuthorizationCode, "@", "%40"))
					if same == c.how.SeparateCodes {
						t.Errorf("codes of event and return are the same: %v", same)
					}
				}
			})
		})
	}
}

func TestALinkForOneAccountAuthorizesNoOther(t *testing.T) {
	h := newHouse(t, nil)
	token := h.componentToken()
	link := func(more string) string {
		code := h.component("api_create_preauthcode", token, nil).text("pre_auth_code")
		return "https://mp.example.com/?component_appid=" + testComponent + "&pre_auth_code=" + code + "&redirect_uri=https%3A%2F%2Fp.example.com%2F" + more
	}
	for name, c := range map[string]struct{ link, appID, want string }{
		"biz_appid of another account":   {link("&auth_type=3&biz_appid=" + clinic), shop, "biz_appid"},
		"auth_type of the other kind":    {link("&auth_type=1"), miniProgram, "auth_type 1"},
		"biz_appid wins over auth_type":  {link("&auth_type=1&biz_appid=" + miniProgram), miniProgram, ""},
		"an account that does not exist": {link("&auth_type=3"), "wx0", "no account"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := h.sim.Authorize(t.Context(), Authorization{AppID: c.appID, Link: c.link})
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}
