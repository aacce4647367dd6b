package health

// entry is what is to be said of a code.
type entry struct {
	level        Level
	text, remedy string
}

const invite = "make an invitation by POST /v1/senders/{code}/invitations and let the account's administrator open it; messages and history stay"

// entries hold every code. The table in docs/operations.md tells the same to
// whoever reads first.
var entries = map[Code]entry{
	NeedsReauthorization: {Error, "the account no longer authorizes the platform", invite},
	NoRefreshToken: {Error, "there is no refresh token of the account, here or at WeChat: its authorization code was never exchanged, or it granted no set with calls in it",
		invite + ". An unclaimed account needs a sender first: POST /v1/senders"},
	PermissionMissing: {Error, "permission sets that the sender, or one kind of its messages, needs were not granted",
		"let the account's administrator authorize again with the sets ticked: POST /v1/senders/{code}/invitations. The platform must have them itself: open.weixin.qq.com, 权限管理"},
	PermissionAdvised: {Info, "permission sets that are advised were not granted", "have them ticked at the next authorization: POST /v1/senders/{code}/invitations"},
	AccountLimited:    {Error, "WeChat limits, froze, banned or closed the account", "see the notices in the account's own console at mp.weixin.qq.com; only its owner can act"},
	AddressNotAllowed: {Error, "WeChat refuses the address that this service calls from", ""},
	WrongSecret: {Error, "the AppID or secret is wrong, or the secret is frozen; it was tried once and rests",
		"enter the right secret: PATCH /v1/senders/{code}; the platform's own: wechattpp_component_app_secret, then a restart"},
	NotReleased: {Error, "the platform is not released, and the account is not on its test list",
		"put the account on the test list (open.weixin.qq.com, 管理中心, 第三方平台, 授权测试公众号列表), or release the platform, then authorize again"},
	PlatformSettings: {Error, "WeChat refuses the platform's own settings", "look at the platform at open.weixin.qq.com; the code and rid say more"},
	TicketMissing:    {Error, "WeChat takes none of the tickets that came", "see docs/operations.md, No ticket: the authorization event URL must answer, without a redirect"},
	QuotaUsedUp:      {Warning, "WeChat's quota of the day is used up", "it is tried again by itself; the quota is raised or cleared at mp.weixin.qq.com or open.weixin.qq.com"},
	TokenLate:        {Warning, "renewals of the token fail again and again", "the detail says why; it is tried again by itself, ever more slowly"},
	ProfileMissing: {Warning, "the account's profile and permission sets could not be fetched, so its pushes are kept and not worked off",
		"the detail says why; it is tried again by itself, at least every half hour"},
	WaitingForAdmin: {Warning, "the account waits for an administrator's yes", "say it by POST /v1/authorizers/{appid}/claim with the sender"},
	Unclaimed:       {Warning, "nothing explains which sender the account is for", "bind it by POST /v1/authorizers/{appid}/claim with the sender"},
	ListImplausible: {Error, "so many accounts are missing from WeChat's list, or refused at once, that it looks like an incident of WeChat's; nothing was concluded",
		"look at WeChat's notices; if the accounts did leave, confirm it by wechattpp authorizers reconcile --accept-absent"},
}
