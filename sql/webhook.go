package sql

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"wechattpp/webhook"
)

// Webhook keeps the addresses of business systems and what is to be told
// them, and reads the feed.
//
// A delivery is a row of up to 100 receipts, not a row each: a broadcast to a
// million recipients is some 30,000 rows. The target, not the delivery, is what
// is claimed. Whoever changes both locks the target first, so that a delivery
// added while a claim ends is not overlooked.
type Webhook struct{ db *DB }

var _ webhook.Store = (*Webhook)(nil)

// Webhook gives the store of webhook.
func (db *DB) Webhook() *Webhook { return &Webhook{db} }

type targetRow struct {
	ID           int64  `db:"id"`
	ClientID     int64  `db:"client_id"`
	URL          string `db:"url"`
	Preferred    bool   `db:"preferred"`
	Wanted       int64  `db:"wanted"`
	CreatedAt    int64  `db:"created_at"`
	Claim        int64  `db:"claim"`
	Failures     int    `db:"failures"`
	FailingSince int64  `db:"failing_since"`
	RestUntil    int64  `db:"rest_until"`
	SuccessAt    int64  `db:"success_at"`
	ErrorAt      int64  `db:"error_at"`
	Error        string `db:"error"`
	Now          int64  `db:"now"`
}

const targetColumns = `SELECT id, client_id, url, preferred, wanted, created_at, claim, failures, failing_since, rest_until, success_at,
	error_at, error, {now} AS now FROM target `

func (r *targetRow) target() webhook.Target {
	return webhook.Target{ID: r.ID, ClientID: r.ClientID, URL: r.URL, Preferred: r.Preferred, Wanted: webhook.Types(r.Wanted),
		CreatedAt: moment(r.CreatedAt), SuccessAt: moment(r.SuccessAt), ErrorAt: moment(r.ErrorAt), Error: r.Error, FailingSince: moment(r.FailingSince)}
}

// Credentials answers what goes with each delivery to a client.
func (w *Webhook) Credentials(ctx context.Context, clientID int64) (channelKey, secret string, err error) {
	c, err := w.db.Access().Client(ctx, clientID)
	return c.ChannelKey, c.Secret, err
}

// Targets lists a client's addresses with what waits for them.
func (w *Webhook) Targets(ctx context.Context, clientID int64) ([]webhook.Target, error) {
	var rows []*targetRow
	const query = targetColumns + `WHERE client_id = ? AND kind = ? ORDER BY preferred DESC, id`
	if err := w.db.run().all(ctx, &rows, query, clientID, webhook.Receipts); err != nil {
		return nil, err
	}
	targets := make([]webhook.Target, len(rows))
	for i, r := range rows {
		targets[i] = r.target()
		var err error
		if targets[i].Waiting, targets[i].Dead, err = w.counts(ctx, r.ID); err != nil {
			return nil, err
		}
	}
	return targets, nil
}

// counts counts along the index of one target, as far as 100,000.
func (w *Webhook) counts(ctx context.Context, target int64) (waiting, dead int, err error) {
	const query = `SELECT
		(SELECT COUNT(*) FROM (SELECT 1 FROM delivery WHERE target_id = ? AND sealed IN (0, 1) AND due_at IS NOT NULL LIMIT 100000) AS w) AS waiting,
		(SELECT COUNT(*) FROM (SELECT 1 FROM delivery WHERE target_id = ? AND sealed = 1 AND due_at IS NULL LIMIT 100000) AS d) AS dead`
	var n struct {
		Waiting int `db:"waiting"`
		Dead    int `db:"dead"`
	}
	err = w.db.run().get(ctx, &n, query, target, target)
	return n.Waiting, n.Dead, err
}

// Registered tells whether a client has the address.
func (w *Webhook) Registered(ctx context.Context, clientID int64, url string) (bool, error) {
	var n int
	err := w.db.run().get(ctx, &n, `SELECT COUNT(*) FROM target WHERE client_id = ? AND kind = ? AND url = ?`, clientID, webhook.Receipts, url)
	return n > 0, err
}

// Add keeps a target or changes what it wants.
func (w *Webhook) Add(ctx context.Context, t webhook.Target, most int) (made webhook.Target, err error) {
	err = w.db.inTx(ctx, func(x tx) error {
		all, err := x.lockTargets(ctx, t.ClientID)
		if err != nil {
			return err
		}
		known := false
		for _, r := range all {
			known = known || r.URL == t.URL
		}
		if !known && len(all) >= most {
			return fmt.Errorf("%w: a client has at most %d targets", fs.ErrExist, most)
		}
		if err := x.putTarget(ctx, t, known, len(all) == 0); err != nil {
			return err
		}
		var r targetRow
		if err := x.get(ctx, &r, targetColumns+`WHERE client_id = ? AND kind = ? AND url = ?`, t.ClientID, webhook.Receipts, t.URL); err != nil {
			return err
		}
		made = r.target()
		return nil
	})
	return made, err
}

