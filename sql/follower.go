package sql

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"time"

	"wechattpp/sender"
	"wechattpp/wechat"
)

// Follower keeps who follows.
type Follower struct{ db *DB }

var _ sender.FollowerStore = (*Follower)(nil)

// Follower gives the store of followers.
func (db *DB) Follower() *Follower { return &Follower{db} }

type pullRow struct {
	ID       int64  `db:"id"`
	AppID    string `db:"app_id"`
	Sender   string `db:"sender"`
	Round    int64  `db:"round"`
	Done     int64  `db:"done"`
	Next     string `db:"next_openid"`
	Total    int    `db:"total"`
	Seen     int    `db:"seen"`
	Started  int64  `db:"started_at"`
	Finished int64  `db:"finished_at"`
	Due      *int64 `db:"due_at"`
	Claim    int64  `db:"claim"`
	Failures int    `db:"failures"`
	Problem  string `db:"problem"`
}

const pullSQL = `SELECT id, app_id, sender, round, done, next_openid, total, seen, started_at, finished_at, due_at, claim, failures, problem FROM follower_pull WHERE `

func (r pullRow) pull() sender.Pull {
	return sender.Pull{ID: r.ID, AppID: r.AppID, Sender: r.Sender, Round: r.Round, Next: r.Next, Total: r.Total, Seen: r.Seen, Running: r.Due != nil,
		Done: r.Done == r.Round, Failures: r.Failures, Problem: r.Problem, Started: moment(r.Started), Finished: moment(r.Finished), Claim: r.Claim}
}

// BeginPull begins a round. One that failed is begun again under its number.
func (f *Follower) BeginPull(ctx context.Context, appID, code string) (p sender.Pull, err error) {
	id, err := f.db.ids.take(ctx, "follower_pull", 1)
	if err != nil {
		return p, err
	}
	err = f.db.inTx(ctx, func(t tx) error {
		const insert = `INSERT INTO follower_pull (id, app_id, sender, round, done, next_openid, total, seen, started_at, finished_at, due_at, claim, failures, problem)
			VALUES (?, ?, ?, 0, 0, '', 0, 0, 0, 0, NULL, 0, 0, '')`
		if _, err := t.exec(ctx, insert+f.db.orIgnore("id"), id, appID, code); err != nil {
			return err
		}
		const begin = `UPDATE follower_pull SET round = done + 1, sender = ?, next_openid = '', total = 0, seen = 0, started_at = {now}, due_at = {now}, claim = 0, failures = 0, problem = ''
			WHERE app_id = ? AND due_at IS NULL`
		if _, err := t.exec(ctx, begin, code, appID); err != nil {
			return err
		}
		p, err = readPull(ctx, t.runner, appID)
		return err
	})
	return p, err
}

// Pull reads the state of an account's pull.
func (f *Follower) Pull(ctx context.Context, appID string) (sender.Pull, error) {
	return readPull(ctx, f.db.run(), appID)
}

func readPull(ctx context.Context, r runner, appID string) (sender.Pull, error) {
	var row pullRow
	err := r.get(ctx, &row, pullSQL+`app_id = ?`, appID)
	return row.pull(), err
}

// ClaimPulls takes leases.
func (f *Follower) ClaimPulls(ctx context.Context, limit int, lease time.Duration) ([]sender.Pull, error) {
	ids, claim, err := f.db.claimDue(ctx, "follower_pull", limit, lease)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	var rows []pullRow
	if err := f.db.run().all(ctx, &rows, pullSQL+`id IN (?) AND claim = ?`, ids, claim); err != nil {
		return nil, err
	}
	won := make([]sender.Pull, len(rows))
	for i, r := range rows {
		won[i] = r.pull()
	}
	return won, nil
}

// SavePage adds a page in one transaction with the state of the pull.
func (f *Follower) SavePage(ctx context.Context, p sender.Pull, page wechat.FollowerPage) error {
	ids := slices.DeleteFunc(slices.Clone(page.OpenIDs), func(id string) bool { return id == "" || len(id) > 64 })
	return f.db.inTx(ctx, func(t tx) error {
		const next = `UPDATE follower_pull SET next_openid = ?, total = ?, seen = seen + ?, failures = 0, problem = '', due_at = {now} WHERE id = ? AND claim = ?`
		n, err := t.exec(ctx, next, page.Next, page.Total, len(ids), p.ID, p.Claim)
		if err != nil || n == 0 {
			return err // another one has the pull
		}
		for part := range slices.Chunk(ids, 1000) {
			if err := t.saw(ctx, p, part); err != nil {
				return err
			}
		}
		if page.Next != "" {
			return nil
		}
		return t.finishPull(ctx, p)
	})
}

