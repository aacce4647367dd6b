package health

// weComEntries is what is to be said instead where WeCom refused: its apps are
// mended in another console, and authorize nobody. The page of each code:
// https://developer.work.weixin.qq.com/document/path/90313
var weComEntries = map[Code]entry{
	PermissionMissing: {Error, "the WeCom app has no permission for a call",
		"let an administrator of the company give it to the app (work.weixin.qq.com, 应用管理, the app; for customers 客户联系, API, 可调用接口的应用). The call is tried again every minute"},
	AccountLimited: {Error, "WeCom refuses the app, its company, or the group's webhook",
		"let an administrator of the company see to it at work.weixin.qq.com; the detail says what is wrong. Sends are tried again every minute"},
	AddressNotAllowed: {Error, "WeCom refuses the address that this service calls from",
		"add the address to the WeCom app's trusted IPs (work.weixin.qq.com, 应用管理, the app, 企业可信IP)" + goesOn},
	WrongSecret: {Error, "the corp id, agent id or secret is wrong, or the company disabled or removed the app",
		"let an administrator of the company see that the app is there and enabled (work.weixin.qq.com, 应用管理), then enter what the app's page shows: PATCH /v1/senders/{code} with corp_id, agent_id or secret"},
	QuotaUsedUp: {Warning, "WeCom gives this address no tokens for up to an hour: it was asked too often, or with wrong secrets",
		"it is tried again by itself; find who else asks from this address. An administrator of the company may end it at https://open.work.weixin.qq.com/wwopen/devtool/checkCorpSpamBlock"},
}

// webhookGone are the refusals that speak of a group's webhook.
var webhookGone = map[int]string{
	93000: "make the webhook anew in its group, and enter its key: PATCH /v1/senders/{code} with secret",
	93001: "let the group's owner allow webhooks in it",
	93004: "let the group's owner switch the webhook on",
	93008: "add the webhook to the group again",
}

// says is what is to be said of a finding.
func (f Finding) says() entry {
	if e, ok := weComEntries[f.Code]; ok && f.Cause.WeCom {
		if remedy := webhookGone[f.Cause.Code]; remedy != "" {
			e.remedy = remedy + goesOn
		}
		return e
	}
	return entries[f.Code]
}
