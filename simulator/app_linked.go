package simulator

import (
	"encoding/json"
	"slices"
	"strings"
)

// linkedSend is what an app says to members of linked companies. The page is no
// longer in the vendor's tree (wecom 3.1): fields are those of an older copy.
type linkedSend struct {
	Users   []string        `json:"touser"`
	Parties []string        `json:"toparty"`
	Tags    []string        `json:"totag"`
	All     int             `json:"toall"`
	Type    string          `json:"msgtype"`
	Agent   json.RawMessage `json:"agentid"`
	Safe    int             `json:"safe"`
	appContent
}

// sendLinked is linkedcorp/message/send. No msgid is answered: nothing can be
// recalled, and no repeat is noticed.
func (s *Simulator) sendLinked(q *request) (any, *refusal) {
	var m linkedSend
	if err := json.Unmarshal(q.body, &m); err != nil {
		return nil, refuse(40058)
	}
	if fail := first(m.refuses(q.agent), s.holds(q, m.files(m.Type))); fail != nil {
		return nil, fail
	}
	to, answer := m.audience(&q.corp.profile)
	if len(to) == 0 {
		return nil, refuse(81013)
	}
	q.agent.sent.linked(&m, q, to)
	answer.errorAnswer = wecomOK
	return answer, nil
}

// refuses: cards and the fields of message/send are unknown here.
func (m *linkedSend) refuses(a *agent) *refusal {
	switch {
	case m.Type == "template_card":
		return refuse(40008)
	case len(m.Users)+len(m.Parties)+len(m.Tags) == 0 && m.All != 1:
		return refuse(82001)
	}
	if fail := tooMany(len(m.Users), len(m.Parties), len(m.Tags)); fail != nil {
		return fail
	}
	one := appSend{ToUser: "x", Type: m.Type, Agent: m.Agent, Safe: m.Safe, appContent: m.appContent}
	return one.refuses(a)
}

type linkedAnswer struct {
	errorAnswer
	Users   []string `json:"invaliduser"`
	Parties []string `json:"invalidparty"`
	Tags    []string `json:"invalidtag"`
}

func (m *linkedSend) audience(c *Corp) (to []string, a linkedAnswer) {
	add := func(ids ...string) {
		for _, id := range ids {
			if !among(to, id) {
				to = append(to, id)
			}
		}
	}
	visible := slices.Concat(c.Members, c.Linked)
	if m.All == 1 {
		add(visible...)
		return to, a
	}
	for _, id := range m.Users {
		if among(visible, id) {
			add(id)
		} else {
			a.Users = append(a.Users, strings.ToLower(id))
		}
	}
	for _, id := range m.Parties {
		found := c.LinkedParties[id]
		if !strings.Contains(id, "/") {
			found = c.Parties[id]
		}
		if add(found...); found == nil {
			a.Parties = append(a.Parties, id)
		}
	}
	for _, id := range m.Tags {
		if add(c.Tags[id]...); c.Tags[id] == nil {
			a.Tags = append(a.Tags, id)
		}
	}
	return to, a
}

func (l *appLedger) linked(m *linkedSend, q *request, to []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := AppSend{Linked: true, At: q.now, Body: q.body, Text: cutBytes(m.Text.Content, 2048), until: q.now}
	l.reach(&e, to)
	l.add(e)
}
