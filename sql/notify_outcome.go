package sql

import (
	"context"
	"slices"
	"time"

	"wechattpp/notify"
)

// sendRow is a recipient as an outcome sees it.
type sendRow struct {
	MessageID int64        `db:"message_id"`
	Seq       int          `db:"seq"`
	SenderID  int64        `db:"sender_id"`
	UserID    string       `db:"userid"`
	Identity  string       `db:"identity"`
	State     notify.State `db:"state"`
	Vendor    *int64       `db:"vendor_msg_id"`
	IntentAt  *int64       `db:"intent_at"`
	SentAt    *int64       `db:"sent_at"`
}

const sendColumns = `r.message_id, r.seq, r.sender_id, r.userid, r.identity, r.state, r.vendor_msg_id, r.intent_at, r.sent_at FROM recipient r `

// settling is an outcome on its way into the database.
type settling struct {
	o     notify.Outcome
	found *sendRow // its send; nil: to be found by the vendor's id
	match notify.Matched
}

// Outcome joins the vendor's later word with its send. Large sends cause floods
// of them, so they share the look-up by the vendor's id, and commits.
func (n *Notify) Outcome(ctx context.Context, o notify.Outcome) (notify.Matched, error) {
	s := &settling{o: o}
	if o.MsgID != 0 {
		if err := n.outcomes.do(ctx, s); err != nil {
			return notify.Unmatched, err
		}
	}
	if s.found == nil {
		one, match, err := n.search(ctx, o)
		if err != nil || match != notify.Changed {
			return match, err
		}
		s.found = &one
		if err := n.outcomes.do(ctx, s); err != nil {
			return notify.Unmatched, err
		}
	}
	return s.match, nil
}

// search finds the send of an outcome that no vendor's id leads to; Changed
// means that one was found. A call for many gets no outcome for a single
// recipient.
func (n *Notify) search(ctx context.Context, o notify.Outcome) (sendRow, notify.Matched, error) {
	r := n.db.run()
	var senders []int64
	if err := r.all(ctx, &senders, `SELECT id FROM sender WHERE app_id = ?`, o.AppID); err != nil || len(senders) == 0 {
		return sendRow{}, notify.Unmatched, err
	}
	hashes := make([]int64, len(senders))
	for i, id := range senders {
		hashes[i] = who(id, o.User)
	}
	var rows []sendRow
	if err := r.all(ctx, &rows, `SELECT `+sendColumns+`WHERE r.who IN (?) AND r.handover_id IS NULL ORDER BY r.message_id DESC, r.seq DESC LIMIT 1000`, hashes); err != nil {
		return sendRow{}, notify.Unmatched, err
	}
	rows, err := n.ofTemplate(ctx, rows, o.Template)
	if err != nil {
		return sendRow{}, notify.Unmatched, err
	}
	return nearest(rows, o)
}

// ofTemplate leaves those sent with a template; an empty id leaves all.
func (n *Notify) ofTemplate(ctx context.Context, rows []sendRow, id string) ([]sendRow, error) {
	if id == "" || len(rows) == 0 {
		return rows, nil
	}
	ids := make([]int64, len(rows))
	for i, r := range rows {
		ids[i] = r.MessageID
	}
	slices.Sort(ids)
	heads, err := tx{n.db.run()}.heads(ctx, slices.Compact(ids))
	return slices.DeleteFunc(rows, func(r sendRow) bool {
		h := heads[r.MessageID]
		return h == nil || !slices.ContainsFunc(h.parts, func(p notify.Part) bool { return p.SenderID == r.SenderID && p.TemplateID() == id })
	}), err
}

// nearest picks the only send within ten minutes of the outcome. While one is
// being sent, it may be that one.
func nearest(rows []sendRow, o notify.Outcome) (one sendRow, m notify.Matched, err error) {
	const near = 10 * time.Minute
	fits := 0
	for _, r := range rows {
		at := r.SentAt
		if at == nil {
			at = r.IntentAt
		}
		switch {
		case r.Identity != o.User || at == nil:
		case o.MsgID != 0 && r.Vendor != nil && *r.Vendor == o.MsgID:
			return r, notify.Changed, nil // recorded since it was looked for by its id
		case r.State == notify.Sending:
			return r, notify.Early, nil
		case r.State != notify.Sent && r.State != notify.Unknown:
		case o.MsgID != 0 && r.Vendor != nil:
		case o.At.Sub(time.UnixMilli(*at)).Abs() <= near:
			one = r
			fits++
		}
	}
	switch fits {
	case 0:
		return one, notify.Unmatched, nil
	case 1:
		return one, notify.Changed, nil
	}
	return one, notify.Several, nil
}

