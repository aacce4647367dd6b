package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"wechattpp/authorizer"
	"wechattpp/health"
	"wechattpp/sender"
	"wechattpp/sql"
	"wechattpp/token"
)

const testComponent = "wxc0ffee0000000001"

// withAuthorizers shows the rooms of authorizations; links to WeChat need no
// WeChat here.
func withAuthorizers(cfg *Config, db *sql.DB) {
	cfg.Senders = &sender.Room{Store: db.Sender(testComponent), Account: func(context.Context, string) (sender.Status, error) { return sender.Status{}, nil }}
	cfg.Tokens = token.New(token.Config{Store: db.Token(testComponent)})
	cfg.Health, cfg.ComponentAppID = &health.Room{Store: db.Health(testComponent)}, testComponent
	cfg.Authorizers = authorizer.New(authorizer.Config{Store: db.Authorizer(testComponent), PublicURL: "http://test", Keys: [][]byte{testKey},
		Links: func(_ context.Context, redirect, kind string) (authorizer.Links, error) {
			return authorizer.Links{PreAuthCode: redirect, Life: time.Minute, Desktop: "https://mp.example.com/?a=1&kind=" + kind, Mobile: "https://open.example.com/?m=1#wechat_redirect"}, nil
		}})
}

func TestTheAuthorizationPage(t *testing.T) {
	t.Parallel()
	h := newHouse(t, withAuthorizers)
	if r := h.call("POST", "/v1/senders", h.admin, `{"code": "oa1", "kind": "wechatoa", "name": "Shop"}`); r.status != http.StatusCreated {
		t.Fatalf("%d %s", r.status, r.body)
	}
	if r := h.call("POST", "/v1/senders/nobody/invitations", h.admin, ``); r.status != http.StatusNotFound {
		t.Errorf("for an unknown sender: %d %s", r.status, r.body)
	}
	r := h.call("POST", "/v1/senders/oa1/invitations", h.admin, ``)
	var made invitationAnswer
	if err := json.Unmarshal(r.body, &made); err != nil || r.status != http.StatusCreated || time.Until(made.ExpiresAt) < 6*24*time.Hour {
		t.Fatalf("%d %s", r.status, r.body)
	}
	path := strings.TrimPrefix(made.URL, "http://test")

	page := h.call("GET", path, "", "")
	body := string(page.body)
	for _, want := range []string{`href="https://mp.example.com/?a=1&amp;kind=wechatoa"`, `href="https://open.example.com/?m=1#wechat_redirect"`, `src="data:image/png;base64,`, "Authorize your account", "授权给我们", "gh_"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if page.status != http.StatusOK || page.header.Get("Referrer-Policy") != "strict-origin-when-cross-origin" || strings.Contains(body, "<script") || strings.Contains(body, "noreferrer") {
		t.Errorf("%d %v", page.status, page.header)
	}
	if csp := page.header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("policy %q", csp)
	}
	last := page
	for range 30 {
		last = h.call("GET", path, "", "")
	}
	if last.status != http.StatusTooManyRequests {
		t.Errorf("the 31st opening in a minute: %d", last.status)
	}
	if strings.Contains(h.log.String(), strings.TrimPrefix(path, "/authorize/")) {
		t.Error("the log holds an invitation")
	}
}

func TestVisitorsWhoCannotGoOn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, withAuthorizers)
	for path, status := range map[string]int{
		"/authorize/forged.invitation":                              http.StatusNotFound,
		"/authorize/callback":                                       http.StatusBadRequest,
		"/authorize/callback?auth_code=queryauthcode%40%40%40x":     http.StatusBadRequest,
		"/authorize/callback?state=guessed&auth_code=queryauthcode": http.StatusBadRequest,
	} {
		if r := h.call("GET", path, "", ""); r.status != status || !strings.Contains(string(r.body), `"message"`) {
			t.Errorf("%s: %d %s, want %d", path, r.status, r.body, status)
		}
		req, err := http.NewRequest(http.MethodGet, h.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept", "text/html")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != status || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
			t.Errorf("%s in a browser: %d %s", path, res.StatusCode, res.Header.Get("Content-Type"))
		}
	}
}

func TestAuthorizersAreShownWithoutTokensAndClaimed(t *testing.T) {
	t.Parallel()
	var store *sql.Authorizer
	h := newHouse(t, withAuthorizers, func(_ *Config, db *sql.DB) { store = db.Authorizer(testComponent) })
	for _, id := range []string{"wxAAA", "wxBBB"} {
		g := authorizer.Granted{AppID: id, Access: "access-of-" + id, Refresh: "refresh-of-" + id, Life: 2 * time.Hour, Sets: []int{1, 7}}
		if err := store.Grant(context.Background(), authorizer.Exchange{}, g, 0); err != nil {
			t.Fatal(err)
		}
	}
	if r := h.call("POST", "/v1/senders", h.admin, `{"code": "oa1", "kind": "wechatoa", "name": "Shop"}`); r.status != http.StatusCreated {
		t.Fatalf("%d %s", r.status, r.body)
	}
	var all items[authorizerAnswer]
	r := h.call("GET", "/v1/authorizers?limit=1", h.admin, "")
	if err := json.Unmarshal(r.body, &all); err != nil || len(all.Items) != 1 || all.Items[0].AppID != "wxAAA" || all.Next == "" {
		t.Fatalf("%d %s", r.status, r.body)
	}
	r = h.call("GET", "/v1/authorizers?cursor="+all.Next, h.admin, "")
	if strings.Contains(string(r.body), "-of-wx") {
		t.Errorf("a token is shown: %s", r.body)
	}
	if err := json.Unmarshal(r.body, &all); err != nil || len(all.Items) != 1 || all.Next != "" {
		t.Fatalf("%d %s", r.status, r.body)
	}
	if a := all.Items[0]; a.AppID != "wxBBB" || a.Claimed || a.Token.State != "good" || a.Token.ExpiresIn < 7000 || len(a.Sets) != 2 || a.Sets[1].ID != 7 {
		t.Errorf("%+v", a)
	}
	for body, status := range map[string]int{`{}`: 400, `{"sender": "nobody"}`: 400, `{"sender": "oa1", "x": 1}`: 400, `{"sender": "oa1"}`: 200} {
		if r := h.call("POST", "/v1/authorizers/wxBBB/claim", h.admin, body); r.status != status {
			t.Errorf("claim with %s: %d %s, want %d", body, r.status, r.body, status)
		}
	}
	var one authorizerAnswer
	r = h.call("GET", "/v1/authorizers/wxBBB", h.admin, "")
	if err := json.Unmarshal(r.body, &one); err != nil || one.Sender != "oa1" || !one.Claimed {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := h.call("GET", "/v1/authorizers/wxNone", h.admin, ""); r.status != http.StatusNotFound {
		t.Errorf("an unknown one: %d %s", r.status, r.body)
	}
}
