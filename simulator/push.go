package simulator

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"
)

// Push is one event on its way to the program, with every try.
type Push struct {
	ID     int       `json:"id"`
	Kind   string    `json:"kind"` // authorization, message, or own: to the account's own address
	AppID  string    `json:"appid"`
	Event  string    `json:"event"` // InfoType, Event or MsgType
	OpenID string    `json:"openid,omitempty"`
	MsgID  int64     `json:"msgid,omitempty"` // of the send an outcome belongs to
	At     time.Time `json:"at"`
	State  PushState `json:"state"`
	Tries  []Try     `json:"tries"`
	Reply  string    `json:"reply,omitempty"` // the passive reply, opened
}

// PushState says how far a push is.
type PushState string

// The states of a push; the last three are final.
const (
	PushWaiting  PushState = "waiting"
	PushAnswered PushState = "answered"
	PushGivenUp  PushState = "given up" // three tries without a right answer
	PushDropped  PushState = "dropped"  // the queue was full or the simulator stopped
)

// Try is one attempt to deliver a push.
type Try struct {
	At     time.Time     `json:"at"`
	Took   time.Duration `json:"took_ns"`
	Status int           `json:"status,omitempty"`
	Answer string        `json:"answer,omitempty"` // its first bytes
	Error  string        `json:"error,omitempty"`  // why it does not count; "" = it does
}

// pushes are the records; its lock guards every Push they point to.
type pushes struct {
	mu      sync.Mutex
	kept    ring[*Push]
	dropped int
}

// Pushes copies the pushes still kept, oldest first.
func (s *Simulator) Pushes() []Push { return s.lastPushes(-1) }

func (s *Simulator) lastPushes(n int) []Push {
	s.pushes.mu.Lock()
	defer s.pushes.mu.Unlock()
	kept := s.pushes.kept.last(n)
	out := make([]Push, len(kept))
	for i, p := range kept {
		out[i] = p.copied()
	}
	return out
}

func (p *Push) copied() Push {
	c := *p
	c.Tries = slices.Clone(p.Tries)
	return c
}

func (s *Simulator) record(p *pending) Push {
	s.pushes.mu.Lock()
	defer s.pushes.mu.Unlock()
	return p.record.copied()
}

// pushAll queues copies of one event with the same inner bytes. Without an
// address for its kind there is nothing to push.
func (s *Simulator) pushAll(e event, after time.Duration, copies int) []*pending {
	if e.account != nil {
		e.account.heard(e, time.Now())
	}
	if s.target(e) == "" {
		return nil
	}
	due := time.Now().Add(after)
	if e.created.IsZero() {
		e.created = due
	}
	inner := s.inner(e)
	e.members = nil // in inner now; many wait at a time
	out := make([]*pending, copies)
	for i := range out {
		out[i] = s.enqueue(e, inner, due)
	}
	return out
}

func (s *Simulator) enqueue(e event, inner []byte, due time.Time) *pending {
	p := &pending{event: e, inner: inner, due: due, tried: make(chan struct{}), done: make(chan struct{})}
	p.record = &Push{Kind: e.kind, AppID: e.appID(s.cfg.ComponentAppID), Event: e.name, OpenID: e.openID, MsgID: e.msgID, At: due, State: PushWaiting}
	s.pushes.mu.Lock()
	p.record.ID = s.pushes.kept.total + 1
	s.pushes.kept.add(p.record)
	s.pushes.mu.Unlock()
	if !s.queue.add(p) {
		s.finish(p, PushDropped)
	}
	return p
}

func (s *Simulator) target(e event) string {
	switch e.kind {
	case authorizationPush:
		return s.authorizationURL()
	case ownPush:
		return e.console.URL
	}
	return strings.ReplaceAll(s.messageURL(), "$APPID$", e.account.profile.AppID)
}

// abandon ends what still waits, so that nobody waits for it.
func (s *Simulator) abandon() {
	for _, p := range s.queue.close() {
		s.finish(p, PushDropped)
	}
}

// await waits for a push to be tried or done.
func (s *Simulator) await(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-s.stop:
		return errStopped
	}
}

const ticketEvent = "component_verify_ticket"

// PushTicket makes a fresh ticket and queues its push; Run does so by itself
// every TicketEvery. It reports whether there is an address to push to.
func (s *Simulator) PushTicket() bool { return s.pushTicket() != nil }

func (s *Simulator) pushTicket() *pending {
	if s.authorizationURL() == "" {
		return nil
	}
	ticket := s.component.newTicket(s.cfg.TicketLife, time.Now())
	e := event{kind: authorizationPush, name: ticketEvent, members: []member{{name: "ComponentVerifyTicket", value: ticket}}}
	return s.pushAll(e, 0, 1)[0]
}
