package api

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"wechattpp/sql"
)

func TestReadiness(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		unready, degraded []string
		status            int
		word              string
	}{
		"nothing is wrong":           {nil, nil, http.StatusOK, "ok"},
		"something is wrong":         {nil, []string{"no ticket"}, http.StatusOK, "degraded"},
		"the service cannot work":    {[]string{"no database"}, nil, http.StatusServiceUnavailable, "degraded"},
		"both at once are both told": {[]string{"no database"}, []string{"no ticket"}, http.StatusServiceUnavailable, "degraded"},
	} {
		h := newHouse(t, func(cfg *Config, _ *sql.DB) {
			cfg.Ready = func(context.Context) (unready, degraded []string) { return c.unready, c.degraded }
		})
		m := h.json(h.call("GET", "/readyz", "", nil), c.status)
		var reasons []string
		for _, r := range m["reasons"].([]any) {
			reasons = append(reasons, r.(string))
		}
		if m["status"] != c.word || !slices.Equal(reasons, slices.Concat(c.unready, c.degraded)) {
			t.Errorf("%s: %v", name, m)
		}
		if m := h.json(h.call("GET", "/healthz", "", nil), http.StatusOK); m["status"] != "ok" {
			t.Errorf("%s: /healthz %v", name, m)
		}
	}
}

func TestACallerLearnsAsWhomItIsTaken(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		trusted, forwarded string
		want               Caller
	}{
		"directly":                   {"", "", Caller{"127.0.0.1", NoProxy, ""}},
		"a proxy that tells nothing": {"127.0.0.1", "", Caller{"127.0.0.1", NoProxy, ""}},
		"a stranger's word":          {"192.0.2.0/24", "192.0.2.7", Caller{"127.0.0.1", StrangeProxy, ""}},
		"a trusted proxy":            {"127.0.0.1", "192.0.2.7", Caller{"192.0.2.7", TrustedProxy, "https"}},
		"a trusted network":          {"127.0.0.0/8", "192.0.2.7", Caller{"192.0.2.7", TrustedProxy, "https"}},
	} {
		h := newHouse(t, func(cfg *Config, _ *sql.DB) {
			if c.trusted != "" {
				cfg.TrustedProxies = []string{c.trusted}
			}
		})
		m := h.json(h.call("GET", "/healthz", "", nil, func(r *http.Request) {
			if r.Header.Set("X-Forwarded-Proto", "https"); c.forwarded != "" {
				r.Header.Set("X-Forwarded-For", c.forwarded)
			}
		}), http.StatusOK)
		got := m["caller"].(map[string]any)
		if got["address"] != c.want.Address || got["proxy"] != c.want.Proxy || got["scheme"] != c.want.Scheme {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestMetricsAreForAllowedAddressesThatAskDirectly(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector())
	h := newHouse(t, func(c *Config, _ *sql.DB) { c.Metrics, c.TrustedProxies = registry, []string{"127.0.0.1"} })
	if r := h.call("GET", "/metrics", "", nil); r.status != http.StatusOK || !strings.Contains(string(r.body), "go_goroutines") {
		t.Errorf("loopback: %d", r.status)
	}
	for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "X-Real-IP", "Via", "x-real-ip"} {
		h.refused(h.call("GET", "/metrics", "", nil, func(r *http.Request) { r.Header.Set(name, "127.0.0.1") }), http.StatusForbidden, codeForbidden, "proxy")
		h.refused(h.call("GET", "/metrics", "", nil, func(r *http.Request) { r.Header.Set(name, "") }), http.StatusForbidden, codeForbidden, "proxy")
	}
	far := newHouse(t, func(c *Config, _ *sql.DB) { c.MetricsAllow = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} })
	far.refused(far.call("GET", "/metrics", "", nil), http.StatusForbidden, codeForbidden, "wechattpp_metrics_allow")
}
