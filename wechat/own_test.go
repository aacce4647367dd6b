package wechat

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// What a call that shows a secret asks, and what it makes of the answer.
func TestTokensByASecret(t *testing.T) {
	t.Parallel()
	stable := func(t *testing.T, a API) (Lent, error) {
		return a.StableToken(t.Context(), "wx570bc396a51b8ff8", "0f")
	}
	wecom := func(t *testing.T, a API) (Lent, error) {
		return a.WeCom("ww1", 1000002, nil).Mint(t.Context(), "s+/=&x")
	}
	for name, test := range map[string]struct {
		call                      func(*testing.T, API) (Lent, error)
		method, path, query, body string
		answer                    string
		want                      Lent
	}{
		"stable_token": {stable, "POST", "/cgi-bin/stable_token", "", `{"grant_type":"client_credential","appid":"wx570bc396a51b8ff8","secret":"0f"}`,
			`{"access_token":"61_A","expires_in":345}`, Lent{Access: "61_A", Life: 345 * time.Second}},
		"stable_token that tells no life": {stable, "POST", "/cgi-bin/stable_token", "", `{"grant_type":"client_credential","appid":"wx570bc396a51b8ff8","secret":"0f"}`,
			`{"access_token":"61_A"}`, Lent{Access: "61_A", Life: 2 * time.Hour}},
		"gettoken": {wecom, "GET", "/cgi-bin/gettoken", "corpid=ww1&corpsecret=s%2B%2F%3D%26x", "",
			`{"errcode":0,"errmsg":"ok","access_token":"WK","expires_in":7200}`, Lent{Access: "WK", Life: 2 * time.Hour}},
		"gettoken at the token's end": {wecom, "GET", "/cgi-bin/gettoken", "corpid=ww1&corpsecret=s%2B%2F%3D%26x", "",
			`{"errcode":0,"errmsg":"ok","access_token":"WK","expires_in":0}`, Lent{Access: "WK", Life: time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVendor(t, test.answer)
			got, err := test.call(t, API{Base: v.URL, WeComBase: v.URL})
			if err != nil || got != test.want {
				t.Errorf("got life %v, refresh %q, %v", got.Life, got.Refresh, err)
			}
			if want := (asked{test.method, test.path, test.query, test.body, v.got[0].contentType}); len(v.got) != 1 || v.got[0] != want {
				t.Errorf("asked %+v", v.got)
			}
		})
	}
}

func TestAnAppOfWeComIsShown(t *testing.T) {
	t.Parallel()
	v := newVendor(t, `{"errcode":0,"errmsg":"ok","agentid":"1000002","name":"通知","close":1}`)
	got, err := API{WeComBase: v.URL + "/wecom"}.WeCom("ww1", 1000002, &tokens{list: []string{"W+K"}}).Agent(t.Context())
	if err != nil || got != (Agent{"通知", true}) {
		t.Errorf("%+v, %v", got, err)
	}
	if v.got[0].path != "/wecom/cgi-bin/agent/get" || v.got[0].query != "access_token=W%2BK&agentid=1000002" || v.got[0].method != http.MethodGet {
		t.Errorf("asked %+v", v.got)
	}
}

func TestWhatIsWrongWithASecretIsNoRefusedToken(t *testing.T) {
	t.Parallel()
	for _, code := range []int{40001, 40013, 40125, 40243, 41002, 41004} {
		v := newVendor(t, fmt.Sprintf(`{"errcode":%d,"errmsg":"x"}`, code))
		if _, err := (API{Base: v.URL}).StableToken(t.Context(), "wx1", theSecret); !errors.Is(err, ErrSecret) || errors.Is(err, ErrTokenRefused) || len(v.got) != 1 {
			t.Errorf("stable_token, %d: %v", code, err)
		}
	}
	for _, code := range []int{40001, 40013, 40091, 41002, 41004, 45031, 2000002} {
		v := newVendor(t, fmt.Sprintf(`{"errcode":%d,"errmsg":"x"}`, code))
		if _, err := (API{WeComBase: v.URL}).WeCom("ww1", 1, nil).Mint(t.Context(), theSecret); !errors.Is(err, ErrSecret) || errors.Is(err, ErrTokenRefused) || len(v.got) != 1 {
			t.Errorf("gettoken, %d: %v", code, err)
		}
	}
}

func TestWeComsCodesAreItsOwn(t *testing.T) {
	t.Parallel()
	for meaning, codes := range map[string][]int{
		"token": {40001, 40014, 42001, 42009}, "secret": {40013, 40056, 40091, 301002}, "address": {60020, 301042, 840002},
		"minute": {45009, 45033}, "busy": {-1, 6000}, "recipient": {40003, 60111, 81013, 46004, 40050, 86008}, "message": {40007, 42027, 42040, 42051, 90204, 44004, 43012},
		"permission": {48002, 40133, 40140, 610024}, "account": {50003, 301007}, "authorized": {40084, 48004}, "ticket": {40085},
		"request": {41001, 40033, 830003}, "component": {40083, 842006}, "code": {40029, 42007}, "": {40243, 61004, 40132, 40142, 42026, 42053, 43101, 99999},
	} {
		for _, code := range codes {
			err := weCom.refusal("op", code, "text", false)
			for name, is := range everyMeaning {
				if errors.Is(err, is) != (name == meaning) {
					t.Errorf("%d: %q is %v", code, name, errors.Is(err, is))
				}
			}
		}
	}
	if err := weCom.refusal("gettoken", 45009, "api freq out of limit", true); !errors.Is(err, ErrThrottledDay) {
		t.Errorf("an address that is banned: %v", err)
	}
}

func TestNoCodeOfWeComsIsListedTwice(t *testing.T) {
	t.Parallel()
	seen := map[int]string{}
	for _, s := range weComTable {
		known := false
		for _, m := range everyMeaning {
			known = known || m == s.is
		}
		if !known || len(s.what) < 8 || s.first > s.last {
			t.Errorf("%d: %+v", s.first, s.row)
		}
		for code := s.first; code <= s.last; code++ {
			if was, twice := seen[code]; twice {
				t.Errorf("%d is both %q and %q", code, was, s.what)
			}
			seen[code] = s.what
		}
	}
}

func TestAnErrorOfWeComSaysWhatToDo(t *testing.T) {
	t.Parallel()
	const errmsg = "not allow to access from your ip, hint: [1700000000123456789012345], from ip: 203.0.113.7, more info at https://open.work.weixin.qq.com/devtool/query?e=60020"
	got := weCom.refusal("agent/get", 60020, errmsg, false).Error()
	for _, want := range []string{"wecom agent/get: errcode 60020", "企业可信IP", "WeCom saw 203.0.113.7", "hint 1700000000123456789012345"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s\nlacks %q", got, want)
		}
	}
	for name, errmsg := range map[string]string{"only a hint": "x, hint: [123]", "no hint": "x", "an open hint": "x, hint: [", "nothing": ""} {
		if e := weCom.refusal("op", 60020, errmsg, false); e.Address() != "" || len(e.Msg) > 1 {
			t.Errorf("%s: %q, %q, %q", name, e.Msg, e.RID, e.Address())
		}
	}
}
