package sender

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"wechattpp/wechat"
)

// ErrNoScript: only Official Accounts sign web pages.
var ErrNoScript = errors.New("only Official Accounts (wechatoa) have web pages with WeChat's JS-SDK")

// PageConfig is what a web page gives to wx.config.
type PageConfig struct {
	AppID     string
	Timestamp int64 // seconds
	Nonce     string
	Signature string
}

// SignPage signs the page at an address, as the sender's account; what follows #
// counts nothing. Errors of With, ErrNoScript, *InputError, and those of the
// ticket's source.
func (r *Room) SignPage(ctx context.Context, code, address string) (PageConfig, error) {
	s, err := r.Store.Read(ctx, code)
	if err != nil {
		return PageConfig{}, err
	}
	if s.Kind != OfficialAccount {
		return PageConfig{}, ErrNoScript
	}
	address, _, _ = strings.Cut(address, "#")
	if _, err := webAddress("url", address); err != nil {
		return PageConfig{}, err
	}
	if s, _, err = r.With(ctx, code, SetWeb); err != nil {
		return PageConfig{}, err
	}
	ticket, err := r.Ticket(ctx, s)
	if err != nil {
		return PageConfig{}, err
	}
	c := PageConfig{AppID: s.AppID, Timestamp: time.Now().Unix(), Nonce: rand.Text()}
	c.Signature = wechat.SignPage(ticket, c.Nonce, c.Timestamp, address)
	return c, nil
}

// MintTicket asks WeChat for the ticket that a sender's web pages are signed
// with.
func (r *Room) MintTicket(ctx context.Context, code string) (wechat.Lent, error) {
	s, tokens, err := r.With(ctx, code, SetWeb)
	if err != nil {
		return wechat.Lent{}, err
	}
	return r.API.Account(s.AppID, tokens).PageTicket(ctx)
}
