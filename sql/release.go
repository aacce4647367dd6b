package sql

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"wechattpp/callback"
)

var _ callback.ReleaseStore = (*Release)(nil)

// Release keeps how far the answers to codes of the release test are.
type Release struct {
	db  *DB
	app string // the component's
}

// Release gives the store of a component's release tests.
func (db *DB) Release(componentAppID string) *Release { return &Release{db, componentAppID} }

func releaseBinding(app, codeHash string) string {
	return "release_code/" + app + "/" + codeHash + "/access"
}

// Progress reads a row; none is no progress.
func (r *Release) Progress(ctx context.Context, codeHash string) (token string, sent bool, err error) {
	var row struct {
		Access []byte `db:"access"`
		Sent   int64  `db:"sent_at"`
	}
	err = r.db.run().get(ctx, &row, `SELECT access, sent_at FROM release_code WHERE component_app_id = ? AND code_hash = ?`, r.app, codeHash)
	if errors.Is(err, fs.ErrNotExist) {
		return "", false, nil
	}
	if err != nil || row.Access == nil {
		return "", row.Sent > 0, err
	}
	token, err = r.db.open(row.Access, releaseBinding(r.app, codeHash))
	return token, row.Sent > 0, err
}

// Keep stores a token; one that is kept already stays.
func (r *Release) Keep(ctx context.Context, codeHash, token string) error {
	sealed, err := r.db.seal(token, releaseBinding(r.app, codeHash))
	if err != nil {
		return err
	}
	_, err = r.db.run().exec(ctx, `INSERT INTO release_code (component_app_id, code_hash, access, created_at) VALUES (?, ?, ?, {now})`+r.db.orIgnore("code_hash"),
		r.app, codeHash, sealed)
	return err
}

// Sent ends a row.
func (r *Release) Sent(ctx context.Context, codeHash string) error {
	_, err := r.db.run().exec(ctx, `UPDATE release_code SET sent_at = {now}, access = NULL WHERE component_app_id = ? AND code_hash = ?`, r.app, codeHash)
	return err
}

// Forget deletes old rows; a test makes two of them.
func (r *Release) Forget(ctx context.Context, age time.Duration) (int, error) {
	n, err := r.db.run().exec(ctx, `DELETE FROM release_code WHERE component_app_id = ? AND created_at < {now} - ?`, r.app, age.Milliseconds())
	return int(n), err
}
