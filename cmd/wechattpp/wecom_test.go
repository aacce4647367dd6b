package main

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wechattpp/simulator"
)

const (
	pageCorp  = "ww00000000000000d1"
	pageAgent = 1000002
	// pageAPI is what the README calls api.
	pageAPI = `api() { curl -sS -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' "$@"; }` + "\n"
)

// staffed puts the company of the pages into the world, and its app among the
// senders, with its address for pushes.
func (w *world) staffed(ctx context.Context, t *testing.T, r *replica, webhook string) *caller {
	t.Helper()
	secret := random(16)
	err := w.AddCorp(simulator.Corp{CorpID: pageCorp, Agents: []simulator.Agent{{AgentID: pageAgent, Secret: secret}},
		Members: []string{"li.na", "zhao.min", "wang.fang"}, Parties: map[string][]string{"3": {"wang.fang"}}, Linked: []string{"wwPartner01/chen.bo"},
		Customers: map[string][]string{"li.na": {"wmShop01", "wmShop02"}}, Mobiles: map[string]string{"13800000000": "li.na"}, Webhooks: []simulator.Webhook{{Key: webhook}}})
	if err != nil {
		t.Fatal(err)
	}
	admin := r.admin()
	staff := map[string]any{"code": "staff", "kind": "wechatwk", "corp_id": pageCorp, "agent_id": pageAgent, "secret": secret, "token": "corpToken", "encoding_aes_key": firstKey}
	if err := admin.call(ctx, http.MethodPost, "/v1/senders", staff, nil); err != nil {
		t.Fatal(err)
	}
	if err := w.Enter(ctx, simulator.Console{CorpID: pageCorp, AgentID: pageAgent, URL: r.url() + "/v1/wechatwk/callback/staff", Token: "corpToken", EncodingAESKey: firstKey}); err != nil {
		t.Fatal(err)
	}
	return admin
}

// TestTheCallsOfThePageOnWeComAnswerAsItShows runs them in their order.
func TestTheCallsOfThePageOnWeComAnswerAsItShows(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite")
	r := w.start(t)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	key := random(16)
	admin := w.staffed(ctx, t, r, key)
	env := map[string]string{"base": r.url(), "key": key, "TOKEN": strings.TrimPrefix(admin.auth, "Bearer ")}
	calls := docCalls(t, filepath.Join("..", "..", "docs", "wecom.md"))
	if len(calls) < 15 {
		t.Errorf("%d calls", len(calls))
	}
	for _, c := range calls {
		c.command = pageAPI + c.command
		c.run(t, env)
	}
	if sends := w.AppSends(pageCorp, pageAgent); len(sends) < 3 || !sends[0].Recalled || len(sends[1].Updates) != 1 {
		t.Errorf("the app sent %+v", sends)
	}
	if n := len(w.RobotSends(key)); n != 1 {
		t.Errorf("the webhook's group got %d messages", n)
	}
	if chat, ok := w.AppChat(pageCorp, "duty1"); !ok || len(chat.Sends) != 1 {
		t.Errorf("the chat: %+v", chat)
	}
	if strings.Contains(r.log.String(), key) {
		t.Error("the log holds the webhook's key")
	}
}

// TestTheCallsOfThePageOnMediaAnswerAsItShows runs them in their order.
func TestTheCallsOfThePageOnMediaAnswerAsItShows(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite")
	appSecret, _ := w.own(t)
	r := w.start(t)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	admin := w.staffed(ctx, t, r, random(16))
	err := admin.call(ctx, http.MethodPost, "/v1/senders", map[string]any{"code": "wechatoa123", "kind": "wechatoa", "credentials": "secret", "app_id": ownAppID, "app_secret": appSecret}, nil)
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"base": r.url(), "dir": t.TempDir(), "TOKEN": strings.TrimPrefix(admin.auth, "Bearer ")}
	for name, begins := range map[string]string{"gate.png": "\x89PNG\r\n\x1a\ngate", "gate.jpg": "\xff\xd8\xff\xe0gate", "rota.pdf": "%PDF-1.7"} {
		if err := os.WriteFile(filepath.Join(env["dir"], name), []byte(begins), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	calls := docCalls(t, filepath.Join("..", "..", "docs", "media.md"))
	for _, c := range calls {
		c.run(t, env)
	}
	uploads := w.Uploads()
	if len(calls) != 3 || len(uploads) != 3 || uploads[2].Name != "五月值班表.pdf" || uploads[2].Owner != pageCorp {
		t.Errorf("%d calls made %+v", len(calls), uploads)
	}
}
