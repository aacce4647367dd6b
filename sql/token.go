package sql

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"wechattpp/token"
	"wechattpp/wechat"
)

// Token keeps the tokens of one component's deployment.
type Token struct {
	db       *DB
	app      string // the component's
	saves    *group[tokenSave]
	releases *group[tokenRelease]
}

var _ token.Store = (*Token)(nil)

// Token gives the store of tokens for a component. Make one a process.
func (db *DB) Token(componentAppID string) *Token {
	t := &Token{db: db, app: componentAppID}
	t.saves = newGroup(db, "tokens", company, t.flushSaves, nil)
	t.releases = newGroup(db, "token_leases", company, t.flushReleases, nil)
	return t
}

type tokenRow struct {
	ID      int64  `db:"id"`
	Kind    string `db:"kind"`
	Owner   string `db:"owner"`
	Access  []byte `db:"access"`
	Refresh []byte `db:"refresh"`
	Issued  int64  `db:"issued_at"`
	Expires int64  `db:"expires_at"`
	Version int64  `db:"version"`
	Due     *int64 `db:"due_at"`
	Claim   int64  `db:"claim"`
	Fails   int    `db:"failures"`
	Problem string `db:"problem"`
	Now     int64  `db:"clock"`
}

const tokenColumns = `id, kind, owner, access, refresh, issued_at, expires_at, version, due_at, claim, failures, problem, {now} AS clock`

func (t *Token) kept(r tokenRow) (k token.Kept, err error) {
	k = token.Kept{
		ID: r.ID, Owner: token.Owner{Kind: r.Kind, ID: r.Owner}, Version: r.Version, Claim: r.Claim, Failures: r.Fails, Problem: r.Problem,
		Life: ms(r.Expires - r.Issued), Left: ms(r.Expires - r.Now), Age: ms(r.Now - r.Issued), Resting: r.Due == nil, Held: r.Claim != 0,
	}
	if r.Due != nil {
		k.Due = ms(*r.Due - r.Now)
	}
	if k.Access, err = t.db.open(r.Access, tokenBinding(t.app, k.Owner, "access")); err != nil {
		return k, err
	}
	k.Refresh, err = t.db.open(r.Refresh, tokenBinding(t.app, k.Owner, "refresh"))
	return k, err
}

func ms(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

func tokenBinding(app string, o token.Owner, column string) string {
	return "token/" + app + "/" + o.Kind + "/" + o.ID + "/" + column
}

// Load reads a row.
func (t *Token) Load(ctx context.Context, o token.Owner) (token.Kept, error) {
	var r tokenRow
	err := t.db.run().get(ctx, &r, `SELECT `+tokenColumns+` FROM token WHERE component_app_id = ? AND kind = ? AND owner = ?`, t.app, o.Kind, o.ID)
	if err != nil {
		return token.Kept{Owner: o}, err
	}
	return t.kept(r)
}

// A claim on demand. claim is not 0 only while somebody renews; a row that
// failed waits until it is due.
const claimTokenSQL = `UPDATE token SET claim = ?, due_at = {now} + ?
WHERE id = ? AND version = ? AND (due_at <= {now} OR (claim = 0 AND failures = 0 AND due_at IS NOT NULL))`

// Claim takes the lease of one row.
func (t *Token) Claim(ctx context.Context, k token.Kept, lease time.Duration) (token.Kept, bool, error) {
	claim := word()
	n, err := t.db.run().exec(ctx, claimTokenSQL, claim, lease.Milliseconds(), k.ID, k.Version)
	if err != nil || n == 0 {
		return k, false, err
	}
	k.Claim, k.Held, k.Due = claim, true, lease
	return k, true, nil
}

// ClaimDue is claimDue for one kind. Replicas that reach for the same rows at
// once get some of them each, or none: then there may be others.
func (t *Token) ClaimDue(ctx context.Context, kind string, limit int, lease time.Duration) ([]token.Kept, error) {
	for range 3 {
		var due []int64
		err := t.db.run().all(ctx, &due, `SELECT id FROM token WHERE component_app_id = ? AND kind = ? AND due_at <= {now} ORDER BY due_at LIMIT ?`, t.app, kind, limit)
		if err != nil || len(due) == 0 {
			return nil, err
		}
		claim := word()
		n, err := t.db.run().exec(ctx, `UPDATE token SET claim = ?, due_at = {now} + ? WHERE id IN (?) AND due_at <= {now}`, claim, lease.Milliseconds(), due)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			return t.claimed(ctx, due, claim)
		}
	}
	return nil, nil
}

