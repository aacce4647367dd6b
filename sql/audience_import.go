package sql

import (
	"context"
	"slices"
	"time"

	"wechattpp/audience"
)

type importRow struct {
	ID        int64  `db:"id"`
	Client    int64  `db:"client_id"`
	Name      string `db:"name"`
	State     string `db:"state"`
	Good      int    `db:"good"`
	Bad       int    `db:"bad"`
	Problem   string `db:"problem"`
	CreatedAt int64  `db:"created_at"`
	UpdatedAt int64  `db:"updated_at"`
	Now       int64  `db:"clock"`
}

const importSQL = `SELECT id, client_id, name, state, good, bad, problem, created_at, updated_at, {now} AS clock FROM user_import `

func (r importRow) report() audience.Import {
	return audience.Import{ID: r.ID, Client: r.Client, Name: r.Name, State: r.State, Rows: r.Good + r.Bad, Good: r.Good, Bad: r.Bad, Problem: r.Problem,
		CreatedAt: time.UnixMilli(r.CreatedAt), UpdatedAt: time.UnixMilli(r.UpdatedAt), Age: ms(r.Now - r.UpdatedAt)}
}

// BeginImport makes a report under a fresh id.
func (a *Audience) BeginImport(ctx context.Context, i audience.Import) (audience.Import, error) {
	id, err := a.db.ids.take(ctx, "user_import", 1)
	if err != nil {
		return i, err
	}
	const insert = `INSERT INTO user_import (id, client_id, name, state, good, bad, kept, problem, created_at, updated_at) VALUES (?, ?, ?, ?, 0, 0, 0, '', {now}, {now})`
	if _, err := a.db.run().exec(ctx, insert, id, i.Client, i.Name, audience.Importing); err != nil {
		return i, err
	}
	return a.Import(ctx, id)
}

// Import reads a report.
func (a *Audience) Import(ctx context.Context, id int64) (audience.Import, error) {
	return readImport(ctx, a.db.run(), id)
}

func readImport(ctx context.Context, r runner, id int64) (audience.Import, error) {
	var row importRow
	err := r.get(ctx, &row, importSQL+`WHERE id = ?`, id)
	return row.report(), err
}

// EndImport writes the last state.
func (a *Audience) EndImport(ctx context.Context, id int64, state, problem string) (i audience.Import, err error) {
	if _, err = a.db.run().exec(ctx, `UPDATE user_import SET state = ?, problem = ?, updated_at = {now} WHERE id = ?`, state, problem, id); err != nil {
		return i, err
	}
	return a.Import(ctx, id)
}

// AddPart writes a part with its report.
func (a *Audience) AddPart(ctx context.Context, id int64, p audience.Part) (i audience.Import, err error) {
	first, err := a.db.ids.take(ctx, "user", max(len(p.Changes), 1))
	if err != nil {
		return i, err
	}
	err = a.db.inTx(ctx, func(t tx) error {
		p := p // the transaction may run again
		if err := t.importPart(ctx, &p, first); err != nil {
			return err
		}
		if err := t.problems(ctx, id, p.Problems); err != nil {
			return err
		}
		good := len(p.Changes)
		if _, err := t.exec(ctx, `UPDATE user_import SET good = good + ?, bad = bad + ?, updated_at = {now} WHERE id = ?`, good, p.Bad, id); err != nil {
			return err
		}
		i, err = readImport(ctx, t.runner, id)
		return err
	})
	return i, err
}

// importPart makes the changes that can be made and turns the others into
// problems.
func (t tx) importPart(ctx context.Context, p *audience.Part, first int64) error {
	if len(p.Changes) == 0 {
		return nil
	}
	taken, err := t.taken(ctx, p.Changes)
	if err != nil {
		return err
	}
	whole, rows := p.Changes, p.Rows
	problems := slices.Clip(p.Problems)
	p.Changes, p.Rows = nil, nil
	for i, c := range whole {
		if field, text := taken.claim(c); text != "" {
			problems, p.Bad = append(problems, audience.Problem{Row: rows[i], Field: field, Text: text}), p.Bad+1
			continue
		}
		p.Changes, p.Rows = append(p.Changes, c), append(p.Rows, rows[i])
	}
	p.Problems = problems
	if len(p.Changes) == 0 {
		return nil
	}
	refused, err := t.change(ctx, p.Changes, first)
	if err != nil {
		return err
	}
	good := 0
	for i, bad := range refused {
		if bad != nil {
			p.Problems, p.Bad = append(p.Problems, audience.Problem{Row: p.Rows[i], Text: bad.Error()}), p.Bad+1
			continue
		}
		good++
	}
	p.Changes = p.Changes[:good] // only their number is used from here on
	return nil
}

