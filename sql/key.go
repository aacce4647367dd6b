package sql

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"wechattpp/crypto"
)

const keyBinding = "vault/check"

// ErrWrongKey: the master key does not open what this database holds.
var ErrWrongKey = errors.New("the master key does not open this database: give the key it was made with as wechattpp_master_key (or as wechattpp_master_key_previous after a change)")

// CheckKey compares the master key with the database without changing either.
// A database that holds no secret yet fits every key.
func (db *DB) CheckKey(ctx context.Context) error {
	sealed, err := db.keyCheck(ctx)
	if err != nil || sealed == nil {
		return err
	}
	if _, err := db.vault.Open(sealed, keyBinding); err != nil {
		return ErrWrongKey
	}
	return nil
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

// markKey writes the check value once, after the migrations.
func (db *DB) markKey(ctx context.Context) error {
	sealed, err := db.vault.Seal([]byte("wechattpp"), keyBinding)
	if err != nil {
		return err
	}
	_, err = db.run().exec(ctx, `INSERT INTO vault (id, sealed) VALUES (1, ?)`+db.orIgnore("id"), sealed)
	return err
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
		return "", ErrWrongKey
	}
	if err != nil {
		return "", fmt.Errorf("sealed value %s: %w", binding, err)
	}
	return string(plain), nil
}
