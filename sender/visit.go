package sender

import (
	"context"
	"errors"

	"wechattpp/wechat"
)

// ErrNoPages: only Official Accounts can ask visitors of web pages who they are.
var ErrNoPages = errors.New("only Official Accounts (wechatoa) have links that bind")

// MayBind tells why a sender cannot ask visitors of a page who they are: errors
// of With, ErrNoPages; nil if it can.
func (r *Room) MayBind(ctx context.Context, code string) error {
	s, err := r.Store.Read(ctx, code)
	if err == nil && s.Kind != OfficialAccount {
		return ErrNoPages
	}
	if err == nil {
		_, _, err = r.With(ctx, code, SetWeb)
	}
	return err
}

// VisitorLink is WeChat's page that returns to redirect with a code.
func (r *Room) VisitorLink(ctx context.Context, code, redirect, state string) (string, error) {
	s, _, err := r.With(ctx, code, SetWeb)
	if err != nil {
		return "", err
	}
	if s.Credentials == Secret {
		return r.API.WebLink(s.AppID, redirect, state), nil
	}
	return r.Platform.WebLink(s.AppID, redirect, state), nil
}

// Visitor exchanges the code, with the platform's token or the sender's own
// secret. Errors as of Login.
func (r *Room) Visitor(ctx context.Context, code, webCode string) (v wechat.Visitor, err error) {
	s, _, err := r.With(ctx, code, SetWeb)
	if err != nil {
		return v, err
	}
	if s.Credentials != Secret {
		v, err = r.Platform.WebVisitor(ctx, s.AppID, webCode)
		return v, loginError(err)
	}
	s, secret, err := r.Store.Secret(ctx, code)
	if err != nil {
		return v, err
	}
	v, err = r.API.WebVisitor(ctx, s.AppID, secret, webCode)
	return v, loginError(err)
}