// saw notes followers of a page. Who left after the round began stays away.
func (t tx) saw(ctx context.Context, p sender.Pull, ids []string) error {
	const again = `UPDATE follower SET seen = ?, round = CASE WHEN following = 0 THEN ? ELSE round END, since = CASE WHEN following = 0 THEN {now} ELSE since END, following = 1,
		event_at = CASE WHEN event_at < ? THEN ? ELSE event_at END WHERE app_id = ? AND openid IN (?) AND (following = 1 OR event_at < ?)`
	began := p.Started.UnixMilli() // the page is no older word than that
	if _, err := t.exec(ctx, again, p.Round, p.Round, began, began, p.AppID, ids, began); err != nil {
		return err
	}
	args := make([]any, 0, 5*len(ids))
	for _, id := range ids {
		args = append(args, p.AppID, id, p.Round, p.Round, began)
	}
	_, err := t.exec(ctx, `INSERT INTO follower (app_id, openid, following, round, seen, event_at, since) VALUES `+
		values(len(ids), "(?, ?, 1, ?, ?, ?, {now})")+t.db.orIgnore("openid"), args...)
	return err
}

// finishPull lets go whom the round did not see. They stay for a week as a mark
// against events that come late.
func (t tx) finishPull(ctx context.Context, p sender.Pull) error {
	const week = 7 * 24 * 3600 * 1000
	began := p.Started.UnixMilli()
	for _, s := range []step{
		{`UPDATE follower SET following = 0, event_at = ? WHERE app_id = ? AND following = 1 AND seen < ? AND event_at < ?`, []any{began, p.AppID, p.Round, began}},
		{`DELETE FROM follower WHERE app_id = ? AND following = 0 AND event_at < {now} - ?`, []any{p.AppID, week}},
		{`UPDATE follower_pull SET done = round, finished_at = {now}, due_at = NULL, claim = 0 WHERE id = ? AND claim = ?`, []any{p.ID, p.Claim}},
	} {
		if _, err := t.exec(ctx, s.query, s.args...); err != nil {
			return err
		}
	}
	return nil
}

// PutOff plans the next try.
func (f *Follower) PutOff(ctx context.Context, p sender.Pull, after time.Duration, problem string) error {
	_, err := f.db.run().exec(ctx, `UPDATE follower_pull SET due_at = {now} + ?, claim = 0, failures = failures + 1, problem = ? WHERE id = ? AND claim = ?`,
		after.Milliseconds(), problem, p.ID, p.Claim)
	return err
}

// FailPull gives the round up.
func (f *Follower) FailPull(ctx context.Context, p sender.Pull, problem string) error {
	_, err := f.db.run().exec(ctx, `UPDATE follower_pull SET due_at = NULL, claim = 0, failures = failures + 1, problem = ? WHERE id = ? AND claim = ?`, problem, p.ID, p.Claim)
	return err
}

// Follow keeps an event's word. A new follower belongs to the round that runs,
// else to the one that comes.
func (f *Follower) Follow(ctx context.Context, appID, openID string, following bool, at time.Time) error {
	if openID == "" || len(openID) > 64 {
		return nil // no id that anything could be sent to
	}
	yes := 0
	if following {
		yes = 1
	}
	when := at.UnixMilli() + 999 // it tells the second only, and wins over a pull that began in it
	return f.db.inTx(ctx, func(t tx) error {
		p, err := readPull(ctx, t.runner, appID)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		round := p.Round
		if p.Done { // zero pulls, too
			round++
		}
		if err != nil {
			round = 1
		}
		const event = `UPDATE follower SET round = CASE WHEN following = 0 AND ? = 1 THEN ? ELSE round END, since = CASE WHEN following = 0 AND ? = 1 THEN {now} ELSE since END,
			following = ?, event_at = ? WHERE app_id = ? AND openid = ? AND event_at <= ?`
		if _, err := t.exec(ctx, event, yes, round, yes, yes, when, appID, openID, when); err != nil {
			return err
		}
		_, err = t.exec(ctx, `INSERT INTO follower (app_id, openid, following, round, seen, event_at, since) VALUES (?, ?, ?, ?, 0, ?, {now})`+f.db.orIgnore("openid"),
			appID, openID, yes, round, when)
		return err
	})
}

// Followers lists who follows.
func (f *Follower) Followers(ctx context.Context, appID, after string, limit int, fresh bool) ([]sender.Follower, error) {
	const columns = `SELECT f.openid, f.since, COALESCE(p.done, 0) AS done, f.round FROM follower f LEFT JOIN follower_pull p ON p.app_id = f.app_id
		WHERE f.app_id = ? AND f.openid > ? AND f.following = 1`
	only := ``
	if fresh {
		only = ` AND f.round = COALESCE(p.done, 0)`
	}
	var rows []struct {
		OpenID string `db:"openid"`
		Since  int64  `db:"since"`
		Done   int64  `db:"done"`
		Round  int64  `db:"round"`
	}
	if err := f.db.run().all(ctx, &rows, columns+only+` ORDER BY f.openid LIMIT ?`, appID, after, limit); err != nil {
		return nil, err
	}
	all := make([]sender.Follower, len(rows))
	for i, r := range rows {
		all[i] = sender.Follower{OpenID: r.OpenID, Since: time.UnixMilli(r.Since), New: r.Round == r.Done}
	}
	return all, nil
}
