package sql

import (
	"hash/fnv"
	"strconv"
	"time"

	"wechattpp/notify"
)

// Notify keeps messages, chunks and recipients.
//
// What the tables are like was measured before it was settled (200,000
// recipients, two cores, one connection, a durable commit per hundred): with
// indices on a hash of sender and identity and on the vendor's id, MariaDB
// takes 96,000 recipients a second and 27,000 results (one UPDATE for the
// intent, one with CASE for the results, one line of the feed), SQLite 79,000
// and 88,000. Indexing sender and identity themselves costs 10 % of the
// results on MariaDB and 40 % of the inserts on SQLite; INSERT ... ON
// DUPLICATE KEY UPDATE is slower than UPDATE with CASE; a line of the feed per
// recipient costs up to a fifth, so that a line tells of a whole chunk.
//
// Whoever changes recipients locks their chunk first, and in the order of ids;
// so the counts beside them are always theirs (notify_settle.go).
type Notify struct {
	db        *DB
	component string
	adds      *group[*adding]
	results   *group[*recording]
	outcomes  *group[*settling]
}

var _ notify.Store = (*Notify)(nil)

// Notify gives the store of messages, which then belong to the component, and
// starts its committers.
func (db *DB) Notify(component string) *Notify {
	n := &Notify{db: db, component: component}
	n.adds = newGroup(db, "messages", apart, n.add, (*adding).weight)
	n.results = newGroup(db, "results", apart, n.record, (*recording).weight)
	n.outcomes = newGroup(db, "outcomes", company, n.settleOutcomes, nil)
	return n
}

// chunkRow is a row of chunk that this transaction has locked.
type chunkRow struct {
	ID        int64  `db:"id"`
	MessageID int64  `db:"message_id"`
	N         int    `db:"n"`
	Part      int    `db:"part"`
	SenderID  int64  `db:"sender_id"`
	Feature   int    `db:"feature"`
	Size      int    `db:"size"`
	DueAt     *int64 `db:"due_at"`
	ExpireAt  *int64 `db:"expire_at"`
	Claim     int64  `db:"claim"`
	Attempts  int    `db:"attempts"`
	Queued    int    `db:"queued"`
	Sending   int    `db:"sending"`
	Sent      int    `db:"sent"`
	Delivered int    `db:"delivered"`
	Failed    int    `db:"failed"`
	Skipped   int    `db:"skipped"`
	Canceled  int    `db:"canceled"`
	Expired   int    `db:"expired"`
	Unknown   int    `db:"unknown"`

	Now int64 `db:"now"` // the database's clock
}

const chunkColumns = `id, message_id, n, part, sender_id, size, due_at, expire_at, claim, attempts,
	queued, sending, sent, delivered, failed, skipped, canceled, expired, unknown, feature`

// first and last are the numbers of its recipients: they begin where its own
// number says, and may be more than notify.ChunkSize.
func (c *chunkRow) first() int { return c.N * notify.ChunkSize }
func (c *chunkRow) last() int  { return c.first() + c.Size - 1 }

// places is how many numbers of chunks one of that many recipients takes.
func places(size int) int { return max(1, (size+notify.ChunkSize-1)/notify.ChunkSize) }

func (c *chunkRow) count(s notify.State) *int {
	return [...]*int{&c.Queued, &c.Sending, &c.Sent, &c.Delivered, &c.Failed, &c.Skipped, &c.Canceled, &c.Expired, &c.Unknown}[s]
}

func (c *chunkRow) open() bool { return c.Queued+c.Sending > 0 }

// repeated is how long a repeat waits at the most: a little more than a minute,
// for which a vendor may ask.
const repeated = 61 * time.Second

// due sets when the chunk comes again: never when nobody is open, at its
// expiry at the latest, and within repeated while somebody may be.
func (c *chunkRow) due(after time.Duration) {
	if !c.open() {
		c.DueAt = nil
		return
	}
	if c.Sending > 0 {
		after = min(after, repeated)
	}
	at := c.Now + after.Milliseconds()
	if c.ExpireAt != nil && *c.ExpireAt > c.Now {
		at = min(at, *c.ExpireAt)
	}
	c.DueAt = &at
}

// never is the due time of what waits for somebody's word; without one a chunk
// would be closed.
const never = int64(1) << 61

// layAside lets a chunk of a paused message come again at its expiry alone, or
// soon if somebody may have to be repeated.
func (c *chunkRow) layAside() {
	if !c.open() || c.Sending > 0 {
		return
	}
	at := never
	if c.ExpireAt != nil {
		at = *c.ExpireAt
	}
	c.DueAt = &at
}

// who is the hash by which an outcome finds the sends to one identity.
func who(senderID int64, identity string) int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(strconv.FormatInt(senderID, 10) + "/" + identity)) // never fails
	return int64(h.Sum64())
}

// millis is a time for a nullable column.
func millis(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	ms := t.UnixMilli()
	return &ms
}

// when is the time of a nullable column, zero for none.
func when(ms *int64) time.Time {
	if ms == nil {
		return time.Time{}
	}
	return time.UnixMilli(*ms)
}
