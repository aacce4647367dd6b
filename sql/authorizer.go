package sql

import (
	"context"
	"encoding/json"
	"io/fs"
	"slices"
	"time"

	"wechattpp/authorizer"
	"wechattpp/token"
	"wechattpp/wechat"
)

// Authorizer keeps the invitations, exchanges and accounts of one component.
type Authorizer struct {
	db  *DB
	app string // the component's
}

var _ authorizer.Store = (*Authorizer)(nil)

// Authorizer gives the store of a component's authorizers.
func (db *DB) Authorizer(componentAppID string) *Authorizer { return &Authorizer{db, componentAppID} }

type accountRow struct {
	ID           int64   `db:"id"`
	AppID        string  `db:"app_id"`
	Status       string  `db:"status"`
	Sender       *string `db:"sender"`
	Wanted       *string `db:"wanted"`
	WantedKind   string  `db:"wanted_kind"`
	Waiting      string  `db:"waiting"`
	Authorized   int64   `db:"authorized_at"`
	Unauthorized int64   `db:"unauthorized_at"`
	Sets         string  `db:"sets"`
	Kind         string  `db:"kind"`
	UserName     string  `db:"user_name"`
	Profile      *string `db:"profile"`
	Failures     int     `db:"failures"`
	Problem      string  `db:"problem"`
	Cause        string  `db:"cause"`
	ProfileAt    int64   `db:"profile_at"`
	VerifiedAt   int64   `db:"verified_at"`
	Claim        int64   `db:"claim"`
}

const accountColumns = `id, app_id, status, sender, wanted, wanted_kind, waiting, authorized_at, unauthorized_at, sets, kind, user_name, profile, failures, problem, cause, profile_at, verified_at, claim`

func (r accountRow) account() (authorizer.Account, error) {
	a := authorizer.Account{ID: r.ID, AppID: r.AppID, Status: r.Status, WantedKind: r.WantedKind, Waiting: r.Waiting, AuthorizedAt: moment(r.Authorized),
		UnauthorizedAt: moment(r.Unauthorized), Kind: r.Kind, UserName: r.UserName, Failures: r.Failures, Problem: r.Problem,
		Cause: wechat.ParseCause(r.Cause), ProfileAt: moment(r.ProfileAt), VerifiedAt: moment(r.VerifiedAt), Claim: r.Claim}
	if r.Sender != nil {
		a.Sender = *r.Sender
	}
	if r.Wanted != nil {
		a.Wanted = *r.Wanted
	}
	if err := json.Unmarshal([]byte(r.Sets), &a.Sets); err != nil || r.Profile == nil {
		return a, err
	}
	return a, json.Unmarshal([]byte(*r.Profile), &a.Profile)
}

// moment is a time of a column; 0 is none.
func moment(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}

func (a *Authorizer) one(ctx context.Context, where string, args ...any) (authorizer.Account, error) {
	var r accountRow
	err := a.db.run().get(ctx, &r, `SELECT `+accountColumns+` FROM authorizer WHERE component_app_id = ? AND `+where, append([]any{a.app}, args...)...)
	if err != nil {
		return authorizer.Account{}, err
	}
	return r.account()
}

// Account reads one by AppID.
func (a *Authorizer) Account(ctx context.Context, appID string) (authorizer.Account, error) {
	return a.one(ctx, `app_id = ?`, appID)
}

// BySender reads the one bound to a sender.
func (a *Authorizer) BySender(ctx context.Context, sender string) (authorizer.Account, error) {
	return a.one(ctx, `sender = ?`, sender)
}

func (a *Authorizer) many(ctx context.Context, where string, args ...any) ([]authorizer.Account, error) {
	var rows []accountRow
	if err := a.db.run().all(ctx, &rows, `SELECT `+accountColumns+` FROM authorizer WHERE `+where, args...); err != nil {
		return nil, err
	}
	accounts := make([]authorizer.Account, len(rows))
	for i, r := range rows {
		var err error
		if accounts[i], err = r.account(); err != nil {
			return nil, err
		}
	}
	return accounts, nil
}

