package api

import (
	"cmp"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"wechattpp/access"
)

// admit finds out who calls, whether they may, and whether not too often.
func (s *server) admit(c *call, r route) error {
	if r.who.probe {
		return nil
	}
	if r.perMinute > 0 {
		if after := s.opened.take(r.path+" "+clientAddress(c), r.perMinute); after > 0 {
			return busy(after)
		}
	}
	if r.who.scope == "" {
		return s.rate(c, clientAddress(c))
	}
	who, err := s.identify(c, r.who.basic)
	if err != nil {
		return cmp.Or(s.rate(c, clientAddress(c)), err)
	}
	c.who = who
	if err := s.rate(c, who.Actor()); err != nil {
		return err
	}
	if !who.Has(r.who.scope) {
		p := forbidden(lacking(who, r.who.scope))
		p.challenge = `Bearer error="insufficient_scope", scope="` + r.who.scope + `"`
		return p
	}
	return nil
}

// lacking tells what a caller without a scope can do about it.
func lacking(who access.Principal, scope string) string {
	switch {
	case scope == access.UsersDelete:
		return "this call needs the scope users:delete, which clients of kind access_key have: call it with the keys of one"
	case who.Kind == access.AccessKey:
		return "a client of kind access_key cannot have the scope " + scope + ": call with the keys of a client of kind channel that has " + scope
	}
	return "this call needs the scope " + scope + ": grant it to the client and ask for a new token"
}

// rate holds the caller, known by the key, to its calls a second.
func (s *server) rate(c *call, key string) error {
	perSecond := s.Rate
	if set := s.Access.Rate(c.ctx(), c.who); set > 0 {
		perSecond = float64(set)
	}
	if after := s.rates.take(key, perSecond, max(1, int(perSecond)), c.Writer.Header()); after > 0 {
		return busy(after)
	}
	return nil
}

// identify reads the Authorization header.
func (s *server) identify(c *call, basic bool) (access.Principal, error) {
	challenge := `Bearer realm="wechattpp"`
	if basic {
		challenge += `, Basic realm="wechattpp", charset="UTF-8"`
	}
	scheme, rest, _ := strings.Cut(c.GetHeader("Authorization"), " ")
	switch {
	case strings.EqualFold(scheme, "Bearer") && rest != "":
		who, err := s.Access.Bearer(c.ctx(), strings.TrimSpace(rest))
		return who, denied(err, "the token is not valid, or no longer: get a new one from /v1/oauth/token", challenge+`, error="invalid_token"`)
	case strings.EqualFold(scheme, "Basic") && basic:
		key, secret, ok := c.Request.BasicAuth()
		if !ok {
			return access.Principal{}, unauthorized("the Authorization header is no Basic base64(ChannelKey:MasterSecret)", challenge)
		}
		who, err := s.Access.Basic(c.ctx(), clientAddress(c), key, secret)
		return who, denied(err, "ChannelKey and MasterSecret do not match: see the client's page, or rotate its secret", challenge)
	}
	text := "the Authorization header is missing: send Bearer and a token of /v1/oauth/token"
	if basic {
		text += ", or Basic base64(ChannelKey:MasterSecret)"
	}
	return access.Principal{}, unauthorized(text, challenge)
}

func denied(err error, text, challenge string) error {
	if errors.Is(err, access.ErrDenied) {
		return unauthorized(text, challenge)
	}
	return err
}

// clientAddress is who is counted when calls are limited: an IPv4 address, or
// the /64 of an IPv6 one, for whoever has one address of it has them all.
func clientAddress(c *call) string {
	a, err := netip.ParseAddr(c.ClientIP())
	if err != nil {
		return "unknown"
	}
	if a = a.Unmap(); a.Is6() {
		p, _ := a.Prefix(64)
		return p.Masked().String()
	}
	return a.String()
}

// logged counts the call and writes a line about it, without its query: that
// may hold tokens. What goes on all the time, and went well, is for debugging.
func (s *server) logged(c *call, r route, start time.Time) {
	s.times.WithLabelValues(r.method, r.path, string('0'+rune(c.Writer.Status()/100))+"xx").Observe(time.Since(start).Seconds())
	level := slog.LevelInfo
	if (r.method == http.MethodGet || r.who.basic) && c.Writer.Status() < http.StatusBadRequest {
		level = slog.LevelDebug
	}
	if !s.Log.Enabled(c.Request.Context(), level) {
		return
	}
	s.Log.Log(c.Request.Context(), level, "call", "request", c.id, "method", c.Request.Method, "path", r.path, "status", c.Writer.Status(),
		"ms", time.Since(start).Milliseconds(), "address", c.ClientIP(), "by", c.who.Actor())
}
