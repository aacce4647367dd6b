package wechat

import "strings"

// Outcome is WeChat's later word on a message it took.
type Outcome struct {
	MsgID     int64  // that of the send; 0 was seen when the send had a ClientMsgID
	User      string // openid
	Delivered bool
	Status    string // "success", or such as "failed:user block": lower case, no blanks around the colon
	Reason    string // what follows the colon: "user block", "system failed", "freq limit"; others come without notice
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
