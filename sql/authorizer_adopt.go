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
func (a *Authorizer) Adopt(ctx context.Context, l wechat.Listed, sure bool) (done authorizer.Adoption, err error) {
	o := token.Owner{Kind: token.Authorizer, ID: l.AppID}
	err = a.db.inTx(ctx, func(t tx) error {
		known, err := a.known(ctx, t, l)
		switch {
		case err != nil:
			return err
		case known == authorizer.Ended && !sure:
			done = known
			return nil
		case known == authorizer.Same:
			done, err = a.renewed(ctx, t, o, l.Refresh)
			return err
		}
		done = authorizer.Adopted
		if err := t.authorize(ctx, a.app, l.AppID, nil, l.AuthorizedAt); err != nil {
			return err
		}
		if err := a.putRefresh(ctx, t, o, l.Refresh); err != nil {
			return err
		}
		return t.health(ctx, a.app, o)
	})
	return done, err
}

// Drop forgets accounts.
func (a *Authorizer) Drop(ctx context.Context, appIDs []string) (dropped int, err error) {
	err = a.db.inTx(ctx, func(t tx) error {
		dropped = 0
		for _, query := range []string{
			`DELETE FROM token WHERE component_app_id = ? AND kind = '` + token.Authorizer + `' AND owner IN (?)`,
			`DELETE FROM exchange WHERE component_app_id = ? AND app_id IN (?)`,
			`DELETE FROM finding WHERE component_app_id = ? AND kind = '` + token.Authorizer + `' AND owner IN (?)`,
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

// known tells whether an account is there: Same; Adopted, if it is unknown, or
// authorized again since it ended, or ended only by our own conclusion; Ended,
// if it said itself, after this authorization, that it ended.
func (a *Authorizer) known(ctx context.Context, t tx, l wechat.Listed) (authorizer.Adoption, error) {
	var r struct {
		Status string `db:"status"`
		Ended  int64  `db:"unauthorized_at"`
		Told   bool   `db:"told"`
	}
	err := t.get(ctx, &r, `SELECT status, unauthorized_at, told FROM authorizer WHERE component_app_id = ? AND app_id = ?`+t.db.forUpdate(), a.app, l.AppID)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return authorizer.Adopted, nil
	case err != nil:
		return authorizer.Ended, err
	case r.Status == authorizer.Authorized:
		return authorizer.Same, nil
	case !r.Told || l.AuthorizedAt.UnixMilli() > r.Ended:
		return authorizer.Adopted, nil
	}
	return authorizer.Ended, nil
}

// renewed stores another refresh token than the kept one; then the token is due.
func (a *Authorizer) renewed(ctx context.Context, t tx, o token.Owner, refresh string) (authorizer.Adoption, error) {
	same, err := a.sameRefresh(ctx, t, o, refresh)
	if err != nil || same || refresh == "" {
		return authorizer.Same, err
	}
	if err := a.putRefresh(ctx, t, o, refresh); err != nil {
		return authorizer.Same, err
	}
	return authorizer.Renewed, t.health(ctx, a.app, o)
}

func (a *Authorizer) putRefresh(ctx context.Context, t tx, o token.Owner, refresh string) error {
	if refresh == "" {
		return nil // its code was never exchanged: only its administrator can help
	}
	return t.putToken(ctx, a.app, o, wechat.Lent{Refresh: refresh}, 0, 0)
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
