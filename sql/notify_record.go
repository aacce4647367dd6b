package sql

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"time"

	"wechattpp/notify"
	"wechattpp/sender"
	"wechattpp/token"
)

// recording is a result on its way into the database.
type recording struct {
	r    *notify.Result
	lost bool
}

func (r *recording) weight() int { return 2 + len(r.r.Moves) }

// Record writes a result by group commit.
func (n *Notify) Record(ctx context.Context, r *notify.Result) (lost bool, err error) {
	item := &recording{r: r}
	err = n.results.do(ctx, item)
	return item.lost, err
}

func (n *Notify) record(ctx context.Context, batch []*recording) error {
	ids := make([]int64, len(batch))
	for i, b := range batch {
		ids[i] = b.r.Work.Chunk
	}
	return n.db.inTx(ctx, func(t tx) error {
		locked, err := t.lockChunks(ctx, ids)
		if err != nil {
			return err
		}
		l := newLedger(map[int64]*head{})
		for _, b := range batch {
			c := locked[b.r.Work.Chunk]
			if b.lost = c == nil || c.Claim != b.r.Work.Claim; b.lost {
				continue
			}
			l.result(c, b.r)
			if err := t.stop(ctx, b.r); err != nil {
				return err
			}
			for _, step := range []func(context.Context, *notify.Result) error{t.handedOver, t.used} {
				if err := step(ctx, b.r); err != nil {
					return err
				}
			}
		}
		if err := t.counted(ctx, batch, locked); err != nil {
			return err
		}
		return t.settle(ctx, l)
	})
}

// lockChunks locks in the order of ids.
func (t tx) lockChunks(ctx context.Context, ids []int64) (map[int64]*chunkRow, error) {
	var rows []*chunkRow
	err := t.all(ctx, &rows, `SELECT `+chunkColumns+`, {now} AS now FROM chunk WHERE id IN (?) ORDER BY id`+t.db.forUpdate(), ids)
	locked := make(map[int64]*chunkRow, len(rows))
	for _, c := range rows {
		locked[c.ID] = c
	}
	return locked, err
}

// result takes what became of a chunk's recipients. Who called for them owned
// the chunk all the time, so they are still sending.
func (l *ledger) result(c *chunkRow, r *notify.Result) {
	w := r.Work
	parts := make([]notify.Part, w.PartNo+1)
	parts[0], parts[w.PartNo] = w.Part, w.Part
	l.heads[c.MessageID] = &head{ID: w.MsgID.ID, Nonce: w.MsgID.Nonce, ClientID: w.ClientID, CreatedAt: w.At.UnixMilli(), parts: parts}
	l.chunk(c)
	for _, m := range r.Moves {
		if m.To == notify.Sending {
			continue
		}
		call := w.Calls[m.Call]
		l.move(c, change{seq: call.Seq, from: notify.Sending, to: m.To, vendor: m.VendorMsgID, code: m.Code, text: m.Text,
			userid: call.UserID, identity: call.Identity})
	}
	c.Claim = 0
	if r.Next > 0 {
		c.Attempts++
	}
	c.due(r.Next)
}

func (t tx) stop(ctx context.Context, r *notify.Result) error {
	if r.Stop == nil {
		return nil
	}
	_, err := t.exec(ctx, `INSERT INTO message_stop (message_id, part, error_code, error_message) VALUES (?, ?, ?, ?)`+t.db.orIgnore("part"),
		r.Work.MsgID.ID, r.Work.PartNo, r.Stop.Code, cut(r.Stop.Text, 255))
	return err
}

// Postpone moves chunks that are due, spread out.
func (n *Notify) Postpone(ctx context.Context, chunks []int64, delay, spread time.Duration) error {
	const steps = 8
	for i := range min(steps, len(chunks)) {
		var some []int64
		for j := i; j < len(chunks); j += steps {
			some = append(some, chunks[j])
		}
		slices.Sort(some)
		after := delay.Milliseconds() + spread.Milliseconds()*int64(i)/steps
		const query = `UPDATE chunk SET due_at = CASE WHEN expire_at < {now} + ? THEN expire_at ELSE {now} + ? END WHERE id IN (?) AND due_at <= {now}`
		if _, err := n.db.run().exec(ctx, query, after, after, some); err != nil {
			return err
		}
	}
	return nil
}

// senderHealth assesses whoever speaks for a sender: its account, or itself if
// it has a secret of its own.
func (t tx) senderHealth(ctx context.Context, app string, senderID int64) error {
	var s struct {
		Code        string `db:"code"`
		AppID       string `db:"app_id"`
		Kind        string `db:"kind"`
		Credentials string `db:"credentials"`
	}
	err := t.get(ctx, &s, `SELECT code, app_id, kind, credentials FROM sender WHERE id = ?`, senderID)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case s.Credentials != sender.Component:
		return t.health(ctx, app, token.OfSender(s.Code, s.Kind == sender.WeCom))
	case s.AppID == "":
		return nil
	}
	return t.healthOf(ctx, app, s.AppID)
}
