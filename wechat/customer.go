package wechat

import (
	"context"
	"encoding/json"
)

// SendText hands a customer-service message of text over, to a user who wrote to the account within the last 48 hours.
// There is no key by which WeChat would notice a repeat.
//
// ErrNotSent: not handed over, try again. ErrUnanswered: perhaps handed over.
// https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Service_Center_messages.html
func (a *Account) SendText(ctx context.Context, openID, content string) error {
	var secrets []string
	if len(content) >= 8 { // a shorter one is no secret, and would blot out half of an error
		secrets = []string{content}
	}
	object, err := encode(map[string]string{"content": content})
	if err != nil {
		return err
	}
	_, err = a.post(ctx, customSend, CustomerMessage{ToUser: openID, Type: "text", Object: object}, secrets...)
	return err
}

const customSend = "message/custom/send"

// CustomerMessage is a customer-service message of any type.
type CustomerMessage struct {
	ToUser string          // openid
	Type   string          // msgtype
	Object json.RawMessage // what the body has under the name of the type
	Agent  string          // kf_account of the agent it is shown as from; may be empty
	AI     bool            // shown as made by a machine
}

// MarshalJSON writes the body of the call, the same bytes for the same message.
func (m CustomerMessage) MarshalJSON() ([]byte, error) {
	body := map[string]any{"touser": m.ToUser, "msgtype": m.Type, m.Type: m.Object} // encoding/json sorts the keys
	if m.Agent != "" {
		body["customservice"] = map[string]string{"kf_account": m.Agent}
	}
	if m.AI {
		body["aimsgcontext"] = map[string]int{"is_ai_msg": 1}
	}
	return encode(body)
}

// SendCustomer hands a customer-service message over, to a user who did something at the account lately: 45015 and 45047 say
// that this is too long ago, or that it had its messages. WeChat tells nothing of it later, and would not notice a repeat;
// msgid is 0 but for some types.
//
// ErrNotSent: not handed over, try again. ErrUnanswered: perhaps handed over.
// https://developers.weixin.qq.com/doc/service/api/customer/message/api_sendcustommessage
func (a *Account) SendCustomer(ctx context.Context, m CustomerMessage) (msgID int64, err error) {
	return a.post(ctx, customSend, m)
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
