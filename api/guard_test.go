package api

import (
	"bytes"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"wechattpp/access"
	"wechattpp/sql"
)

// somewhere fills in a path's parameters.
func somewhere(path string) string {
	return regexp.MustCompile(`[:*][a-z_]+`).ReplaceAllString(path, "1")
}

func TestEveryRouteThatIsNotPublicWantsCredentialsAndItsScope(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	all := map[string]string{}
	for _, s := range []string{access.Send, access.Users, access.Templates, access.Tokens, access.Events, access.MessagesRead, access.Proxy} {
		_, all[s] = h.client([]string{s})
	}
	proxy, _ := h.client([]string{access.Proxy}) // a scope that no JUMS path needs
	s := &server{}
	s.defaults()
	for _, r := range s.routes() {
		if r.who.scope == "" {
			continue
		}
		path := somewhere(r.path)
		none := h.call(r.method, path, "", nil)
		h.refused(none, http.StatusUnauthorized, codeAuth, "Authorization")
		if c := none.header.Get("WWW-Authenticate"); !strings.HasPrefix(c, "Bearer ") || strings.Contains(c, "Basic") != r.who.basic {
			t.Errorf("%s %s: challenge %q", r.method, path, c)
		}
		h.refused(h.call(r.method, path, "", nil, basic("no-such-client", "no-such-secret")), http.StatusUnauthorized, codeAuth)
		h.refused(h.call(r.method, path, "no.such.token", nil), http.StatusUnauthorized, codeAuth)
		if known := h.call(r.method, path, "", nil, basic(proxy.ChannelKey, proxy.Secret)); r.who.basic {
			h.refused(known, http.StatusForbidden, codeForbidden, r.who.scope)
		} else {
			h.refused(known, http.StatusUnauthorized, codeAuth, "Bearer")
		}
		for scope, token := range all {
			if scope != r.who.scope {
				h.refused(h.call(r.method, path, token, nil), http.StatusForbidden, codeForbidden, r.who.scope)
			}
		}
	}
}

func TestEveryChangeNamesItsAuditAction(t *testing.T) {
	t.Parallel()
	s := &server{}
	s.defaults()
	seen := map[string]bool{}
	for _, r := range s.routes() {
		if r.who.scope == access.Admin && r.method != http.MethodGet && r.action == "" {
			t.Errorf("%s %s changes something and has no action", r.method, r.path)
		}
		if seen[r.action] && r.action != "" {
			t.Errorf("%s is the action of two routes", r.action)
		}
		seen[r.action] = true
	}
}

func TestWhatIsNotServedIsToldSo(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.refused(h.call("GET", "/v1/nothing", h.admin, nil), http.StatusNotFound, codeNotFound, "/docs")
	wrong := h.call("PUT", "/v1/clients", h.admin, nil)
	h.refused(wrong, http.StatusMethodNotAllowed, codeMethod, "PUT", "POST")
	if wrong.header.Get("Allow") == "" {
		t.Error("no Allow header")
	}
	if r := h.call("HEAD", "/healthz", "", nil); r.status != http.StatusOK || len(r.body) != 0 {
		t.Errorf("HEAD: %d %s", r.status, r.body)
	}
}

func TestABodyOverTheLimitIs413(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	long := `{"name":"` + strings.Repeat("a", apiBody) + `"}`
	h.refused(h.call("POST", "/v1/clients", h.admin, long), http.StatusRequestEntityTooLarge, codeTooLarge, "4194304")
}

func TestAnswersCarrySafetyHeadersAndANameForTheLog(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.call("GET", "/v1/clients?limit=x&secret=hidden-in-query", h.admin, nil)
	if r.header.Get("X-Content-Type-Options") != "nosniff" || r.header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", r.header)
	}
	id := r.header.Get("X-Request-Id")
	if id == "" || !strings.Contains(h.log.String(), "request="+id) {
		t.Errorf("request %q is not in the log:\n%s", id, h.log)
	}
	if strings.Contains(h.log.String(), "hidden-in-query") {
		t.Error("a query is in the log")
	}
}