// settleOutcomes writes a batch in one transaction, but for those whose sends are
// not found. What was found is looked at again under the lock of its chunk.
func (n *Notify) settleOutcomes(ctx context.Context, batch []*settling) error {
	return n.db.inTx(ctx, func(t tx) error {
		batch, err := t.find(ctx, batch)
		if err != nil || len(batch) == 0 {
			return err
		}
		chunks, err := t.chunksOf(ctx, batch)
		if err != nil {
			return err
		}
		now, err := t.sendsOf(ctx, batch)
		if err != nil {
			return err
		}
		ids := make([]int64, len(batch))
		for i, s := range batch {
			ids[i] = s.found.MessageID
		}
		heads, err := t.heads(ctx, ids)
		if err != nil {
			return err
		}
		l := newLedger(heads)
		for _, s := range batch {
			l.outcome(chunks[chunkKey(s.found)], now[sendKey(s.found)], s)
		}
		return t.settle(ctx, l)
	})
}

// find looks for the sends of outcomes by the vendor's ids, the newest of each,
// and answers the outcomes that have one.
func (t tx) find(ctx context.Context, batch []*settling) (found []*settling, err error) {
	type vendorKey struct {
		appID, user string
		id          int64
	}
	var rows []struct {
		sendRow
		AppID string `db:"app_id"`
	}
	var ids []int64
	for _, s := range batch {
		if s.found == nil {
			ids = append(ids, s.o.MsgID)
		}
	}
	if len(ids) > 0 {
		const query = `SELECT s.app_id, ` + sendColumns + `JOIN sender s ON s.id = r.sender_id WHERE r.vendor_msg_id IN (?) ORDER BY r.message_id`
		if err := t.all(ctx, &rows, query, ids); err != nil {
			return nil, err
		}
	}
	sends := make(map[vendorKey]*sendRow, len(rows))
	for i, r := range rows {
		sends[vendorKey{r.AppID, r.Identity, *r.Vendor}] = &rows[i].sendRow
	}
	for _, s := range batch {
		if s.found == nil {
			s.found = sends[vendorKey{s.o.AppID, s.o.User, s.o.MsgID}]
		}
		if s.found != nil {
			found = append(found, s)
		}
	}
	return found, nil
}

func chunkKey(r *sendRow) numbered { return numbered{r.MessageID, int64(r.Seq / notify.ChunkSize)} }
func sendKey(r *sendRow) numbered  { return numbered{r.MessageID, int64(r.Seq)} }

// chunksOf locks the chunks of a batch.
func (t tx) chunksOf(ctx context.Context, batch []*settling) (map[numbered]*chunkRow, error) {
	where, args := which("n", keysOf(batch, chunkKey))
	var ids []int64
	if err := t.all(ctx, &ids, `SELECT id FROM chunk WHERE `+where, args...); err != nil {
		return nil, err
	}
	slices.Sort(ids)
	locked, err := t.lockChunks(ctx, ids)
	chunks := make(map[numbered]*chunkRow, len(locked))
	for _, c := range locked {
		chunks[numbered{c.MessageID, int64(c.N)}] = c
	}
	return chunks, err
}

// sendsOf reads the recipients of a batch as they are now.
func (t tx) sendsOf(ctx context.Context, batch []*settling) (map[numbered]*sendRow, error) {
	where, args := which("seq", keysOf(batch, sendKey))
	var rows []*sendRow
	err := t.all(ctx, &rows, `SELECT `+sendColumns+`WHERE `+where, args...)
	sends := make(map[numbered]*sendRow, len(rows))
	for _, r := range rows {
		sends[sendKey(r)] = r
	}
	return sends, err
}

func keysOf(batch []*settling, key func(*sendRow) numbered) []numbered {
	keys := make([]numbered, len(batch))
	for i, s := range batch {
		keys[i] = key(s.found)
	}
	return keys
}

// outcome takes one outcome into the ledger; r is its recipient, and is changed
// with it, so that a copy in the same batch finds it known.
func (l *ledger) outcome(c *chunkRow, r *sendRow, s *settling) {
	switch {
	case c == nil || r == nil:
		s.match = notify.Unmatched
		return
	case r.State.Open():
		s.match = notify.Early
		return
	case r.State != notify.Sent && r.State != notify.Unknown:
		s.match = notify.Known
		return
	}
	ch := change{seq: r.Seq, from: r.State, to: notify.Delivered, userid: r.UserID, identity: r.Identity}
	if r.Vendor == nil {
		ch.vendor = s.o.MsgID
	}
	if !s.o.Delivered {
		ch.to, ch.text = notify.Failed, s.o.Status
	}
	if _, there := l.was[c]; !there {
		l.chunk(c)
	}
	l.move(c, ch)
	r.State, s.match = ch.to, notify.Changed
}
