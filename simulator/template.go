package simulator

import (
	"encoding/json"
	"regexp"
)

// templateSend is the body of message/template/send. Members not documented
// (topcolor, appid) are passed over, as the vendor does.
type templateSend struct {
	ToUser      string                   `json:"touser"`
	TemplateID  string                   `json:"template_id"`
	URL         string                   `json:"url"`
	MiniProgram *miniProgramJump         `json:"miniprogram"`
	ClientMsgID string                   `json:"client_msg_id"`
	Data        map[string]templateValue `json:"data"`
}

type miniProgramJump struct {
	AppID    string `json:"appid"`
	PagePath string `json:"pagepath"`
}

type templateValue struct {
	Value string `json:"value"`
	Color string `json:"color"` // dead since 2023-05-04
}

var appIDForm = regexp.MustCompile(`^wx[0-9a-f]{16}$`)

func (s *Simulator) sendTemplate(q *request) (any, *refusal) {
	var m templateSend
	if err := json.Unmarshal(q.body, &m); err != nil {
		return nil, refuse(47001)
	}
	a := q.account
	if fail := a.refuses(&m); fail != nil {
		return nil, fail
	}
	msgID, out := s.acceptOnce(q, &m)
	if out != nil {
		s.pushOutcome(q.Context(), a, m.ToUser, msgID, out, isOwn(q.token), "")
	}
	return struct {
		errorAnswer
		MsgID int64 `json:"msgid"`
	}{errorAnswer{0, "ok"}, msgID}, nil
}

func (a *account) refuses(m *templateSend) *refusal {
	if m.ToUser == "" {
		return refuse(41009)
	}
	switch a.catalog.person(m.ToUser) {
	case 0:
		return refuse(40003)
	case followedOnce:
		return refuse(43004)
	}
	p := a.templates.load().byID[m.TemplateID]
	if p == nil || p.kind != templateMessage {
		return refuse(40037)
	}
	if m.MiniProgram != nil && !appIDForm.MatchString(m.MiniProgram.AppID) {
		return refuse(40166)
	}
	return p.refuses(m.Data)
}

// acceptOnce books the send, or answers the first msgid of the same
// client_msg_id to the same openid within about ten minutes (messages 1.1).
// Only a send that is no repeat has an outcome.
func (s *Simulator) acceptOnce(q *request, m *templateSend) (msgID int64, out *outcome) {
	accept := func() int64 {
		out = s.planOutcome(q.account, m.ToUser)
		return s.ledger.accept(Send{
			AppID: q.account.profile.AppID, OpenID: m.ToUser, TemplateID: m.TemplateID, ClientMsgID: m.ClientMsgID,
			At: q.now, Body: q.body, Outcome: out.status,
		}, m.deadFields())
	}
	if m.ClientMsgID == "" {
		return accept(), out
	}
	key := dedupKey(q.account.index, m.ToUser, m.ClientMsgID)
	msgID, first := s.dedup[shardOf(key)].do(key, q.now, accept)
	if !first {
		s.ledger.repeated(msgID)
	}
	return msgID, out
}

func (m *templateSend) deadFields() int {
	n := 0
	for _, v := range m.Data {
		if v.Color != "" {
			n++
		}
	}
	return n
}
