package wechat

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

// What each call asks and what it makes of the answer, written out by hand after the vendor's pages.
func TestCalls(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		call                      func(*testing.T, API) (any, error)
		path, query, body, answer string
		want                      any
	}{
		"api_component_token": {
			func(t *testing.T, a API) (any, error) {
				return a.Component("wxc", nil).Mint(t.Context(), "0f", "ticket@@@S")
			},
			"/cgi-bin/component/api_component_token", "",
			`{"component_appid":"wxc","component_appsecret":"0f","component_verify_ticket":"ticket@@@S"}`,
			`{"component_access_token":"61_SAMPLE","expires_in":7200}`,
			Lent{Access: "61_SAMPLE", Life: 2 * time.Hour},
		},
		"api_component_token, with its numbers in quotes and no life": {
			func(t *testing.T, a API) (any, error) { return a.Component("wxc", nil).Mint(t.Context(), "0f", "t") },
			"/cgi-bin/component/api_component_token", "",
			`{"component_appid":"wxc","component_appsecret":"0f","component_verify_ticket":"t"}`,
			` {"errcode":"0","errmsg":"ok","component_access_token":"61_SAMPLE","expires_in":""}`,
			Lent{Access: "61_SAMPLE", Life: 2 * time.Hour},
		},
		"api_start_push_ticket, which had stopped": {
			func(t *testing.T, a API) (any, error) {
				return a.Component("wxc", nil).StartPushTicket(t.Context(), "0f")
			},
			"/cgi-bin/component/api_start_push_ticket", "", `{"component_appid":"wxc","component_secret":"0f"}`,
			`{"errcode":0,"errmsg":"ok"}`, true,
		},
		"api_start_push_ticket, which had not": {
			func(t *testing.T, a API) (any, error) {
				return a.Component("wxc", nil).StartPushTicket(t.Context(), "0f")
			},
			"/cgi-bin/component/api_start_push_ticket", "", `{"component_appid":"wxc","component_secret":"0f"}`,
			`{"errcode":0,"errmsg":"the ticket push is in a normal state rid: 1-2-3"}`, false,
		},
		"api_start_push_ticket, which had not, as an error": {
			func(t *testing.T, a API) (any, error) {
				return a.Component("wxc", nil).StartPushTicket(t.Context(), "0f")
			},
			"/cgi-bin/component/api_start_push_ticket", "", `{"component_appid":"wxc","component_secret":"0f"}`,
			`{"errcode":99999,"errmsg":"in a normal state"}`, false,
		},
		"api_create_preauthcode": {
			func(t *testing.T, a API) (any, error) { return component(a).PreAuthCode(t.Context()) },
			"/cgi-bin/component/api_create_preauthcode", "component_access_token=61_T%2B%2F%3D", `{"component_appid":"wxc"}`,
			`{"pre_auth_code":"preauthcode@@@P","expires_in":1800}`, PreAuthCode{"preauthcode@@@P", 30 * time.Minute},
		},
		"api_query_auth": {
			func(t *testing.T, a API) (any, error) {
				return component(a).QueryAuth(t.Context(), "queryauthcode@@@C")
			},
			"/cgi-bin/component/api_query_auth", "component_access_token=61_T%2B%2F%3D",
			`{"component_appid":"wxc","authorization_code":"queryauthcode@@@C"}`,
			`{"authorization_info":{"authorizer_appid":"wx9","authorizer_access_token":"61_A","expires_in":7200,"authorizer_refresh_token":"refreshtoken@@@R","func_info":[{"funcscope_category":{"id":1,"type":0,"name":"x"}},{"funcscope_category":{"id":"7"},"confirm_info":{"need_confirm":0}}]}}`,
			Authorization{AppID: "wx9", Access: "61_A", Refresh: "refreshtoken@@@R", Life: 2 * time.Hour, Sets: []int{1, 7}},
		},
		"api_query_auth of an account that granted no call": {
			func(t *testing.T, a API) (any, error) { return component(a).QueryAuth(t.Context(), "c") },
			"/cgi-bin/component/api_query_auth", "component_access_token=61_T%2B%2F%3D",
			`{"component_appid":"wxc","authorization_code":"c"}`,
			`{"authorization_info":{"authorizer_appid":"wx9","func_info":[]}}`,
			Authorization{AppID: "wx9", Life: 2 * time.Hour, Sets: []int{}},
		},
		"api_authorizer_token": {
			func(t *testing.T, a API) (any, error) {
				return component(a).AuthorizerToken(t.Context(), "wx9", "refreshtoken@@@R")
			},
			"/cgi-bin/component/api_authorizer_token", "component_access_token=61_T%2B%2F%3D",
			`{"component_appid":"wxc","authorizer_appid":"wx9","authorizer_refresh_token":"refreshtoken@@@R"}`,
			`{"authorizer_access_token":"61_A","expires_in":7100,"authorizer_refresh_token":"refreshtoken@@@S"}`,
			Lent{Access: "61_A", Refresh: "refreshtoken@@@S", Life: 7100 * time.Second},
		},
		"api_get_authorizer_info of an Official Account": {
			func(t *testing.T, a API) (any, error) { return component(a).AuthorizerInfo(t.Context(), "wx9") },
			"/cgi-bin/component/api_get_authorizer_info", "component_access_token=61_T%2B%2F%3D",
			`{"component_appid":"wxc","authorizer_appid":"wx9"}`,
			`{"authorizer_info":{"nick_name":"店 <&> 😀","head_img":"http://x/1","service_type_info":{"id":2},"verify_type_info":{"id":-1},"user_name":"gh_1","principal_name":"公司","alias":"","business_info":{"open_pay":0},"account_status":1,"idc":1},"authorization_info":{"authorization_appid":"wx9","authorizer_refresh_token":"refreshtoken@@@R","func_info":[{"funcscope_category":{"id":89}}]}}`,
			Profile{AppID: "wx9", UserName: "gh_1", NickName: "店 <&> 😀", HeadImage: "http://x/1", Principal: "公司", ServiceType: 2, VerifyType: -1, AccountStatus: 1, Refresh: "refreshtoken@@@R", Sets: []int{89}},
		},
		"api_get_authorizer_info of a Mini Program": {
			func(t *testing.T, a API) (any, error) { return component(a).AuthorizerInfo(t.Context(), "wx9") },
			"/cgi-bin/component/api_get_authorizer_info", "component_access_token=61_T%2B%2F%3D",
			`{"component_appid":"wxc","authorizer_appid":"wx9"}`,
			`{"authorizer_info":{"nick_name":"n","service_type_info":{"id":0},"verify_type_info":{"id":0},"user_name":"gh_2","MiniProgramInfo":{"network":{},"categories":[]}},"authorization_info":{}}`,
			Profile{AppID: "wx9", UserName: "gh_2", NickName: "n", MiniProgram: true, Sets: []int{}},
		},
		"api_get_authorizer_list": {
			func(t *testing.T, a API) (any, error) { return component(a).AuthorizerList(t.Context(), 500, 500) },
			"/cgi-bin/component/api_get_authorizer_list", "component_access_token=61_T%2B%2F%3D",
			`{"component_appid":"wxc","offset":500,"count":500}`,
			`{"total_count":502,"list":[{"authorizer_appid":"wx1","refresh_token":"refreshtoken@@@1","auth_time":1760000000},{"authorizer_appid":"wx2","auth_time":"1760000001"}]}`,
			List{502, []Listed{{"wx1", "refreshtoken@@@1", time.Unix(1760000000, 0).UTC()}, {"wx2", "", time.Unix(1760000001, 0).UTC()}}},
		},
		"message/template/send": {
			func(t *testing.T, a API) (any, error) {
				return account(a).SendTemplate(t.Context(), TemplateMessage{
					ToUser: "oA", TemplateID: "TPL", URL: "https://x.example/?a=1&b=<2>", ClientMsgID: "job41",
					MiniProgram: &MiniProgram{"wx00", "pages/a?id=1"}, Data: map[string]string{"thing2": "两件\u2028商品", "amount3": "¥39 & <\"up\">"},
				})
			},
			"/cgi-bin/message/template/send", "access_token=61_T%2B%2F%3D",
			"{\"touser\":\"oA\",\"template_id\":\"TPL\",\"url\":\"https://x.example/?a=1&b=<2>\",\"miniprogram\":{\"appid\":\"wx00\",\"pagepath\":\"pages/a?id=1\"},\"client_msg_id\":\"job41\",\"data\":{\"amount3\":{\"value\":\"¥39 & <\\\"up\\\">\"},\"thing2\":{\"value\":\"两件\u2028商品\"}}}",
			`{"errcode":0,"errmsg":"ok","msgid":3487542469355618313}`, int64(3487542469355618313),
		},
		"message/custom/send of a text, by a token nobody renews": {
			func(t *testing.T, a API) (any, error) {
				return nil, a.Account("wx1", FixedToken("61_F")).SendText(t.Context(), "oA", "你好 <1> & \"2\"")
			},
			"/cgi-bin/message/custom/send", "access_token=61_F", `{"msgtype":"text","text":{"content":"你好 <1> & \"2\""},"touser":"oA"}`,
			`{"errcode":0,"errmsg":"ok"}`, nil,
		},
		"message/template/send, the id in quotes, nothing optional": {
			func(t *testing.T, a API) (any, error) {
				return account(a).SendTemplate(t.Context(), TemplateMessage{ToUser: "oA", TemplateID: "TPL"})
			},
			"/cgi-bin/message/template/send", "access_token=61_T%2B%2F%3D", `{"touser":"oA","template_id":"TPL","data":{}}`,
			`{"msgid":"3487542469355618313"}`, int64(3487542469355618313),
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVendor(t, test.answer)
			got, err := test.call(t, API{Base: v.URL + "/"})
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("\n got %+v\nwant %+v", got, test.want)
			}
			if want := []asked{{"POST", test.path, test.query, test.body, "application/json"}}; !reflect.DeepEqual(v.got, want) {
				t.Errorf("\nasked %+v\n want %+v", v.got, want)
			}
		})
	}
}

