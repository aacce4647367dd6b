package authorizer

// Set is a permission set by number and name.
type Set struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

// oaSets names the permission sets of Official Accounts:
// https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/product/offical_account_authority.html
var oaSets = map[int]string{
	1: "消息管理 message management", 2: "用户管理 user management", 3: "帐号服务 account service", 4: "网页服务 web service (OAuth, JS-SDK)",
	5: "微信小店 WeChat shop (old)", 6: "多客服 multi customer service (old)", 7: "群发与通知 mass sending and notices", 8: "微信卡券 cards and coupons",
	9: "微信扫一扫 scan products", 10: "微信连WIFI Wi-Fi", 11: "素材管理 material", 12: "微信摇周边 shake nearby", 13: "微信门店 stores", 14: "微信支付 WeChat pay (historic)",
	15: "自定义菜单 menu", 16: "认证状态 verification status (historic)", 22: "城市服务 city services", 23: "广告管理 advertising", 24: "开放平台帐号管理 open-platform account binding",
	26: "微信电子发票 electronic invoice", 27: "快速注册小程序 fast registration of a Mini Program", 33: "小程序管理 linking of Mini Programs", 34: "微信商品库 product library",
	35: "微信卡路里 calories (historic)", 44: "好物圈 goods circle", 46: "微信一物一码 one code per item", 47: "微信财政电子票据 fiscal e-receipts", 54: "服务号对话 service-account dialogue",
	66: "服务市场 service market", 89: "服务号订阅通知 service-account subscription notice", 113: "医疗助手 medical assistant",
}

// mpSets names those of Mini Programs; the same number may mean another set:
// https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/product/miniprogram_authority.html
var mpSets = map[int]string{
	17: "帐号管理 account management (QR code)", 18: "开发管理与数据分析 development and data analysis", 19: "客服消息管理 customer service", 20: "微信登录 login (historic)",
	21: "数据分析 data analysis (historic)", 25: "开放平台帐号管理 open-platform account binding", 30: "基本信息设置 basic information", 31: "认证名称检测 verification name check",
	36: "微信卡路里 calories (historic)", 37: "附近的小程序 nearby Mini Programs", 40: "插件管理 plug-ins", 41: "好物圈 goods circle", 45: "微信物流服务 logistics", 48: "微信财政电子票据 fiscal e-receipts",
	49: "云开发管理 cloud development", 51: "即时配送 instant delivery", 52: "小程序直播 live broadcast", 57: "页面推送 page push (historic)", 65: "广告管理 advertising",
	67: "服务市场 service market", 70: "交易组件商品 trade component: goods", 71: "交易组件订单与物流售后 trade component: orders, logistics, after-sales",
	73: "交易组件接入 trade component: onboarding", 76: "违规与交易投诉管理 violations and complaints", 81: "试用小程序快速认证 fast verification of a trial Mini Program",
	84: "优惠券 coupons", 85: "自定义版交易组件 custom trade component",
}

// Name is a set's name. New numbers appear without notice: one that is not
// known here keeps its number in words. While the account's kind is unknown,
// the kind of the wanted sender counts, else both are looked through.
func (a Account) Name(id int) Set {
	tables := []map[int]string{oaSets, mpSets}
	switch a.kind() {
	case OfficialAccount:
		tables = tables[:1]
	case MiniProgram:
		tables = tables[1:]
	}
	for _, names := range tables {
		if name, ok := names[id]; ok {
			return Set{id, name}
		}
	}
	return Set{id, "权限集 permission set"}
}

// kind is the account's, or the one that its wanted sender needs.
func (a Account) kind() string {
	if a.Kind != "" {
		return a.Kind
	}
	return accountKind(a.WantedKind)
}
