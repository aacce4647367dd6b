package sql

import (
	"context"
	"slices"
	"time"

	"wechattpp/audience"
)

var _ audience.LinkStore = (*Audience)(nil)

type linkRow struct {
	ID        string `db:"id"`
	Sender    string `db:"sender"`
	UserID    string `db:"userid"`
	Overwrite int    `db:"overwrite"`
	Code      string `db:"code_hash"`
	Result    string `db:"result"`
	UsedAt    int64  `db:"used_at"`
	ExpiresAt int64  `db:"expires_at"`
	Now       int64  `db:"clock"`
}

func (r linkRow) link() audience.Link {
	return audience.Link{ID: r.ID, Sender: r.Sender, UserID: r.UserID, Replace: r.Overwrite == 1, Left: ms(r.ExpiresAt - r.Now),
		Used: r.UsedAt > 0, Result: r.Result, Code: r.Code}
}

// AddLink stores a new link.
func (a *Audience) AddLink(ctx context.Context, l audience.Link, life time.Duration) (expires time.Time, err error) {
	overwrite := 0
	if l.Replace {
		overwrite = 1
	}
	const insert = `INSERT INTO bind_link (id, sender, userid, overwrite, code_hash, lease_until, result, used_at, expires_at) VALUES (?, ?, ?, ?, '', 0, '', 0, {now} + ?)`
	if _, err := a.db.run().exec(ctx, insert, l.ID, l.Sender, l.UserID, overwrite, life.Milliseconds()); err != nil {
		return expires, err
	}
	var at int64
	err = a.db.run().get(ctx, &at, `SELECT expires_at FROM bind_link WHERE id = ?`, l.ID)
	return time.UnixMilli(at), err
}

// Link reads a link.
func (a *Audience) Link(ctx context.Context, id string) (audience.Link, error) {
	var r linkRow
	err := a.db.run().get(ctx, &r, `SELECT id, sender, userid, overwrite, code_hash, result, used_at, expires_at, {now} AS clock FROM bind_link WHERE id = ?`, id)
	return r.link(), err
}

// ClaimLink takes the lease for one code.
func (a *Audience) ClaimLink(ctx context.Context, id, codeHash string, lease time.Duration) (bool, error) {
	n, err := a.db.run().exec(ctx, `UPDATE bind_link SET code_hash = ?, lease_until = {now} + ? WHERE id = ? AND used_at = 0 AND expires_at > {now} AND lease_until < {now} AND code_hash <> ?`,
		codeHash, lease.Milliseconds(), id, codeHash)
	return n == 1, err
}

// FreeLink ends the lease of a code that led to nothing.
func (a *Audience) FreeLink(ctx context.Context, id string) error {
	_, err := a.db.run().exec(ctx, `UPDATE bind_link SET lease_until = 0 WHERE id = ? AND used_at = 0`, id)
	return err
}

// Bind uses a link up.
func (a *Audience) Bind(ctx context.Context, l audience.Link, v audience.Value) (result string, err error) {
	first, err := a.db.ids.take(ctx, "user", 1)
	if err != nil {
		return "", err
	}
	err = a.db.inTx(ctx, func(t tx) error {
		n, err := t.exec(ctx, `UPDATE bind_link SET used_at = {now} WHERE id = ? AND used_at = 0`, l.ID)
		if err != nil {
			return err
		}
		if n == 0 {
			return audience.ErrUsed
		}
		if result, err = t.bind(ctx, l, v, first); err != nil {
			return err
		}
		_, err = t.exec(ctx, `UPDATE bind_link SET result = ? WHERE id = ?`, result, l.ID)
		return err
	})
	return result, err
}

// bind writes the identity where nothing stands against it.
func (t tx) bind(ctx context.Context, l audience.Link, v audience.Value, first int64) (string, error) {
	var other []string
	if err := t.all(ctx, &other, `SELECT u.userid FROM user_value v JOIN user u ON u.id = v.user_id WHERE v.kind = ? AND v.bind_id = ? AND v.value = ? AND u.userid <> ? LIMIT 1`,
		v.Kind, v.BindID, v.Value, l.UserID); err != nil {
		return "", err
	}
	if len(other) > 0 && !l.Replace {
		return audience.Taken, nil // and no user is made
	}
	change := audience.Identity(l.UserID, v)
	ids, err := t.users(ctx, []audience.Change{change}, first)
	if err != nil {
		return "", err
	}
	id := ids[l.UserID]
	have, err := t.values(ctx, ids)
	if err != nil {
		return "", err
	}
	own := !v.Many() && slices.ContainsFunc(have[id], func(x audience.Value) bool { return x.Kind == v.Kind && x.BindID == v.BindID && x != v })
	if own && !l.Replace {
		return audience.Kept, nil
	}
	if _, err := t.exec(ctx, `DELETE FROM user_value WHERE kind = ? AND bind_id = ? AND value = ? AND user_id <> ?`, v.Kind, v.BindID, v.Value, id); err != nil {
		return "", err
	}
	next, err := change.Apply(have[id])
	if err != nil {
		return "", err
	}
	return audience.Bound, t.replace(ctx, have, map[int64][]audience.Value{id: next})
}

// ForgetLinks deletes links of the past.
func (a *Audience) ForgetLinks(ctx context.Context, limit int) (int, error) {
	return a.db.forgetLinks(ctx, "bind_link", "id", limit)
}
