package health

import (
	"fmt"
	"strings"
	"time"

	"wechattpp/wechat"
)

// Kinds of owners; those of tokens.
const (
	Component = "component"  // the platform, by its AppID
	Account   = "authorizer" // an account that authorized it, by its AppID
	Sender    = "sender"     // one with a secret of its own, by its code
	WeCom     = "wecom"      // an app of WeCom, by its sender's code
)

// Code names a finding. Codes never change their meaning.
type Code string

// The codes.
const (
	NeedsReauthorization Code = "needs_reauthorization"
	NoRefreshToken       Code = "no_refresh_token"
	PermissionMissing    Code = "permission_missing"
	PermissionAdvised    Code = "permission_advised"
	AccountLimited       Code = "account_limited"
	AddressNotAllowed    Code = "address_not_allowed"
	WrongSecret          Code = "wrong_secret"
	NotReleased          Code = "not_released"
	PlatformSettings     Code = "platform_settings"
	TicketMissing        Code = "ticket_missing"
	QuotaUsedUp          Code = "quota_used_up"
	TokenLate            Code = "token_late"
	ProfileMissing       Code = "profile_missing"
	WaitingForAdmin      Code = "waiting_for_admin"
	Unclaimed            Code = "unclaimed"
	ListImplausible      Code = "list_implausible"
)

// Level tells how bad a finding is.
type Level string

// The levels.
const (
	Error   Level = "error"   // something does not work until a person mends it
	Warning Level = "warning" // it will not work, or not fully, unless that changes
	Info    Level = "info"    // worth knowing
)

// Finding is one thing that is wrong with one owner.
type Finding struct {
	Code   Code
	Level  Level
	Since  time.Time
	Cause  wechat.Cause // the refusal that says so; zero if none does
	Sets   []int        // permission sets it is about
	Detail string       // what was met, at most 500 characters, no secret
}

// same tells whether a finding says what another one said, however often it has
// been met since.
func (f Finding) same(g Finding) bool {
	return f.Code == g.Code && f.Level == g.Level && f.Cause.Code == g.Cause.Code && f.Cause.WeCom == g.Cause.WeCom && f.Cause.Address == g.Cause.Address && fmt.Sprint(f.Sets) == fmt.Sprint(g.Sets)
}

// Diff tells which findings are new, or say something new, and which ended.
func Diff(before, now []Finding) (appeared []Finding, ended []Code) {
	for _, f := range now {
		if old, ok := find(before, f.Code); !ok || !f.same(old) {
			appeared = append(appeared, f)
		}
	}
	for _, f := range before {
		if _, ok := find(now, f.Code); !ok {
			ended = append(ended, f.Code)
		}
	}
	return appeared, ended
}

func find(all []Finding, c Code) (Finding, bool) {
	for _, f := range all {
		if f.Code == c {
			return f, true
		}
	}
	return Finding{}, false
}

// Text says what is wrong.
func (f Finding) Text() string {
	text := f.says().text
	if len(f.Sets) > 0 {
		text += ": " + strings.Trim(fmt.Sprint(f.Sets), "[]")
	}
	if f.Cause.Address != "" {
		text += "; the address seen is " + f.Cause.Address
	}
	if f.Detail != "" {
		text += " (" + f.Detail + ")"
	}
	return text
}

// Remedy says who mends it where. sender is the account's, for the calls to
// make; "" if it has none.
func (f Finding) Remedy(sender string) string {
	remedy := f.says().remedy
	switch {
	case f.Cause.WeCom:
	case f.Code == AddressNotAllowed:
		remedy = placeOf(f.Cause.Code)
	case f.Code == PermissionMissing && f.Cause.Code == 48001:
		remedy = "the account itself lacks the ability, whatever it granted: its type or verification must change, in its own console at mp.weixin.qq.com"
	}
	if sender == "" {
		sender = "{code}"
	}
	return strings.ReplaceAll(remedy, "{code}", sender)
}

const goesOn = ". Renewals and sends wait meanwhile, and go on by themselves"

// placeOf says where an address is entered; the refusal's code tells.
func placeOf(code int) string {
	switch code {
	case 40164, 89501, 89502, 89503, 89504, 89505, 89506, 89507:
		return "add the address to the account's own IP allow-list (mp.weixin.qq.com, 设置与开发, 开发接口管理, IP白名单); its administrator may have to confirm it" + goesOn
	}
	return "add the address to the platform's IP allow-list (open.weixin.qq.com, 管理中心, 第三方平台, 开发资料, 白名单IP地址列表), then publish the change: saved alone it does not count" + goesOn
}

// Levels lists every code with its level, for documents and metrics.
func Levels() map[Code]Level {
	all := make(map[Code]Level, len(entries))
	for c, e := range entries {
		all[c] = e.level
	}
	return all
}
