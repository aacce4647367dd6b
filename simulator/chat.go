package simulator

import (
	"strings"
	"sync"
	"time"
)

// chats tells until when and how often users may be answered (messages 5.1).
// How the windows of several triggers combine is not documented: here the
// newest one counts, unless the older allows more.
type chats struct {
	mu   sync.Mutex
	open map[string]chat // by openid, at most maxPeople
}

type chat struct {
	until time.Time
	left  int
}

// trigger gives what an event or message allows.
func trigger(e *event) (chat, bool) {
	switch strings.ToLower(e.name) {
	case "text", "image", "voice", "video", "shortvideo", "location", "link", "miniprogrampage":
		return chat{e.created.Add(48 * time.Hour), 5}, e.isMessage()
	case "subscribe", "scan", "click", "scancode_push", "scancode_waitmsg":
		return chat{e.created.Add(time.Minute), 3}, true
	case "user_enter_tempsession":
		return chat{e.created.Add(time.Minute), 2}, true
	}
	return chat{}, false
}

// isMessage tells a message from an event of the same name: LOCATION is both.
func (e *event) isMessage() bool {
	return len(e.members) > 0 && e.members[0].name == "MsgType" && e.members[0].value != "event"
}

// heard opens a window if what a user did does so.
func (a *account) heard(e event, now time.Time) {
	e.created = now
	if w, ok := trigger(&e); ok && e.openID != "" {
		a.chats.allow(e.openID, w)
	}
}

func (c *chats) allow(openID string, w chat) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil {
		c.open = map[string]chat{}
	}
	old, known := c.open[openID]
	if known && old.left > w.left && old.until.After(w.until) || !known && len(c.open) >= maxPeople {
		return
	}
	c.open[openID] = w
}

// answer uses one up, or gives the code of why not.
func (c *chats) answer(openID string, now time.Time) (code int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w, known := c.open[openID]
	switch {
	case !known || !now.Before(w.until):
		return 45015
	case w.left == 0:
		return 45047
	}
	w.left--
	c.open[openID] = w
	return 0
}

// Talk lets a user have written to an account a moment ago, without a push.
func (s *Simulator) Talk(appID, openID string) error {
	a := s.world.find(appID)
	if a == nil {
		return noAccount(appID)
	}
	a.chats.wrote(openID, time.Now())
	return nil
}

// wrote opens the window of a message.
func (c *chats) wrote(openID string, at time.Time) { c.allow(openID, chat{at.Add(48 * time.Hour), 5}) }
