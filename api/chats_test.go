package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"wechattpp/simulator"
)

func TestAnAppMakesChatsAndChangesThem(t *testing.T) {
	t.Parallel()
	w := newWeCom(t, simulator.Corp{Members: []string{"li.na", "zhao.min", "wang.fang"}})
	made := w.json(w.call("POST", "/v1/senders/wk/chats", w.token, `{"chatid":"duty1","name":"值班","owner":"zhao.min","userlist":["li.na","zhao.min"]}`), http.StatusCreated)
	if made["chatid"] != "duty1" || made["owner"] != "zhao.min" {
		t.Errorf("made %v", made)
	}
	other := w.json(w.call("POST", "/v1/senders/wk/chats", w.token, `{"userlist":["li.na","zhao.min"]}`), http.StatusCreated)
	if id, _ := other["chatid"].(string); len(id) != 24 || other["owner"] != "li.na" {
		t.Errorf("without an id and owner: %v", other)
	}
	changed := w.json(w.call("PATCH", "/v1/senders/wk/chats/duty1", w.token, `{"name":"夜班","owner":"wang.fang","add_user_list":["wang.fang"],"del_user_list":["zhao.min"]}`), 200)
	if fmt.Sprint(changed["userlist"]) != "[li.na wang.fang]" || changed["name"] != "夜班" {
		t.Errorf("changed %v", changed)
	}
	if got := w.json(w.call("GET", "/v1/senders/wk/chats/duty1", w.token, nil), 200); got["owner"] != "wang.fang" {
		t.Errorf("read %v", got)
	}
	first := w.json(w.call("GET", "/v1/senders/wk/chats?limit=1", w.token, nil), 200)
	second := w.json(w.call("GET", "/v1/senders/wk/chats?limit=5&cursor="+first["next_cursor"].(string), w.token, nil), 200)
	if all := fmt.Sprint(first["items"], second["items"]); strings.Count(all, "chatid:") != 2 || !strings.Contains(all, "夜班") {
		t.Errorf("listed %s", all)
	}
	if trail := string(w.call("GET", "/v1/audit?limit=10", w.admin, nil).body); !strings.Contains(trail, "chat.create") || !strings.Contains(trail, "chat.update") {
		t.Errorf("the audit trail: %s", trail)
	}
}

func TestChatsAreRefusedByFieldAndLimit(t *testing.T) {
	t.Parallel()
	people := make([]string, 2001)
	for i := range people {
		people[i] = fmt.Sprintf("m%d", i)
	}
	w := newWeCom(t, simulator.Corp{Members: people, Agents: []simulator.Agent{{AgentID: 1000003, Secret: "another"}}})
	chat := func(fields string) string { return `{"name":"a","userlist":["m1","m2"]` + fields + `}` }
	list := func(n int) string { return `{"userlist":["` + strings.Join(people[:n], `","`) + `"]}` }
	w.json(w.call("POST", "/v1/senders/wk/chats", w.token, list(2000)), 201)
	w.json(w.call("POST", "/v1/senders/wk/chats", w.token, `{"userlist":["m1","m2"],"owner":"M1"}`), 201) // userids are the same in either case
	w.json(w.call("POST", "/v1/senders/wk/chats", w.token, chat(`,"chatid":"`+strings.Repeat("a", 32)+`"`)), 201)
	w.json(w.call("POST", "/v1/senders/wk/chats", w.token, `{"userlist":["m1","m2"],"name":"`+strings.Repeat("好", 50)+`"}`), 201)
	for _, c := range []struct {
		body   string
		status int
		says   string
	}{
		{list(1), 400, "userlist has 1 userids: 2 to 2000"},
		{list(2001), 400, "userlist has 2001 userids"},
		{`{"userlist":["m1","M1"]}`, 400, "userlist[1] is there twice"},
		{`{"userlist":["m1","m 2"]}`, 400, "userlist[1] is no userid"},
		{`{"userlist":["m1","m2"],"name":"` + strings.Repeat("好", 51) + `"}`, 400, "name has 51 characters"},
		{chat(`,"chatid":"` + strings.Repeat("a", 33) + `"`), 400, "chatid must be"},
		{chat(`,"chatid":"a-b"`), 400, "chatid must be"},
		{chat(`,"owner":"m3"`), 400, "owner must be one of userlist"},
		{chat(`,"chatid":"` + strings.Repeat("a", 32) + `"`), 409, "86215"},
		{`{"userlist":["m1","nobody"]}`, 400, "86007"},
		{`{"name":"a"}`, 400, "userlist is missing"},
		{chat(`,"members":[]`), 400, "members is not a field"},
	} {
		w.refused(w.call("POST", "/v1/senders/wk/chats", w.token, c.body), c.status, codeOf(c.status), c.says)
	}
	for _, c := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"GET", "wk/chats/Nothing", "", 404, "40050"},
		{"PATCH", "wk/chats/Nothing", `{"name":"b"}`, 404, "40050"},
		{"PATCH", "wk/chats/Nothing", `{}`, 400, "changes nothing"},
		{"PATCH", "wk/chats/a-b", `{"name":"b"}`, 400, "chatid must be"},
		{"POST", "grp/chats", chat(""), 409, "only apps on WeCom"},
		{"POST", "oa/chats", chat(""), 409, "only apps on WeCom"},
		{"GET", "oa/chats", "", 409, "only apps on WeCom"},
		{"POST", "other/chats", chat(""), 404, "does not exist"},
	} {
		var body any
		if c.body != "" {
			body = c.body
		}
		w.refused(w.call(c.method, "/v1/senders/"+c.path, w.token, body), c.status, codeOf(c.status), c.says)
	}
}

// codeOf is the code that goes with most answers of a status.
func codeOf(status int) int {
	if status == 400 {
		return codeInvalid
	}
	return status * 10
}

func TestAChatWhoseMakingGotNoAnswerIsFound(t *testing.T) {
	t.Parallel()
	w := newWeCom(t, simulator.Corp{Members: []string{"li.na", "zhao.min"}})
	fault := func(mode simulator.Mode, path string) {
		t.Helper()
		if err := w.sim.Fail(simulator.Fault{Path: simulator.WeComPath + "/cgi-bin/appchat/" + path, Mode: mode}); err != nil {
			t.Fatal(err)
		}
	}
	fault(simulator.ModeResetAfter, "create")
	made := w.json(w.call("POST", "/v1/senders/wk/chats", w.token, `{"userlist":["li.na","zhao.min"]}`), 201)
	if _, ok := w.sim.AppChat(wecomCorp, made["chatid"].(string)); !ok {
		t.Errorf("there is no chat %v", made)
	}
	fault(simulator.ModeResetBefore, "create")
	w.refused(w.call("POST", "/v1/senders/wk/chats", w.token, `{"chatid":"duty","userlist":["li.na","zhao.min"]}`), 502, codeVendor, "chat duty was perhaps made")
}

func TestAnAppWithoutTheRootDepartmentHasNoChats(t *testing.T) {
	t.Parallel()
	w := newWeCom(t, simulator.Corp{Members: []string{"li.na", "zhao.min"}})
	if err := w.sim.Fail(simulator.Fault{Path: simulator.WeComPath + "/cgi-bin/appchat/create", Code: 48002}); err != nil {
		t.Fatal(err)
	}
	w.refused(w.call("POST", "/v1/senders/wk/chats", w.token, `{"userlist":["li.na","zhao.min"]}`), 409, codeConflict, "48002")
}