// List reads a page.
func (a *Authorizer) List(ctx context.Context, f authorizer.Filter, after string, limit int) ([]authorizer.Account, error) {
	where, args := `component_app_id = ? AND app_id > ?`, []any{a.app, after}
	if f.Claimed != nil {
		where += map[bool]string{true: ` AND sender IS NOT NULL`, false: ` AND sender IS NULL`}[*f.Claimed]
	}
	if f.Finding != "" {
		where += ` AND app_id IN (SELECT owner FROM finding WHERE component_app_id = ? AND kind = ? AND code = ?)`
		args = append(args, a.app, token.Authorizer, f.Finding)
	}
	return a.many(ctx, where+` ORDER BY app_id LIMIT ?`, append(args, limit)...)
}

// ClaimProfiles takes the leases of accounts whose profile is due.
func (a *Authorizer) ClaimProfiles(ctx context.Context, limit int, lease time.Duration) ([]authorizer.Account, error) {
	ids, claim, err := a.db.claimDue(ctx, "authorizer", limit, lease)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	return a.many(ctx, `id IN (?) AND claim = ?`, ids, claim)
}

// SaveProfile stores a profile and the binding. A claim that has passed to
// another is no error: the other one does the same.
func (a *Authorizer) SaveProfile(ctx context.Context, acc authorizer.Account, next time.Duration) error {
	profile, err := json.Marshal(acc.Profile)
	if err != nil {
		return err
	}
	return a.db.inTx(ctx, func(x tx) error {
		n, err := x.exec(ctx, `UPDATE authorizer SET kind = ?, user_name = ?, profile = ?, sets = ?, waiting = ?, due_at = {now} + ?, profile_at = {now}, claim = 0, failures = 0, problem = ''
WHERE id = ? AND claim = ?`, acc.Kind, acc.UserName, string(profile), setsText(acc.Sets), acc.Waiting, next.Milliseconds(), acc.ID, acc.Claim)
		if err != nil || n == 0 {
			return err
		}
		if acc.Wanted != "" && acc.Waiting == "" {
			if _, err := x.exec(ctx, `UPDATE authorizer SET sender = wanted, wanted = NULL WHERE id = ?`, acc.ID); err != nil {
				return err
			}
			if err := x.bindSender(ctx, acc.Wanted, acc.AppID); err != nil {
				return err
			}
		}
		return x.healthOf(ctx, a.app, acc.AppID)
	})
}

// healthOf assesses accounts.
func (x tx) healthOf(ctx context.Context, app string, appIDs ...string) error {
	for _, id := range appIDs {
		if err := x.health(ctx, app, token.Owner{Kind: token.Authorizer, ID: id}); err != nil {
			return err
		}
	}
	return nil
}

func setsText(sets []int) string {
	sets = slices.Clone(sets)
	slices.Sort(sets)
	text, err := json.Marshal(append([]int{}, slices.Compact(sets)...))
	if err != nil {
		panic("sql: numbers as JSON: " + err.Error()) // cannot be
	}
	return string(text)
}

// RetryProfile plans the next try.
func (a *Authorizer) RetryProfile(ctx context.Context, acc authorizer.Account, after time.Duration, problem string, cause wechat.Cause) error {
	return a.db.inTx(ctx, func(x tx) error {
		n, err := x.exec(ctx, `UPDATE authorizer SET due_at = {now} + ?, claim = 0, failures = failures + 1, problem = ?, cause = ? WHERE id = ? AND claim = ?`,
			after.Milliseconds(), problem, cause.Text(), acc.ID, acc.Claim)
		if err != nil || n == 0 {
			return err
		}
		return x.healthOf(ctx, a.app, acc.AppID)
	})
}

// RefreshProfile makes a profile due.
func (a *Authorizer) RefreshProfile(ctx context.Context, appID string, every time.Duration) (due bool, err error) {
	n, err := a.db.run().exec(ctx, `UPDATE authorizer SET due_at = {now}, verified_at = {now} WHERE component_app_id = ? AND app_id = ? AND status = ? AND due_at > {now} AND claim = 0 AND verified_at <= {now} - ?`,
		a.app, appID, authorizer.Authorized, every.Milliseconds())
	return n > 0, err
}

