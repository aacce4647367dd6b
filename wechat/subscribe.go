package wechat

import (
	"context"
	"strconv"
)

// SubscribeMessage is a message made of a subscription template, to a user who agreed to it: of a Mini Program, or as a
// notification of an Official Account. Either calls for fields of its own.
type SubscribeMessage struct {
	ToUser      string       // openid
	TemplateID  string       // priTmplId
	Page        string       // opened on tap; may be empty. Of an Official Account a web address
	MiniProgram *MiniProgram // of an Official Account: opened on tap before Page; may be nil
	State       string       // of a Mini Program: developer, trial or formal
	Lang        string       // of a Mini Program: zh_CN, en_US, zh_HK or zh_TW
	Data        map[string]string
}

// MarshalJSON writes the body of the call, the same bytes for the same message.
func (m SubscribeMessage) MarshalJSON() ([]byte, error) {
	return encode(struct {
		ToUser      string           `json:"touser"`
		TemplateID  string           `json:"template_id"`
		Page        string           `json:"page,omitempty"`
		MiniProgram *MiniProgram     `json:"miniprogram,omitempty"`
		State       string           `json:"miniprogram_state,omitempty"`
		Lang        string           `json:"lang,omitempty"`
		Data        map[string]value `json:"data"`
	}{m.ToUser, m.TemplateID, m.Page, m.MiniProgram, m.State, m.Lang, valuesOf(m.Data)})
}

// SendSubscribe hands a Mini Program's subscribe message over and gives WeChat's id of it, by which subscribe_msg_sent_event
// tells what became of it; 0 if WeChat did not name it, which happens. It uses up one right of the user. There is no key by
// which WeChat would notice a repeat.
//
// ErrNotSent: not handed over, try again. ErrUnanswered: perhaps handed over.
// https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-message-management/subscribe-message/api_sendmessage
func (a *Account) SendSubscribe(ctx context.Context, m SubscribeMessage) (msgID int64, err error) {
	return a.post(ctx, "message/subscribe/send", m)
}

// SendNotice hands an Official Account's subscribe notification over. State and Lang are to be empty; the rest is as with
// SendSubscribe. https://developers.weixin.qq.com/doc/service/api/notify/notify/api_sendnewsubscribemsg
func (a *Account) SendNotice(ctx context.Context, m SubscribeMessage) (msgID int64, err error) {
	return a.post(ctx, "message/subscribe/bizsend", m)
}

// OneTimeMessage is a message to a user who confirmed a one-time subscription of an Official Account or mobile app.
type OneTimeMessage struct {
	ToUser     string // openid
	TemplateID string // the one that the account has
	Scene      int    // of the confirmation: 0 to 10000
	Title      string // at most 15 characters
	Content    string // at most 200, line breaks allowed
	Color      string // of the content: #RRGGBB; may be empty
	URL        string // opened on tap; may be empty

	MiniProgram *MiniProgram // of an Official Account: opened on tap instead of URL; may be nil
}

// MarshalJSON writes the body of the call, the same bytes for the same message.
func (m OneTimeMessage) MarshalJSON() ([]byte, error) {
	type coloured struct {
		Value string `json:"value"`
		Color string `json:"color,omitempty"`
	}
	return encode(struct {
		ToUser     string              `json:"touser"`
		TemplateID string              `json:"template_id"`
		URL        string              `json:"url,omitempty"`
		Mini       *MiniProgram        `json:"miniprogram,omitempty"`
		Scene      string              `json:"scene"`
		Title      string              `json:"title"`
		Data       map[string]coloured `json:"data"`
	}{m.ToUser, m.TemplateID, m.URL, m.MiniProgram, strconv.Itoa(m.Scene), m.Title, map[string]coloured{"content": {m.Content, m.Color}}})
}

// SendOneTime hands the one message over that a confirmation allows. WeChat gives no id of it, tells nothing of it later,
// and would not notice a repeat.
//
// ErrNotSent: not handed over, try again. ErrUnanswered: perhaps handed over.
// https://developers.weixin.qq.com/doc/service/api/notify/subscribe/api_templatesubscribe
func (a *Account) SendOneTime(ctx context.Context, m OneTimeMessage) error {
	_, err := a.post(ctx, "message/template/subscribe", m)
	return err
}

// post sends a body to a call that answers an errcode, and perhaps a msgid.
func (a *Account) post(ctx context.Context, op string, body any, secrets ...string) (msgID int64, err error) {
	var answer struct {
		Code *number `json:"errcode"`
		ID   number  `json:"msgid"`
	}
	err = a.door.call(ctx, request{op: op, path: "/cgi-bin/" + op, body: body, secrets: secrets}, &answer)
	if err == nil && answer.Code == nil && answer.ID == 0 {
		err = incomplete(op, "errcode")
	}
	return int64(answer.ID), err
}
