package sender

import (
	"context"
	"errors"
	"fmt"

	"wechattpp/wechat"
)

// Why a login was refused, besides the errors of Ready.
var (
	ErrNoLogin   = errors.New("only Mini Programs (wechatmp) have a login")
	ErrLoginCode = errors.New("is not good any more, for it works once and for five minutes: call wx.login again")
	ErrThrottled = errors.New("WeChat takes no more calls for a minute")
	ErrRefused   = errors.New("WeChat refused or did not answer")
)

// Login exchanges the code that wx.login gave to a Mini Program for the user's
// openid. It shows the platform's token, or the sender's own secret. Errors:
// those of Ready, and the above.
func (r *Room) Login(ctx context.Context, code, jsCode string) (openID string, err error) {
	s, err := r.Store.Read(ctx, code)
	if err != nil {
		return "", err
	}
	if s.Kind != MiniProgram {
		return "", ErrNoLogin
	}
	if s, err = r.ready(ctx, code); err != nil {
		return "", err
	}
	if s.Credentials != Secret {
		openID, err = r.Platform.Login(ctx, s.AppID, jsCode)
		return openID, loginError(err)
	}
	s, secret, err := r.Store.Secret(ctx, code)
	if err != nil {
		return "", err
	}
	openID, err = r.API.Login(ctx, s.AppID, secret, jsCode)
	return openID, loginError(err)
}

func loginError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, wechat.ErrCode):
		return fmt.Errorf("%w (%w)", ErrLoginCode, err)
	case errors.Is(err, wechat.ErrThrottledMinute), errors.Is(err, wechat.ErrThrottledDay):
		return fmt.Errorf("%w (%w)", ErrThrottled, err)
	}
	return fmt.Errorf("%w: %w", ErrRefused, err)
}
