package wechat

import (
	"context"
	"time"
)

// Authorization is what an account granted. Access and Refresh are empty if the account granted no set with calls in it.
type Authorization struct {
	AppID           string
	Access, Refresh string
	Life            time.Duration // of Access
	Sets            []int         // ids of permission sets
}

// QueryAuth exchanges an authorization code, which is good once. Store Refresh before doing anything else. ErrCode: the
// code is used up or expired.
// https://developers.weixin.qq.com/doc/oplatform/openApi/ticket-token/api_getauthorizerrefreshtoken
func (c *Component) QueryAuth(ctx context.Context, code string) (Authorization, error) {
	const op = "api_query_auth"
	var answer struct {
		Info struct {
			AppID   string `json:"authorizer_appid"`
			Access  string `json:"authorizer_access_token"`
			Refresh string `json:"authorizer_refresh_token"`
			Life    number `json:"expires_in"`
			Sets    sets   `json:"func_info"`
		} `json:"authorization_info"`
	}
	err := c.door.call(ctx, request{op: op, path: componentPath(op), secrets: []string{code}, body: struct {
		AppID string `json:"component_appid"`
		Code  string `json:"authorization_code"`
	}{c.appID, code}}, &answer)
	if err == nil && answer.Info.AppID == "" {
		err = incomplete(op, "authorizer_appid")
	}
	if err != nil {
		return Authorization{}, err
	}
	i := answer.Info
	return Authorization{AppID: i.AppID, Access: i.Access, Refresh: i.Refresh, Life: tokenLife(i.Life), Sets: i.Sets.ids()}, nil
}

// AuthorizerToken renews an authorizer's access token. Write both tokens back together. ErrNotAuthorized: look the account
// up by AuthorizerInfo or AuthorizerList before believing it.
// https://developers.weixin.qq.com/doc/oplatform/openApi/ticket-token/api_getauthorizeraccesstoken
func (c *Component) AuthorizerToken(ctx context.Context, appID, refresh string) (Lent, error) {
	const op = "api_authorizer_token"
	var answer struct {
		Access  string `json:"authorizer_access_token"`
		Refresh string `json:"authorizer_refresh_token"`
		Life    number `json:"expires_in"`
	}
	err := c.door.call(ctx, request{op: op, path: componentPath(op), secrets: []string{refresh}, body: struct {
		AppID      string `json:"component_appid"`
		Authorizer string `json:"authorizer_appid"`
		Refresh    string `json:"authorizer_refresh_token"`
	}{c.appID, appID, refresh}}, &answer)
	if err == nil && answer.Access == "" {
		err = incomplete(op, "authorizer_access_token")
	}
	if err != nil {
		return Lent{}, err
	}
	return Lent{Access: answer.Access, Refresh: answer.Refresh, Life: tokenLife(answer.Life)}, nil
}

// Profile describes an account. ServiceType's 0 and 2 mean different things for Official Accounts and Mini Programs: look
// at MiniProgram first.
type Profile struct {
	AppID         string // the one asked for
	UserName      string // gh_…, the ToUserName of its pushes
	NickName      string
	HeadImage     string // address; may be empty
	Principal     string // legal owner
	MiniProgram   bool
	ServiceType   int // 0, 1 subscription account, 2 service account; Mini Program: 0 ordinary
	VerifyType    int // -1 not verified
	AccountStatus int // 1 normal, 14 closed, 16 banned, 18 warned, 19 frozen; 0 not told
	Refresh       string
	Sets          []int
}

// AuthorizerInfo tells who an account is. Refresh is empty if its authorization code was never exchanged.
// https://developers.weixin.qq.com/doc/oplatform/openApi/authorization-management/api_getauthorizerinfo
func (c *Component) AuthorizerInfo(ctx context.Context, appID string) (Profile, error) {
	const op = "api_get_authorizer_info"
	var answer profileAnswer
	err := c.door.call(ctx, request{op: op, path: componentPath(op), body: struct {
		AppID      string `json:"component_appid"`
		Authorizer string `json:"authorizer_appid"`
	}{c.appID, appID}}, &answer)
	if err == nil && answer.Info == nil {
		err = incomplete(op, "authorizer_info")
	}
	if err != nil {
		return Profile{}, err
	}
	return answer.profile(appID), nil
}

type typeID struct {
	ID number `json:"id"`
}

type profileAnswer struct {
	Info *struct {
		NickName  string    `json:"nick_name"`
		HeadImage string    `json:"head_img"`
		UserName  string    `json:"user_name"`
		Principal string    `json:"principal_name"`
		Service   typeID    `json:"service_type_info"`
		Verify    typeID    `json:"verify_type_info"`
		Mini      *struct{} `json:"MiniProgramInfo"` // only Mini Programs have one
		Status    number    `json:"account_status"`
	} `json:"authorizer_info"`
	Authorization struct {
		Refresh string `json:"authorizer_refresh_token"`
		Sets    sets   `json:"func_info"`
	} `json:"authorization_info"`
}

func (a *profileAnswer) profile(appID string) Profile {
	return Profile{
		AppID: appID, UserName: a.Info.UserName, NickName: a.Info.NickName, HeadImage: a.Info.HeadImage,
		Principal: a.Info.Principal, MiniProgram: a.Info.Mini != nil, ServiceType: int(a.Info.Service.ID),
		VerifyType: int(a.Info.Verify.ID), AccountStatus: int(a.Info.Status),
		Refresh: a.Authorization.Refresh, Sets: a.Authorization.Sets.ids(),
	}
}

// MaxListCount is the most authorizers one page holds.
const MaxListCount = 500

// List is one page of the accounts that authorized the platform now; Total is that of all pages.
type List struct {
	Total int
	Items []Listed
}

// Listed is an account of a List. Refresh is empty if its authorization code was never exchanged.
type Listed struct {
	AppID, Refresh string
	AuthorizedAt   time.Time
}

// AuthorizerList gives the page of at most count (1 to MaxListCount) accounts after the first offset ones.
// https://developers.weixin.qq.com/doc/oplatform/openApi/authorization-management/api_getauthorizerlist
func (c *Component) AuthorizerList(ctx context.Context, offset, count int) (List, error) {
	const op = "api_get_authorizer_list"
	if err := checkPage(offset, count); err != nil {
		return List{}, err
	}
	var answer struct {
		Total *number `json:"total_count"`
		List  []struct {
			AppID   string `json:"authorizer_appid"`
			Refresh string `json:"refresh_token"`
			Time    number `json:"auth_time"`
		} `json:"list"`
	}
	err := c.door.call(ctx, request{op: op, path: componentPath(op), body: struct {
		AppID  string `json:"component_appid"`
		Offset int    `json:"offset"`
		Count  int    `json:"count"`
	}{c.appID, offset, count}}, &answer)
	if err == nil && answer.Total == nil {
		err = incomplete(op, "total_count") // never take a broken answer for "no accounts"
	}
	if err != nil {
		return List{}, err
	}
	page := List{Total: int(*answer.Total), Items: make([]Listed, 0, len(answer.List))}
	for _, l := range answer.List {
		page.Items = append(page.Items, Listed{AppID: l.AppID, Refresh: l.Refresh, AuthorizedAt: time.Unix(int64(l.Time), 0).UTC()})
	}
	return page, nil
}

// sets is func_info as the vendor nests it.
type sets []struct {
	Category typeID `json:"funcscope_category"`
}

func (s sets) ids() []int {
	ids := make([]int, 0, len(s))
	for _, f := range s {
		ids = append(ids, int(f.Category.ID))
	}
	return ids
}
