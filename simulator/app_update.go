package simulator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// CardUpdate is one change of a card that was sent.
type CardUpdate struct {
	At    time.Time       `json:"at"`
	Users []string        `json:"users"`
	Body  json.RawMessage `json:"body"`
}

// cardCode updates a card once, within 72 hours.
type cardCode struct {
	msgID   string
	members []string
	until   time.Time
	used    bool
}

const codeLife = 72 * time.Hour

// code makes one. The caller locks.
func (l *appLedger) code(msgID string, members []string, now time.Time) string {
	if l.codes == nil || len(l.codes) >= appThingsKept {
		l.codes = map[string]*cardCode{}
	}
	code := word(64)
	l.codes[code] = &cardCode{msgID: msgID, members: members, until: now.Add(codeLife)}
	return code
}

// receives tells whether an app has an address for pushes.
func (s *Simulator) receives(a *agent) bool {
	return a.receives || s.consoles.find(a.corp.profile.CorpID, a.id) != nil
}

type appUpdate struct {
	Users   []string        `json:"userids"`
	Parties []int64         `json:"partyids"`
	Tags    []int64         `json:"tagids"`
	All     int             `json:"atall"`
	Agent   json.RawMessage `json:"agentid"`
	Code    string          `json:"response_code"`
	Trans   int             `json:"enable_id_trans"`
	Button  *struct {
		Name string `json:"replace_name"`
	} `json:"button"`
	Card appCard `json:"template_card"`
}

// updateCard is message/update_template_card (wecom 2.6).
func (s *Simulator) updateCard(q *request) (any, *refusal) {
	var m appUpdate
	if err := json.Unmarshal(q.body, &m); err != nil {
		return nil, refuse(40058)
	}
	if fail := m.refuses(q.agent); fail != nil {
		return nil, fail
	}
	invalid, fail := q.agent.sent.update(&m, q, &q.corp.profile)
	if fail != nil {
		return nil, fail
	}
	return struct {
		errorAnswer
		Invalid []string `json:"invaliduser"`
	}{wecomOK, invalid}, nil
}

func (m *appUpdate) refuses(a *agent) *refusal {
	id, err := strconv.ParseInt(strings.Trim(string(m.Agent), `"`), 10, 64)
	switch {
	case m.Agent == nil:
		return refuse(41011)
	case err != nil:
		return refuse(40056)
	case id != a.id:
		return refuse(301002)
	case len(m.Users)+len(m.Parties)+len(m.Tags) == 0 && m.All != 1:
		return refuse(82101)
	case tooMany(len(m.Users), len(m.Parties), len(m.Tags)) != nil:
		return tooMany(len(m.Users), len(m.Parties), len(m.Tags))
	case m.Code == "":
		return refuse(60140)
	case (m.Button == nil) == (m.Card == nil):
		return refuse(40058)
	case m.Button != nil:
		return codeIf(m.Button.Name == "", 42038)
	}
	return m.Card.refuses(true)
}

// update uses a code up. Members who never had the card are listed; if all are
// such, nothing is done.
func (l *appLedger) update(m *appUpdate, q *request, c *Corp) (invalid []string, _ *refusal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	code := l.codes[m.Code]
	if code == nil || code.used || !q.now.Before(code.until) {
		return nil, refuse(60140)
	}
	users := slices.Clone(m.Users)
	for _, id := range m.Parties {
		users = append(users, c.Parties[strconv.FormatInt(id, 10)]...)
	}
	for _, id := range m.Tags {
		users = append(users, c.Tags[strconv.FormatInt(id, 10)]...)
	}
	if m.All == 1 {
		users = code.members
	}
	var done []string
	for _, id := range users {
		if among(code.members, id) {
			done = append(done, id)
		} else {
			invalid = append(invalid, strings.ToLower(id))
		}
	}
	if len(done) == 0 {
		return nil, refuse(82102)
	}
	code.used = true
	for i := range l.sends.items {
		if e := l.sends.at(l.sends.total - 1 - i); e != nil && e.MsgID == code.msgID {
			e.Updates = append(e.Updates, CardUpdate{q.now, done, q.body})
		}
	}
	return invalid, nil
}

// CardClick is a member's click on a button of a card that an app sent.
type CardClick struct {
	CorpID   string     `json:"corp_id"`
	AgentID  int64      `json:"agent_id"`
	User     string     `json:"user"`
	MsgID    string     `json:"msgid"` // of the message, as the ledger has it
	Key      string     `json:"key"`   // of the button
	Menu     bool       `json:"menu,omitempty"`
	Selected []Selected `json:"selected,omitempty"`
}

// ClickCard pushes the click to the app's address and waits for the answer. It
// needs Run.
func (s *Simulator) ClickCard(ctx context.Context, c CardClick) (Push, error) {
	corp := s.wecom.find(c.CorpID)
	if corp == nil || corp.agent(c.AgentID) == nil {
		return Push{}, errors.New("there is no such company or app")
	}
	card, code := corp.agent(c.AgentID).sent.clicked(c, time.Now())
	if code == "" {
		return Push{}, errors.New("the app sent no such card to this member, or one that does not call back")
	}
	m := OwnMessage{CorpID: c.CorpID, AgentID: c.AgentID, User: c.User, Event: "template_card_event", Selected: c.Selected,
		Fields: map[string]string{"EventKey": c.Key, "TaskId": card.text("task_id"), "CardType": card.text("card_type"), "ResponseCode": code}}
	if c.Menu {
		m.Event = "template_card_menu_event"
	}
	return s.SayOwn(ctx, m)
}

func (l *appLedger) clicked(c CardClick, now time.Time) (appCard, string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.sends.items {
		e := l.sends.at(l.sends.total - 1 - i)
		if e == nil || e.MsgID != c.MsgID || e.Code == "" || !among(e.Reached, c.User) {
			continue
		}
		var m appSend
		if json.Unmarshal(e.Body, &m) != nil {
			return nil, ""
		}
		return m.TemplateCard, l.code(e.MsgID, e.Reached, now)
	}
	return nil, ""
}

func (s *Simulator) controlClick(w http.ResponseWriter, r *http.Request) {
	var c CardClick
	err := read(w, r, &c)
	var p Push
	if err == nil {
		p, err = s.ClickCard(r.Context(), c)
	}
	reply(w, p, err)
}

func (s *Simulator) controlAppSends(w http.ResponseWriter, r *http.Request) {
	agent, err := strconv.ParseInt(r.URL.Query().Get("agent_id"), 10, 64)
	if err != nil {
		err = fmt.Errorf("agent_id: give corp_id and agent_id of an app")
	}
	reply(w, s.AppSends(r.URL.Query().Get("corp_id"), agent), err)
}
