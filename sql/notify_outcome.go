package sql

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"wechattpp/notify"
)

// sendRow is a recipient as an outcome sees it.
type sendRow struct {
	MessageID int64        `db:"message_id"`
	Seq       int          `db:"seq"`
	UserID    string       `db:"userid"`
	Identity  string       `db:"identity"`
	State     notify.State `db:"state"`
	Vendor    *int64       `db:"vendor_msg_id"`
	IntentAt  *int64       `db:"intent_at"`
	SentAt    *int64       `db:"sent_at"`
}

const sendColumns = `SELECT r.message_id, r.seq, r.userid, r.identity, r.state, r.vendor_msg_id, r.intent_at, r.sent_at FROM recipient r `

// Outcome joins the vendor's later word with its send.
func (n *Notify) Outcome(ctx context.Context, o notify.Outcome) (notify.Matched, error) {
	found, match, err := n.match(ctx, o)
	if err != nil || match != notify.Changed {
		return match, err
	}
	err = n.db.inTx(ctx, func(t tx) error {
		match, err = t.outcome(ctx, o, found)
		return err
	})
	return match, err
}

// match finds the send an outcome belongs to; Changed means that one was found.
func (n *Notify) match(ctx context.Context, o notify.Outcome) (sendRow, notify.Matched, error) {
	r := n.db.run()
	if o.MsgID != 0 {
		var one sendRow
		err := r.get(ctx, &one, sendColumns+`JOIN sender s ON s.id = r.sender_id AND s.app_id = ?
			WHERE r.vendor_msg_id = ? AND r.identity = ? ORDER BY r.message_id DESC LIMIT 1`, o.AppID, o.MsgID, o.User)
		if !errors.Is(err, fs.ErrNotExist) {
			return one, notify.Changed, err
		}
	}
	var senders []int64
	if err := r.all(ctx, &senders, `SELECT id FROM sender WHERE app_id = ?`, o.AppID); err != nil || len(senders) == 0 {
		return sendRow{}, notify.Unmatched, err
	}
	hashes := make([]int64, len(senders))
	for i, id := range senders {
		hashes[i] = who(id, o.User)
	}
	var rows []sendRow
	if err := r.all(ctx, &rows, sendColumns+`WHERE r.who IN (?) ORDER BY r.message_id DESC, r.seq DESC LIMIT 1000`, hashes); err != nil {
		return sendRow{}, notify.Unmatched, err
	}
	return nearest(rows, o)
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
		case r.State == notify.Sending:
			return r, notify.Early, nil
		case r.State != notify.Sent && r.State != notify.Unknown:
		case o.MsgID != 0 && r.Vendor != nil:
		case o.At.Sub(time.UnixMilli(*at)).Abs() <= near:
			one = r
			fits++
		}
	}
	if fits != 1 {
		return one, notify.Unmatched, nil
	}
	return one, notify.Changed, nil
}

func (t tx) outcome(ctx context.Context, o notify.Outcome, found sendRow) (notify.Matched, error) {
	var chunk int64
	if err := t.get(ctx, &chunk, `SELECT id FROM chunk WHERE message_id = ? AND n = ?`, found.MessageID, found.Seq/notify.ChunkSize); err != nil {
		return notify.Unmatched, err
	}
	locked, err := t.lockChunks(ctx, []int64{chunk})
	if err != nil {
		return notify.Unmatched, err
	}
	var now sendRow
	if err := t.get(ctx, &now, sendColumns+`WHERE r.message_id = ? AND r.seq = ?`, found.MessageID, found.Seq); err != nil {
		return notify.Unmatched, err
	}
	switch now.State {
	case notify.Sent, notify.Unknown:
	case notify.Sending, notify.Queued:
		return notify.Early, nil
	default:
		return notify.Known, nil
	}
	heads, err := t.heads(ctx, []int64{found.MessageID})
	if err != nil {
		return notify.Unmatched, err
	}
	ch := change{seq: now.Seq, from: now.State, to: notify.Delivered, userid: now.UserID, identity: now.Identity}
	if now.Vendor == nil {
		ch.vendor = o.MsgID
	}
	if !o.Delivered {
		ch.to, ch.text = notify.Failed, o.Status
	}
	l := newLedger(heads)
	l.chunk(locked[chunk])
	l.move(locked[chunk], ch)
	return notify.Changed, t.settle(ctx, l)
}
