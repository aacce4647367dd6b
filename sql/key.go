package sql

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"wechattpp/crypto"
)

const keyBinding = "vault/check"

// ErrWrongKey: a master key is missing without which this database cannot be
// read. What it wraps in names the key's id.
var ErrWrongKey = errors.New("the master key does not open this database")

// wrongKey says which key is missing and what to do.
func (db *DB) wrongKey(missing string) error {
	return fmt.Errorf("%w: it holds secrets sealed under key id %s, and known here is %s: give that key too, as wechattpp_master_key or wechattpp_master_key_previous, until 'wechattpp keys rotate' says that it may go",
		ErrWrongKey, missing, strings.Join(db.vault.KeyIDs(), ", "))
}

// CheckKey compares the master keys with the database without changing
// anything. A database that holds no secret yet fits every key.
func (db *DB) CheckKey(ctx context.Context) error {
	sealed, err := db.keyCheck(ctx)
	if err != nil || sealed == nil {
		return err
	}
	if _, err := db.open(sealed, keyBinding); err != nil {
		return err
	}
	used, err := db.UsedKeys(ctx)
	if err != nil {
		return err
	}
	for _, id := range used {
		if !slices.Contains(db.vault.KeyIDs(), id) {
			return db.wrongKey(id)
		}
	}
	return nil
}

// UsedKeys are the ids of the master keys that something may be sealed under.
func (db *DB) UsedKeys(ctx context.Context) (ids []string, err error) {
	if ok, err := db.hasTable(ctx, "vault_key"); err != nil || !ok {
		return nil, err
	}
	err = db.run().all(ctx, &ids, `SELECT id FROM vault_key ORDER BY added_at, id`)
	return ids, err
}

// UseKey writes down that a key may seal from now on. Whoever seals under a key
// does this first, so that no process starts without it.
func (db *DB) UseKey(ctx context.Context, id string) error {
	_, err := db.run().exec(ctx, `INSERT INTO vault_key (id, added_at) VALUES (?, {now})`+db.orIgnore("id"), id)
	return err
}

// RetireKey takes that back: nothing is sealed under the key any more.
func (db *DB) RetireKey(ctx context.Context, id string) error {
	_, err := db.run().exec(ctx, `DELETE FROM vault_key WHERE id = ?`, id)
	return err
}

// SignedBefore counts the administrators' tokens and unused invitations made
// before a key came into use, and answers when the last of them ends: keys of
// the former master key signed them.
func (db *DB) SignedBefore(ctx context.Context, id string) (n int, until time.Time, err error) {
	var row struct {
		N     int   `db:"n"`
		Until int64 `db:"ends"`
	}
	err = db.run().get(ctx, &row, `SELECT COUNT(*) AS n, COALESCE(MAX(s.expires_at), 0) AS ends FROM (
 SELECT created_at, expires_at FROM admin_token WHERE revoked_at IS NULL
 UNION ALL SELECT created_at, expires_at FROM invitation WHERE used_at = 0) s
WHERE s.expires_at > {now} AND s.created_at <= (SELECT added_at FROM vault_key WHERE id = ?)`, id)
	return row.N, time.UnixMilli(row.Until), err
}

// Sealed tells whether the database already belongs to some master key.
func (db *DB) Sealed(ctx context.Context) (bool, error) {
	sealed, err := db.keyCheck(ctx)
	return sealed != nil, err
}

func (db *DB) keyCheck(ctx context.Context) ([]byte, error) {
	if ok, err := db.hasTable(ctx, "vault"); err != nil || !ok {
		return nil, err
	}
	var sealed []byte
	err := db.run().get(ctx, &sealed, `SELECT sealed FROM vault WHERE id = 1`)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return sealed, err
}

// markKey writes the check value once, after the migrations, and the keys in
// use: the one that seals now, and the check value's.
func (db *DB) markKey(ctx context.Context) error {
	sealed, err := db.vault.Seal([]byte("wechattpp"), keyBinding)
	if err != nil {
		return err
	}
	if _, err = db.run().exec(ctx, `INSERT INTO vault (id, sealed) VALUES (1, ?)`+db.orIgnore("id"), sealed); err != nil {
		return err
	}
	if sealed, err = db.keyCheck(ctx); err != nil {
		return err
	}
	return errors.Join(db.UseKey(ctx, crypto.SealedUnder(sealed)), db.UseKey(ctx, db.vault.KeyID()))
}

func (db *DB) hasTable(ctx context.Context, name string) (bool, error) {
	q := `SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?`
	if db.dialect == onSQLite {
		q = `SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = ?`
	}
	var n int
	err := db.run().get(ctx, &n, q, name)
	return n > 0, err
}

// seal and open keep a secret of a row; binding names the row and the column,
// so that a value moved elsewhere does not open. Nothing stays nothing.
func (db *DB) seal(secret, binding string) ([]byte, error) {
	if secret == "" {
		return nil, nil
	}
	return db.vault.Seal([]byte(secret), binding)
}

func (db *DB) open(sealed []byte, binding string) (string, error) {
	if len(sealed) == 0 {
		return "", nil
	}
	plain, err := db.vault.Open(sealed, binding)
	if errors.Is(err, crypto.ErrWrongKey) {
		return "", db.wrongKey(crypto.SealedUnder(sealed))
	}
	if err != nil {
		return "", fmt.Errorf("sealed value %s: %w", binding, err)
	}
	return string(plain), nil
}
