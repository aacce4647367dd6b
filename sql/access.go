package sql

import (
	"context"
	"encoding/json"
	"io/fs"
	"time"

	"wechattpp/access"
)

// Access keeps clients, administrators' tokens and the audit trail.
type Access struct {
	db    *DB
	trail *group[access.Entry]
}

var _ access.Store = (*Access)(nil)

// Access gives the store of access and starts the committers of its trail. Call
// it once.
func (db *DB) Access() *Access {
	s := &Access{db: db}
	s.trail = newGroup(db, "audit", company, s.appendTrail, nil)
	return s
}

type clientRow struct {
	ID         int64  `db:"id"`
	Name       string `db:"name"`
	Kind       string `db:"kind"`
	ChannelKey string `db:"channel_key"`
	Secret     []byte `db:"secret"`
	Previous   []byte `db:"previous"`
	Left       int64  `db:"previous_left"` // milliseconds
	Senders    string `db:"senders"`
	Scopes     string `db:"scopes"`
	Prefixes   string `db:"proxy_prefixes"`
	Disabled   bool   `db:"disabled"`
	Rate       int    `db:"calls_per_second"`
	Approval   bool   `db:"approval"`
	Owners     string `db:"owners"`
	Generation int64  `db:"generation"`
	CreatedAt  int64  `db:"created_at"`
}

const clientColumns = `SELECT id, name, kind, channel_key, secret, previous, COALESCE(previous_until - {now}, 0) AS previous_left,
	senders, scopes, COALESCE(proxy_prefixes, '[]') AS proxy_prefixes, disabled, generation,
	calls_per_second, approval, COALESCE(owners, '[]') AS owners, created_at FROM client `

// client is the row without its secrets.
func (r clientRow) client() (access.Client, error) {
	c := access.Client{ID: r.ID, Name: r.Name, Kind: r.Kind, ChannelKey: r.ChannelKey, PreviousLife: max(0, time.Duration(r.Left)*time.Millisecond),
		Disabled: r.Disabled, CallsPerSecond: r.Rate, Approval: r.Approval, Generation: r.Generation, CreatedAt: time.UnixMilli(r.CreatedAt).UTC()}
	if err := json.Unmarshal([]byte(r.Senders), &c.Senders); err != nil {
		return c, err
	}
	if err := json.Unmarshal([]byte(r.Prefixes), &c.ProxyPrefixes); err != nil {
		return c, err
	}
	if err := json.Unmarshal([]byte(r.Owners), &c.Owners); err != nil {
		return c, err
	}
	return c, json.Unmarshal([]byte(r.Scopes), &c.Scopes)
}

// secrets opens what is sealed for this client alone.
func (s *Access) secrets(r clientRow) (access.Client, error) {
	c, err := r.client()
	if err != nil {
		return c, err
	}
	if c.Secret, err = s.db.open(r.Secret, bindSecret(r.ChannelKey)); err != nil || c.PreviousLife == 0 {
		return c, err
	}
	c.Previous, err = s.db.open(r.Previous, bindSecret(r.ChannelKey))
	return c, err
}

// bindSecret names where a MasterSecret belongs. Both columns share it, so that
// a rotation moves the sealed value from one to the other.
func bindSecret(channelKey string) string { return "client/" + channelKey + "/secret" }

// CreateClient keeps a new client; a taken key is fs.ErrExist.
func (s *Access) CreateClient(ctx context.Context, c access.Client) (access.Client, error) {
	sealed, err := s.db.seal(c.Secret, bindSecret(c.ChannelKey))
	if err != nil {
		return access.Client{}, err
	}
	const insert = `INSERT INTO client (name, kind, channel_key, secret, senders, scopes, proxy_prefixes, disabled,
		calls_per_second, approval, owners, generation, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, {now})`
	var row clientRow
	err = s.db.inTx(ctx, func(t tx) error {
		if _, err := t.exec(ctx, insert, c.Name, c.Kind, c.ChannelKey, sealed, array(c.Senders), array(c.Scopes), array(c.ProxyPrefixes), c.Disabled,
			c.CallsPerSecond, c.Approval, array(c.Owners)); err != nil {
			return err
		}
		return t.get(ctx, &row, clientColumns+`WHERE channel_key = ?`, c.ChannelKey)
	})
	if err != nil {
		return access.Client{}, err
	}
	return s.secrets(row)
}

// array writes a list as JSON; none is [].
func array(list []string) string {
	if len(list) == 0 {
		return "[]"
	}
	b, _ := json.Marshal(list) // strings always can be
	return string(b)
}