// lockTargets reads a client's targets while nobody else adds or removes one.
func (t tx) lockTargets(ctx context.Context, clientID int64) (rows []*targetRow, err error) {
	if _, err := t.lockClient(ctx, clientID); err != nil {
		return nil, err
	}
	err = t.all(ctx, &rows, targetColumns+`WHERE client_id = ? AND kind = ? ORDER BY id`, clientID, webhook.Receipts)
	return rows, err
}

func (t tx) putTarget(ctx context.Context, n webhook.Target, known, first bool) error {
	if n.Preferred {
		if _, err := t.exec(ctx, `UPDATE target SET preferred = 0 WHERE client_id = ? AND kind = ?`, n.ClientID, webhook.Receipts); err != nil {
			return err
		}
	}
	if !known {
		_, err := t.exec(ctx, `INSERT INTO target (kind, client_id, url, preferred, wanted, created_at) VALUES (?, ?, ?, ?, ?, {now})`,
			webhook.Receipts, n.ClientID, n.URL, n.Preferred || first, int64(n.Wanted))
		return err
	}
	const change = `UPDATE target SET wanted = ?, preferred = CASE WHEN ? = 1 THEN 1 ELSE preferred END WHERE client_id = ? AND kind = ? AND url = ?`
	_, err := t.exec(ctx, change, int64(n.Wanted), number(n.Preferred), n.ClientID, webhook.Receipts, n.URL)
	return err
}

func number(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// Remove drops a target; what belongs to it is of no use from now on, and
// Forget clears it away.
func (w *Webhook) Remove(ctx context.Context, clientID int64, url string) error {
	return w.db.inTx(ctx, func(t tx) error {
		all, err := t.lockTargets(ctx, clientID)
		if err != nil {
			return err
		}
		for _, r := range all {
			if r.URL == url && r.Preferred && len(all) > 1 {
				return fmt.Errorf("%w: others", fs.ErrExist)
			}
		}
		return found(t.exec(ctx, `DELETE FROM target WHERE client_id = ? AND kind = ? AND url = ?`, clientID, webhook.Receipts, url))
	})
}

// Backlog reads the ends of the indices.
func (w *Webhook) Backlog(ctx context.Context) (b webhook.Backlog, err error) {
	var now struct {
		Due    int   `db:"due"`
		Oldest int64 `db:"oldest"`
		Dead   int   `db:"dead"`
	}
	const query = `SELECT
		(SELECT COUNT(*) FROM (SELECT 1 FROM delivery WHERE due_at <= {now} LIMIT 100000) AS d) AS due,
		COALESCE({now} - (SELECT MIN(due_at) FROM delivery WHERE due_at <= {now}), 0) AS oldest,
		(SELECT COUNT(*) FROM (SELECT 1 FROM delivery WHERE dead_at > 0 LIMIT 100000) AS l) AS dead`
	if err := w.db.run().get(ctx, &now, query); err != nil {
		return b, err
	}
	b = webhook.Backlog{Due: now.Due, Oldest: time.Duration(now.Oldest) * time.Millisecond, Dead: now.Dead}
	b.Unread, b.Behind, err = w.unread(ctx)
	return b, err
}

// unread looks at the first line after the cursor and counts the rest.
func (w *Webhook) unread(ctx context.Context) (lines int, behind time.Duration, err error) {
	const count = `SELECT COUNT(*) FROM (SELECT 1 FROM feed WHERE id > (SELECT position FROM feed_reader WHERE id = 1) LIMIT 100000) AS f`
	const oldest = `SELECT {now} - created_at FROM feed WHERE id > (SELECT position FROM feed_reader WHERE id = 1) ORDER BY id LIMIT 1`
	if err := w.db.run().get(ctx, &lines, count); err != nil || lines == 0 {
		return 0, 0, err
	}
	var ms int64
	err = w.db.run().get(ctx, &ms, oldest)
	if errors.Is(err, fs.ErrNotExist) { // read meanwhile
		return 0, 0, nil
	}
	return lines, time.Duration(ms) * time.Millisecond, err
}
