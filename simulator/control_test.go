package simulator

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAnotherProcessCanDriveItOverHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, nil).run()
		token := h.componentToken()
		code := h.component("api_create_preauthcode", token, nil).text("pre_auth_code")
		link := "http://mp.example.com/?component_appid=" + testComponent + "&pre_auth_code=" + code + "&auth_type=3&redirect_uri=http%3A%2F%2Fprogram.example.com%2Fback"
		out := h.call("/simulator/authorize", object{"appid": shop, "link": link, "event_first": true})
		if !strings.HasPrefix(out.text("location"), "http://program.example.com/back?auth_code=queryauthcode%40%40%40") || len(h.program.arrivals("authorized")) != 1 {
			t.Fatalf("authorize: %v", out)
		}
		access := h.exchange(token, out.text("location"))["authorizer_access_token"].(string)

		h.call("/simulator/faults", object{"path": "/cgi-bin/message", "code": 45011, "delay": "3s"})
		start := time.Now()
		wantCode(t, h.send(access, paid(customer)), 45011)
		if time.Since(start) != 3*time.Second {
			t.Errorf("the delay was %v", time.Since(start))
		}
		h.call("/simulator/outcomes", object{"status": "failed:user block", "times": 1})
		h.send(access, paid(customer))
		if sends := h.get("/simulator/ledger")["sends"].([]any); len(sends) != 1 || sends[0].(map[string]any)["outcome"] != "failed:user block" {
			t.Errorf("ledger: %v", sends)
		}
		calls := h.get("/simulator/calls")["accounts"].(map[string]any)[shop].(map[string]any)
		if fmt.Sprint(calls["/cgi-bin/message/template/send"]) != "2" || fmt.Sprint(calls["/cgi-bin/component/api_query_auth"]) != "1" {
			t.Errorf("calls of the shop: %v", calls)
		}
		if p := h.call("/simulator/push-ticket", ""); p.text("state") != "answered" {
			t.Errorf("push-ticket: %v", p)
		}
		if p := h.call("/simulator/message", object{"appid": shop, "openid": customer, "content": "hi"}); p.text("state") != "answered" {
			t.Errorf("message: %v", p)
		}
		h.call("/simulator/unauthorize", object{"appid": shop})
		h.waitFor("unauthorized", 1)
		h.call("/simulator/accounts", object{"appid": "wx00000000000000aa", "user_name": "gh_aa", "sets": []int{7}})
		grants := h.do(http.MethodPost, "/simulator/accounts", `{"count":3,"prefix":"wxbulk"}`)
		defer grants.Body.Close()
		if b, _ := io.ReadAll(grants.Body); strings.Count(string(b), "refreshtoken@@@") != 3 || !strings.Contains(string(b), "wxbulk000000000002") {
			t.Errorf("accounts: %s", b)
		}
		if state := h.get("/simulator/state"); fmt.Sprint(state["total_accounts"]) != "7" {
			t.Errorf("state: %v", state)
		}
		h.call("/simulator/urls", object{"authorization": "http://program.example.com/other"})
		if got := h.waitFor("component_verify_ticket", 3); got[2].path != "/other" {
			t.Errorf("the ticket came to %s", got[2].path)
		}
	})
}

func (h *house) get(path string) answer { return h.read(h.do(http.MethodGet, path, "")) }

func TestABadControlRequestSaysWhatIsWrong(t *testing.T) {
	h := newHouse(t, func(c *Config) { c.AuthorizationURL, c.MessageURL = "", "" })
	for name, c := range map[string]struct{ path, body, want string }{
		"no JSON":            {"faults", "{", "request body"},
		"an unknown member":  {"faults", `{"pth":"/"}`, "pth"},
		"a bad duration":     {"faults", `{"delay":"fast"}`, `is no duration, write 50ms`},
		"a bad mode":         {"faults", `{"mode":"explode"}`, "explode"},
		"too many copies":    {"outcomes", `{"copies":101}`, "copies 101"},
		"no account":         {"unauthorize", `{"appid":"wx0"}`, "no account"},
		"account twice":      {"accounts", `{"appid":"` + shop + `","user_name":"gh_x"}`, "exists already"},
		"account, no name":   {"accounts", `{"appid":"wx1"}`, "user_name"},
		"nowhere to push":    {"push-ticket", ``, "no authorization URL"},
		"nowhere to say":     {"message", `{"appid":"` + shop + `","openid":"o","content":"x"}`, "no message URL"},
		"a dead pre-auth":    {"authorize", `{"appid":"` + shop + `","pre_auth_code":"x"}`, "pre_auth_code"},
		"a wrong kind of id": {"unauthorize", `{"appid":5}`, "appid"},
	} {
		t.Run(name, func(t *testing.T) {
			res := h.do(http.MethodPost, "/simulator/"+c.path, c.body)
			defer res.Body.Close()
			b, _ := io.ReadAll(res.Body)
			if res.StatusCode != http.StatusBadRequest || !strings.Contains(string(b), c.want) {
				t.Errorf("%d %s, want 400 with %q", res.StatusCode, b, c.want)
			}
		})
	}
}

func TestThePagesCanBeRead(t *testing.T) {
	h := newHouse(t, nil)
	access, _ := h.accountToken(shop)
	body := paid(customer)
	body["data"].(object)["thing2"] = object{"value": "<b>两件</b>"}
	h.send(access, body)
	h.sim.PushTicket()
	for path, want := range map[string]string{
		"/":       "山海优选商城",
		"/ledger": "商品名称:&lt;b&gt;两件&lt;/b&gt;",
		"/pushes": "component_verify_ticket",
	} {
		if page := h.openPage(path, ""); !strings.Contains(page, want) {
			t.Errorf("%s lacks %q:\n%s", path, want, page)
		}
	}
}
