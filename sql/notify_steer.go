package sql

import (
	"context"
	"time"

	"wechattpp/notify"
)

// steered is what of a message decides whether it can be steered.
type steered struct {
	Stage     notify.Stage `db:"state"`
	Retracted bool         `db:"retracted"`
	Decision  *int         `db:"decision"` // nil: none is needed
	Expired   bool         `db:"expired"`
	Age       int64        `db:"age"` // since sending could begin; below 0: it cannot yet
}

// steer locks a message of the client.
func (t tx) steer(ctx context.Context, id notify.MsgID, clientID int64) (s steered, err error) {
	const query = `SELECT state, CASE WHEN retracted_at IS NULL THEN 0 ELSE 1 END AS retracted,
		CASE WHEN expire_at <= {now} THEN 1 ELSE 0 END AS expired, 
		{now} - CASE WHEN send_at > created_at THEN send_at ELSE created_at END AS age, decision FROM message LEFT JOIN message_approval ON message_id = id WHERE id = ? AND nonce = ? AND (client_id = ? OR ? < 0)`
	err = t.get(ctx, &s, query+t.db.forUpdate(), id.ID, id.Nonce, clientID, clientID)
	if err == nil && s.Retracted {
		err = notify.ErrRetracted
	}
	return s, err
}

// Retract marks a message, and lets its open chunks come due, so that whoever
// claims one ends it. One that is being called for comes by itself.
func (n *Notify) Retract(ctx context.Context, id notify.MsgID, clientID int64, within time.Duration) error {
	return n.db.inTx(ctx, func(t tx) error {
		s, err := t.steer(ctx, id, clientID)
		switch {
		case err != nil:
			return err
		case s.Age > within.Milliseconds() && !s.waiting():
			return notify.ErrTooOld
		}
		return t.retract(ctx, id.ID)
	})
}

func (t tx) retract(ctx context.Context, id int64) error {
	if _, err := t.exec(ctx, `UPDATE message SET retracted_at = {now} WHERE id = ?`, id); err != nil {
		return err
	}
	if _, err := t.exec(ctx, `UPDATE preparation SET due_at = {now} WHERE id = ?`, id); err != nil {
		return err
	}
	if _, err := t.exec(ctx, `UPDATE handover SET due_at = {now} WHERE message_id = ? AND vendor_msg_id IS NOT NULL`, id); err != nil {
		return err
	}
	_, err := t.exec(ctx, `UPDATE chunk SET due_at = {now} WHERE message_id = ? AND queued > 0 AND sending = 0`, id)
	return err
}

// Cancel ends queued recipients, also of chunks that are being called for:
// their callers hold other recipients.
func (n *Notify) Cancel(ctx context.Context, id notify.MsgID, why string, limit int) (more bool, err error) {
	err = n.db.inTx(ctx, func(t tx) error {
		var found []struct {
			ID   int64 `db:"id"`
			Size int   `db:"size"`
		}
		err := t.all(ctx, &found, `SELECT id, size FROM chunk WHERE message_id = ? AND queued > 0 ORDER BY id LIMIT ?`, id.ID, limit)
		if err != nil || len(found) == 0 {
			return err
		}
		var ids []int64
		for size := 0; len(found) > len(ids) && size < limit*notify.ChunkSize; { // large ones: fewer
			size += found[len(ids)].Size
			ids = append(ids, found[len(ids)].ID)
		}
		more = len(ids) < len(found) || len(ids) == limit
		return t.moveAll(ctx, id, ids, notify.Queued, change{to: notify.Canceled, text: why})
	})
	return more, err
}

// moveAll takes the recipients of some chunks from one state to another.
func (t tx) moveAll(ctx context.Context, id notify.MsgID, chunks []int64, from notify.State, to change) error {
	locked, err := t.lockChunks(ctx, chunks)
	if err != nil {
		return err
	}
	heads, err := t.heads(ctx, []int64{id.ID})
	if err != nil {
		return err
	}
	l := newLedger(heads)
	for _, cid := range chunks {
		c := locked[cid]
		if c == nil {
			continue
		}
		var rows []openRow
		const query = `SELECT message_id, seq, userid, identity, state, attempt, intent_at, error_code, error_message FROM recipient WHERE message_id = ? AND seq BETWEEN ? AND ? AND state = ?`
		if err := t.all(ctx, &rows, query, id.ID, c.first(), c.last(), from); err != nil {
			return err
		}
		l.chunk(c)
		for _, r := range rows {
			ch := to
			ch.seq, ch.from, ch.userid, ch.identity = r.Seq, from, r.UserID, r.Identity
			ch.wasCode, ch.wasText = orZero(r.Code), orZero(r.Text)
			l.move(c, ch)
		}
		if c.Sending == 0 || !c.open() { // else whoever is calling sets it
			c.due(0)
		}
	}
	return t.settle(ctx, l)
}

