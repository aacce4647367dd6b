package api

import (
	"errors"
	"net/http"
	"time"

	"wechattpp/sender"
)

type mobileParams struct {
	Mobile string `json:"mobile" validate:"required"`
}

// memberByMobile finds a member. The number is in the body: addresses are kept.
func (s *server) memberByMobile(c *call) error {
	code, err := c.granted()
	if err != nil {
		return err
	}
	var in mobileParams
	if err := c.decode(&in); err != nil {
		return err
	}
	userID, err := s.Senders.MemberByMobile(c.ctx(), code, in.Mobile)
	switch {
	case errors.Is(err, sender.ErrNobody):
		return refuse(http.StatusNotFound, codeNotFound, err.Error())
	case errors.Is(err, sender.ErrNumbers):
		p := busy(time.Hour)
		p.message = sender.ErrNumbers.Error()
		return p
	case err != nil:
		return vendorProblem(code, err)
	}
	c.target("sender/" + code)
	return c.reply(http.StatusOK, map[string]string{"userid": userID})
}
