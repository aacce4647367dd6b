package simulator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Push is one event on its way to the program, with every try.
type Push struct {
	ID     int       `json:"id"`
	Kind   string    `json:"kind"` // authorization or message
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

const (
	maxTries   = 3 // in total (component 2)
	shownBytes = 64
	maxAnswer  = 64 << 10
)

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
	if e.kind == authorizationPush {
		return s.authorizationURL()
	}
	return strings.ReplaceAll(s.messageURL(), "$APPID$", e.account.profile.AppID)
}

// deliver is the one loop that pushes; it owns every try.
func (s *Simulator) deliver(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	slots := make(chan struct{}, s.cfg.PushParallel)
	for {
		p := s.queue.next(ctx)
		if p == nil {
			return
		}
		slots <- struct{}{} // a try ends within PushLimit
		wg.Go(func() {
			defer func() { <-slots }()
			s.deliverOnce(ctx, p)
		})
	}
}

func (s *Simulator) deliverOnce(ctx context.Context, p *pending) {
	try, reply := s.try(ctx, p)
	n := s.note(p, try, reply)
	if n == 1 {
		close(p.tried)
	}
	switch {
	case try.Error == "":
		s.finish(p, PushAnswered)
	case ctx.Err() != nil:
		s.finish(p, PushDropped)
	case n >= maxTries:
		s.log.Warn("push given up", "app_id", p.record.AppID, "event", p.event.name, "attempt", n, "err", try.Error)
		s.finish(p, PushGivenUp)
	default:
		p.due = time.Now().Add(s.cfg.PushRetry)
		if !s.queue.add(p) {
			s.finish(p, PushDropped)
		}
	}
	s.hooks.pushed(s.record(p))
}

func (s *Simulator) note(p *pending, try Try, reply string) int {
	s.pushes.mu.Lock()
	defer s.pushes.mu.Unlock()
	p.record.Tries = append(p.record.Tries, try)
	p.record.Reply = reply
	return len(p.record.Tries)
}

func (s *Simulator) finish(p *pending, state PushState) {
	s.pushes.mu.Lock()
	p.record.State = state
	if state == PushDropped {
		s.pushes.dropped++
	}
	if len(p.record.Tries) == 0 {
		close(p.tried)
	}
	s.pushes.mu.Unlock()
	close(p.done)
	if p.event.name == ticketEvent {
		s.component.answered(state == PushAnswered)
	}
}

// try seals afresh: whether the vendor repeats timestamp and nonce is unknown.
func (s *Simulator) try(ctx context.Context, p *pending) (try Try, reply string) {
	try.At = time.Now()
	ctx, cancel := context.WithTimeout(ctx, s.cfg.PushLimit)
	defer cancel()
	res, err := s.knock(ctx, p)
	if err != nil {
		try.Took, try.Error = time.Since(try.At), withoutURL(err)
		return try, ""
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	try.Took, try.Status = time.Since(try.At), res.StatusCode
	if err == nil {
		reply, err = s.judge(p.event.kind, res.StatusCode, body)
	}
	try.Answer = string(body[:min(len(body), shownBytes)])
	if err != nil {
		try.Error = withoutURL(err)
	}
	return try, reply
}

func (s *Simulator) knock(ctx context.Context, p *pending) (*http.Response, error) {
	userName := ""
	if p.event.kind == messagePush {
		userName = p.event.account.profile.UserName
	}
	query, body, err := s.Envelope(userName, p.event.openID, p.inner)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.target(p.event), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.URL.RawQuery = strings.TrimPrefix(req.URL.RawQuery+"&"+query, "&")
	req.Header.Set("Content-Type", "text/xml")
	req.Header.Set("User-Agent", "Mozilla/4.0")
	return s.client.Do(req)
}

// judge is the vendor's opinion of an answer (component 2).
func (s *Simulator) judge(kind string, status int, body []byte) (reply string, err error) {
	switch {
	case status != http.StatusOK:
		return "", fmt.Errorf("HTTP status %d, want 200", status)
	case string(body) == "success":
		return "", nil
	case kind == authorizationPush:
		return "", errors.New("the answer is not exactly success")
	case len(body) == 0:
		return "", nil
	}
	return s.openReply(body)
}

func withoutURL(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err.Error()
	}
	return err.Error()
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
