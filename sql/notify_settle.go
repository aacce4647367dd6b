package sql

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"wechattpp/notify"
)

// head is what of a message is needed to tell of its recipients.
type head struct {
	ID        int64        `db:"id"`
	Nonce     int64        `db:"nonce"`
	ClientID  int64        `db:"client_id"`
	CreatedAt int64        `db:"created_at"`
	Stage     notify.Stage `db:"state"`
	Resend    bool         `db:"on_unknown"`
	Retracted bool         `db:"retracted"`
	Content   []byte       `db:"content"`

	parts notify.Parts
}

func (h *head) msgID() notify.MsgID { return notify.MsgID{ID: h.ID, Nonce: h.Nonce} }

func (t tx) heads(ctx context.Context, ids []int64) (map[int64]*head, error) {
	var rows []*head
	if err := t.all(ctx, &rows, `SELECT id, nonce, client_id, created_at, state, on_unknown,
		CASE WHEN retracted_at IS NULL THEN 0 ELSE 1 END AS retracted, content FROM message WHERE id IN (?)`, ids); err != nil {
		return nil, err
	}
	heads := make(map[int64]*head, len(rows))
	for _, h := range rows {
		if err := decodeJSON(h.Content, &h.parts); err != nil {
			return nil, fmt.Errorf("content of message %d: %w", h.ID, err)
		}
		heads[h.ID] = h
	}
	return heads, nil
}

// change moves one recipient from one state to another.
type change struct {
	seq              int
	from, to         notify.State
	vendor           int64 // 0 leaves it
	code             int
	text             string
	wasCode          int    // of a failed one
	wasText          string // likewise
	userid, identity string
	handover         int64 // 0 leaves it
}

// ledger collects changes of recipients whose chunks this transaction has
// locked, and keeps the chunks' counts with them.
type ledger struct {
	heads   map[int64]*head
	chunks  []*chunkRow
	closed  map[int64]int // chunks per message that were open and are not, less those that are and were not
	changes map[*chunkRow][]change
	was     map[*chunkRow]chunkRow // before the changes
}

func newLedger(heads map[int64]*head) *ledger {
	return &ledger{heads: heads, closed: map[int64]int{}, changes: map[*chunkRow][]change{}, was: map[*chunkRow]chunkRow{}}
}

func (l *ledger) chunk(c *chunkRow) {
	l.chunks = append(l.chunks, c)
	l.was[c] = *c
}

func (l *ledger) move(c *chunkRow, ch change) {
	*c.count(ch.from)--
	*c.count(ch.to)++
	l.changes[c] = append(l.changes[c], ch)
}

// settle writes recipients, chunks, messages and the feed. Due times of the
// chunks are set by the caller.
func (t tx) settle(ctx context.Context, l *ledger) error {
	if len(l.chunks) == 0 {
		return nil
	}
	if err := t.moveRecipients(ctx, l); err != nil {
		return err
	}
	if err := t.moveChunks(ctx, l); err != nil {
		return err
	}
	if err := t.count(ctx, l); err != nil {
		return err
	}
	if err := t.tellConsents(ctx, l); err != nil {
		return err
	}
	var news feedNews
	for _, c := range l.chunks {
		for _, ch := range l.changes[c] {
			news.recipient(l.heads[c.MessageID], c, ch)
		}
	}
	if err := t.closeMessages(ctx, l, &news); err != nil {
		return err
	}
	return news.write(ctx, t)
}

// moving is one UPDATE: recipients that take the same step.
type moving struct {
	from, to notify.State
	code     int
	text     string
	handover int64
}

type movingRow struct {
	message int64
	change
}

func (t tx) moveRecipients(ctx context.Context, l *ledger) error {
	steps := map[moving][]movingRow{}
	for _, c := range l.chunks {
		for _, ch := range l.changes[c] {
			key := moving{ch.from, ch.to, ch.code, ch.text, ch.handover}
			steps[key] = append(steps[key], movingRow{c.MessageID, ch})
		}
	}
	for key, rows := range steps {
		for some := range slices.Chunk(rows, 400) { // SQLite's expressions are at most 1,000 deep
			if err := t.moveSome(ctx, key, some); err != nil {
				return err
			}
		}
	}
	return nil
}

// errMoved should never be: all who change recipients lock their chunk.
var errMoved = errors.New("a recipient was changed by somebody who had not locked its chunk")

