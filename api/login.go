package api

import (
	"errors"
	"net/http"
	"time"

	"wechattpp/sender"
)

// loginParams holds the code of wx.login.
type loginParams struct {
	Code string `json:"code" validate:"required,max=512"`
}

// login tells a Mini Program's server who its user is. WeChat's session_key
// stays unread.
func (s *server) login(c *call) error {
	code, err := c.granted()
	if err != nil {
		return err
	}
	var in loginParams
	if err := c.decode(&in); err != nil {
		return err
	}
	openID, err := s.Senders.Login(c.ctx(), code, in.Code)
	if err != nil {
		return loginProblem(code, err)
	}
	return c.reply(http.StatusOK, map[string]string{"openid": openID})
}

// loginProblem gives the refusals a status. Errors of a call never hold what was
// sent.
func loginProblem(code string, err error) error {
	switch {
	case errors.Is(err, sender.ErrNoLogin):
		return conflict(err.Error())
	case errors.Is(err, sender.ErrLoginCode):
		return invalid("code", err.Error())
	case errors.Is(err, sender.ErrThrottled):
		return busy(time.Minute)
	case errors.Is(err, sender.ErrRefused):
		return refuse(http.StatusBadGateway, codeVendor, err.Error())
	}
	return speechProblem(code, err)
}

// codeVendor is for a call that WeChat refused or did not answer.
const codeVendor = 5020