func component(a API) *Component {
	return a.Component("wxc", &tokens{list: []string{"61_T+/="}})
}

func account(a API) *Account { return a.Account("wx1", &tokens{list: []string{"61_T+/="}}) }

func TestAPageOfAuthorizersIsCheckedBeforeItIsAsked(t *testing.T) {
	t.Parallel()
	for _, page := range [][2]int{{-1, 1}, {0, 0}, {0, 501}} {
		_, err := component(API{Base: "http://nowhere.invalid"}).AuthorizerList(t.Context(), page[0], page[1])
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("offset %d, count %d", page[0], page[1])) {
			t.Errorf("%v: %v", page, err)
		}
	}
}

func TestAuthorizationLinks(t *testing.T) {
	t.Parallel()
	const query = "component_appid=wxc&pre_auth_code=preauthcode%40%40%40P&redirect_uri=https%3A%2F%2Fx.example%2Fcb%3Fstate%3D1&auth_type=3"
	desktop := API{}.Component("wxc", nil).DesktopLink("preauthcode@@@P", "https://x.example/cb?state=1", AuthBoth)
	if want := "https://mp.weixin.qq.com/cgi-bin/componentloginpage?" + query; desktop != want {
		t.Errorf("desktop %s\n   want %s", desktop, want)
	}
	mobile := API{OpenBase: "http://127.0.0.1:1/"}.Component("wxc", nil).MobileLink("preauthcode@@@P", "https://x.example/cb?state=1", AuthBoth)
	if want := "http://127.0.0.1:1/wxaopen/safe/bindcomponent?action=bindcomponent&no_scan=1&" + query + "#wechat_redirect"; mobile != want {
		t.Errorf("mobile %s\n  want %s", mobile, want)
	}
}

