package api

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"wechattpp/audience"
	"wechattpp/sender"
)

type subscribeParams struct {
	Scene      jsontext.Value `json:"scene"`
	TemplateID string         `json:"template_id" validate:"required"`
	Redirect   string         `json:"redirect_url" validate:"required"`
	OpenID     string         `json:"openid"`
}

type subscribeAnswer struct {
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`
	Warnings  []string  `json:"warnings,omitempty"`
}

// makeSubscribeLink makes a link to WeChat's page on which a user allows one
// message.
func (s *server) makeSubscribeLink(c *call) error {
	code, err := c.granted()
	if err != nil {
		return err
	}
	var in subscribeParams
	if err := c.decode(&in); err != nil {
		return err
	}
	scene, err := sceneOf(in.Scene)
	if err != nil {
		return err
	}
	x, err := s.Senders.Read(c.ctx(), code)
	if err != nil {
		return speechProblem(code, err)
	}
	if x.Kind != sender.OfficialAccount {
		return conflict(sender.ErrNoConfirm.Error())
	}
	if err := x.CheckRedirect(in.Redirect); err != nil {
		return speechProblem(code, err)
	}
	address, expires, err := s.Confirmations.Make(c.ctx(), audience.ConfirmLink{Sender: code, Scene: scene, Template: in.TemplateID, Redirect: in.Redirect, OpenID: in.OpenID})
	if err != nil {
		return speechProblem(code, err)
	}
	c.target("sender/" + code)
	c.note("scene", scene)
	return c.created(subscribeAnswer{address, expires.UTC(), s.unlisted(x)})
}

// unlisted warns of a page that WeChat would refuse to return to: our own.
func (s *server) unlisted(x sender.Sender) []string {
	u, err := url.Parse(s.PublicURL)
	if err != nil || x.HasDomain(u.Hostname()) {
		return nil
	}
	return []string{"WeChat returns visitors to " + u.Host + " (wechattpp_public_url) first: it must be a business domain (业务域名) of the account, too; add it in the account's console and to business_domains, which ends this warning"}
}

// returnToSubscribe takes a visitor's answer back from WeChat and sends the
// visitor on with it.
func (s *server) returnToSubscribe(c *call) error {
	if c.Request.Method != http.MethodGet { // whoever only looks must not use the answer up
		c.Header("Allow", http.MethodGet)
		return noMethod(s, c)
	}
	to, err := s.Confirmations.Return(c.ctx(), audience.Returned{OpenID: c.Query("openid"), Template: c.Query("template_id"),
		Action: c.Query("action"), Scene: c.Query("scene"), Reserved: c.Query("reserved")})
	for _, known := range []error{audience.ErrLink, audience.ErrUsed, audience.ErrAnswer} {
		if errors.Is(err, known) {
			return c.show(http.StatusBadRequest, subscribePage, known.Error())
		}
	}
	if err != nil {
		s.Log.Error("the answer to a subscription was not taken down", "request", c.id, "err", err)
		return c.show(http.StatusServiceUnavailable, subscribePage, "请稍后重试 This did not work just now: try again in a moment")
	}
	c.Header("Location", to)
	return c.reply(http.StatusFound, nil)
}

// subscribePage tells a visitor why it does not go on.
const subscribePage = "subscribe.html"
