package webhook

import (
	"context"
	"encoding/json"
	"time"
)

// Receipts is the kind of a target that gets receipts.
const Receipts = "receipts"

// Target is an address of a client.
type Target struct {
	ID        int64
	ClientID  int64
	URL       string
	Preferred bool  // gets what names no address; exactly one of a client's is
	Wanted    Types // types of receipts that it wants
	CreatedAt time.Time

	Waiting      int       // deliveries that are still to be made, counted up to 100,000
	Dead         int       // dead letters, counted up to 100,000
	SuccessAt    time.Time // zero: never
	ErrorAt      time.Time // zero: never
	Error        string    // of ErrorAt
	FailingSince time.Time // zero: it takes what it gets
}

// Line is a line of the feed that tells of recipients of one message which
// took the same step.
type Line struct {
	ID         int64
	At         time.Time
	State      string // "queued" ...
	MsgID      string
	ClientID   int64
	Kind       string // of the sender
	Linked     bool   // to linked companies of WeCom
	Outcome    bool   // the vendor's later word says so
	Recipients []Recipient

	Callback string          // address that the message named
	Params   json.RawMessage // to be given back, nil if none
}

// Recipient is one of a line's.
type Recipient struct {
	UserID   string
	Identity string
	Code     int
	Text     string
}

// Page is what is read of the feed at once, with the targets of the clients
// concerned; those of one client stand together, the preferred one first.
type Page struct {
	Lines   []Line
	Targets map[int64][]Target // by client
	Keys    map[int64]string   // ChannelKeys of the clients
}

// Record is one receipt on its way into a delivery.
type Record struct {
	Target int64
	At     time.Time // of its cause
	JSON   []byte
}

// Packing says how records share a delivery: it is due when it has Most, or
// Wait after the cause of its first.
type Packing struct {
	Most int
	Wait time.Duration
}

// Job is a claimed target.
type Job struct {
	Target
	Claim      int64
	ChannelKey string
	Secret     string
	Failures   int           // failed calls since the last good one
	FailingFor time.Duration // since the first of them
}

// Delivery is one POST.
type Delivery struct {
	ID        int64
	Attempts  int // before this one
	Records   int
	Body      []byte // records, separated by commas
	CreatedAt time.Time
}

// Result is what became of a delivery. Error "" is success; otherwise it is
// due after Again, or a dead letter if Again is 0.
type Result struct {
	Delivery int64
	Error    string
	Again    time.Duration
}

// Letter is a dead letter.
type Letter struct {
	ID        int64
	URL       string
	Records   int
	Attempts  int
	CreatedAt time.Time // of its first cause
	DeadAt    time.Time
	Error     string
	Body      []byte // records separated by commas; only of one that was asked for by id
}

// Letters says which dead letters of a client are meant.
type Letters struct {
	ID     int64  // one alone; 0: all that follow
	URL    string // of this address; empty: of every one
	After  time.Time
	Before time.Time // of DeadAt; zero: no bound
}

// Backlog is what waits.
type Backlog struct {
	Due    int           // deliveries due now, counted up to 100,000
	Oldest time.Duration // how long the oldest has been due
	Dead   int           // dead letters, counted up to 100,000
	Unread int           // lines of the feed that have not been read
	Behind time.Duration // age of the oldest of them
}

// Store keeps targets and deliveries, and reads the feed. Not found is
// fs.ErrNotExist. Every method is atomic and safe for concurrent use.
type Store interface {
	// ReadFeed claims the cursor, reads up to lines lines from it, keeps the
	// records that tell makes of them, and moves the cursor, all in one
	// transaction; while another has the claim, it does nothing. tell may be
	// called again. Ids that are missing are read when they appear within five
	// minutes. more: there was more than it took.
	ReadFeed(ctx context.Context, lines int, p Packing, tell func(Page) []Record) (more bool, err error)

	// Claim claims up to limit targets with something due for the time of
	// lease: those that fail, or those that do not.
	Claim(ctx context.Context, failing bool, limit int, lease time.Duration) ([]Job, error)
	// Next reads due deliveries of a claimed target in their order, up to limit
	// and about a quarter of a megabyte, at least one. No record is added to
	// them from now on.
	Next(ctx context.Context, j *Job, limit int) ([]Delivery, error)
	// Settle writes results, and how the target is with them. lost: the claim
	// has passed to another, and nothing was written.
	Settle(ctx context.Context, j *Job, results []Result) (lost bool, err error)
	// GiveUp makes dead letters of up to limit deliveries of a claimed target
	// that have been due for longer than waited, with the target's last error.
	GiveUp(ctx context.Context, j *Job, waited time.Duration, limit int) (records int, n int, err error)
	// Release ends a claim. The target is due with its next delivery, but not
	// before rest has passed.
	Release(ctx context.Context, j *Job, rest time.Duration) error

	// Credentials answers ChannelKey and MasterSecret of a client.
	Credentials(ctx context.Context, clientID int64) (channelKey, secret string, err error)
	// Targets lists the targets of a client, the preferred one first.
	Targets(ctx context.Context, clientID int64) ([]Target, error)
	// Registered tells whether a client has the address.
	Registered(ctx context.Context, clientID int64, url string) (bool, error)
	// Add keeps a target, or changes what one with the same address wants;
	// most bounds how many a client has: beyond it, fs.ErrExist. The first one
	// is preferred, and one with Preferred takes the place of the one before.
	Add(ctx context.Context, t Target, most int) (Target, error)
	// Remove drops a target with its deliveries and dead letters. The preferred
	// one goes last: fs.ErrExist while there are others.
	Remove(ctx context.Context, clientID int64, url string) error

	// Dead lists up to limit dead letters with ids above after, by id.
	Dead(ctx context.Context, clientID int64, which Letters, after int64, limit int) ([]Letter, error)
	// Letter answers one with its body.
	Letter(ctx context.Context, clientID, id int64) (Letter, error)
	// Replay makes up to limit dead letters due again, as if never tried.
	Replay(ctx context.Context, clientID int64, which Letters, limit int) (int, error)
	// Forget drops up to limit dead letters older than age, and what belongs
	// to targets and clients that are gone.
	Forget(ctx context.Context, age time.Duration, limit int) (int, error)
	// Backlog tells what waits.
	Backlog(ctx context.Context) (Backlog, error)
}
