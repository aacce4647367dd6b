package callback

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"wechattpp/crypto"
)

// MaxBody is the most bytes a push may have.
const MaxBody = 1 << 20

// Config says what a Door needs.
type Config struct {
	ComponentAppID string
	Token          string      // message verify token of the Open Platform console
	Key            *crypto.Key // EncodingAESKey
	PreviousKey    *crypto.Key // the one before; nil if none
	// MaxAge is how far a signed timestamp may be off, either way; 0 is any.
	MaxAge time.Duration

	Store    Store
	Accounts Accounts
	Senders  Senders // those with a secret of their own; may be nil if no address of theirs is served
	Effects  Effects
	Nudge    func()                // called when an event with an effect is in; may be nil
	Metrics  prometheus.Registerer // may be nil
	Log      *slog.Logger          // nil means slog.Default()
}

// Door takes pushes and works them off. All methods are safe for concurrent
// use.
type Door struct {
	Config
	component *lock
	locks     locks
	nobody    string // a token
	names     *names
	counts    *counts
	waits     waits
	gaps      gaps
	alarms    alarms
}

// New makes a Door.
func New(c Config) *Door {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Nudge == nil {
		c.Nudge = func() {}
	}
	d := &Door{
		Config: c, names: newNames(c.Accounts), counts: newCounts(c.Metrics),
		locks: newLocks(), nobody: nobody(),
		component: &lock{ID: c.ComponentAppID, Token: c.Token, Keys: []*crypto.Key{c.Key, c.PreviousKey}},
	}
	d.gaps.log = c.Log
	return d
}

// Request is a push as it arrived. Body is not kept.
type Request struct {
	Source Source
	AppID  string // account in the path; only at Message
	Sender string // code in the path of a sender's own address; perhaps none at OfficialAccount
	// Timestamp, Nonce and Signature are the query's timestamp, nonce and
	// msg_signature, percent-decoded once. Its encrypt_type is not looked at:
	// what is not encrypted is refused, whatever it says.
	Timestamp, Nonce, Signature string
	Body                        []byte
	At                          time.Time // when it arrived
}

// Success is what WeChat wants to read.
const Success = "success"

// Receive answers what to say to a push, with status 200: it is on disk then.
// It is success, nothing, or an encrypted passive reply, the same for every copy
// of the push. The error is a *Refusal with the status to answer; nothing of
// such a push is kept, but for store_away, where it may be. It returns within
// Patience of r.At, whether or not someone still listens.
func (d *Door) Receive(r *Request) (string, error) {
	ctx := d.waits.from(r.At)
	in, refusal := d.read(ctx, r)
	if refusal != nil {
		return "", d.Refuse(r.Source, refusal)
	}
	fresh, err := d.Store.Append(ctx, in.event)
	if err != nil {
		return "", d.unwritten(r, in.event, err)
	}
	d.gaps.end()
	d.counts.taken(r, fresh)
	if fresh && in.event.Due {
		d.Nudge()
	}
	return d.answer(&in), nil
}

// unwritten refuses a push that did not get on disk: the database was away all
// the time, or would not have this one.
func (d *Door) unwritten(r *Request, e *Event, err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		d.gaps.begin(r.At, err)
	} else {
		d.Log.Error("an event could not be written down", "app_id", e.AppID, "type", e.Type, "err", err)
	}
	return d.Refuse(r.Source, errStoreAway)
}

// Refuse counts a refusal; api calls it for those that never get to Receive.
func (d *Door) Refuse(s Source, r *Refusal) error {
	d.counts.refused(s, r)
	return r
}

// Problems tells, for /readyz, what is or was lately wrong at the door.
func (d *Door) Problems(now time.Time) []string {
	return append(d.alarms.recent(now), d.gaps.recent(now)...)
}
