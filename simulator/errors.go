package simulator

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

// refusal is an answer with errcode; HTTP status stays 200, as at the vendor.
type refusal struct {
	Code int
	Text string // "" = the vendor's text of the code
}

// The vendor's texts, from the error tables of the reference (component 4.13,
// messages 11). A code not listed answers "system error".
var texts = map[int]string{
	-1:    "system error",
	0:     "ok",
	40001: "invalid credential, access_token is invalid or not latest, could get access_token by getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r",
	40002: "invalid grant_type",
	40003: "invalid openid",
	40004: "invalid media type",
	40005: "invalid file type",
	40006: "invalid media size",
	40007: "invalid media_id",
	40009: "invalid image size",
	40010: "invalid voice size",
	40011: "invalid video size",
	40012: "invalid thumb size",
	40035: "invalid param",
	40113: "unsupported file type",
	41005: "media data missing",
	44001: "empty media data",
	45001: "media size out of limit",
	40008: "invalid message type",
	40013: "invalid appid",
	40014: "invalid access_token",
	40029: "invalid code",
	40163: "code been used",
	40033: "invalid charset. please check your request, if include \\uxxxx will create fail!",
	40036: "invalid template_id size",
	40037: "invalid template_id",
	40066: "invalid url",
	40097: "invalid args",
	40125: "invalid appsecret",
	40164: "invalid ip %s ipv6 ::ffff:%s, not in whitelist",
	40165: "invalid weapp pagepath",
	40166: "invalid weapp appid",
	40243: "appsecret is frozen by the owner of the account",
	40246: "invalid keyword_name_list",
	40249: "this template msg has been blocked for illegal content",
	41001: "access_token missing",
	41002: "appid missing",
	41004: "appsecret missing",
	41008: "missing code",
	41009: "missing openid",
	41030: "invalid page",
	41018: "missing component_appid",
	42001: "access_token expired",
	42003: "code expired",
	42006: "component_access_token expired",
	42007: "access_token and refresh_token invalid because the user changed the password",
	43001: "require GET method",
	43002: "require POST method",
	43004: "require subscribe",
	43019: "require remove blacklist",
	43101: "user refuse to accept the msg",
	43102: "the tmpl is not subscribe tmpl",
	44002: "empty post data",
	44004: "empty content",
	45002: "content size out of limit",
	45003: "title size out of limit",
	45009: "reach max api daily quota limit",
	45026: "template num exceeds limit",
	45011: "api minute-quota reach limit, must slower, retry next minute",
	45008: "article size out of limit",
	45015: "response out of time limit or subscription is canceled",
	45047: "out of response count limit",
	45013: "too many template args",
	47001: "data format error",
	47002: "data format error, do NOT use json unicode encode (\\uxxxx\\uxxxx), please use utf8 encoded text instead",
	47003: "argument invalid!",
	48001: "api unauthorized",
	48004: "api forbidden for irregularities",
	48006: "forbid to clear quota because of reaching the limit",
	50002: "user limited",
	61003: "component is not authorized by this account",
	61004: "access clientip is not registered requestIP: %s",
	61005: "component ticket is expired",
	61006: "component ticket is invalid",
	61007: "api is unauthorized to component",
	61009: "code is invalid",
	61010: "code is expired",
	61011: "invalid component",
	61014: "must use component token for component api",
	61015: "must use biz account token for not component api",
	61023: "refresh_token is invalid",
	61028: "component is unpublished",

	200011: "account is banned from templates",
	200012: "private template num exceeds limit",
	200013: "this template is banned",
	200014: "invalid tid",
	200016: "invalid start",
	200017: "invalid limit",
	200018: "ids is empty",
	200019: "invalid ids",
	200020: "invalid kidList",
	200021: "invalid sceneDesc",
}

func refuse(code int) *refusal { return &refusal{Code: code} }

// errorAnswer is how the vendor words a refusal: text, blank, rid.
type errorAnswer struct {
	Code int    `json:"errcode"`
	Text string `json:"errmsg"`
}

func (f *refusal) answer(r *http.Request) errorAnswer {
	text := f.Text
	if text == "" {
		text = textOf(f.Code, r)
	}
	if f.Code != 0 {
		text += " " + rid()
	}
	return errorAnswer{f.Code, text}
}

func textOf(code int, r *http.Request) string {
	text, ok := texts[code]
	if !ok {
		return "system error"
	}
	if n := strings.Count(text, "%s"); n > 0 {
		return strings.ReplaceAll(text, "%s", clientIP(r))
	}
	return text
}

// rid is the request id that staff ask for.
func rid() string {
	return fmt.Sprintf("rid: %08x-%08x-%08x", uint32(time.Now().Unix()), rand.Uint32(), rand.Uint32())
}
