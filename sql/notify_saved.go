package sql

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"wechattpp/notify"
)

type savedRow struct {
	ID        int64   `db:"id"`
	ClientID  int64   `db:"client_id"`
	Kind      string  `db:"kind"`
	Code      *string `db:"code"`
	Name      string  `db:"name"`
	Body      []byte  `db:"body_json"`
	ExpiresAt *int64  `db:"expires_at"`
	CreatedAt int64   `db:"created_at"`
	UpdatedAt int64   `db:"updated_at"`
}

const savedColumns = `SELECT id, client_id, kind, code, name, body_json, expires_at, created_at, updated_at FROM send_template `

func (r savedRow) saved() (notify.Saved, error) {
	s := notify.Saved{ID: r.ID, ClientID: r.ClientID, Kind: r.Kind, Code: orZero(r.Code), Name: r.Name, ExpiresAt: when(r.ExpiresAt),
		CreatedAt: time.UnixMilli(r.CreatedAt), UpdatedAt: time.UnixMilli(r.UpdatedAt)}
	if err := json.Unmarshal(r.Body, &s.Body); err != nil {
		return s, fmt.Errorf("body of template %d: %w", r.ID, err)
	}
	return s, nil
}

// coded is the code for its column: only logical templates have one.
func coded(code string) *string {
	if code == "" {
		return nil
	}
	return &code
}

// AddSaved stores a template under a fresh number.
func (n *Notify) AddSaved(ctx context.Context, s notify.Saved) (notify.Saved, error) {
	id, err := n.db.ids.take(ctx, "send_template", 1)
	if err != nil {
		return s, err
	}
	body, err := encodeJSON(s.Body)
	if err != nil {
		return s, err
	}
	const insert = `INSERT INTO send_template (id, client_id, kind, code, name, body_json, expires_at, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, {now}, {now})`
	if _, err := n.db.run().exec(ctx, insert, id, s.ClientID, s.Kind, coded(s.Code), s.Name, body, millis(s.ExpiresAt)); err != nil {
		return s, err
	}
	return n.Saved(ctx, id, -1)
}

// ChangeSaved stores a template anew.
func (n *Notify) ChangeSaved(ctx context.Context, s notify.Saved) (notify.Saved, error) {
	body, err := encodeJSON(s.Body)
	if err != nil {
		return s, err
	}
	const update = `UPDATE send_template SET code = ?, name = ?, body_json = ?, expires_at = ?, updated_at = {now} WHERE id = ?`
	if _, err := n.db.run().exec(ctx, update, coded(s.Code), s.Name, body, millis(s.ExpiresAt), s.ID); err != nil {
		return s, err
	}
	return n.Saved(ctx, s.ID, -1)
}

// AddSavedAccount adds to what is there, under a lock, so that nobody's is lost.
func (n *Notify) AddSavedAccount(ctx context.Context, id int64, a notify.SavedAccount) error {
	return n.db.inTx(ctx, func(t tx) error {
		var row savedRow
		if err := t.get(ctx, &row, savedColumns+`WHERE id = ?`+n.db.forUpdate(), id); err != nil {
			return err
		}
		s, err := row.saved()
		if err != nil {
			return err
		}
		there := slices.ContainsFunc(s.Body.Accounts, func(o notify.SavedAccount) bool { return o.Sender == a.Sender })
		if there || len(s.Body.Accounts) >= notify.MostAccounts {
			return nil
		}
		s.Body.Accounts = append(s.Body.Accounts, a)
		body, err := encodeJSON(s.Body)
		if err != nil {
			return err
		}
		_, err = t.exec(ctx, `UPDATE send_template SET body_json = ?, updated_at = {now} WHERE id = ?`, body, id)
		return err
	})
}

// DeleteSaved removes one.
func (n *Notify) DeleteSaved(ctx context.Context, id int64) error {
	return one(n.db.run().exec(ctx, `DELETE FROM send_template WHERE id = ?`, id))
}

// Saved reads one.
func (n *Notify) Saved(ctx context.Context, id, clientID int64) (notify.Saved, error) {
	return n.saved(ctx, `WHERE id = ? AND (client_id IN (0, ?) OR ? < 0)`, id, clientID, clientID)
}

// Coded finds a logical one: the client's own before one of all clients.
func (n *Notify) Coded(ctx context.Context, code string, clientID int64) (notify.Saved, error) {
	return n.saved(ctx, `WHERE code = ? AND (client_id IN (0, ?) OR ? < 0) ORDER BY client_id DESC LIMIT 1`, code, clientID, clientID)
}

func (n *Notify) saved(ctx context.Context, where string, args ...any) (notify.Saved, error) {
	var row savedRow
	if err := n.db.run().get(ctx, &row, savedColumns+where, args...); err != nil {
		return notify.Saved{}, err
	}
	return row.saved()
}

// ListSaved pages through the templates.
func (n *Notify) ListSaved(ctx context.Context, clientID int64, kind string, after int64, limit int) ([]notify.Saved, error) {
	var rows []savedRow
	const where = `WHERE id > ? AND (client_id IN (0, ?) OR ? < 0) AND (kind = ? OR ? = '') ORDER BY id LIMIT ?`
	if err := n.db.run().all(ctx, &rows, savedColumns+where, after, clientID, clientID, kind, kind, limit); err != nil {
		return nil, err
	}
	list := make([]notify.Saved, len(rows))
	for i, r := range rows {
		var err error
		if list[i], err = r.saved(); err != nil {
			return nil, err
		}
	}
	return list, nil
}
