package api

import (
	"errors"
	"html/template"
	"net/http"
	"strings"
	"time"

	"wechattpp/audience"
	"wechattpp/sender"
)

type bindParams struct {
	UserID  string `json:"userid" validate:"required"`
	Replace bool   `json:"replace"`
}

type bindAnswer struct {
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`
}

// makeBindLink makes a link that binds whoever opens it to a user.
func (s *server) makeBindLink(c *call) error {
	code, err := c.granted()
	if err != nil {
		return err
	}
	var in bindParams
	if err := c.decode(&in); err != nil {
		return err
	}
	if err := s.Senders.MayBind(c.ctx(), code); err != nil {
		if errors.Is(err, sender.ErrNoPages) {
			return conflict(err.Error())
		}
		return speechProblem(code, err)
	}
	url, expires, err := s.Links.Make(c.ctx(), code, in.UserID, in.Replace)
	if err != nil {
		return err
	}
	c.target("user/" + in.UserID)
	c.note("sender", code)
	return c.created(bindAnswer{url, expires.UTC()})
}

// bindCookie ties the return to the browser that opened the link.
const bindCookie = "wechattpp_bind"

// openBindLink sends a visitor inside WeChat on to it; elsewhere the page shows
// its own address to be scanned.
func (s *server) openBindLink(c *call) error {
	token := c.text("token")
	if !strings.Contains(c.GetHeader("User-Agent"), "MicroMessenger") {
		if err := s.Links.Known(c.ctx(), token); err != nil {
			return s.bindRefused(c, err)
		}
		qr, err := qrCode(s.PublicURL + "/bind/" + token)
		if err != nil {
			return err
		}
		return c.show(http.StatusOK, bindPage, bindView{State: "outside", QR: qr})
	}
	held, _ := c.Cookie(bindCookie)
	address, state, err := s.Links.Open(c.ctx(), token, held)
	if err != nil {
		return s.bindRefused(c, err)
	}
	http.SetCookie(c.Writer, &http.Cookie{Name: bindCookie, Value: state, Path: "/bind/", MaxAge: 900, HttpOnly: true,
		Secure: strings.HasPrefix(s.PublicURL, "https://"), SameSite: http.SameSiteLaxMode})
	c.Header("Location", address)
	return c.reply(http.StatusFound, nil)
}

// returnToBind takes a visitor back from WeChat.
func (s *server) returnToBind(c *call) error {
	held, _ := c.Cookie(bindCookie)
	result, err := s.Links.Return(c.ctx(), c.Query("state"), held, c.Query("code"))
	if err != nil {
		return s.bindRefused(c, err)
	}
	status := http.StatusConflict
	if result == audience.Bound {
		status = http.StatusOK
	}
	return c.show(status, bindPage, bindView{State: result})
}

// bindRefused tells a visitor why it does not go on. What WeChat or the sender's
// set-up is to blame for is for the log.
func (s *server) bindRefused(c *call, err error) error {
	status, text := http.StatusServiceUnavailable, audience.ErrCode.Error()
	for known, code := range map[error]int{audience.ErrLink: http.StatusNotFound, audience.ErrUsed: http.StatusGone,
		audience.ErrBrowser: http.StatusBadRequest, audience.ErrCode: http.StatusBadRequest, sender.ErrLoginCode: http.StatusBadRequest} {
		if errors.Is(err, known) {
			status = code
			if !errors.Is(err, sender.ErrLoginCode) {
				text = known.Error()
			}
		}
	}
	if status == http.StatusServiceUnavailable {
		s.Log.Warn("a visitor could not be bound", "request", c.id, "err", err)
	}
	return c.show(status, bindPage, bindView{State: "refused", Problem: text})
}

// bindPage is the page of a bind link and of the return from WeChat.
const bindPage = "bind.html"

type bindView struct {
	State   string // outside, refused, or audience's results
	QR      template.URL
	Problem string
}
