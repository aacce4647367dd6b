package sql

import (
	"context"
	"math/rand/v2"
	"time"
)

// A due table has the columns
//
//	id      BIGINT, its key
//	due_at  BIGINT NULL, milliseconds; NULL is never
//	claim   BIGINT, the word of who claimed it last
//
// and an index on due_at. A lease in columns of its own would leave claimed
// rows inside the due range, which at 100,000 rows takes 25 times as long.
// Table names come from this package's constants only.

// word is a fresh claim word.
func word() int64 { return rand.Int64N(1<<62) + 1 }

// claimDue claims up to limit due rows of a table for the time of lease and
// answers their ids with the claim word. Whoever dies lets the rows come back
// by themselves when the lease has passed. SKIP LOCKED is not used: TiDB
// parses it and does not lock.
func (db *DB) claimDue(ctx context.Context, table string, limit int, lease time.Duration) (ids []int64, claim int64, err error) {
	return db.claimWhere(ctx, table, "1 = 1", limit, lease)
}

// claimWhere is claimDue for rows that meet a condition.
func (db *DB) claimWhere(ctx context.Context, table, condition string, limit int, lease time.Duration) (ids []int64, claim int64, err error) {
	r := db.run()
	var due []int64
	if err := r.all(ctx, &due, `SELECT id FROM `+table+` WHERE due_at <= {now} AND `+condition+` ORDER BY due_at LIMIT ?`, limit); err != nil || len(due) == 0 {
		return nil, 0, err
	}
	claim = word()
	var n int64
	err = db.retryDeadlock(ctx, func() error { // with who deletes what he had claimed
		n, err = r.exec(ctx, `UPDATE `+table+` SET claim = ?, due_at = {now} + ? WHERE id IN (?) AND due_at <= {now}`, claim, lease.Milliseconds(), due)
		return err
	})
	if err != nil || n == 0 {
		return nil, 0, err
	}
	if int(n) == len(due) {
		return due, claim, nil
	}
	err = r.all(ctx, &ids, `SELECT id FROM `+table+` WHERE id IN (?) AND claim = ?`, due, claim)
	return ids, claim, err
}
