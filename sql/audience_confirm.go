package sql

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"wechattpp/audience"
)

var _ audience.ConfirmStore = (*Audience)(nil)

type confirmRow struct {
	Hash      string `db:"hash"`
	Sender    string `db:"sender"`
	Account   string `db:"app_id"`
	Template  string `db:"template_id"`
	Scene     int    `db:"scene"`
	Redirect  string `db:"redirect_url"`
	OpenID    string `db:"openid"`
	UsedAt    int64  `db:"used_at"`
	ExpiresAt int64  `db:"expires_at"`
	Now       int64  `db:"clock"`
}

// AddConfirmLink stores a new link.
func (a *Audience) AddConfirmLink(ctx context.Context, l audience.ConfirmLink, life time.Duration) (expires time.Time, err error) {
	const insert = `INSERT INTO confirm_link (hash, sender, app_id, template_id, scene, redirect_url, openid, used_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, 0, {now} + ?)`
	if _, err := a.db.run().exec(ctx, insert, l.Hash, l.Sender, l.Account, l.Template, l.Scene, l.Redirect, l.OpenID, life.Milliseconds()); err != nil {
		return expires, err
	}
	var at int64
	err = a.db.run().get(ctx, &at, `SELECT expires_at FROM confirm_link WHERE hash = ?`, l.Hash)
	return time.UnixMilli(at), err
}

// ConfirmLink reads a link.
func (a *Audience) ConfirmLink(ctx context.Context, hash string) (audience.ConfirmLink, error) {
	var r confirmRow
	const query = `SELECT hash, sender, app_id, template_id, scene, redirect_url, openid, used_at, expires_at, {now} AS clock FROM confirm_link WHERE hash = ?`
	err := a.db.run().get(ctx, &r, query, hash)
	return audience.ConfirmLink{Hash: r.Hash, Sender: r.Sender, Account: r.Account, Template: r.Template, Scene: r.Scene, Redirect: r.Redirect, OpenID: r.OpenID,
		Left: ms(r.ExpiresAt - r.Now), Used: r.UsedAt > 0}, err
}

// UseConfirmLink uses a link up with the answer it brought.
func (a *Audience) UseConfirmLink(ctx context.Context, l audience.ConfirmLink, e audience.Entry) error {
	return a.db.inTx(ctx, func(t tx) error {
		n, err := t.exec(ctx, `UPDATE confirm_link SET used_at = {now} WHERE hash = ? AND used_at = 0 AND expires_at > {now}`, l.Hash)
		if err != nil {
			return err
		}
		if n == 0 {
			return audience.ErrUsed
		}
		var clock int64
		err = t.get(ctx, &clock, `SELECT {now} FROM sender WHERE code = ? AND app_id = ?`, l.Sender, l.Account)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return audience.ErrLink
		case err != nil || e.OpenID == "":
			return err
		}
		e.At = time.UnixMilli(clock)
		return t.enter(ctx, []audience.Entry{e})
	})
}

// ForgetConfirmLinks deletes links of the past.
func (a *Audience) ForgetConfirmLinks(ctx context.Context, limit int) (int, error) {
	return a.db.forgetLinks(ctx, "confirm_link", "hash", limit)
}

// forgetLinks deletes rows of a table that ended an hour ago. The names come
// from this package's constants only.
func (db *DB) forgetLinks(ctx context.Context, table, key string, limit int) (int, error) {
	const hour = 3600 * 1000
	var ids []string
	r := db.run()
	if err := r.all(ctx, &ids, `SELECT `+key+` FROM `+table+` WHERE expires_at < {now} - ? ORDER BY expires_at LIMIT ?`, hour, limit); err != nil || len(ids) == 0 {
		return 0, err
	}
	n, err := r.exec(ctx, `DELETE FROM `+table+` WHERE `+key+` IN (?)`, ids)
	return int(n), err
}
