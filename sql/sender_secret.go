package sql

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"

	"wechattpp/sender"
	"wechattpp/token"
)

// senderSealed are the sealed columns of a sender. Each is bound to the row's
// id and its own name.
type senderSealed struct {
	Secret   []byte `db:"secret"`
	Token    []byte `db:"push_token"`
	AESKey   []byte `db:"aes_key"`
	Previous []byte `db:"aes_key_previous"`
}

const senderSealedColumns = `SELECT secret, push_token, aes_key, aes_key_previous FROM sender WHERE id = ?`

func senderBinding(id int64, column string) string { return fmt.Sprintf("sender/%d/%s", id, column) }

// with gives the columns as they shall be for a changed sender: a secret that
// was given is sealed, one that is no longer set goes, and the others stay.
func (old senderSealed) with(db *DB, s sender.Sender) (now senderSealed, err error) {
	keep := func(column string, was []byte, set bool, given string) []byte {
		if !set {
			return nil
		}
		if given == "" || err != nil {
			return was
		}
		var sealed []byte
		sealed, err = db.seal(given, senderBinding(s.ID, column))
		return sealed
	}
	now.Secret = keep("secret", old.Secret, s.SecretSet, s.Secrets.AppSecret+s.Secrets.Secret)
	now.Token = keep("push_token", old.Token, s.TokenSet, s.Secrets.Token)
	former, failed := old.former(db, s)
	if failed != nil {
		return now, failed
	}
	now.AESKey = keep("aes_key", old.AESKey, s.AESKeySet, s.Secrets.AESKey)
	now.Previous = keep("aes_key_previous", old.Previous, s.AESKeySet, former)
	return now, err
}

// former is the AES key that another one takes the place of, "" if none does:
// what WeChat encrypted with it may still be under way.
func (old senderSealed) former(db *DB, s sender.Sender) (string, error) {
	if s.Secrets.AESKey == "" || old.AESKey == nil {
		return "", nil
	}
	key, err := db.open(old.AESKey, senderBinding(s.ID, "aes_key"))
	if err != nil || key == s.Secrets.AESKey {
		return "", err
	}
	return key, nil
}

func (now senderSealed) secretDiffers(old senderSealed) bool {
	return !bytes.Equal(now.Secret, old.Secret)
}

// keepOwnToken lets the row of a sender's own token follow a change of the
// sender: made and due where there is a secret, gone where there is none.
func (t tx) keepOwnToken(ctx context.Context, app string, s sender.Sender) error {
	o := token.OfSender(s.Code, s.Kind == sender.WeCom)
	if s.HasToken() {
		return t.beginToken(ctx, app, o, true)
	}
	if _, err := t.exec(ctx, `DELETE FROM token WHERE component_app_id = ? AND kind = ? AND owner = ?`, app, o.Kind, o.ID); err != nil {
		return err
	}
	return t.health(ctx, app, o)
}

// BeginTokens makes the missing token rows of senders with a secret of their
// own, due at once: those of a deployment whose component was not configured
// when they were made. What rests goes on resting.
func (s *Sender) BeginTokens(ctx context.Context) error {
	for _, wecom := range []bool{false, true} {
		o := token.OfSender("", wecom)
		_, err := s.db.run().exec(ctx, `INSERT INTO token (component_app_id, kind, owner, due_at)
			SELECT ?, ?, s.code, {now} FROM sender s WHERE s.credentials = ? AND s.secret IS NOT NULL AND (s.kind = ?) = ?
			AND NOT EXISTS (SELECT 1 FROM token t WHERE t.component_app_id = ? AND t.kind = ? AND t.owner = s.code)`+s.db.orIgnore("owner"),
			s.component, o.Kind, sender.Secret, sender.WeCom, wecom, s.component, o.Kind)
		if err != nil {
			return err
		}
	}
	return nil
}

// Secret gives a sender and its secret.
func (s *Sender) Secret(ctx context.Context, code string) (who sender.Sender, secret string, err error) {
	err = s.db.inTx(ctx, func(t tx) error {
		var sealed senderSealed
		if who, sealed, err = t.sealedSender(ctx, code, ""); err != nil {
			return err
		}
		secret, err = s.db.open(sealed.Secret, senderBinding(who.ID, "secret"))
		return err
	})
	return who, secret, err
}

// sealedSender reads a sender with its sealed columns; lock is forUpdate or "".
func (t tx) sealedSender(ctx context.Context, code, lock string) (sender.Sender, senderSealed, error) {
	var sealed senderSealed
	var row senderRow
	if err := t.get(ctx, &row, senderColumns+`WHERE code = ?`+lock, code); err != nil {
		return sender.Sender{}, sealed, err
	}
	err := t.get(ctx, &sealed, senderSealedColumns, row.ID)
	return row.sender(), sealed, err
}

type senderKeysRow struct {
	senderRow
	senderSealed
}

const senderKeysColumns = `SELECT id, code, kind, app_id, corp_id, agent_id, push_token, aes_key, aes_key_previous FROM sender
	WHERE push_token IS NOT NULL AND aes_key IS NOT NULL AND `

// Keys gives what a sender's pushes are opened with.
func (s *Sender) Keys(ctx context.Context, code string) (sender.Keys, error) {
	all, err := s.keys(ctx, `code = ?`, code)
	if err == nil && len(all) == 0 {
		err = fs.ErrNotExist
	}
	if err != nil {
		return sender.Keys{}, err
	}
	return all[0], nil
}

// KeysOf gives those of a kind.
func (s *Sender) KeysOf(ctx context.Context, kind string, limit int) ([]sender.Keys, error) {
	return s.keys(ctx, `kind = ? ORDER BY code LIMIT ?`, kind, limit)
}

func (s *Sender) keys(ctx context.Context, where string, args ...any) ([]sender.Keys, error) {
	var rows []senderKeysRow
	if err := s.db.run().all(ctx, &rows, senderKeysColumns+where, args...); err != nil {
		return nil, err
	}
	keys := make([]sender.Keys, len(rows))
	for i, r := range rows {
		var err error
		if keys[i], err = s.openKeys(r); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

func (s *Sender) openKeys(r senderKeysRow) (sender.Keys, error) {
	who := r.sender()
	k := sender.Keys{Code: who.Code, Kind: who.Kind, ID: who.Account(), AgentID: who.AgentID}
	var err error
	if k.Token, err = s.db.open(r.senderSealed.Token, senderBinding(r.ID, "push_token")); err != nil {
		return k, err
	}
	for _, c := range []struct {
		name   string
		sealed []byte
	}{{"aes_key", r.AESKey}, {"aes_key_previous", r.Previous}} {
		key, err := s.db.open(c.sealed, senderBinding(r.ID, c.name))
		if err != nil {
			return k, err
		}
		if key != "" {
			k.AES = append(k.AES, key)
		}
	}
	return k, nil
}
