package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"wechattpp/crypto"
	"wechattpp/sql"
)

// store is an open database with the vault that seals its secrets.
type store struct {
	*sql.DB
	vault *crypto.Vault
	keys  keySource
}

// openStore opens the configured database with its master key. It changes
// nothing but to make a new SQLite database's key file; migrate says whether
// the schema may be brought up to date. metrics may be nil.
func openStore(ctx context.Context, c *Config, log *slog.Logger, metrics prometheus.Registerer, migrate bool) (*store, error) {
	vault, err := openVault(ctx, c)
	if err != nil {
		return nil, err
	}
	keys := c.keySource()
	vault.Learn(keys)
	db, err := sql.Open(ctx, sql.Options{Source: c.Database, Vault: vault, CommitBatch: c.CommitBatch, Log: log, Metrics: metrics})
	if err != nil {
		return nil, fmt.Errorf("wechattpp_database: %w", err)
	}
	if err := ready(ctx, db, migrate); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if err := db.UseKey(ctx, vault.KeyID()); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &store{db, vault, keys}, nil
}

func ready(ctx context.Context, db *sql.DB, migrate bool) error {
	if err := db.CheckKey(ctx); err != nil {
		return err
	}
	if migrate {
		return db.Migrate(ctx)
	}
	done, err := db.Migrated(ctx)
	if err != nil {
		return err
	}
	if !done {
		return errors.New("the database's schema is older than this program: run 'wechattpp migrate up'")
	}
	return nil
}

// openVault finds the master keys: the configured ones, or on SQLite those in
// the file beside the database, made only together with a new database.
func openVault(ctx context.Context, c *Config) (*crypto.Vault, error) {
	keys := c.configuredKeys()
	if path, ok := sqlitePath(c); keys == nil && ok {
		var err error
		if keys, err = keyFile(ctx, c, path); err != nil {
			return nil, err
		}
		keys = append(keys, c.PreviousMasterKey)
	}
	if keys == nil {
		return nil, errors.New("wechattpp_master_key: required with MySQL: give 32 bytes in base64, e.g. from 'openssl rand -base64 32', and keep a copy: without it the secrets in the database are lost")
	}
	return crypto.NewVault(keys[0], keys[1:]...)
}

// sqlitePath is the absolute path of the SQLite file, if that is what the
// configuration names.
func sqlitePath(c *Config) (string, bool) {
	p, ok := strings.CutPrefix(c.Database, "sqlite:")
	if !ok {
		return "", false
	}
	abs, err := filepath.Abs(p)
	return abs, err == nil
}

func keyFile(ctx context.Context, c *Config, database string) ([][]byte, error) {
	name := database + keySuffix
	keys, err := readKeyFile(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return keys, err
	}
	if sealed, err := sealedAlready(ctx, c, database); err != nil || sealed {
		return nil, errors.Join(err, fmt.Errorf("the database %s is sealed, but its master key %s is missing: put the file back or set wechattpp_master_key", database, name))
	}
	key, err := makeKeyFile(name)
	return [][]byte{key}, err
}

// sealedAlready looks whether an existing file holds secrets of some key.
func sealedAlready(ctx context.Context, c *Config, database string) (bool, error) {
	if _, err := os.Stat(database); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	blind, err := crypto.NewVault(make([]byte, 32)) // only to look; opens nothing
	if err != nil {
		return false, err
	}
	db, err := sql.Open(ctx, sql.Options{Source: c.Database, Vault: blind})
	if err != nil {
		return false, err
	}
	sealed, err := db.Sealed(ctx)
	return sealed, errors.Join(err, db.Close())
}

func makeKeyFile(name string) ([]byte, error) {
	key := newMasterKey()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return nil, fmt.Errorf("wechattpp_database: folder cannot be made: %w", err)
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("wechattpp_database: the master key cannot be written beside the database: %w", err)
	}
	_, err = f.WriteString(base64.StdEncoding.EncodeToString(key) + "\n")
	if err := errors.Join(err, f.Sync(), f.Close(), syncFolder(filepath.Dir(name))); err != nil {
		return nil, errors.Join(fmt.Errorf("master key: %w", err), os.Remove(name))
	}
	return key, nil
}

// syncFolder makes a new file's name durable: the database must not outlive
// its key.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
