package simulator

import (
	"encoding/json"
	"maps"
	"sync"
	"time"
)

// Send is one accepted template message.
type Send struct {
	AppID       string          `json:"appid"`
	OpenID      string          `json:"openid"`
	TemplateID  string          `json:"template_id"`
	Call        string          `json:"call,omitempty"` // of the vendor; "" = message/template/send
	MsgID       int64           `json:"msgid"`
	ClientMsgID string          `json:"client_msg_id,omitempty"`
	At          time.Time       `json:"at"`
	Outcome     string          `json:"outcome"`    // the Status it ends with; "" = none is ever pushed
	Duplicates  int             `json:"duplicates"` // repeats answered with the same msgid, not delivered
	Body        json.RawMessage `json:"body"`
}

// Totals count every send since the start, kept or not.
type Totals struct {
	Sends      int            `json:"sends"`
	Duplicates int            `json:"duplicates"`
	DeadFields int            `json:"dead_fields"` // data.*.color, which no client shows any more
	Delivered  int            `json:"delivered"`
	Customer   int            `json:"customer"` // customer-service messages
	Accounts   map[string]int `json:"accounts"`
}

// Entries are the sends still kept, oldest first, and the totals.
type Entries struct {
	Sends    []Send            `json:"sends"`
	Customer []CustomerMessage `json:"customer"`
	Totals   Totals            `json:"totals"`
}

type ledger struct {
	mu        sync.Mutex
	sends     ring[Send]
	customer  ring[CustomerMessage]
	totals    Totals
	delivered map[string]int // by openid, at most maxPeople
}

const (
	maxPeople  = 1_000_000
	firstMsgID = 3487542469355618313 // 19 digits, beyond float64
)

func (l *ledger) init(keep int) {
	l.sends.max, l.customer.max = keep, keep
	l.totals.Accounts = map[string]int{}
	l.delivered = map[string]int{}
}

// accept books a send and gives its msgid, which says where it is in the ring.
func (l *ledger) accept(e Send, deadFields int) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.MsgID = firstMsgID + int64(l.sends.total)
	l.sends.add(e)
	l.totals.Sends++
	l.totals.DeadFields += deadFields
	l.totals.Accounts[e.AppID]++
	if e.Outcome == statusSuccess {
		l.totals.Delivered++
		if _, known := l.delivered[e.OpenID]; known || len(l.delivered) < maxPeople {
			l.delivered[e.OpenID]++
		}
	}
	return e.MsgID
}

func (l *ledger) repeated(msgID int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.totals.Duplicates++
	if e := l.sends.at(int(msgID - firstMsgID)); e != nil {
		e.Duplicates++
	}
}

func (l *ledger) last(n int) Entries {
	l.mu.Lock()
	defer l.mu.Unlock()
	totals := l.totals
	totals.Accounts = maps.Clone(l.totals.Accounts)
	return Entries{l.sends.last(n), l.customer.last(n), totals}
}

// Ledger copies all sends still kept; for counts alone use Totals.
func (s *Simulator) Ledger() Entries { return s.ledger.last(-1) }

// Totals counts all sends.
func (s *Simulator) Totals() Totals { return s.ledger.last(0).Totals }

// Delivered is how many messages reached an openid: accepted, no repeat, and
// with an outcome of success. The first million openids are counted.
func (s *Simulator) Delivered(openID string) int {
	s.ledger.mu.Lock()
	defer s.ledger.mu.Unlock()
	return s.ledger.delivered[openID]
}
