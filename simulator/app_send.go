package simulator

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// AppSend is one message that an app on WeCom was taken at its word for.
type AppSend struct {
	MsgID      string          `json:"msgid"`
	At         time.Time       `json:"at"`
	Reached    []string        `json:"reached"` // userids
	Dropped    []string        `json:"dropped"` // over 30 a minute or 1,000 an hour: nobody was told
	Text       string          `json:"text"`    // of a text, as shown: cut
	Duplicates int             `json:"duplicates"`
	Recalled   bool            `json:"recalled"`
	Body       json.RawMessage `json:"body"`

	until time.Time // a repeat of the bytes is none before
}

// appLedger is what one app sent.
type appLedger struct {
	mu    sync.Mutex
	sends ring[AppSend]
	quota map[string]*memberQuota
}

type memberQuota struct{ minute, hour counted }

const (
	perMemberMinute = 30
	perMemberHour   = 1000
	appSendsKept    = 10_000
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
}

// sendApp is message/send (wecom 2).
func (s *Simulator) sendApp(q *request) (any, *refusal) {
	var m appSend
	if err := json.Unmarshal(q.body, &m); err != nil {
		return nil, refuse(40058)
	}
	if fail := m.refuses(q.agent); fail != nil {
		return nil, fail
	}
	to, answer := m.audience(&q.corp.profile)
	if len(to) == 0 {
		return nil, refuse(81013)
	}
	answer.errorAnswer = wecomOK
	answer.MsgID = q.agent.sent.take(&m, q, to)
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
	case len(users) > 1000:
		return refuse(40032)
	case len(parties) > 100:
		return refuse(82002)
	case len(tags) > 100:
		return refuse(82003)
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
	has := func(list []string, id string) bool {
		return slices.ContainsFunc(list, func(o string) bool { return strings.EqualFold(o, id) })
	}
	add := func(ids []string) {
		for _, id := range ids {
			if !has(to, id) && !has(c.Unlicensed, id) {
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
		case has(c.Unlicensed, id):
			unlicensed = append(unlicensed, strings.ToLower(id))
		case has(c.Members, id):
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

// take books a message, or answers the msgid of the same bytes within their
// interval. What WeCom answers then is not documented.
func (l *appLedger) take(m *appSend, q *request, to []string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.sends.items {
		if e := l.sends.at(l.sends.total - 1 - i); m.Check == 1 && e != nil && q.now.Before(e.until) && string(e.Body) == string(q.body) {
			e.Duplicates++
			return e.MsgID
		}
	}
	l.sends.max = appSendsKept
	interval := m.Interval
	if interval == 0 {
		interval = 1800
	}
	e := AppSend{MsgID: word(60), At: q.now, Body: q.body, Text: cutBytes(m.Text.Content, 2048), until: q.now.Add(time.Duration(interval) * time.Second)}
	if l.quota == nil {
		l.quota = map[string]*memberQuota{}
	}
	for _, id := range to {
		k := l.quota[id]
		if k == nil {
			k = &memberQuota{}
			l.quota[id] = k
		}
		minute, hour := k.minute.over(perMemberMinute, time.Minute, q.now), k.hour.over(perMemberHour, time.Hour, q.now)
		if minute || hour {
			e.Dropped = append(e.Dropped, id)
		} else {
			e.Reached = append(e.Reached, id)
		}
	}
	l.sends.add(e)
	return e.MsgID
}

// recallApp is message/recall: within 24 hours, by the same app (wecom 2.5).
func (s *Simulator) recallApp(q *request) (any, *refusal) {
	var m struct {
		MsgID string `json:"msgid"`
	}
	if err := json.Unmarshal(q.body, &m); err != nil || m.MsgID == "" {
		return nil, refuse(40058)
	}
	l := &q.agent.sent
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.sends.items {
		e := l.sends.at(l.sends.total - 1 - i)
		if e == nil || e.MsgID != m.MsgID {
			continue
		}
		if q.now.Sub(e.At) > 24*time.Hour {
			return nil, refuse(42052)
		}
		e.Recalled = true
		return wecomOK, nil
	}
	return nil, refuse(40058)
}

// AppSends are the messages of an app still kept, oldest first; nil if there is
// no such app.
func (s *Simulator) AppSends(corpID string, agentID int64) []AppSend {
	c := s.wecom.find(corpID)
	if c == nil || c.agent(agentID) == nil {
		return nil
	}
	l := &c.agent(agentID).sent
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sends.last(-1)
}
