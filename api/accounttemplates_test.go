package api

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"wechattpp/access"
	"wechattpp/sender"
	"wechattpp/simulator"
	"wechattpp/sql"
	"wechattpp/wechat"
)

// templateHouse has the senders shop (an Official Account), mini and app, each
// with a secret of its own, beside a simulated WeChat.
func templateHouse(t *testing.T) (h *house, sim *simulator.Simulator, token string) {
	t.Helper()
	const secret = "0123456789abcdef0123456789abcdef"
	sim = simulator.New(simulator.Config{ComponentAppID: "wxc0ffee0000000001"})
	world := simulator.SampleWorld()
	for i := range world {
		world[i].Secret = secret
	}
	if err := sim.AddAccount(world...); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	vendor := wechat.API{Base: server.URL}
	h = newHouse(t, func(c *Config, db *sql.DB) {
		room := &sender.Room{Store: db.Sender("wxc0ffee0000000001"), API: vendor, Tokens: func(s sender.Sender) wechat.TokenSource {
			lent, err := vendor.StableToken(context.Background(), s.AppID, secret)
			if err != nil {
				t.Error(err)
			}
			return wechat.FixedToken(lent.Access)
		}}
		c.Senders, c.Templates = room, &sender.Templates{Store: db.Templates(), Senders: room}
		for code, s := range map[string]sender.Sender{"shop": {Kind: "wechatoa", AppID: world[0].AppID}, "mini": {Kind: "wechatmp", AppID: world[2].AppID}, "app": {Kind: "wechatapp", AppID: "wxapp"}} {
			s.Code, s.Credentials, s.Secrets = code, sender.Secret, sender.Secrets{AppSecret: secret}
			if _, err := room.Create(context.Background(), s); err != nil {
				t.Fatal(err)
			}
		}
	})
	_, token = h.client([]string{access.Templates}, "shop", "mini", "app")
	return h, sim, token
}

func TestTheTemplatesOfAnAccountAreReadAddedAndDeleted(t *testing.T) {
	t.Parallel()
	h, sim, token := templateHouse(t)
	get := func(path string) map[string]any {
		t.Helper()
		return h.json(h.call("GET", "/v1/senders/shop/"+path, token, nil), http.StatusOK)
	}
	first := get("templates")
	if list := first["lists"].([]any); len(list) != 2 || list[0].(map[string]any)["limit"] != 25.0 || list[1].(map[string]any)["limit"] != 50.0 || list[0].(map[string]any)["refreshed_at"] != nil {
		t.Errorf("before: %v", first)
	}
	read := h.json(h.call("POST", "/v1/senders/shop/templates/refresh", token, nil), http.StatusOK)
	if one := read["lists"].([]any)[0].(map[string]any); one["kind"] != "template" || one["used"] != 2.0 || len(one["added"].([]any)) != 2 || one["refreshed_at"] == nil {
		t.Errorf("refreshed: %v", read)
	}
	page := get("templates?kind=template&limit=1")
	item := page["items"].([]any)[0].(map[string]any)
	if item["id"] != "TPL-order-paid-0000000000000000000000000001" || item["parameters"].([]any)[2].(map[string]any)["type"] != "amount" {
		t.Errorf("the first: %v", item)
	}
	if next := get("templates?kind=template&limit=1&cursor=" + page["next_cursor"].(string)); len(next["items"].([]any)) != 1 || next["next_cursor"] != "" {
		t.Errorf("the next: %v", next)
	}
	made := h.json(h.call("POST", "/v1/senders/shop/templates", token, `{"tid":"401","kidList":[6,4],"sceneDesc":"到站提醒"}`), http.StatusCreated)
	id, _ := made["id"].(string)
	if parameters := made["template"].(map[string]any)["parameters"].([]any); id == "" || len(parameters) != 2 || len(parameters[0].(map[string]any)["values"].([]any)) != 2 {
		t.Errorf("added: %v", made)
	}
	if err := sim.Fail(simulator.Fault{Path: "/wxaapi/newtmpl/gettemplate", Code: 45009}); err != nil {
		t.Fatal(err)
	}
	dark := h.json(h.call("POST", "/v1/senders/shop/templates", token, `{"tid":"401","kidList":[6,4],"sceneDesc":"到站提醒"}`), http.StatusCreated)
	if text, _ := dark["warnings"].([]any); dark["id"] == "" || dark["template"] != nil || len(text) != 1 || !strings.Contains(text[0].(string), "few calls a day") {
		t.Errorf("added and not read: %v", dark)
	}
	if r := h.call("DELETE", "/v1/senders/shop/templates/"+id, token, nil); r.status != http.StatusNoContent {
		t.Errorf("deleted: %d %s", r.status, r.body)
	}
	h.refused(h.call("DELETE", "/v1/senders/shop/templates/"+id, token, nil), http.StatusNotFound, codeNotFound, "refresh them first")
	trail := h.json(h.call("GET", "/v1/audit?limit=3", h.admin, nil), http.StatusOK)["items"].([]any)
	if e := trail[0].(map[string]any); e["action"] != "account-template.delete" || e["target"] != "sender/shop" || e["detail"].(map[string]any)["template"] != id {
		t.Errorf("audit: %v", trail)
	}
}

