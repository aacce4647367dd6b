package sql

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"time"

	"wechattpp/notify"
)

// Protection reads the settings if they are of another version.
func (n *Notify) Protection(ctx context.Context, known int64) (*notify.Protection, int64, error) {
	var p notify.Protection
	version, err := n.db.setting(ctx, "protection", known, &p)
	if err != nil || version == known || version == 0 {
		return nil, version, err
	}
	return &p, version, nil
}

// ChangeProtection writes what change leaves.
func (n *Notify) ChangeProtection(ctx context.Context, change func(*notify.Protection) error) error {
	return changeSetting(ctx, n.db, "protection", change)
}

// setting reads the setting of a name, if it is of another version than known,
// and answers its version: 0 if it was never set.
func (db *DB) setting(ctx context.Context, name string, known int64, into any) (version int64, err error) {
	var row struct {
		Version int64  `db:"version"`
		Body    []byte `db:"body_json"`
	}
	const query = `SELECT version, CASE WHEN version = ? THEN NULL ELSE body_json END AS body_json FROM setting WHERE name = ?`
	err = db.run().get(ctx, &row, query, known, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, nil
	case err != nil || row.Version == known:
		return row.Version, err
	}
	return row.Version, json.Unmarshal(row.Body, into)
}

// changeSetting changes a setting under a lock, and counts its version on.
func changeSetting[T any](ctx context.Context, db *DB, name string, change func(*T) error) error {
	return db.inTx(ctx, func(t tx) error {
		// The row is there before it is locked, so that two who are first wait for each other.
		if _, err := t.exec(ctx, `INSERT INTO setting (name, version, body_json, updated_at) VALUES (?, 0, '{}', {now})`+db.orIgnore("name"), name); err != nil {
			return err
		}
		var body []byte
		if err := t.get(ctx, &body, `SELECT body_json FROM setting WHERE name = ?`+db.forUpdate(), name); err != nil {
			return err
		}
		var value T
		if err := json.Unmarshal(body, &value); err != nil {
			return err
		}
		if err := change(&value); err != nil {
			return err
		}
		body, err := encodeJSON(value)
		if err != nil {
			return err
		}
		_, err = t.exec(ctx, `UPDATE setting SET body_json = ?, version = version + 1, updated_at = {now} WHERE name = ?`, body, name)
		return err
	})
}

// takeQuotas counts the broadcasts of a batch, and leaves out those beyond their
// client's quota of the day. A key that was taken for one of these is given
// back: refusals are not remembered.
func (t tx) takeQuotas(ctx context.Context, batch []*adding) (fresh []*adding, err error) {
	for _, a := range batch {
		if a.d.Quota > 0 {
			if a.err, err = t.takeQuota(ctx, a.d); err != nil {
				return nil, err
			}
		}
		if a.err == nil {
			fresh = append(fresh, a)
			continue
		}
		const giveBack = `DELETE FROM idempotency WHERE client_id = ? AND path = ? AND word = ?`
		if a.d.Key == "" {
			continue
		}
		if _, err := t.exec(ctx, giveBack, a.d.ClientID, a.d.Path, []byte(a.d.Key)); err != nil {
			return nil, err
		}
	}
	return fresh, nil
}

// takeQuota counts one; refused is ErrQuota. The row locks until the commit. Of
// a client only the newest day is kept.
func (t tx) takeQuota(ctx context.Context, d *notify.Draft) (refused, err error) {
	var now int64
	if err := t.get(ctx, &now, `SELECT {now} AS now`); err != nil {
		return nil, err
	}
	y, m, date := time.UnixMilli(now).In(d.QuotaZone).Date()
	day := y*10000 + int(m)*100 + date
	const row = `INSERT INTO broadcast_day (client_id, day, used) VALUES (?, ?, 0)`
	if _, err := t.exec(ctx, row+t.db.orIgnore("day"), d.ClientID, day); err != nil {
		return nil, err
	}
	n, err := t.exec(ctx, `UPDATE broadcast_day SET used = used + 1 WHERE client_id = ? AND day = ? AND used < ?`, d.ClientID, day, d.Quota)
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return notify.ErrQuota, nil
	}
	_, err = t.exec(ctx, `DELETE FROM broadcast_day WHERE client_id = ? AND day < ?`, d.ClientID, day)
	return nil, err
}
