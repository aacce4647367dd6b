package wechat

import "context"

// Account makes calls on behalf of an account. Safe for concurrent use.
type Account struct {
	appID string
	door  door
}

// AppID is the account's.
func (a *Account) AppID() string { return a.appID }

// TemplateMessage is a message made of a template of the account's own list, to one of its followers. Colours are not
// part of it: clients ignore them since 2023-05-04.
type TemplateMessage struct {
	ToUser      string // openid
	TemplateID  string
	URL         string            // opened on tap; may be empty
	MiniProgram *MiniProgram      // opened on tap before URL; may be nil
	Data        map[string]string // value of each parameter
	ClientMsgID string            // the same openid and id are sent once, for about ten minutes; may be empty
}

// MiniProgram is a page of one that is linked to the account.
type MiniProgram struct {
	AppID    string `json:"appid"`
	PagePath string `json:"pagepath,omitempty"`
}

// MarshalJSON writes the body of the call, the same bytes for the same message.
func (m TemplateMessage) MarshalJSON() ([]byte, error) {
	return encode(struct {
		ToUser      string           `json:"touser"`
		TemplateID  string           `json:"template_id"`
		URL         string           `json:"url,omitempty"`
		MiniProgram *MiniProgram     `json:"miniprogram,omitempty"`
		ClientMsgID string           `json:"client_msg_id,omitempty"`
		Data        map[string]value `json:"data"`
	}{m.ToUser, m.TemplateID, m.URL, m.MiniProgram, m.ClientMsgID, valuesOf(m.Data)})
}

type value struct {
	Value string `json:"value"`
}

// valuesOf are parameters as the calls have them; encoding/json sorts the keys.
func valuesOf(data map[string]string) map[string]value {
	values := make(map[string]value, len(data))
	for name, v := range data {
		values[name] = value{v}
	}
	return values
}

// SendTemplate hands a template message over and gives WeChat's id of it, up to 19 digits, by which the event
// TEMPLATESENDJOBFINISH tells what became of it; 0 if WeChat took the message without naming it.
//
// ErrNotSent: not handed over, try again. ErrUnanswered: perhaps handed over; repeat only with a ClientMsgID, within ten
// minutes. https://developers.weixin.qq.com/doc/service/api/notify/template/api_sendtemplatemessage
func (a *Account) SendTemplate(ctx context.Context, m TemplateMessage) (msgID int64, err error) {
	const op = "message/template/send"
	var answer struct {
		Code *number `json:"errcode"`
		ID   number  `json:"msgid"`
	}
	err = a.door.call(ctx, request{op: op, path: "/cgi-bin/message/template/send", body: m}, &answer)
	if err == nil && answer.Code == nil && answer.ID == 0 {
		err = incomplete(op, "msgid")
	}
	return int64(answer.ID), err
}