// owners knows to whom identities belong, and those that are claimed now.
type owners map[audience.Value]string

// taken finds the users that have one of the identities that the changes set.
func (t tx) taken(ctx context.Context, changes []audience.Change) (owners, error) {
	type place struct{ kind, bind string }
	asked := map[place][]string{}
	for _, c := range changes {
		for _, v := range c.Identities() {
			at := place{v.Kind, v.BindID}
			asked[at] = append(asked[at], v.Value)
		}
	}
	found := owners{}
	for at, ids := range asked {
		var rows []struct {
			UserID string `db:"userid"`
			Value  string `db:"value"`
		}
		err := t.all(ctx, &rows, `SELECT u.userid, v.value FROM user_value v JOIN user u ON u.id = v.user_id WHERE v.kind = ? AND v.bind_id = ? AND v.value IN (?)`, at.kind, at.bind, ids)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			found[audience.Value{Kind: at.kind, BindID: at.bind, Value: r.Value}] = r.UserID
		}
	}
	return found, nil
}

// claim takes the identities of a change, or tells which one is another user's.
func (o owners) claim(c audience.Change) (field, text string) {
	for _, v := range c.Identities() {
		if who, ok := o[v]; ok && who != c.UserID {
			return audience.ColumnOf(v.Kind), "is bound to the userid " + who + " already: remove it there first"
		}
	}
	for _, v := range c.Identities() {
		o[v] = c.UserID
	}
	return "", ""
}

// problems keeps what there is room for.
func (t tx) problems(ctx context.Context, id int64, all []audience.Problem) error {
	if len(all) == 0 {
		return nil
	}
	var kept int
	if err := t.get(ctx, &kept, `SELECT kept FROM user_import WHERE id = ?`, id); err != nil {
		return err
	}
	slices.SortStableFunc(all, func(a, b audience.Problem) int { return a.Row - b.Row })
	all = all[:min(len(all), audience.MostProblems-kept)]
	for part := range slices.Chunk(all, 500) {
		args := make([]any, 0, 6*len(part))
		for _, p := range part {
			kept++
			args = append(args, id, kept, p.Row, p.Field, p.Text, p.Taken)
		}
		if _, err := t.exec(ctx, `INSERT INTO user_import_problem (import_id, seq, line, field, reason, taken) VALUES `+values(len(part), "(?, ?, ?, ?, ?, ?)"), args...); err != nil {
			return err
		}
	}
	_, err := t.exec(ctx, `UPDATE user_import SET kept = ? WHERE id = ?`, kept, id)
	return err
}

// Imports lists reports.
func (a *Audience) Imports(ctx context.Context, client *int64, before int64, limit int) ([]audience.Import, error) {
	where, args := `WHERE (? = 0 OR id < ?)`, []any{before, before}
	if client != nil {
		where, args = where+` AND client_id = ?`, append(args, *client)
	}
	var rows []importRow
	if err := a.db.run().all(ctx, &rows, importSQL+where+` ORDER BY id DESC LIMIT ?`, append(args, limit)...); err != nil {
		return nil, err
	}
	all := make([]audience.Import, len(rows))
	for i, r := range rows {
		all[i] = r.report()
	}
	return all, nil
}

// Problems lists problems of an import.
func (a *Audience) Problems(ctx context.Context, id int64, after, limit int) ([]audience.Problem, error) {
	var rows []struct {
		Row    int    `db:"line"`
		Field  string `db:"field"`
		Reason string `db:"reason"`
		Taken  bool   `db:"taken"`
	}
	if err := a.db.run().all(ctx, &rows, `SELECT line, field, reason, taken FROM user_import_problem WHERE import_id = ? AND seq > ? ORDER BY seq LIMIT ?`, id, after, limit); err != nil {
		return nil, err
	}
	all := make([]audience.Problem, len(rows))
	for i, r := range rows {
		all[i] = audience.Problem{Row: r.Row, Field: r.Field, Text: r.Reason, Taken: r.Taken}
	}
	return all, nil
}

// ForgetImports deletes old reports.
func (a *Audience) ForgetImports(ctx context.Context, age time.Duration, limit int) (int, error) {
	var ids []int64
	r := a.db.run()
	if err := r.all(ctx, &ids, `SELECT id FROM user_import WHERE updated_at < {now} - ? ORDER BY id LIMIT ?`, age.Milliseconds(), limit); err != nil || len(ids) == 0 {
		return 0, err
	}
	if _, err := r.exec(ctx, `DELETE FROM user_import_problem WHERE import_id IN (?)`, ids); err != nil {
		return 0, err
	}
	n, err := r.exec(ctx, `DELETE FROM user_import WHERE id IN (?)`, ids)
	return int(n), err
}
