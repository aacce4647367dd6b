package api

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"wechattpp/access"
)

// ask posts a form to the token endpoint.
func (h *house) ask(form url.Values, change ...func(*http.Request)) reply {
	h.t.Helper()
	asForm := func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }
	return h.call("POST", "/v1/oauth/token", "", form.Encode(), append([]func(*http.Request){asForm}, change...)...)
}

func grantOf(c access.Client, scope string) url.Values {
	v := url.Values{"grant_type": {"client_credentials"}, "client_id": {c.ChannelKey}, "client_secret": {c.Secret}}
	if scope != "" {
		v.Set("scope", scope)
	}
	return v
}

var bare = url.Values{"grant_type": {"client_credentials"}}

func TestAClientGetsATokenByBasicOrByForm(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	c, _ := h.client([]string{access.Admin, access.Send})
	for name, r := range map[string]reply{
		"form":  h.ask(grantOf(c, "admin")),
		"basic": h.ask(url.Values{"grant_type": bare["grant_type"], "scope": {"admin"}}, basic(c.ChannelKey, c.Secret)),
	} {
		m := h.json(r, http.StatusOK)
		if m["token_type"] != "Bearer" || m["expires_in"] != 3600.0 || m["scope"] != "admin" {
			t.Errorf("%s: %v", name, m)
		}
		if r.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: Cache-Control %q", name, r.header.Get("Cache-Control"))
		}
		if got := h.call("GET", "/v1/clients", m["access_token"].(string), nil); got.status != http.StatusOK {
			t.Errorf("%s: the token is refused: %d %s", name, got.status, got.body)
		}
	}
	if m := h.json(h.ask(grantOf(c, "")), http.StatusOK); m["scope"] != "admin send" {
		t.Errorf("no scope asked for: %v", m)
	}
}

func TestTheTokenEndpointsErrorsAreOAuths(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	c, _ := h.client([]string{access.Send})
	off, _ := h.client([]string{access.Send})
	if _, err := h.room.Update(t.Context(), off.ID, func(c *access.Client) { c.Disabled = true }); err != nil {
		t.Fatal(err)
	}
	wrong := c
	wrong.Secret = "wrong"
	with := func(name, value string) url.Values {
		v := grantOf(c, "")
		v.Add(name, value)
		return v
	}
	json := func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }
	for name, x := range map[string]struct {
		got    reply
		status int
		code   int
		oauth  string
	}{
		"a wrong secret":           {h.ask(grantOf(wrong, "")), 401, 4005, "invalid_client"},
		"a wrong secret in Basic":  {h.ask(bare, basic(c.ChannelKey, "wrong")), 401, 4005, "invalid_client"},
		"no client":                {h.ask(bare), 401, 4005, "invalid_client"},
		"a Bearer token":           {h.ask(bare, func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }), 401, 4005, "invalid_client"},
		"a client switched off":    {h.ask(grantOf(off, "")), 403, 1015005, "unauthorized_client"},
		"a scope beyond":           {h.ask(grantOf(c, "send admin")), 400, 4004, "invalid_scope"},
		"a scope that is none":     {h.ask(grantOf(c, "fly")), 400, 4004, "invalid_scope"},
		"another grant":            {h.ask(url.Values{"grant_type": {"password"}}), 400, 4004, "unsupported_grant_type"},
		"no grant":                 {h.ask(url.Values{}), 400, 4004, "invalid_request"},
		"a field twice":            {h.ask(with("client_id", "x")), 400, 4004, "invalid_request"},
		"an unknown field":         {h.ask(with("resource", "x")), 400, 4004, "invalid_request"},
		"credentials twice":        {h.ask(grantOf(c, ""), basic(c.ChannelKey, c.Secret)), 400, 4004, "invalid_request"},
		"JSON":                     {h.ask(grantOf(c, ""), json), 400, 4004, "invalid_request"},
		"a form that is none":      {h.call("POST", "/v1/oauth/token", "", "a=%zz", func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }), 400, 4004, "invalid_request"},
		"a secret in another case": {h.ask(url.Values{"grant_type": bare["grant_type"], "client_id": {c.ChannelKey}, "client_secret": {strings.ToUpper(c.Secret)}}), 401, 4005, "invalid_client"},
	} {
		h.refused(x.got, x.status, x.code)
		if !strings.Contains(string(x.got.body), `"error":"`+x.oauth+`"`) {
			t.Errorf("%s: %s, want %s", name, x.got.body, x.oauth)
		}
		if challenge := x.got.header.Get("WWW-Authenticate"); (x.status == 401) != strings.HasPrefix(challenge, "Basic ") {
			t.Errorf("%s: WWW-Authenticate %q", name, challenge)
		}
	}
}

func TestGuessingAtTheTokenEndpointIsAnswered429(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	c, token := h.client([]string{access.Admin})
	wrong := c
	wrong.Secret = "wrong"
	last := reply{}
	if n := h.guess(func() reply { last = h.ask(grantOf(wrong, "")); return last }); n < 20 {
		t.Errorf("limited after %d failures, want 20", n)
	}
	if last.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	if r := h.call("GET", "/v1/clients", token, nil); r.status != http.StatusOK {
		t.Errorf("tokens are refused with it: %d %s", r.status, r.body)
	}
}

func TestASecretMayComeFormEncodedInBasicAsOAuthWants(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	c, err := h.room.Create(t.Context(), access.Client{Name: "old", ChannelKey: "imported-key", Secret: "50%+of+secrets%2Fare=odd", Scopes: []string{access.Send}})
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{c.Secret, url.QueryEscape(c.Secret)} {
		h.json(h.ask(bare, basic(c.ChannelKey, secret)), http.StatusOK)
	}
}
