package wechat

import (
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
	ErrComponent       = means("platform's own settings are wrong", "check the platform's settings on the open platform")
	ErrRecipient       = means("recipient cannot be reached", "leave this recipient out")
	ErrMessage         = means("message or template wrong for everyone", "correct the message; do not send it to others")
	ErrValue           = means("a value is not acceptable", "correct the value that the text names")
	ErrThrottledMinute = means("too many calls this minute", "wait a minute, then call more slowly")
	ErrThrottledDay    = means("quota used up", "wait for the daily reset, or clear the quota")
	ErrBusy            = means("WeChat is busy", "try again later; the request may have been taken")
	ErrDuplicate       = means("already accepted", "nothing to do")
	ErrTemplatesFull   = means("account's template list is full", "delete a template that the account needs no longer, then add again")
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
	is   error  // nil: not in the table
}

// CodeNoRight is the refusal of a message that the recipient has not agreed to, or not as often.
const CodeNoRight = 43101

// dialect is one of the two that the vendor answers in: alike, but the same codes mean different things.
type dialect struct {
	name, prefix string
	codes        map[int]row
	open         map[int]row // codes that mean something else on a call without a token: they speak of the secret
	id           string      // begins the id of a request in errmsg
}

var weChat = &dialect{name: "WeChat", prefix: "wechat", codes: table, id: "rid:", open: map[int]row{
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
		e.what, e.is = found.what, found.is
	}
	if v == weChat && code == 45009 && strings.Contains(strings.ToLower(errmsg), "minute") {
		e.is = ErrThrottledMinute // the documents disagree; the text decides
	}
	return e
}

