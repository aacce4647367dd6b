package sql

import (
	"context"
	"errors"
	"io/fs"
	"strconv"
	"time"

	"wechattpp/notify"
)

func cardBinding(handover int64) string { return "card/" + strconv.FormatInt(handover, 10) }

// codeLife is how long WeCom takes the code of a card
// (https://developer.work.weixin.qq.com/document/path/94888).
const codeLife = 72 * time.Hour

// serial is the number of a call within its message: 0 for the first of a
// part's first chunk. Whoever begins one has locked the chunk.
func (t tx) serial(ctx context.Context, p notify.Part, c *chunkRow) (int64, error) {
	const calls = 1 << 20 // of one chunk
	if p.TaskID(0) == "" {
		return 0, nil
	}
	var first int64
	if err := t.get(ctx, &first, `SELECT MIN(n) FROM chunk WHERE message_id = ? AND part = ?`, c.MessageID, c.Part); err != nil {
		return 0, err
	}
	var next *int64
	if err := t.get(ctx, &next, `SELECT MAX(serial) + 1 FROM handover WHERE message_id = ? AND n = ?`, c.MessageID, c.N); err != nil {
		return 0, err
	}
	return max((int64(c.N)-first)*calls, orZero(next)), nil
}

// keepCard writes what updates the card that a call handed over.
func (t tx) keepCard(ctx context.Context, r *notify.Result, handover int64) error {
	h := r.Named[handover]
	if h.Code == "" {
		return nil
	}
	sealed, err := t.db.seal(h.Code, cardBinding(handover))
	if err != nil {
		return err
	}
	var serial int64
	for _, c := range r.Work.Calls {
		if c.Handover == handover {
			serial = c.Serial
		}
	}
	insert := `INSERT INTO card (id, message_id, sender_id, task_id, code, until_at) VALUES (?, ?, ?, ?, ?, {now} + ?)` + t.db.orIgnore("id")
	_, err = t.exec(ctx, insert, handover, r.Work.MsgID.ID, r.Work.Part.SenderID, r.Work.Part.TaskID(serial), sealed, codeLife.Milliseconds())
	return err
}

// Updatable lists the cards of a message whose codes are good.
func (n *Notify) Updatable(ctx context.Context, id notify.MsgID, handovers []int64, limit int) ([]notify.Card, error) {
	some, any := handovers, 0
	if len(some) == 0 {
		some, any = []int64{0}, 1
	}
	var rows []struct {
		ID     int64  `db:"id"`
		Code   string `db:"code"`
		Serial int64  `db:"serial"`
	}
	const query = `SELECT k.id, COALESCE(s.code, '') AS code, h.serial FROM card k JOIN handover h ON h.id = k.id LEFT JOIN sender s ON s.id = k.sender_id
		WHERE k.message_id = ? AND k.code IS NOT NULL AND k.until_at > {now} AND (k.id IN (?) OR ? = 1) ORDER BY h.n, h.serial LIMIT ?`
	if err := n.db.run().all(ctx, &rows, query, id.ID, some, any, limit); err != nil {
		return nil, err
	}
	cards := make([]notify.Card, len(rows))
	for i, r := range rows {
		cards[i] = notify.Card{Handover: r.ID, Sender: r.Code, Serial: r.Serial}
	}
	return cards, nil
}

// Holders finds by which handover each was sent a message.
func (n *Notify) Holders(ctx context.Context, id notify.MsgID, names []string) (of map[string]int64, groups []int64, err error) {
	var rows []struct {
		Identity string `db:"identity"`
		Handover int64  `db:"handover_id"`
	}
	const named = `SELECT LOWER(identity) AS identity, handover_id FROM recipient WHERE message_id = ? AND handover_id IS NOT NULL AND LOWER(identity) IN (?) ORDER BY seq`
	if err := n.db.run().all(ctx, &rows, named, id.ID, names); err != nil {
		return nil, nil, err
	}
	of = make(map[string]int64, len(rows))
	for _, r := range rows {
		of[r.Identity] = r.Handover
	}
	const grouped = `SELECT DISTINCT handover_id FROM recipient WHERE message_id = ? AND handover_id IS NOT NULL
		AND (identity = '@all' OR identity LIKE 'party/%' OR identity LIKE 'tag/%')`
	return of, groups, n.db.run().all(ctx, &groups, grouped, id.ID)
}

// TakeCode gives the code of a card to one at a time.
func (n *Notify) TakeCode(ctx context.Context, handover int64, lease time.Duration) (code string, ok bool, err error) {
	const take = `UPDATE card SET tried_at = {now} WHERE id = ? AND code IS NOT NULL AND until_at > {now} AND (tried_at IS NULL OR tried_at <= {now} - ?)`
	won, err := n.db.run().exec(ctx, take, handover, lease.Milliseconds())
	if err != nil || won == 0 {
		return "", false, err
	}
	var sealed []byte
	err = n.db.run().get(ctx, &sealed, `SELECT code FROM card WHERE id = ?`, handover)
	if errors.Is(err, fs.ErrNotExist) || err == nil && sealed == nil { // used meanwhile
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	code, err = n.db.open(sealed, cardBinding(handover))
	return code, err == nil, err
}

// CodeTried forgets a used code, and lets another be tried again.
func (n *Notify) CodeTried(ctx context.Context, handover int64, used bool) error {
	query := `UPDATE card SET tried_at = NULL WHERE id = ?`
	if used {
		query = `UPDATE card SET code = NULL WHERE id = ?`
	}
	_, err := n.db.run().exec(ctx, query, handover)
	return err
}

// TaskUsed tells whether a sender sent a card of that task_id, as far as its
// messages are kept.
func (n *Notify) TaskUsed(ctx context.Context, senderID int64, task string) (bool, error) {
	var used int
	err := n.db.run().get(ctx, &used, `SELECT COUNT(*) FROM card WHERE sender_id = ? AND task_id = ?`, senderID, task)
	return used > 0, err
}

// ForgetCodes forgets codes that are good no longer.
func (n *Notify) ForgetCodes(ctx context.Context, limit int) (int, error) {
	var ids []int64
	err := n.db.run().all(ctx, &ids, `SELECT id FROM card WHERE until_at <= {now} AND code IS NOT NULL LIMIT ?`, limit)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	gone, err := n.db.run().exec(ctx, `UPDATE card SET code = NULL WHERE id IN (?)`, ids)
	return int(gone), err
}
