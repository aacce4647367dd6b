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

func (s *server) healthz(c *call) error {
	return c.reply(http.StatusOK, healthAnswer{"ok", []string{}})
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
