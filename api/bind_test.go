package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"wechattpp/access"
	"wechattpp/audience"
	"wechattpp/health"
	"wechattpp/sender"
	"wechattpp/simulator"
	"wechattpp/sql"
	"wechattpp/token"
	"wechattpp/wechat"
)

const (
	bindSecret = "0123456789abcdef0123456789abcdef"
	bindShop   = "wx5a1e0c7d93b24f68"
)

// binding is a house whose Official Account visitors of links belong to.
func binding(t *testing.T, fit ...func(*Config, *sql.DB)) (*house, *simulator.Simulator, string) {
	t.Helper()
	sim := simulator.New(simulator.Config{ComponentAppID: testComponent})
	accounts := simulator.SampleWorld()
	for i := range accounts {
		accounts[i].Secret = bindSecret
	}
	if err := sim.AddAccount(accounts...); err != nil {
		t.Fatal(err)
	}
	vendor := httptest.NewServer(sim)
	t.Cleanup(vendor.Close)
	h := newHouse(t, withUsers, func(cfg *Config, db *sql.DB) {
		cfg.Health, cfg.Tokens = &health.Room{Store: db.Health(testComponent)}, token.New(token.Config{Store: db.Token(testComponent)})
		cfg.Senders = &sender.Room{Store: db.Sender(testComponent), API: wechat.API{Base: vendor.URL, OpenBase: vendor.URL, MPBase: vendor.URL},
			Tokens: func(sender.Sender) wechat.TokenSource { return wechat.FixedToken("x") }}
		cfg.Links = &audience.Links{Store: db.Audience(), PublicURL: "http://test", Keys: [][]byte{testKey}, Address: cfg.Senders.VisitorLink,
			Visitor: func(ctx context.Context, code, webCode string) (audience.Guest, error) {
				v, err := cfg.Senders.Visitor(ctx, code, webCode)
				return audience.Guest(v), err
			}}
		for code, kind := range map[string]string{"oa1": "wechatoa", "mp1": "wechatmp"} {
			if _, err := cfg.Senders.Create(context.Background(), sender.Sender{Code: code, Kind: kind, Credentials: "secret", AppID: bindShop,
				Secrets: sender.Secrets{AppSecret: bindSecret}}); err != nil {
				t.Fatal(err)
			}
		}
		for _, f := range fit {
			f(cfg, db)
		}
	})
	_, clientToken := h.client([]string{access.Users}, "oa1", "mp1")
	return h, sim, clientToken
}

func (h *house) bindLink(token, body string) string {
	h.t.Helper()
	r := h.call("POST", "/v1/senders/oa1/bind-links", token, body)
	var made bindAnswer
	if err := json.Unmarshal(r.body, &made); err != nil || r.status != http.StatusCreated {
		h.t.Fatalf("%d %s", r.status, r.body)
	}
	return strings.TrimPrefix(made.URL, "http://test")
}

func inWeChat(cookie string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Set("User-Agent", "Mozilla/5.0 MicroMessenger/8.0")
		if cookie != "" {
			r.Header.Set("Cookie", cookie)
		}
	}
}

// visit opens a link and comes back with WeChat's code: the path to call, and
// the browser's cookie.
func (h *house) visit(sim *simulator.Simulator, path string, v simulator.Visit) (back, cookie string) {
	h.t.Helper()
	r := h.call("GET", path, "", nil, inWeChat(""))
	if r.status != http.StatusFound {
		h.t.Fatalf("%d %s", r.status, r.body)
	}
	cookie, _, _ = strings.Cut(r.header.Get("Set-Cookie"), ";")
	v.Link = r.header.Get("Location")
	back, err := sim.Visit(v)
	if err != nil {
		h.t.Fatal(err)
	}
	return strings.TrimPrefix(back, "http://test"), cookie
}

func (h *house) wantPage(r reply, status int, word string) {
	h.t.Helper()
	if r.status != status || !strings.Contains(string(r.body), word) {
		h.t.Errorf("%d %s, want %d and %q", r.status, r.body, status, word)
	}
}

func (h *house) identity(token, userid string) string {
	h.t.Helper()
	var u userAnswer
	if err := json.Unmarshal(h.call("GET", "/v1/users/"+userid, token, nil).body, &u); err != nil {
		h.t.Fatal(err)
	}
	return u.Identities["oa1"]
}

