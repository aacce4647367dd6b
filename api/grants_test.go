package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"wechattpp/access"
	"wechattpp/audience"
	"wechattpp/sender"
	"wechattpp/sql"
)

// withGrants shows the ledger of an Official Account, a Mini Program and a
// mobile app.
func withGrants(cfg *Config, db *sql.DB) {
	withUsers(cfg, db)
	cfg.Ledger = &audience.Ledger{Store: db.Audience(), LongTerm: func(_ context.Context, _, template string) (bool, error) { return template == "LONG", nil }}
	cfg.Senders = &sender.Room{Store: db.Sender(testComponent)}
	for _, s := range []sender.Sender{
		{Code: "oa1", Kind: "wechatoa", Credentials: "secret", AppID: "wxoa"}, {Code: "mp1", Kind: "wechatmp", Credentials: "secret", AppID: "wxmp"},
		{Code: "app1", Kind: "wechatapp", AppID: "wxapp"}, {Code: "wk1", Kind: "wechatwk", CorpID: "ww1", AgentID: 7}, {Code: "new1", Kind: "wechatoa"},
	} {
		if _, err := cfg.Senders.Create(context.Background(), s); err != nil {
			panic(err)
		}
	}
}

func TestGrantsAreListedForWhoeverMaySeeThem(t *testing.T) {
	t.Parallel()
	var ledger *audience.Ledger
	h := newHouse(t, withGrants, func(cfg *Config, _ *sql.DB) { ledger = cfg.Ledger })
	_, token := h.client([]string{access.Users}, "mp1", "wk1", "new1")
	if r := h.call("POST", "/v1/user/opt", token, `[{"userid":"u-1","set":{"wechatmp":{"mp1":"o1"}}}]`); r.status != http.StatusOK {
		t.Fatalf("%s", r.body)
	}
	at := time.Date(2026, 5, 6, 11, 0, 0, 0, time.UTC)
	for i, e := range []audience.Entry{{OpenID: "o1", Template: "PRI"}, {OpenID: "o2", Template: "PRI"}, {OpenID: "o1", Template: "LONG"}} {
		e.Account, e.Scene, e.At, e.Word = "wxmp", audience.NoScene, at, audience.Accept
		sent := e
		sent.Word, sent.At = audience.Spent, at.Add(time.Minute)
		if err := ledger.Enter(t.Context(), audience.Source{Event: int64(i + 1)}, []audience.Entry{e, sent}); err != nil {
			t.Fatal(err)
		}
	}
	texts := func(query string) string {
		t.Helper()
		var all []string
		for cursor := ""; ; {
			m := h.json(h.call("GET", "/v1/senders/mp1/grants?limit=1&cursor="+cursor+query, token, nil), http.StatusOK)
			for _, one := range m["items"].([]any) {
				g := one.(map[string]any)
				all = append(all, fmt.Sprint(g["template_id"], " ", g["openid"], " ", g["userid"], " ", g["granted"], " ", g["left"]))
			}
			if cursor, _ = m["next_cursor"].(string); cursor == "" {
				return strings.Join(all, "; ")
			}
		}
	}
	for query, want := range map[string]string{
		"":                            "LONG o1 u-1 true 0; PRI o1 u-1 false 0; PRI o2 <nil> false 0",
		"&template_id=PRI":            "PRI o1 u-1 false 0; PRI o2 <nil> false 0",
		"&openid=o2":                  "PRI o2 <nil> false 0",
		"&userid=u-1":                 "LONG o1 u-1 true 0; PRI o1 u-1 false 0",
		"&userid=u-1&openid=o2":       "",
		"&userid=nobody":              "",
		"&template_id=PRI&userid=u-1": "PRI o1 u-1 false 0",
	} {
		if got := texts(query); got != want {
			t.Errorf("%q: %s, want %s", query, got, want)
		}
	}
	one := h.json(h.call("GET", "/v1/senders/mp1/grants?template_id=PRI&openid=o1", token, nil), http.StatusOK)["items"].([]any)[0].(map[string]any)
	if one["last_word"] != "accept" || one["last_word_at"] != "2026-05-06T11:00:00Z" || one["last_sent_at"] != "2026-05-06T11:01:00Z" || one["accepted"] != 1.0 || one["sent"] != 1.0 {
		t.Errorf("%v", one)
	}
	h.refused(h.call("GET", "/v1/senders/oa1/grants", token, nil), http.StatusNotFound, codeNotFound, "oa1")
	h.refused(h.call("GET", "/v1/senders/none/grants", h.admin, nil), http.StatusNotFound, codeNotFound, "none")
	h.refused(h.call("GET", "/v1/senders/wk1/grants", token, nil), http.StatusConflict, codeConflict, "WeCom")
	h.refused(h.call("GET", "/v1/senders/new1/grants", token, nil), http.StatusConflict, codeConflict, "invitation")
	h.refused(h.call("GET", "/v1/senders/mp1/grants?cursor=bm8", token, nil), http.StatusBadRequest, codeInvalid, "cursor")
}

