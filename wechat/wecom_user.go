package wechat

import (
	"context"
	"net/url"
	"strconv"
	"strings"
)

// WeComLink is the address at which WeCom, or WeChat, asks for a visitor's userid without asking the visitor, and returns to
// redirect with a code and state (letters and digits, at most 128). redirect's host must be the app's trusted domain
// (可信域名), port included, else the visitor sees 50001. https://developer.work.weixin.qq.com/document/path/91022
func (a API) WeComLink(corpID string, agentID int64, redirect, state string) string {
	return a.webLink(corpID, redirect, state) + "&agentid=" + strconv.FormatInt(agentID, 10) + "#wechat_redirect"
}

// WebMember is who opened a page, as WeCom names them.
type WebMember struct {
	UserID string // of the app's company, or CorpId/userid of a linked or subordinate one; empty of who is no member
}

// WebMember exchanges the code of a return from WeComLink, which is good once and for five minutes. ErrCode: it is not good
// any more. https://developer.work.weixin.qq.com/document/path/91023
func (w *WeCom) WebMember(ctx context.Context, code string) (WebMember, error) {
	const op = "auth/getuserinfo"
	var answer struct { // encoding/json takes UserId and OpenId, as the older call has them, for the same
		UserID string `json:"userid"`
		OpenID string `json:"openid"`
		Other  string `json:"external_userid"`
	}
	err := w.door.call(ctx, request{op: op, path: "/cgi-bin/" + op, get: true, query: url.Values{"code": {code}}, secrets: []string{code}}, &answer)
	if err == nil && answer.UserID+answer.OpenID+answer.Other == "" {
		err = w.door.speaks.incomplete(op, "userid")
	}
	return WebMember{answer.UserID}, err
}

// MemberByMobile finds the userid of a member by a mobile number, which no error tells. Numbers of nobody (46004) may not
// come to a fifth of the company's member limit, or WeCom takes none for a day.
// https://developer.work.weixin.qq.com/document/path/95402
func (w *WeCom) MemberByMobile(ctx context.Context, mobile string) (userID string, err error) {
	const op = "user/getuserid"
	var answer struct {
		UserID string `json:"userid"`
	}
	err = w.door.call(ctx, request{op: op, path: "/cgi-bin/" + op, secrets: []string{mobile}, body: struct {
		Mobile string `json:"mobile"`
	}{mobile}}, &answer)
	if err == nil && answer.UserID == "" {
		err = w.door.speaks.incomplete(op, "userid")
	}
	return answer.UserID, err
}

// HasMember tells whether there is a member whom the app may see. Else: ErrRecipient.
// https://developer.work.weixin.qq.com/document/path/90196
func (w *WeCom) HasMember(ctx context.Context, userID string) error {
	const op = "user/get"
	var answer struct {
		UserID string `json:"userid"`
	}
	err := w.door.call(ctx, request{op: op, path: "/cgi-bin/" + op, get: true, query: url.Values{"userid": {userID}}}, &answer)
	if err == nil && !strings.EqualFold(answer.UserID, userID) {
		err = w.door.speaks.incomplete(op, "userid")
	}
	return err
}

// Range is whom an app may see (可见范围).
type Range struct {
	Users   []string
	Parties []int64
	Tags    []int64
}

// Range reads whom the app may see. https://developer.work.weixin.qq.com/document/path/90227
func (w *WeCom) Range(ctx context.Context) (Range, error) {
	const op = "agent/get"
	var answer struct {
		ID    *number `json:"agentid"`
		Users struct {
			List []struct {
				ID string `json:"userid"`
			} `json:"user"`
		} `json:"allow_userinfos"`
		Parties struct {
			IDs []int64 `json:"partyid"`
		} `json:"allow_partys"`
		Tags struct {
			IDs []int64 `json:"tagid"`
		} `json:"allow_tags"`
	}
	err := w.door.call(ctx, request{op: op, path: "/cgi-bin/" + op, get: true, query: url.Values{"agentid": {strconv.FormatInt(w.agentID, 10)}}}, &answer)
	if err == nil && answer.ID == nil {
		err = w.door.speaks.incomplete(op, "agentid")
	}
	r := Range{Parties: answer.Parties.IDs, Tags: answer.Tags.IDs}
	for _, u := range answer.Users.List {
		r.Users = append(r.Users, u.ID)
	}
	return r, err
}

// MembersOf lists the userids of a department and those below it, as far as the app may see them.
// https://developer.work.weixin.qq.com/document/path/90200
func (w *WeCom) MembersOf(ctx context.Context, party int64) (userIDs []string, err error) {
	const op = "user/simplelist"
	var answer struct {
		Code *number `json:"errcode"`
		List []struct {
			ID string `json:"userid"`
		} `json:"userlist"`
	}
	err = w.door.call(ctx, request{op: op, path: "/cgi-bin/" + op, get: true,
		query: url.Values{"department_id": {strconv.FormatInt(party, 10)}, "fetch_child": {"1"}}}, &answer)
	if err == nil && answer.Code == nil {
		err = w.door.speaks.incomplete(op, "errcode")
	}
	for _, u := range answer.List {
		userIDs = append(userIDs, u.ID)
	}
	return userIDs, err
}
