package simulator

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync/atomic"
)

// Message is what a user does in an account's chat: a text, or an event such
// as subscribe.
type Message struct {
	AppID   string            `json:"appid"`
	OpenID  string            `json:"openid"`
	Content string            `json:"content,omitempty"`
	Event   string            `json:"event,omitempty"`  // instead of Content
	Fields  map[string]string `json:"fields,omitempty"` // more elements of the event, e.g. EventKey
	Copies  int               `json:"copies,omitempty"` // the same push so many times more, at once; at most 100
}

var lastMessage atomic.Int64

// Say pushes the message and waits until it is answered or given up; the
// Push tells the passive reply. It needs Run. The account must have granted
// set 1, messages, for WeChat pushes nothing else. Subscribe and unsubscribe
// also change who follows.
func (s *Simulator) Say(ctx context.Context, m Message) (Push, error) {
	a := s.world.find(m.AppID)
	if a == nil {
		return Push{}, noAccount(m.AppID)
	}
	if err := m.check(a, s.messageURL()); err != nil {
		return Push{}, err
	}
	a.catalog.follow(m.OpenID, m.Event)
	var first *pending
	for _, p := range s.pushAll(m.event(a), 0, 1+m.Copies) {
		if first == nil {
			first = p
		}
		if err := s.await(ctx, p.done); err != nil {
			return s.record(first), err
		}
	}
	return s.record(first), nil
}

func (m Message) check(a *account, url string) error {
	switch {
	case url == "":
		return fmt.Errorf("no message URL is set, so nothing can be pushed")
	case m.OpenID == "":
		return fmt.Errorf("openid must not be empty")
	case (m.Content == "") == (m.Event == ""):
		return fmt.Errorf("give either content or event")
	case m.Copies < 0 || m.Copies > 100:
		return fmt.Errorf("copies %d is out of range, use 0 to 100", m.Copies)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.authorized || !slices.Contains(a.granted, setMessages) && !a.profile.MiniProgram {
		return fmt.Errorf("%s has not granted set %d (messages), so WeChat pushes none", a.profile.AppID, setMessages)
	}
	return nil
}

func (m Message) event(a *account) event {
	e := event{kind: messagePush, account: a, openID: m.OpenID, name: "text"}
	if m.Event == "" {
		id := firstMsgID/2 + lastMessage.Add(1)
		e.members = []member{{name: "MsgType", value: "text"}, {name: "Content", value: m.Content}, {name: "MsgId", value: strconv.FormatInt(id, 10), number: true}}
		return e
	}
	e.name = m.Event
	e.members = []member{{name: "MsgType", value: "event"}, {name: "Event", value: m.Event}}
	for _, name := range slices.Sorted(maps.Keys(m.Fields)) {
		e.members = append(e.members, member{name: name, value: m.Fields[name]})
	}
	return e
}

func (c *catalog) follow(openID, event string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch event {
	case "subscribe":
		c.people[openID] = follows
	case "unsubscribe":
		c.people[openID] = followedOnce
	}
}
