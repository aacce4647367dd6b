package wechat

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Component makes the calls of a third-party platform. Safe for concurrent use.
type Component struct {
	appID string
	api   API
	door  door
}

// AppID is the platform's own.
func (c *Component) AppID() string { return c.appID }

// Lent is an access token and the time it is good for from now on. Refresh is set for authorizers only, and may be empty
// in an answer: then the old one stays.
type Lent struct {
	Access, Refresh string
	Life            time.Duration
}

// Mint exchanges the secret and the newest ticket for a component access token; the one before may die.
// https://developers.weixin.qq.com/doc/oplatform/openApi/ticket-token/api_getcomponentaccesstoken
func (c *Component) Mint(ctx context.Context, secret, ticket string) (Lent, error) {
	const op = "api_component_token"
	var answer struct {
		Token string `json:"component_access_token"`
		Life  number `json:"expires_in"`
	}
	err := c.door.call(ctx, request{op: op, path: componentPath(op), open: true, secrets: []string{secret, ticket}, body: struct {
		AppID  string `json:"component_appid"`
		Secret string `json:"component_appsecret"`
		Ticket string `json:"component_verify_ticket"`
	}{c.appID, secret, ticket}}, &answer)
	if err == nil && answer.Token == "" {
		err = incomplete(op, "component_access_token")
	}
	if err != nil {
		return Lent{}, err
	}
	return Lent{Access: answer.Token, Life: tokenLife(answer.Life)}, nil
}

// StartPushTicket asks WeChat to push tickets again, and tells whether it had stopped: the text "ok" means that it had, one
// with "normal state" that nothing was wrong. Unlike in Mint, the secret's field is called component_secret.
// https://developers.weixin.qq.com/doc/oplatform/openApi/ticket-token/api_startpushticket
func (c *Component) StartPushTicket(ctx context.Context, secret string) (wasBroken bool, err error) {
	const op, fine = "api_start_push_ticket", "normal state"
	var answer struct {
		Code *number `json:"errcode"`
		Msg  string  `json:"errmsg"`
	}
	err = c.door.call(ctx, request{op: op, path: componentPath(op), open: true, secrets: []string{secret}, body: struct {
		AppID  string `json:"component_appid"`
		Secret string `json:"component_secret"`
	}{c.appID, secret}}, &answer)
	if e, ok := asError(err); ok && strings.Contains(e.Msg, fine) {
		return false, nil
	}
	if err == nil && answer.Code == nil {
		err = incomplete(op, "errcode")
	}
	if err != nil {
		return false, err
	}
	return !strings.Contains(answer.Msg, fine), nil
}

// PreAuthCode names one attempt at authorization.
type PreAuthCode struct {
	Code string
	Life time.Duration
}

// PreAuthCode asks for the code of a new attempt. Ask when the administrator opens the page, once for each attempt: it is
// what ties the event to the attempt.
// https://developers.weixin.qq.com/doc/oplatform/openApi/ticket-token/api_getpreauthcode
func (c *Component) PreAuthCode(ctx context.Context) (PreAuthCode, error) {
	const op, shortest = "api_create_preauthcode", 600
	var answer struct {
		Code string `json:"pre_auth_code"`
		Life number `json:"expires_in"`
	}
	err := c.door.call(ctx, request{op: op, path: componentPath(op), body: struct {
		AppID string `json:"component_appid"`
	}{c.appID}}, &answer)
	if err == nil && answer.Code == "" {
		err = incomplete(op, "pre_auth_code")
	}
	if err != nil {
		return PreAuthCode{}, err
	}
	return PreAuthCode{Code: answer.Code, Life: life(answer.Life, shortest)}, nil
}

// The kinds of account an authorization page offers.
const (
	AuthOA   = 1 // Official Accounts
	AuthMP   = 2 // Mini Programs
	AuthBoth = 3
)

// DesktopLink is the authorization page with a QR code. It must be linked from a page on the platform's own domain, which
// WeChat checks by the Referer, and redirectURI must have the same host.
// https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/Authorization_Process_Technical_Description.html
func (c *Component) DesktopLink(preAuthCode, redirectURI string, authType int) string {
	return or(c.api.MPBase, DefaultMPBase) + "/cgi-bin/componentloginpage?" + c.linkQuery(preAuthCode, redirectURI, authType)
}

// MobileLink is the authorization page for a phone, to be opened inside WeChat; else as DesktopLink.
func (c *Component) MobileLink(preAuthCode, redirectURI string, authType int) string {
	return or(c.api.OpenBase, DefaultOpenBase) + "/wxaopen/safe/bindcomponent?action=bindcomponent&no_scan=1&" +
		c.linkQuery(preAuthCode, redirectURI, authType) + "#wechat_redirect"
}

// linkQuery keeps the order of the vendor's example, as url.Values would not.
func (c *Component) linkQuery(preAuthCode, redirectURI string, authType int) string {
	return "component_appid=" + url.QueryEscape(c.appID) + "&pre_auth_code=" + url.QueryEscape(preAuthCode) +
		"&redirect_uri=" + url.QueryEscape(redirectURI) + "&auth_type=" + strconv.Itoa(authType)
}

func componentPath(op string) string { return "/cgi-bin/component/" + op }

// tokenLife falls back on the documented two hours: a token without its life is still the only one that works.
func tokenLife(seconds number) time.Duration { return life(seconds, 7200) }

func life(seconds number, otherwise int) time.Duration {
	const longest = 30 * 24 * 3600 // keeps the product far from overflow
	if seconds <= 0 {
		seconds = number(otherwise)
	}
	return time.Duration(min(seconds, longest)) * time.Second
}

// checkPage refuses what WeChat would answer with an error that does not say why.
func checkPage(offset, count int) error {
	if offset < 0 || count < 1 || count > MaxListCount {
		return fmt.Errorf("list of authorizers: offset %d, count %d: want an offset from 0 and a count of 1 to %d", offset, count, MaxListCount)
	}
	return nil
}
