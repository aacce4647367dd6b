package sender

import (
	"context"
	"errors"

	"wechattpp/wechat"
)

// ErrNoPages: only Official Accounts and apps on WeCom can ask visitors of web
// pages who they are.
var ErrNoPages = errors.New("only Official Accounts (wechatoa) and apps on WeCom (wechatwk) have links that bind")

// MayBind tells why a sender cannot ask visitors of a page who they are: errors
// of With, ErrNoPages; nil if it can.
func (r *Room) MayBind(ctx context.Context, code string) error {
	s, err := r.Store.Read(ctx, code)
	if err == nil && s.Kind != OfficialAccount && (s.Kind != WeCom || s.Credentials == Webhook) {
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
	if s.Kind == WeCom {
		return r.API.WeComLink(s.CorpID, s.AgentID, redirect, state), nil
	}
	if s.Credentials == Secret {
		return r.API.WebLink(s.AppID, redirect, state), nil
	}
	return r.Platform.WebLink(s.AppID, redirect, state), nil
}

// Visitor is who came back from VisitorLink.
type Visitor struct {
	Kind     string // of the sender
	ID       string // openid, or userid; of a linked company's member CorpId/userid
	Snapshot bool   // the openid is made up and must not be kept
	Outside  bool   // no member of the company: there is no ID
}

// Visitor exchanges the code, with the platform's token or the sender's own
// secret, of WeCom with the app's token. Errors as of Login.
func (r *Room) Visitor(ctx context.Context, code, webCode string) (Visitor, error) {
	s, tokens, err := r.With(ctx, code, SetWeb)
	if err != nil {
		return Visitor{}, err
	}
	if s.Kind == WeCom {
		m, err := r.API.WeCom(s.CorpID, s.AgentID, tokens).WebMember(ctx, webCode)
		return Visitor{Kind: s.Kind, ID: m.UserID, Outside: m.UserID == ""}, loginError(err)
	}
	v, err := r.accountVisitor(ctx, s, webCode)
	return Visitor{Kind: s.Kind, ID: v.OpenID, Snapshot: v.Snapshot}, err
}

func (r *Room) accountVisitor(ctx context.Context, s Sender, webCode string) (v wechat.Visitor, err error) {
	if s.Credentials != Secret {
		v, err = r.Platform.WebVisitor(ctx, s.AppID, webCode)
		return v, loginError(err)
	}
	s, secret, err := r.Store.Secret(ctx, s.Code)
	if err != nil {
		return v, err
	}
	v, err = r.API.WebVisitor(ctx, s.AppID, secret, webCode)
	return v, loginError(err)
}
