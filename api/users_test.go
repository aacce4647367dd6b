package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"wechattpp/access"
	"wechattpp/audience"
	"wechattpp/sql"
)

// withUsers shows the registry with three senders.
func withUsers(cfg *Config, db *sql.DB) {
	kinds := map[string]string{"oa1": "wechatoa", "oa2": "wechatoa", "mp1": "wechatmp"}
	cfg.Audience = &audience.Room{Store: db.Audience(),
		Kind: func(_ context.Context, code string) (string, error) { return kinds[code], nil },
		Codes: func(_ context.Context, kind string) (codes []string, err error) {
			for _, code := range []string{"mp1", "oa1", "oa2"} {
				if kinds[code] == kind {
					codes = append(codes, code)
				}
			}
			return codes, nil
		}}
}

// send is a form with a file and fields.
func form(t *testing.T, file string, fields ...string) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(fields); i += 2 {
		if err := w.WriteField(fields[i], fields[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if file != "" {
		part, err := w.CreateFormFile("file", "users.csv")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write([]byte(file))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), w.FormDataContentType()
}

func (h *house) importFile(token, file string, fields ...string) reply {
	h.t.Helper()
	body, contentType := form(h.t, file, fields...)
	return h.call("POST", "/v1/users/import", token, body, func(r *http.Request) { r.Header.Set("Content-Type", contentType) })
}

func TestUsersAreImportedReadAndExportedAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t, withUsers)
	_, shop := h.client([]string{access.Users}, "oa1", "mp1")
	_, other := h.client([]string{access.Users}, "oa2")
	const file = "userid,bind_id,wechatoa_openid,tags\n=u-1,,o1,vip\nu-2,oa2,o2,\nu-3,,o3,\nu-4,,,\n"
	report := h.json(h.importFile(shop, file), http.StatusOK)
	if report["good"] != 3.0 || report["bad"] != 1.0 || report["state"] != "done" || !strings.Contains(fmt.Sprint(report["problems"]), "row:3") {
		t.Fatalf("report %v", report)
	}
	path := "/v1/imports/" + report["id"].(string)
	if r := h.call("GET", path+"?format=csv", shop, nil); r.status != http.StatusOK || !strings.Contains(string(r.body), `3,bind_id,"must be empty`) {
		t.Errorf("%d %s", r.status, r.body)
	}
	h.refused(h.call("GET", path, other, nil), http.StatusNotFound, codeNotFound)
	if m := h.json(h.call("GET", "/v1/imports", h.admin, nil), http.StatusOK); len(m["items"].([]any)) != 1 {
		t.Errorf("imports %v", m)
	}

	one := h.json(h.call("GET", "/v1/users/=u-1", shop, nil), http.StatusOK)
	if text := fmt.Sprint(one["identities"], one["tags"]); text != "map[oa1:o1] [vip]" {
		t.Errorf("%v", one)
	}
	if m := h.json(h.call("GET", "/v1/users/=u-1", other, nil), http.StatusOK); fmt.Sprint(m["identities"]) != "map[]" {
		t.Errorf("another client sees %v", m)
	}
	h.refused(h.call("GET", "/v1/users/u-9", shop, nil), http.StatusNotFound, codeNotFound, "u-9")

	var page items[userAnswer]
	r := h.call("GET", "/v1/users?limit=2", shop, nil)
	if err := json.Unmarshal(r.body, &page); err != nil || len(page.Items) != 2 || page.Next == "" {
		t.Fatalf("%d %s", r.status, r.body)
	}
	r = h.call("GET", "/v1/users?limit=2&cursor="+page.Next, shop, nil)
	if err := json.Unmarshal(r.body, &page); err != nil || len(page.Items) != 1 || page.Items[0].UserID != "u-4" || page.Next != "" {
		t.Fatalf("%d %s", r.status, r.body)
	}
	for query, want := range map[string]string{"sender=oa1": "=u-1 u-3", "sender=oa1&bound=false": "u-4", "tag=vip": "=u-1", "prefix=u-": "u-3 u-4"} {
		var found items[userAnswer]
		r := h.call("GET", "/v1/users?"+query, shop, nil)
		if err := json.Unmarshal(r.body, &found); err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, u := range found.Items {
			ids = append(ids, u.UserID)
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	for query, word := range map[string]string{"bound=yes": "bound", "sender=oa2": "sender", "sender=none": "sender", "format=pdf": "format", "prefix=a%20b": "prefix", "limit=201": "limit"} {
		h.refused(h.call("GET", "/v1/users?"+query, shop, nil), http.StatusBadRequest, codeInvalid, word)
	}

	export := h.call("GET", "/v1/users?format=csv", shop, nil)
	want := "\uFEFF" + strings.Join(audience.Columns, ",") + "\n'=u-1,all,,,,,,,,,,,vip\n'=u-1,oa1,o1,,,,,,,,,,\nu-3,all,,,,,,,,,,,\nu-3,oa1,o3,,,,,,,,,,\nu-4,all,,,,,,,,,,,\n"
	if string(export.body) != want {
		t.Errorf("export:\n%s\nwant:\n%s", export.body, want)
	}
	if again := h.json(h.importFile(shop, string(export.body)), http.StatusOK); again["bad"] != 0.0 || again["good"] != 5.0 {
		t.Errorf("the export imported: %v", again)
	}
}

func TestWhichSenderAnOpenidBelongsTo(t *testing.T) {
	t.Parallel()
	h := newHouse(t, withUsers)
	_, both := h.client([]string{access.Users}, "oa1", "oa2")
	const file = "userid,wechatoa_openid\nu-1,o1\n"
	if m := h.json(h.importFile(both, file), http.StatusOK); !strings.Contains(fmt.Sprint(m["problems"]), "form field sender") {
		t.Errorf("%v", m)
	}
	if m := h.json(h.importFile(both, file, "sender", "oa2"), http.StatusOK); m["good"] != 1.0 {
		t.Errorf("%v", m)
	}
	if m := h.json(h.call("GET", "/v1/users/u-1", both, nil), http.StatusOK); fmt.Sprint(m["identities"]) != "map[oa2:o1]" {
		t.Errorf("%v", m)
	}
	h.refused(h.importFile(both, file, "sender", "mp1"), http.StatusBadRequest, codeInvalid, "sender")
	h.refused(h.importFile(both, file, "sender", "oa1", "sender", "oa2"), http.StatusBadRequest, codeInvalid, "two senders")
	h.refused(h.importFile(both, file, "sender", "oa1", "sender", "oa2", "sender", "x", "sender", "y"), http.StatusBadRequest, codeInvalid, "more than three times")
	h.refused(h.importFile(both, file, "colour", "red"), http.StatusBadRequest, codeInvalid, "colour", "sheet")
	h.refused(h.importFile(both, file, "sheet", strings.Repeat("x", 257)), http.StatusBadRequest, codeInvalid, "sheet", "256")
	h.refused(h.importFile(both, ""), http.StatusBadRequest, codeInvalid, "file", "missing")
	h.refused(h.call("POST", "/v1/users/import", both, `{}`), http.StatusBadRequest, codeInvalid, "multipart")
	h.refused(h.importFile(both, "userid\n"+strings.Repeat("x\n", audience.MostBytes/2)), http.StatusBadRequest, codeInvalid, fmt.Sprint(audience.MostBytes))
	h.refused(h.importFile(both, strings.Repeat("x\n", importBody/2)), http.StatusRequestEntityTooLarge, codeTooLarge, fmt.Sprint(importBody))
}
