package sql

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"wechattpp/webhook"
)

// Claim claims due targets of one class, and opens the secrets that go with
// their deliveries. Targets of clients that are gone are dropped.
func (w *Webhook) Claim(ctx context.Context, failing bool, limit int, lease time.Duration) ([]webhook.Job, error) {
	class := "failures = 0"
	if failing {
		class = "failures > 0"
	}
	ids, claim, err := w.db.claimWhere(ctx, "target", class, limit, lease)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	var rows []*targetRow
	if err := w.db.run().all(ctx, &rows, targetColumns+`WHERE id IN (?) AND claim = ? ORDER BY id`, ids, claim); err != nil {
		return nil, err
	}
	jobs := make([]webhook.Job, 0, len(rows))
	for _, r := range rows {
		c, err := w.db.Access().Client(ctx, r.ClientID)
		if errors.Is(err, fs.ErrNotExist) {
			if _, err := w.db.run().exec(ctx, `DELETE FROM target WHERE id = ?`, r.ID); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		j := webhook.Job{Target: r.target(), Claim: claim, ChannelKey: c.ChannelKey, Secret: c.Secret, Failures: r.Failures}
		if r.FailingSince > 0 {
			j.FailingFor = time.Duration(r.Now-r.FailingSince) * time.Millisecond
		}
		jobs = append(jobs, j)
	}
	return jobs, nil
}

// nextBytes bounds what Next reads: it is held for each target that is served.
const nextBytes = 256 << 10

// Next seals what is due, so that nothing is added to what is under way, and
// reads it.
func (w *Webhook) Next(ctx context.Context, j *webhook.Job, limit int) ([]webhook.Delivery, error) {
	r := w.db.run()
	if err := w.seal(ctx, j); err != nil {
		return nil, err
	}
	var sizes []struct {
		ID   int64 `db:"id"`
		Size int   `db:"size"`
	}
	const due = `SELECT id, LENGTH(body) AS size FROM delivery WHERE target_id = ? AND sealed = 1 AND due_at <= {now} ORDER BY due_at, id LIMIT ?`
	if err := r.all(ctx, &sizes, due, j.ID, limit); err != nil || len(sizes) == 0 {
		return nil, err
	}
	var ids []int64
	sum := 0
	for _, s := range sizes {
		if sum += s.Size; sum > nextBytes && len(ids) > 0 {
			break
		}
		ids = append(ids, s.ID)
	}
	return r.deliveries(ctx, ids)
}

// seal locks the target before its deliveries, as the reader of the feed does:
// in the other order the two would wait for each other.
func (w *Webhook) seal(ctx context.Context, j *webhook.Job) error {
	var open int
	err := w.db.run().get(ctx, &open, `SELECT COUNT(*) FROM delivery WHERE target_id = ? AND sealed = 0 AND due_at <= {now}`, j.ID)
	if err != nil || open == 0 {
		return err
	}
	return w.db.inTx(ctx, func(t tx) error {
		if lost, err := t.lost(ctx, j); err != nil || lost {
			return err
		}
		_, err := t.exec(ctx, `UPDATE delivery SET sealed = 1 WHERE target_id = ? AND sealed = 0 AND due_at <= {now}`, j.ID)
		return err
	})
}

func (r runner) deliveries(ctx context.Context, ids []int64) ([]webhook.Delivery, error) {
	var rows []struct {
		ID        int64  `db:"id"`
		Attempts  int    `db:"attempts"`
		Records   int    `db:"records"`
		CreatedAt int64  `db:"created_at"`
		Body      []byte `db:"body"`
	}
	const query = `SELECT id, attempts, records, created_at, body FROM delivery WHERE id IN (?) ORDER BY due_at, id`
	err := r.all(ctx, &rows, query, ids)
	all := make([]webhook.Delivery, len(rows))
	for i, d := range rows {
		all[i] = webhook.Delivery{ID: d.ID, Attempts: d.Attempts, Records: d.Records, Body: d.Body, CreatedAt: moment(d.CreatedAt)}
	}
	return all, err
}

// Settle deletes what was delivered: nobody asks for it any more.
func (w *Webhook) Settle(ctx context.Context, j *webhook.Job, results []webhook.Result) (lost bool, err error) {
	err = w.db.inTx(ctx, func(t tx) error {
		if lost, err = t.lost(ctx, j); err != nil || lost {
			return err
		}
		var done []int64
		var failed *webhook.Result
		for i, res := range results {
			if res.Error == "" {
				done = append(done, res.Delivery)
				continue
			}
			failed = &results[i]
			if err := t.putOff(ctx, failed); err != nil {
				return err
			}
		}
		if len(done) > 0 {
			if _, err := t.exec(ctx, `DELETE FROM delivery WHERE id IN (?)`, done); err != nil {
				return err
			}
			const well = `UPDATE target SET success_at = {now}, failures = 0, failing_since = 0 WHERE id = ?`
			if _, err := t.exec(ctx, well, j.ID); err != nil {
				return err
			}
		}
		if failed == nil {
			return nil
		}
		const ill = `UPDATE target SET error_at = {now}, error = ?, failures = failures + 1, failing_since = CASE WHEN failing_since = 0 THEN {now} ELSE failing_since END WHERE id = ?`
		_, err := t.exec(ctx, ill, clip(failed.Error), j.ID)
		return err
	})
	return lost, err
}

// lost tells whether a claim has passed to another; while it has not, nobody
// else takes the target until the transaction ends.
func (t tx) lost(ctx context.Context, j *webhook.Job) (bool, error) {
	n, err := t.exec(ctx, `UPDATE target SET claim = claim WHERE id = ? AND claim = ?`, j.ID, j.Claim)
	return n == 0, err
}

// putOff lets a delivery come again, or makes a dead letter of it.
func (t tx) putOff(ctx context.Context, res *webhook.Result) error {
	if res.Again > 0 {
		_, err := t.exec(ctx, `UPDATE delivery SET attempts = attempts + 1, due_at = {now} + ?, error = ? WHERE id = ?`,
			res.Again.Milliseconds(), clip(res.Error), res.Delivery)
		return err
	}
	_, err := t.exec(ctx, `UPDATE delivery SET attempts = attempts + 1, due_at = NULL, dead_at = {now}, error = ? WHERE id = ?`,
		clip(res.Error), res.Delivery)
	return err
}

// GiveUp makes dead letters of what has waited too long.
func (w *Webhook) GiveUp(ctx context.Context, j *webhook.Job, waited time.Duration, limit int) (records, n int, err error) {
	err = w.db.inTx(ctx, func(t tx) error {
		records, n = 0, 0
		if lost, err := t.lost(ctx, j); err != nil || lost {
			return err
		}
		var rows []struct {
			ID      int64 `db:"id"`
			Records int   `db:"records"`
		}
		const late = `SELECT id, records FROM delivery WHERE target_id = ? AND sealed = 1 AND due_at < {now} - ? ORDER BY due_at LIMIT ?`
		if err := t.all(ctx, &rows, late, j.ID, waited.Milliseconds(), limit); err != nil || len(rows) == 0 {
			return err
		}
		ids := make([]int64, len(rows))
		for i, r := range rows {
			ids[i], records = r.ID, records+r.Records
		}
		n = len(ids)
		const bury = `UPDATE delivery SET due_at = NULL, dead_at = {now}, error = (SELECT error FROM target WHERE id = ?) WHERE id IN (?)`
		_, err := t.exec(ctx, bury, j.ID, ids)
		return err
	})
	return records, n, err
}

// Release ends a claim. The next delivery is looked for while the target is
// locked, so that one added meanwhile is either seen here or sees no claim.
func (w *Webhook) Release(ctx context.Context, j *webhook.Job, rest time.Duration) error {
	return w.db.inTx(ctx, func(t tx) error {
		const free = `UPDATE target SET claim = 0, due_at = NULL, rest_until = {now} + ? WHERE id = ? AND claim = ?`
		if n, err := t.exec(ctx, free, rest.Milliseconds(), j.ID, j.Claim); err != nil || n == 0 {
			return err
		}
		return t.nextDue(ctx, []int64{j.ID})
	})
}

// nextDue makes locked targets that nobody has claimed due with their next
// deliveries.
func (t tx) nextDue(ctx context.Context, targets []int64) error {
	const query = `UPDATE target SET due_at = (SELECT CASE WHEN MIN(d.due_at) < rest_until THEN rest_until ELSE MIN(d.due_at) END
		FROM delivery d WHERE d.target_id = target.id AND d.sealed IN (0, 1) AND d.due_at IS NOT NULL) WHERE id IN (?) AND claim = 0`
	_, err := t.exec(ctx, query, targets)
	return err
}
