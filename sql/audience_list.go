package sql

import (
	"context"
	"slices"
	"time"

	"wechattpp/audience"
)

type listRow struct {
	ID        int64  `db:"id"`
	Kind      string `db:"kind"`
	Name      string `db:"name"`
	Size      int    `db:"size"`
	CreatedAt int64  `db:"created_at"`
	UpdatedAt int64  `db:"updated_at"`
}

const listColumns = `SELECT id, kind, name, size, created_at, updated_at FROM user_list `

func (r listRow) list() audience.List {
	return audience.List{ID: r.ID, Kind: r.Kind, Name: r.Name, Size: r.Size, CreatedAt: time.UnixMilli(r.CreatedAt), UpdatedAt: time.UnixMilli(r.UpdatedAt)}
}

// AddList stores a list under a fresh number.
func (a *Audience) AddList(ctx context.Context, l audience.List) (audience.List, error) {
	id, err := a.db.ids.take(ctx, "user_list", 1)
	if err != nil {
		return l, err
	}
	const insert = `INSERT INTO user_list (id, kind, name, created_at, updated_at) VALUES (?, ?, ?, {now}, {now})`
	if _, err := a.db.run().exec(ctx, insert, id, l.Kind, l.Name); err != nil {
		return l, err
	}
	return a.List(ctx, id)
}

// List reads one.
func (a *Audience) List(ctx context.Context, id int64) (audience.List, error) {
	return readList(ctx, a.db.run(), id)
}

func readList(ctx context.Context, r runner, id int64) (audience.List, error) {
	var row listRow
	err := r.get(ctx, &row, listColumns+`WHERE id = ?`, id)
	return row.list(), err
}

// RenameList gives a list another name.
func (a *Audience) RenameList(ctx context.Context, id int64, name string) (audience.List, error) {
	if _, err := a.db.run().exec(ctx, `UPDATE user_list SET name = ?, updated_at = {now} WHERE id = ?`, name, id); err != nil {
		return audience.List{}, err
	}
	return a.List(ctx, id)
}

// DeleteList removes a list with its entries.
func (a *Audience) DeleteList(ctx context.Context, id int64) error {
	return a.db.inTx(ctx, func(t tx) error {
		if err := one(t.exec(ctx, `DELETE FROM user_list WHERE id = ?`, id)); err != nil {
			return err
		}
		_, err := t.exec(ctx, `DELETE FROM user_list_entry WHERE list_id = ?`, id)
		return err
	})
}

// AllLists pages through the lists.
func (a *Audience) AllLists(ctx context.Context, after int64, limit int) ([]audience.List, error) {
	var rows []listRow
	err := a.db.run().all(ctx, &rows, listColumns+`WHERE id > ? ORDER BY id LIMIT ?`, after, limit)
	list := make([]audience.List, len(rows))
	for i, r := range rows {
		list[i] = r.list()
	}
	return list, err
}

// ChangeList removes, then adds. The row of the list is locked, so that its
// size is counted by one at a time.
func (a *Audience) ChangeList(ctx context.Context, id int64, add, remove []string) (l audience.List, err error) {
	err = a.db.inTx(ctx, func(t tx) error {
		if err := one(t.exec(ctx, `UPDATE user_list SET updated_at = {now} WHERE id = ?`, id)); err != nil {
			return err
		}
		for some := range slices.Chunk(remove, 500) {
			if _, err := t.exec(ctx, `DELETE FROM user_list_entry WHERE list_id = ? AND entry IN (?)`, id, some); err != nil {
				return err
			}
		}
		for some := range slices.Chunk(add, 500) {
			args := make([]any, 0, 2*len(some))
			for _, e := range some {
				args = append(args, id, e)
			}
			insert := `INSERT INTO user_list_entry (list_id, entry) VALUES ` + values(len(some), "(?, ?)") + t.db.orIgnore("entry")
			if _, err := t.exec(ctx, insert, args...); err != nil {
				return err
			}
		}
		const count = `UPDATE user_list SET size = (SELECT COUNT(*) FROM user_list_entry WHERE list_id = ?) WHERE id = ?`
		if _, err := t.exec(ctx, count, id, id); err != nil {
			return err
		}
		l, err = readList(ctx, t.runner, id)
		return err
	})
	return l, err
}

// Entries pages through the entries of a list.
func (a *Audience) Entries(ctx context.Context, id int64, after string, limit int) ([]string, error) {
	var entries []string
	err := a.db.run().all(ctx, &entries, `SELECT entry FROM user_list_entry WHERE list_id = ? AND entry > ? ORDER BY entry LIMIT ?`, id, after, limit)
	return entries, err
}

// Listed looks words up.
func (a *Audience) Listed(ctx context.Context, id int64, words []string) (map[string]bool, error) {
	listed := map[string]bool{}
	for some := range slices.Chunk(words, 500) {
		var found []string
		if err := a.db.run().all(ctx, &found, `SELECT entry FROM user_list_entry WHERE list_id = ? AND entry IN (?)`, id, some); err != nil {
			return nil, err
		}
		for _, e := range found {
			listed[e] = true
		}
	}
	return listed, nil
}
