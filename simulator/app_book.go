package simulator

import (
	"encoding/json"
	"strings"
	"sync"
	"time"
)

// AppSend is one message that an app on WeCom was taken at its word for.
type AppSend struct {
	MsgID      string          `json:"msgid"`
	Code       string          `json:"response_code,omitempty"` // of a card that calls back
	At         time.Time       `json:"at"`
	Linked     bool            `json:"linked,omitempty"` // by linkedcorp/message/send
	Reached    []string        `json:"reached"`          // userids
	Dropped    []string        `json:"dropped"`          // over 30 a minute or 1,000 an hour: nobody was told
	Text       string          `json:"text"`             // of a text, as shown: cut
	Duplicates int             `json:"duplicates"`
	Recalled   bool            `json:"recalled"`
	Updates    []CardUpdate    `json:"updates,omitempty"`
	Body       json.RawMessage `json:"body"`

	until time.Time // a repeat of the bytes is none before
}

// appLedger is what one app sent.
type appLedger struct {
	mu    sync.Mutex
	sends ring[AppSend]
	got   map[string][]time.Time // by member, of the last hour
	tasks map[string]bool        // task_ids of cards
	codes map[string]*cardCode
	day   string // of sent
	sent  int    // to how many members that day
}

const (
	perMemberMinute = 30
	perMemberHour   = 1000
	perAccountDay   = 200
	appSendsKept    = 10_000
	appThingsKept   = 100_000 // members, tasks, codes; then all are forgotten
	usualInterval   = 1800
)

// take books a message, or answers the same bytes within their interval as the
// first time. What WeCom answers then is not documented.
func (l *appLedger) take(m *appSend, q *request, to []string) (AppSend, *refusal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.sends.items {
		if e := l.sends.at(l.sends.total - 1 - i); m.Check == 1 && e != nil && q.now.Before(e.until) && string(e.Body) == string(q.body) {
			e.Duplicates++
			return *e, nil
		}
	}
	task := m.TemplateCard.text("task_id")
	switch {
	case task != "" && l.tasks[task]: // which code this has is not documented
		return AppSend{}, refuse(42014)
	case l.overDay(q, len(to)):
		return AppSend{}, refuse(45009)
	}
	interval := m.Interval
	if interval == 0 {
		interval = usualInterval
	}
	e := AppSend{MsgID: word(60), At: q.now, Body: q.body, Text: cutBytes(m.Text.Content, 2048), until: q.now.Add(time.Duration(interval) * time.Second)}
	l.reach(&e, to)
	if task != "" {
		if l.tasks == nil || len(l.tasks) >= appThingsKept {
			l.tasks = map[string]bool{}
		}
		l.tasks[task] = true
	}
	if m.TemplateCard.calls() {
		e.Code = l.code(e.MsgID, to, q.now)
	}
	l.add(e)
	return e, nil
}

func (l *appLedger) add(e AppSend) {
	l.sends.max = appSendsKept
	l.sends.add(e)
}

// overDay books members against the company's accounts, 200 for each and day. A
// call that is too much is refused whole; whether it is, is not documented.
func (l *appLedger) overDay(q *request, n int) bool {
	day := q.now.In(time.FixedZone("", 8*3600)).Format(time.DateOnly)
	if l.day != day {
		l.day, l.sent = day, 0
	}
	if most := q.corp.profile.Accounts * perAccountDay; most > 0 && l.sent+n > most {
		return true
	}
	l.sent += n
	return false
}

// reach drops those who got too much in the minute or the hour before.
func (l *appLedger) reach(e *AppSend, to []string) {
	if l.got == nil || len(l.got) >= appThingsKept {
		l.got = map[string][]time.Time{}
	}
	for _, id := range to {
		key := strings.ToLower(id)
		got := l.got[key]
		for len(got) > 0 && e.At.Sub(got[0]) >= time.Hour {
			got = got[1:]
		}
		minute := 0
		for i := len(got) - 1; i >= 0 && e.At.Sub(got[i]) < time.Minute; i-- {
			minute++
		}
		if minute >= perMemberMinute || len(got) >= perMemberHour {
			e.Dropped = append(e.Dropped, id)
		} else {
			e.Reached, got = append(e.Reached, id), append(got, e.At)
		}
		l.got[key] = got
	}
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
