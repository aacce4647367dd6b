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

// Answer is what a user said, or set, about messages of a template.
type Answer struct {
	User     string // openid
	Template string
	Accepted bool // else refused
	Setting  bool // in the account's settings, not in a popup: always a refusal
}

const (
	subscriptionAnswered = "subscribe_msg_popup_event"
	subscriptionChanged  = "subscribe_msg_change_event"
)

// HasAnswers tells whether the push is of users who answered whether messages of a template may be sent to them.
func (p *Push) HasAnswers() bool {
	return p.InfoType == "" && (strings.EqualFold(p.Event, subscriptionAnswered) || strings.EqualFold(p.Event, subscriptionChanged))
}

// Answers reads them; plain is what ParsePush read. One event may tell of several templates. None for every other push, and
// for one that cannot be read; other words than accept and reject are left out.
// https://developers.weixin.qq.com/doc/service/guide/product/subscription_messages/push.md
func (p *Push) Answers(plain []byte) []Answer {
	if !p.HasAnswers() {
		return nil
	}
	typed, err := TypedPush("wechat."+subscriptionAnswered, plain)
	if err != nil {
		return nil
	}
	setting := strings.EqualFold(p.Event, subscriptionChanged)
	var all []Answer
	for _, s := range typed.(*SubscriptionAnswered).List {
		if accepted := s.Status == "accept"; accepted && !setting || s.Status == "reject" {
			all = append(all, Answer{User: p.FromUserName, Template: s.TemplateID, Accepted: accepted, Setting: setting})
		}
	}
	return all
}
