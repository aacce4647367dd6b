package sql

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"wechattpp/notify"
)

// prepareStep stores that recipients are to be looked for.
func (a *adding) prepareStep() (step, error) {
	selection, err := encodeJSON(a.d.For)
	last := 0
	if len(a.d.For.UserIDs) > 0 {
		last = -1
	}
	return step{`INSERT INTO preparation (id, selection, last_user, next_n, due_at) VALUES (?, ?, ?, 0, {now})`, []any{a.id.ID, selection, last}}, err
}

// ClaimPreparation takes one message.
func (n *Notify) ClaimPreparation(ctx context.Context, lease time.Duration) (p notify.Preparation, ok bool, err error) {
	ids, claim, err := n.db.claimDue(ctx, "preparation", 1, lease)
	if err != nil || len(ids) == 0 {
		return p, false, err
	}
	var row struct {
		ID        int64  `db:"id"`
		Nonce     int64  `db:"nonce"`
		Content   []byte `db:"content"`
		Selection []byte `db:"selection"`
		LastUser  int64  `db:"last_user"`
		Over      bool   `db:"ended"`
	}
	const query = `SELECT m.id, m.nonce, m.content, p.selection, p.last_user,
		CASE WHEN m.retracted_at IS NOT NULL OR m.expire_at <= {now} THEN 1 ELSE 0 END AS ended
		FROM preparation p JOIN message m ON m.id = p.id WHERE p.id = ?`
	if err := n.db.run().get(ctx, &row, query, ids[0]); err != nil {
		return p, false, err
	}
	p = notify.Preparation{MsgID: notify.MsgID{ID: row.ID, Nonce: row.Nonce}, LastUser: row.LastUser, Over: row.Over, Claim: claim}
	if p.Parts, err = partsOf(row.ID, row.Content); err != nil {
		return p, false, err
	}
	if err := json.Unmarshal(row.Selection, &p.Selection); err != nil {
		return p, false, fmt.Errorf("selection of message %d: %w", row.ID, err)
	}
	return p, true, nil
}

// extending is the state of a message that gets more recipients.
type extending struct {
	ClientID int64  `db:"client_id"`
	SendAt   *int64 `db:"send_at"`
	ExpireAt *int64 `db:"expire_at"`
	NextN    int    `db:"next_n"`
}

// Extend adds recipients in one transaction with how far the search has come.
func (n *Notify) Extend(ctx context.Context, p notify.Preparation, targets [][]notify.Target, done bool, lease time.Duration) error {
	ids, err := n.chunkIDs(ctx, p.Parts, targets)
	if err != nil {
		return err
	}
	return n.db.inTx(ctx, func(t tx) error {
		var e extending
		const lock = `SELECT m.client_id, m.send_at, m.expire_at, p.next_n FROM preparation p JOIN message m ON m.id = p.id WHERE p.id = ? AND p.claim = ?`
		err := t.get(ctx, &e, lock+t.db.forUpdate(), p.MsgID.ID, p.Claim)
		if errors.Is(err, fs.ErrNotExist) {
			return notify.ErrLost
		}
		if err != nil {
			return err
		}
		fresh, err := t.strangers(ctx, p, targets)
		if err != nil {
			return err
		}
		a := &adding{id: p.MsgID, d: &notify.Draft{ClientID: e.ClientID, Parts: p.Parts, Targets: fresh, SendAt: when(e.SendAt), ExpireAt: when(e.ExpireAt), For: &p.Selection}}
		a.cut(ids, e.NextN)
		if err := t.extend(ctx, a); err != nil {
			return err
		}
		if !done {
			_, err = t.exec(ctx, `UPDATE preparation SET last_user = ?, next_n = ?, due_at = {now} + ? WHERE id = ?`,
				p.LastUser, a.next, lease.Milliseconds(), p.MsgID.ID)
			return err
		}
		return t.prepared(ctx, p)
	})
}

// strangers leaves out those whose identity the message has already.
func (t tx) strangers(ctx context.Context, p notify.Preparation, targets [][]notify.Target) ([][]notify.Target, error) {
	fresh := make([][]notify.Target, len(targets))
	for i, some := range targets {
		known := map[string]bool{}
		for page := range slices.Chunk(some, 500) {
			hashes := make([]int64, 0, len(page))
			for _, r := range page {
				if r.Identity != "" {
					hashes = append(hashes, who(p.Parts[i].SenderID, r.Identity))
				}
			}
			if len(hashes) == 0 {
				continue
			}
			var there []string
			err := t.all(ctx, &there, `SELECT identity FROM recipient WHERE who IN (?) AND message_id = ? AND sender_id = ?`, hashes, p.MsgID.ID, p.Parts[i].SenderID)
			if err != nil {
				return nil, err
			}
			for _, id := range there {
				known[id] = true
			}
		}
		fresh[i] = without(some, known, notify.Parts(p.Parts).Ruled())
	}
	return fresh, nil
}

// without drops those whose identity is known; in place, where others count on
// their places, they are skipped.
func without(some []notify.Target, known map[string]bool, inPlace bool) []notify.Target {
	some = slices.Clone(some)
	if !inPlace {
		return slices.DeleteFunc(some, func(r notify.Target) bool { return known[r.Identity] })
	}
	for i := range some {
		if known[some[i].Identity] && some[i].Skip == "" {
			some[i].Skip = notify.SameIdentity
		}
	}
	return some
}

func (t tx) extend(ctx context.Context, a *adding) error {
	batch := []*adding{a}
	feed, err := feedAdded(batch)
	if err != nil || len(a.chunks) == 0 {
		return err
	}
	for _, s := range slices.Concat(chunkSteps(batch), recipientSteps(batch), skipSteps(batch), countSteps(batch), feed) {
		if s.args, err = plain(s.args); err != nil {
			return err
		}
		if _, err := t.exec(ctx, s.query, s.args...); err != nil {
			return err
		}
	}
	_, err = t.exec(ctx, `UPDATE message SET target = target + ?, open_chunks = open_chunks + ? WHERE id = ?`, a.rows, a.open(), a.id.ID)
	return err
}

// prepared ends the search: from now on the message is done when nobody is open.
func (t tx) prepared(ctx context.Context, p notify.Preparation) error {
	if _, err := t.exec(ctx, `DELETE FROM preparation WHERE id = ?`, p.MsgID.ID); err != nil {
		return err
	}
	const run = `UPDATE message SET state = CASE WHEN send_at > {now} THEN ? ELSE ? END WHERE id = ? AND state = ?`
	if _, err := t.exec(ctx, run, notify.Scheduled, notify.Running, p.MsgID.ID, notify.Preparing); err != nil {
		return err
	}
	heads, err := t.heads(ctx, []int64{p.MsgID.ID})
	if err != nil {
		return err
	}
	l := newLedger(heads)
	l.closed[p.MsgID.ID] = 1
	var news feedNews
	if err := t.closeMessages(ctx, l, &news); err != nil {
		return err
	}
	return news.write(ctx, t)
}
