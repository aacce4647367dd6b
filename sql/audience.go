package sql

import (
	"context"
	"maps"
	"slices"
	"strings"

	"wechattpp/audience"
)

// Audience keeps users and what is known of them.
type Audience struct{ db *DB }

var _ audience.Store = (*Audience)(nil)

// Audience gives the store of users.
func (db *DB) Audience() *Audience { return &Audience{db} }

type valueRow struct {
	UserID int64  `db:"user_id"`
	Kind   string `db:"kind"`
	BindID string `db:"bind_id"`
	Value  string `db:"value"`
}

// Write makes the changes of one call. Users are locked in the order of their
// ids, so that two calls on the same users take turns.
func (a *Audience) Write(ctx context.Context, changes []audience.Change) (refused []error, err error) {
	first, err := a.db.ids.take(ctx, "user", len(changes))
	if err != nil {
		return nil, err
	}
	err = a.db.inTx(ctx, func(t tx) error {
		refused, err = t.change(ctx, changes, first)
		return err
	})
	return refused, err
}

// change makes changes; new users have ids from first on.
func (t tx) change(ctx context.Context, changes []audience.Change, first int64) ([]error, error) {
	ids, err := t.users(ctx, changes, first)
	if err != nil {
		return nil, err
	}
	old := maps.Clone(ids)
	maps.DeleteFunc(old, func(_ string, id int64) bool { return id >= first && id < first+int64(len(changes)) }) // made just now: nothing is known of them
	have, err := t.values(ctx, old)
	if err != nil {
		return nil, err
	}
	want := make(map[int64][]audience.Value, len(ids))
	for id, values := range have {
		want[id] = values
	}
	refused := make([]error, len(changes))
	for i, c := range changes {
		id := ids[c.UserID]
		next, err := c.Apply(want[id])
		if refused[i] = err; err == nil {
			want[id] = next
		}
	}
	return refused, t.replace(ctx, have, want)
}

// users finds the users, making those that are missing, and locks them.
func (t tx) users(ctx context.Context, changes []audience.Change, id int64) (map[string]int64, error) {
	names := make([]string, len(changes))
	for i, c := range changes {
		names[i] = c.UserID
	}
	slices.Sort(names)
	names = slices.Compact(names)
	var now int64
	if err := t.get(ctx, &now, `SELECT {now}`); err != nil { // once, not in each of a thousand rows
		return nil, err
	}
	args := make([]any, 0, 4*len(names))
	for i, n := range names {
		args = append(args, id+int64(i), n, now, now)
	}
	insert := `INSERT INTO user (id, userid, created_at, updated_at) VALUES ` + values(len(names), "(?, ?, ?, ?)") + t.db.onConflict("userid", "updated_at")
	if _, err := t.exec(ctx, insert, args...); err != nil {
		return nil, err
	}
	var rows []struct {
		ID     int64  `db:"id"`
		UserID string `db:"userid"`
	}
	if err := t.all(ctx, &rows, `SELECT id, userid FROM user WHERE userid IN (?)`, names); err != nil {
		return nil, err
	}
	ids := make(map[string]int64, len(rows))
	for _, r := range rows {
		ids[r.UserID] = r.ID
	}
	return ids, nil
}

func (t tx) values(ctx context.Context, ids map[string]int64) (map[int64][]audience.Value, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	list := slices.Collect(maps.Values(ids))
	var rows []valueRow
	if err := t.all(ctx, &rows, `SELECT user_id, kind, bind_id, value FROM user_value WHERE user_id IN (?)`, list); err != nil {
		return nil, err
	}
	have := make(map[int64][]audience.Value, len(ids))
	for _, r := range rows {
		have[r.UserID] = append(have[r.UserID], audience.Value{Kind: r.Kind, BindID: r.BindID, Value: r.Value})
	}
	return have, nil
}

// replace writes the difference between what was and what shall be.
func (t tx) replace(ctx context.Context, have, want map[int64][]audience.Value) error {
	var gone, fresh []valueRow
	for _, id := range slices.Sorted(maps.Keys(want)) { // as the table is ordered: the rows fall side by side
		now := want[id]
		gone = append(gone, missing(id, have[id], now)...)
		fresh = append(fresh, missing(id, now, have[id])...)
	}
	for part := range slices.Chunk(gone, 100) { // the databases do not agree on how to write a list of rows
		const one = `user_id = ? AND kind = ? AND bind_id = ? AND value = ?`
		where := one + strings.Repeat(" OR "+one, len(part)-1)
		if _, err := t.exec(ctx, `DELETE FROM user_value WHERE `+where, rowArgs(part)...); err != nil {
			return err
		}
	}
	for part := range slices.Chunk(fresh, 500) {
		if _, err := t.exec(ctx, `INSERT INTO user_value (user_id, kind, bind_id, value) VALUES `+
			values(len(part), "(?, ?, ?, ?)"), rowArgs(part)...); err != nil {
			return err
		}
	}
	return nil
}

// missing lists what of a user is in one list and not in the other.
func missing(id int64, in, from []audience.Value) []valueRow {
	var rows []valueRow
	for _, v := range in {
		if !slices.Contains(from, v) {
			rows = append(rows, valueRow{id, v.Kind, v.BindID, v.Value})
		}
	}
	return rows
}

func rowArgs(rows []valueRow) []any {
	args := make([]any, 0, 4*len(rows))
	for _, r := range rows {
		args = append(args, r.UserID, r.Kind, r.BindID, r.Value)
	}
	return args
}

// Delete removes users with all their values, and what they agreed to.
func (a *Audience) Delete(ctx context.Context, userids []string) (map[string]bool, error) {
	var existed map[string]bool
	err := a.db.inTx(ctx, func(t tx) error {
		existed = map[string]bool{}
		var found []string
		if err := t.all(ctx, &found, `SELECT userid FROM user WHERE userid IN (?)`, userids); err != nil || len(found) == 0 {
			return err
		}
		for _, id := range found {
			existed[id] = true
		}
		var had []valueRow
		if err := t.all(ctx, &had, `SELECT v.user_id, v.kind, v.bind_id, v.value FROM user_value v JOIN user u ON u.id = v.user_id WHERE u.userid IN (?) AND v.kind IN (?)`,
			found, audience.Consenting); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `DELETE FROM user_value WHERE user_id IN (SELECT id FROM user WHERE userid IN (?))`, found); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `DELETE FROM user WHERE userid IN (?)`, found); err != nil {
			return err
		}
		identities := make([]audience.Value, len(had))
		for i, v := range had {
			identities[i] = audience.Value{Kind: v.Kind, BindID: v.BindID, Value: v.Value}
		}
		return t.dropRightsOf(ctx, identities)
	})
	return existed, err
}

// Values resolves users to identities.
func (a *Audience) Values(ctx context.Context, kind, bindID string, userids []string) (map[string]string, error) {
	var rows []struct {
		UserID string `db:"userid"`
		Value  string `db:"value"`
	}
	const query = `SELECT u.userid, MIN(v.value) AS value FROM user u JOIN user_value v ON v.user_id = u.id
		WHERE u.userid IN (?) AND v.kind = ? AND v.bind_id = ? GROUP BY u.userid`
	if err := a.db.run().all(ctx, &rows, query, userids, kind, bindID); err != nil {
		return nil, err
	}
	found := make(map[string]string, len(rows))
	for _, r := range rows {
		found[r.UserID] = r.Value
	}
	return found, nil
}
