package notify

import (
	"context"
	"slices"
	"time"

	"wechattpp/wechat"
)

// ChunkSize is how many recipients are claimed, sent and counted together; of a
// part with Many it is as many as one call carries. Chunks begin at multiples of
// ChunkSize: one that is larger takes the place of several.
const ChunkSize = 100

// Target is one recipient of a part. One without an identity is skipped, and so
// is one with a reason to.
type Target struct{ UserID, Identity, Skip string }

// Skipped tells whether nothing is sent to it.
func (t Target) Skipped() bool { return t.Identity == "" || t.Skip != "" }

// Draft is a checked request on its way into the store.
type Draft struct {
	ClientID int64
	Path     string
	Key      string   // Idempotency-Key, empty for none
	Hash     [32]byte // of the body, with a Key
	SendNo   string
	SendAt   time.Time // zero: at once
	ExpireAt time.Time // zero: never
	Resend   bool      // on_unknown is "resend"
	Shift    time.Duration
	Params   []byte // JSON to keep: the caller's params, owner, priority
	Parts    []Part
	Targets  [][]Target // per part
	Held     bool       // it waits for an administrator's yes
	For      *Selection // instead of Targets, which are then looked for later

	// Quota, if above 0, bounds the drafts with one that the client stores on one
	// day of QuotaZone, by the database's clock; one with a Key counts once.
	Quota     int
	QuotaZone *time.Location
}

// Waits tells whether somebody has to approve it: it is held, and not known to
// be for nobody.
func (d *Draft) Waits() bool {
	open := func(t Target) bool { return !t.Skipped() }
	return d.Held && (d.For != nil || slices.ContainsFunc(d.Targets, func(some []Target) bool { return slices.ContainsFunc(some, open) }))
}

// Due is a chunk whose time has come.
type Due struct {
	Chunk    int64
	SenderID int64
	Feature  Feature
	Sender   string        // empty: the sender was deleted
	Open     int           // recipients queued or sending
	Handed   bool          // some are sending
	Expired  bool          // its queued recipients have expired
	Pause    time.Duration // of the sender or of its feature, whichever is longer
	Probing  bool          // that is over, but nobody has tried yet
}

// Take asks for a chunk and says for how many recipients calls may be made; of a
// part with Many any number is one call.
type Take struct {
	Chunk int64
	Most  int
	// Begun: only calls that were begun before are made; the others wait.
	Begun bool
}

// Work is a claimed chunk. Its recipients in Calls are "sending" and durably so.
type Work struct {
	Chunk    int64
	Claim    int64
	MsgID    MsgID
	At       time.Time // when the message was accepted
	ClientID int64
	N        int // of the chunk in its message
	PartNo   int
	Part     Part
	Attempts int // rounds that left somebody open
	Waiting  int // recipients queued beyond Calls
	Calls    []Call
}

// Call is one recipient to call the vendor for.
type Call struct {
	Seq      int
	UserID   string
	Identity string
	Attempt  int
	Repeat   bool   // the attempt was begun before: same bytes, same id
	Handover int64  // of a part with Many: those of one number are handed over in one call
	Checked  bool   // the vendor shall notice a repeat of that call
	Alone    bool   // it was refused in company, by a code of Part.Alone: it has a handover of its own
	Serial   int64  // of that call within the message, for those whose TaskID must not repeat
	Draft    string // of a part with Copies: the copy that was made for it, empty for none yet
	id       string // as duplicateID, of a part with Many
}

// Move is what became of Work.Calls[Call]. Moving to Sending leaves it for a
// repeat, to Queued for another attempt.
type Move struct {
	Call        int
	To          State
	VendorMsgID int64
	Code        int
	Text        string
}

// Stop fails all queued recipients of a part.
type Stop struct {
	Code int
	Text string
}

// Result is what became of a Work. Whoever is still open is due after Next.
type Result struct {
	Work  *Work
	Moves []Move
	Next  time.Duration
	Stop  *Stop
	Named map[int64]Handed // what the vendor calls handovers
}

// Outcome is the vendor's later word on a recipient.
type Outcome struct {
	AppID     string // of the account
	User      string // openid
	MsgID     int64  // the vendor's; 0 if it said none
	Template  string // its id; empty if the vendor said none
	Delivered bool
	Status    string    // as the vendor wrote it
	At        time.Time // CreateTime of the event
}

// Matched is how an outcome met its send.
type Matched uint8

