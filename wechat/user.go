package wechat

import (
	"context"
	"crypto/sha1" //nolint:gosec // the vendor's choice
	"encoding/hex"
	"net/url"
	"strconv"
)

// MaxFollowers is the most openids of one FollowerPage.
const MaxFollowers = 10_000

// FollowerPage is a part of an account's followers.
type FollowerPage struct {
	Total   int      // of all followers
	OpenIDs []string // of this page
	Next    string   // to be given for the page after; empty at the end
}

// Followers gives the page of followers after an openid, the first for "". It needs set 2 of a component, and 500 calls a
// day are allowed. https://developers.weixin.qq.com/doc/service/api/usermanage/userinfo/api_getfans
func (a *Account) Followers(ctx context.Context, after string) (FollowerPage, error) {
	const op = "user/get"
	var answer struct {
		Total *number `json:"total"`
		Count number  `json:"count"`
		Data  struct {
			OpenIDs []string `json:"openid"`
		} `json:"data"` // left out where count is 0
		Next string `json:"next_openid"`
	}
	r := request{op: op, get: true, path: "/cgi-bin/user/get"}
	if after != "" {
		r.query = url.Values{"next_openid": {after}}
	}
	err := a.door.call(ctx, r, &answer)
	if err == nil && answer.Total == nil {
		err = incomplete(op, "total") // never take a broken answer for "no followers"
	}
	if err != nil {
		return FollowerPage{}, err
	}
	page := FollowerPage{Total: int(*answer.Total), OpenIDs: answer.Data.OpenIDs, Next: answer.Next}
	// The last page is documented without next_openid and shown with one.
	if answer.Count < MaxFollowers || answer.Next == after || len(page.OpenIDs) == 0 {
		page.Next = ""
	}
	return page, nil
}

// Visitor is who opened a page inside WeChat.
type Visitor struct {
	OpenID string
	// Snapshot says that the page was shown as a snapshot to somebody who did not agree to more: the openid is made up and
	// must not be kept.
	Snapshot bool
}

// WebLink is the address at which WeChat asks for a visitor's openid without asking the visitor, and returns to redirect
// with a code and state (letters and digits, at most 128). redirect's host must be among the platform's domains. The
// order of the parameters is the vendor's, who minds it, and url.Values would not keep it.
// https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/Official_Accounts/official_account_website_authorization.html
func (c *Component) WebLink(appID, redirect, state string) string {
	return c.api.webLink(appID, redirect, state) + "&component_appid=" + url.QueryEscape(c.appID) + "#wechat_redirect"
}

// WebLink is Component.WebLink for an account with a secret of its own; redirect's host must be among the account's
// domains. https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/Wechat_webpage_authorization.html
func (a API) WebLink(appID, redirect, state string) string {
	return a.webLink(appID, redirect, state) + "#wechat_redirect"
}

func (a API) webLink(appID, redirect, state string) string {
	return or(a.OpenBase, DefaultOpenBase) + "/connect/oauth2/authorize?appid=" + url.QueryEscape(appID) +
		"&redirect_uri=" + url.QueryEscape(redirect) + "&response_type=code&scope=snsapi_base&state=" + url.QueryEscape(state)
}

// WebVisitor exchanges the code of a return from WebLink, which is good once and for five minutes. ErrCode: it is not
// good any more.
func (c *Component) WebVisitor(ctx context.Context, appID, code string) (Visitor, error) {
	return webVisitor(ctx, &c.door, request{op: "sns/oauth2/component/access_token", get: true, path: "/sns/oauth2/component/access_token",
		query: url.Values{"appid": {appID}, "code": {code}, "grant_type": {"authorization_code"}, "component_appid": {c.appID}}, secrets: []string{code}})
}

