package simulator

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestComponentCallsAreRefusedAsAtTheVendor(t *testing.T) {
	h := newHouse(t, nil)
	token := h.componentToken()
	access, refresh := h.accountToken(shop)
	token2 := h.componentToken() // the first dies at once
	const renew, mint = "api_authorizer_token?component_access_token=", "api_component_token"
	good := object{"component_appid": testComponent, "authorizer_appid": shop, "authorizer_refresh_token": refresh}
	with := func(name string, v any) object {
		body := object{}
		for k, old := range good {
			body[k] = old
		}
		body[name] = v
		return body
	}
	for name, c := range map[string]struct {
		path string
		body any
		want int64
		text string
	}{
		"token missing":               {renew, good, 41001, "access_token missing"},
		"token made up":               {renew + "87_Cxxx", good, 40001, "invalid credential, access_token is invalid or not latest"},
		"token no longer the latest":  {renew + token, good, 40001, "not latest"},
		"token of an account":         {renew + access, good, 61014, "must use component token"},
		"newer name of the parameter": {"api_authorizer_token?access_token=" + token2, good, 0, ""},
		"component_appid missing":     {renew + token2, with("component_appid", ""), 41018, "component_appid"},
		"component_appid foreign":     {renew + token2, with("component_appid", "wx0"), 40013, "invalid appid"},
		"account unknown":             {renew + token2, with("authorizer_appid", "wx0"), 61003, "component is not authorized by this account"},
		"account not authorized":      {renew + token2, with("authorizer_appid", clinic), 61003, "not authorized"},
		"refresh token wrong":         {renew + token2, with("authorizer_refresh_token", "refreshtoken@@@x"), 61023, "refresh_token is invalid"},
		"refresh token empty":         {renew + token2, with("authorizer_refresh_token", ""), 61023, "refresh_token is invalid"},
		"body empty":                  {renew + token2, " ", 44002, "empty post data"},
		"body cut":                    {renew + token2, `{"component_appid":`, 47001, "data format error"},
		"body of a wrong type":        {renew + token2, `{"component_appid":1}`, 47001, "data format error"},
		"body with escapes":           {renew + token2, `{"component_appid":"\u0041"}`, 47002, "do NOT use json unicode encode"},
		"secret wrong":                {mint, object{"component_appid": testComponent, "component_appsecret": "x"}, 40125, "invalid appsecret"},
		"ticket wrong":                {mint, object{"component_appid": testComponent, "component_appsecret": testSecret, "component_verify_ticket": "x"}, 61006, "component ticket is invalid"},
		"ticket empty":                {mint, object{"component_appid": testComponent, "component_appsecret": testSecret}, 61006, "component ticket is invalid"},
		"start push, wrong member":    {"api_start_push_ticket", object{"component_appid": testComponent, "component_appsecret": testSecret}, 40125, ""},
		"start push":                  {"api_start_push_ticket", object{"component_appid": testComponent, "component_secret": testSecret}, 0, "ok"},
		"code made up":                {"api_query_auth?component_access_token=" + token2, with("authorization_code", "preauthcode@@@x"), 61009, "code is invalid"},
		"list of 501":                 {"api_get_authorizer_list?component_access_token=" + token2, with("count", 501), 47001, "1 to 500"},
		"info of a stranger":          {"api_get_authorizer_info?component_access_token=" + token2, with("authorizer_appid", clinic), 61003, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := h.call("/cgi-bin/component/"+c.path, c.body)
			wantCode(t, a, c.want)
			if !strings.Contains(a.text("errmsg"), c.text) || c.want != 0 && !strings.Contains(a.text("errmsg"), " rid: ") {
				t.Errorf("errmsg %q, want %q and a rid", a.text("errmsg"), c.text)
			}
		})
	}
}

func TestAMethodOrPathThatIsNoneIsRefused(t *testing.T) {
	h := newHouse(t, nil)
	access, _ := h.accountToken(shop)
	wantCode(t, h.read(h.do(http.MethodGet, "/cgi-bin/component/api_component_token", "")), 43002)
	wantCode(t, h.read(h.do(http.MethodPost, "/cgi-bin/template/get_all_private_template?access_token="+access, "{}")), 43001)
	wantCode(t, h.read(h.do(http.MethodGet, "/cgi-bin/no/such/path", "")), 40066)
}

