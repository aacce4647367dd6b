package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// State is what became of a recipient.
type State uint8

// States of a recipient. Sent and Unknown may become Delivered or Failed by an
// outcome; Queued and Sending are not final; the rest is.
const (
	Queued    State = iota
	Sending         // the intent is on disk, the answer is not
	Sent            // the vendor accepted it
	Delivered       // the vendor's later word
	Failed
	Skipped // no identity
	Canceled
	Expired // not handed over in time
	Unknown // handed over, no answer, no safe way to ask or repeat
	states
)

var stateNames = [states]string{"queued", "sending", "sent", "delivered", "failed", "skipped", "canceled", "expired", "unknown"}

func (s State) String() string { return stateNames[s] }

// Open tells whether something is still to be done for the recipient.
func (s State) Open() bool { return s == Queued || s == Sending }

// ParseState reads the name of a state.
func ParseState(name string) (State, bool) {
	for s, n := range stateNames {
		if n == name {
			return State(s), true
		}
	}
	return 0, false
}

// StateNames lists the states of a recipient.
func StateNames() []string { return stateNames[:] }

// Counts holds the number of recipients per state. They add up to the target.
type Counts [states]int

// Sum is the number of all recipients.
func (c Counts) Sum() (n int) {
	for _, k := range c {
		n += k
	}
	return n
}

// MarshalJSON writes every state by its name.
func (c Counts) MarshalJSON() ([]byte, error) {
	named := make(map[string]int, states)
	for s, n := range c {
		named[State(s).String()] = n
	}
	return json.Marshal(named)
}

// Stage is where a message stands.
type Stage uint8

// Stages of a message.
const (
	Scheduled Stage = iota // waits for its send_at
	Preparing
	Running
	Paused
	Done // nobody queued or sending; later outcomes still count
	Withdrawn
)

var stageNames = [...]string{"scheduled", "preparing", "running", "paused", "done", "canceled"}

func (s Stage) String() string { return stageNames[s] }

// Approval is whether a message needs an administrator's yes, and has it.
type Approval uint8

// Approvals.
const (
	NotNeeded Approval = iota
	Waiting            // the message is Paused until somebody decides
	Approved
	Rejected // its recipients are canceled
)

func (a Approval) String() string { return [...]string{"", "waiting", "approved", "rejected"}[a] }

// MsgID names a message in public: its id and 40 random bits, so that it cannot
// be guessed, and differs from that of another deployment which sends by the
// same account. In text it is at most 21 digits and lower-case letters.
type MsgID struct{ ID, Nonce int64 }

// alphabet is Crockford's: no i, l, o, u (https://www.crockford.com/base32.html).
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

const nonceBits = 40

func (m MsgID) String() string {
	nonce := base32(m.Nonce)
	return base32(m.ID) + strings.Repeat("0", nonceBits/5-len(nonce)) + nonce
}

// ErrMsgID is a text that names no message.
var ErrMsgID = errors.New("no msgid of this service")

// ParseMsgID reads what String wrote.
func ParseMsgID(text string) (MsgID, error) {
	cut := len(text) - nonceBits/5
	if cut < 1 || cut > 13 {
		return MsgID{}, ErrMsgID
	}
	id, err := unbase32(text[:cut])
	nonce, err2 := unbase32(text[cut:])
	m := MsgID{id, nonce}
	if err != nil || err2 != nil || id <= 0 || m.String() != text {
		return MsgID{}, ErrMsgID
	}
	return m, nil
}

func base32(n int64) string {
	var b [13]byte
	i := len(b)
	for n > 0 || i == len(b) {
		i--
		b[i] = alphabet[n&31]
		n >>= 5
	}
	return string(b[i:])
}

func unbase32(s string) (n int64, err error) {
	for i := range len(s) {
		digit := strings.IndexByte(alphabet, s[i])
		if digit < 0 || n>>58 != 0 {
			return 0, ErrMsgID
		}
		n = n<<5 | int64(digit)
	}
	return n, nil
}

