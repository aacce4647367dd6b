package sql

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"time"

	"wechattpp/notify"
)

// Drafted keeps the copy of a draft for a chunk that w claimed.
func (n *Notify) Drafted(ctx context.Context, w *notify.Work, draft string) error {
	return n.db.inTx(ctx, func(t tx) error {
		locked, err := t.lockChunks(ctx, []int64{w.Chunk})
		if err != nil {
			return err
		}
		if c := locked[w.Chunk]; c == nil || c.Claim != w.Claim {
			return notify.ErrLost
		}
		_, err = t.exec(ctx, `INSERT INTO draft_copy (chunk_id, media_id) VALUES (?, ?)`+t.db.onConflict("chunk_id", "media_id"), w.Chunk, draft)
		return err
	})
}

// readCopies reads the copies of drafts that were made for the chunks.
func (t tx) readCopies(ctx context.Context, b *beginning) error {
	var ids []int64
	for _, c := range b.chunks {
		if b.l.heads[c.MessageID].parts[c.Part].Copies() {
			ids = append(ids, c.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	var rows []struct {
		Chunk int64  `db:"chunk_id"`
		Media string `db:"media_id"`
	}
	err := t.all(ctx, &rows, `SELECT chunk_id, media_id FROM draft_copy WHERE chunk_id IN (?)`, ids)
	b.copies = make(map[int64]string, len(rows))
	for _, r := range rows {
		b.copies[r.Chunk] = r.Media
	}
	return err
}

// used forgets the copy of a chunk whose call has ended one way or the other:
// accepted, the draft is gone; refused, it may be what is wrong.
func (t tx) used(ctx context.Context, r *notify.Result) error {
	ended := slices.ContainsFunc(r.Moves, func(m notify.Move) bool { return !m.To.Open() })
	if !ended || !r.Work.Part.Copies() {
		return nil
	}
	_, err := t.exec(ctx, `DELETE FROM draft_copy WHERE chunk_id = ?`, r.Work.Chunk)
	return err
}

// massCall is a call for many as an outcome sees it.
type massCall struct {
	ID      int64 `db:"id"`
	Message int64 `db:"message_id"`
	N       int   `db:"n"`
}

// MassOutcome joins an outcome with its call under the lock of its chunk.
func (n *Notify) MassOutcome(ctx context.Context, o notify.MassOutcome, move *notify.MassMove) (m notify.Matched, err error) {
	err = n.db.inTx(ctx, func(t tx) error {
		call, found, err := t.massCall(ctx, o)
		if m = found; err != nil || m != notify.Changed {
			return err
		}
		heads, err := t.heads(ctx, []int64{call.Message})
		if err != nil {
			return err
		}
		var ids []int64
		if err := t.all(ctx, &ids, `SELECT id FROM chunk WHERE message_id = ? AND n = ?`, call.Message, call.N); err != nil {
			return err
		}
		locked, err := t.lockChunks(ctx, ids)
		if err != nil || len(locked) == 0 || heads[call.Message] == nil {
			m = notify.Unmatched
			return err
		}
		fresh, err := t.keepOutcome(ctx, call.ID, o)
		if m = notify.Known; err != nil || !fresh {
			return err
		}
		m = notify.Changed
		return t.moveMass(ctx, newLedger(heads), locked[ids[0]], call.ID, move)
	})
	return m, err
}

// massCall finds the call of an outcome. While one is under way at the account,
// it may be that one.
func (t tx) massCall(ctx context.Context, o notify.MassOutcome) (c massCall, m notify.Matched, err error) {
	const byID = `SELECT h.id, h.message_id, h.n FROM handover h JOIN sender s ON s.id = h.sender_id AND s.app_id = ? WHERE h.vendor_msg_id = ? ORDER BY h.id LIMIT 1`
	err = t.get(ctx, &c, byID, o.AppID, strconv.FormatInt(o.MsgID, 10))
	if !errors.Is(err, fs.ErrNotExist) {
		return c, notify.Changed, err
	}
	var open int
	const underWay = `SELECT COUNT(*) FROM chunk c JOIN sender s ON s.id = c.sender_id AND s.app_id = ? JOIN handover h ON h.message_id = c.message_id AND h.n = c.n
		WHERE c.due_at IS NOT NULL AND c.sending > 0 AND h.vendor_msg_id IS NULL`
	if err := t.get(ctx, &open, underWay, o.AppID); err != nil || open == 0 {
		return c, notify.Unmatched, err
	}
	return c, notify.Early, nil
}

// keepOutcome tells whether nothing had been said of the call.
func (t tx) keepOutcome(ctx context.Context, call int64, o notify.MassOutcome) (fresh bool, err error) {
	var there int
	if err := t.get(ctx, &there, `SELECT COUNT(*) FROM mass_outcome WHERE handover_id = ?`, call); err != nil || there > 0 {
		return false, err
	}
	const insert = `INSERT INTO mass_outcome (handover_id, status, total_count, filtered_count, sent_count, failed_count, detail, told_at) VALUES (?, ?, ?, ?, ?, ?, ?, {now})`
	_, err = t.exec(ctx, insert, call, cut(o.Status, 64), o.Counts.Total, o.Counts.Filtered, o.Counts.Sent, o.Counts.Failed, []byte(o.Detail))
	return true, err
}

// moveMass moves the recipients of a call.
func (t tx) moveMass(ctx context.Context, l *ledger, c *chunkRow, call int64, move *notify.MassMove) error {
	var rows []openRow
	const query = `SELECT message_id, seq, userid, identity, state, attempt FROM recipient
		WHERE message_id = ? AND seq BETWEEN ? AND ? AND state IN (?) AND handover_id = ? ORDER BY seq`
	wanted := []int{int(notify.Sent), int(notify.Unknown)}
	if err := t.all(ctx, &rows, query, c.MessageID, c.first(), c.last(), wanted, call); err != nil {
		return err
	}
	l.chunk(c)
	for _, r := range rows {
		if move.Some && !notify.IsCrowd(r.Identity) {
			continue
		}
		l.move(c, change{seq: r.Seq, from: r.State, to: move.To, text: move.Text, userid: r.UserID, identity: r.Identity})
	}
	return t.settle(ctx, l)
}

// Handovers lists the calls of a message. Their ids are random.
func (n *Notify) Handovers(ctx context.Context, id notify.MsgID, after notify.Called, limit int) ([]notify.Called, error) {
	var rows []struct {
		ID       int64   `db:"id"`
		Sender   int64   `db:"sender_id"`
		Begun    int64   `db:"begun_at"`
		Vendor   *string `db:"vendor_msg_id"`
		N        int     `db:"recipients"`
		Status   *string `db:"status"`
		Total    *int64  `db:"total_count"`
		Filtered *int64  `db:"filtered_count"`
		Sent     *int64  `db:"sent_count"`
		Failed   *int64  `db:"failed_count"`
		Detail   []byte  `db:"detail"`
		Told     *int64  `db:"told_at"`
	}
	const query = `SELECT h.id, h.sender_id, h.begun_at, h.vendor_msg_id, o.status, o.total_count, o.filtered_count, o.sent_count, o.failed_count, o.detail, o.told_at,
		(SELECT COUNT(*) FROM recipient r JOIN chunk c ON c.message_id = h.message_id AND c.n = h.n
			WHERE r.message_id = h.message_id AND r.seq >= h.n * ? AND r.seq < h.n * ? + c.size AND r.handover_id = h.id) AS recipients
		FROM handover h LEFT JOIN mass_outcome o ON o.handover_id = h.id WHERE h.message_id = ? AND (h.begun_at > ? OR (h.begun_at = ? AND h.id > ?)) ORDER BY h.begun_at, h.id LIMIT ?`
	begun := unixMilli(after.BegunAt)
	if err := n.db.run().all(ctx, &rows, query, notify.ChunkSize, notify.ChunkSize, id.ID, begun, begun, after.ID, limit); err != nil || len(rows) == 0 {
		return nil, err
	}
	codes, err := n.senderCodes(ctx, id.ID)
	list := make([]notify.Called, len(rows))
	for i, r := range rows {
		list[i] = notify.Called{ID: r.ID, Sender: codes[r.Sender], BegunAt: time.UnixMilli(r.Begun), VendorMsgID: orZero(r.Vendor), Recipients: r.N,
			Status: orZero(r.Status), Counts: notify.VendorCounts{Total: orZero(r.Total), Filtered: orZero(r.Filtered), Sent: orZero(r.Sent), Failed: orZero(r.Failed)},
			Detail: r.Detail, ToldAt: when(r.Told)}
	}
	return list, err
}

// vendorCounts fills in the totals of calls that have any.
func (n *Notify) vendorCounts(ctx context.Context, calls map[int64]*notify.VendorCounts) error {
	if len(calls) == 0 {
		return nil
	}
	var rows []struct {
		ID       int64 `db:"handover_id"`
		Total    int64 `db:"total_count"`
		Filtered int64 `db:"filtered_count"`
		Sent     int64 `db:"sent_count"`
		Failed   int64 `db:"failed_count"`
	}
	const query = `SELECT handover_id, total_count, filtered_count, sent_count, failed_count FROM mass_outcome WHERE handover_id IN (?)`
	err := n.db.run().all(ctx, &rows, query, slices.Sorted(maps.Keys(calls)))
	for _, r := range rows {
		calls[r.ID] = &notify.VendorCounts{Total: r.Total, Filtered: r.Filtered, Sent: r.Sent, Failed: r.Failed}
	}
	return err
}
