package api

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"wechattpp/access"
	"wechattpp/notify"
	"wechattpp/simulator"
	"wechattpp/sql"
)

// newTasks is newWeCom with a sending room.
func newTasks(t *testing.T, corp simulator.Corp) (*weCom, *notify.Room) {
	t.Helper()
	var room *notify.Room
	w := newWeCom(t, corp, func(cfg *Config, db *sql.DB) {
		room = notify.New(notify.Config{Store: db.Notify(testComponent), Senders: cfg.Senders, Log: slog.New(slog.DiscardHandler)})
		cfg.Notify = room
	})
	return w, room
}

func TestAMassMessageToCustomersIsAskedForAndFollowed(t *testing.T) {
	t.Parallel()
	w, room := newTasks(t, simulator.Corp{Customers: map[string][]string{"li.na": {"wmA", "wmB"}, "zhao.min": {"wmC"}}})
	const path = "/v1/senders/wk/customer-tasks"
	body := `{"external_userid":["wmA","wmB","wmC","wmGone"],"text":{"content":"新品"}}`
	made := w.json(w.call("POST", path, w.token, body), http.StatusAccepted)
	one := path + fmt.Sprintf("/%.0f", made["id"])
	if made["state"] != "queued" || fmt.Sprint(made["request"]) == "" {
		t.Errorf("made %v", made)
	}
	w.refused(w.call("POST", one+"/remind", w.token, nil), 409, codeConflict, "it is queued")
	if _, err := room.TasksDue(context.Background()); err != nil {
		t.Fatal(err)
	}
	read := w.json(w.call("GET", one, w.token, nil), 200)
	if read["state"] != "running" || read["wecom_msgid"] == nil || fmt.Sprint(read["results"]) != "map[not_friend:0 over_quota:0 refused:1 sent:0 waiting:0]" {
		t.Errorf("read %v", read)
	}
	results := w.json(w.call("GET", one+"/results?result=refused", w.token, nil), 200)
	if fmt.Sprint(results["items"]) != "[map[id:wmGone result:refused]]" {
		t.Errorf("results %v", results)
	}
	w.json(w.call("GET", one+"/employees?limit=1", w.token, nil), 200)
	w.json(w.call("POST", one+"/remind", w.token, nil), 200)
	if got := w.json(w.call("POST", one+"/cancel", w.token, nil), 200); got["state"] != "canceled" || got["done_at"] == nil {
		t.Errorf("canceled %v", got)
	}
	w.refused(w.call("POST", one+"/remind", w.token, nil), 409, codeConflict, "it is canceled")
	second := w.json(w.call("POST", path, w.token, `{"sender":"li.na","text":{"content":"a"}}`), http.StatusAccepted)
	list := w.json(w.call("GET", path+"?limit=1", w.token, nil), 200)
	items, _ := list["items"].([]any)
	if len(items) != 1 || items[0].(map[string]any)["id"] != second["id"] || items[0].(map[string]any)["request"] != nil || list["next_cursor"] == "" {
		t.Errorf("listed %v", list)
	}
	if trail := string(w.call("GET", "/v1/audit?limit=10", w.admin, nil).body); !strings.Contains(trail, "customer-task.create") || !strings.Contains(trail, "customer-task.cancel") || strings.Contains(trail, "新品") {
		t.Errorf("the audit trail: %s", trail)
	}
}

func TestWhoMayAskForMassMessages(t *testing.T) {
	t.Parallel()
	w, _ := newTasks(t, simulator.Corp{Customers: map[string][]string{"li.na": {"wmA"}}})
	const path = "/v1/senders/wk/customer-tasks"
	body := `{"sender":"li.na","text":{"content":"a"}}`
	made := w.json(w.call("POST", path, w.token, body), http.StatusAccepted)
	one := path + fmt.Sprintf("/%.0f", made["id"])
	_, other := w.client([]string{"send", "messages:read"}, "wk")
	_, none := w.client([]string{"send", "messages:read"}, "oa")
	w.refused(w.call("GET", one, other, nil), 404, codeNotFound, "does not exist")
	w.refused(w.call("POST", one+"/cancel", other, nil), 404, codeNotFound, "does not exist")
	w.refused(w.call("GET", one, none, nil), 404, codeNotFound, "does not exist")
	w.json(w.call("GET", one, w.admin, nil), 200)
	w.refused(w.call("GET", path+"/999", w.token, nil), 404, codeNotFound, "does not exist")
	w.refused(w.call("GET", path+"/x", w.token, nil), 404, codeNotFound, "does not exist")
	w.refused(w.call("GET", one+"/results?result=read", w.token, nil), 400, codeInvalid, "must be one of waiting")
	for sender, says := range map[string]string{"oa": "only apps on WeCom", "grp": "only apps on WeCom"} {
		w.refused(w.call("POST", "/v1/senders/"+sender+"/customer-tasks", w.token, body), 409, codeConflict, says)
	}
	w.refused(w.call("POST", path, w.token, `{"sender":"li.na","sender":"b","text":{"content":"a"}}`), 400, codeInvalid, "is given twice")
	w.refused(w.call("POST", path, w.token, `{"sender":"li.na"}`), 400, codeInvalid, "text.content is missing")
	c, err := w.room.Create(context.Background(), access.Client{Name: "held", Scopes: []string{"send"}, Senders: []string{"wk"}, Approval: true, Owners: []string{"a"}})
	if err != nil {
		t.Fatal(err)
	}
	g, err := w.room.Exchange(context.Background(), "test", c.ChannelKey, "", c.Secret)
	if err != nil {
		t.Fatal(err)
	}
	w.refused(w.call("POST", path, g.Token, body), 403, codeForbidden, "waits for approval")
}
