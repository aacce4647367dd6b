package sql

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"wechattpp/notify"
)

type messageRow struct {
	ID        int64        `db:"id"`
	Nonce     int64        `db:"nonce"`
	ClientID  int64        `db:"client_id"`
	Stage     notify.Stage `db:"state"`
	Target    int          `db:"target"`
	SendNo    string       `db:"sendno"`
	Content   []byte       `db:"content"`
	Params    []byte       `db:"params"`
	Decision  *int         `db:"decision"`
	SendAt    *int64       `db:"send_at"`
	ExpireAt  *int64       `db:"expire_at"`
	CreatedAt int64        `db:"created_at"`
	DoneAt    *int64       `db:"done_at"`
}

const messageColumns = `SELECT id, nonce, client_id, state, target, sendno, content, params, decision, send_at, expire_at, created_at, done_at
	FROM message LEFT JOIN message_approval ON message_id = id `

func (r messageRow) message() (notify.Message, error) {
	m := notify.Message{MsgID: notify.MsgID{ID: r.ID, Nonce: r.Nonce}, ClientID: r.ClientID, Stage: r.Stage, Target: r.Target, SendNo: r.SendNo,
		SendAt: when(r.SendAt), ExpireAt: when(r.ExpireAt), CreatedAt: time.UnixMilli(r.CreatedAt), DoneAt: when(r.DoneAt)}
	if r.Decision != nil {
		m.Approval = notify.Waiting + notify.Approval(*r.Decision) //nolint:gosec // three values
	}
	if len(r.Params) > 0 {
		var kept struct{ Owner string }
		if err := json.Unmarshal(r.Params, &kept); err != nil {
			return m, fmt.Errorf("params of message %d: %w", r.ID, err)
		}
		m.Owner = kept.Owner
	}
	parts, err := partsOf(r.ID, r.Content)
	for _, p := range parts {
		if !slices.Contains(m.Senders, p.Sender) { // own members and linked ones are two parts
			m.Senders = append(m.Senders, p.Sender)
		}
		m.Article = m.Article || p.Mass != nil
	}
	return m, err
}

func partsOf(id int64, content []byte) (parts []notify.Part, err error) {
	if err = json.Unmarshal(content, &parts); err != nil {
		err = fmt.Errorf("content of message %d: %w", id, err)
	}
	return parts, err
}

// Message reads one message with its counts.
func (n *Notify) Message(ctx context.Context, id notify.MsgID, clientID int64) (notify.Message, error) {
	list, err := n.messages(ctx, `WHERE id = ? AND nonce = ? AND (client_id = ? OR ? < 0)`, id.ID, id.Nonce, clientID, clientID)
	if err == nil && len(list) == 0 {
		err = fs.ErrNotExist
	}
	if err != nil {
		return notify.Message{}, err
	}
	return list[0], nil
}

// List pages through messages, newest first.
func (n *Notify) List(ctx context.Context, q notify.Query, limit int) ([]notify.Message, error) {
	if q.Before <= 0 {
		q.Before = 1 << 62
	}
	where, args := `WHERE id < ?`, []any{q.Before}
	if q.ClientID >= 0 {
		where, args = where+` AND client_id = ?`, append(args, q.ClientID)
	}
	if q.Waiting {
		where, args = where+` AND decision = ? AND state = ?`, append(args, undecided, notify.Paused)
	}
	return n.messages(ctx, where+` ORDER BY id DESC LIMIT ?`, append(args, limit)...)
}

