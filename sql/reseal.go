package sql

import (
	"context"
	"fmt"
	"slices"
)

// Resealed tells how far a pass of Reseal has come.
type Resealed struct {
	Column string // "table.column" it is at
	Looked int    // rows
	Done   int    // values sealed anew
	Moved  int    // values that someone else changed meanwhile, left alone
	Bad    int    // values that do not open
	Why    error  // of the first bad one
}

// resealBatch is how many values share a transaction: few, for a running
// service waits for their locks.
const resealBatch = 50

// Reseal goes once through every sealed column and seals anew what is not under
// the vault's first key, by compare-and-set: a value that changed meanwhile is
// not overwritten. It holds no position, so it may be stopped anywhere and run
// again, also by several at once. What does not open is counted and left. tell
// is called after each page.
func (db *DB) Reseal(ctx context.Context, tell func(Resealed)) (Resealed, error) {
	var r Resealed
	for _, c := range sealedColumns {
		r.Column = c.name()
		err := db.eachWindow(ctx, c, func(w window) error {
			r.Looked += w.rows
			err := db.resealWindow(ctx, c, w, &r)
			tell(r)
			return err
		})
		if err != nil {
			return r, fmt.Errorf("%s: %w", r.Column, err)
		}
	}
	return r, nil
}

// sealedRow is one sealed value with what its binding is made of.
type sealedRow struct {
	Key    string `db:"k"`
	Sealed []byte `db:"sealed"`
	A      string `db:"a"`
	B      string `db:"b"`
	C      string `db:"c"`
}

func (db *DB) resealWindow(ctx context.Context, c sealedColumn, w window, r *Resealed) error {
	head, err := db.vault.Seal(nil, "")
	if err != nil {
		return err
	}
	where, args := c.within(w)
	q := `SELECT ` + c.key + ` AS k, ` + c.column + ` AS sealed`
	for i, as := range []string{"a", "b", "c"} {
		from := c.bound[i]
		if from == "" {
			from = "''"
		}
		q += `, ` + from + ` AS ` + as
	}
	var rows []sealedRow
	if err := db.run().all(ctx, &rows, q+` FROM `+c.table+where+` AND SUBSTR(`+c.column+`, 1, 9) <> ?`, append(args, head[:9])...); err != nil {
		return err
	}
	for batch := range slices.Chunk(rows, resealBatch) {
		if err := db.resealRows(ctx, c, batch, r); err != nil {
			return err
		}
	}
	return nil
}

// resealRows seals a batch anew in one transaction. Values are opened and
// sealed before it, so that it is short.
func (db *DB) resealRows(ctx context.Context, c sealedColumn, rows []sealedRow, r *Resealed) error {
	type change struct {
		key      string
		old, new []byte
	}
	var changes []change
	for _, row := range rows {
		fresh, err := db.sealAnew(c, row)
		if err != nil {
			r.bad(fmt.Errorf("%s of row %s: %w", c.name(), row.Key, err))
			continue
		}
		changes = append(changes, change{row.Key, row.Sealed, fresh})
	}
	done := 0
	err := db.inTx(ctx, func(t tx) error {
		done = 0
		for _, x := range changes {
			n, err := t.exec(ctx, `UPDATE `+c.table+` SET `+c.column+` = ? WHERE `+c.key+` = ? AND `+c.column+` = ?`, x.new, x.key, x.old)
			if err != nil {
				return err
			}
			done += int(n)
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.Done += done
	r.Moved += len(changes) - done
	return nil
}

func (db *DB) sealAnew(c sealedColumn, row sealedRow) ([]byte, error) {
	binding := c.binding([3]string{row.A, row.B, row.C})
	plain, err := db.vault.Open(row.Sealed, binding)
	if err != nil {
		return nil, err
	}
	return db.vault.Seal(plain, binding)
}

func (r *Resealed) bad(err error) {
	r.Bad++
	if r.Why == nil {
		r.Why = err
	}
}
