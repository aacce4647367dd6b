package sql

import (
	"context"
	"slices"
	"time"

	"wechattpp/notify"
)

// ClaimRecalls takes handovers to be recalled.
func (n *Notify) ClaimRecalls(ctx context.Context, limit int, lease time.Duration) ([]notify.Recall, error) {
	ids, claim, err := n.db.claimDue(ctx, "handover", limit, lease)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	var rows []struct {
		ID       int64  `db:"id"`
		Message  int64  `db:"message_id"`
		Nonce    int64  `db:"nonce"`
		N        int    `db:"n"`
		Sender   string `db:"code"`
		Vendor   string `db:"vendor_msg_id"`
		Attempts int    `db:"attempts"`
		Over     bool   `db:"ended"`
	}
	const query = `SELECT h.id, h.message_id, m.nonce, h.n, COALESCE(s.code, '') AS code, h.vendor_msg_id, h.attempts,
		CASE WHEN h.begun_at < {now} - ? THEN 1 ELSE 0 END AS ended
		FROM handover h JOIN message m ON m.id = h.message_id LEFT JOIN sender s ON s.id = h.sender_id WHERE h.id IN (?) ORDER BY h.id`
	if err := n.db.run().all(ctx, &rows, query, (24 * time.Hour).Milliseconds(), ids); err != nil {
		return nil, err
	}
	list := make([]notify.Recall, len(rows))
	for i, r := range rows {
		list[i] = notify.Recall{Handover: r.ID, Claim: claim, MsgID: notify.MsgID{ID: r.Message, Nonce: r.Nonce}, N: r.N,
			Sender: r.Sender, VendorMsgID: r.Vendor, Attempts: r.Attempts, Over: r.Over}
	}
	return list, nil
}

// Recalled ends a recall under the lock of its chunk.
func (n *Notify) Recalled(ctx context.Context, r notify.Recall, refused *notify.Stop) error {
	return n.db.inTx(ctx, func(t tx) error {
		var ids []int64
		if err := t.all(ctx, &ids, `SELECT id FROM chunk WHERE message_id = ? AND n = ?`, r.MsgID.ID, r.N); err != nil || len(ids) == 0 {
			return err
		}
		locked, err := t.lockChunks(ctx, ids)
		c := locked[ids[0]]
		if err != nil || c == nil {
			return err
		}
		won, err := t.exec(ctx, `UPDATE handover SET due_at = NULL, claim = 0 WHERE id = ? AND claim = ?`, r.Handover, r.Claim)
		if err != nil || won == 0 {
			return err
		}
		heads, err := t.heads(ctx, []int64{r.MsgID.ID})
		if err != nil {
			return err
		}
		var rows []openRow
		const query = `SELECT message_id, seq, userid, identity, state, attempt FROM recipient
			WHERE message_id = ? AND seq BETWEEN ? AND ? AND state IN (?) AND handover_id = ? ORDER BY seq`
		taken := []int{int(notify.Sent), int(notify.Delivered)} // what can be deleted has been delivered before
		if err := t.all(ctx, &rows, query, r.MsgID.ID, c.first(), c.last(), taken, r.Handover); err != nil {
			return err
		}
		if refused != nil {
			return t.tellRefused(ctx, heads[r.MsgID.ID], c, rows, *refused)
		}
		l := newLedger(heads)
		l.chunk(c)
		for _, row := range rows {
			l.move(c, change{seq: row.Seq, from: row.State, to: notify.Canceled, text: r.Done, userid: row.UserID, identity: row.Identity})
		}
		return t.settle(ctx, l)
	})
}

// tellRefused tells of recipients who keep what was to be recalled.
func (t tx) tellRefused(ctx context.Context, h *head, c *chunkRow, rows []openRow, why notify.Stop) error {
	if len(rows) == 0 {
		return nil
	}
	p := h.parts[c.Part]
	var news feedNews
	for some := range slices.Chunk(rows, notify.ChunkSize) {
		l := &newsLine{app: p.AppID, kind: "recipient.recall_refused", MsgID: h.msgID().String(), ClientID: h.ClientID, Sender: p.Sender, Kind: p.SenderKind}
		for _, r := range some {
			l.Recipients = append(l.Recipients, newsRecipient{Seq: r.Seq, UserID: r.UserID, Identity: r.Identity, Error: &newsError{why.Code, cut(why.Text, 255)}})
		}
		news.order = append(news.order, l)
	}
	return news.write(ctx, t)
}

// RecallLater lets one come again.
func (n *Notify) RecallLater(ctx context.Context, r notify.Recall, after time.Duration) error {
	_, err := n.db.run().exec(ctx, `UPDATE handover SET due_at = {now} + ?, attempts = attempts + 1 WHERE id = ? AND claim = ?`, after.Milliseconds(), r.Handover, r.Claim)
	return err
}
