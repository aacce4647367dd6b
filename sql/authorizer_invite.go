package sql

import (
	"context"
	"time"

	"wechattpp/authorizer"
)

// AddInvitation stores an invitation.
func (a *Authorizer) AddInvitation(ctx context.Context, i authorizer.Invitation, life time.Duration) (expires time.Time, err error) {
	err = a.db.inTx(ctx, func(x tx) error {
		_, err := x.exec(ctx, `INSERT INTO invitation (id, component_app_id, sender, kind, created_at, expires_at) VALUES (?, ?, ?, ?, {now}, {now} + ?)`,
			i.ID, a.app, i.Sender, i.Kind, life.Milliseconds())
		if err != nil {
			return err
		}
		var at int64
		err = x.get(ctx, &at, `SELECT expires_at FROM invitation WHERE id = ?`, i.ID)
		expires = moment(at)
		return err
	})
	return expires, err
}

// Invitation reads one.
func (a *Authorizer) Invitation(ctx context.Context, id string) (authorizer.Invitation, error) {
	var r struct {
		Sender  string `db:"sender"`
		Kind    string `db:"kind"`
		Expires int64  `db:"expires_at"`
		Used    int64  `db:"used_at"`
		Now     int64  `db:"clock"`
	}
	err := a.db.run().get(ctx, &r, `SELECT sender, kind, expires_at, used_at, {now} AS clock FROM invitation WHERE id = ? AND component_app_id = ?`, id, a.app)
	return authorizer.Invitation{ID: id, Sender: r.Sender, Kind: r.Kind, Expires: moment(r.Expires), Left: ms(r.Expires - r.Now), Used: r.Used > 0}, err
}

// AddAttempt stores an opening.
func (a *Authorizer) AddAttempt(ctx context.Context, at authorizer.Attempt, life time.Duration) error {
	_, err := a.db.run().exec(ctx, `INSERT INTO preauth (code_hash, state_hash, component_app_id, invitation, created_at, expires_at) VALUES (?, ?, ?, ?, {now}, {now} + ?)`,
		at.CodeHash, at.StateHash, a.app, at.Invitation, life.Milliseconds())
	return err
}

// Attempt finds a living opening by its state.
func (a *Authorizer) Attempt(ctx context.Context, stateHash string) (authorizer.Attempt, error) {
	var r struct {
		Code       string `db:"code_hash"`
		Invitation string `db:"invitation"`
	}
	err := a.db.run().get(ctx, &r, `SELECT code_hash, invitation FROM preauth WHERE component_app_id = ? AND state_hash = ? AND expires_at > {now}`, a.app, stateHash)
	return authorizer.Attempt{CodeHash: r.Code, StateHash: stateHash, Invitation: r.Invitation}, err
}

const pruneAtOnce = 1000

// Prune forgets what ended long ago, by id, so that no statement locks much.
func (a *Authorizer) Prune(ctx context.Context, age time.Duration) (int, error) {
	total := 0
	for _, p := range []struct{ table, key, where string }{
		{"preauth", "code_hash", "expires_at < {now} - ?"},
		{"invitation", "id", "expires_at < {now} - ?"},
		{"exchange", "code_hash", "(done_at > 0 OR due_at IS NULL) AND created_at < {now} - ?"},
	} {
		var keys []string
		if err := a.db.run().all(ctx, &keys, `SELECT `+p.key+` FROM `+p.table+` WHERE component_app_id = ? AND `+p.where+` LIMIT ?`, a.app, age.Milliseconds(), pruneAtOnce); err != nil {
			return total, err
		}
		if len(keys) == 0 {
			continue
		}
		n, err := a.db.run().exec(ctx, `DELETE FROM `+p.table+` WHERE component_app_id = ? AND `+p.key+` IN (?)`, a.app, keys)
		if total += int(n); err != nil {
			return total, err
		}
	}
	return total, nil
}