// duplicateID is the vendor's client_msg_id of one attempt to reach one
// recipient: the same for every repeat of the attempt, and of no other. At most
// 32 characters for ids below 2^50: 10+8, 1+5, 1+4. WeChat documents neither
// length nor characters; simulators and SDKs take 32 of [A-Za-z0-9-].
func duplicateID(m MsgID, seq, attempt int) string {
	return m.String() + "-" + base32(int64(seq)) + "-" + base32(int64(attempt))
}

// Client is who sends or asks. All is an administrator.
type Client struct {
	ID         int64
	ChannelKey string   // whose tags are its own
	Senders    []string // codes granted
	Approval   bool     // what it sends waits for an administrator's yes
	Owners     []string // who may send in its name, with Approval
	All        bool
}

// Receipt is the answer to an accepted request.
type Receipt struct {
	MsgID    string
	SendNo   string // as given
	Warnings []string
	Again    bool // this Idempotency-Key was answered before
}

// Refusal is a request that is not accepted: JUMS's code, the field, and what
// to change.
type Refusal struct {
	Code  int
	Field string
	Text  string
}

func (r *Refusal) Error() string { return strings.TrimSpace(r.Field + " " + r.Text) }

// Codes of refusals (docs.jiguang.cn/jums/server/message_code).
const (
	codeInvalid    = 4004
	codeOwner      = 1015023
	codeManyUsers  = 1015004
	codeNoOfficial = 1015008
	codeNoMini     = 1015009
)

func invalid(field, format string, args ...any) *Refusal {
	return &Refusal{codeInvalid, field, fmt.Sprintf(format, args...)}
}

func at(field string, i int) string { return field + "[" + strconv.Itoa(i) + "]" }

// What else can be the answer to a request.
var (
	// ErrOtherBody: the Idempotency-Key was used with another body.
	ErrOtherBody = errors.New("this Idempotency-Key was used with another body within 24 hours: use a new key for a new request")
	// ErrQuota: the client has stored as many drafts with a Quota today as it may.
	ErrQuota = errors.New("today's broadcasts are used up")
	// ErrInProgress: a call with the same Idempotency-Key is not finished.
	ErrInProgress = errors.New("a call with this Idempotency-Key is in progress: try again with the same key")
)

// Message is what is known of an accepted request.
type Message struct {
	MsgID     MsgID
	ClientID  int64
	Stage     Stage
	Target    int
	Counts    Counts
	SendNo    string
	Senders   []string
	Owner     string // option.owner
	Article   bool   // some of it is a mass send
	Approval  Approval
	SendAt    time.Time // zero: at once
	ExpireAt  time.Time // zero: never
	CreatedAt time.Time
	DoneAt    time.Time // zero: not yet
}

// Open is how many recipients are still to be handed over.
func (m Message) Open() int { return m.Counts[Queued] + m.Counts[Sending] }

// Rate is how many recipients a second have left the queue since the message
// could go, until now or its end.
func (m Message) Rate(now time.Time) float64 {
	from, to := m.CreatedAt, now
	if m.SendAt.After(from) {
		from = m.SendAt
	}
	if !m.DoneAt.IsZero() {
		to = m.DoneAt
	}
	done := m.Target - m.Open() - m.Counts[Skipped]
	if done <= 0 || !to.After(from) {
		return 0
	}
	return float64(done) / max(to.Sub(from), time.Second).Seconds()
}

// Recipient is one target of a message at one sender.
type Recipient struct {
	Seq         int
	Sender      string
	UserID      string // empty when the identity was given
	Identity    string
	State       State
	Attempt     int
	VendorMsgID int64
	Code        int // of the vendor, 0 if none
	Text        string
	Vendor      *VendorCounts // of one whom the vendor expands, once it has told; else nil
	IntentAt    time.Time
	SentAt      time.Time
	DoneAt      time.Time
}
