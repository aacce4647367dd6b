package api

import (
	"errors"
	"html/template"
	"net/http"
	"strings"

	"wechattpp/authorizer"
)

// visit is what the page shows: an invitation, or the state of a return.
type visit struct {
	State           string // open, or authorizer's states, or refused
	Desktop, Mobile string
	QR              template.URL // a PNG in the page itself
	Account         authorizer.Account
	Missing         []authorizer.Missing
	Problem         string
	TestList        bool // the platform may not be released yet
}

// openInvitation shows the ways to WeChat's authorization page. WeChat checks
// by the Referer that the visitor comes from this host.
func (s *server) openInvitation(c *call) error {
	p, err := s.Authorizers.Open(c.ctx(), c.text("invitation"))
	if err != nil {
		return s.turnAway(c, err)
	}
	code, err := qrCode(p.Address)
	if err != nil {
		return err
	}
	return show(c, http.StatusOK, visit{State: "open", Desktop: p.Desktop, Mobile: p.Mobile, QR: code})
}

// returnFromWeChat takes a visitor back. The AppID is never taken from the
// query; what a return without a known state brings is not looked at.
func (s *server) returnFromWeChat(c *call) error {
	r, err := s.Authorizers.Return(c.ctx(), c.Query("state"), c.Query("auth_code"))
	if err != nil {
		return s.turnAway(c, err)
	}
	status := map[string]int{authorizer.Working: http.StatusAccepted, authorizer.Failed: http.StatusConflict}[r.State]
	if status == 0 {
		status = http.StatusOK
	}
	if r.Problem != "" {
		s.Log.Warn("authorization not finished", "app_id", r.Account.AppID, "state", r.State, "err", r.Problem)
	}
	return show(c, status, visit{State: r.State, Account: r.Account, Missing: r.Account.Missing(), TestList: strings.Contains(r.Problem, "61028")})
}

// turnAway answers a visitor who cannot go on: a page for a browser, JSON for a
// program.
func (s *server) turnAway(c *call, err error) error {
	p := visitProblem(err)
	if p.status >= http.StatusInternalServerError {
		s.Log.Error("authorization page failed", "request", c.id, "err", err)
	}
	if !strings.Contains(c.GetHeader("Accept"), "text/html") {
		return p
	}
	return show(c, p.status, visit{State: "refused", Problem: p.message, TestList: errors.Is(err, authorizer.ErrUnreleased)})
}

func visitProblem(err error) *problem {
	switch {
	case errors.Is(err, authorizer.ErrInvitation):
		return refuse(http.StatusNotFound, codeNotFound, err.Error())
	case errors.Is(err, authorizer.ErrUsed), errors.Is(err, authorizer.ErrExpired):
		return refuse(http.StatusGone, codeGone, err.Error())
	case errors.Is(err, authorizer.ErrState):
		return refuse(http.StatusBadRequest, codeInvalid, err.Error())
	case errors.Is(err, authorizer.ErrUnreleased), errors.Is(err, authorizer.ErrAway):
		return refuse(http.StatusServiceUnavailable, codeAway, err.Error())
	}
	return toProblem(err)
}

const codeGone = 4100

// show writes the page. The policy of referring overrides the frame's: without
// a Referer, WeChat refuses the visitor.
func show(c *call, status int, v visit) error {
	c.Header("Referrer-Policy", "strict-origin-when-cross-origin")
	return c.show(status, "authorize.html", v)
}
