package sender

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"wechattpp/wechat"
)

// Mint asks the vendor for the token of a sender with a secret of its own, by
// the secret it has at this moment.
//
// wechat.ErrSecret: it must not be asked again until the sender is changed.
// wechat.ErrAddress: the vendor does not take calls from where we are.
func (r *Room) Mint(ctx context.Context, code string) (wechat.Lent, error) {
	s, secret, err := r.Store.Secret(ctx, code)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return wechat.Lent{}, fmt.Errorf("%w: the sender was deleted", wechat.ErrSecret)
	case err != nil:
		return wechat.Lent{}, err
	case secret == "":
		return wechat.Lent{}, fmt.Errorf("%w: %w as %s", wechat.ErrSecret, ErrNoSecret, s.secretField())
	case s.Kind == WeCom:
		return r.mintWeCom(ctx, s, secret)
	}
	return r.API.StableToken(ctx, s.AppID, secret)
}

// mintWeCom tries the token once: WeCom gives one to every address and for
// every agent id, and refuses whatever is done with it. Only these two refusals
// count; the rest is for those who call.
func (r *Room) mintWeCom(ctx context.Context, s Sender, secret string) (wechat.Lent, error) {
	lent, err := r.API.WeCom(s.CorpID, s.AgentID, nil).Mint(ctx, secret)
	if err != nil {
		return lent, err
	}
	_, err = r.API.WeCom(s.CorpID, s.AgentID, fixed(lent.Access)).Agent(ctx)
	if errors.Is(err, wechat.ErrAddress) || errors.Is(err, wechat.ErrSecret) {
		return wechat.Lent{}, err
	}
	return lent, nil
}

// fixed is the token that was given just now: there is no other one.
type fixed string

func (f fixed) Token(context.Context) (string, error)           { return string(f), nil }
func (f fixed) Replace(context.Context, string) (string, error) { return string(f), nil }
