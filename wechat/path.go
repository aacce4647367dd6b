package wechat

import (
	"net/url"
	"slices"
	"strings"
)

// ForwardError is a call that is not passed on: what is wrong with it, and the remedy.
type ForwardError struct {
	Field, Text string // Field is path, query or body
	Forbidden   bool   // it is well formed, and not for others to make
}

func (e *ForwardError) Error() string { return e.Field + " " + e.Text }

// longestPath is far beyond the longest of the vendor's.
const longestPath = 256

// CleanPath checks the escaped path of a call that somebody else makes on behalf of an account, such as
// "/cgi-bin/user/info", and gives it unchanged. The vendor's paths are letters, digits, dashes, underscores and dots
// between slashes; whatever else there is, be it escaped or not, could be read in two ways, and is refused. So are calls
// that give out or end what must stay in one hand: tokens, tickets, the platform's own calls, and quotas. The error is a
// *ForwardError.
func CleanPath(escaped string) (string, error) {
	rest, ok := strings.CutPrefix(escaped, "/")
	switch {
	case !ok || rest == "":
		return "", bad("path", "must be that of a call, such as cgi-bin/user/info")
	case len(escaped) > longestPath:
		return "", bad("path", "is longer than 256 bytes: no call of the vendor's is")
	}
	for segment := range strings.SplitSeq(rest, "/") {
		if text := badSegment(segment); text != "" {
			return "", bad("path", text)
		}
	}
	if text := reserved(strings.Split(strings.ToLower(rest), "/")); text != "" {
		return "", &ForwardError{"path", text, true}
	}
	return escaped, nil
}

func bad(field, text string) error { return &ForwardError{field, text, false} }

// badSegment tells what is wrong with a part of a path between slashes.
func badSegment(s string) string {
	switch s {
	case "":
		return "has two slashes in a row or ends with one: give the call's path relative to the vendor's address, such as cgi-bin/user/info"
	case ".", "..":
		return "must not hold . or .. as a segment: give the call's path itself"
	}
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.':
		case c == '%':
			return "must hold nothing escaped with %: no call of the vendor's needs it"
		case c == '@', c == ':':
			return "must be relative: an address or a host is not taken"
		default:
			return "must be letters, digits, dashes, underscores and dots between slashes"
		}
	}
	return ""
}

// Segments that alone mark a call as one that is not passed on: what gives out tokens and tickets
// (https://developers.weixin.qq.com/doc/offiaccount/Basic_Information/Get_access_token.html,
// https://developer.work.weixin.qq.com/document/path/91039, …/90506, …/90600), and what clears quotas
// (https://developers.weixin.qq.com/doc/offiaccount/openApi/clear_quota.html).
var (
	tokenCalls = []string{"token", "stable_token", "gettoken", "get_suite_token", "get_corp_token", "get_provider_token", "get_pre_auth_code",
		"get_permanent_code", "getprovideraccesstoken", "access_token", "refresh_token"}
	ticketCalls = []string{"ticket", "getticket", "get_jsapi_ticket"}
)

// reserved tells why a call is not passed on, given its path's segments in lower case.
func reserved(s []string) string {
	has := func(names ...string) bool {
		return slices.ContainsFunc(s, func(x string) bool { return slices.Contains(names, x) })
	}
	switch {
	case has("component"):
		return "names a call of the platform itself, which the service makes alone"
	case has(tokenCalls...):
		return "names a call that gives out tokens, which would end those in use: take them from .../access-token"
	case s[0] == "sns":
		return "names a call that takes a user's token or the account's secret: it is not made on behalf of the account"
	case has(ticketCalls...):
		return "names a call that gives out tickets, which are secrets of the account: the service makes it alone"
	case s[0] == "cgi-bin" && len(s) > 1 && s[1] == "service":
		return "names a call of a WeCom service provider: this service is none"
	case has("clear_quota"), has("quota") && has("clear"):
		return "names a call that clears quotas, of which there are ten a month for everybody: make it in the vendor's console"
	}
	return ""
}

// CleanQuery drops the tokens from the query of a call that somebody else makes, in whichever spelling and however
// often, and leaves the rest byte for byte. The error is a *ForwardError.
func CleanQuery(raw string) (string, error) {
	if raw == "" {
		return "", nil
	}
	var kept []string
	for part := range strings.SplitSeq(raw, "&") {
		name, _, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(name)
		if err != nil || !plain(part) {
			return "", bad("query", "must be name=value pairs joined by &, without line breaks, other control characters, bare semicolons or # signs, and with % only before two hex digits")
		}
		if part != "" && !strings.Contains(strings.ToLower(name), "access_token") {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, "&"), nil
}

// plain tells whether a part of a query holds no control character, escaped or not, and nothing that some would read as
// its end.
func plain(part string) bool {
	value, err := url.QueryUnescape(part)
	control := func(r rune) bool { return r < 0x20 || r == 0x7f }
	return err == nil && !strings.ContainsFunc(value, control) && !strings.ContainsAny(part, " ;#\\\"<>")
}
