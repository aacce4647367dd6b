package wechat

import (
	"net/url"
	"strconv"
)

// ConfirmLink is the page on which a user allows an Official Account one message: a one-time subscription at a scene (0 to
// 10,000). It is to be opened inside WeChat, and returns to redirect with openid (where confirmed), template_id, action
// (confirm or cancel), scene and reserved (letters and digits, at most 128). redirect's host must be a business domain of
// the account. https://developers.weixin.qq.com/doc/subscription/guide/product/message/One-time_subscription_info.html
func (a API) ConfirmLink(appID string, scene int, template, redirect, reserved string) string {
	return or(a.MPBase, DefaultMPBase) + "/mp/subscribemsg?action=get_confirm&appid=" + url.QueryEscape(appID) + "&scene=" + strconv.Itoa(scene) +
		"&template_id=" + url.QueryEscape(template) + "&redirect_url=" + url.QueryEscape(redirect) + "&reserved=" + url.QueryEscape(reserved) + "#wechat_redirect"
}