// Bind gives an account to a sender.
func (a *Authorizer) Bind(ctx context.Context, appID, sender string) error {
	return a.db.inTx(ctx, func(x tx) error {
		before, err := x.unbind(ctx, a.app, sender, appID)
		if err != nil {
			return err
		}
		n, err := x.exec(ctx, `UPDATE authorizer SET sender = ?, wanted = NULL, wanted_kind = '', waiting = '' WHERE component_app_id = ? AND app_id = ?`, sender, a.app, appID)
		if err != nil {
			return err
		}
		if n == 0 {
			return fs.ErrNotExist // rolls the first statement back
		}
		if err := x.bindSender(ctx, sender, appID); err != nil {
			return err
		}
		return x.healthOf(ctx, a.app, append(before, appID)...)
	})
}

// unbind takes a sender from the accounts that speak for it, but for one, and
// answers which they were.
func (x tx) unbind(ctx context.Context, app, sender, but string) (appIDs []string, err error) {
	const which = ` WHERE component_app_id = ? AND sender = ? AND app_id <> ?`
	if err := x.all(ctx, &appIDs, `SELECT app_id FROM authorizer`+which, app, sender, but); err != nil || len(appIDs) == 0 {
		return nil, err
	}
	_, err = x.exec(ctx, `UPDATE authorizer SET sender = NULL`+which, app, sender, but)
	return appIDs, err
}

// Unauthorize ends an authorization and stops its token.
func (a *Authorizer) Unauthorize(ctx context.Context, acc authorizer.Account, e authorizer.Ending) (done bool, err error) {
	err = a.db.inTx(ctx, func(x tx) error {
		at := unixMilli(e.At)
		n, err := x.exec(ctx, `UPDATE authorizer SET status = ?, unauthorized_at = CASE WHEN ? > 0 THEN ? ELSE {now} END, told = CASE WHEN ? > 0 THEN 1 ELSE 0 END,
due_at = NULL, claim = 0, problem = ?, cause = ? WHERE component_app_id = ? AND app_id = ? AND authorized_at = ? AND status = ?`,
			authorizer.Unauthorized, at, at, at, e.Problem, e.Cause.Text(), a.app, acc.AppID, unixMilli(acc.AuthorizedAt), authorizer.Authorized)
		if done = n > 0; err != nil || !done {
			return err
		}
		if err := x.stopToken(ctx, a.app, token.Owner{Kind: token.Authorizer, ID: acc.AppID}, e.Problem); err != nil {
			return err
		}
		return x.healthOf(ctx, a.app, acc.AppID)
	})
	return done, err
}

// BeginVerify lets one of those who doubt an account ask after it.
func (a *Authorizer) BeginVerify(ctx context.Context, appID string, every time.Duration) (mine bool, err error) {
	n, err := a.db.run().exec(ctx, `UPDATE authorizer SET verified_at = {now} WHERE component_app_id = ? AND app_id = ? AND verified_at <= {now} - ?`, a.app, appID, every.Milliseconds())
	return n > 0, err
}

// Concluded counts accounts that ended by our own conclusion.
func (a *Authorizer) Concluded(ctx context.Context, within time.Duration) (ended, of int, err error) {
	var r struct {
		Ended int `db:"ended"`
		Alive int `db:"alive"`
	}
	err = a.db.run().get(ctx, &r, `SELECT COALESCE(SUM(CASE WHEN status = ? AND told = 0 AND unauthorized_at > {now} - ? THEN 1 ELSE 0 END), 0) AS ended,
COALESCE(SUM(CASE WHEN status = ? THEN 1 ELSE 0 END), 0) AS alive FROM authorizer WHERE component_app_id = ?`,
		authorizer.Unauthorized, within.Milliseconds(), authorizer.Authorized, a.app)
	return r.Ended, r.Ended + r.Alive, err
}

func unixMilli(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
