package sql

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"math/rand/v2"
	"time"

	"wechattpp/authorizer"
	"wechattpp/token"
	"wechattpp/wechat"
)

type exchangeRow struct {
	ID       int64  `db:"id"`
	CodeHash string `db:"code_hash"`
	Code     []byte `db:"code"`
	PreAuth  string `db:"preauth_hash"`
	AppID    string `db:"app_id"`
	Event    int64  `db:"event_at"`
	Began    int64  `db:"began"`
	Ends     int64  `db:"ends_at"`
	DoneAt   int64  `db:"done_at"`
	Due      *int64 `db:"due_at"`
	Claim    int64  `db:"claim"`
	Failures int    `db:"failures"`
	Problem  string `db:"problem"`
	Now      int64  `db:"clock"`
}

const exchangeSQL = `SELECT x.id, x.code_hash, x.code, x.preauth_hash, x.app_id, x.event_at, COALESCE(p.created_at, x.created_at) AS began, x.ends_at,
 x.done_at, x.due_at, x.claim, x.failures, x.problem, {now} AS clock
FROM exchange x LEFT JOIN preauth p ON p.component_app_id = x.component_app_id AND p.code_hash = x.preauth_hash
WHERE x.component_app_id = ? AND `

func (r exchangeRow) exchange() authorizer.Exchange {
	return authorizer.Exchange{ID: r.ID, PreAuthHash: r.PreAuth, AppID: r.AppID, EventAt: moment(r.Event), Began: moment(r.Began), Left: ms(r.Ends - r.Now),
		Done: r.DoneAt > 0, Failed: r.DoneAt == 0 && r.Due == nil, Failures: r.Failures, Problem: r.Problem, Claim: r.Claim}
}

func codeBinding(app, hash string) string { return "exchange/" + app + "/" + hash }

// Take stores a code, or adds to the row it has already.
func (a *Authorizer) Take(ctx context.Context, r authorizer.Arrival, life time.Duration) (x authorizer.Exchange, err error) {
	sum := sha256.Sum256([]byte(r.Code))
	hash := hex.EncodeToString(sum[:])
	sealed, err := a.db.seal(r.Code, codeBinding(a.app, hash))
	if err != nil {
		return x, err
	}
	err = a.db.inTx(ctx, func(t tx) error {
		_, err := t.exec(ctx, `INSERT INTO exchange (component_app_id, code_hash, code, created_at, ends_at, due_at) VALUES (?, ?, ?, {now}, {now} + ?, {now})`+t.db.orIgnore("code_hash"),
			a.app, hash, sealed, life.Milliseconds())
		if err != nil {
			return err
		}
		if err := a.add(ctx, t, hash, sealed, r); err != nil {
			return err
		}
		var row exchangeRow
		err = t.get(ctx, &row, exchangeSQL+`x.code_hash = ?`, a.app, hash)
		x = row.exchange()
		return err
	})
	return x, err
}

// add tells a row what an arrival knows more. One that failed for want of the
// account's AppID is tried again.
func (a *Authorizer) add(ctx context.Context, t tx, hash string, sealed []byte, r authorizer.Arrival) error {
	const key = ` WHERE component_app_id = ? AND code_hash = ?`
	if r.AppID != "" {
		_, err := t.exec(ctx, `UPDATE exchange SET due_at = {now}, code = ?`+key+` AND done_at = 0 AND due_at IS NULL AND app_id = ''`, sealed, a.app, hash)
		if err != nil {
			return err
		}
		if _, err := t.exec(ctx, `UPDATE exchange SET app_id = ?, event_at = ?`+key+` AND app_id = ''`, r.AppID, unixMilli(r.EventAt), a.app, hash); err != nil {
			return err
		}
	}
	if r.PreAuthHash == "" {
		return nil
	}
	_, err := t.exec(ctx, `UPDATE exchange SET preauth_hash = ?`+key+` AND preauth_hash = ''`, r.PreAuthHash, a.app, hash)
	return err
}

// Exchange reads a row without its code.
func (a *Authorizer) Exchange(ctx context.Context, id int64) (authorizer.Exchange, error) {
	var r exchangeRow
	err := a.db.run().get(ctx, &r, exchangeSQL+`x.id = ?`, a.app, id)
	return r.exchange(), err
}

// ClaimExchange takes the lease of one due row.
func (a *Authorizer) ClaimExchange(ctx context.Context, id int64, lease time.Duration) (authorizer.Exchange, bool, error) {
	claim := word()
	n, err := a.db.run().exec(ctx, `UPDATE exchange SET claim = ?, due_at = {now} + ? WHERE id = ? AND due_at <= {now}`, claim, lease.Milliseconds(), id)
	if err != nil || n == 0 {
		return authorizer.Exchange{}, false, err
	}
	won, err := a.claimed(ctx, []int64{id}, claim)
	if err != nil || len(won) == 0 {
		return authorizer.Exchange{}, false, err
	}
	return won[0], true, nil
}

// ClaimExchanges takes the leases of due rows.
func (a *Authorizer) ClaimExchanges(ctx context.Context, limit int, lease time.Duration) ([]authorizer.Exchange, error) {
	ids, claim, err := a.db.claimDue(ctx, "exchange", limit, lease)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	return a.claimed(ctx, ids, claim)
}

func (a *Authorizer) claimed(ctx context.Context, ids []int64, claim int64) ([]authorizer.Exchange, error) {
	var rows []exchangeRow
	if err := a.db.run().all(ctx, &rows, exchangeSQL+`x.id IN (?) AND x.claim = ?`, a.app, ids, claim); err != nil {
		return nil, err
	}
	var won []authorizer.Exchange
	for _, r := range rows {
		x := r.exchange()
		var err error
		if x.Code, err = a.db.open(r.Code, codeBinding(a.app, r.CodeHash)); err != nil { // its lease ends by itself
			a.db.log.Error("authorization code cannot be opened", "err", err)
			continue
		}
		won = append(won, x)
	}
	return won, nil
}

