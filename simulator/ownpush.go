package simulator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// ownPush is a push to an account's own address.
const ownPush = "own"

// OwnMessage is what a user, or WeCom, says at an account whose Console is
// entered.
type OwnMessage struct {
	AppID   string `json:"appid,omitempty"`
	CorpID  string `json:"corp_id,omitempty"`
	AgentID int64  `json:"agent_id,omitempty"`

	User     string            `json:"user"` // openid, or userid at WeCom; sys where nobody did it
	Content  string            `json:"content,omitempty"`
	Event    string            `json:"event,omitempty"`    // instead of Content: subscribe, enter_agent, template_card_event, change_contact, ...
	Fields   map[string]string `json:"fields,omitempty"`   // more of the event, e.g. EventKey, TaskId, ChangeType
	Selected []Selected        `json:"selected,omitempty"` // of a template card

	Mode        string `json:"mode,omitempty"`         // instead of the console's: plain is what the console no longer shows
	PreviousKey bool   `json:"previous_key,omitempty"` // seal with the key before the last change
	NoAgent     bool   `json:"no_agent,omitempty"`     // as the address book pushes
	Copies      int    `json:"copies,omitempty"`       // the same push so many times more; at most 100
}

// Selected is what someone ticked in a template card (wecom 8.4).
type Selected struct {
	QuestionKey string   `json:"question_key"`
	OptionIDs   []string `json:"option_ids"`
}

// SayOwn pushes the message to the address that the account's console has, and
// waits until it is answered or given up. It needs Run.
func (s *Simulator) SayOwn(ctx context.Context, m OwnMessage) (Push, error) {
	e, err := s.ownEvent(m)
	if err != nil {
		return Push{}, err
	}
	var first *pending
	for _, p := range s.pushAll(e, 0, 1+m.Copies) {
		if first == nil {
			first = p
		}
		if err := s.await(ctx, p.done); err != nil {
			return s.record(first), err
		}
	}
	return s.record(first), nil
}

func (s *Simulator) ownEvent(m OwnMessage) (event, error) {
	c := s.consoles.find(or(m.CorpID, m.AppID), m.AgentID)
	switch {
	case c == nil:
		return event{}, errors.New("this account has no console: enter one first")
	case m.User == "":
		return event{}, errors.New("user must not be empty")
	case (m.Content == "") == (m.Event == ""):
		return event{}, errors.New("give either content or event")
	case m.Copies < 0 || m.Copies > 100:
		return event{}, fmt.Errorf("copies %d is out of range, use 0 to 100", m.Copies)
	case m.PreviousKey && c.keys[1] == nil:
		return event{}, errors.New("the console has no previous_key")
	}
	e := event{kind: ownPush, console: c, openID: m.User, name: or(m.Event, "text"), mode: or(m.Mode, c.Mode), noAgent: m.NoAgent, key: c.keys[0]}
	if m.PreviousKey {
		e.key = c.keys[1]
	}
	if !c.wecom() {
		if e.account = s.world.find(m.AppID); e.account == nil {
			return event{}, noAccount(m.AppID)
		}
	}
	e.members = m.members(c)
	return e, nil
}

func (m *OwnMessage) members(c *console) (list []member) {
	if m.Event == "" {
		id := firstMsgID/2 + lastMessage.Add(1)
		list = []member{{name: "MsgType", value: "text"}, {name: "Content", value: m.Content}, {name: "MsgId", value: strconv.FormatInt(id, 10), number: true}}
	} else {
		list = []member{{name: "MsgType", value: "event"}, {name: "Event", value: m.Event}}
		for _, name := range slices.Sorted(maps.Keys(m.Fields)) {
			list = append(list, member{name: name, value: m.Fields[name]})
		}
	}
	if len(m.Selected) > 0 {
		list = append(list, selectedItems(m.Selected))
	}
	if c.wecom() && !m.NoAgent {
		list = append(list, member{name: "AgentID", value: strconv.FormatInt(c.AgentID, 10), number: true})
	}
	return list
}

func selectedItems(all []Selected) member {
	items := member{name: "SelectedItems"}
	for _, s := range all {
		options := member{name: "OptionIds"}
		for _, id := range s.OptionIDs {
			options.kids = append(options.kids, member{name: "OptionId", value: id})
		}
		items.kids = append(items.kids, member{name: "SelectedItem", kids: []member{{name: "QuestionKey", value: s.QuestionKey}, options}})
	}
	return items
}

// membersJSON is how an account that chose JSON is pushed to; ids and times are
// numbers there.
func membersJSON(members []member) []byte {
	var b strings.Builder
	for i, m := range members {
		if len(m.kids) == 1 && m.kids[0].name == "List" {
			m = m.kids[0] // in JSON the wrapper is missing (messages 2.5)
		}
		b.WriteString(map[bool]string{true: "{", false: ","}[i == 0])
		b.WriteString(quote(m.name) + ":")
		if len(m.kids) > 0 {
			b.Write(membersJSON(m.kids))
		} else if m.number {
			b.WriteString(m.value)
		} else {
			b.WriteString(quote(m.value))
		}
	}
	return []byte(b.String() + "}")
}

func quote(text string) string { b, _ := json.Marshal(text); return string(b) }

// judgeOwn is the vendor's opinion of an answer to an account's own address:
// nothing is as good as success (component 2, wecom 8.3).
func (s *Simulator) judgeOwn(c *console, body []byte) (reply string, err error) {
	if len(body) == 0 || string(body) == "success" {
		return "", nil
	}
	return openPassive(body, c.Token, c.id(), c.keys[:]...)
}

func (s *Simulator) controlConsole(w http.ResponseWriter, r *http.Request) {
	var c Console
	err := read(w, r, &c)
	if err == nil {
		err = s.Enter(r.Context(), c)
	}
	reply(w, done, err)
}

func (s *Simulator) controlOwn(w http.ResponseWriter, r *http.Request) {
	var m OwnMessage
	err := read(w, r, &m)
	var p Push
	if err == nil {
		p, err = s.SayOwn(r.Context(), m)
	}
	reply(w, p, err)
}
