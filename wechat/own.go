package wechat

import (
	"context"
	"net/url"
	"strconv"
	"time"
)

// Accounts and apps with a secret of their own.

// lifeOf is the life of a token that is asked for again while it is good: what is left of it, a second at least, so that
// whoever asks does not ask again at once. An answer that does not tell means the documented two hours.
func lifeOf(seconds *number) time.Duration {
	if seconds == nil {
		return tokenLife(0)
	}
	return tokenLife(max(*seconds, 1))
}

// lent is the answer of both vendors to those who show a secret.
type lent struct {
	Token string  `json:"access_token"`
	Life  *number `json:"expires_in"`
}

func (l lent) read(op string, err error) (Lent, error) {
	if err == nil && l.Token == "" {
		err = incomplete(op, "access_token")
	}
	if err != nil {
		return Lent{}, err
	}
	return Lent{Access: l.Token, Life: lifeOf(l.Life)}, nil
}

// StableToken exchanges the AppSecret of an Official Account, a Mini Program or a mobile app for its access token. While a
// token is good, everyone who asks gets that same one with the life that is left; in its last five minutes a new one, and both
// are good for those. It disturbs no token of /cgi-bin/token, nor any that others keep by this call, for the previous one is
// never forced to end. At most 10,000 calls a minute and 500,000 a day for an account.
// https://developers.weixin.qq.com/doc/service/api/base/api_getstableaccesstoken
func (a API) StableToken(ctx context.Context, appID, secret string) (Lent, error) {
	const op = "stable_token"
	d := a.door("access_token", nil)
	var answer lent
	err := d.call(ctx, request{op: op, path: "/cgi-bin/stable_token", open: true, secrets: []string{secret}, body: struct {
		Grant  string `json:"grant_type"`
		AppID  string `json:"appid"`
		Secret string `json:"secret"`
	}{"client_credential", appID, secret}}, &answer)
	return answer.read(op, err)
}

// WeCom makes the calls of an app of a company on WeCom. Safe for concurrent use.
type WeCom struct {
	corpID  string
	agentID int64
	door    door
}

// Mint exchanges the app's secret for its access token: the same one until it ends. Asking over and over with a wrong secret
// blocks our address for an hour, also for the apps whose secret is right.
// https://developer.work.weixin.qq.com/document/path/91039
func (w *WeCom) Mint(ctx context.Context, secret string) (Lent, error) {
	const op = "gettoken"
	var answer lent
	err := w.door.call(ctx, request{op: op, path: "/cgi-bin/gettoken", get: true, open: true, secrets: []string{secret},
		query: url.Values{"corpid": {w.corpID}, "corpsecret": {secret}}}, &answer)
	return answer.read(op, err)
}

// Agent is an app as its company set it up.
type Agent struct {
	Name   string
	Closed bool
}

// Agent reads the app's own settings: the least call that shows whether the token is this app's (else ErrSecret) and our
// address is one it trusts (else ErrAddress), neither of which Mint tells.
// https://developer.work.weixin.qq.com/document/path/90227
func (w *WeCom) Agent(ctx context.Context) (Agent, error) {
	const op = "agent/get"
	var answer struct {
		ID    *number `json:"agentid"`
		Name  string  `json:"name"`
		Close number  `json:"close"`
	}
	err := w.door.call(ctx, request{op: op, path: "/cgi-bin/agent/get", get: true,
		query: url.Values{"agentid": {strconv.FormatInt(w.agentID, 10)}}}, &answer)
	if err == nil && answer.ID == nil {
		err = weCom.incomplete(op, "agentid")
	}
	if err != nil {
		return Agent{}, err
	}
	return Agent{Name: answer.Name, Closed: answer.Close != 0}, nil
}
