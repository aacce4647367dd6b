package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"wechattpp/sender"
	"wechattpp/sql"
	"wechattpp/token"
	"wechattpp/wechat"
)

// asked bounds how many senders with a secret of their own are tried.
const asked = 20

// checkAddresses makes one harmless call each as the platform and as senders
// with a secret of their own, with the tokens that the service keeps: to ask for
// new ones would end those in use. Only a refused address is a finding here.
func checkAddresses(ctx context.Context, c *Config, db *sql.DB) (string, error) {
	look := addressLook{api: wechat.API{Base: c.APIBase, WeComBase: c.WeComBase, Timeout: 3 * time.Second}, tokens: db.Token(c.ComponentAppID)}
	if c.ComponentAppID != "" {
		look.ask(ctx, "the platform (add it to the Open Platform's IP allow-list and publish the change)", token.Owner{Kind: token.Component, ID: c.ComponentAppID},
			func(t wechat.FixedToken) error {
				_, err := look.api.Component(c.ComponentAppID, t).AuthorizerList(ctx, 0, 1)
				return err
			})
	}
	all, err := db.Sender(c.ComponentAppID).List(ctx, sender.Filter{}, "", sampled)
	if err != nil {
		return "", err
	}
	for _, s := range all {
		if s.Credentials == sender.Secret && look.tried < asked {
			look.sender(ctx, s)
		}
	}
	if len(look.refused) > 0 {
		return "", errors.New(strings.Join(look.refused, "; "))
	}
	return fmt.Sprintf("taken: %d asked with tokens in use (at most %d senders), %d without a token not asked", look.tried, asked, look.without), nil
}

// addressLook gathers who refuses this machine's address.
type addressLook struct {
	api            wechat.API
	tokens         *sql.Token
	refused        []string
	tried, without int
}

func (l *addressLook) sender(ctx context.Context, s sender.Sender) {
	if s.Kind == sender.WeCom {
		l.ask(ctx, "sender "+s.Code+" (add it to the app's trusted IPs, 企业可信IP, in WeCom's console)", owner(s), func(t wechat.FixedToken) error {
			_, err := l.api.WeCom(s.CorpID, s.AgentID, t).Agent(ctx)
			return err
		})
		return
	}
	l.ask(ctx, "sender "+s.Code+" (add it to the account's own IP allow-list)", owner(s), func(t wechat.FixedToken) error {
		return l.api.Account(s.AppID, t).Caller().Taken(ctx, string(t))
	})
}

// ask tries one owner's token. What was refused at its last renewal is told by the accounts' findings.
func (l *addressLook) ask(ctx context.Context, who string, o token.Owner, call func(wechat.FixedToken) error) {
	kept, err := l.tokens.Load(ctx, o)
	if err != nil || kept.Access == "" || kept.Left <= 0 {
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			l.without++
		}
		return
	}
	l.tried++
	if err := call(wechat.FixedToken(kept.Access)); errors.Is(err, wechat.ErrAddress) {
		l.refused = append(l.refused, fmt.Sprintf("this machine's address is refused for %s: %v", who, err))
	}
}