func TestTemplateSendsAreRefusedAsAtTheVendor(t *testing.T) {
	h := newHouse(t, nil)
	access, _ := h.accountToken(shop)
	mini, _ := h.accountToken(miniProgram)
	unset := h.authorizedWith(clinic, []int{1, 2})
	component := h.componentToken()
	with := func(name string, v any) object { body := paid(customer); body[name] = v; return body }
	value := func(name string, v any) object {
		body := paid(customer)
		body["data"].(object)[name] = object{"value": v}
		return body
	}
	missing := paid(customer)
	delete(missing["data"].(object), "thing2")
	for name, c := range map[string]struct {
		token string
		body  any
		want  int64
		text  string
	}{
		"right":                        {access, paid(customer), 0, "ok"},
		"token missing":                {"", paid(customer), 41001, "access_token missing"},
		"token of the component":       {component, paid(customer), 61015, "must use biz account token"},
		"token made up":                {access + "x", paid(customer), 40001, "invalid credential"},
		"account without set 7":        {unset, paid(customer), 61007, "api is unauthorized to component"},
		"a Mini Program":               {mini, paid(customer), 48001, "api unauthorized"},
		"no openid":                    {access, with("touser", ""), 41009, "missing openid"},
		"openid unknown":               {access, with("touser", "oNobody"), 40003, "invalid openid"},
		"openid of another account":    {access, with("touser", "oClinic000000000000000000001"), 40003, "invalid openid"},
		"no follower any more":         {access, with("touser", "oShop0000000000000000000009Z"), 43004, "require subscribe"},
		"template of another account":  {access, with("template_id", visitReminder.ID), 40037, "invalid template_id"},
		"miniprogram without an appid": {access, with("miniprogram", object{"pagepath": "p"}), 40166, "invalid weapp appid"},
		"thing of 20 emoji and 1":      {access, value("thing2", strings.Repeat("好", 20)+"!"), 47003, "data.thing2.value invalid"},
		"thing of exactly 20":          {access, value("thing2", strings.Repeat("好", 20)), 0, "ok"},
		"thing with a line break":      {access, value("thing2", "a\nb"), 47003, "data.thing2.value"},
		"an empty value":               {access, value("thing2", ""), 47003, "data.thing2.value is empty"},
		"a missing value":              {access, missing, 47003, "data.thing2.value"},
		"a value nobody asked for":     {access, value("thing9", "x"), 47003, "data.thing9.value"},
		"a number as value":            {access, value("thing2", 5), 47001, "data format error"},
		"escapes":                      {access, `{"touser":"\u003cb\u003e"}`, 47002, "do NOT use json unicode encode"},
		"an escaped backslash and u":   {access, with("url", `c:\\users`), 0, "ok"},
	} {
		t.Run(name, func(t *testing.T) {
			a := h.send(c.token, c.body)
			wantCode(t, a, c.want)
			if !strings.Contains(a.text("errmsg"), c.text) {
				t.Errorf("errmsg %q, want %q", a.text("errmsg"), c.text)
			}
		})
	}
}

// authorizedWith authorizes with some sets only and answers an access token.
func (h *house) authorizedWith(appID string, sets []int) string {
	h.t.Helper()
	token := h.componentToken()
	code := h.component("api_create_preauthcode", token, nil).text("pre_auth_code")
	link := "http://mp.example.com/cgi-bin/componentloginpage?auth_type=3&component_appid=" + testComponent + "&pre_auth_code=" + code + "&redirect_uri=https%3A%2F%2Fprogram.example.com%2Fback"
	out, err := h.sim.Authorize(h.t.Context(), Authorization{AppID: appID, Link: link, Sets: sets})
	if err != nil {
		h.t.Fatal(err)
	}
	info := h.exchange(token, out.Location)
	access, _ := info["authorizer_access_token"].(string)
	return access
}

func (h *house) exchange(token, location string) map[string]any {
	h.t.Helper()
	_, code, _ := strings.Cut(location, "auth_code=")
	code, _, _ = strings.Cut(code, "&")
	code = strings.ReplaceAll(code, "%40", "@")
	a := h.component("api_query_auth", token, object{"authorization_code": code})
	info, _ := a["authorization_info"].(map[string]any)
	if info == nil {
		h.t.Fatalf("exchange: %v", a)
	}
	return info
}

func TestTokensTicketsAndCodesExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, nil)
		g, err := h.sim.Grant(shop)
		if err != nil {
			t.Fatal(err)
		}
		component := h.componentToken()
		ticket := h.sim.component.newTicket(12*time.Hour, time.Now())
		code := h.sim.codes.add(h.sim.world.find(shop), 1, time.Hour, time.Now())
		preAuth := h.component("api_create_preauthcode", component, nil).text("pre_auth_code")
		first := h.renew(component, shop, g.RefreshToken)
		time.Sleep(time.Minute)
		second := h.renew(component, shop, g.RefreshToken)

		wantCode(t, h.send(first, paid(customer)), 0) // five minutes of overlap
		time.Sleep(5 * time.Minute)
		wantCode(t, h.send(first, paid(customer)), 40001)
		wantCode(t, h.send(second, paid(customer)), 0)

		time.Sleep(2 * time.Hour)
		wantCode(t, h.send(second, paid(customer)), 42001)
		wantCode(t, h.component("api_create_preauthcode", component, nil), 42001)
		component = h.componentToken()
		wantCode(t, h.component("api_query_auth", component, object{"authorization_code": code}), 61010)
		if _, err := h.sim.Authorize(t.Context(), Authorization{AppID: clinic, PreAuthCode: preAuth}); err == nil {
			t.Error("a pre-auth code of two hours was taken")
		}
		time.Sleep(12 * time.Hour)
		wantCode(t, h.call("/cgi-bin/component/api_component_token", object{
			"component_appid": testComponent, "component_appsecret": testSecret, "component_verify_ticket": ticket,
		}), 61005)
		if got := h.sim.Mints(shop); got != 2 {
			t.Errorf("%d tokens counted for the shop, want 2", got)
		}
	})
}

func TestARotatedRefreshTokenWorksFiveMoreMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, func(c *Config) { c.RotateRefresh = true })
		g, _ := h.sim.Grant(shop)
		component := h.componentToken()
		body := func() object { return object{"authorizer_appid": shop, "authorizer_refresh_token": g.RefreshToken} }
		if next := h.component("api_authorizer_token", component, body()).text("authorizer_refresh_token"); next == g.RefreshToken {
			t.Error("the refresh token did not rotate")
		}
		wantCode(t, h.component("api_authorizer_token", component, body()), 0)
		time.Sleep(5 * time.Minute)
		wantCode(t, h.component("api_authorizer_token", component, body()), 61023)
	})
}

func TestACodeWorksOnceAndTheRefreshTokenShowsOnlyAfterIt(t *testing.T) {
	h := newHouse(t, nil)
	token := h.componentToken()
	preAuth := h.component("api_create_preauthcode", token, nil).text("pre_auth_code")
	if _, err := h.sim.Authorize(t.Context(), Authorization{AppID: shop, PreAuthCode: preAuth}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.sim.Authorize(t.Context(), Authorization{AppID: clinic, PreAuthCode: preAuth}); err == nil {
		t.Error("a pre-auth code worked twice")
	}
	shown := func() string {
		list := h.component("api_get_authorizer_list", token, object{"offset": 0, "count": 10})["list"].([]any)
		info := h.component("api_get_authorizer_info", token, object{"authorizer_appid": shop})["authorization_info"].(map[string]any)
		listed := list[0].(map[string]any)["refresh_token"].(string)
		if inInfo, _ := info["authorizer_refresh_token"].(string); inInfo != listed {
			t.Errorf("info tells %q, list %q", inInfo, listed)
		}
		return listed
	}
	if got := shown(); got != "" {
		t.Errorf("refresh token %q is shown before the exchange", got)
	}
	code := h.sim.codes.add(h.sim.world.find(shop), 1, time.Hour, time.Now())
	first := h.component("api_query_auth", token, object{"authorization_code": code})
	wantCode(t, first, 0)
	wantCode(t, h.component("api_query_auth", token, object{"authorization_code": code}), 61009)
	if got := shown(); got == "" || got != first["authorization_info"].(map[string]any)["authorizer_refresh_token"] {
		t.Errorf("list tells refresh token %q, the exchange told %v", got, first)
	}
}

func TestOnlyMiniProgramsHaveMiniProgramInfo(t *testing.T) {
	h := newHouse(t, nil)
	token := h.componentToken()
	for appID, want := range map[string]bool{shop: false, miniProgram: true} {
		if _, err := h.sim.Grant(appID); err != nil {
			t.Fatal(err)
		}
		info := h.component("api_get_authorizer_info", token, object{"authorizer_appid": appID})["authorizer_info"].(map[string]any)
		if _, got := info["MiniProgramInfo"]; got != want {
			t.Errorf("%s: MiniProgramInfo %v, want %v", appID, got, want)
		}
	}
}

func TestTheTemplateListHasNamesToLearn(t *testing.T) {
	h := newHouse(t, nil)
	access, _ := h.accountToken(shop)
	res := h.do(http.MethodGet, "/cgi-bin/template/get_all_private_template?access_token="+access, "")
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	for _, want := range []string{`"template_id":"` + orderPaid.ID, "{{character_string1.DATA}}", "订单支付成功通知", `"deputy_industry"`} {
		if !strings.Contains(string(body), want) {
			t.Errorf("the list %s lacks %s", body, want)
		}
	}
}
