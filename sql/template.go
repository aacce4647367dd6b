package sql

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"wechattpp/sender"
	"wechattpp/wechat"
)

// Templates keeps the accounts' own lists of templates.
type Templates struct{ db *DB }

var _ sender.TemplateStore = (*Templates)(nil)

// Templates gives the store of accounts' templates.
func (db *DB) Templates() *Templates { return &Templates{db} }

type templateRow struct {
	ID   string `db:"template_id"`
	Body []byte `db:"body_json"`
}

func (r templateRow) template() (t wechat.Template, err error) {
	if err = json.Unmarshal(r.Body, &t); err != nil {
		err = fmt.Errorf("account template %s: %w", r.ID, err)
	}
	return t, err
}

func templatesOf(rows []templateRow) ([]wechat.Template, error) {
	list := make([]wechat.Template, len(rows))
	for i, r := range rows {
		var err error
		if list[i], err = r.template(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// keepable tells whether an id fits its column; no send could name another.
func keepable(id string) bool {
	return id != "" && len(id) <= 128 && !strings.ContainsFunc(id, func(c rune) bool { return c <= ' ' || c > '~' })
}

// SaveTemplates replaces what is kept of a list, and tells how it differs.
func (t *Templates) SaveTemplates(ctx context.Context, appID, kind string, list []wechat.Template) (change sender.TemplateChange, err error) {
	err = t.db.inTx(ctx, func(x tx) error {
		change = sender.TemplateChange{}
		var rows []templateRow
		if err := x.all(ctx, &rows, `SELECT template_id, body_json FROM account_template WHERE app_id = ? AND kind = ?`+t.db.forUpdate(), appID, kind); err != nil {
			return err
		}
		old := make(map[string]templateRow, len(rows))
		for _, r := range rows {
			old[r.ID] = r
		}
		for _, one := range list {
			if !keepable(one.ID) {
				continue
			}
			was, known := old[one.ID]
			delete(old, one.ID)
			changed, err := x.saveTemplate(ctx, appID, kind, one, was)
			switch {
			case err != nil:
				return err
			case !known:
				change.Added = append(change.Added, one)
			case changed:
				change.Changed = append(change.Changed, one)
			}
		}
		for _, r := range rows { // in their order
			if _, gone := old[r.ID]; !gone {
				continue
			}
			one, err := r.template()
			if err != nil {
				return err
			}
			change.Removed = append(change.Removed, one)
			if _, err := x.exec(ctx, `DELETE FROM account_template WHERE app_id = ? AND template_id = ?`, appID, r.ID); err != nil {
				return err
			}
		}
		_, err := x.exec(ctx, `INSERT INTO account_template_list (app_id, kind, refreshed_at) VALUES (?, ?, {now})`+t.db.onConflict("app_id, kind", "refreshed_at"), appID, kind)
		return err
	})
	return change, err
}

func (x tx) saveTemplate(ctx context.Context, appID, kind string, one wechat.Template, was templateRow) (changed bool, err error) {
	body, err := encodeJSON(one)
	if err != nil || string(body) == string(was.Body) {
		return false, err
	}
	_, err = x.exec(ctx, `INSERT INTO account_template (app_id, template_id, kind, body_json) VALUES (?, ?, ?, ?)`+x.db.onConflict("app_id, template_id", "kind", "body_json"),
		appID, one.ID, kind, body)
	return true, err
}

// Templates pages by id.
func (t *Templates) Templates(ctx context.Context, appID, kind, after string, limit int) ([]wechat.Template, error) {
	var rows []templateRow
	err := t.db.run().all(ctx, &rows, `SELECT template_id, body_json FROM account_template WHERE app_id = ? AND template_id > ? AND (kind = ? OR ? = '') ORDER BY template_id LIMIT ?`,
		appID, after, kind, kind, limit)
	if err != nil {
		return nil, err
	}
	return templatesOf(rows)
}

// Template reads one.
func (t *Templates) Template(ctx context.Context, appID, id string) (wechat.Template, error) {
	var row templateRow
	if err := t.db.run().get(ctx, &row, `SELECT template_id, body_json FROM account_template WHERE app_id = ? AND template_id = ?`, appID, id); err != nil {
		return wechat.Template{}, err
	}
	return row.template()
}

// TemplateLists counts what is kept.
func (t *Templates) TemplateLists(ctx context.Context, appID string) ([]sender.TemplateList, error) {
	var rows []struct {
		Kind      string `db:"kind"`
		Refreshed int64  `db:"refreshed_at"`
		Used      int    `db:"used"`
	}
	const query = `SELECT l.kind, l.refreshed_at, COUNT(t.template_id) AS used FROM account_template_list l LEFT JOIN account_template t ON t.app_id = l.app_id AND t.kind = l.kind
		WHERE l.app_id = ? GROUP BY l.kind, l.refreshed_at ORDER BY l.kind`
	if err := t.db.run().all(ctx, &rows, query, appID); err != nil {
		return nil, err
	}
	lists := make([]sender.TemplateList, len(rows))
	for i, r := range rows {
		lists[i] = sender.TemplateList{Kind: r.Kind, Used: r.Used, RefreshedAt: moment(r.Refreshed)}
	}
	return lists, nil
}

// DropTemplate forgets one.
func (t *Templates) DropTemplate(ctx context.Context, appID, id string) error {
	return t.db.inTx(ctx, func(x tx) error {
		for _, query := range []string{`DELETE FROM account_template WHERE app_id = ? AND template_id = ?`, `DELETE FROM template_addition WHERE app_id = ? AND template_id = ?`} {
			if _, err := x.exec(ctx, query, appID, id); err != nil {
				return err
			}
		}
		return nil
	})
}
