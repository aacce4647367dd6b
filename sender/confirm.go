package sender

import (
	"context"
	"errors"
)

// ErrNoConfirm: only Official Accounts ask by a page of WeChat's.
var ErrNoConfirm = errors.New("only Official Accounts (wechatoa) have links for one-time subscriptions: in a mobile app the app itself asks, and reports by grants")

// ConfirmLink is WeChat's page on which a user confirms one message at a scene,
// and which returns to back with reserved; account is whose page it is. Errors
// of Ready, ErrNoConfirm.
func (r *Room) ConfirmLink(ctx context.Context, code string, scene int, template, back, reserved string) (address, account string, err error) {
	s, err := r.Store.Read(ctx, code)
	if err == nil && s.Kind != OfficialAccount {
		err = ErrNoConfirm
	}
	if err != nil {
		return "", "", err
	}
	if s, err = r.ready(ctx, code); err != nil {
		return "", "", err
	}
	return r.API.ConfirmLink(s.AppID, scene, template, back, reserved), s.AppID, nil
}