func (t *Token) claimed(ctx context.Context, ids []int64, claim int64) ([]token.Kept, error) {
	var rows []tokenRow
	if err := t.db.run().all(ctx, &rows, `SELECT `+tokenColumns+` FROM token WHERE id IN (?) AND claim = ?`, ids, claim); err != nil {
		return nil, err
	}
	kept := make([]token.Kept, 0, len(rows))
	for _, r := range rows {
		r.Access = nil
		k, err := t.kept(r)
		if err != nil { // its lease ends by itself; one bad row must not keep the others
			t.db.log.Error("token cannot be opened", "app_id", r.Owner, "err", err)
			continue
		}
		kept = append(kept, k)
	}
	return kept, nil
}

// Refresh stores a refresh token and begins the lease anew.
func (t *Token) Refresh(ctx context.Context, k token.Kept, refresh string, lease time.Duration) error {
	sealed, err := t.db.seal(refresh, tokenBinding(t.app, k.Owner, "refresh"))
	if err != nil {
		return err
	}
	n, err := t.db.run().exec(ctx, `UPDATE token SET refresh = COALESCE(?, refresh), due_at = {now} + ? WHERE id = ? AND claim = ?`,
		sealed, lease.Milliseconds(), k.ID, k.Claim)
	return lostIfNone(n, err)
}

func lostIfNone(n int64, err error) error {
	if err == nil && n == 0 {
		return token.ErrLost
	}
	return err
}

// Begin makes sure that a row is there and due, unless it is healthy.
func (t *Token) Begin(ctx context.Context, o token.Owner, restart bool) error {
	return t.db.inTx(ctx, func(x tx) error { return x.beginToken(ctx, t.app, o, restart) })
}

// beginToken is for transactions that change what the token depends on. The
// component's findings stay until it has a token: tickets come all the time.
func (x tx) beginToken(ctx context.Context, app string, o token.Owner, restart bool) error {
	_, err := x.exec(ctx, `INSERT INTO token (component_app_id, kind, owner, due_at) VALUES (?, ?, ?, {now})`+x.db.orIgnore("kind"), app, o.Kind, o.ID)
	if err != nil {
		return err
	}
	const key = ` WHERE component_app_id = ? AND kind = ? AND owner = ?`
	q := `UPDATE token SET due_at = {now}, claim = 0, failures = 0, problem = ''` + key + ` AND (due_at IS NULL OR (failures > 0 AND claim = 0))`
	if restart {
		q = `UPDATE token SET due_at = {now}, claim = 0, failures = 0, problem = '', access = NULL, version = version + 1` + key
	}
	if _, err = x.exec(ctx, q, app, o.Kind, o.ID); err != nil || o.Kind == token.Component {
		return err
	}
	return x.health(ctx, app, o)
}

// Recheck lets a token be renewed now, unless it is younger than age or has
// failed already.
func (t *Token) Recheck(ctx context.Context, o token.Owner, age time.Duration) error {
	_, err := t.db.run().exec(ctx, `UPDATE token SET due_at = {now} WHERE component_app_id = ? AND kind = ? AND owner = ?
AND failures = 0 AND claim = 0 AND due_at > {now} AND issued_at < {now} - ?`, t.app, o.Kind, o.ID, age.Milliseconds())
	return err
}

// Stop lets a row rest.
func (t *Token) Stop(ctx context.Context, o token.Owner, problem string) error {
	return t.db.inTx(ctx, func(x tx) error {
		if err := x.stopToken(ctx, t.app, o, problem); err != nil {
			return err
		}
		return x.health(ctx, t.app, o)
	})
}

