package sql

import (
	"context"
	stdsql "database/sql"
	"database/sql/driver"
	"errors"
	"strings"

	my "github.com/go-sql-driver/mysql"
)

// step is one statement of a script.
type step struct {
	query string
	args  []any // int64, string, []byte or nil
}

// plain makes arguments what a script takes, as database/sql does by itself for
// single statements.
func plain(args []any) ([]any, error) {
	out := make([]any, len(args))
	for i, a := range args {
		v, err := driver.DefaultParameterConverter.ConvertValue(a)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}

// script runs INSERTs as one transaction and answers how many rows each added.
// MySQL gets it in one round trip: with a few rows a transaction, the
// trips cost more than the rows.
func (db *DB) script(ctx context.Context, steps ...step) (added []int64, err error) {
	if db.dialect == onSQLite {
		return added, db.inTx(ctx, func(t tx) error {
			added = added[:0]
			for _, s := range steps {
				n, err := t.exec(ctx, s.query, s.args...)
				if err != nil {
					return err
				}
				added = append(added, n)
			}
			return nil
		})
	}
	query, args := db.join(steps)
	err = db.retryDeadlock(ctx, func() (err error) {
		added, err = db.trip(ctx, query, args)
		return err
	})
	if err != nil {
		return nil, err
	}
	return added[1 : len(added)-1], nil // without those of START TRANSACTION and COMMIT
}

func (db *DB) join(steps []step) (string, []driver.NamedValue) {
	var b strings.Builder
	b.WriteString("START TRANSACTION;")
	n := 0
	for _, s := range steps {
		n += len(s.args)
	}
	args := make([]driver.NamedValue, 0, n)
	for _, s := range steps {
		b.WriteString(db.text(s.query))
		b.WriteByte(';')
		for _, a := range s.args {
			args = append(args, driver.NamedValue{Ordinal: len(args) + 1, Value: a})
		}
	}
	b.WriteString("COMMIT")
	return b.String(), args
}

// trip sends a transaction as one text. What fails half-way must not stay open
// on a connection that goes back to the pool: the next START TRANSACTION would
// commit it.
func (db *DB) trip(ctx context.Context, query string, args []driver.NamedValue) (added []int64, err error) {
	c, err := db.scripts.Conn(ctx)
	if err != nil {
		return nil, translate(err)
	}
	defer func() { // a connection that Raw found bad is closed already
		if end := c.Close(); end != nil && !errors.Is(end, stdsql.ErrConnDone) {
			err = errors.Join(err, end)
		}
	}()
	var failed error
	err = c.Raw(func(conn any) error {
		e := conn.(driver.ExecerContext)
		var res driver.Result
		if res, failed = e.ExecContext(ctx, query, args); failed == nil {
			added = res.(my.Result).AllRowsAffected()
			return nil
		}
		if _, err := e.ExecContext(ctx, "ROLLBACK", nil); err != nil {
			return driver.ErrBadConn
		}
		return nil
	})
	return added, translate(errors.Join(failed, err))
}
