package api

import (
	"fmt"
	"net/http"
	"testing"

	"wechattpp/access"
)

func TestSegmentsAndListsAreKeptAndUsed(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	_, token := s.client([]string{access.Send, access.Users, access.MessagesRead}, "oa1")
	made := s.json(s.call("POST", "/v1/segments", token, `{"name":"vips","any_tags":["vip"]}`), http.StatusCreated)
	path := "/v1/segments/" + made["id"].(string)
	if got := s.json(s.call("PATCH", path, token, `{"no_tags":["quiet"]}`), http.StatusOK); fmt.Sprint(got["any_tags"], got["no_tags"]) != "[vip] [quiet]" {
		t.Errorf("changed: %v", got)
	}
	s.refused(s.call("POST", "/v1/segments", token, `{"name":"x"}`), http.StatusBadRequest, 4004, "any_tags")
	s.refused(s.call("GET", "/v1/segments/99999", token, nil), http.StatusNotFound, 4040)
	if got := s.json(s.call("GET", "/v1/segments", token, nil), http.StatusOK)["items"].([]any); len(got) != 1 {
		t.Errorf("listed: %v", got)
	}

	l := s.json(s.call("POST", "/v1/lists", token, `{"kind":"black","name":"quiet"}`), http.StatusCreated)
	lists := fmt.Sprintf("/v1/lists/%v", l["id"])
	if got := s.json(s.call("POST", lists+"/entries", token, `{"add":["u-1","u-2","o3"],"remove":["u-9"]}`), http.StatusOK); got["size"] != 3.0 {
		t.Errorf("filled: %v", got)
	}
	page := s.json(s.call("GET", lists+"/entries?limit=2", token, nil), http.StatusOK)
	if fmt.Sprint(page["items"]) != "[o3 u-1]" || page["next_cursor"] == "" {
		t.Errorf("entries: %v", page)
	}
	if got := s.json(s.call("PATCH", lists, token, `{"name":"silent"}`), http.StatusOK); got["name"] != "silent" {
		t.Errorf("renamed: %v", got)
	}
	body := fmt.Sprintf(`{"aud_wechatoa":[{"data":["o1","o3"]}],"msg_wechatoa":[{"template_id":"T","data":{"thing1":{"value":"x"}}}],"option":{"black_id":%v}}`, l["id"])
	sent := s.json(s.call("POST", "/v1/sent", token, body), http.StatusOK)
	skipped := s.json(s.call("GET", "/v1/messages/"+sent["msgid"].(string)+"/recipients?state=skipped", token, nil), http.StatusOK)["items"].([]any)
	if len(skipped) != 1 || skipped[0].(map[string]any)["identity"] != "o3" {
		t.Errorf("skipped: %v", skipped)
	}
	s.json(s.call("POST", "/v1/broadcast", token, `{"msg_wechatoa":[{"template_id":"T","data":{"thing1":{"value":"x"}}}]}`), http.StatusOK)

	for _, p := range []string{path, lists} {
		if r := s.call("DELETE", p, token, nil); r.status != http.StatusNoContent {
			t.Errorf("DELETE %s: %d", p, r.status)
		}
		s.refused(s.call("DELETE", p, token, nil), http.StatusNotFound, 4040)
	}
	s.refused(s.call("POST", "/v1/sent", token, body), http.StatusBadRequest, 1015046)
}

