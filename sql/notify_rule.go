package sql

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"wechattpp/notify"
)

type ruleRow struct {
	ID        int64  `db:"id"`
	ClientID  int64  `db:"client_id"`
	Name      string `db:"name"`
	Steps     []byte `db:"steps_json"`
	CreatedAt int64  `db:"created_at"`
	UpdatedAt int64  `db:"updated_at"`
}

const ruleColumns = `SELECT id, client_id, name, steps_json, created_at, updated_at FROM send_rule `

func (r ruleRow) rule() (notify.Rule, error) {
	rule := notify.Rule{ID: r.ID, ClientID: r.ClientID, Name: r.Name, CreatedAt: time.UnixMilli(r.CreatedAt), UpdatedAt: time.UnixMilli(r.UpdatedAt)}
	if err := json.Unmarshal(r.Steps, &rule.Steps); err != nil {
		return rule, fmt.Errorf("steps of rule %d: %w", r.ID, err)
	}
	return rule, nil
}

// AddRule stores a rule under a fresh number.
func (n *Notify) AddRule(ctx context.Context, r notify.Rule) (notify.Rule, error) {
	id, err := n.db.ids.take(ctx, "send_rule", 1)
	if err != nil {
		return r, err
	}
	steps, err := encodeJSON(r.Steps)
	if err != nil {
		return r, err
	}
	const insert = `INSERT INTO send_rule (id, client_id, name, steps_json, created_at, updated_at) VALUES (?, ?, ?, ?, {now}, {now})`
	if _, err := n.db.run().exec(ctx, insert, id, r.ClientID, r.Name, steps); err != nil {
		return r, err
	}
	return n.Rule(ctx, id, -1)
}

// ChangeRule gives a rule another name and steps. Messages keep the rule as it
// was when they were accepted.
func (n *Notify) ChangeRule(ctx context.Context, r notify.Rule) (notify.Rule, error) {
	steps, err := encodeJSON(r.Steps)
	if err != nil {
		return r, err
	}
	if _, err := n.db.run().exec(ctx, `UPDATE send_rule SET name = ?, steps_json = ?, updated_at = {now} WHERE id = ?`, r.Name, steps, r.ID); err != nil {
		return r, err
	}
	return n.Rule(ctx, r.ID, -1)
}

// DeleteRule removes one.
func (n *Notify) DeleteRule(ctx context.Context, id int64) error {
	return one(n.db.run().exec(ctx, `DELETE FROM send_rule WHERE id = ?`, id))
}

// Rule reads one.
func (n *Notify) Rule(ctx context.Context, id, clientID int64) (notify.Rule, error) {
	var row ruleRow
	if err := n.db.run().get(ctx, &row, ruleColumns+`WHERE id = ? AND (client_id IN (0, ?) OR ? < 0)`, id, clientID, clientID); err != nil {
		return notify.Rule{}, err
	}
	return row.rule()
}

// ListRules pages through the rules.
func (n *Notify) ListRules(ctx context.Context, clientID, after int64, limit int) ([]notify.Rule, error) {
	var rows []ruleRow
	if err := n.db.run().all(ctx, &rows, ruleColumns+`WHERE id > ? AND (client_id IN (0, ?) OR ? < 0) ORDER BY id LIMIT ?`, after, clientID, clientID, limit); err != nil {
		return nil, err
	}
	list := make([]notify.Rule, len(rows))
	for i, r := range rows {
		var err error
		if list[i], err = r.rule(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// readTried reads, for the chunks of later parts of a rule, what became of the
// same users at the parts before.
func (t tx) readTried(ctx context.Context, b *beginning) error {
	for _, c := range b.chunks {
		if h := b.l.heads[c.MessageID]; c.Part == 0 || !h.parts.Ruled() {
			continue
		}
		var rows []struct {
			Seq    int          `db:"seq"`
			State  notify.State `db:"state"`
			SentAt *int64       `db:"sent_at"`
		}
		const query = `SELECT seq, state, sent_at FROM recipient WHERE message_id = ? AND seq >= ? AND seq < ? ORDER BY seq`
		first := c.N - c.Part
		if err := t.all(ctx, &rows, query, c.MessageID, first*notify.ChunkSize, c.N*notify.ChunkSize); err != nil {
			return err
		}
		tried := make([][]notify.Tried, notify.ChunkSize)
		for _, r := range rows {
			at := r.Seq % notify.ChunkSize
			one := notify.Tried{State: r.State}
			if r.SentAt != nil {
				one.Since = time.Duration(c.Now-*r.SentAt) * time.Millisecond
			}
			tried[at] = append(tried[at], one)
		}
		b.tried[c.ID] = tried
	}
	return nil
}

// goes tells whether it is a recipient's turn; if not, it waits, and is looked
// at again with the soonest of its chunk, or ends as not needed.
func (b *beginning) goes(c *chunkRow, r openRow, wait *time.Duration, end func(openRow, notify.State, int, string)) bool {
	turn := b.l.heads[c.MessageID].parts.Turn(b.tried[c.ID][r.Seq%notify.ChunkSize])
	switch {
	case turn.Go:
		return true
	case turn.Wait == 0:
		end(r, notify.Skipped, 0, turn.Why)
	case *wait == 0 || turn.Wait < *wait:
		*wait = turn.Wait
	}
	return false
}
