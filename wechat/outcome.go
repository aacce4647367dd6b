package wechat

import (
	"strconv"
	"strings"
)

// Outcome is WeChat's later word on a message it took.
type Outcome struct {
	MsgID     int64  // that of the send; 0 was seen when the send had a ClientMsgID
	User      string // openid
	Template  string // of a subscription message; else empty
	Delivered bool
	Status    string // "success", or such as "failed:user block": lower case, no blanks around the colon
	Reason    string // what follows the colon: "user block", "system failed", "freq limit"; others come without notice
}

// HasOutcomes tells whether the push is WeChat's later word on messages.
func (p *Push) HasOutcomes() bool {
	return p.InfoType == "" && (strings.EqualFold(p.Event, "TEMPLATESENDJOBFINISH") || strings.EqualFold(p.Event, subscriptionSent))
}

const subscriptionSent = "subscribe_msg_sent_event"

// Outcomes reads WeChat's later word on messages; plain is what ParsePush read. The event of subscription messages may tell
// of several; none for every other push, and for one that cannot be read.
func (p *Push) Outcomes(plain []byte) []Outcome {
	if o, ok := p.Outcome(); ok {
		return []Outcome{o}
	}
	if !p.HasOutcomes() {
		return nil
	}
	typed, err := TypedPush("wechat."+subscriptionSent, plain)
	if err != nil {
		return nil
	}
	var all []Outcome
	for _, s := range typed.(*SubscriptionSent).List {
		o := Outcome{MsgID: integer(s.MsgID), User: p.FromUserName, Template: s.TemplateID, Delivered: s.ErrorCode == 0, Status: s.ErrorStatus, Reason: s.ErrorStatus}
		if !o.Delivered {
			o.Status = strings.TrimSpace(s.ErrorStatus + " (" + strconv.FormatInt(s.ErrorCode, 10) + ")")
		}
		all = append(all, o)
	}
	return all
}

// Outcome reads the event that a template message's send job is finished; false for every other push.
// https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Template_Message_Interface.html
func (p *Push) Outcome() (Outcome, bool) {
	if p.InfoType != "" || !strings.EqualFold(p.Event, "TEMPLATESENDJOBFINISH") {
		return Outcome{}, false
	}
	state, reason, cut := strings.Cut(strings.ToLower(p.Status), ":") // documented with and without a blank after the colon
	o := Outcome{MsgID: integer(p.MsgID), User: p.FromUserName, Status: strings.TrimSpace(state), Reason: strings.TrimSpace(reason)}
	o.Delivered = o.Status == "success"
	if cut {
		o.Status += ":" + o.Reason
	}
	return o, true
}
