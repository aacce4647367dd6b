package main

import (
	"context"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

func TestDoctorSeesWhetherTheProxyTellsWhoCallsAndIsBelieved(t *testing.T) {
	t.Parallel()
	sets := func(p *httputil.ProxyRequest) { p.SetXForwarded() }
	silent := func(*httputil.ProxyRequest) {}
	parrot := func(p *httputil.ProxyRequest) {
		if p.SetXForwarded(); p.In.Header["X-Forwarded-For"] != nil {
			p.Out.Header["X-Forwarded-For"] = p.In.Header["X-Forwarded-For"]
		}
	}
	service := func(trusted ...string) string {
		w := newWorld(t, "sqlite")
		if len(trusted) > 0 {
			w.env = append(w.env, "WECHATTPP_TRUSTED_PROXIES="+strings.Join(trusted, ","))
		}
		return w.start(t).url()
	}
	believing, strict := service("127.0.0.1"), service()
	for name, c := range map[string]struct {
		service, scheme string
		proxy           func(*httputil.ProxyRequest) // nil: none
		state, says     string
	}{
		"no proxy":                              {strict, "http", nil, "ok", "their own address"},
		"a proxy that sets and is trusted":      {believing, "https", sets, "ok", "took this machine for 127.0.0.1, by http"},
		"one that is not trusted":               {strict, "https", sets, "warn", "add 127.0.0.1 to wechattpp_trusted_proxies"},
		"one that tells nothing":                {believing, "https", silent, "warn", "passes no X-Forwarded-For"},
		"one that repeats what callers claim":   {believing, "https", parrot, "mend", "do not append"},
		"a service that cannot be asked":        {"http://127.0.0.1:1", "http", nil, "ok", "not seen: http://127.0.0.1:1/healthz"},
		"the same, behind a proxy for its name": {"http://127.0.0.1:1", "https", nil, "warn", "wechattpp_trusted_proxies is not set"},
	} {
		to, err := url.Parse(c.service)
		if err != nil {
			t.Fatal(err)
		}
		cfg := &Config{PublicURL: to}
		if c.proxy != nil {
			before := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(to); c.proxy(p) }})
			t.Cleanup(before.Close)
			if cfg.PublicURL, err = url.Parse(before.URL); err != nil {
				t.Fatal(err)
			}
			if c.service == believing {
				cfg.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
			}
		}
		run := func(ctx context.Context) (string, error) {
			if c.scheme == "https" && c.proxy == nil {
				cfg.PublicURL = &url.URL{Scheme: "https", Host: to.Host}
			}
			return checkProxy(ctx, cfg)
		}
		f := examine(t.Context(), []check{{"proxy", "why", run}})[0]
		if f.State != c.state || !strings.Contains(f.Found, c.says) {
			t.Errorf("%s: %s %s, want %s %q", name, f.State, f.Found, c.state, c.says)
		}
	}
}