func TestAMobileAppReportsItsUsersAnswers(t *testing.T) {
	t.Parallel()
	h := newHouse(t, withGrants)
	_, token := h.client([]string{access.Users}, "app1", "oa1")
	report := func(body string) reply { return h.call("POST", "/v1/senders/app1/grants", token, body) }
	const ok = `{"openid":"o1","template_id":"OTS","scene":10000,"action":"confirm"}`
	for range 2 { // a scene used twice holds one right
		if m := h.json(report(ok), http.StatusOK); m["left"] != 1.0 || m["granted"] != true || m["scene"] != 10000.0 {
			t.Errorf("confirmed: %v", m)
		}
	}
	if m := h.json(report(strings.Replace(ok, "10000", `"0"`, 1)), http.StatusOK); m["scene"] != 0.0 {
		t.Errorf("scene 0 in quotes: %v", m)
	}
	if m := h.json(report(strings.Replace(ok, "confirm", "cancel", 1)), http.StatusOK); m["left"] != 0.0 || m["last_word"] != "cancel" {
		t.Errorf("canceled: %v", m)
	}
	long := strings.Repeat("a", 128)
	h.json(report(strings.NewReplacer("o1", long, "OTS", long).Replace(ok)), http.StatusOK)
	for says, body := range map[string]string{
		"scene is 10001":        strings.Replace(ok, "10000", "10001", 1),
		"scene is -1":           strings.Replace(ok, "10000", "-1", 1),
		"scene must be":         strings.Replace(ok, "10000", "1.5", 1),
		"scene must be a":       `{"openid":"o1","template_id":"OTS","action":"confirm"}`,
		"openid must be the":    strings.Replace(ok, "o1", "o 1", 1),
		"openid must be the o":  strings.Replace(ok, "o1", long+"a", 1),
		"template_id must be":   strings.Replace(ok, "OTS", long+"a", 1),
		"template_id must be t": strings.Replace(ok, "OTS", "O T", 1),
		"action must be":        strings.Replace(ok, "confirm", "accept", 1),
		"openid is missing":     strings.Replace(ok, `"openid":"o1",`, "", 1),
		"reserved is not":       strings.Replace(ok, "{", `{"reserved":"x",`, 1),
	} {
		h.refused(report(body), http.StatusBadRequest, codeInvalid, says)
	}
	h.refused(h.call("POST", "/v1/senders/oa1/grants", token, ok), http.StatusConflict, codeConflict, "subscribe-links")
	h.refused(h.call("POST", "/v1/senders/mp1/grants", token, ok), http.StatusNotFound, codeNotFound)
	if trail := h.call("GET", "/v1/audit?limit=50", h.admin, nil); !strings.Contains(string(trail.body), "grant.report") {
		t.Errorf("no entry in the audit trail: %s", trail.body)
	}
}
