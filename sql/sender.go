package sql

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"time"

	"wechattpp/sender"
	"wechattpp/token"
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
	CorpID      string `db:"corp_id"`
	AgentID     int64  `db:"agent_id"`
	Accounts    int64  `db:"accounts"`
	SecretSet   bool   `db:"secret_set"`
	TokenSet    bool   `db:"token_set"`
	AESKeySet   bool   `db:"aes_key_set"`
	Domains     string `db:"business_domains"`
	CreatedAt   int64  `db:"created_at"`
	UpdatedAt   int64  `db:"updated_at"`
}

func (r senderRow) sender() sender.Sender {
	return sender.Sender{ID: r.ID, Code: r.Code, Kind: r.Kind, Name: r.Name, Credentials: r.Credentials,
		AppID: r.AppID, CorpID: r.CorpID, AgentID: r.AgentID, Accounts: r.Accounts, SecretSet: r.SecretSet, TokenSet: r.TokenSet, AESKeySet: r.AESKeySet, Domains: strings.Fields(r.Domains),
		CreatedAt: time.UnixMilli(r.CreatedAt), UpdatedAt: time.UnixMilli(r.UpdatedAt)}
}

const senderColumns = `SELECT id, code, kind, name, credentials, app_id, corp_id, agent_id, accounts, secret IS NOT NULL AS secret_set,
	push_token IS NOT NULL AS token_set, aes_key IS NOT NULL AS aes_key_set, COALESCE(business_domains, '') AS business_domains, created_at, updated_at FROM sender `

// Create stores a new sender under a fresh id, and has its token renewed.
func (s *Sender) Create(ctx context.Context, n sender.Sender) (made sender.Sender, err error) {
	if n.ID, err = s.db.ids.take(ctx, "sender", 1); err != nil {
		return made, err
	}
	sealed, err := senderSealed{}.with(s.db, n)
	if err != nil {
		return made, err
	}
	err = s.db.inTx(ctx, func(t tx) error {
		const insert = `INSERT INTO sender (id, code, component_app_id, kind, name, credentials, app_id, corp_id, agent_id, accounts,
			secret, push_token, aes_key, business_domains, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, {now}, {now})`
		_, err := t.exec(ctx, insert, n.ID, n.Code, s.component, n.Kind, n.Name, n.Credentials, n.AppID, n.CorpID, n.AgentID, n.Accounts,
			sealed.Secret, sealed.Token, sealed.AESKey, strings.Join(n.Domains, " "))
		if err != nil {
			return err
		}
		if n.HasToken() {
			err = t.keepOwnToken(ctx, s.component, n)
		}
		if err == nil {
			made, err = readSender(ctx, t.runner, n.Code)
		}
		return err
	})
	return made, err
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

// Update stores what a change makes of a sender.
func (s *Sender) Update(ctx context.Context, code string, c sender.Change) (now sender.Sender, err error) {
	err = s.db.inTx(ctx, func(t tx) error {
		old, sealed, err := t.sealedSender(ctx, code, s.db.forUpdate())
		if err != nil {
			return err
		}
		if now, err = c.Apply(old); err != nil {
			return err
		}
		if now.Account() != old.Account() && old.Account() != "" {
			if err := t.idle(ctx, old.ID); err != nil {
				return err
			}
		}
		if err := s.change(ctx, t, old, now, sealed); err != nil {
			return err
		}
		now, err = readSender(ctx, t.runner, code)
		return err
	})
	return now, err
}

// change writes a changed sender, and starts its token anew if that depends on
// what is changed.
func (s *Sender) change(ctx context.Context, t tx, old, now sender.Sender, was senderSealed) error {
	sealed, err := was.with(s.db, now)
	if err != nil {
		return err
	}
	_, err = t.exec(ctx, `UPDATE sender SET name = ?, credentials = ?, app_id = ?, corp_id = ?, agent_id = ?, accounts = ?,
		secret = ?, push_token = ?, aes_key = ?, aes_key_previous = ?, business_domains = ?, updated_at = {now} WHERE id = ?`,
		now.Name, now.Credentials, now.AppID, now.CorpID, now.AgentID, now.Accounts, sealed.Secret, sealed.Token, sealed.AESKey, sealed.Previous, strings.Join(now.Domains, " "), now.ID)
	if err != nil {
		return err
	}
	if now.AppID != old.AppID {
		if err := t.leave(ctx, old); err != nil {
			return err
		}
	}
	if sealed.secretDiffers(was) || now.Credentials != old.Credentials || now.Account() != old.Account() || now.AgentID != old.AgentID {
		return t.keepOwnToken(ctx, s.component, now)
	}
	return nil
}

// Delete removes a sender that nothing waits for, its token, and the identities
// at it.
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
		old.SecretSet = false
		if err := t.keepOwnToken(ctx, s.component, old); err != nil {
			return err
		}
		for _, table := range []string{"sender_pace", "app_chat"} {
			if _, err := t.exec(ctx, `DELETE FROM `+table+` WHERE sender_id = ?`, old.ID); err != nil {
				return err
			}
		}
		n, err := t.exec(ctx, `DELETE FROM sender WHERE id = ?`, old.ID)
		if err == nil && n == 0 {
			err = fs.ErrNotExist
		}
		if err != nil {
			return err
		}
		if err := t.leave(ctx, old); err != nil {
			return err
		}
		freed, err := t.unbind(ctx, s.component, code, "")
		if err != nil {
			return err
		}
		if err := t.health(ctx, s.component, token.OfSender(code, old.Kind == sender.WeCom)); err != nil {
			return err
		}
		return t.healthOf(ctx, s.component, freed...)
	})
}

// bindSender makes the sender speak for an account, and no other sender of ours:
// in the transaction that binds the account. A sender that was deleted, or got a
// secret of its own, meanwhile is no error. ErrInUse: messages wait whose openids belong to the
// account it spoke for before.
func (t tx) bindSender(ctx context.Context, code, appID string) error {
	old, err := readSender(ctx, t.runner, code)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || old.Credentials != sender.Component {
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
	if _, err = t.exec(ctx, `UPDATE sender SET app_id = ?, updated_at = {now} WHERE id = ?`, appID, old.ID); err != nil {
		return err
	}
	if old.AppID == appID {
		return nil
	}
	return t.leave(ctx, old)
}

// leave forgets what was kept of the account that a sender spoke for, at the end
// of what made it speak for another one or none.
func (t tx) leave(ctx context.Context, old sender.Sender) error {
	if err := t.dropPageTicket(ctx, old.Code); err != nil {
		return err
	}
	return t.dropRights(ctx, old.AppID)
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
func (s *Sender) List(ctx context.Context, f sender.Filter, after string, limit int) ([]sender.Sender, error) {
	if f.Finding == "" {
		return s.rows(ctx, `WHERE code > ? ORDER BY code LIMIT ?`, after, limit)
	}
	return s.rows(ctx, `WHERE code > ? AND EXISTS (SELECT 1 FROM finding f WHERE f.component_app_id = ? AND f.code = ?
	AND (f.kind IN ('sender', 'wecom') AND f.owner = sender.code OR f.kind = 'authorizer' AND f.owner = sender.app_id AND sender.credentials = ?)) ORDER BY code LIMIT ?`,
		after, s.component, f.Finding, sender.Component, limit)
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
