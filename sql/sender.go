package sql

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"wechattpp/sender"
)

// Sender keeps the sending accounts.
type Sender struct {
	db        *DB
	component string
}

var _ sender.Store = (*Sender)(nil)

// Sender gives the store of senders; new ones belong to the component.
func (db *DB) Sender(component string) *Sender { return &Sender{db, component} }

type senderRow struct {
	ID          int64  `db:"id"`
	Code        string `db:"code"`
	Kind        string `db:"kind"`
	Name        string `db:"name"`
	Credentials string `db:"credentials"`
	AppID       string `db:"app_id"`
	CreatedAt   int64  `db:"created_at"`
	UpdatedAt   int64  `db:"updated_at"`
}

func (r senderRow) sender() sender.Sender {
	return sender.Sender{ID: r.ID, Code: r.Code, Kind: r.Kind, Name: r.Name, Credentials: r.Credentials, AppID: r.AppID,
		CreatedAt: time.UnixMilli(r.CreatedAt), UpdatedAt: time.UnixMilli(r.UpdatedAt)}
}

const senderColumns = `SELECT id, code, kind, name, credentials, app_id, created_at, updated_at FROM sender `

// Create stores a new sender under a fresh id.
func (s *Sender) Create(ctx context.Context, n sender.Sender) (sender.Sender, error) {
	id, err := s.db.ids.take(ctx, "sender", 1)
	if err != nil {
		return sender.Sender{}, err
	}
	const insert = `INSERT INTO sender (id, code, component_app_id, kind, name, credentials, app_id, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, {now}, {now})`
	if _, err := s.db.run().exec(ctx, insert, id, n.Code, s.component, n.Kind, n.Name, n.Credentials, n.AppID); err != nil {
		return sender.Sender{}, err
	}
	return s.Read(ctx, n.Code)
}

// Read gives one sender.
func (s *Sender) Read(ctx context.Context, code string) (sender.Sender, error) {
	return readSender(ctx, s.db.run(), code)
}

func readSender(ctx context.Context, r runner, code string) (sender.Sender, error) {
	var row senderRow
	err := r.get(ctx, &row, senderColumns+`WHERE code = ?`, code)
	return row.sender(), err
}

// Update changes name or AppID.
func (s *Sender) Update(ctx context.Context, code string, c sender.Change) (sender.Sender, error) {
	var now sender.Sender
	err := s.db.inTx(ctx, func(t tx) error {
		old, err := readSender(ctx, t.runner, code)
		if err != nil {
			return err
		}
		if c.AppID != nil && *c.AppID != old.AppID && old.AppID != "" {
			if err := t.idle(ctx, old.ID); err != nil {
				return err
			}
		}
		name, appID := old.Name, old.AppID
		if c.Name != nil {
			name = *c.Name
		}
		if c.AppID != nil {
			appID = *c.AppID
		}
		if _, err := t.exec(ctx, `UPDATE sender SET name = ?, app_id = ?, updated_at = {now} WHERE id = ?`, name, appID, old.ID); err != nil {
			return err
		}
		now, err = readSender(ctx, t.runner, code)
		return err
	})
	return now, err
}

// Delete removes a sender that nothing waits for, and the identities at it.
func (s *Sender) Delete(ctx context.Context, code string) error {
	return s.db.inTx(ctx, func(t tx) error {
		old, err := readSender(ctx, t.runner, code)
		if err != nil {
			return err
		}
		if err := t.idle(ctx, old.ID); err != nil {
			return err
		}
		// The identities are of the account that goes: whoever takes the code next
		// must not inherit them.
		if _, err := t.exec(ctx, `DELETE FROM user_value WHERE kind = ? AND bind_id = ?`, old.Kind, code); err != nil {
			return err
		}
		n, err := t.exec(ctx, `DELETE FROM sender WHERE id = ?`, old.ID)
		if err == nil && n == 0 {
			err = fs.ErrNotExist
		}
		return err
	})
}

// bindSender makes the sender speak for an account, and no other sender of ours:
// in the transaction that binds the account. A sender that was deleted
// meanwhile is no error. ErrInUse: messages wait whose openids belong to the
// account it spoke for before.
func (t tx) bindSender(ctx context.Context, code, appID string) error {
	old, err := readSender(ctx, t.runner, code)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if old.AppID != "" && old.AppID != appID {
		if err := t.idle(ctx, old.ID); err != nil {
			return err
		}
	}
	if _, err := t.exec(ctx, `UPDATE sender SET app_id = '', updated_at = {now} WHERE app_id = ? AND credentials = ? AND code <> ?`, appID, sender.Component, code); err != nil {
		return err
	}
	_, err = t.exec(ctx, `UPDATE sender SET app_id = ?, updated_at = {now} WHERE id = ?`, appID, old.ID)
	return err
}

// idle refuses while a chunk of the sender is open. Open chunks alone have a
// due_at, so the index on it holds few rows.
func (t tx) idle(ctx context.Context, id int64) error {
	var open int
	if err := t.get(ctx, &open, `SELECT COUNT(*) FROM chunk WHERE due_at > 0 AND sender_id = ?`, id); err != nil {
		return err
	}
	if open > 0 {
		return sender.ErrInUse
	}
	return nil
}

// List pages by code.
func (s *Sender) List(ctx context.Context, after string, limit int) ([]sender.Sender, error) {
	return s.rows(ctx, `WHERE code > ? ORDER BY code LIMIT ?`, after, limit)
}

// Codes lists the codes of a kind.
func (s *Sender) Codes(ctx context.Context, kind string, limit int) (codes []string, err error) {
	err = s.db.run().all(ctx, &codes, `SELECT code FROM sender WHERE kind = ? ORDER BY code LIMIT ?`, kind, limit)
	return codes, err
}

func (s *Sender) rows(ctx context.Context, where string, args ...any) ([]sender.Sender, error) {
	var rows []senderRow
	if err := s.db.run().all(ctx, &rows, senderColumns+where, args...); err != nil {
		return nil, err
	}
	list := make([]sender.Sender, len(rows))
	for i, r := range rows {
		list[i] = r.sender()
	}
	return list, nil
}
