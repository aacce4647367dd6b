package wechat

import (
	"context"
	"strconv"
)

// MassSend is an article for many: a list of openids, those with a tag, or everyone who follows.
type MassSend struct {
	OpenIDs       []string // 2 to 10,000; service accounts only
	Tag           int64    // instead: WeChat's number of a tag
	All           bool     // instead: everyone
	MediaID       string   // of a draft
	IgnoreReprint bool     // go on when an article is judged a reprint that may be reprinted
	ClientMsgID   string   // at most 32 bytes; the same id is sent once in 24 hours
}

// MarshalJSON writes the body of the call, the same bytes for the same send.
func (m MassSend) MarshalJSON() ([]byte, error) {
	filter := struct {
		All bool  `json:"is_to_all"`
		Tag int64 `json:"tag_id,omitempty"`
	}{m.All, m.Tag}
	ignore := 0
	if m.IgnoreReprint {
		ignore = 1
	}
	return encode(ordered{
		{"touser", m.OpenIDs, len(m.OpenIDs) > 0},
		{"filter", filter, len(m.OpenIDs) == 0},
		{"mpnews", mediaID{m.MediaID}, true},
		{"msgtype", "mpnews", true},
		{"send_ignore_reprint", ignore, true},
		{"clientmsgid", m.ClientMsgID, m.ClientMsgID != ""},
	})
}

type mediaID struct {
	ID string `json:"media_id"`
}

// SendMass hands a mass send over and gives WeChat's id of it, by which the event MASSSENDJOBFINISH tells what became of
// it. With ErrDuplicate the id is that of the send that was accepted before.
//
// ErrNotSent: not handed over, try again. ErrUnanswered: perhaps handed over; repeat with the same ClientMsgID, within 24
// hours. ErrTooSoon: repeat it a minute later. https://developers.weixin.qq.com/doc/service/api/notify/message/api_masssend
func (a *Account) SendMass(ctx context.Context, m MassSend) (msgID int64, err error) {
	op := "message/mass/sendall"
	if len(m.OpenIDs) > 0 {
		op = "message/mass/send"
	}
	var answer struct {
		ID number `json:"msg_id"`
	}
	err = a.door.call(ctx, request{op: op, path: "/cgi-bin/" + op, body: m, told: true}, &answer)
	if err == nil && answer.ID == 0 {
		err = incomplete(op, "msg_id")
	}
	return int64(answer.ID), err
}

// PreviewMass shows a draft to one person, named by openid or, before that, by WeChat name: 100 times a day.
func (a *Account) PreviewMass(ctx context.Context, openID, wechatName, draft string) error {
	const op = "message/mass/preview"
	return a.done(ctx, op, ordered{
		{"touser", openID, openID != ""},
		{"towxname", wechatName, wechatName != ""},
		{"mpnews", mediaID{draft}, true},
		{"msgtype", "mpnews", true},
	})
}

// States of a mass send, as MassState gives them.
const (
	MassSent    = "SEND_SUCCESS"
	MassSending = "SENDING"
	MassFailed  = "SEND_FAIL"
	MassDeleted = "DELETE"
)

// MassState tells how a mass send stands.
func (a *Account) MassState(ctx context.Context, msgID int64) (state string, err error) {
	const op = "message/mass/get"
	var answer struct {
		State string `json:"msg_status"`
	}
	body := struct {
		ID string `json:"msg_id"`
	}{strconv.FormatInt(msgID, 10)}
	err = a.door.call(ctx, request{op: op, path: "/cgi-bin/" + op, body: body}, &answer)
	if err == nil && answer.State == "" {
		err = incomplete(op, "msg_status")
	}
	return answer.State, err
}

// DeleteMass deletes the articles of a mass send that succeeded: whoever got it keeps the card, its page is gone, and so
// is that of every other send of the same material.
func (a *Account) DeleteMass(ctx context.Context, msgID int64) error {
	const op = "message/mass/delete"
	return a.done(ctx, op, struct {
		ID int64 `json:"msg_id"`
	}{msgID})
}

// done makes a call that answers nothing but whether it went well.
func (a *Account) done(ctx context.Context, op string, body any) error {
	var answer struct {
		Code *number `json:"errcode"`
	}
	err := a.door.call(ctx, request{op: op, path: "/cgi-bin/" + op, body: body}, &answer)
	if err == nil && answer.Code == nil {
		err = incomplete(op, "errcode")
	}
	return err
}
