package sql

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/prometheus/client_golang/prometheus"

	"wechattpp/crypto"
)

// Options says which database to open and how.
type Options struct {
	// Source is "sqlite:<path>" or "mysql:user:password@tcp(host:port)/name".
	Source string
	// Vault seals and opens the secrets at rest.
	Vault *crypto.Vault
	// CommitBatch is the most rows that share one commit; 1 gives every row a
	// commit of its own, 0 means 256.
	CommitBatch int
	// Log takes what the database has to say; nil means slog.Default().
	Log *slog.Logger
	// Metrics shows commits and due rows; nil: nowhere.
	Metrics prometheus.Registerer
}

// DB is an open database. Close it last, after every room has stopped.
type DB struct {
	x       *sqlx.DB
	scripts *stdsql.DB // connections for script; nil on SQLite
	dialect dialect
	vault   *crypto.Vault
	batch   int
	log     *slog.Logger
	ids     *sequences
	metrics *metrics

	mu     sync.Mutex // of groups: stores may be asked for side by side
	groups []interface{ close() }
}

// Dialect names. Stores ask for them only through helpers of this package.
type dialect int

const (
	onSQLite dialect = iota
	onMySQL
)

func (d dialect) String() string { return [...]string{"sqlite", "mysql"}[d] }

// Open connects and pings, within 10 seconds. It changes nothing: call
// CheckKey, then Migrate. The error names no password.
func Open(ctx context.Context, o Options) (*DB, error) {
	kind, rest, ok := strings.Cut(o.Source, ":")
	if !ok || rest == "" {
		return nil, errors.New(`database must be "sqlite:<path>" or "mysql:user:password@tcp(host:port)/name"`)
	}
	db := &DB{vault: o.Vault, batch: o.CommitBatch, log: o.Log}
	if db.batch == 0 {
		db.batch = 256
	}
	if db.log == nil {
		db.log = slog.Default()
	}
	var err error
	switch kind {
	case "sqlite":
		db.dialect = onSQLite
		db.x, err = openSQLite(rest)
	case "mysql":
		db.dialect = onMySQL
		db.x, db.scripts, err = openMySQL(rest, db.log)
	default:
		return nil, fmt.Errorf("database kind %q is unknown: use sqlite or mysql", kind)
	}
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := db.x.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("database does not answer: %w", err), db.Close())
	}
	db.ids, db.metrics = &sequences{db: db}, newMetrics(o.Metrics, db)
	return db, nil
}

// Close stops the committers, which finish what they hold, and closes the
// connections.
func (db *DB) Close() error {
	for _, g := range db.groups {
		g.close()
	}
	if db.scripts == nil {
		return db.x.Close()
	}
	return errors.Join(db.scripts.Close(), db.x.Close())
}

// Ping tells whether the database answers.
func (db *DB) Ping(ctx context.Context) error { return db.x.PingContext(ctx) }

// Kind is "sqlite" or "mysql".
func (db *DB) Kind() string { return db.dialect.String() }
