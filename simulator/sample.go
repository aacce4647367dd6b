package simulator

// SampleWorld is two Official Accounts and a Mini Program, all made up.
func SampleWorld() []Account {
	return []Account{
		{
			AppID: "wx5a1e0c7d93b24f68", UserName: "gh_5a1e0c7d93b2", NickName: "山海优选商城", Principal: "山海优选（示例）有限公司",
			Sets:      []int{1, 2, 3, 4, 7, 8, 11, 15, 89},
			Followers: []string{"oShop0000000000000000000001A", "oShop0000000000000000000002B", "oShop0000000000000000000003C", "oShop0000000000000000000004D"},
			Former:    []string{"oShop0000000000000000000009Z"},
			Blocking:  []string{"oShop0000000000000000000008Y"},
			Templates: []Template{orderPaid, orderShipped, parcelHere},
			OneTime:   "OTS-shop-00000000000000000000000000000006",
		},
		{
			AppID: "wx8b6f20de417c95a3", UserName: "gh_8b6f20de417c", NickName: "青禾诊所", Principal: "青禾诊所（示例）",
			Sets:      []int{1, 2, 7, 11, 89},
			Followers: []string{"oClinic000000000000000000001", "oClinic000000000000000000002"},
			Former:    []string{"oClinic000000000000000000009"},
			Templates: []Template{visitReminder, accountChange},
		},
		{
			AppID: "wxc30d9a5b7e1846f2", UserName: "gh_c30d9a5b7e18", NickName: "山海优选小程序", Principal: "山海优选（示例）有限公司",
			MiniProgram: true,
			Sets:        []int{17, 18, 19, 30},
			Followers:   []string{"oMini00000000000000000000001", "oMini00000000000000000000002"},
			Templates:   []Template{queueCalled},
			Pages:       []string{"pages/index", "pages/order", "pages/queue"},
		},
	}
}

var (
	orderPaid = Template{
		ID: "TPL-order-paid-0000000000000000000000000001", Title: "订单支付成功通知",
		Content: "订单编号:{{character_string1.DATA}}\n商品名称:{{thing2.DATA}}\n支付金额:{{amount3.DATA}}\n支付时间:{{time4.DATA}}",
		Example: "订单编号:SO20260600088\n商品名称:两件商品\n支付金额:¥39.80\n支付时间:2026-06-01 09:30",
	}
	orderShipped = Template{
		ID: "TPL-order-shipped-000000000000000000000002", Title: "订单发货通知",
		Content: "订单编号:{{character_string1.DATA}}\n快递公司:{{thing2.DATA}}\n订单状态:{{const3.DATA}}\n联系电话:{{phone_number4.DATA}}",
		Example: "订单编号:SO20260600088\n快递公司:示例速运\n订单状态:已发货\n联系电话:400-000-0000",
		Values:  map[string][]string{"const3": {"已发货", "部分发货"}},
	}
	visitReminder = Template{
		ID: "TPL-visit-reminder-00000000000000000000003", Title: "就诊提醒",
		Content: "就诊人:{{thing1.DATA}}\n就诊时间:{{time2.DATA}}\n就诊地点:{{thing3.DATA}}",
		Example: "就诊人:王小明\n就诊时间:2026年6月1日 15:01\n就诊地点:门诊二楼",
	}
	// accountChange is of the older, industry library: its values are cut, never refused.
	accountChange = Template{
		ID: "TPL-account-change-00000000000000000000004", Title: "账户变动提醒",
		Content: "{{first.DATA}}\n变动时间:{{keyword1.DATA}}\n变动金额:{{keyword2.DATA}}\n{{remark.DATA}}",
		Example: "您的账户有变动\n变动时间:2026-06-01\n变动金额:39.80元",
	}
	parcelHere = Template{
		ID: "PRI-parcel-here-00000000000000000000000007", Type: oneTimeTemplate, Title: "快递到站通知",
		Content: "快递状态:{{thing1.DATA}}\n到站时间:{{time2.DATA}}",
		Example: "快递状态:快递已到站\n到站时间:2026-06-01 18:05",
	}
	queueCalled = Template{
		ID: "PRI-queue-called-0000000000000000000000005", Type: oneTimeTemplate, Title: "排队叫号通知",
		Content: "当前状态:{{phrase1.DATA}}\n排队号码:{{character_string2.DATA}}\n叫号时间:{{date3.DATA}}",
		Example: "当前状态:已叫号\n排队号码:A012\n叫号时间:2026-06-01 10:10",
	}
	bulk = Account{
		Principal: "批量账号（示例）", Sets: []int{1, 2, 7, 11, 89},
		Followers: []string{"oBulk00000000000000000000001"}, Templates: []Template{orderPaid},
	}
)