// Client answers a client with its secrets.
func (s *Access) Client(ctx context.Context, id int64) (access.Client, error) {
	return s.one(ctx, `WHERE id = ?`, id)
}

// ClientByKey answers a client with its secrets.
func (s *Access) ClientByKey(ctx context.Context, key string) (access.Client, error) {
	for _, b := range []byte(key) {
		if b >= 0x80 { // MySQL refuses to compare this with an ASCII column
			return access.Client{}, fs.ErrNotExist
		}
	}
	return s.one(ctx, `WHERE channel_key = ?`, key)
}

func (s *Access) one(ctx context.Context, where string, arg any) (access.Client, error) {
	var row clientRow
	if err := s.db.run().get(ctx, &row, clientColumns+where, arg); err != nil {
		return access.Client{}, err
	}
	return s.secrets(row)
}

// Clients lists clients by id, without secrets.
func (s *Access) Clients(ctx context.Context, after int64, limit int) ([]access.Client, error) {
	var rows []clientRow
	if err := s.db.run().all(ctx, &rows, clientColumns+`WHERE id > ? ORDER BY id LIMIT ?`, after, limit); err != nil {
		return nil, err
	}
	list := make([]access.Client, len(rows))
	for i, r := range rows {
		var err error
		if list[i], err = r.client(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// UpdateClient writes what change leaves.
func (s *Access) UpdateClient(ctx context.Context, id int64, change func(*access.Client) error) (access.Client, error) {
	var c access.Client
	err := s.db.inTx(ctx, func(t tx) error {
		row, err := t.lockClient(ctx, id)
		if err != nil {
			return err
		}
		if c, err = row.client(); err != nil {
			return err
		}
		if err := change(&c); err != nil {
			return err
		}
		_, err = t.exec(ctx, `UPDATE client SET name = ?, senders = ?, scopes = ?, proxy_prefixes = ?, disabled = ?,
			calls_per_second = ?, approval = ?, owners = ? WHERE id = ?`,
			c.Name, array(c.Senders), array(c.Scopes), array(c.ProxyPrefixes), c.Disabled, c.CallsPerSecond, c.Approval, array(c.Owners), id)
		return err
	})
	return c, err
}

// lockClient reads a row that nobody else changes until the transaction ends.
// The update is what locks, in both databases.
func (t tx) lockClient(ctx context.Context, id int64) (clientRow, error) {
	var row clientRow
	if _, err := t.exec(ctx, `UPDATE client SET id = id WHERE id = ?`, id); err != nil {
		return row, err
	}
	err := t.get(ctx, &row, clientColumns+`WHERE id = ?`, id)
	return row, err
}

// Rotate puts a new secret in place and leaves the old one good for keep.
func (s *Access) Rotate(ctx context.Context, id int64, secret string, keep time.Duration) (access.Client, error) {
	const kept = `UPDATE client SET previous = secret, previous_until = {now} + ?, secret = ? WHERE id = ?`
	const ended = `UPDATE client SET previous = NULL, previous_until = NULL, generation = generation + 1, secret = ? WHERE id = ?`
	var row clientRow
	err := s.db.inTx(ctx, func(t tx) error {
		old, err := t.lockClient(ctx, id)
		if err != nil {
			return err
		}
		sealed, err := s.db.seal(secret, bindSecret(old.ChannelKey))
		if err != nil {
			return err
		}
		if keep > 0 {
			_, err = t.exec(ctx, kept, keep.Milliseconds(), sealed, id)
		} else {
			_, err = t.exec(ctx, ended, sealed, id)
		}
		if err != nil {
			return err
		}
		return t.get(ctx, &row, clientColumns+`WHERE id = ?`, id)
	})
	if err != nil {
		return access.Client{}, err
	}
	return row.client()
}

// DeleteClient removes a client.
func (s *Access) DeleteClient(ctx context.Context, id int64) error {
	return found(s.db.run().exec(ctx, `DELETE FROM client WHERE id = ?`, id))
}

// found makes fs.ErrNotExist of a statement that touched no row.
func found(n int64, err error) error {
	if err == nil && n == 0 {
		return fs.ErrNotExist
	}
	return err
}

// Limits reads what was set for all clients.
func (s *Access) Limits(ctx context.Context) (l access.Limits, err error) {
	_, err = s.db.setting(ctx, "limits", -1, &l)
	return l, err
}

// ChangeLimits writes what change leaves.
func (s *Access) ChangeLimits(ctx context.Context, change func(*access.Limits) error) error {
	return changeSetting(ctx, s.db, "limits", change)
}
