package wechat

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// meaning is what a caller has to do about an error, whatever its number.
type meaning struct{ name, next string }

func (m *meaning) Error() string { return m.name }

func means(name, next string) error { return &meaning{name, next} }

// Meanings of an error code, to be tested with errors.Is. A code that is not in the table has none.
var (
	ErrTokenRefused    = means("access token refused", "renew the token; if it stays refused, someone else renews it too")
	ErrTicket          = means("component ticket refused", "use the newest ticket, or wait for the next push (ten minutes); see that the authorization event URL answers")
	ErrNotAuthorized   = means("account no longer authorizes this", "confirm by the list of authorizers, then have its administrator authorize again")
	ErrAddress         = means("our address is not allowed", "add the address to the IP allow-list (of a platform: publish the change)")
	ErrSecret          = means("AppID or secret wrong", "correct the AppID and secret; do not try again before")
	ErrCode            = means("code used up or expired", "begin the authorization anew")
	ErrUnpublished     = means("platform not published", "put the account on the test list, or publish the platform")
	ErrPermission      = means("account lacks a permission", "have its administrator grant the permission set, or get the account the ability")
	ErrAccount         = means("account is limited or banned", "see the notices in the account's own console")
	ErrBarred          = means("account may not make this call", "see the notices in the account's own console; its other calls go on")
	ErrComponent       = means("platform's own settings are wrong", "check the platform's settings on the open platform")
	ErrRecipient       = means("recipient cannot be reached", "leave this recipient out")
	ErrMessage         = means("message or template wrong for everyone", "correct the message; do not send it to others")
	ErrValue           = means("a value is not acceptable", "correct the value that the text names")
	ErrThrottledMinute = means("too many calls this minute", "wait a minute, then call more slowly")
	ErrThrottledDay    = means("quota used up", "wait for the daily reset, or clear the quota")
	ErrBusy            = means("the vendor is busy", "try again later; the request may have been taken")
	ErrTooSoon         = means("the same call came again too soon", "repeat it a minute later")
	ErrDuplicate       = means("already accepted", "nothing to do")
	ErrTemplatesFull   = means("account's template list is full", "delete a template that the account needs no longer, then add again")
	ErrChoice          = means("the public library has no such thing for this account", "read the library's titles and keywords, for the account's own categories")
	ErrTemplateList    = means("account's template list may not change", "change it in the account's own console")
	ErrRequest         = means("our request is malformed", "report this: it is a fault of the program")
)

// Error is the vendor's refusal of a call. It never holds what was sent.
type Error struct {
	Op   string // the vendor's name of the call
	Code int    // errcode
	Msg  string // errmsg without the rid, at most 300 bytes
	RID  string // the vendor's id of the request (of WeCom: the hint), which its staff ask for and openapi/rid/get explains for seven days

	by   *dialect
	what string // of the code
	next string // step, if the code asks for another than its meaning
	is   error  // nil: not in the table
}

// CodeNoRight is the refusal of a message that the recipient has not agreed to, or not as often.
const CodeNoRight = 43101

// dialect is one of the two that the vendor answers in: alike, but the same codes mean different things.
type dialect struct {
	name, prefix string
	codes        map[int]row
	advice       map[int]string   // the next step of a code, if it is another than its meaning's
	steps        map[error]string // the next step of a meaning, if it is another than the meaning says
	open         map[int]row      // codes that mean something else on a call without a token: they speak of the secret
	id           string           // begins the id of a request in errmsg
}

var weChat = &dialect{name: "WeChat", prefix: "wechat", codes: table, advice: advice, id: "rid:", open: map[int]row{
	40001: {"the secret is wrong", ErrSecret},
	41002: {"the AppID is missing", ErrSecret},
	41004: {"the secret is missing", ErrSecret},
}}