// An outcome changes a recipient, repeats what is known, comes while the
// recipient is being sent, belongs to nothing known, or to one of several sends
// that cannot be told apart.
const (
	Changed Matched = iota
	Known
	Early
	Unmatched
	Several
)

// Backlog is what waits.
type Backlog struct {
	Chunks int // with somebody queued or sending
}

// Store keeps messages. The counts of a chunk are written in the transaction
// that writes its recipients, and every change of a recipient is told to the
// feed there; so is a message with nobody open, exactly once.
type Store interface {
	// Find looks for the message of an Idempotency-Key: fs.ErrNotExist,
	// ErrOtherBody.
	Find(ctx context.Context, d *Draft) (MsgID, string, error)
	// Add stores a message with its key. again: the key was there with the
	// same body, and the answer is the first message; ErrOtherBody; ErrQuota.
	Add(ctx context.Context, d *Draft) (id MsgID, again bool, err error)

	// Due lists chunks whose time has come, oldest first, but those of the
	// lines in without. Nothing is claimed.
	Due(ctx context.Context, without []Line, limit int) ([]Due, error)
	// Of a part with Many the calls of one chunk that begin together are one
	// handover, which is repeated as a whole or not at all.
	//
	// Begin claims those of the chunks that are still due, for the time of
	// lease, and in the same transaction marks who shall be called as sending.
	// Recipients left sending by others are repeated while their intent is
	// younger than the part's window, else they end as unknown or, if the message says
	// so, begin another attempt. Expired and stopped ones end.
	Begin(ctx context.Context, takes []Take, lease time.Duration, window func(Part) time.Duration) ([]*Work, error)
	// Drafted writes down the copy of a draft that the calls of a chunk send,
	// before one does. ErrLost: the claim has passed to another.
	Drafted(ctx context.Context, w *Work, draft string) error
	// Record writes a result. lost: the claim has passed to another, and
	// nothing was written.
	Record(ctx context.Context, r *Result) (lost bool, err error)
	// Postpone moves chunks that are due by delay and up to spread more, but
	// not past their expiry.
	Postpone(ctx context.Context, chunks []int64, delay, spread time.Duration) error
	// Pause stops a sender, or one of its features, for all replicas. A refusal
	// behind it becomes a finding of the account.
	Pause(ctx context.Context, p Pause) error
	// Resume ends the pause of a feature and that of its sender; of Whole all
	// pauses of the sender.
	Resume(ctx context.Context, l Line) error
	// ForgetPauses ends pauses, and the findings they are, that were over so long
	// ago: nobody has waited for their end.
	ForgetPauses(ctx context.Context, over time.Duration, limit int) (int, error)

	Steering
	Recalling
	Allowing
	Cards
	Protecting
	Stats
	Searching
	Rules
	SavedTemplates
	Tasks

	// Outcome joins the vendor's later word with its send.
	Outcome(ctx context.Context, o Outcome) (Matched, error)
	Massing

	// Message, List and Recipients read; clientID below 0 sees everything.
	// fs.ErrNotExist: no such message of this client.
	Message(ctx context.Context, id MsgID, clientID int64) (Message, error)
	// List gives messages, newest first.
	List(ctx context.Context, q Query, limit int) ([]Message, error)
	// Recipients gives recipients after a seq, in order; state nil is all.
	Recipients(ctx context.Context, id MsgID, state *State, after, limit int) ([]Recipient, error)

	// Forget drops up to limit Idempotency-Keys older than age.
	Forget(ctx context.Context, age time.Duration, limit int) (int, error)
	// Ended finds messages done longer ago than age among the limit next with
	// ids above from; last is the id to go on from, 0 at the end.
	Ended(ctx context.Context, age time.Duration, from int64, limit int) (ids []int64, last int64, err error)
	// Drop deletes some recipients of an ended message, and at last the
	// message; more: call again.
	Drop(ctx context.Context, id int64) (more bool, err error)
	// Backlog tells what waits.
	Backlog(ctx context.Context) (Backlog, error)
}

// Query says which messages are listed.
type Query struct {
	ClientID int64 // below 0: of every client
	Before   int64 // ids below this, 0: the newest
	Waiting  bool  // only those that wait for approval
}

// Pause stops a sender, or one feature of it, for a time.
type Pause struct {
	SenderID int64
	Feature  Feature
	Needs    int // the permission set of the feature; 0: that of the sender's kind
	Sender   string
	AppID    string
	For      time.Duration
	Reason   string // "minute", "day", "account", "sender"
	Detail   string // for people
	Cause    wechat.Cause
}
