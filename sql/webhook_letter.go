package sql

import (
	"context"
	"io/fs"
	"time"

	"wechattpp/webhook"
)

type letterRow struct {
	ID        int64  `db:"id"`
	Target    int64  `db:"target_id"`
	URL       string `db:"url"`
	Records   int    `db:"records"`
	Attempts  int    `db:"attempts"`
	CreatedAt int64  `db:"created_at"`
	DeadAt    int64  `db:"dead_at"`
	Error     string `db:"error"`
	Body      []byte `db:"body"`
}

func (r *letterRow) letter() webhook.Letter {
	return webhook.Letter{ID: r.ID, URL: r.URL, Records: r.Records, Attempts: r.Attempts, CreatedAt: moment(r.CreatedAt),
		DeadAt: moment(r.DeadAt), Error: r.Error, Body: r.Body}
}

const letterColumns = `SELECT d.id, d.target_id, t.url, d.records, d.attempts, d.created_at, d.dead_at, d.error, `

const lettersOf = ` FROM delivery d JOIN target t ON t.id = d.target_id
	WHERE t.client_id = ? AND t.kind = ? AND d.sealed = 1 AND d.due_at IS NULL AND d.dead_at IS NOT NULL`

// meant is the condition for some of a client's dead letters.
func meant(which webhook.Letters, clientID int64) (text string, args []any) {
	args = []any{clientID, webhook.Receipts}
	add := func(condition string, arg any) { text, args = text+" AND "+condition, append(args, arg) }
	if which.ID != 0 {
		add("d.id = ?", which.ID)
	}
	if which.URL != "" {
		add("t.url = ?", which.URL)
	}
	if !which.After.IsZero() {
		add("d.dead_at >= ?", which.After.UnixMilli())
	}
	if !which.Before.IsZero() {
		add("d.dead_at < ?", which.Before.UnixMilli())
	}
	return text, args
}

// Dead lists dead letters without their bodies.
func (w *Webhook) Dead(ctx context.Context, clientID int64, which webhook.Letters, after int64, limit int) ([]webhook.Letter, error) {
	where, args := meant(which, clientID)
	var rows []*letterRow
	query := letterColumns + `'' AS body` + lettersOf + where + ` AND d.id > ? ORDER BY d.id LIMIT ?`
	err := w.db.run().all(ctx, &rows, query, append(args, after, limit)...)
	letters := make([]webhook.Letter, len(rows))
	for i, r := range rows {
		letters[i] = r.letter()
	}
	return letters, err
}

// Letter answers one with its body.
func (w *Webhook) Letter(ctx context.Context, clientID, id int64) (webhook.Letter, error) {
	where, args := meant(webhook.Letters{ID: id}, clientID)
	var row letterRow
	err := w.db.run().get(ctx, &row, letterColumns+`d.body`+lettersOf+where, args...)
	return row.letter(), err
}

// Replay makes dead letters due. Their targets are locked first, see Webhook.
func (w *Webhook) Replay(ctx context.Context, clientID int64, which webhook.Letters, limit int) (n int, err error) {
	err = w.db.inTx(ctx, func(t tx) error {
		targets, err := t.lockTargets(ctx, clientID)
		if err != nil {
			return err
		}
		owners := make([]int64, 0, len(targets)+1)
		for _, r := range targets {
			owners = append(owners, r.ID)
		}
		if len(owners) > 0 {
			if _, err := t.exec(ctx, `UPDATE target SET claim = claim WHERE id IN (?)`, owners); err != nil {
				return err
			}
		}
		where, args := meant(which, clientID)
		var ids []int64
		if err := t.all(ctx, &ids, `SELECT d.id`+lettersOf+where+` ORDER BY d.id LIMIT ?`, append(args, limit)...); err != nil {
			return err
		}
		if n = len(ids); n == 0 {
			if which.ID != 0 {
				return fs.ErrNotExist
			}
			return nil
		}
		if _, err := t.exec(ctx, `UPDATE delivery SET due_at = {now}, dead_at = NULL, attempts = 0 WHERE id IN (?)`, ids); err != nil {
			return err
		}
		return t.nextDue(ctx, owners)
	})
	return n, err
}

// Forget drops old dead letters, then targets of clients that are gone, then
// deliveries of targets that are gone.
func (w *Webhook) Forget(ctx context.Context, age time.Duration, limit int) (int, error) {
	for _, step := range []struct{ find, drop string }{
		{`SELECT id FROM delivery WHERE dead_at < {now} - ? ORDER BY dead_at LIMIT ?`, `DELETE FROM delivery WHERE id IN (?)`},
		{`SELECT id FROM target WHERE ? > 0 AND NOT EXISTS (SELECT 1 FROM client WHERE client.id = target.client_id) LIMIT ?`, `DELETE FROM target WHERE id IN (?)`},
		{`SELECT id FROM delivery WHERE ? > 0 AND NOT EXISTS (SELECT 1 FROM target WHERE target.id = delivery.target_id) LIMIT ?`, `DELETE FROM delivery WHERE id IN (?)`},
	} {
		var ids []int64
		if err := w.db.run().all(ctx, &ids, step.find, age.Milliseconds(), limit); err != nil {
			return 0, err
		}
		if len(ids) > 0 {
			n, err := w.db.run().exec(ctx, step.drop, ids)
			return int(n), err
		}
	}
	return 0, nil
}