// RetryExchange plans the next try.
func (a *Authorizer) RetryExchange(ctx context.Context, x authorizer.Exchange, after time.Duration, problem string) error {
	_, err := a.db.run().exec(ctx, `UPDATE exchange SET due_at = {now} + ?, claim = 0, failures = failures + 1, problem = ? WHERE id = ? AND claim = ? AND done_at = 0`,
		after.Milliseconds(), problem, x.ID, x.Claim)
	return err
}

// FailExchange gives up.
func (a *Authorizer) FailExchange(ctx context.Context, x authorizer.Exchange, problem string) error {
	_, err := a.db.run().exec(ctx, `UPDATE exchange SET due_at = NULL, claim = 0, code = NULL, problem = ? WHERE id = ? AND claim = ? AND done_at = 0`, problem, x.ID, x.Claim)
	return err
}

// Settled looks for tokens that the account got since the attempt began: the
// account the event named, or the one another code of the same attempt led to.
func (a *Authorizer) Settled(ctx context.Context, x authorizer.Exchange) (settled bool, err error) {
	err = a.db.inTx(ctx, func(t tx) error {
		var appID string
		err := t.get(ctx, &appID, `SELECT k.owner FROM token k WHERE k.component_app_id = ? AND k.kind = ? AND k.issued_at >= ? AND k.refresh IS NOT NULL AND k.due_at IS NOT NULL
AND (k.owner = ? OR k.owner IN (SELECT o.app_id FROM exchange o WHERE o.component_app_id = ? AND o.preauth_hash = ? AND o.preauth_hash <> '' AND o.done_at > 0)) LIMIT 1`,
			a.app, token.Authorizer, x.Began.UnixMilli(), x.AppID, a.app, x.PreAuthHash)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if settled = err == nil; err != nil {
			return err
		}
		return t.exchanged(ctx, x.ID, appID)
	})
	return settled, err
}

func (x tx) exchanged(ctx context.Context, id int64, appID string) error {
	_, err := x.exec(ctx, `UPDATE exchange SET app_id = ?, done_at = {now}, due_at = NULL, claim = 0, code = NULL, problem = '' WHERE id = ?`, appID, id)
	return err
}

// Grant stores what the vendor granted.
func (a *Authorizer) Grant(ctx context.Context, x authorizer.Exchange, g wechat.Authorization, age time.Duration) error {
	return a.db.inTx(ctx, func(t tx) error {
		if err := t.authorize(ctx, a.app, g.AppID, g.Sets, x.EventAt); err != nil {
			return err
		}
		if err := a.explain(ctx, t, x, g.AppID); err != nil {
			return err
		}
		o := token.Owner{Kind: token.Authorizer, ID: g.AppID}
		if g.Access != "" || g.Refresh != "" { // neither: the account granted no set with calls in it
			lent := wechat.Lent{Access: g.Access, Refresh: g.Refresh, Life: g.Life}
			if g.Access == "" {
				lent.Life = 0 // due now
			}
			if err := t.putToken(ctx, a.app, o, lent, age, token.DueIn(o.Kind, lent.Life, rand.Float64())); err != nil {
				return err
			}
		}
		if err := t.exchanged(ctx, x.ID, g.AppID); err != nil {
			return err
		}
		return t.health(ctx, a.app, o)
	})
}

// authorize makes the account's row, or revives it. nil sets leave those that
// are known. at is the vendor's time; zero is now, in the vendor's whole seconds.
func (x tx) authorize(ctx context.Context, app, appID string, sets []int, at time.Time) error {
	_, err := x.exec(ctx, `INSERT INTO authorizer (component_app_id, app_id, status, sets) VALUES (?, ?, ?, '[]')`+x.db.orIgnore("app_id"), app, appID, authorizer.Authorized)
	if err != nil {
		return err
	}
	when := unixMilli(at)
	if when == 0 {
		if err := x.get(ctx, &when, `SELECT {now} AS clock`); err != nil {
			return err
		}
		when -= when % 1000
	}
	told := 0
	if sets != nil {
		told = 1
	}
	_, err = x.exec(ctx, `UPDATE authorizer SET status = ?, sets = CASE WHEN ? > 0 THEN ? ELSE sets END, authorized_at = CASE WHEN authorized_at > ? THEN authorized_at ELSE ? END,
told = 0, due_at = {now}, claim = 0, failures = 0, problem = '', cause = '' WHERE component_app_id = ? AND app_id = ?`, authorizer.Authorized, told, setsText(sets), when, when, app, appID)
	return err
}

// explain finds the invitation that led to an authorization: the account is
// wanted for its sender, and it is used.
func (a *Authorizer) explain(ctx context.Context, t tx, x authorizer.Exchange, appID string) error {
	var i struct {
		ID     string `db:"id"`
		Sender string `db:"sender"`
		Kind   string `db:"kind"`
	}
	err := t.get(ctx, &i, `SELECT i.id, i.sender, i.kind FROM exchange x
JOIN preauth p ON p.component_app_id = x.component_app_id AND p.code_hash = x.preauth_hash
JOIN invitation i ON i.id = p.invitation WHERE x.id = ?`, x.ID)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, `UPDATE authorizer SET wanted = ?, wanted_kind = ?, waiting = '' WHERE component_app_id = ? AND app_id = ? AND (sender IS NULL OR sender <> ?)`,
		i.Sender, i.Kind, a.app, appID, i.Sender)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, `UPDATE invitation SET used_at = {now} WHERE id = ? AND used_at = 0`, i.ID)
	return err
}
