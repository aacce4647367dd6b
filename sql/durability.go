package sql

import (
	"context"
	"fmt"
	"time"
)

// Durability tells what keeps a commit from surviving a crash of the machine,
// in words that say what to mend; nothing if it survives.
func (db *DB) Durability(ctx context.Context) (weak []string, err error) {
	if db.dialect == onSQLite {
		return db.sqliteDurability(ctx)
	}
	checks := []struct{ name, want, mend string }{
		{"innodb_flush_log_at_trx_commit", "1", "set innodb_flush_log_at_trx_commit = 1 on the database server"},
		{"sync_binlog", "1", "set sync_binlog = 1 on the database server"},
	}
	for _, c := range checks {
		var row struct {
			Name  string `db:"Variable_name"`
			Value string `db:"Value"`
		}
		if err := db.run().get(ctx, &row, `SHOW GLOBAL VARIABLES WHERE Variable_name = ?`, c.name); err != nil {
			return nil, err
		}
		if row.Value != c.want && !(c.name == "sync_binlog" && !db.hasBinlog(ctx)) {
			weak = append(weak, fmt.Sprintf("the database may lose its last second at a crash: %s (is %s)", c.mend, row.Value))
		}
	}
	return weak, nil
}

// hasBinlog: a server that writes no binary log has nothing to sync; one that
// does not tell is taken to write one.
func (db *DB) hasBinlog(ctx context.Context) bool {
	var on int
	return db.run().get(ctx, &on, `SELECT @@GLOBAL.log_bin`) != nil || on == 1
}

func (db *DB) sqliteDurability(ctx context.Context) (weak []string, err error) {
	var level int
	if err := db.run().get(ctx, &level, `PRAGMA synchronous`); err != nil {
		return nil, err
	}
	if level < 2 {
		weak = append(weak, "SQLite runs without synchronous=FULL and may lose its last commits at a crash")
	}
	return weak, nil
}

// ClockSkew tells how far this machine's clock is ahead of the database's;
// negative when it is behind. Leases do not care, people who read logs do.
func (db *DB) ClockSkew(ctx context.Context) (time.Duration, error) {
	start := time.Now()
	var ms int64
	if err := db.run().get(ctx, &ms, `SELECT {now}`); err != nil {
		return 0, err
	}
	return start.Add(time.Since(start) / 2).Sub(time.UnixMilli(ms)), nil
}