func FuzzBodiesHaveNoEscapes(f *testing.F) {
	for _, seed := range []string{"", "<>&", "\u2028\u2029", `\u003c`, `\\u003c`, `"\`, "\x00\x1f\x7f", "\xff", "😀", "a\nb\tc"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		body, err := encode(TemplateMessage{ToUser: value, Data: map[string]string{"k": value}})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(strings.ReplaceAll(string(body), `\\`, ""), `\u`) {
			t.Errorf("an escape in %s", body)
		}
		var back struct{ ToUser string }
		if err := json.Unmarshal(body, &back); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		kept := strings.Map(func(r rune) rune {
			if r < 0x20 && !strings.ContainsRune("\n\r\t\b\f", r) { // JSON can write these only as escapes
				return -1
			}
			return r
		}, strings.ToValidUTF8(value, "\uFFFD"))
		if norm := strings.ReplaceAll(back.ToUser, "\uFFFD", ""); norm != strings.ReplaceAll(kept, "\uFFFD", "") {
			t.Errorf("%q became %q", value, back.ToUser)
		}
	})
}

func TestEscapesOfOthersAreWrittenOut(t *testing.T) {
	t.Parallel()
	body, err := encode(json.RawMessage(`{"a":"\u4f60\ud83d\ude00\u003c\u0022\u005c\\u0041\n\ud83d"}`))
	if want := `{"a":"你😀<\"\\\\u0041\n` + "\uFFFD" + `"}`; err != nil || string(body) != want {
		t.Errorf("%s, %v; want %s", body, err, want)
	}
}
