package sql

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"wechattpp/authorizer"
	"wechattpp/token"
)

type runRow struct {
	Number      int64  `db:"run"`
	Phase       string `db:"phase"`
	Place       int64  `db:"place"`
	Total       int    `db:"total"`
	Pass        int    `db:"pass"`
	Seen        int    `db:"seen"`
	Adopted     int    `db:"adopted"`
	Renewed     int    `db:"renewed"`
	Unexchanged int    `db:"unexchanged"`
	Absent      int    `db:"absent"`
	Ended       int    `db:"ended"`
	Accept      bool   `db:"accept"`
	Due         *int64 `db:"due_at"`
	Claim       int64  `db:"claim"`
	Failures    int    `db:"failures"`
	Problem     string `db:"problem"`
	Alarm       string `db:"alarm"`
	Started     int64  `db:"started_at"`
	EndedAt     int64  `db:"ended_at"`
	Now         int64  `db:"clock"`
}

func (r runRow) run() authorizer.Run {
	run := authorizer.Run{Number: r.Number, Phase: r.Phase, Place: r.Place, Total: r.Total, Pass: r.Pass, Seen: r.Seen, Adopted: r.Adopted, Renewed: r.Renewed,
		Unexchanged: r.Unexchanged, Absent: r.Absent, Ended: r.Ended, Accept: r.Accept, Failures: r.Failures, Problem: r.Problem, Alarm: r.Alarm,
		Started: moment(r.Started), EndedAt: moment(r.EndedAt), Claim: r.Claim}
	if r.Due != nil {
		run.Due = ms(*r.Due - r.Now)
	}
	return run
}

// Run reads how far the comparison with the list is.
func (a *Authorizer) Run(ctx context.Context) (authorizer.Run, error) {
	var r runRow
	err := a.db.run().get(ctx, &r, `SELECT run, phase, place, total, pass, seen, adopted, renewed, unexchanged, absent, ended, accept, due_at, claim, failures, problem, alarm,
 started_at, ended_at, {now} AS clock FROM reconciliation WHERE component_app_id = ?`, a.app)
	if errors.Is(err, fs.ErrNotExist) {
		return authorizer.Run{}, nil
	}
	return r.run(), err
}

// RequestRun begins a run, or hastens the one that is under way.
func (a *Authorizer) RequestRun(ctx context.Context, accept bool, unless time.Duration) error {
	return a.db.inTx(ctx, func(x tx) error {
		if err := x.ensureRun(ctx, a.app); err != nil {
			return err
		}
		yes := 0
		if accept {
			yes = 1
		}
		n, err := x.exec(ctx, `UPDATE reconciliation SET run = run + 1, phase = ?, place = 0, total = 0, pass = 1, seen = 0, adopted = 0, renewed = 0, unexchanged = 0,
absent = 0, ended = 0, accept = ?, due_at = {now}, claim = 0, failures = 0, problem = '', started_at = {now}, ended_at = 0
WHERE component_app_id = ? AND phase = '' AND started_at <= {now} - ?`, authorizer.Listing, yes, a.app, unless.Milliseconds())
		if err != nil || n > 0 {
			return err
		}
		_, err = x.exec(ctx, `UPDATE reconciliation SET accept = CASE WHEN ? > 0 THEN 1 ELSE accept END, due_at = CASE WHEN claim = 0 THEN {now} ELSE due_at END
WHERE component_app_id = ? AND phase <> ''`, yes, a.app)
		return err
	})
}

func (x tx) ensureRun(ctx context.Context, app string) error {
	_, err := x.exec(ctx, `INSERT INTO reconciliation (component_app_id) VALUES (?)`+x.db.orIgnore("component_app_id"), app)
	return err
}

// ClaimRun takes the lease of the run.
func (a *Authorizer) ClaimRun(ctx context.Context, lease time.Duration) (authorizer.Run, bool, error) {
	claim := word()
	n, err := a.db.run().exec(ctx, `UPDATE reconciliation SET claim = ?, due_at = {now} + ? WHERE component_app_id = ? AND due_at <= {now}`, claim, lease.Milliseconds(), a.app)
	if err != nil || n == 0 {
		return authorizer.Run{}, false, err
	}
	r, err := a.Run(ctx)
	return r, err == nil && r.Claim == claim, err
}

// SaveRun ends the claim and stores how far the run is.
func (a *Authorizer) SaveRun(ctx context.Context, r authorizer.Run, after time.Duration) error {
	return a.db.inTx(ctx, func(x tx) error {
		n, err := x.exec(ctx, `UPDATE reconciliation SET phase = ?, place = ?, total = ?, pass = ?, seen = ?, adopted = ?, renewed = ?, unexchanged = ?, absent = ?, ended = ?,
due_at = CASE WHEN ? = '' THEN NULL ELSE {now} + ? END, ended_at = CASE WHEN ? = '' THEN {now} ELSE 0 END, claim = 0, failures = ?, problem = ?, alarm = ?
WHERE component_app_id = ? AND claim = ?`, r.Phase, r.Place, r.Total, r.Pass, r.Seen, r.Adopted, r.Renewed, r.Unexchanged, r.Absent, r.Ended,
			r.Phase, after.Milliseconds(), r.Phase, r.Failures, r.Problem, r.Alarm, a.app, r.Claim)
		if err != nil || n == 0 {
			return err
		}
		return x.health(ctx, a.app, token.Owner{Kind: token.Component, ID: a.app})
	})
}

// Alarm says that the vendor's word is not believed for now.
func (a *Authorizer) Alarm(ctx context.Context, text string) error {
	return a.db.inTx(ctx, func(x tx) error {
		if err := x.ensureRun(ctx, a.app); err != nil {
			return err
		}
		if _, err := x.exec(ctx, `UPDATE reconciliation SET alarm = ? WHERE component_app_id = ?`, text, a.app); err != nil {
			return err
		}
		return x.health(ctx, a.app, token.Owner{Kind: token.Component, ID: a.app})
	})
}

// Listed marks accounts as seen by a run.
func (a *Authorizer) Listed(ctx context.Context, run int64, appIDs []string) (int, error) {
	if len(appIDs) == 0 {
		return 0, nil
	}
	n, err := a.db.run().exec(ctx, `UPDATE authorizer SET listed_run = ? WHERE component_app_id = ? AND app_id IN (?) AND listed_run <> ?`, run, a.app, appIDs, run)
	return int(n), err
}

// What a run did not see. Accounts that authorized since it began may be behind
// the place that it had read.
const absentSQL = `component_app_id = ? AND status = ? AND listed_run <> ? AND authorized_at < ?`

// CountAbsent counts the accounts that a run did not see.
func (a *Authorizer) CountAbsent(ctx context.Context, r authorizer.Run) (absent, of int, err error) {
	if err := a.db.run().get(ctx, &absent, `SELECT COUNT(*) FROM authorizer WHERE `+absentSQL, a.app, authorizer.Authorized, r.Number, unixMilli(r.Started)); err != nil {
		return 0, 0, err
	}
	err = a.db.run().get(ctx, &of, `SELECT COUNT(*) FROM authorizer WHERE component_app_id = ? AND status = ?`, a.app, authorizer.Authorized)
	return absent, of, err
}

// Absent reads accounts that a run did not see, by id.
func (a *Authorizer) Absent(ctx context.Context, r authorizer.Run, limit int) ([]authorizer.Account, error) {
	return a.many(ctx, absentSQL+` AND id > ? ORDER BY id LIMIT ?`, a.app, authorizer.Authorized, r.Number, unixMilli(r.Started), r.Place, limit)
}
