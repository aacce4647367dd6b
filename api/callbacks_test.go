package api

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"wechattpp/access"
	"wechattpp/sql"
	"wechattpp/sql/sqltest"
	"wechattpp/webhook"
)

// echo is a receiver of receipts that passes the check.
func echo(t *testing.T) string {
	t.Helper()
	r := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { _, _ = io.WriteString(w, q.FormValue("echostr")) }))
	t.Cleanup(r.Close)
	return r.URL
}

// withReceipts gives a house the room that tells business systems.
func withReceipts(t *testing.T) func(*Config, *sql.DB) {
	return func(c *Config, db *sql.DB) {
		c.Webhook = webhook.New(webhook.Config{Store: db.Webhook(), Egress: webhook.Egress{Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}})
		t.Cleanup(c.Webhook.Close)
	}
}

func TestAReceiptAddresssLife(t *testing.T) {
	t.Parallel()
	db := sqltest.Open(t, "sqlite:"+t.TempDir()+"/test.db")
	h := serveHouse(t, db, withReceipts(t))
	c, _ := h.client([]string{access.Send})
	path, url := fmt.Sprintf("/v1/clients/%d/callbacks", c.ID), echo(t)
	made := h.json(h.call("POST", path, h.admin, map[string]any{"url": url}), http.StatusCreated)
	if made["url"] != url || made["default"] != true || fmt.Sprint(made["types"]) != "[0 1 2 3 4 5 6 7 8]" {
		t.Errorf("%v", made)
	}
	h.json(h.call("POST", path, h.admin, map[string]any{"url": url + "/2", "default": true, "types": []int{4, 5}}), http.StatusCreated)
	listed := h.json(h.call("GET", path, h.admin, nil), http.StatusOK)["items"].([]any)
	if len(listed) != 2 || listed[0].(map[string]any)["url"] != url+"/2" || listed[1].(map[string]any)["default"] != false {
		t.Errorf("%v", listed)
	}
	h.refused(h.call("DELETE", path+"?url="+url+"/2", h.admin, nil), http.StatusConflict, codeConflict)
	for _, r := range []reply{h.call("DELETE", path+"?url="+url, h.admin, nil), h.call("DELETE", path, h.admin, map[string]any{"url": url + "/2"})} {
		if r.status != http.StatusNoContent {
			t.Errorf("%d %s", r.status, r.body)
		}
	}
	h.refused(h.call("DELETE", path+"?url="+url, h.admin, nil), http.StatusNotFound, codeNotFound)
	trail := string(h.call("GET", "/v1/audit", h.admin, nil).body)
	if !strings.Contains(trail, "client.callback.delete") || !strings.Contains(trail, url+"/2") {
		t.Errorf("the trail: %s", trail)
	}
}

func TestDeadLettersAreListedShownAndReplayed(t *testing.T) {
	t.Parallel()
	source := sqltest.Source(t, "sqlite")
	h := serveHouse(t, sqltest.Open(t, source), withReceipts(t))
	c, _ := h.client([]string{access.Send})
	path := fmt.Sprintf("/v1/clients/%d/callbacks", c.ID)
	h.json(h.call("POST", path, h.admin, map[string]any{"url": echo(t)}), http.StatusCreated)
	for n := range 3 {
		sqltest.Exec(t, source, `INSERT INTO delivery (target_id, records, sealed, attempts, created_at, dead_at, error, body) SELECT id, 1, 1, 4, 1, ?, 'answered', '{"type":4}' FROM target`, 1000*(n+1))
	}
	first := h.json(h.call("GET", path+"/dead-letters?limit=2", h.admin, nil), http.StatusOK)
	rest := h.json(h.call("GET", path+"/dead-letters?cursor="+first["next_cursor"].(string), h.admin, nil), http.StatusOK)
	if len(first["items"].([]any)) != 2 || len(rest["items"].([]any)) != 1 || rest["next_cursor"] != "" {
		t.Errorf("%v, then %v", first, rest)
	}
	one := h.json(h.call("GET", path+"/dead-letters/1", h.admin, nil), http.StatusOK)
	if fmt.Sprint(one["receipts"]) != "[map[type:4]]" {
		t.Errorf("%v", one)
	}
	h.refused(h.call("GET", path+"/dead-letters/9", h.admin, nil), http.StatusNotFound, codeNotFound)
	h.refused(h.call("POST", path+"/replay", h.admin, `{"id":9}`), http.StatusNotFound, codeNotFound)
	for _, x := range []struct {
		body string
		n    float64
	}{{`{"id":2}`, 1}, {`{"after":"1970-01-01T00:00:03Z"}`, 1}, {`{"all":true}`, 1}, {`{"all":true}`, 0}} {
		if got := h.json(h.call("POST", path+"/replay", h.admin, x.body), http.StatusOK); got["replayed"] != x.n || got["more"] != false {
			t.Errorf("%s: %v", x.body, got)
		}
	}
}

func TestBadReceiptAddressesAreRefusedNamingTheField(t *testing.T) {
	t.Parallel()
	h := newHouse(t, withReceipts(t))
	c, _ := h.client([]string{access.Send})
	path := fmt.Sprintf("/v1/clients/%d/callbacks", c.ID)
	silent := httptest.NewServer(http.NotFoundHandler())
	defer silent.Close()
	for name, x := range map[string]struct {
		method, path, body string
		status, code       int
		word               string
	}{
		"no url":             {"POST", path, `{}`, 400, 4004, "url"},
		"a type of 9":        {"POST", path, `{"url":"` + silent.URL + `","types":[9]}`, 400, 4004, "types"},
		"no types":           {"POST", path, `{"url":"` + silent.URL + `","types":[]}`, 400, 4004, "types"},
		"a metadata address": {"POST", path, `{"url":"http://169.254.169.254/"}`, 400, 4004, "metadata"},
		"one without echo":   {"POST", path, `{"url":"` + silent.URL + `"}`, 400, 4004, "status 404"},
		"no such client":     {"POST", "/v1/clients/99/callbacks", `{"url":"` + silent.URL + `"}`, 404, 4040, "does not exist"},
		"a list of none":     {"GET", "/v1/clients/99/callbacks", ``, 404, 4040, "does not exist"},
		"none to delete":     {"DELETE", path, ``, 400, 4004, "the body"},
		"nothing to replay":  {"POST", path + "/replay", `{}`, 400, 4004, "id is missing"},
		"id and url":         {"POST", path + "/replay", `{"id":1,"url":"x"}`, 400, 4004, "id alone"},
		"all and url":        {"POST", path + "/replay", `{"all":true,"url":"x"}`, 400, 4004, "all alone"},
	} {
		t.Log(name)
		h.refused(h.call(x.method, x.path, h.admin, x.body), x.status, x.code, x.word)
	}
}
