package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"wechattpp/access"
	"wechattpp/sql"
)

func TestAClientsLife(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	made := h.json(h.call("POST", "/v1/clients", h.admin, `{"name":"店铺","senders":["wechatoa123"],"scopes":["send","users"]}`), http.StatusCreated)
	path := fmt.Sprintf("/v1/clients/%v", made["id"])
	key, secret := made["channel_key"].(string), made["master_secret"].(string)
	if len(key) != 24 || len(secret) < 32 || made["kind"] != "channel" {
		t.Errorf("created %v", made)
	}
	read := h.json(h.call("GET", path, h.admin, nil), http.StatusOK)
	if _, there := read["master_secret"]; there || read["name"] != "店铺" {
		t.Errorf("read %v", read)
	}
	changed := h.json(h.call("PATCH", path, h.admin, `{"scopes":["send"]}`), http.StatusOK)
	if fmt.Sprint(changed["scopes"]) != "[send]" || changed["name"] != "店铺" || fmt.Sprint(changed["senders"]) != "[wechatoa123]" {
		t.Errorf("changed %v", changed)
	}
	rotated := h.json(h.call("POST", path+"/rotate", h.admin, `{"keep_old":"24h"}`), http.StatusOK)
	if rotated["master_secret"] == secret || rotated["channel_key"] != key || rotated["old_secret_for"].(float64) < 86390 {
		t.Errorf("rotated %v", rotated)
	}
	if r := h.call("DELETE", path, h.admin, nil); r.status != http.StatusNoContent || len(r.body) != 0 {
		t.Errorf("deleted: %d %s", r.status, r.body)
	}
	h.refused(h.call("GET", path, h.admin, nil), http.StatusNotFound, codeNotFound)

	trail := string(h.call("GET", "/v1/audit", h.admin, nil).body)
	for _, action := range []string{"client.create", "client.update", "client.rotate", "client.delete", "admin/tester", "店铺"} {
		if !strings.Contains(trail, action) {
			t.Errorf("the trail lacks %s: %s", action, trail)
		}
	}
	for _, hidden := range []string{secret, rotated["master_secret"].(string)} {
		if strings.Contains(trail, hidden) || strings.Contains(h.log.String(), hidden) {
			t.Error("a secret is in the trail or the log")
		}
	}
}

func TestBadClientsAreRefusedNamingTheField(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	c, _ := h.client([]string{access.Send})
	path := fmt.Sprintf("/v1/clients/%d", c.ID)
	for name, x := range map[string]struct {
		method, path, body string
		status, code       int
		word               string
	}{
		"no name":            {"POST", "/v1/clients", `{"scopes":["send"]}`, 400, 4004, "name"},
		"no scopes":          {"POST", "/v1/clients", `{"name":"a"}`, 400, 4004, "scopes"},
		"an unknown scope":   {"POST", "/v1/clients", `{"name":"a","scopes":["fly"]}`, 400, 4004, "scopes[0]"},
		"users:delete":       {"POST", "/v1/clients", `{"name":"a","scopes":["users:delete"]}`, 400, 4004, "access_key"},
		"a short secret":     {"POST", "/v1/clients", `{"name":"a","scopes":["send"],"channel_key":"12345678","master_secret":"short"}`, 400, 4004, "20"},
		"a key that is used": {"POST", "/v1/clients", `{"name":"a","scopes":["send"],"channel_key":"` + c.ChannelKey + `","master_secret":"12345678901234567890"}`, 409, 4090, "taken"},
		"an unknown field":   {"PATCH", path, `{"secret":"x"}`, 400, 4004, "secret"},
		"a read-only field":  {"PATCH", path, `{"channel_key":"x"}`, 400, 4004, "channel_key"},
		"an empty name":      {"PATCH", path, `{"name":" "}`, 400, 4004, "name"},
		"kept for too long":  {"POST", path + "/rotate", `{"keep_old":"25h"}`, 400, 4004, "24h"},
		"kept for no time":   {"POST", path + "/rotate", `{"keep_old":"a day"}`, 400, 4004, "keep_old"},
		"no such client":     {"PATCH", "/v1/clients/99", `{"name":"x"}`, 404, 4040, "does not exist"},
		"no number":          {"GET", "/v1/clients/x", ``, 404, 4040, "does not exist"},
		"a broken cursor":    {"GET", "/v1/clients?cursor=%21", ``, 400, 4004, "cursor"},
		"another's cursor":   {"GET", "/v1/clients?cursor=YWJj", ``, 400, 4004, "cursor"},
		"a limit of 201":     {"GET", "/v1/clients?limit=201", ``, 400, 4004, "limit"},
	} {
		var body any
		if x.body != "" {
			body = x.body
		}
		r := h.call(x.method, x.path, h.admin, body)
		if h.refused(r, x.status, x.code, x.word); t.Failed() {
			t.Fatalf("%s: %d %s", name, r.status, r.body)
		}
	}
}

func TestListsArePaged(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for range 5 {
		h.client([]string{access.Send})
	}
	seen, cursor := map[int64]bool{}, ""
	for pages := 1; ; pages++ {
		r := h.call("GET", "/v1/clients?limit=2&cursor="+cursor, h.admin, nil)
		var list items[clientAnswer]
		if err := json.Unmarshal(r.body, &list); err != nil {
			t.Fatal(err)
		}
		for _, c := range list.Items {
			seen[c.ID] = true
		}
		if cursor = list.Next; cursor == "" {
			if pages != 3 || len(seen) != 5 {
				t.Errorf("%d pages with %d clients", pages, len(seen))
			}
			return
		}
	}
}

// fullTrail is a store whose trail takes no more.
type fullTrail struct{ access.Store }

func (fullTrail) Record(context.Context, access.Entry) error { return errors.New("disk full") }

func TestASecretIsNotShownWhenTheTrailCannotBeWritten(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(c *Config, db *sql.DB) {
		room, err := access.New(access.Config{Store: fullTrail{db.Access()}, Keys: [][]byte{testKey}})
		if err != nil {
			t.Fatal(err)
		}
		c.Access = room
	})
	c, _ := h.client([]string{access.Send})
	r := h.call("POST", fmt.Sprintf("/v1/clients/%d/rotate", c.ID), h.admin, `{}`)
	h.refused(r, http.StatusInternalServerError, codeInternal)
	if strings.Contains(string(r.body), "master_secret") {
		t.Errorf("shown: %s", r.body)
	}
}