// pausable locks a message that may be paused and resumed.
func (t tx) pausable(ctx context.Context, id notify.MsgID, clientID int64) (steered, error) {
	s, err := t.steer(ctx, id, clientID)
	switch {
	case err != nil:
		return s, err
	case s.Stage == notify.Done || s.Stage == notify.Withdrawn:
		return s, notify.ErrEnded
	case s.waiting():
		return s, notify.ErrUnapproved
	}
	return s, nil
}

// Hold pauses a message. Its chunks are laid aside when they come due.
func (n *Notify) Hold(ctx context.Context, id notify.MsgID, clientID int64) error {
	return n.db.inTx(ctx, func(t tx) error {
		if _, err := t.pausable(ctx, id, clientID); err != nil {
			return err
		}
		_, err := t.exec(ctx, `UPDATE message SET state = ? WHERE id = ?`, notify.Paused, id.ID)
		return err
	})
}

// Go ends a pause: what was laid aside is due again.
func (n *Notify) Go(ctx context.Context, id notify.MsgID, clientID int64) error {
	return n.db.inTx(ctx, func(t tx) error {
		s, err := t.pausable(ctx, id, clientID)
		if err != nil || s.Stage != notify.Paused {
			return err
		}
		return t.resume(ctx, id.ID)
	})
}

func (t tx) resume(ctx context.Context, id int64) error {
	const query = `UPDATE message SET state = CASE WHEN send_at > {now} THEN ? ELSE ? END WHERE id = ?`
	if _, err := t.exec(ctx, query, notify.Scheduled, notify.Running, id); err != nil {
		return err
	}
	const due = `UPDATE chunk SET due_at = COALESCE((SELECT CASE WHEN m.send_at > {now} THEN m.send_at END FROM message m WHERE m.id = chunk.message_id), {now})
		WHERE message_id = ? AND queued > 0 AND sending = 0`
	_, err := t.exec(ctx, due, id)
	return err
}

// Revive queues failed recipients again. What made a part fail for everybody
// may have been mended, so it counts no more.
func (n *Notify) Revive(ctx context.Context, id notify.MsgID, clientID int64, after, limit int) (revived, next int, err error) {
	err = n.db.inTx(ctx, func(t tx) error {
		s, err := t.steer(ctx, id, clientID)
		switch {
		case err != nil:
			return err
		case s.Expired:
			return notify.ErrExpired
		}
		heads, err := t.heads(ctx, []int64{id.ID})
		if err != nil {
			return err
		}
		if heads[id.ID].parts.Ruled() {
			return notify.ErrRuled
		}
		var found []struct {
			ID     int64 `db:"id"`
			N      int   `db:"n"`
			Size   int   `db:"size"`
			Failed int   `db:"failed"`
		}
		err = t.all(ctx, &found, `SELECT id, n, size, failed FROM chunk WHERE message_id = ? AND n > ? AND failed > 0 ORDER BY n LIMIT ?`, id.ID, after, limit)
		if revived, next = 0, -1; err != nil || len(found) == 0 {
			return err
		}
		if _, err := t.exec(ctx, `DELETE FROM message_stop WHERE message_id = ?`, id.ID); err != nil {
			return err
		}
		full, size := len(found) == limit, 0
		var ids []int64
		for i, f := range found {
			if size >= limit*notify.ChunkSize { // large ones: fewer
				found, full = found[:i], true
				break
			}
			size += f.Size
			ids = append(ids, f.ID)
		}
		if err := t.moveAll(ctx, id, ids, notify.Failed, change{to: notify.Queued}); err != nil {
			return err
		}
		for _, f := range found {
			revived += f.Failed
		}
		if full {
			next = found[len(found)-1].N
		}
		return nil
	})
	return revived, next, err
}
