package api

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// healthAnswer is what /healthz and /readyz tell.
type healthAnswer struct {
	Status  string   `json:"status"` // ok or degraded
	Reasons []string `json:"reasons"`
}

// aliveAnswer is what /healthz tells besides.
type aliveAnswer struct {
	healthAnswer
	Caller Caller `json:"caller"`
}

// Caller is whom the service takes a caller for, so that an operator sees whether
// the proxies before it tell who calls and are believed.
type Caller struct {
	Address string `json:"address"` // as calls are limited and logged by it
	Proxy   string `json:"proxy"`   // NoProxy, TrustedProxy or StrangeProxy
	Scheme  string `json:"scheme"`  // of X-Forwarded-Proto; empty if it is not told, or not believed
}

// What passed a call on.
const (
	NoProxy      = "none"        // nobody said X-Forwarded-For
	TrustedProxy = "trusted"     // a proxy of wechattpp_trusted_proxies did
	StrangeProxy = "not_trusted" // another one did: Address is its own
)

func (s *server) healthz(c *call) error {
	return c.reply(http.StatusOK, aliveAnswer{healthAnswer{"ok", []string{}}, s.caller(c)})
}

func (s *server) caller(c *call) Caller {
	who := Caller{Address: c.ClientIP(), Proxy: NoProxy}
	if c.GetHeader("X-Forwarded-For") != "" {
		who.Proxy = StrangeProxy
	}
	if who.Proxy != NoProxy && s.trusts(c.RemoteIP()) {
		who.Proxy = TrustedProxy
		if scheme := c.GetHeader("X-Forwarded-Proto"); scheme == "http" || scheme == "https" {
			who.Scheme = scheme
		}
	}
	return who
}

// trusts tells whether an address is one of TrustedProxies, which New has read.
func (s *server) trusts(address string) bool {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	for _, text := range s.TrustedProxies {
		if p, err := netip.ParsePrefix(text); err == nil && p.Contains(a.Unmap()) {
			return true
		}
		if one, err := netip.ParseAddr(text); err == nil && one.Unmap() == a.Unmap() {
			return true
		}
	}
	return false
}

// readyz is 503 when the service cannot work, and 200 with "degraded" when it
// works but something is wrong: a replica must stay reachable to get its ticket.
func (s *server) readyz(c *call) error {
	ctx, cancel := context.WithTimeout(c.ctx(), 3*time.Second)
	defer cancel()
	unready, degraded := s.Ready(ctx)
	reasons := append(append([]string{}, unready...), degraded...)
	answer, status := healthAnswer{"ok", reasons}, http.StatusOK
	if len(reasons) > 0 {
		answer.Status = "degraded"
	}
	if len(unready) > 0 {
		status = http.StatusServiceUnavailable
	}
	return c.reply(status, answer)
}

// forwarding are headers that a proxy adds: with one of them, the address the
// request came from is the proxy's and says nothing about who asks.
var forwarding = []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "X-Real-Ip", "Via"}

func (s *server) metrics(c *call) error {
	for _, name := range forwarding {
		if c.Request.Header[name] != nil {
			return forbidden("metrics are not for requests through a proxy: ask this address directly")
		}
	}
	if !s.mayMeasure(c.RemoteIP()) {
		return forbidden("this address may not read metrics: add it to wechattpp_metrics_allow")
	}
	promhttp.HandlerFor(s.Metrics, promhttp.HandlerOpts{}).ServeHTTP(c.Writer, c.Request)
	return nil
}

func (s *server) mayMeasure(address string) bool {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	for _, p := range s.MetricsAllow {
		if p.Contains(a.Unmap()) {
			return true
		}
	}
	return false
}
