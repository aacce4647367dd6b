package api

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"wechattpp/audience"
	"wechattpp/health"
	"wechattpp/notify"
	"wechattpp/sender"
	"wechattpp/sql"
	"wechattpp/token"
)

func TestASenderWithASecretOfItsOwn(t *testing.T) {
	t.Parallel()
	s := newHouse(t, func(cfg *Config, db *sql.DB) {
		cfg.Senders = &sender.Room{Store: db.Sender(testComponent)}
		cfg.Tokens = token.New(token.Config{Store: db.Token(testComponent), Log: slog.New(slog.DiscardHandler)})
		cfg.Health = &health.Room{Store: db.Health(testComponent)}
		cfg.Audience, cfg.Notify = &audience.Room{}, notify.New(notify.Config{})
	})
	const secret, key = "0123456789abcdef", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	made := s.json(s.call("POST", "/v1/senders", s.admin, fmt.Sprintf(
		`{"code":"wk","kind":"wechatwk","corp_id":"ww1","agent_id":1000002,"secret":%q,"token":"spamtest","encoding_aes_key":%q}`, secret, key)), http.StatusCreated)
	health, _ := made["access_token"].(map[string]any)
	if made["credentials"] != "secret" || made["secret_set"] != true || made["token_set"] != true || made["encoding_aes_key_set"] != true || health["state"] != "lapsed" {
		t.Errorf("made %v", made)
	}
	for says, body := range map[string]string{
		"agent_id must be a whole number": `{"agent_id":"seven"}`,
		"agent_id must be a whole":        `{"agent_id":-1}`,
		"app_secret is not WeCom's":       `{"app_secret":"0123456789abcdef"}`,
		"secret has a blank":              `{"secret":"0123 456789abcdef"}`,
		"encoding_aes_key has 5":          `{"encoding_aes_key":"short"}`,
		"token is missing":                `{"token":""}`,
		"credentials must be":             `{"credentials":"component"}`,
		"only Official Accounts":          `{"business_domains":["shop.example.com"]}`,
	} {
		s.refused(s.call("PATCH", "/v1/senders/wk", s.admin, body), 400, codeInvalid, says)
	}
	s.refused(s.call("POST", "/v1/senders/wk/invitations", s.admin, nil), 400, codeInvalid, "cannot authorize")
	s.json(s.call("POST", "/v1/senders", s.admin, `{"code":"oa","kind":"wechatoa","credentials":"secret","app_id":"wx1"}`), http.StatusCreated)
	s.refused(s.call("POST", "/v1/senders/oa/invitations", s.admin, nil), 400, codeInvalid, "secret of its own")
	changed := s.json(s.call("PATCH", "/v1/senders/wk", s.admin, `{"name":"HR","secret":""}`), 200)
	if changed["secret_set"] != false || changed["access_token"] != nil || !strings.Contains(changed["reason"].(string), "set it as secret") {
		t.Errorf("without its secret: %v", changed)
	}
	trail := s.call("GET", "/v1/audit?limit=10", s.admin, nil)
	for _, value := range []string{secret, key, "spamtest"} {
		if strings.Contains(string(trail.body), value) {
			t.Errorf("the audit trail holds %q: %s", value, trail.body)
		}
	}
	if !strings.Contains(string(trail.body), `"fields":["name","secret"]`) {
		t.Errorf("the audit trail does not name the fields: %s", trail.body)
	}
}
