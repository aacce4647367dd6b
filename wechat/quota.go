package wechat

import "context"

// ClearQuota gives the platform's own calls their quota of the day back, that of Mint included. It takes no token, so it is
// the way out when the token has ended and Mint is refused for the quota. It may be done ten times a month, the console's
// button included; ErrThrottledDay then.
// https://developers.weixin.qq.com/doc/oplatform/openApi/openapi/api_componentclearquota_v2
func (c *Component) ClearQuota(ctx context.Context, secret string) error {
	const op = "component/clear_quota/v2"
	var answer struct {
		Code *number `json:"errcode"`
	}
	err := c.door.call(ctx, request{op: op, path: "/cgi-bin/" + op, open: true, secrets: []string{secret}, body: struct {
		AppID     string `json:"appid"`
		Component string `json:"component_appid"`
		Secret    string `json:"appsecret"`
	}{c.appID, c.appID, secret}}, &answer)
	if err == nil && answer.Code == nil {
		return incomplete(op, "errcode")
	}
	return err
}
