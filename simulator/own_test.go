package simulator

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Sleeps in this file pass on the clock of a synctest bubble: nobody waits for them.

const (
	ownApp    = "wx0000000000000001"
	itsSecret = "0123456789abcdef0123456789abcdef"
)

// ownHouse has an Official Account with a secret, beside the sample world.
func ownHouse(t *testing.T) *house {
	h := newHouse(t, nil)
	err := h.sim.AddAccount(Account{AppID: ownApp, UserName: "gh_own", Secret: itsSecret, Followers: []string{customer}, Templates: []Template{orderPaid}})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) stable(change object) answer {
	h.t.Helper()
	body := object{"grant_type": "client_credential", "appid": ownApp, "secret": itsSecret}
	for k, v := range change {
		body[k] = v
	}
	return h.call("/cgi-bin/stable_token", body)
}

func (h *house) plain(query string) answer {
	h.t.Helper()
	return h.read(h.do(http.MethodGet, "/cgi-bin/token?"+query, ""))
}

const plainQuery = "grant_type=client_credential&appid=" + ownApp + "&secret=" + itsSecret

func TestAStableTokenIsTheSameUntilItsLastFiveMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := ownHouse(t)
		first := h.stable(nil)
		if first.text("access_token") == "" || first["expires_in"].(interface{ String() string }).String() != "7200" {
			t.Fatalf("first: %v", first)
		}
		time.Sleep(115*time.Minute - time.Second)
		same := h.stable(nil)
		if same.text("access_token") != first.text("access_token") || same["expires_in"].(interface{ String() string }).String() != "301" {
			t.Errorf("a second before its last five minutes: %v", same)
		}
		time.Sleep(time.Second)
		next := h.stable(nil)
		if next.text("access_token") == first.text("access_token") {
			t.Error("the same in its last five minutes")
		}
		for _, good := range []answer{first, next} {
			wantCode(t, h.send(good.text("access_token"), paid(customer)), 0)
		}
		time.Sleep(5 * time.Minute)
		wantCode(t, h.send(first.text("access_token"), paid(customer)), 42001)
		wantCode(t, h.send(next.text("access_token"), paid(customer)), 0)
		if h.sim.Mints(ownApp) != 2 {
			t.Errorf("%d tokens made, want 2", h.sim.Mints(ownApp))
		}
	})
}

func TestStableAndPlainTokensKnowNothingOfEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := ownHouse(t)
		stable := h.stable(nil).text("access_token")
		old, now := h.plain(plainQuery).text("access_token"), h.plain(plainQuery).text("access_token")
		if old == now || now == "" {
			t.Fatal("the plain call gave the same token twice")
		}
		for _, token := range []string{stable, old, now} {
			wantCode(t, h.send(token, paid(customer)), 0)
		}
		time.Sleep(5 * time.Minute)
		wantCode(t, h.send(old, paid(customer)), 42001)
		forced := h.stable(object{"force_refresh": true}).text("access_token")
		wantCode(t, h.send(stable, paid(customer)), 40001)
		wantCode(t, h.send(now, paid(customer)), 0)
		if again := h.stable(object{"force_refresh": true}).text("access_token"); again != forced {
			t.Error("forced twice within 30 s")
		}
	})
}

func TestWhatOwnTokensAreRefusedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := ownHouse(t)
		for name, c := range map[string]struct {
			change object
			want   int64
		}{
			"another grant":            {object{"grant_type": "password"}, 40002},
			"no AppID":                 {object{"appid": ""}, 41002},
			"an AppID nobody has":      {object{"appid": "wx0"}, 40013},
			"no secret":                {object{"secret": ""}, 41004},
			"a wrong secret":           {object{"secret": itsSecret + "0"}, 40125},
			"an account without one":   {object{"appid": shop}, 40125},
			"a secret that is no text": {object{"secret": 1}, 47001},
		} {
			if got := h.stable(c.change); got.code() != c.want {
				t.Errorf("%s: %v, want %d", name, got, c.want)
			}
		}
		wantCode(t, h.read(h.do(http.MethodGet, "/cgi-bin/stable_token", "")), 43002)
		wantCode(t, h.call("/cgi-bin/token?"+plainQuery, ""), 43001)
		edit := func(e object) {
			t.Helper()
			e["appid"] = ownApp
			if got := h.read(h.do(http.MethodPatch, "/simulator/accounts", string(marshal(e)))); got["error"] != nil {
				t.Fatal(got)
			}
		}
		edit(object{"ip_list": []string{"198.51.100.1"}})
		if got := h.stable(nil); got.code() != 40164 || !strings.HasPrefix(got.text("errmsg"), "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: ") {
			t.Errorf("an address that is not on the list: %v", got)
		}
		edit(object{"ip_list": []string{"198.51.100.1", "203.0.113.7"}})
		token := h.stable(nil).text("access_token")
		edit(object{"frozen": true})
		wantCode(t, h.stable(nil), 40243)
		wantCode(t, h.plain(plainQuery), 40243)
		wantCode(t, h.send(token, paid(customer)), 0)
		edit(object{"frozen": false, "secret": "another-secret", "revoke": true})
		wantCode(t, h.stable(nil), 40125)
		wantCode(t, h.send(token, paid(customer)), 40001)
	})
}

func TestAnAccountTakesOnlySoManyTokenCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := ownHouse(t)
		o := &h.sim.world.find(ownApp).own
		o.minute = counted{time.Now(), stablePerMin - 1}
		wantCode(t, h.stable(nil), 0)
		wantCode(t, h.stable(nil), 45011)
		time.Sleep(time.Minute)
		wantCode(t, h.stable(nil), 0)
		o.day = counted{time.Now(), plainPerDay - 1}
		wantCode(t, h.plain(plainQuery), 0)
		wantCode(t, h.plain(plainQuery), 45009)
	})
}

func TestAMobileAppHasATokenAndNoFollowers(t *testing.T) {
	h := newHouse(t, nil)
	app := Account{AppID: "wx0000000000000009", MobileApp: true, Secret: itsSecret}
	if err := h.sim.AddAccount(app); err != nil {
		t.Fatal(err)
	}
	token := h.call("/cgi-bin/stable_token", object{"grant_type": "client_credential", "appid": app.AppID, "secret": itsSecret}).text("access_token")
	if token == "" {
		t.Fatal("no token")
	}
	wantCode(t, h.send(token, paid(customer)), 48001)
	for name, body := range map[string]object{
		"a mobile app with a user name":  {"appid": "wx0000000000000008", "mobile_app": true, "user_name": "gh_1"},
		"an address that is none":        {"appid": "wx0000000000000008", "user_name": "gh_1", "ip_list": []string{"home"}},
		"a member that is misspelt":      {"appid": "wx0000000000000008", "user_name": "gh_1", "app_secret": "x"},
		"a company within an account":    {"appid": "wx0000000000000008", "corp": object{"corp_id": "ww1"}},
		"a company's app without secret": {"corp": object{"corp_id": "ww1", "agents": []object{{"agent_id": 1}}}},
	} {
		if got := h.call("/simulator/accounts", body); got.text("error") == "" {
			t.Errorf("%s: taken", name)
		}
	}
	if got := h.read(h.do(http.MethodPatch, "/simulator/accounts", `{"appid":"wx0000000000000009","closed":true}`)); !strings.Contains(got.text("error"), "WeCom") {
		t.Errorf("an account that is closed as an app of WeCom: %v", got)
	}
}
