package simulator

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// The words of TEMPLATESENDJOBFINISH, blank after the colon as documented (messages 1.4).
const (
	statusSuccess = "success"
	statusBlocked = "failed:user block"
	StatusSystem  = "failed: system failed"
)

// OutcomeFault changes the outcome events of coming sends.
type OutcomeFault struct {
	AppID    string        `json:"appid,omitempty"`
	OpenID   string        `json:"openid,omitempty"`
	Times    int           `json:"times,omitempty"`      // 0 = once; negative = until ClearFaults
	Status   string        `json:"status,omitempty"`     // "" = what it would be anyway
	ZeroID   bool          `json:"zero_msgid,omitempty"` // MsgID 0, as seen with client_msg_id
	Copies   int           `json:"copies,omitempty"`     // the same event so many times more, at most 100
	Overtake bool          `json:"overtake,omitempty"`   // pushed, and tried once, before the send is answered
	Never    bool          `json:"never,omitempty"`      // none comes
	Unnamed  bool          `json:"unnamed,omitempty"`    // a subscription message is answered without its msgid, as often seen
	Delay    time.Duration `json:"-"`                    // in JSON "delay": "2s"; added to OutcomeAfter
}

// FailOutcome arms a fault of outcomes; the oldest that fits takes a send.
func (s *Simulator) FailOutcome(f OutcomeFault) error {
	if f.Copies < 0 || f.Copies > 100 {
		return fmt.Errorf("outcome: copies %d is out of range, use 0 to 100", f.Copies)
	}
	f.Times = or(f.Times, 1)
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	if len(s.faults.outcomes) >= maxFaults {
		return fmt.Errorf("more than %d outcome faults armed; clear them first", maxFaults)
	}
	s.faults.outcomes = append(s.faults.outcomes, f)
	return nil
}

func (f *faults) takeOutcome(appID, openID string) OutcomeFault {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, o := range f.outcomes {
		if o.AppID != "" && o.AppID != appID || o.OpenID != "" && o.OpenID != openID {
			continue
		}
		if f.outcomes[i].Times--; f.outcomes[i].Times == 0 {
			f.outcomes = append(f.outcomes[:i], f.outcomes[i+1:]...)
		}
		return o
	}
	return OutcomeFault{}
}

// outcome is what will be said of one accepted send.
type outcome struct {
	status string // "" = nothing
	fault  OutcomeFault
}

func (s *Simulator) planOutcome(a *account, openID string) *outcome {
	out := &outcome{statusSuccess, s.faults.takeOutcome(a.profile.AppID, openID)}
	switch {
	case out.fault.Never:
		out.status = ""
	case out.fault.Status != "":
		out.status = out.fault.Status
	case a.catalog.person(openID) == blocks:
		out.status = statusBlocked
	}
	return out
}

// pushOutcome tells the component of what it sent for its authorizers, and an
// account of what was sent with its own token, if its console says where.
// template is that of a subscription message, else empty.
func (s *Simulator) pushOutcome(ctx context.Context, a *account, openID string, msgID int64, out *outcome, own bool, template string) {
	if out.status == "" {
		return
	}
	after := s.cfg.OutcomeAfter + out.fault.Delay
	told := msgID
	if out.fault.ZeroID {
		told = 0
	}
	e := event{
		kind: messagePush, account: a, openID: openID, name: "TEMPLATESENDJOBFINISH", msgID: msgID,
		members: []member{
			{name: "MsgType", value: "event"}, {name: "Event", value: "TEMPLATESENDJOBFINISH"},
			{name: "MsgID", value: strconv.FormatInt(told, 10), number: true}, {name: "Status", value: out.status},
		},
	}
	if template != "" {
		e.name, e.members = "subscribe_msg_sent_event", sentMembers(template, told, out.status)
	}
	if own {
		c := s.consoles.find(a.profile.AppID, 0)
		if c == nil {
			return
		}
		e.kind, e.console, e.key, e.mode = ownPush, c, c.keys[0], c.Mode
	}
	var last *pending
	for _, p := range s.pushAll(e, after, 1+out.fault.Copies) {
		last = p
	}
	if out.fault.Overtake && last != nil {
		s.await(ctx, last.tried)
	}
}