// rowKey makes one number of a recipient's key, for CASE.
const rowKey = 1 << 24

func (t tx) moveSome(ctx context.Context, key moving, rows []movingRow) error {
	set, args := []string{"state = ?"}, []any{key.to}
	switch key.to {
	case notify.Sending:
		set = append(set, "attempt = attempt + 1", "intent_at = {now}")
	case notify.Sent:
		set = append(set, "sent_at = {now}")
	case notify.Queued:
		if key.from == notify.Failed { // a new life
			set = append(set, "done_at = NULL", "sent_at = NULL", "vendor_msg_id = NULL", "error_code = NULL", "error_message = NULL")
		}
	default:
		set = append(set, "done_at = {now}")
	}
	if key.handover != 0 {
		set, args = append(set, "handover_id = ?"), append(args, key.handover)
	}
	if key.code != 0 || key.text != "" {
		set, args = append(set, "error_code = ?", "error_message = ?"), append(args, key.code, cut(key.text, 255))
	} else if key.to == notify.Sent || key.to == notify.Delivered {
		set = append(set, "error_code = NULL", "error_message = NULL") // of an attempt before
	}
	cases := 0
	var ids []any
	keys := make([]numbered, len(rows))
	for i, r := range rows {
		keys[i] = numbered{r.message, int64(r.seq)}
		if r.vendor != 0 {
			cases++
			ids = append(ids, r.message*rowKey+int64(r.seq), r.vendor)
		}
	}
	if cases > 0 {
		set = append(set, fmt.Sprintf("vendor_msg_id = CASE message_id * %d + seq %s ELSE vendor_msg_id END", rowKey,
			strings.Repeat("WHEN ? THEN ? ", cases)))
		args = append(args, ids...)
	}
	where, more := which("seq", keys)
	args = append(append(args, key.from), more...)
	n, err := t.exec(ctx, `UPDATE recipient SET `+strings.Join(set, ", ")+` WHERE state = ? AND (`+where+`)`, args...)
	if err == nil && int(n) != len(rows) {
		err = errMoved
	}
	return err
}

// cut gives at most so many characters of a text.
func cut(s string, most int) string {
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	s = string(r[:most])
	if i := strings.LastIndex(s, "; "); i > len(s)/2 { // a clause that has lost its end says nothing
		return s[:i]
	}
	return s
}

// closeMessages counts closed chunks off, in the order of ids, and tells of
// messages with none left.
func (t tx) closeMessages(ctx context.Context, l *ledger, news *feedNews) error {
	for _, c := range l.chunks {
		was := l.was[c]
		switch {
		case was.open() && !c.open():
			l.closed[c.MessageID]++
		case !was.open() && c.open():
			l.closed[c.MessageID]--
		}
	}
	if len(l.closed) == 0 {
		return nil
	}
	byCount := map[int][]int64{}
	var ids []int64
	for id, n := range l.closed {
		byCount[n] = append(byCount[n], id)
		ids = append(ids, id)
	}
	slices.Sort(ids)
	if t.db.dialect == onMySQL { // lock in order, for the updates below go by count
		var locked []int64
		if err := t.all(ctx, &locked, `SELECT id FROM message WHERE id IN (?) ORDER BY id FOR UPDATE`, ids); err != nil {
			return err
		}
	}
	for n, some := range byCount {
		if _, err := t.exec(ctx, `UPDATE message SET open_chunks = open_chunks - ? WHERE id IN (?)`, n, some); err != nil {
			return err
		}
		if n < 0 { // somebody is queued again
			const revive = `UPDATE message SET done_at = NULL, state = CASE WHEN state = ? THEN ? ELSE state END WHERE id IN (?)`
			if _, err := t.exec(ctx, revive, notify.Done, notify.Running, some); err != nil {
				return err
			}
		}
	}
	var done []int64
	if err := t.all(ctx, &done, `SELECT id FROM message WHERE id IN (?) AND open_chunks = 0 AND state NOT IN (?, ?)`, ids, notify.Done, notify.Withdrawn); err != nil || len(done) == 0 {
		return err
	}
	for _, id := range done {
		news.done(l.heads[id])
	}
	_, err := t.exec(ctx, `UPDATE message SET state = CASE WHEN retracted_at IS NULL THEN ? ELSE ? END, done_at = {now} WHERE id IN (?)`,
		notify.Done, notify.Withdrawn, done)
	return err
}