// stopToken keeps the refresh token: only the vendor can end it, and it may
// yet prove to work.
func (x tx) stopToken(ctx context.Context, app string, o token.Owner, problem string) error {
	_, err := x.exec(ctx, `UPDATE token SET access = NULL, due_at = NULL, claim = 0, version = version + 1, problem = ?, cause = ''
WHERE component_app_id = ? AND kind = ? AND owner = ?`, problem, app, o.Kind, o.ID)
	return err
}

// Put stores a token from elsewhere.
func (t *Token) Put(ctx context.Context, o token.Owner, lent wechat.Lent, age, due time.Duration) error {
	return t.db.inTx(ctx, func(x tx) error {
		if err := x.putToken(ctx, t.app, o, lent, age, due); err != nil {
			return err
		}
		return x.health(ctx, t.app, o)
	})
}

// putToken is for transactions that store more than the token. A token asked
// for before the stored one was issued does not overwrite it: which of the two
// the vendor made last is not known, so the row comes due and asks. Whoever
// renews right now loses the claim.
func (x tx) putToken(ctx context.Context, app string, o token.Owner, lent wechat.Lent, age, due time.Duration) error {
	access, refresh, err := x.db.sealLent(app, o, lent)
	if err != nil {
		return err
	}
	const key = ` WHERE component_app_id = ? AND kind = ? AND owner = ?`
	var newer bool
	err = x.get(ctx, &newer, `SELECT issued_at > {now} - ? FROM token`+key+x.db.forUpdate(), age.Milliseconds(), app, o.Kind, o.ID)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if newer {
		_, err = x.exec(ctx, `UPDATE token SET due_at = {now}, claim = 0`+key+` AND due_at IS NOT NULL`, app, o.Kind, o.ID)
		return err
	}
	if _, err = x.exec(ctx, `INSERT INTO token (component_app_id, kind, owner) VALUES (?, ?, ?)`+x.db.orIgnore("kind"), app, o.Kind, o.ID); err != nil {
		return err
	}
	_, err = x.exec(ctx, `UPDATE token SET access = ?, refresh = COALESCE(?, refresh), issued_at = {now} - ?, expires_at = {now} + ?,
due_at = {now} + ?, claim = 0, version = version + 1, failures = 0, problem = ''`+key,
		access, refresh, age.Milliseconds(), (lent.Life - age).Milliseconds(), due.Milliseconds(), app, o.Kind, o.ID)
	return err
}

func (db *DB) sealLent(app string, o token.Owner, lent wechat.Lent) (access, refresh []byte, err error) {
	if access, err = db.seal(lent.Access, tokenBinding(app, o, "access")); err != nil {
		return nil, nil, err
	}
	refresh, err = db.seal(lent.Refresh, tokenBinding(app, o, "refresh"))
	return access, refresh, err
}

// forUpdate locks the rows read; SQLite's transactions lock the database.
func (db *DB) forUpdate() string {
	if db.dialect == onMySQL {
		return " FOR UPDATE"
	}
	return ""
}

// Health counts the rows.
func (t *Token) Health(ctx context.Context) (token.Health, error) {
	var r struct {
		Oldest  int64 `db:"oldest"`
		Resting int   `db:"resting"`
	}
	err := t.db.run().get(ctx, &r, `SELECT
 COALESCE({now} - MIN(CASE WHEN due_at IS NOT NULL AND issued_at > 0 THEN issued_at END), 0) AS oldest,
 COALESCE(SUM(CASE WHEN due_at IS NULL AND problem <> '' THEN 1 ELSE 0 END), 0) AS resting
FROM token WHERE component_app_id = ? AND kind <> ?`, t.app, token.Page)
	return token.Health{Oldest: ms(r.Oldest), Resting: r.Resting}, err
}

// dropPageTicket forgets the ticket of a sender's web pages: the account that
// they are of has changed.
func (t tx) dropPageTicket(ctx context.Context, code string) error {
	_, err := t.exec(ctx, `DELETE FROM token WHERE kind = ? AND owner = ?`, token.Page, code)
	return err
}