func TestCallsAreLimitedPerClient(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(c *Config, _ *sql.DB) { c.Rate = 0.001 })
	_, one := h.client([]string{access.Admin})
	_, other := h.client([]string{access.Admin})
	if r := h.call("GET", "/v1/audit", one, nil); r.status != http.StatusOK {
		t.Errorf("the first call: %d %s", r.status, r.body)
	}
	last := h.call("GET", "/v1/audit", one, nil)
	h.refused(last, http.StatusTooManyRequests, codeRate, "Retry-After")
	for _, name := range []string{"Retry-After", "X-Rate-Limit-Limit", "X-Rate-Limit-Remaining", "X-Rate-Limit-Reset"} {
		if last.header.Get(name) == "" {
			t.Errorf("no %s", name)
		}
	}
	if r := h.call("GET", "/v1/audit", other, nil); r.status != http.StatusOK {
		t.Errorf("another client: %d %s", r.status, r.body)
	}
}

func TestAFailureIsAnsweredWithoutItsDetailWhichIsLogged(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	steps, err := h.db.Migrations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range steps { // back to an empty database
		if err := h.db.MigrateDown(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	r := h.call("GET", "/v1/clients", h.admin, nil)
	h.refused(r, http.StatusInternalServerError, codeInternal, "X-Request-Id")
	if bytes.Contains(r.body, []byte("admin_token")) || !strings.Contains(h.log.String(), "admin_token") {
		t.Errorf("answer %s, log %s", r.body, h.log)
	}
}

// guess fails until it is limited, and answers how often it was not.
func (h *house) guess(try func() reply) (tries int) {
	h.t.Helper()
	for ; tries < 1000; tries++ { // one comes back in 3 s: on a slow machine it takes more
		r := try()
		if r.status == http.StatusTooManyRequests {
			h.refused(r, http.StatusTooManyRequests, codeRate, "Retry-After")
			return tries
		}
		h.refused(r, http.StatusUnauthorized, codeAuth)
	}
	h.t.Fatal("nobody limits 1000 guesses")
	return tries
}

func TestGuessingOnJUMSPathsIsLimitedPerAddress(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(c *Config, _ *sql.DB) { c.TrustedProxies = []string{"127.0.0.1"} })
	c, _ := h.client([]string{access.Proxy})
	try := func(from, secret string) reply {
		return h.call("POST", "/v1/sent", "", "{}", basic(c.ChannelKey, secret), func(r *http.Request) { r.Header.Set("X-Forwarded-For", from) })
	}
	for from, secret := range map[string]string{"2001:db8::2": "wrong", "2001:db8::1": c.Secret} { // the first is of the same /64
		var r reply
		for range 5 { // one try comes back in 3 s, on a slow machine perhaps just now
			h.guess(func() reply { return try("2001:db8::1", "wrong") })
			if r = try(from, secret); r.status == http.StatusTooManyRequests {
				break
			}
		}
		h.refused(r, http.StatusTooManyRequests, codeRate)
	}
	h.refused(try("2001:db8:0:1::1", c.Secret), http.StatusForbidden, codeForbidden, access.Send)
	h.refused(try("192.0.2.1", c.Secret), http.StatusForbidden, codeForbidden, access.Send)
}

func TestForwardedAddressesAreBelievedFromTrustedProxiesOnly(t *testing.T) {
	t.Parallel()
	from := func(address string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("X-Forwarded-For", address) }
	}
	limited := func(proxies ...string) (first, second int) {
		h := newHouse(t, func(c *Config, _ *sql.DB) { c.Rate, c.TrustedProxies = 0.001, proxies })
		return h.call("GET", "/", "", nil, from("192.0.2.1")).status, h.call("GET", "/", "", nil, from("192.0.2.2")).status
	}
	if a, b := limited(); a != http.StatusOK || b != http.StatusTooManyRequests {
		t.Errorf("no trusted proxy: %d, %d; both came from one address", a, b)
	}
	if a, b := limited("127.0.0.1"); a != http.StatusOK || b != http.StatusOK {
		t.Errorf("a trusted proxy: %d, %d; two addresses", a, b)
	}
	if _, err := New(Config{TrustedProxies: []string{"nginx"}}); err == nil || !strings.Contains(err.Error(), "wechattpp_trusted_proxies") {
		t.Errorf("a proxy that is no address: %v", err)
	}
}
