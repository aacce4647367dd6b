package sql

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

// Migration tells of one step of the schema.
type Migration struct {
	Version int64
	Name    string
	Applied bool
}

// Migrate brings the schema up to date. Replicas that start together take
// turns. A database sealed with another master key is left as it is.
func (db *DB) Migrate(ctx context.Context) error {
	if err := db.CheckKey(ctx); err != nil {
		return err
	}
	err := db.migrating(ctx, func(p *goose.Provider) error {
		_, err := p.Up(ctx)
		return err
	})
	if err != nil {
		return err
	}
	return db.markKey(ctx)
}

// MigrateDown takes the newest step back.
func (db *DB) MigrateDown(ctx context.Context) error {
	return db.migrating(ctx, func(p *goose.Provider) error {
		_, err := p.Down(ctx)
		return err
	})
}

// Migrations lists the steps, oldest first.
func (db *DB) Migrations(ctx context.Context) ([]Migration, error) {
	var steps []Migration
	p, err := db.provider()
	if err != nil {
		return nil, err
	}
	all, err := p.Status(ctx)
	for _, s := range all {
		steps = append(steps, Migration{s.Source.Version, s.Source.Path, s.State == goose.StateApplied})
	}
	return steps, err
}

// Migrated tells whether every step is applied.
func (db *DB) Migrated(ctx context.Context) (bool, error) {
	p, err := db.provider()
	if err != nil {
		return false, err
	}
	pending, err := p.HasPending(ctx)
	return !pending, err
}

func (db *DB) provider() (*goose.Provider, error) {
	sub, err := fs.Sub(migrations, "migrations/"+db.Kind())
	if err != nil {
		return nil, err
	}
	kind := goose.DialectSQLite3
	if db.dialect == onMySQL {
		kind = goose.DialectMySQL
	}
	return goose.NewProvider(kind, db.x.DB, sub, goose.WithVerbose(false), goose.WithLogger(goose.NopLogger()))
}

// migrating holds a lock of the database's own, so that replicas started
// together do not migrate together; MySQL does not roll DDL back.
func (db *DB) migrating(ctx context.Context, f func(*goose.Provider) error) (err error) {
	p, err := db.provider()
	if err != nil {
		return err
	}
	if db.dialect == onSQLite {
		return f(p) // one connection, immediate transactions: SQLite locks by itself
	}
	c, err := db.x.Connx(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	var got int
	if err := c.GetContext(ctx, &got, `SELECT GET_LOCK(CONCAT('wechattpp/', DATABASE()), 60)`); err != nil || got != 1 {
		return errors.Join(err, fmt.Errorf("another replica has been migrating for a minute: look at its log"))
	}
	defer func() {
		_, rel := c.ExecContext(context.WithoutCancel(ctx), `DO RELEASE_LOCK(CONCAT('wechattpp/', DATABASE()))`)
		err = errors.Join(err, rel)
	}()
	return f(p)
}