// refusal finds out what a code means. open: the call took no token.
func (v *dialect) refusal(op string, code int, errmsg string, open bool) *Error {
	e := &Error{Op: op, Code: code, by: v, what: "a code that is not in the documentation"}
	e.Msg, e.RID = splitID(errmsg, v.id)
	found, ok := v.open[code]
	if !open || !ok {
		found, ok = v.codes[code]
	}
	if ok {
		e.what, e.is, e.next = found.what, found.is, cmp.Or(v.advice[code], v.steps[found.is])
	}
	if v == weChat && code == 40007 && aboutDrafts(op) {
		e.what, e.next = "no such draft, or material that its articles name", "name a draft of the account's box, which a send or publication takes it out of, and permanent material"
	}
	if v == weChat && code == 45009 && strings.Contains(strings.ToLower(errmsg), "minute") {
		e.is, e.next = ErrThrottledMinute, "" // the documents disagree; the text decides
	}
	return e
}

// aboutDrafts tells whether the media_id that a call names is a draft's.
func aboutDrafts(op string) bool {
	return op != "draft/add" && strings.HasPrefix(op, "draft/") || strings.HasPrefix(op, "freepublish/") || strings.HasPrefix(op, "message/mass/")
}

// Error tells the call, the code, the rid, what it means, what to do next, and at last the vendor's own words: where a
// text is cut to be stored, only those are.
func (e *Error) Error() string {
	text := fmt.Sprintf("%s %s: errcode %d", e.by.prefix, e.Op, e.Code)
	if e.RID != "" {
		text += " (" + strings.TrimSuffix(e.by.id, ":") + " " + e.RID + ")"
	}
	text += ": " + e.what
	switch m, ok := e.is.(*meaning); {
	case ok && e.next != "":
		text += ": " + e.next
	case ok:
		text += " (" + m.name + "): " + m.next
	}
	if ip := e.Address(); ip != "" {
		text += "; " + e.by.name + " saw " + ip
	}
	if e.Msg != "" {
		text += fmt.Sprintf("; errmsg %q", e.Msg)
	}
	return text
}

// Is makes errors.Is(err, ErrTicket) and the like work. Busy is also unanswered: whether the request was taken, nobody
// says.
func (e *Error) Is(target error) bool {
	return e.is != nil && (target == e.is || e.is == ErrBusy && target == ErrUnanswered)
}

// Address is the one of ours that the vendor saw, if the error is ErrAddress and says so; else empty. Texts seen:
// "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist", "… requestIP: 203.0.113.7" and
// "… from ip: 203.0.113.7, more info at …".
func (e *Error) Address() string {
	if e.is != ErrAddress {
		return ""
	}
	for _, word := range strings.FieldsFunc(e.Msg, func(r rune) bool { return r == ' ' || r == ',' || r == '[' || r == ']' }) {
		word = strings.TrimPrefix(word, "requestIP:")
		if ip, err := netip.ParseAddr(word); err == nil {
			return ip.Unmap().String()
		}
	}
	return ""
}

// WeCom tells whether it is WeCom's, and not WeChat's.
func (e *Error) WeCom() bool { return e.by == weCom }

func asError(err error) (*Error, bool) {
	var e *Error
	ok := errors.As(err, &e)
	return e, ok
}

// splitID parts "text rid: 61725984-6126f6f9-040f19c4" and "text, hint: [1700000000], from ip: 203.0.113.7". The text is cut:
// it goes to logs and rows.
func splitID(errmsg, mark string) (msg, id string) {
	const longest, longestID = 300, 64
	msg, rest, _ := strings.Cut(errmsg, mark)
	id, rest, _ = strings.Cut(strings.TrimSpace(rest), " ")
	msg = strings.TrimRight(strings.TrimSpace(msg), ", ")
	if rest = strings.TrimSpace(rest); rest != "" && mark == weCom.id {
		msg += ", " + rest
	}
	if len(msg) > longest {
		msg = strings.ToValidUTF8(msg[:longest], "")
	}
	id = strings.Trim(id, "[],")
	return strings.ToValidUTF8(msg, "?"), strings.ToValidUTF8(id[:min(len(id), longestID)], "")
}
