package authorizer

import (
	"slices"
	"time"
)

// Status of an authorization.
const (
	Authorized   = "authorized"
	Unauthorized = "unauthorized" // the account cancelled, or the vendor knows nothing of it
)

// Kinds of account. Empty: the profile is not known yet.
const (
	OfficialAccount = "oa"
	MiniProgram     = "mp"
)

// Account is an account that authorized us, now or once. It holds no token.
type Account struct {
	ID             int64
	AppID          string
	Status         string
	Sender         string // it speaks for; "": unclaimed
	Wanted         string // sender it shall speak for, not yet or never bound
	WantedKind     string // of that sender: wechatoa, wechatmp
	Waiting        string // why that waits for an administrator; "" if it does not
	AuthorizedAt   time.Time
	UnauthorizedAt time.Time // zero: never
	Sets           []int     // ids of granted permission sets
	Kind           string
	UserName       string // gh_…, the ToUserName of its pushes
	Profile        Profile
	Failures       int    // of fetching the profile
	Problem        string // why the profile could not be fetched

	Claim int64
}

// Profile is how an account presents itself.
type Profile struct {
	NickName      string `json:"nick_name"`
	HeadImage     string `json:"head_image"`
	Principal     string `json:"principal_name"`
	ServiceType   int    `json:"service_type"`
	VerifyType    int    `json:"verify_type"`
	AccountStatus int    `json:"account_status"` // 1 normal, 14 closed, 16 banned, 18 warned, 19 frozen; 0 not told
}

// Set is a permission set by number and name.
type Set struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

// names of the permission sets this service has a use for:
// https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/product/offical_account_authority.html
var names = map[int]string{
	1: "消息管理 message management", 2: "用户管理 user management", 3: "帐号服务 account service", 4: "网页服务 web service (OAuth, JS-SDK)",
	7: "群发与通知 mass sending and notices", 8: "微信卡券 cards and coupons", 11: "素材管理 material", 15: "自定义菜单 menu",
	17: "帐号管理 account management", 18: "开发管理与数据分析 development and data analysis", 19: "客服消息管理 customer service",
	24: "开放平台帐号管理 open-platform account binding", 25: "开放平台帐号管理 open-platform account binding", 30: "基本信息设置 basic information",
	33: "小程序管理 linking of Mini Programs", 89: "服务号订阅通知 service-account subscription notice",
}

// Name is a set's name, or its number in words if it is not known here.
func Name(id int) Set {
	name, ok := names[id]
	if !ok {
		name = "权限集 permission set"
	}
	return Set{id, name}
}

// Level tells what lacks without a set.
type Level string

// Levels of need.
const (
	Required Level = "required"
	Advised  Level = "advised"
	Feature  Level = "feature"
)

type need struct {
	id    int
	level Level
}

var needs = map[string][]need{
	OfficialAccount: {{7, Required}, {89, Required}, {8, Advised}, {11, Advised}, {1, Feature}, {2, Feature}, {4, Feature}},
	MiniProgram:     {{18, Required}, {19, Feature}},
}

// Missing is a set that was not granted and what that costs.
type Missing struct {
	Set
	Level Level `json:"level"`
}

// Missing lists the sets that an account of its kind should have granted and
// did not. Of an unknown kind, the kind of the wanted sender counts.
func (a Account) Missing() []Missing {
	kind := a.Kind
	if kind == "" {
		kind = accountKind(a.WantedKind)
	}
	missing := []Missing{}
	for _, n := range needs[kind] {
		if !slices.Contains(a.Sets, n.id) {
			missing = append(missing, Missing{Name(n.id), n.level})
		}
	}
	return missing
}

// accountKind is the kind of account that a kind of sender needs; "" if any.
func accountKind(senderKind string) string {
	return map[string]string{"wechatoa": OfficialAccount, "wechatmp": MiniProgram}[senderKind]
}

// fits tells why an account must not be bound to the sender it is wanted for
// without an administrator's yes. taken is another AppID that the sender has.
func (a Account) fits(taken string) (waiting string) {
	want := accountKind(a.WantedKind)
	switch {
	case want != "" && want != a.Kind:
		return "the account is of another kind than the sender " + a.Wanted + " (" + a.WantedKind + ")"
	case a.Sender != "" && a.Sender != a.Wanted:
		return "the account speaks for the sender " + a.Sender + " already"
	case taken != "" && taken != a.AppID:
		return "the sender " + a.Wanted + " had another account before: " + taken
	}
	return ""
}
