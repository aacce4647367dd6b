package wechat

import "context"

// SendText hands a customer-service message of text over, to a user who wrote to the account within the last 48 hours.
// There is no key by which WeChat would notice a repeat.
//
// ErrNotSent: not handed over, try again. ErrUnanswered: perhaps handed over.
// https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Service_Center_messages.html
func (a *Account) SendText(ctx context.Context, openID, content string) error {
	const op = "message/custom/send"
	type text struct {
		Content string `json:"content"`
	}
	var answer struct {
		Code *number `json:"errcode"`
	}
	r := request{op: op, path: "/cgi-bin/message/custom/send", body: struct {
		ToUser string `json:"touser"`
		Type   string `json:"msgtype"`
		Text   text   `json:"text"`
	}{openID, "text", text{content}}}
	if len(content) >= 8 { // a shorter one is no secret, and would blot out half of an error
		r.secrets = []string{content}
	}
	err := a.door.call(ctx, r, &answer)
	if err == nil && answer.Code == nil {
		err = incomplete(op, "errcode")
	}
	return err
}

// FixedToken is the source of a token that nobody renews: a refused one stays refused.
type FixedToken string

// Token answers the token.
func (f FixedToken) Token(context.Context) (string, error) { return string(f), nil }

// Replace answers the refused token, for there is no other: the call then ends with ErrTokenRefused.
func (f FixedToken) Replace(context.Context, string) (string, error) { return string(f), nil }

// String hides the token.
func (f FixedToken) String() string { return "***" }

// GoString hides the token.
func (f FixedToken) GoString() string { return "***" }
