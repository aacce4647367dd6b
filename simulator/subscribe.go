package simulator

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// Types of template, as the template calls number them (messages 2).
const (
	templateMessage  = 0
	oneTimeTemplate  = 2
	longTermTemplate = 3
)

// subscribeSend is the body of message/subscribe/send and bizsend.
type subscribeSend struct {
	ToUser      string                   `json:"touser"`
	TemplateID  string                   `json:"template_id"`
	Page        string                   `json:"page"`
	State       string                   `json:"miniprogram_state"`
	Lang        string                   `json:"lang"`
	MiniProgram *miniProgramJump         `json:"miniprogram"`
	Data        map[string]templateValue `json:"data"`
}

// sendSubscribe sends a Mini Program's subscribe message
// (https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-message-management/subscribe-message/api_sendmessage).
func (s *Simulator) sendSubscribe(q *request) (any, *refusal) {
	var m subscribeSend
	if err := json.Unmarshal(q.body, &m); err != nil {
		return nil, refuse(47001)
	}
	if !slices.Contains([]string{"", "developer", "trial", "formal"}, m.State) || !slices.Contains([]string{"", "zh_CN", "en_US", "zh_HK", "zh_TW"}, m.Lang) {
		return nil, refuse(47001)
	}
	if !q.account.hasPage(m.Page) {
		return nil, refuse(41030)
	}
	return s.acceptSubscribe(q, &m, "message/subscribe/send")
}

// sendNotice sends an Official Account's subscribe notification: page is a web
// address here
// (https://developers.weixin.qq.com/doc/service/api/notify/notify/api_sendnewsubscribemsg).
func (s *Simulator) sendNotice(q *request) (any, *refusal) {
	var m subscribeSend
	if err := json.Unmarshal(q.body, &m); err != nil || m.State != "" || m.Lang != "" {
		return nil, refuse(47001)
	}
	if m.MiniProgram != nil && !appIDForm.MatchString(m.MiniProgram.AppID) {
		return nil, refuse(40166)
	}
	return s.acceptSubscribe(q, &m, "message/subscribe/bizsend")
}

// hasPage tells whether the Mini Program published a page; no page is no jump.
func (a *account) hasPage(page string) bool {
	path, _, _ := strings.Cut(page, "?")
	return page == "" || len(a.profile.Pages) == 0 || slices.Contains(a.profile.Pages, strings.TrimPrefix(path, "/"))
}

// acceptSubscribe takes a message made of a subscription template, for one
// right of the user.
func (s *Simulator) acceptSubscribe(q *request, m *subscribeSend, call string) (any, *refusal) {
	a := q.account
	p := a.templates.load().byID[m.TemplateID]
	switch {
	case m.ToUser == "":
		return nil, refuse(41009)
	case a.catalog.person(m.ToUser) == 0 && !a.rights.knows(m.ToUser):
		return nil, refuse(40003)
	case p == nil:
		return nil, refuse(40037)
	case p.kind == templateMessage:
		return nil, refuse(43102)
	}
	if fail := p.refuses(m.Data); fail != nil {
		return nil, fail
	}
	if !a.rights.spend(m.ToUser, m.TemplateID, p.kind == longTermTemplate) {
		return nil, refuse(43101)
	}
	out := s.planOutcome(a, m.ToUser)
	msgID := s.ledger.accept(Send{AppID: a.profile.AppID, OpenID: m.ToUser, TemplateID: m.TemplateID, Call: call, At: q.now, Body: q.body, Outcome: out.status}, 0)
	s.pushOutcome(q.Context(), a, m.ToUser, msgID, out, isOwn(q.token), m.TemplateID)
	if out.fault.Unnamed {
		return errorAnswer{0, "ok"}, nil
	}
	return struct {
		errorAnswer
		MsgID int64 `json:"msgid"`
	}{errorAnswer{0, "ok"}, msgID}, nil
}

// sentMembers are those of subscribe_msg_sent_event (messages 2.5). Codes other
// than 0 are not documented.
func sentMembers(template string, msgID int64, status string) []member {
	code := "0"
	if status != statusSuccess {
		code = "1"
	}
	list := member{name: "List", kids: []member{
		{name: "TemplateId", value: template}, {name: "MsgID", value: strconv.FormatInt(msgID, 10)},
		{name: "ErrorCode", value: code}, {name: "ErrorStatus", value: status},
	}}
	return []member{{name: "MsgType", value: "event"}, {name: "Event", value: "subscribe_msg_sent_event"}, {name: "SubscribeMsgSentEvent", kids: []member{list}}}
}