func TestThePublicLibraryIsReadInPages(t *testing.T) {
	t.Parallel()
	h, _, token := templateHouse(t)
	get := func(path string) map[string]any {
		t.Helper()
		return h.json(h.call("GET", "/v1/senders/mini/template-library/"+path, token, nil), http.StatusOK)
	}
	if items := get("categories")["items"].([]any); len(items) != 3 {
		t.Errorf("categories: %v", items)
	}
	page := get("titles?ids=2,616&limit=2")
	if page["count"] != 3.0 || len(page["items"].([]any)) != 2 || page["next_cursor"] == "" {
		t.Errorf("titles: %v", page)
	}
	for _, rest := range []string{"cursor=" + page["next_cursor"].(string), "start=2"} {
		if page := get("titles?ids=2,616&limit=2&" + rest); len(page["items"].([]any)) != 1 || page["next_cursor"] != "" {
			t.Errorf("%s: %v", rest, page)
		}
	}
	if word := get("keywords?tid=401")["items"].([]any)[2].(map[string]any); word["kid"] != 3.0 || word["rule"] != "thing" {
		t.Errorf("keywords: %v", word)
	}
}

func TestWhatIsRefusedOfTemplates(t *testing.T) {
	t.Parallel()
	h, sim, token := templateHouse(t)
	_, other := h.client([]string{access.Templates}, "mini")
	for name, c := range map[string]struct {
		token, method, path, body string
		fault                     int
		status, code              int
		words                     string
	}{
		"another client's sender":         {token: other, method: "GET", path: "shop/templates", status: 404, code: codeNotFound, words: "shop"},
		"a mobile app":                    {method: "POST", path: "app/templates/refresh", status: 409, code: codeConflict, words: "only Official Accounts"},
		"an unknown kind":                 {method: "GET", path: "shop/templates?kind=x", status: 400, code: codeInvalid, words: "kind must be"},
		"template messages of MP, listed": {method: "GET", path: "mini/templates?kind=template", status: 400, code: codeInvalid, words: "kind must be subscribe"},
		"template messages of MP":         {method: "POST", path: "mini/templates/refresh?kind=template", status: 400, code: codeInvalid, words: "kind must be subscribe"},
		"both":                            {method: "POST", path: "shop/templates", body: `{"tid":"1","template_id_short":"TM1"}`, status: 400, code: codeInvalid, words: "together"},
		"a tid that is a number":          {method: "POST", path: "shop/templates", body: `{"tid":401}`, status: 400, code: codeInvalid, words: "tid must be text in quotes"},
		"a field of nobody's":             {method: "POST", path: "shop/templates", body: `{"x":1}`, status: 400, code: codeInvalid, words: "x is not a field"},
		"a scene of 16":                   {method: "POST", path: "shop/templates", body: `{"tid":"401","kidList":[1,2],"sceneDesc":"` + strings.Repeat("字", 16) + `"}`, status: 400, code: codeInvalid, words: "sceneDesc has 16 characters: 1 to 15"},
		"a tid that is not there":         {method: "POST", path: "shop/templates", body: `{"tid":"9","kidList":[1,2],"sceneDesc":"x"}`, status: 400, code: codeInvalid, words: "wrong template number"},
		"no categories":                   {method: "GET", path: "shop/template-library/titles", status: 400, code: codeInvalid, words: "ids must be"},
		"31 titles":                       {method: "GET", path: "shop/template-library/titles?ids=2&limit=31", status: 400, code: codeInvalid, words: "limit is 31: 1 to 30"},
		"a start that is none":            {method: "GET", path: "shop/template-library/titles?ids=2&start=x", status: 400, code: codeInvalid, words: "start must be"},
		"a cursor that is none":           {method: "GET", path: "shop/template-library/titles?ids=2&cursor=eA", status: 400, code: codeInvalid, words: "cursor"},
		"no tid":                          {method: "GET", path: "shop/template-library/keywords", status: 400, code: codeInvalid, words: "tid must be"},
		"a quota that is used up":         {method: "POST", path: "mini/templates/refresh", fault: 45009, status: 429, code: codeRate, words: "few calls a day"},
		"too many a minute":               {method: "POST", path: "mini/templates/refresh", fault: 45011, status: 429, code: codeRate, words: "minute"},
		"a full list":                     {method: "POST", path: "mini/templates", body: `{"tid":"401","kidList":[1,2],"sceneDesc":"x"}`, fault: 200012, status: 409, code: codeConflict, words: "delete a template"},
		"a banned account":                {method: "POST", path: "mini/templates", body: `{"tid":"401","kidList":[1,2],"sceneDesc":"x"}`, fault: 200011, status: 409, code: codeConflict, words: "banned from templates"},
		"a set that is not granted":       {method: "POST", path: "mini/templates/refresh", fault: 61007, status: 409, code: codeConflict, words: "permission set"},
		"WeChat is busy":                  {method: "POST", path: "mini/templates", body: `{"tid":"401","kidList":[1,2],"sceneDesc":"x"}`, fault: -1, status: 502, code: codeVendor, words: "it may have been done"},
	} {
		if c.fault != 0 {
			if err := sim.Fail(simulator.Fault{Path: "/wxaapi/newtmpl/", Code: c.fault}); err != nil {
				t.Fatal(err)
			}
		}
		if c.token == "" {
			c.token = token
		}
		var body any
		if c.body != "" {
			body = c.body
		}
		r := h.call(c.method, "/v1/senders/"+c.path, c.token, body)
		if r.status != c.status {
			t.Errorf("%s: status %d, want %d: %s", name, r.status, c.status, r.body)
			continue
		}
		h.refused(r, c.status, c.code, c.words)
		if wait := r.header.Get("Retry-After"); (wait != "") != (c.status == 429) {
			t.Errorf("%s: Retry-After %q", name, wait)
		}
	}
}