func TestALinkBindsItsVisitorOnce(t *testing.T) {
	t.Parallel()
	h, sim, token := binding(t)
	path := h.bindLink(token, `{"userid":"u-1"}`)
	h.wantPage(h.call("GET", path, "", nil), http.StatusOK, "data:image/png")
	h.wantPage(h.call("GET", "/bind/guess", "", nil), http.StatusNotFound, "no such link")

	back, cookie := h.visit(sim, path, simulator.Visit{OpenID: "oVisitor1"})
	h.wantPage(h.call("GET", back, "", nil, inWeChat("")), http.StatusBadRequest, "opened in this browser")
	var both sync.WaitGroup
	for range 2 { // browsers return twice
		both.Go(func() { h.wantPage(h.call("GET", back, "", nil, inWeChat(cookie)), http.StatusOK, "Bound") })
	}
	both.Wait()
	if got := h.identity(token, "u-1"); got != "oVisitor1" {
		t.Errorf("bound %q", got)
	}
	if n := sim.Calls().Paths["/sns/oauth2/access_token"]; n != 1 {
		t.Errorf("the code was exchanged %d times", n)
	}
	h.wantPage(h.call("GET", path, "", nil, inWeChat(cookie)), http.StatusGone, "has been used")
	if strings.Contains(h.log.String(), bindSecret) || strings.Contains(h.log.String(), "code=") {
		t.Error("the log holds a secret or a code")
	}
}

func TestBindingsThatExistStayUnlessReplaced(t *testing.T) {
	t.Parallel()
	h, sim, token := binding(t)
	bind := func(body, openID string, status int, word string) {
		t.Helper()
		back, cookie := h.visit(sim, h.bindLink(token, body), simulator.Visit{OpenID: openID})
		h.wantPage(h.call("GET", back, "", nil, inWeChat(cookie)), status, word)
	}
	bind(`{"userid":"u-1"}`, "o1", http.StatusOK, "Bound")
	bind(`{"userid":"u-1"}`, "o1", http.StatusOK, "Bound")
	bind(`{"userid":"u-1"}`, "o2", http.StatusConflict, "bound to another WeChat user")
	bind(`{"userid":"u-2"}`, "o1", http.StatusConflict, "bound to another account")
	h.refused(h.call("GET", "/v1/users/u-2", token, nil), http.StatusNotFound, codeNotFound)
	bind(`{"userid":"u-2","replace":true}`, "o1", http.StatusOK, "Bound")
	if a, b := h.identity(token, "u-1"), h.identity(token, "u-2"); a != "" || b != "o1" {
		t.Errorf("u-1 has %q, u-2 %q", a, b)
	}
}

func TestVisitorsWhoAreNotBound(t *testing.T) {
	t.Parallel()
	h, sim, token := binding(t)
	path := h.bindLink(token, `{"userid":"u-1"}`)
	for _, c := range []struct {
		v      simulator.Visit
		status int
		word   string
	}{
		{simulator.Visit{Refuse: true}, http.StatusConflict, "Not confirmed"},
		{simulator.Visit{OpenID: "oFake", Snapshot: true}, http.StatusConflict, "snapshot"},
	} {
		back, cookie := h.visit(sim, path, c.v)
		h.wantPage(h.call("GET", back, "", nil, inWeChat(cookie)), c.status, c.word)
	}
	back, cookie := h.visit(sim, path, simulator.Visit{OpenID: "o1"})
	h.wantPage(h.call("GET", strings.Replace(back, "code=", "code=x", 1), "", nil, inWeChat(cookie)), http.StatusBadRequest, "open the link again")
	h.wantPage(h.call("GET", back, "", nil, inWeChat(cookie)), http.StatusOK, "Bound") // none of it used the link up

	h.refused(h.call("POST", "/v1/senders/mp1/bind-links", token, `{"userid":"u-1"}`), http.StatusConflict, codeConflict, "Official Accounts")
	h.refused(h.call("POST", "/v1/senders/oa2/bind-links", token, `{"userid":"u-1"}`), http.StatusNotFound, codeNotFound)
	h.refused(h.call("POST", "/v1/senders/oa1/bind-links", token, `{"userid":"a b"}`), http.StatusBadRequest, codeInvalid, "userid")
	h.refused(h.call("POST", "/v1/senders/oa1/bind-links", token, `{}`), http.StatusBadRequest, codeInvalid, "userid")
}
