package callback

import (
	"context"
	"time"
)

// Source is the address a push came to.
type Source int8

// The addresses. Message is the component's for its accounts; the last three are those of senders with a secret of their
// own, and written like their kinds.
const (
	Component       Source = 1 // ticket and authorization events
	Message         Source = 2 // messages and events of authorizers
	OfficialAccount Source = 3
	MiniProgram     Source = 4
	WeCom           Source = 5
)

// sources has the name of each; 0 is none.
var sources = [...]string{"unknown", "component", "message", officialAccount, miniProgram, weCom}

func (s Source) String() string {
	if s < 0 || int(s) >= len(sources) {
		return sources[0]
	}
	return sources[s]
}

// Event is one push, opened. Text fields are ASCII, at most 64 bytes (Type 96).
type Event struct {
	ID             int64 // grows; set by Store
	ComponentAppID string
	AppID          string // account it is about; the component's own if it is about none; WeCom's CorpID
	Sender         string // whose own address it came to; empty at the component's, but for what List and Read answer
	Source         Source
	Type           string // wechat.<message type or event>, wecom.<the same>, component.<info type>
	User           string // openid or WeCom userid, empty if none
	CreatedAt      time.Time
	ReceivedAt     time.Time
	Dedup          [16]byte // same for every copy of the push, and for no other push
	Body           []byte   // decrypted XML or JSON, byte for byte
	Secret         bool     // Body holds a ticket, a code or what updates a card: sealed at rest
	Due            bool     // there is something to do after the answer
	Held           bool     // belongs to an account whose user_name is not known yet; implies Due
}

// Job is an event claimed by a worker.
type Job struct {
	Event
	Claim    int64         // fencing word of the claim
	Attempts int           // failures so far
	Age      time.Duration // since it was received, by the database's clock
}

// Store keeps events. What a worker writes with a claim that another worker has
// taken over changes nothing and is no error.
type Store interface {
	// Append makes an event durable, with its line in the feed unless it is
	// held. fresh is false for a copy of an event that is kept already, from
	// whichever replica; a copy changes nothing. While the database is away it
	// waits until ctx ends; the event may then still be kept. e must not be
	// changed afterwards.
	Append(ctx context.Context, e *Event) (fresh bool, err error)
	// Claim takes up to limit due events for the time of lease.
	Claim(ctx context.Context, limit int, lease time.Duration) ([]Job, error)
	// Done marks jobs of one claim as worked off.
	Done(ctx context.Context, claim int64, ids []int64) error
	// Retry makes a job due again after a while and writes down why.
	Retry(ctx context.Context, j *Job, after time.Duration, problem string) error
	// Release ends the hold of an event and appends its line to the feed.
	Release(ctx context.Context, j *Job) error
	// GiveUp ends the work on an event for good, keeping it with the problem.
	GiveUp(ctx context.Context, j *Job, problem string) error
	// Forget looks at up to limit events in the order they came, from the given
	// id on, and deletes those received longer ago than age that are not due.
	// next is where to go on, 0 when the rest is younger.
	Forget(ctx context.Context, age time.Duration, from int64, limit int) (deleted int, next int64, err error)
	// List answers the events that a query asks for, newest first, without those
	// held. next is where to go on, 0 at the end: what is read for one page is
	// bounded, so that it may have fewer than there are, even none.
	List(ctx context.Context, q Query) (list []Event, next int64, err error)
	// Last gives when each of the users did each of the types last at an account, of
	// events created since a moment that are not held.
	Last(ctx context.Context, appID string, types []string, since time.Time, users []string) (map[string]map[string]time.Time, error)
	// Lately looks at up to most such events, and tells at how many, and how many
	// users they are of.
	Lately(ctx context.Context, appID string, types []string, since time.Time, most int) (users, looked int, err error)
	// Read answers one event; fs.ErrNotExist if there is none, it is held, or
	// about none of the senders. Nil senders are all.
	Read(ctx context.Context, id int64, senders []string) (Event, error)
}

// Accounts knows the authorizers.
type Accounts interface {
	// UserName answers the gh_ name of an account; known is false while its
	// profile has not been fetched.
	UserName(ctx context.Context, appID string) (userName string, known bool, err error)
}
