package simulator

import (
	"regexp"
	"sync/atomic"
	"time"
)

// Call is one API call as the hooks see it.
type Call struct {
	Path  string
	AppID string // the account or company it is for, else the component
	N     int    // which call of this path for this AppID, from 1
	At    time.Time

	Request []byte // raw body, holds secrets: keep only what Masked gives
	Answer  []byte // only after processing
	Code    int    // errcode of Answer
}

var secretMember = regexp.MustCompile(`("[a-z_]*(?:token|secret|ticket|code)"\s*:\s*")[^"]*"`)

// Masked is both bodies with tokens, secrets, tickets and codes as ***, fit
// for a log or a screen.
func (c Call) Masked() (request, answer string) {
	mask := func(b []byte) string { return string(secretMember.ReplaceAll(b, []byte(`$1***"`))) }
	return mask(c.Request), mask(c.Answer)
}

type hooks struct {
	onCall, afterCall atomic.Pointer[func(Call)]
	onPush            atomic.Pointer[func(Push)]
}

func (h *hooks) before(c Call) {
	if f := h.onCall.Load(); f != nil {
		(*f)(c)
	}
}

func (h *hooks) after(c Call) {
	if f := h.afterCall.Load(); f != nil {
		(*f)(c)
	}
}

func (h *hooks) pushed(p Push) {
	if f := h.onPush.Load(); f != nil {
		(*f)(p)
	}
}

// OnCall has f called before each API call is processed, in the caller's
// goroutine: while f runs, that call waits. It replaces the f before.
func (s *Simulator) OnCall(f func(Call)) { s.hooks.onCall.Store(&f) }

// AfterCall has f called when a call was processed and its answer is not yet
// written: the place to kill a program between two steps.
func (s *Simulator) AfterCall(f func(Call)) { s.hooks.afterCall.Store(&f) }

// OnPush has f called after each try of a push.
func (s *Simulator) OnPush(f func(Push)) { s.hooks.onPush.Store(&f) }

// count books the call and describes it.
func (s *Simulator) count(q *request) Call {
	c := Call{Path: q.endpoint.path, AppID: s.cfg.ComponentAppID, At: q.now, Request: q.body}
	counters := &s.world.component
	if q.corp != nil {
		c.AppID, counters = q.corp.profile.CorpID, &q.corp.calls
	}
	if q.account != nil {
		c.AppID = q.account.profile.AppID
		counters = &q.account.calls
	}
	c.N = int((*counters)[q.endpoint.index].Add(1))
	return c
}

// Calls are the API calls so far, failed ones included.
type Calls struct {
	Paths    map[string]int            `json:"paths"`
	Accounts map[string]map[string]int `json:"accounts"` // by appid and path; the component's own under its appid
}

// Calls counts by path and by account; paths never called are absent.
func (s *Simulator) Calls() Calls {
	c := Calls{map[string]int{}, map[string]map[string]int{}}
	s.addCalls(c, s.cfg.ComponentAppID, s.world.component)
	for _, a := range s.world.all() {
		s.addCalls(c, a.profile.AppID, a.calls)
	}
	for _, corp := range s.wecom.all() {
		s.addCalls(c, corp.profile.CorpID, corp.calls)
	}
	return c
}

func (s *Simulator) addCalls(c Calls, appID string, counters []atomic.Uint32) {
	for i := range counters {
		n := int(counters[i].Load())
		if n == 0 {
			continue
		}
		if c.Accounts[appID] == nil {
			c.Accounts[appID] = map[string]int{}
		}
		c.Accounts[appID][s.list[i].path] = n
		c.Paths[s.list[i].path] += n
	}
}

// Mints is how many tokens were made for an account, or for the component.
func (s *Simulator) Mints(appID string) int {
	if appID == s.cfg.ComponentAppID {
		s.component.mu.RLock()
		defer s.component.mu.RUnlock()
		return s.component.mints
	}
	if a := s.world.find(appID); a != nil {
		return int(a.mints.Load())
	}
	return 0
}
