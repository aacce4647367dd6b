package main

import (
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"wechattpp/simulator"
)

// TestTheCallsOfThePageOnSubscriptionsAnswerAsItShows runs them in their order
// with the real curl, as those of the page on JUMS.
func TestTheCallsOfThePageOnSubscriptionsAnswerAsItShows(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite")
	s := newSubscribing(t, w)
	const secret = "0123456789abcdef0123456789abcdef"
	if err := w.AddAccount(simulator.Account{AppID: "wx00000000000000cc", MobileApp: true, OneTime: "OTS-app-1", Secret: secret}); err != nil {
		t.Fatal(err)
	}
	app := map[string]any{"code": "appShop", "kind": "wechatapp", "app_id": "wx00000000000000cc", "app_secret": secret}
	if err := s.admin.call(s.ctx, http.MethodPost, "/v1/senders", app, nil); err != nil {
		t.Fatal(err)
	}
	public, err := url.Parse(s.r.url())
	if err != nil {
		t.Fatal(err)
	}
	domains := map[string]any{"business_domains": []string{"shop.example.com", public.Hostname()}}
	if err := s.admin.call(s.ctx, http.MethodPatch, "/v1/senders/"+jobSender, domains, nil); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"base": s.r.url(), "sim": w.address(), "TOKEN": strings.TrimPrefix(s.admin.auth, "Bearer ")}
	calls := docCalls(t, filepath.Join("..", "..", "docs", "subscriptions.md"))
	if len(calls) < 10 {
		t.Errorf("%d calls", len(calls))
	}
	for _, c := range calls {
		c.run(t, env)
	}
}

// address is where the simulator answers.
func (w *world) address() string {
	for _, e := range w.env {
		if address, ok := strings.CutPrefix(e, "WECHATTPP_API_BASE_URL="); ok {
			return address
		}
	}
	return ""
}
