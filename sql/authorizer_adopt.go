package sql

import (
	"context"
	"errors"
	"io/fs"

	"wechattpp/authorizer"
	"wechattpp/token"
	"wechattpp/wechat"
)

// Adopt stores what the vendor's list tells of an account.
func (a *Authorizer) Adopt(ctx context.Context, l wechat.Listed) (changed bool, err error) {
	o := token.Owner{Kind: token.Authorizer, ID: l.AppID}
	err = a.db.inTx(ctx, func(t tx) error {
		changed = false
		known, err := a.known(ctx, t, l)
		if err != nil || known == ended {
			return err
		}
		if known == unknown {
			if err := t.authorize(ctx, a.app, l.AppID, nil, l.AuthorizedAt); err != nil {
				return err
			}
		}
		same, err := a.sameRefresh(ctx, t, o, l.Refresh)
		if err != nil || same && known == current {
			return err
		}
		changed = true
		return t.putToken(ctx, a.app, o, wechat.Lent{Refresh: l.Refresh}, 0, 0)
	})
	return changed, err
}

// Drop forgets accounts.
func (a *Authorizer) Drop(ctx context.Context, appIDs []string) (dropped int, err error) {
	err = a.db.inTx(ctx, func(t tx) error {
		dropped = 0
		for _, query := range []string{
			`DELETE FROM token WHERE component_app_id = ? AND kind = '` + token.Authorizer + `' AND owner IN (?)`,
			`DELETE FROM exchange WHERE component_app_id = ? AND app_id IN (?)`,
			`DELETE FROM authorizer WHERE component_app_id = ? AND app_id IN (?)`,
		} {
			n, err := t.exec(ctx, query, a.app, appIDs)
			if err != nil {
				return err
			}
			dropped += int(n)
		}
		return nil
	})
	return dropped, err
}

type knowledge int

const (
	unknown knowledge = iota // or ended before this authorization
	current
	ended // after this authorization: the list lags
)

func (a *Authorizer) known(ctx context.Context, t tx, l wechat.Listed) (knowledge, error) {
	var r struct {
		Status string `db:"status"`
		Ended  int64  `db:"unauthorized_at"`
	}
	err := t.get(ctx, &r, `SELECT status, unauthorized_at FROM authorizer WHERE component_app_id = ? AND app_id = ?`+t.db.forUpdate(), a.app, l.AppID)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return unknown, nil
	case err != nil:
		return ended, err
	case r.Status == authorizer.Authorized:
		return current, nil
	case l.AuthorizedAt.UnixMilli() > r.Ended:
		return unknown, nil
	}
	return ended, nil
}

func (a *Authorizer) sameRefresh(ctx context.Context, t tx, o token.Owner, refresh string) (bool, error) {
	var sealed []byte
	err := t.get(ctx, &sealed, `SELECT refresh FROM token WHERE component_app_id = ? AND kind = ? AND owner = ? AND due_at IS NOT NULL`+t.db.forUpdate(), a.app, o.Kind, o.ID)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	stored, err := a.db.open(sealed, tokenBinding(a.app, o, "refresh"))
	return stored == refresh, err
}
