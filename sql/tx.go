package sql

import (
	"context"
	stdsql "database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	my "github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"
	"modernc.org/sqlite"
)

// runner is what both the database and a transaction can do. Queries go
// through it with {now} in place and IN (?) lists expanded.
type runner struct {
	x  sqlx.ExtContext
	db *DB
}

// tx is a running transaction.
type tx struct{ runner }

func (db *DB) run() runner { return runner{db.x, db} }

// text makes a query fit the dialect.
func (db *DB) text(query string) string {
	if !strings.Contains(query, "{now}") {
		return query
	}
	return strings.ReplaceAll(query, "{now}", db.now())
}

// now is the database's clock. SQLite lives in this process, so the process's
// clock is the database's, and follows the clock of testing/synctest.
func (db *DB) now() string {
	if db.dialect == onMySQL {
		return "CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)"
	}
	return strconv.FormatInt(time.Now().UnixMilli(), 10)
}

// exec runs a statement and answers how many rows it touched.
func (r runner) exec(ctx context.Context, query string, args ...any) (int64, error) {
	query, args, err := in(r.db.text(query), args)
	if err != nil {
		return 0, err
	}
	res, err := r.x.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, translate(err)
	}
	return res.RowsAffected()
}

// get reads one row into dest; no row is fs.ErrNotExist.
func (r runner) get(ctx context.Context, dest any, query string, args ...any) error {
	query, args, err := in(r.db.text(query), args)
	if err != nil {
		return err
	}
	return translate(sqlx.GetContext(ctx, r.x, dest, query, args...))
}

// all reads every row into the slice dest points to.
func (r runner) all(ctx context.Context, dest any, query string, args ...any) error {
	query, args, err := in(r.db.text(query), args)
	if err != nil {
		return err
	}
	return translate(sqlx.SelectContext(ctx, r.x, dest, query, args...))
}

// in expands slices for IN (?), leaving []byte and plain values alone.
func in(query string, args []any) (string, []any, error) {
	for _, a := range args {
		switch a.(type) {
		case []int64, []string, []int:
			return sqlx.In(query, args...)
		}
	}
	return query, args, nil
}

// inTx runs f in a transaction, up to ten times when the database
// chose it as a deadlock's victim. f must have no effect outside of tx.
func (db *DB) inTx(ctx context.Context, f func(tx) error) error {
	return db.retryDeadlock(ctx, func() error { return db.once(ctx, f) })
}

func (db *DB) retryDeadlock(ctx context.Context, f func() error) error {
	for attempt := 1; ; attempt++ {
		err := f()
		if err == nil || attempt == 10 || !isDeadlock(err) {
			return err
		}
		wait := time.Duration(rand.IntN(10*attempt)+1) * time.Millisecond
		select {
		case <-ctx.Done():
			return err
		case <-time.After(wait):
		}
	}
}

func (db *DB) once(ctx context.Context, f func(tx) error) error {
	t, err := db.x.BeginTxx(ctx, nil)
	if err != nil {
		return translate(err)
	}
	if err := f(tx{runner{t, db}}); err != nil {
		if rb := t.Rollback(); rb != nil && !errors.Is(rb, stdsql.ErrTxDone) {
			return errors.Join(err, rb)
		}
		return err
	}
	return translate(t.Commit())
}

// onConflict is the end of an INSERT that overwrites the named columns when a
// row with the same key is there already.
func (db *DB) onConflict(key string, columns ...string) string {
	set := make([]string, len(columns))
	for i, c := range columns {
		if db.dialect == onMySQL {
			set[i] = fmt.Sprintf("%s = VALUES(%s)", c, c)
		} else {
			set[i] = fmt.Sprintf("%s = excluded.%s", c, c)
		}
	}
	if db.dialect == onMySQL {
		return " ON DUPLICATE KEY UPDATE " + strings.Join(set, ", ")
	}
	return " ON CONFLICT (" + key + ") DO UPDATE SET " + strings.Join(set, ", ")
}

// orIgnore is the end of an INSERT that leaves an existing row alone. Never
// INSERT IGNORE, which hides truncation and bad values as well.
func (db *DB) orIgnore(column string) string {
	if db.dialect == onMySQL {
		return fmt.Sprintf(" ON DUPLICATE KEY UPDATE %s = %s", column, column)
	}
	return " ON CONFLICT DO NOTHING"
}

// translate gives the errors of both drivers one language.
func translate(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, stdsql.ErrNoRows):
		return fs.ErrNotExist
	case isDuplicate(err):
		return fmt.Errorf("%w: %w", fs.ErrExist, err)
	}
	return err
}

func isDuplicate(err error) bool {
	var m *my.MySQLError
	if errors.As(err, &m) {
		return m.Number == 1062
	}
	var s *sqlite.Error
	return errors.As(err, &s) && (s.Code() == 2067 || s.Code() == 1555) // UNIQUE, PRIMARY KEY
}

func isDeadlock(err error) bool {
	var m *my.MySQLError
	if errors.As(err, &m) {
		return m.Number == 1213 || m.Number == 1205
	}
	var s *sqlite.Error
	return errors.As(err, &s) && s.Code()&0xff == 5 // SQLITE_BUSY: another command writes
}

// isAway tells that the database itself is missing, not that it refused: the
// same statement may succeed once it is back.
func isAway(err error) bool {
	var m *my.MySQLError
	if errors.As(err, &m) {
		return m.Number == 1040 || m.Number == 1053 || m.Number == 1205 || m.Number == 1213 || m.Number == 1290 // too many connections, shutdown, lock waits, read only
	}
	var s *sqlite.Error
	if errors.As(err, &s) {
		c := s.Code() & 0xff
		return c == 5 || c == 13 || c == 10 // BUSY, FULL, IOERR
	}
	return err != nil && !errors.Is(err, context.Canceled) && (errors.Is(err, driver.ErrBadConn) || errors.Is(err, my.ErrInvalidConn) ||
		errors.Is(err, stdsql.ErrConnDone) || isNet(err))
}
