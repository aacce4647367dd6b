package api

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"wechattpp/access"
	"wechattpp/audience"
	"wechattpp/authorizer"
	"wechattpp/callback"
	"wechattpp/health"
	"wechattpp/notify"
	"wechattpp/sender"
	"wechattpp/token"
	"wechattpp/webhook"
)

// Config says what the frame needs and which rooms it shows.
type Config struct {
	PublicURL      string         // base of links given to people, e.g. https://push.example.com
	TrustedProxies []string       // CIDRs or addresses whose X-Forwarded-For is believed; none by default
	MetricsAllow   []netip.Prefix // who may read /metrics; none means loopback only
	Log            *slog.Logger   // nil means slog.Default()
	Metrics        *prometheus.Registry

	// Ready tells what keeps the service from working (unready, answered 503)
	// and what is merely wrong (degraded, still 200). Bounded to 3 s.
	Ready func(context.Context) (unready, degraded []string)

	// Rate is how many calls a second each client, or address without one, may
	// make at this replica; 0 means 10,000.
	Rate float64

	// Stopping ends when the service is about to: streams end then, other calls
	// are finished. nil: never.
	Stopping context.Context

	Access *access.Room

	Senders   *sender.Room
	Audience  *audience.Room
	Notify    *notify.Room
	Webhook   *webhook.Room
	Followers *sender.Followers
	Articles  *sender.Articles
	Templates *sender.Templates // accounts' own, and the public library
	Links     *audience.Links
	Ledger    *audience.Ledger

	Confirmations *audience.Confirmations // links of one-time subscriptions

	Authorizers *authorizer.Authorizers
	Tokens      *token.Keeper // tells how tokens are
	Health      *health.Room

	ComponentAppID string // the platform's own; empty if none is configured
	// Lender gives the token of a sender's calls.
	Lender func(sender.Sender) *token.Source

	Callback      *callback.Door
	ComponentPath string // where WeChat pushes authorization events to; by default /wechattpp/component
	MessagePath   string // and messages; must contain "/$APPID$"; by default /wechattpp/$APPID$/message
}

// server holds the rooms; its methods are the handlers.
type server struct {
	Config
	rates   *rates
	opened  *minutes // calls of public pages, see route.perMinute
	reports *rates   // reports of refused tokens

	times    *prometheus.HistogramVec
	document []byte // openapi.json
	swagger  http.Handler
}

// New puts the routes together. It fails on a bad proxy list, on two routes
// that exclude each other, and on a description that cannot be read.
func New(cfg Config) (h http.Handler, err error) {
	s := &server{Config: cfg}
	s.defaults()
	if err := s.Metrics.Register(s.times); err != nil {
		return nil, err
	}
	if s.document, err = document(s.PublicURL); err != nil {
		return nil, err
	}
	gin.SetMode(gin.ReleaseMode)
	g := gin.New()
	g.HandleMethodNotAllowed = true
	g.RedirectTrailingSlash = false
	g.RemoteIPHeaders = []string{"X-Forwarded-For"}
	if err := g.SetTrustedProxies(cfg.TrustedProxies); err != nil {
		return nil, fmt.Errorf("wechattpp_trusted_proxies: %w", err)
	}
	g.NoRoute(s.serve(route{who: public, do: noRoute}))
	g.NoMethod(s.serve(route{who: public, do: noMethod}))
	defer func() {
		if p := recover(); p != nil { // gin panics on paths that exclude each other
			h, err = nil, fmt.Errorf("routes: %v: choose other callback paths", p)
		}
	}()
	for _, r := range s.routes() {
		g.Handle(r.method, r.path, s.serve(r))
		if r.method == http.MethodGet { // monitors ask by HEAD; net/http leaves the body out
			g.Handle(http.MethodHead, r.path, s.serve(r))
		}
	}
	return g, nil
}

func (s *server) defaults() {
	if s.Log == nil {
		s.Log = slog.Default()
	}
	if s.Metrics == nil {
		s.Metrics = prometheus.NewRegistry()
	}
	if s.Stopping == nil {
		s.Stopping = context.Background()
	}
	if s.Rate == 0 {
		s.Rate = 10_000
	}
	if len(s.MetricsAllow) == 0 {
		s.MetricsAllow = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	}
	if s.Ready == nil {
		s.Ready = func(context.Context) (unready, degraded []string) { return nil, nil }
	}
	s.ComponentPath = cmp.Or(s.ComponentPath, componentPath)
	s.MessagePath = cmp.Or(s.MessagePath, messagePath)
	s.PublicURL = strings.TrimRight(s.PublicURL, "/")
	s.times = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "wechattpp_api_seconds",
		Help:    "Time to answer a call, by route and class of status; pushes are counted elsewhere.",
		Buckets: []float64{.001, .005, .02, .1, .5, 2, 10}}, []string{"method", "path", "class"})
	s.rates, s.opened, s.reports, s.swagger = newRates(), newMinutes(), newRates(), swagger()
}

// HTTPServer is a server with the limits this program wants: slow readers and
// idle connections are let go. Streams extend their own write deadline.
func HTTPServer(address string, h http.Handler) *http.Server {
	return &http.Server{
		Addr:              address,
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		WriteTimeout:      2 * time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
}
