package wechat

import "context"

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