// WebVisitor is Component.WebVisitor for an account with a secret of its own.
func (a API) WebVisitor(ctx context.Context, appID, secret, code string) (Visitor, error) {
	d := a.door("access_token", nil)
	return webVisitor(ctx, &d, request{op: "sns/oauth2/access_token", get: true, open: true, path: "/sns/oauth2/access_token",
		query: url.Values{"appid": {appID}, "secret": {secret}, "code": {code}, "grant_type": {"authorization_code"}}, secrets: []string{secret, code}})
}

// webVisitor leaves the visitor's own tokens in the answer unread: nothing here has a use for them.
func webVisitor(ctx context.Context, d *door, r request) (Visitor, error) {
	var answer struct {
		OpenID   string `json:"openid"`
		Snapshot number `json:"is_snapshotuser"`
	}
	err := d.call(ctx, r, &answer)
	if err == nil && answer.OpenID == "" {
		err = incomplete(r.op, "openid")
	}
	if err != nil {
		return Visitor{}, err
	}
	return Visitor{OpenID: answer.OpenID, Snapshot: answer.Snapshot == 1}, nil
}

// Login exchanges a code of wx.login in a Mini Program for the openid. The session_key in the answer is left unread.
// ErrCode: the code is not good any more.
// https://developers.weixin.qq.com/doc/oplatform/openApi/miniprogram-management/login/api_thirdpartycode2session
func (c *Component) Login(ctx context.Context, appID, code string) (openID string, err error) {
	v, err := webVisitor(ctx, &c.door, request{op: "sns/component/jscode2session", get: true, path: "/sns/component/jscode2session",
		query: url.Values{"appid": {appID}, "js_code": {code}, "grant_type": {"authorization_code"}, "component_appid": {c.appID}}, secrets: []string{code}})
	return v.OpenID, err
}

// Login is Component.Login for a Mini Program with a secret of its own.
// https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_code2session.html
func (a API) Login(ctx context.Context, appID, secret, code string) (openID string, err error) {
	d := a.door("access_token", nil)
	v, err := webVisitor(ctx, &d, request{op: "sns/jscode2session", get: true, open: true, path: "/sns/jscode2session",
		query: url.Values{"appid": {appID}, "secret": {secret}, "js_code": {code}, "grant_type": {"authorization_code"}}, secrets: []string{secret, code}})
	return v.OpenID, err
}

// PageTicket gives the ticket that the account's web pages are signed with, for two hours; few calls a day are allowed. It
// needs set 4 of a component. https://developers.weixin.qq.com/doc/service/guide/h5/jssdk.html
func (a *Account) PageTicket(ctx context.Context) (Lent, error) {
	const op = "ticket/getticket"
	var answer struct {
		Ticket string  `json:"ticket"`
		Life   *number `json:"expires_in"`
	}
	err := a.door.call(ctx, request{op: op, get: true, path: "/cgi-bin/ticket/getticket", query: url.Values{"type": {"jsapi"}}}, &answer)
	if err == nil && answer.Ticket == "" {
		err = incomplete(op, "ticket")
	}
	if err != nil {
		return Lent{}, err
	}
	return Lent{Access: answer.Ticket, Life: lifeOf(answer.Life)}, nil
}

// SignPage is the signature that wx.config wants for the page at an address without its fragment: SHA-1 over four fields
// in the vendor's order, none escaped. timestamp is in seconds.
func SignPage(ticket, nonce string, timestamp int64, address string) string {
	sum := sha1.Sum([]byte("jsapi_ticket=" + ticket + "&noncestr=" + nonce + "&timestamp=" + strconv.FormatInt(timestamp, 10) + "&url=" + address)) //nolint:gosec // the vendor's choice
	return hex.EncodeToString(sum[:])
}

// Follow tells whether the push says that a user begins or ceases to follow the account; following is which.
// https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Receiving_event_pushes.html
func (p *Push) Follow() (openID string, following, ok bool) {
	if p.InfoType != "" || p.FromUserName == "" {
		return "", false, false
	}
	switch p.Event {
	case "subscribe":
		return p.FromUserName, true, true
	case "unsubscribe":
		return p.FromUserName, false, true
	}
	return "", false, false
}