func TestRulesAreTheClientsOwn(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	_, token := s.client([]string{access.Send, access.Templates}, "oa1", "oa2")
	_, other := s.client([]string{access.Send, access.Templates}, "oa1", "oa2")
	body := `{"name":"first oa1","steps":[{"sender":"oa1","go_on":["failed","undelivered"],"wait":"30m"},{"sender":"oa2"}]}`
	made := s.json(s.call("POST", "/v1/rules", token, body), http.StatusCreated)
	path := fmt.Sprintf("/v1/rules/%v", made["id"])
	if got := fmt.Sprint(made["steps"]); got != "[map[go_on:[failed undelivered] sender:oa1 wait:30m0s] map[sender:oa2]]" {
		t.Errorf("steps: %s", got)
	}
	for _, call := range []string{"GET", "PATCH", "DELETE"} {
		s.refused(s.call(call, path, other, `{"name":"mine"}`), http.StatusNotFound, 4040)
	}
	shared := s.json(s.call("POST", "/v1/rules", s.admin, body), http.StatusCreated)
	if shared["shared"] != true {
		t.Errorf("an administrator's: %v", shared)
	}
	s.json(s.call("GET", fmt.Sprintf("/v1/rules/%v", shared["id"]), other, nil), http.StatusOK)
	s.refused(s.call("DELETE", fmt.Sprintf("/v1/rules/%v", shared["id"]), other, nil), http.StatusNotFound, 4040)
	if got := s.json(s.call("GET", "/v1/rules", token, nil), http.StatusOK)["items"].([]any); len(got) != 2 {
		t.Errorf("listed: %v", got)
	}
	s.refused(s.call("POST", "/v1/rules", token, `{"name":"x","steps":[{"sender":"oa1","wait":"soon"},{"sender":"oa2"}]}`), http.StatusBadRequest, 4004, "steps[0].wait")
	if got := s.json(s.call("PATCH", path, token, `{"name":"renamed"}`), http.StatusOK); got["name"] != "renamed" {
		t.Errorf("renamed: %v", got)
	}
	if r := s.call("DELETE", path, token, nil); r.status != http.StatusNoContent {
		t.Errorf("DELETE: %d", r.status)
	}
}

func TestTemplatesAreKeptFilledAndSent(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	_, token := s.client([]string{access.Send, access.Templates, access.MessagesRead, access.Users}, "oa1")
	_, other := s.client([]string{access.Send, access.Templates}, "oa1")
	made := s.json(s.call("POST", "/v1/templates", token, `{"kind":"general","name":"Shipped","messages":{"msg_wechatoa":[{"sender":"oa1","template_id":"T","data":{"thing1":{"value":"{{what}}"}}}]}}`), http.StatusCreated)
	if fmt.Sprint(made["variables"]) != "[what]" {
		t.Errorf("made: %v", made)
	}
	path := fmt.Sprintf("/v1/templates/%v", made["id"])
	send := func(token, values string) reply {
		return s.call("POST", "/v1/template/sent", token, fmt.Sprintf(`{"aud_wechatoa":[{"data":["o1"]}],"template_id":%v,"template_para":%s}`, made["id"], values))
	}
	sent := s.json(send(token, `{"what":"<b>书 & 笔"}`), http.StatusOK)
	if m := s.json(s.call("GET", "/v1/messages/"+sent["msgid"].(string), token, nil), http.StatusOK); m["target"] != 1.0 {
		t.Errorf("message: %v", m)
	}
	s.refused(send(other, `{"what":"x"}`), http.StatusBadRequest, 1015031)
	s.refused(send(token, `{}`), http.StatusBadRequest, 4004, "template_para.what is missing")
	s.refused(s.call("GET", path, other, nil), http.StatusNotFound, 4040)
	s.json(s.call("POST", "/v1/template/broadcast", token, fmt.Sprintf(`{"template_id":%v,"template_para":{"what":"x"}}`, made["id"])), http.StatusOK)

	logical := `{"kind":"logical","name":"Shipped","code":"shipped","accounts":[{"sender":"oa1","template_id":"T","keywords":{"what":"thing1"}}]}`
	s.json(s.call("POST", "/v1/templates", token, logical), http.StatusCreated)
	s.refused(s.call("POST", "/v1/templates", token, logical), http.StatusConflict, 4090)
	s.json(s.call("POST", "/v1/templates", s.admin, logical), http.StatusCreated)
	s.json(s.call("POST", "/v1/sent", token, `{"aud_wechatoa":[{"data":["o1"]}],"msg_wechatoa":[{"logical_template":"shipped","data":{"what":{"value":"书"}}}]}`), http.StatusOK)
	if got := s.json(s.call("GET", "/v1/templates?kind=logical", token, nil), http.StatusOK)["items"].([]any); len(got) != 2 {
		t.Errorf("logical ones: %v", got)
	}
	s.refused(s.call("PATCH", path, token, `{"kind":"logical"}`), http.StatusBadRequest, 4004, "never changes")
	if got := s.json(s.call("PATCH", path, token, `{"expires_at":"2020-01-01T00:00:00Z"}`), http.StatusOK); got["expires_at"] != "2020-01-01T00:00:00Z" {
		t.Errorf("changed: %v", got)
	}
	s.refused(send(token, `{"what":"x"}`), http.StatusBadRequest, 1015073)
	if r := s.call("DELETE", path, token, nil); r.status != http.StatusNoContent {
		t.Errorf("DELETE: %d", r.status)
	}
}
