package api

import (
	"errors"
	"net/http"

	"wechattpp/sender"
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
	switch {
	case errors.Is(err, sender.ErrNoScript):
		return conflict(err.Error())
	case err != nil:
		return vendorProblem(code, err)
	}
	return c.reply(http.StatusOK, pageConfigAnswer{signed.AppID, signed.Timestamp, signed.Nonce, signed.Signature, []string{"checkJsApi"}, []string{"wx-open-subscribe"}})
}
