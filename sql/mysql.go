package sql

import (
	"context"
	stdsql "database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"time"

	my "github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"
)

// openMySQL opens MySQL 8, MariaDB 10.6 or later and their like. The settings
// below are ours to decide, not the operator's:
// clientFoundRows, so that an update that changes nothing still counts its
// row; interpolateParams, for one round trip a statement instead of three.
// The second pool is for script alone: it may send several statements at once,
// which no other query should be able to, and a writer of events does not wait
// there for a connection behind everyone else.
func openMySQL(dsn string, log *slog.Logger) (x *sqlx.DB, scripts *stdsql.DB, err error) {
	cfg, err := my.ParseDSN(dsn)
	if err != nil {
		return nil, nil, errors.New(`database: want mysql:user:password@tcp(host:3306)/name`)
	}
	if cfg.DBName == "" {
		return nil, nil, errors.New("database: the MySQL address names no database: want mysql:user:password@tcp(host:3306)/name")
	}
	cfg.ClientFoundRows, cfg.InterpolateParams, cfg.ParseTime = true, true, true
	cfg.Logger = driverLog{log}
	if cfg.Timeout == 0 {
		cfg.Timeout = 2 * time.Second
	}
	if cfg.ReadTimeout == 0 {
		cfg.ReadTimeout, cfg.WriteTimeout = 30*time.Second, 30*time.Second
	}
	if err := cfg.Apply(my.Charset("utf8mb4", "utf8mb4_bin")); err != nil {
		return nil, nil, fmt.Errorf("database: %w", err)
	}
	db, err := pool(cfg)
	if err != nil {
		return nil, nil, err
	}
	cfg.MultiStatements, cfg.ClientFoundRows = true, false // a script wants to know what is really new
	scripts, err = pool(cfg)
	return sqlx.NewDb(db, "mysql"), scripts, err
}

func pool(cfg *my.Config) (*stdsql.DB, error) {
	c, err := my.NewConnector(cfg) // keeps a copy of cfg
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	db := stdsql.OpenDB(session{c})
	db.SetMaxOpenConns(32)
	db.SetMaxIdleConns(32)
	db.SetConnMaxIdleTime(time.Minute)
	return db, nil
}

// driverLog takes what the driver would print: broken connections, which the
// pool replaces.
type driverLog struct{ log *slog.Logger }

func (d driverLog) Print(v ...any) { d.log.Debug("database driver", "text", fmt.Sprint(v...)) }

// session sets what every connection needs. Read committed, because the
// default's gap locks make claims and inserts of different replicas block each
// other; strict mode, because silent truncation would lose data.
type session struct{ driver.Connector }

const sessionSQL = `SET SESSION sql_mode = 'TRADITIONAL,NO_ENGINE_SUBSTITUTION', innodb_lock_wait_timeout = 5`
const isolationSQL = `SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED`

func (s session) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := s.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	for _, q := range []string{sessionSQL, isolationSQL} {
		if _, err := c.(driver.ExecerContext).ExecContext(ctx, q, nil); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	return c, nil
}
