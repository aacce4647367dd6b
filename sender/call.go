package sender

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"wechattpp/wechat"
)

// Speaker gives a sender in whose name calls can be made, whichever permission
// sets its account granted. Errors: those of Ready but ErrPermission; ErrNoToken.
func (r *Room) Speaker(ctx context.Context, code string) (Sender, error) {
	s, err := r.ready(ctx, code)
	if errors.Is(err, ErrPermission) {
		err = nil
	}
	return s, s.hasNone(err)
}

// Caller gives a client for any call in the sender's name. ErrPermission: the
// call at path needs a permission set that its account did not grant, as far as
// the path is known; other errors: as of Speaker.
func (r *Room) Caller(ctx context.Context, code, path string) (*wechat.Caller, error) {
	s, err := r.Speaker(ctx, code)
	if err != nil {
		return nil, err
	}
	if err := r.permits(ctx, s, path); err != nil {
		return nil, fmt.Errorf("sender %s: %w", code, err)
	}
	return r.caller(s), nil
}

// Asker gives a client that asks after the sender's own token.
func (r *Room) Asker(s Sender) *wechat.Caller { return r.caller(s) }

func (r *Room) caller(s Sender) *wechat.Caller {
	if s.Kind == WeCom {
		return r.API.WeCom(s.CorpID, s.AgentID, r.Tokens(s)).Caller()
	}
	return r.API.Account(s.AppID, r.Tokens(s)).Caller()
}

// permission is what calls below a path need: one of the sets.
type permission struct {
	path string
	sets []int
	text string // the sets, for people
}

// permissions are the sets that well-known calls need, by kind
// (https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/product/offical_account_authority.html,
// …/miniprogram_authority.html). A call that is not here is left to the vendor.
var permissions = map[string][]permission{
	OfficialAccount: {
		{"/cgi-bin/message/template", []int{7}, "7 (群发与通知, mass send and notify)"},
		{"/cgi-bin/message/mass", []int{7}, "7 (群发与通知, mass send and notify)"},
		{"/cgi-bin/template", []int{7}, "7 (群发与通知, mass send and notify)"},
		{"/cgi-bin/message/subscribe/bizsend", []int{89}, "89 (服务号订阅通知, subscription notices)"},
		{"/wxaapi/newtmpl", []int{89}, "89 (服务号订阅通知, subscription notices)"},
		{"/cgi-bin/message/custom", []int{1}, "1 (消息管理, messages)"},
		{"/cgi-bin/user", []int{2}, "2 (用户管理, users)"},
		{"/cgi-bin/tags", []int{2}, "2 (用户管理, users)"},
		{"/cgi-bin/qrcode", []int{3}, "3 (帐号服务, account service)"},
		{wechat.UploadMedia, []int{1, 3, 8, 9, 11}, "1 (消息管理, messages) or 11 (素材管理, material)"},
		{wechat.UploadImage, []int{7, 11}, "11 (素材管理, material)"},
		{"/cgi-bin/material", []int{11}, "11 (素材管理, material)"},
		{"/cgi-bin/draft", []int{11, 7}, "11 (素材管理, material)"},
		{"/cgi-bin/menu", []int{15}, "15 (自定义菜单, menu)"},
		{"/card", []int{8}, "8 (微信卡券, cards)"},
	},
	MiniProgram: {
		{"/cgi-bin/message/subscribe/send", []int{18}, "18 (小程序开发与数据分析, development and data)"},
		{"/wxaapi/newtmpl", []int{18}, "18 (小程序开发与数据分析, development and data)"},
		{"/cgi-bin/message/custom", []int{19}, "19 (客服管理, customer service)"},
		{wechat.UploadMedia, []int{19}, "19 (客服管理, customer service)"},
	},
}

// permits tells which set is missing for a call. Accounts with a secret of
// their own need none.
func (r *Room) permits(ctx context.Context, s Sender, path string) error {
	if s.Credentials != Component {
		return nil
	}
	p, ok := permissionFor(s.Kind, path)
	if !ok {
		return nil
	}
	st, err := recall(r, &r.statuses, s.AppID, fresh, func() (Status, error) { return r.Account(ctx, s.AppID) })
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(p.sets, func(set int) bool { return slices.Contains(st.Sets, set) }) {
		return fmt.Errorf("%w: %s needs set %s; have it granted when authorizing again", ErrPermission, path, p.text)
	}
	return nil
}

// permissionFor finds what a kind of account must have granted for the call at
// path, as far as that is known.
func permissionFor(kind, path string) (permission, bool) {
	i := slices.IndexFunc(permissions[kind], func(p permission) bool { return path == p.path || strings.HasPrefix(path, p.path+"/") })
	if i < 0 {
		return permission{}, false
	}
	return permissions[kind][i], true
}
