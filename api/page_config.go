package api

import (
	"errors"
	"net/http"

	"wechattpp/sender"
	"wechattpp/token"
	"wechattpp/wechat"
)

// pageConfigAnswer holds the arguments of wx.config, by its own names.
type pageConfigAnswer struct {
	AppID     string   `json:"appId"`
	Timestamp int64    `json:"timestamp"`
	NonceStr  string   `json:"nonceStr"`
	Signature string   `json:"signature"`
	APIs      []string `json:"jsApiList"`
	OpenTags  []string `json:"openTagList"`
}

// pageConfig signs a web page, so that it may use WeChat's JS-SDK and its tag to
// subscribe.
func (s *server) pageConfig(c *call) error {
	code, err := c.granted()
	if err != nil {
		return err
	}
	signed, err := s.Senders.SignPage(c.ctx(), code, c.Query("url"))
	if err != nil {
		return pageProblem(code, err)
	}
	return c.reply(http.StatusOK, pageConfigAnswer{signed.AppID, signed.Timestamp, signed.Nonce, signed.Signature, []string{"checkJsApi"}, []string{"wx-open-subscribe"}})
}

// pageProblem answers what keeps a page from being signed. A ticket that somebody
// was refused a moment ago is not asked for again yet.
func pageProblem(code string, err error) error {
	_, refused := errors.AsType[*wechat.Error](err)
	_, away := errors.AsType[*token.Unavailable](err)
	switch {
	case errors.Is(err, sender.ErrNoScript):
		return conflict(err.Error())
	case away && !refused:
		return callProblem(code, err)
	}
	return vendorProblem(code, err)
}
