package api

import (
	"errors"
	"net/http"
	"time"

	"wechattpp/notify"
)

// sentAnswer is JUMS's answer to a send
// (docs.jiguang.cn/jums/server/rest_api_jums_custom_message).
type sentAnswer struct {
	Code     int      `json:"code"`
	MsgID    string   `json:"msgid"`
	SendNo   string   `json:"sendno,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
}

// sent takes a message. The room reads the body, for it knows the fields.
func (s *server) sent(c *call) error {
	body, err := c.checked()
	if err != nil {
		return err
	}
	receipt, err := s.Notify.Accept(c.ctx(), c.notifyClient(), c.FullPath(), c.GetHeader("Idempotency-Key"), body)
	if err != nil {
		return sendProblem(err)
	}
	if receipt.Again {
		c.Header("Idempotent-Replayed", "true")
	}
	return c.reply(http.StatusOK, sentAnswer{MsgID: receipt.MsgID, SendNo: receipt.SendNo, Warnings: receipt.Warnings})
}

// notifyClient is the caller as the sending room knows it.
func (c *call) notifyClient() notify.Client {
	return notify.Client{ID: c.who.ClientID, ChannelKey: c.who.ChannelKey, Senders: c.who.Senders, Approval: c.who.Approval, Owners: c.who.Owners, All: c.who.ClientID == 0 && c.who.Admin()}
}

// sendProblem answers what the sending room refuses. JUMS answers business
// errors with 400 (docs.jiguang.cn/jums/server/http_status_code).
func sendProblem(err error) error {
	var refusal *notify.Refusal
	switch {
	case errors.As(err, &refusal):
		return refuse(http.StatusBadRequest, refusal.Code, refusal.Error())
	case errors.Is(err, notify.ErrOtherBody):
		return conflict(notify.ErrOtherBody.Error())
	case errors.Is(err, notify.ErrInProgress):
		p := conflict(notify.ErrInProgress.Error())
		p.retryAfter = time.Second
		return p
	}
	return err
}
