package main

import (
	"net/http"
	"strings"
	"testing"

	"wechattpp/simulator"
)

func TestDoctorNamesAccountsWhatIsWrongWithThemAndWhoMendsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite")
	appSecret, agentSecret := w.own(t)
	if err := w.Edit(simulator.Edit{CorpID: ownCorp, AgentID: 1000002, IPList: &[]string{"198.51.100.1"}}); err != nil {
		t.Fatal(err)
	}
	r := w.start(t)
	admin := r.admin()
	for code, body := range map[string]map[string]any{
		"shop": {"kind": "wechatoa", "credentials": "secret", "app_id": ownAppID, "app_secret": appSecret, "token": "pushToken", "encoding_aes_key": firstKey, "business_domains": []string{"shop.example.com"}},
		"hr":   {"kind": "wechatwk", "corp_id": ownCorp, "agent_id": 1000002, "secret": agentSecret, "token": "pushToken", "encoding_aes_key": firstKey},
		"typo": {"kind": "wechatoa", "credentials": "secret", "app_id": "wx00000000000000e9", "app_secret": appSecret},
	} {
		if body["code"] = code; admin.call(t.Context(), http.MethodPost, "/v1/senders", body, nil) != nil {
			t.Fatal(code)
		}
	}
	awaitSender(t, admin, "shop", hasToken)
	awaitSender(t, admin, "typo", rests)
	awaitSender(t, admin, "hr", func(s shownSender) bool { return s.Token.Problem != "" })
	before := strings.Count(r.log.String(), "push refused")
	found, status := doctorJSON(t, append(w.env, "WECHATTPP_PUBLIC_URL="+r.url()))
	for name, want := range map[string][]string{
		"accounts":      {"sender typo: wrong_secret", "PATCH /v1/senders/typo", "sender hr: address_not_allowed", "the address seen is 127.0.0.1", "企业可信IP"},
		"domains":       {"127.0.0.1, the host of wechattpp_public_url, is not among the business_domains of shop"},
		"account paths": {"/v1/wechatoa/callback/shop reaches the service", "/v1/wechatwk/callback/hr reaches the service"},
	} {
		for _, text := range want {
			if !strings.Contains(found[name].Found, text) {
				t.Errorf("%s: %+v, want %q", name, found[name], text)
			}
		}
	}
	if status != 1 || found["accounts"].State != "mend" || found["domains"].State != "warn" || found["account paths"].State != "ok" {
		t.Errorf("status %d: %+v", status, found)
	}
	if n := strings.Count(r.log.String(), "push refused"); n != before {
		t.Errorf("the service complains of doctor's knocking:\n%s", r.log)
	}
	var listed struct{ Items []struct{ Code string } }
	if err := admin.call(t.Context(), http.MethodGet, "/v1/senders?finding=address_not_allowed", nil, &listed); err != nil || len(listed.Items) != 1 || listed.Items[0].Code != "hr" {
		t.Errorf("%+v, %v", listed, err)
	}
	for _, query := range []string{"finding=x", "colour=red"} {
		if err := admin.call(t.Context(), http.MethodGet, "/v1/senders?"+query, nil, nil); err == nil || !strings.Contains(err.Error(), "HTTP 400, code 4004: "+query[:strings.Index(query, "=")]) {
			t.Errorf("%s: %v", query, err)
		}
	}
}
