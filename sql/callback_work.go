package sql

import (
	"context"
	"time"

	"wechattpp/callback"
)

// job is a claimed row as it lies in the table.
type job struct {
	ID             int64  `db:"id"`
	ComponentAppID string `db:"component_app_id"`
	AppID          string `db:"app_id"`
	Sender         string `db:"sender"`
	Source         int8   `db:"source"`
	Type           string `db:"type"`
	User           string `db:"user"`
	CreatedAt      int64  `db:"created_at"`
	ReceivedAt     int64  `db:"received_at"`
	Dedup          []byte `db:"dedup"`
	Body           []byte `db:"body"`
	Sealed         bool   `db:"sealed"`
	Held           int8   `db:"held"`
	Attempts       int    `db:"attempts"`
	Age            int64  `db:"age"`
}

const jobSQL = eventColumns + `WHERE id IN (?) AND claim = ?`

const eventColumns = `SELECT id, component_app_id, app_id, sender, source, type, user, created_at, received_at, dedup, body, sealed, held, attempts,
	{now} - received_at AS age FROM event `

// Claim claims due events and reads them.
func (c *Callback) Claim(ctx context.Context, limit int, lease time.Duration) ([]callback.Job, error) {
	ids, claim, err := c.db.claimDue(ctx, "event", limit, lease)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	var rows []job
	if err := c.db.run().all(ctx, &rows, jobSQL, ids, claim); err != nil {
		return nil, err
	}
	jobs := make([]callback.Job, len(rows))
	for i := range rows {
		if jobs[i], err = c.job(&rows[i], claim); err != nil {
			return nil, err
		}
	}
	return jobs, nil
}

func (c *Callback) job(r *job, claim int64) (callback.Job, error) {
	e, err := c.event(r)
	return callback.Job{Event: e, Claim: claim, Attempts: r.Attempts, Age: time.Duration(r.Age) * time.Millisecond}, err
}

func (c *Callback) event(r *job) (e callback.Event, err error) {
	e = callback.Event{
		ID: r.ID, ComponentAppID: r.ComponentAppID, AppID: r.AppID, Sender: r.Sender, Source: callback.Source(r.Source), Type: r.Type, User: r.User,
		CreatedAt: time.UnixMilli(r.CreatedAt), ReceivedAt: time.UnixMilli(r.ReceivedAt), Body: r.Body, Secret: r.Sealed, Due: true, Held: r.Held == 1,
	}
	copy(e.Dedup[:], r.Dedup)
	if r.Sealed {
		var plain string
		plain, err = c.db.open(r.Body, eventBinding(e.Dedup))
		e.Body = []byte(plain)
	}
	return e, err
}

const (
	doneEventSQL  = `UPDATE event SET due_at = NULL, problem = NULL WHERE id IN (?) AND claim = ?`
	retryEventSQL = `UPDATE event SET due_at = {now} + ?, attempts = attempts + 1, problem = ? WHERE id = ? AND claim = ?`
	leaveEventSQL = `UPDATE event SET due_at = NULL, problem = ? WHERE id = ? AND claim = ?`
	// 2: was held. The range that the event lies in must not tell of it again.
	releaseSQL = `UPDATE event SET held = 2 WHERE id = ? AND claim = ? AND held = 1`
)

// Done ends the work on the jobs of one claim.
func (c *Callback) Done(ctx context.Context, claim int64, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	_, err := c.db.run().exec(ctx, doneEventSQL, ids, claim)
	return err
}

// Retry puts a job off.
func (c *Callback) Retry(ctx context.Context, j *callback.Job, after time.Duration, problem string) error {
	_, err := c.db.run().exec(ctx, retryEventSQL, after.Milliseconds(), clip(problem), j.ID, j.Claim)
	return err
}

// GiveUp leaves an event with its problem.
func (c *Callback) GiveUp(ctx context.Context, j *callback.Job, problem string) error {
	_, err := c.db.run().exec(ctx, leaveEventSQL, clip(problem), j.ID, j.Claim)
	return err
}

// Release ends a hold: only now do business systems hear of the event.
func (c *Callback) Release(ctx context.Context, j *callback.Job) error {
	return c.db.inTx(ctx, func(t tx) error {
		n, err := t.exec(ctx, releaseSQL, j.ID, j.Claim)
		if err != nil || n == 0 {
			return err
		}
		return t.feed(ctx, line{AppID: j.AppID, Type: j.Type, EventID: j.ID})
	})
}

const (
	pageEventsSQL   = `SELECT id, received_at < {now} - ? AS old, due_at IS NOT NULL AS due FROM event WHERE id >= ? ORDER BY id LIMIT ?`
	forgetEventsSQL = `DELETE FROM event WHERE id IN (?) AND due_at IS NULL`
)

// Forget goes along the primary key, which follows time by some seconds: an
// index on received_at would be paid for by every push.
func (c *Callback) Forget(ctx context.Context, age time.Duration, from int64, limit int) (deleted int, next int64, err error) {
	var page []struct {
		ID  int64 `db:"id"`
		Old bool  `db:"old"`
		Due bool  `db:"due"`
	}
	if err := c.db.run().all(ctx, &page, pageEventsSQL, age.Milliseconds(), from, limit); err != nil {
		return 0, from, err
	}
	var old []int64
	for _, e := range page {
		if e.Old && !e.Due {
			old = append(old, e.ID)
		}
	}
	if n := len(page); n == limit && page[n-1].Old {
		next = page[n-1].ID + 1
	}
	if len(old) == 0 {
		return 0, next, nil
	}
	n, err := c.db.run().exec(ctx, forgetEventsSQL, old)
	return int(n), next, err
}

// clip fits a text into problem, which holds 255 characters.
func clip(text string) string { return clipTo(text, 255) }

func clipTo(text string, n int) string {
	r := []rune(text)
	return string(r[:min(len(r), n)])
}
