package simulator

import (
	"encoding/json"
	"strconv"
	"strings"
)

type appSend struct {
	ToUser   string          `json:"touser"`
	ToParty  string          `json:"toparty"`
	ToTag    string          `json:"totag"`
	Type     string          `json:"msgtype"`
	Agent    json.RawMessage `json:"agentid"`
	Safe     int             `json:"safe"`
	Trans    int             `json:"enable_id_trans"`
	Check    int             `json:"enable_duplicate_check"`
	Interval int             `json:"duplicate_check_interval"`
	appContent
}

type appAnswer struct {
	errorAnswer
	Users      string `json:"invaliduser,omitempty"`
	Parties    string `json:"invalidparty,omitempty"`
	Tags       string `json:"invalidtag,omitempty"`
	Unlicensed string `json:"unlicenseduser,omitempty"`
	MsgID      string `json:"msgid"`
	Code       string `json:"response_code,omitempty"`
}

// sendApp is message/send (wecom 2).
func (s *Simulator) sendApp(q *request) (any, *refusal) {
	var m appSend
	if err := json.Unmarshal(q.body, &m); err != nil {
		return nil, refuse(40058)
	}
	if fail := first(m.refuses(q.agent), s.holds(q, m.files(m.Type))); fail != nil {
		return nil, fail
	}
	if m.TemplateCard.calls() && !s.receives(q.agent) {
		return nil, refuse(43012)
	}
	to, answer := m.audience(&q.corp.profile)
	if len(to) == 0 {
		return nil, refuse(81013)
	}
	e, fail := q.agent.sent.take(&m, q, to)
	if fail != nil {
		return nil, fail
	}
	answer.errorAnswer, answer.MsgID, answer.Code = wecomOK, e.MsgID, e.Code
	return answer, nil
}

func (m *appSend) refuses(a *agent) *refusal {
	id, err := strconv.ParseInt(strings.Trim(string(m.Agent), `"`), 10, 64)
	users, parties, tags := parted(m.ToUser), parted(m.ToParty), parted(m.ToTag)
	switch {
	case m.Agent == nil && m.Type != "miniprogram_notice":
		return refuse(41011)
	case m.Agent != nil && err != nil:
		return refuse(40056)
	case m.Agent != nil && id != a.id:
		return refuse(301002)
	case len(users)+len(parties)+len(tags) == 0:
		return refuse(82001)
	case tooMany(len(users), len(parties), len(tags)) != nil:
		return tooMany(len(users), len(parties), len(tags))
	case m.Interval < 0 || m.Interval > 14400:
		return refuse(40035)
	case m.Type == "miniprogram_notice" && m.ToUser == "@all":
		return refuse(40031)
	case m.Safe < 0 || m.Safe > 2 || m.Safe == 2 && m.Type != "mpnews":
		return refuse(40035)
	case m.Safe != 0 && m.Type == "news":
		return refuse(40074)
	}
	return m.appContent.refuses(m.Type)
}

// tooMany bounds whom one call names.
func tooMany(users, parties, tags int) *refusal {
	return first(codeIf(users > 1000, 40032), codeIf(parties > 100, 82002), codeIf(tags > 100, 82003))
}

func parted(list string) (ids []string) {
	for _, id := range strings.Split(list, "|") {
		if id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

// audience is whom the message reaches, each once, and whom it does not. Ids in
// the answer are in lower case; unlicensed members of a department or a tag are
// left out without a word.
func (m *appSend) audience(c *Corp) (to []string, a appAnswer) {
	add := func(ids []string) {
		for _, id := range ids {
			if !among(to, id) && !among(c.Unlicensed, id) {
				to = append(to, id)
			}
		}
	}
	if m.ToUser == "@all" {
		add(c.Members)
		return to, a
	}
	var users, unlicensed, parties, tags []string
	for _, id := range parted(m.ToUser) {
		switch {
		case among(c.Unlicensed, id):
			unlicensed = append(unlicensed, strings.ToLower(id))
		case among(c.Members, id):
			add([]string{id})
		default:
			users = append(users, strings.ToLower(id))
		}
	}
	for _, id := range parted(m.ToParty) {
		if add(c.Parties[id]); c.Parties[id] == nil {
			parties = append(parties, id)
		}
	}
	for _, id := range parted(m.ToTag) {
		if add(c.Tags[id]); c.Tags[id] == nil {
			tags = append(tags, id)
		}
	}
	return to, appAnswer{Users: strings.Join(users, "|"), Unlicensed: strings.Join(unlicensed, "|"),
		Parties: strings.Join(parties, "|"), Tags: strings.Join(tags, "|")}
}
