package notify

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"wechattpp/wechat"
)

// Senders knows the sending accounts.
type Senders interface {
	// Client gives a client that speaks for the sender now, or says why not.
	// Asked before every call: it must be quick, and at most a second behind.
	Client(ctx context.Context, code string) (wechat.Client, error)
	// Find gives id, kind ("wechatoa" ...) and AppID; fs.ErrNotExist.
	Find(ctx context.Context, code string) (id int64, kind, appID string, err error)
	// Codes lists the senders of a kind.
	Codes(ctx context.Context, kind string) ([]string, error)
	// Why tells why a sender cannot send now, "" if it can.
	Why(ctx context.Context, code string) (reason string, err error)
	// Lacks is Why for what needs a permission set of its own.
	Lacks(ctx context.Context, code string, set int) (reason string, err error)
	// Robot tells whether a sender of kind wechatwk is the webhook of a group chat.
	Robot(ctx context.Context, code string) (bool, error)
}

// Audience knows the identities of users; those without one are left out.
type Audience interface {
	// WrongUserID and WrongTag say what no user's id, and no user's tag, can be;
	// empty: nothing is wrong.
	WrongUserID(id string) string
	WrongTag(tag string) string
	Resolve(ctx context.Context, kind, sender string, userids []string) (map[string]string, error)
	// Select pages through a selection but for its named users: next is what to
	// go on after, 0 at the end.
	Select(ctx context.Context, s Selection, after int64, limit int) (userids []string, next int64, err error)
	// HasSegment and HasList (kind "black" or "white") tell what there is.
	HasSegment(ctx context.Context, id int64) (bool, error)
	HasList(ctx context.Context, id int64, kind string) (bool, error)
	// Listed tells which of the words, userids and identities, are on a list.
	Listed(ctx context.Context, id int64, words []string) (map[string]bool, error)
}

// Rights knows what users agreed to: a hint, for the vendor cannot be asked.
type Rights interface {
	// Without gives those of the openids who have no recorded right to a message of
	// the template at the sender; scene is -1 but for a one-time subscription.
	Without(ctx context.Context, sender, account, template string, scene int, openids []string) ([]string, error)
	// Granted looks at up to most users of whose consent to the template something
	// is known, and tells at how many, and how many of them have a right.
	Granted(ctx context.Context, sender, account, template string, scene, most int) (granted, looked int, err error)
}

// Config says what the room needs. Store, Senders and Audience are required.
type Config struct {
	Store    Store
	Senders  Senders
	Audience Audience
	Forms    Forms                 // nil: none are known, and messages are not held against them
	Rights   Rights                // nil: nobody's are known, and nothing is said of them
	Events   Events                // nil: likewise of what they did
	Log      *slog.Logger          // nil: slog.Default()
	Metrics  prometheus.Registerer // nil: none

	// Parallel bounds the calls at once, over all senders; 0 is 128.
	Parallel int
	// PerSender bounds the calls at once per sender; 0 is 16. WeChat publishes
	// no figure; 10 to 20 are known to go well.
	PerSender int
	// Lease is how long a claimed chunk is left to whoever claimed it; 0 is 90 s,
	// which is also the most. No call begins in the last quarter.
	Lease time.Duration
	// Receipts tells whether an address is registered for a client's receipts;
	// nil: none is.
	Receipts func(ctx context.Context, clientID int64, url string) (bool, error)
	// Nudge is called when something was stored that is due at once; may be nil.
	Nudge func()
	// NudgeTasks is Nudge for mass messages to customers.
	NudgeTasks func()
}

// Room sends messages. Safe for concurrent use.
type Room struct {
	Config
	metrics *metrics
	wake    chan struct{} // a message was stored here: SendDue need not wait for its tick

	sending sync.Mutex // held by the one SendDue that runs
	guard   sync.Mutex // held while settings are read
	guarded atomic.Pointer[guarding]
	mu      sync.Mutex
	keys    map[string]chan struct{} // Idempotency-Keys in progress in this process
}

// New puts a room together.
func New(c Config) *Room {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Parallel <= 0 {
		c.Parallel = 128
	}
	if c.PerSender <= 0 {
		c.PerSender = 16
	}
	if c.Lease <= 0 || c.Lease > 90*time.Second {
		c.Lease = 90 * time.Second
	}
	r := &Room{Config: c, wake: make(chan struct{}, 1), keys: map[string]chan struct{}{}}
	r.metrics = newMetrics(c.Metrics, c.Store)
	return r
}

// nudge tells whoever sends that something is due.
func (r *Room) nudge() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
	if r.Nudge != nil {
		r.Nudge()
	}
}