func (n *Notify) messages(ctx context.Context, where string, args ...any) ([]notify.Message, error) {
	var rows []messageRow
	if err := n.db.run().all(ctx, &rows, messageColumns+where, args...); err != nil || len(rows) == 0 {
		return nil, err
	}
	list, ids, at := make([]notify.Message, len(rows)), make([]int64, len(rows)), make(map[int64]int, len(rows))
	for i, r := range rows {
		m, err := r.message()
		if err != nil {
			return nil, err
		}
		list[i], ids[i], at[r.ID] = m, r.ID, i
	}
	const sums = `SELECT message_id, SUM(queued) AS queued, SUM(sending) AS sending, SUM(sent) AS sent, SUM(delivered) AS delivered, SUM(failed) AS failed,
		SUM(skipped) AS skipped, SUM(canceled) AS canceled, SUM(expired) AS expired, SUM(unknown) AS unknown FROM chunk WHERE message_id IN (?) GROUP BY message_id`
	var counts []chunkRow
	if err := n.db.run().all(ctx, &counts, sums, ids); err != nil {
		return nil, err
	}
	for _, c := range counts {
		for s := range list[at[c.MessageID]].Counts {
			list[at[c.MessageID]].Counts[s] = *c.count(notify.State(s))
		}
	}
	return list, nil
}

// Recipients pages through the recipients of a message.
func (n *Notify) Recipients(ctx context.Context, id notify.MsgID, state *notify.State, after, limit int) ([]notify.Recipient, error) {
	var rows []struct {
		sendRow
		SenderID int64   `db:"sender_id"`
		Attempt  int     `db:"attempt"`
		Code     *int    `db:"error_code"`
		Text     *string `db:"error_message"`
		DoneAt   *int64  `db:"done_at"`
		Handover *int64  `db:"handover_id"`
	}
	only, args := "", []any{id.ID, after}
	if state != nil {
		only, args = "AND state = ?", append(args, *state)
	}
	r := n.db.run()
	if err := r.all(ctx, &rows, `SELECT message_id, seq, sender_id, userid, identity, state, attempt, vendor_msg_id, error_code, error_message,
		intent_at, sent_at, done_at, handover_id FROM recipient WHERE message_id = ? AND seq > ? `+only+` ORDER BY seq LIMIT ?`, append(args, limit)...); err != nil {
		return nil, err
	}
	codes, err := n.senderCodes(ctx, id.ID)
	if err != nil {
		return nil, err
	}
	crowds := map[int64]*notify.VendorCounts{}
	for _, row := range rows {
		if row.Handover != nil && notify.IsCrowd(row.Identity) {
			crowds[*row.Handover] = nil
		}
	}
	if err := n.vendorCounts(ctx, crowds); err != nil {
		return nil, err
	}
	list := make([]notify.Recipient, len(rows))
	for i, row := range rows {
		list[i] = notify.Recipient{Seq: row.Seq, Sender: codes[row.SenderID], UserID: row.UserID, Identity: row.Identity, State: row.State,
			Attempt: row.Attempt, VendorMsgID: orZero(row.Vendor), Code: orZero(row.Code), Text: orZero(row.Text),
			IntentAt: when(row.IntentAt), SentAt: when(row.SentAt), DoneAt: when(row.DoneAt)}
		if notify.IsCrowd(row.Identity) {
			list[i].Vendor = crowds[orZero(row.Handover)]
		}
		if row.State == notify.Skipped && list[i].Text == "" {
			list[i].Text = "the user has no identity at this sender"
		}
	}
	return list, nil
}

// senderCodes names the senders of a message as they were called then.
func (n *Notify) senderCodes(ctx context.Context, id int64) (map[int64]string, error) {
	var content []byte
	if err := n.db.run().get(ctx, &content, `SELECT content FROM message WHERE id = ?`, id); err != nil {
		return nil, err
	}
	parts, err := partsOf(id, content)
	codes := make(map[int64]string, len(parts))
	for _, p := range parts {
		codes[p.SenderID] = p.Sender
	}
	return codes, err
}

func orZero[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// Backlog tells what waits. Chunks without a due_at are closed, so the index on
// it holds the open ones.
func (n *Notify) Backlog(ctx context.Context) (notify.Backlog, error) {
	var b struct {
		Chunks int `db:"chunks"`
	}
	const query = `SELECT COUNT(*) AS chunks FROM (SELECT due_at FROM chunk WHERE due_at > 0 ORDER BY due_at LIMIT 100000) c`
	err := n.db.run().get(ctx, &b, query)
	return notify.Backlog{Chunks: b.Chunks}, err
}
