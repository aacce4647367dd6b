package sql

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"time"

	"wechattpp/notify"
)

// takeKeys writes the Idempotency-Keys and answers the messages to be stored:
// those without a key, and those who got theirs. Another transaction that
// holds the same key is waited for by the database.
func (t tx) takeKeys(ctx context.Context, batch []*adding) (fresh []*adding, err error) {
	var args []any
	keyed := 0
	for _, a := range batch {
		a.first, a.err = nil, nil // a batch may be written again, after a deadlock or in halves
		if a.d.Key == "" {
			fresh = append(fresh, a)
			continue
		}
		keyed++
		args = append(args, a.d.ClientID, a.d.Path, []byte(a.d.Key), a.d.Hash[:], a.id.ID)
	}
	if keyed == 0 {
		return fresh, nil
	}
	insert := `INSERT INTO idempotency (client_id, path, word, body_hash, message_id, created_at) VALUES ` +
		values(keyed, "(?, ?, ?, ?, ?, {now})") + t.db.orIgnore("message_id")
	if _, err := t.exec(ctx, insert, args...); err != nil {
		return nil, err
	}
	for _, a := range batch {
		if a.d.Key == "" {
			continue
		}
		holder, err := readKey(ctx, t.runner, a.d)
		if err != nil {
			return nil, err
		}
		switch {
		case holder.MessageID == a.id.ID:
			fresh = append(fresh, a)
		case !bytes.Equal(holder.Hash, a.d.Hash[:]):
			a.err = notify.ErrOtherBody
		default:
			if err := t.named(ctx, a, holder.MessageID, fresh); err != nil {
				return nil, err
			}
		}
	}
	return fresh, nil
}

// named finds the message that has the key: in this batch or in the database.
func (t tx) named(ctx context.Context, a *adding, id int64, batch []*adding) error {
	for _, b := range batch {
		if b.id.ID == id {
			a.first = &b.id
			return nil
		}
	}
	first := notify.MsgID{ID: id}
	a.first = &first
	return t.get(ctx, &first.Nonce, `SELECT nonce FROM message WHERE id = ?`, id)
}

type keyRow struct {
	MessageID int64  `db:"message_id"`
	Hash      []byte `db:"body_hash"`
}

func readKey(ctx context.Context, r runner, d *notify.Draft) (keyRow, error) {
	var k keyRow
	err := r.get(ctx, &k, `SELECT message_id, body_hash FROM idempotency WHERE client_id = ? AND path = ? AND word = ?`,
		d.ClientID, d.Path, []byte(d.Key))
	return k, err
}

// Find looks for the message of a key.
func (n *Notify) Find(ctx context.Context, d *notify.Draft) (notify.MsgID, string, error) {
	k, err := readKey(ctx, n.db.run(), d)
	if err != nil {
		return notify.MsgID{}, "", err
	}
	if !bytes.Equal(k.Hash, d.Hash[:]) {
		return notify.MsgID{}, "", notify.ErrOtherBody
	}
	var m struct {
		Nonce  int64  `db:"nonce"`
		SendNo string `db:"sendno"`
	}
	err = n.db.run().get(ctx, &m, `SELECT nonce, sendno FROM message WHERE id = ?`, k.MessageID)
	if errors.Is(err, fs.ErrNotExist) {
		err = errors.New("the message of this Idempotency-Key is gone")
	}
	return notify.MsgID{ID: k.MessageID, Nonce: m.Nonce}, m.SendNo, err
}

// Forget drops old Idempotency-Keys.
func (n *Notify) Forget(ctx context.Context, age time.Duration, limit int) (int, error) {
	var old []struct {
		ClientID int64  `db:"client_id"`
		Path     string `db:"path"`
		Word     []byte `db:"word"`
	}
	r := n.db.run()
	const query = `SELECT client_id, path, word FROM idempotency WHERE created_at < {now} - ? ORDER BY created_at LIMIT ?`
	if err := r.all(ctx, &old, query, age.Milliseconds(), limit); err != nil || len(old) == 0 {
		return 0, err
	}
	err := n.db.inTx(ctx, func(t tx) error {
		for _, k := range old {
			if _, err := t.exec(ctx, `DELETE FROM idempotency WHERE client_id = ? AND path = ? AND word = ? AND created_at < {now} - ?`,
				k.ClientID, k.Path, k.Word, age.Milliseconds()); err != nil {
				return err
			}
		}
		return nil
	})
	return len(old), err
}