// Error tells the call, the code, what it means, what to do next, and the rid.
func (e *Error) Error() string {
	text := fmt.Sprintf("%s %s: errcode %d: %s", e.by.prefix, e.Op, e.Code, e.what)
	if m, ok := e.is.(*meaning); ok {
		text += " (" + m.name + "): " + m.next
	}
	if ip := e.Address(); ip != "" {
		text += "; " + e.by.name + " saw " + ip
	}
	if e.Msg != "" {
		text += fmt.Sprintf("; errmsg %q", e.Msg)
	}
	if e.RID != "" {
		text += "; " + strings.TrimSuffix(e.by.id, ":") + " " + e.RID
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

// row is one code: what it says and what that means.
type row struct {
	what string
	is   error
}

// table holds WeChat's codes, general ones, those of the platform, of recipients, templates, quotas and blocks:
// https://developers.weixin.qq.com/doc/oplatform/developers/errCode/ and
// https://developers.weixin.qq.com/doc/offiaccount/Getting_Started/Global_Return_Code.html
var table = map[int]row{
	-1:    {"system busy", ErrBusy},
	20001: {"system error", ErrBusy},
	61450: {"system error", ErrBusy},

	40001: {"the access token is invalid or not the latest", ErrTokenRefused},
	40014: {"the access token is invalid", ErrTokenRefused},
	42001: {"the access token expired", ErrTokenRefused},
	42006: {"the component access token expired", ErrTokenRefused},

	40091: {"the component ticket is invalid", ErrTicket},
	61005: {"the component ticket expired", ErrTicket},
	61006: {"the component ticket is invalid, empty, old, or another platform's", ErrTicket},

	40030: {"the refresh token is invalid", ErrNotAuthorized},
	42002: {"the refresh token expired", ErrNotAuthorized},
	42007: {"the password was changed, which ended all tokens", ErrNotAuthorized},
	61003: {"the account does not authorize this platform", ErrNotAuthorized},
	61023: {"the authorizer's refresh token is invalid or empty", ErrNotAuthorized},

	40090: {"the request comes from an address that is not allowed", ErrAddress},
	40164: {"the address is not on the account's IP allow-list", ErrAddress},
	45035: {"the address is not registered", ErrAddress},
	61004: {"the address is not on the platform's IP allow-list", ErrAddress},
	89501: {"the address needs the administrator's confirmation", ErrAddress},
	89502: {"the address needs the administrator's confirmation", ErrAddress},
	89503: {"the address waits for the administrator's confirmation", ErrAddress},
	89504: {"waiting for the administrator", ErrAddress},
	89505: {"waiting for the administrator", ErrAddress},
	89506: {"the administrator refused the address; ask again after 24 hours", ErrAddress},
	89507: {"the administrator refused the address; ask again after an hour", ErrAddress},

	40013: {"the AppID is invalid", ErrSecret},
	40094: {"the platform's secret is wrong", ErrSecret},
	40125: {"the secret is wrong", ErrSecret},
	40243: {"the secret was frozen by the account's owner", ErrSecret},

	40029: {"the login code is invalid", ErrCode},
	40163: {"the login code was used before", ErrCode},
	42003: {"the login code expired", ErrCode},
	61009: {"the authorization code is invalid or was used before", ErrCode},
	61010: {"the authorization code expired", ErrCode},

	61028: {"the platform is unpublished", ErrUnpublished},
	61029: {"the platform must be published again with the base category", ErrUnpublished},

	40173: {"the Mini Program is not linked to the account", ErrPermission},
	43104: {"this AppID has no permission for the template", ErrPermission},
	48001: {"the account itself lacks this ability (its type or verification)", ErrPermission},
	50001: {"the account did not grant this call", ErrPermission},
	50003: {"the account is not on the vendor's list for this call", ErrPermission},
	61007: {"the permission set for this call was not granted to the platform", ErrPermission},
	61017: {"the permission category was not granted to the platform", ErrPermission},
	65400: {"the account's customer service is not switched on", ErrPermission},
	65401: {"the customer-service account is invalid", ErrPermission},
	65402: {"the customer-service account is not bound", ErrPermission},
	61452: {"the customer-service account is invalid", ErrPermission},

	43106:  {"the account may not add templates, as a punishment", ErrAccount},
	45501:  {"a supervisor blocks requests for now", ErrAccount},
	48004:  {"this call is banned for the account", ErrAccount},
	50002:  {"the account is limited, frozen or closed", ErrAccount},
	50004:  {"the account may not use this token, perhaps as a punishment", ErrAccount},
	89000:  {"the account is already bound to an open-platform account", ErrAccount},
	89001:  {"the open-platform account belongs to another contractor", ErrAccount},
	89002:  {"the account is not bound to an open-platform account", ErrAccount},
	89003:  {"the open-platform account was not created by this interface", ErrAccount},
	89004:  {"the open-platform account has its limit of 100 accounts", ErrAccount},
	200011: {"the account is banned from templates", ErrAccount},

	45103: {"this call is not supported any more", ErrComponent},
	48009: {"this call has expired", ErrComponent},
	61000: {"invalid kind of platform", ErrComponent},
	61001: {"the platform's kind and AppID do not match", ErrComponent},
	61002: {"the platform has no customer-service ability", ErrComponent},
	61008: {"the platform's key is repeated", ErrComponent},
	61011: {"invalid platform", ErrComponent},
	61016: {"the platform must confirm the permission category", ErrComponent},
	61018: {"the permission category is already confirmed", ErrComponent},
	61019: {"the permission category needs no confirmation", ErrComponent},
	61020: {"wrong parameter of a confirmation", ErrComponent},
	61021: {"the permission category cannot be confirmed", ErrComponent},
	61022: {"the confirmation cannot be submitted again", ErrComponent},
	61026: {"registration is denied", ErrComponent},
	61027: {"the limit of registrations is reached", ErrComponent},
	61030: {"the platform may not cancel an authorization", ErrComponent},
	61051: {fastRegistration, ErrComponent},
	61052: {fastRegistration, ErrComponent},
	61053: {fastRegistration, ErrComponent},
	61054: {fastRegistration, ErrComponent},
	61055: {fastRegistration, ErrComponent},
	61056: {fastRegistration, ErrComponent},
	61057: {fastRegistration, ErrComponent},
	61058: {fastRegistration, ErrComponent},
	61059: {fastRegistration, ErrComponent},
	61060: {fastRegistration, ErrComponent},
	61061: {fastRegistration, ErrComponent},
	61062: {fastRegistration, ErrComponent},
	61063: {fastRegistration, ErrComponent},
	61064: {fastRegistration, ErrComponent},
	61065: {fastRegistration, ErrComponent},
	61066: {fastRegistration, ErrComponent},
	61067: {fastRegistration, ErrComponent},
	61068: {fastRegistration, ErrComponent},
	61069: {fastRegistration, ErrComponent},
	61070: {fastRegistration, ErrComponent},

	40003:       {"the openid is wrong, another account's, or not a follower's", ErrRecipient},
	40132:       {"the WeChat name is wrong", ErrRecipient},
	40226:       {"the user is blocked for risk", ErrRecipient},
	43004:       {"the recipient does not follow the account", ErrRecipient},
	43005:       {"the recipient is not a friend", ErrRecipient},
	43006:       {"the recipient blocked the account", ErrRecipient},
	43019:       {"the recipient is on the account's blacklist", ErrRecipient},
	CodeNoRight: {"the recipient refused, cancelled or used up the subscription", ErrRecipient},
	43108:       {"the recipient cannot be sent to", ErrRecipient},
	45015:       {"the time to answer this recipient is over", ErrRecipient},
	45037:       {"the recipient has not talked to the account lately", ErrRecipient},
	45047:       {"too many messages without an answer of the recipient", ErrRecipient},
	46004:       {"the user does not exist", ErrRecipient},
	48002:       {"the recipient switched messages off", ErrRecipient},
	50005:       {"the recipient does not follow the account", ErrRecipient},

	40031: {"the list holds bad openids", ErrMessage},
	40036: {"the template id has a wrong length", ErrMessage},
	40037: {"the template id is wrong, deleted, or another account's", ErrMessage},
	40165: {"the Mini Program page path is invalid", ErrMessage},
	40166: {"the Mini Program AppID is invalid", ErrMessage},
	40249: {"blocked as marketing; punishment follows if it goes on", ErrMessage},
	40252: {"the content is under review; hold it for hours", ErrMessage},
	41030: {"the Mini Program page does not exist in the published version", ErrMessage},
	43102: {"the template is not one for subscriptions", ErrMessage},
	43105: {"the article is not bound to the template", ErrMessage},
	43116: {"the template is restricted for abuse", ErrMessage},
	45013: {"too many template parameters", ErrMessage},
	45051: {"links are not allowed in this message", ErrMessage},
	45082: {"the link's domain needs an ICP filing", ErrMessage},
	48011: {"the template is disabled", ErrMessage},
	93009: {"the Mini Program is unpublished or invisible", ErrMessage},

	40250: {"irregular content, such as an empty value", ErrValue},
	45014: {"the template message is too big", ErrValue},
	47003: {"a parameter is empty, of the wrong kind, too long, missing or unknown", ErrValue},

	45011: {"the quota of this minute is used up", ErrThrottledMinute},
	45061: {"updated too often", ErrThrottledMinute},
	45066: {"the same clientmsgid came again too fast", ErrThrottledMinute},
	45102: {"this call is blocked for now", ErrThrottledMinute},

	40251: {"a daily cap because of past violations is reached", ErrThrottledDay},
	45009: {"the quota of the day is used up", ErrThrottledDay},
	45028: {"no mass sends are left", ErrThrottledDay},
	45029: {"the limit of this call is reached", ErrThrottledDay},
	45040: {"the quota of the month is used up", ErrThrottledDay},
	45093: {"no quota to send is left", ErrThrottledDay},
	45101: {"the limit of uploads is reached", ErrThrottledDay},
	45104: {"the quota of the domain is used up", ErrThrottledDay},
	48006: {"no clearing of quotas is left this month", ErrThrottledDay},

	45065: {"the clientmsgid was accepted before", ErrDuplicate},

	43100:  {"templates were changed too often", ErrTemplateList},
	45026:  {"too many templates", ErrTemplatesFull},
	45027:  {"the template does not fit the account's industry", ErrTemplateList},
	200012: {"the limit of own templates is reached", ErrTemplatesFull},
	200013: {"this library template is banned", ErrTemplateList},

	40002:  {"wrong grant_type", ErrRequest},
	40032:  {"the openid list has a wrong length", ErrRequest},
	40033:  {`the body holds \u escapes`, ErrRequest},
	40102:  {"wrong industry id", ErrRequest},
	40103:  {"wrong industry index", ErrRequest},
	40130:  {"at least two openids are needed", ErrRequest},
	40246:  {"the keyword list is wrong", ErrRequest},
	41001:  {"the access token is missing", ErrRequest},
	41002:  {"the AppID is missing", ErrRequest},
	41003:  {"the refresh token is missing", ErrRequest},
	41004:  {"the secret is missing", ErrRequest},
	41008:  {"the code is missing", ErrRequest},
	41009:  {"the openid is missing", ErrRequest},
	41018:  {"component_appid is missing", ErrRequest},
	41021:  {"component_access_token is missing", ErrRequest},
	41028:  {"the form_id is wrong", ErrRequest},
	41029:  {"the form_id was used", ErrRequest},
	43001:  {"GET is required", ErrRequest},
	43002:  {"POST is required", ErrRequest},
	43003:  {"HTTPS is required", ErrRequest},
	44002:  {"the body is empty", ErrRequest},
	45012:  {"the template is too big", ErrRequest},
	45019:  {"too many openids in one call", ErrRequest},
	46101:  {"the old template call is switched off", ErrRequest},
	47001:  {"the body cannot be parsed", ErrRequest},
	47002:  {`the body holds \u escapes`, ErrRequest},
	49003:  {"the openid does not belong to the AppID", ErrRequest},
	61012:  {"wrong option name", ErrRequest},
	61013:  {"wrong option value", ErrRequest},
	61014:  {"the platform's token is needed here", ErrRequest},
	61015:  {"the account's token is needed here", ErrRequest},
	61024:  {"api_component_token must be used for the platform's token", ErrRequest},
	61025:  {"the option is read-only", ErrRequest},
	61451:  {"invalid parameter", ErrRequest},
	63001:  {"some parameters are empty", ErrRequest},
	76001:  {"unknown rid", ErrRequest},
	76002:  {"empty rid", ErrRequest},
	76003:  {"the rid is another account's, or the cgi_path is wrong", ErrRequest},
	76004:  {"the rid is older than seven days", ErrRequest},
	76021:  {"unknown cgi_path", ErrRequest},
	76022:  {"the token does not fit the cgi_path", ErrRequest},
	86000:  {"this call is for third-party platforms", ErrRequest},
	200002: {"wrong parameter", ErrRequest},
	200014: {"wrong template number", ErrRequest},
	200016: {"wrong start", ErrRequest},
	200017: {"wrong limit", ErrRequest},
	200018: {"the ids are missing", ErrRequest},
	200019: {"the ids are wrong", ErrRequest},
	200020: {"the keyword list is wrong", ErrRequest},
	200021: {"the scene description is wrong", ErrRequest},
}

const fastRegistration = "fast registration was refused (real name, monthly limit, blacklist, or data that do not match)"
