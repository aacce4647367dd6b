package sql

import "context"

// Server tells the database's version and, on MySQL, the most bytes a statement
// may have.
func (db *DB) Server(ctx context.Context) (version string, packet int64, err error) {
	if db.dialect == onSQLite {
		err = db.run().get(ctx, &version, `SELECT 'SQLite ' || sqlite_version()`)
		return version, 0, err
	}
	var row struct {
		Version string `db:"version"`
		Packet  int64  `db:"packet"`
	}
	err = db.run().get(ctx, &row, `SELECT VERSION() AS version, @@GLOBAL.max_allowed_packet AS packet`)
	return row.Version, row.Packet, err
}

// KeyIDs names the master keys that are known here; the first one seals.
func (db *DB) KeyIDs() []string { return db.vault.KeyIDs() }
