package simulator

import (
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
)

func TestTheWholeChainFromTicketToOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, nil).run()
		ticket := h.waitFor("component_verify_ticket", 1)[0].inner.ComponentVerifyTicket
		token := h.call("/cgi-bin/component/api_component_token", object{
			"component_appid": testComponent, "component_appsecret": testSecret, "component_verify_ticket": ticket,
		}).text("component_access_token")
		preAuth := h.component("api_create_preauthcode", token, nil).text("pre_auth_code")

		back := h.throughThePage(preAuth)
		if back.Query().Get("state") != "s1" || back.Query().Get("expires_in") != "600" {
			t.Errorf("return address %q lost the state or has no expires_in", back)
		}
		event := h.waitFor("authorized", 1)[0].inner
		if event.AuthorizerAppid != shop || event.PreAuthCode != preAuth || event.AppId != testComponent {
			t.Errorf("authorized event %+v is not of this attempt", event)
		}
		if event.AuthorizationCodeExpiredTime != event.CreateTime+3600 {
			t.Errorf("AuthorizationCodeExpiredTime %d, want CreateTime + 3600", event.AuthorizationCodeExpiredTime)
		}

		info := h.component("api_query_auth", token, object{"authorization_code": back.Query().Get("auth_code")})["authorization_info"].(map[string]any)
		if info["authorizer_appid"] != shop {
			t.Fatalf("authorization_info %v", info)
		}
		msgID := h.send(info["authorizer_access_token"].(string), paid(customer))["msgid"]
		outcome := h.waitFor("TEMPLATESENDJOBFINISH", 1)[0]
		if got := outcome.inner; got.Status != "success" || got.FromUserName != customer || got.ToUserName != "gh_5a1e0c7d93b2" {
			t.Errorf("outcome %+v", got)
		}
		if outcome.path != "/"+shop+"/message" || outcome.query["openid"] != customer {
			t.Errorf("outcome came to %s for %s", outcome.path, outcome.query["openid"])
		}
		e := h.sim.Ledger()
		if len(e.Sends) != 1 || e.Sends[0].OpenID != customer || h.sim.Delivered(customer) != 1 || outcome.inner.MsgID != e.Sends[0].MsgID {
			t.Errorf("ledger %+v, outcome of %d, answer %v", e, outcome.inner.MsgID, msgID)
		}
	})
}

var formWord = regexp.MustCompile(`name="form" value="([^"]+)"`)

// throughThePage is the browser: opens the page from our site, ticks the shop.
func (h *house) throughThePage(preAuth string) *url.URL {
	h.t.Helper()
	link := "/cgi-bin/componentloginpage?auth_type=1&component_appid=" + testComponent + "&pre_auth_code=" + url.QueryEscape(preAuth) +
		"&redirect_uri=" + url.QueryEscape("https://program.example.com/back?state=s1")
	page := h.openPage(link, "https://program.example.com/")
	if !strings.Contains(page, "山海优选商城") || strings.Contains(page, "山海优选小程序") {
		h.t.Errorf("the page for auth_type 1 shows the wrong accounts:\n%s", page)
	}
	form := url.Values{"form": {html.UnescapeString(formWord.FindStringSubmatch(page)[1])}, "do": {"authorize"}, "appid": {shop}, "set-" + shop: {"1", "7", "89"}}
	req, _ := http.NewRequest(http.MethodPost, "http://mp.example.com/cgi-bin/componentloginpage", strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := h.client.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	back, err := res.Location()
	if err != nil {
		h.t.Fatalf("no redirect, status %d: %v", res.StatusCode, err)
	}
	return back
}

func (h *house) openPage(link, referer string) string {
	h.t.Helper()
	req, _ := http.NewRequest(http.MethodGet, "http://mp.example.com"+link, nil)
	if referer != "" {
		req.Header.Set("Referer", referer)
	}
	res, err := h.client.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return string(body)
}

func TestThePageRefusesWhatWeChatRefuses(t *testing.T) {
	h := newHouse(t, nil)
	preAuth := h.component("api_create_preauthcode", h.componentToken(), nil).text("pre_auth_code")
	good := url.Values{"component_appid": {testComponent}, "pre_auth_code": {preAuth}, "auth_type": {"3"}, "redirect_uri": {"https://program.example.com/back"}}
	const ours = "https://program.example.com/authorize/x"
	for name, c := range map[string]struct {
		change, value, referer, want string
	}{
		"no referer":              {referer: "", want: "请确认授权入口页所在域名"},
		"a foreign referer":       {referer: "https://mail.example.net/", want: "host mail.example.net"},
		"a wrong component":       {change: "component_appid", value: "wx0", referer: ours, want: "component_appid"},
		"an unknown pre-auth":     {change: "pre_auth_code", value: "preauthcode@@@x", referer: ours, want: "pre_auth_code is invalid"},
		"no redirect_uri":         {change: "redirect_uri", value: "", referer: ours, want: "redirect_uri"},
		"auth_type 7":             {change: "auth_type", value: "7", referer: ours, want: "auth_type"},
		"category_id_list a word": {change: "category_id_list", value: "1|x", referer: ours, want: "category_id_list"},
		"everything right":        {referer: ours, want: "Authorize a third-party platform"},
	} {
		t.Run(name, func(t *testing.T) {
			q := url.Values{}
			for k, v := range good {
				q[k] = v
			}
			if c.change != "" {
				q.Set(c.change, c.value)
			}
			for _, path := range []string{"/cgi-bin/componentloginpage?", "/wxaopen/safe/bindcomponent?action=bindcomponent&no_scan=1&"} {
				if page := h.openPage(path+q.Encode(), c.referer); !strings.Contains(page, c.want) {
					t.Errorf("%s: page %q does not say %q", path, page, c.want)
				}
			}
		})
	}
}

func TestAnUnpublishedComponentAuthorizesOnlyItsTestList(t *testing.T) {
	h := newHouse(t, func(c *Config) { c.TestList = []string{"gh_8b6f20de417c"} })
	token := h.componentToken()
	for appID, want := range map[string]bool{shop: false, clinic: true} {
		code := h.component("api_create_preauthcode", token, nil).text("pre_auth_code")
		_, err := h.sim.Authorize(t.Context(), Authorization{AppID: appID, PreAuthCode: code})
		if (err == nil) != want {
			t.Errorf("authorizing %s: %v", appID, err)
		}
	}
}
