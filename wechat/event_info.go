package wechat

import "strings"

// InfoHead is what every push to a component begins with. Tickets and codes in it are ***.
// https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/authorize_event.html
type InfoHead struct {
	AppID      string `push:"AppId" json:"component_app_id,omitempty"`
	CreateTime int64  `push:"CreateTime" json:"create_time,omitempty"` // Unix seconds
	InfoType   string `push:"InfoType" json:"info_type,omitempty"`

	// Extra holds the fields that the type does not know; those that sound like secrets are ***.
	Extra map[string]any `json:"extra,omitempty"`
}

func (h *InfoHead) extra() *map[string]any { return &h.Extra }

// UnknownInfo is an InfoType that has no type here.
type UnknownInfo struct{ InfoHead }

// TicketCame is component_verify_ticket.
type TicketCame struct {
	InfoHead
	Ticket Hidden `push:"ComponentVerifyTicket" json:"component_verify_ticket"`
}

// Authorized is authorized and updateauthorized.
type Authorized struct {
	InfoHead
	AuthorizerAppID string `push:"AuthorizerAppid" json:"authorizer_app_id"`
	Code            Hidden `push:"AuthorizationCode" json:"authorization_code"`
	CodeExpires     int64  `push:"AuthorizationCodeExpiredTime" json:"authorization_code_expired_time"` // as pushed: Unix seconds, or a duration
	PreAuthCode     Hidden `push:"PreAuthCode" json:"pre_auth_code"`
}

// Unauthorized is unauthorized: the account took its authorization back.
type Unauthorized struct {
	InfoHead
	AuthorizerAppID string `push:"AuthorizerAppid" json:"authorizer_app_id"`
}

// Registered is the result of a fast registration: notify_third_fasteregister (spelled so), and for trial Mini Programs
// notify_third_fastregisterbetaapp and notify_third_fastverifybetaapp.
// https://developers.weixin.qq.com/doc/oplatform/openApi/
type Registered struct {
	InfoHead
	NewAppID string `push:"appid" json:"app_id"`
	Status   int64  `push:"status" json:"status"` // 0 is success
	Code     Hidden `push:"auth_code" json:"auth_code,omitempty"`
	Message  string `push:"msg" json:"msg"`
	Info     struct {
		Name               string `push:"name" json:"name,omitempty"`
		Code               string `push:"code" json:"code,omitempty"` // of the enterprise
		CodeType           string `push:"code_type" json:"code_type,omitempty"`
		LegalPersonaWeChat string `push:"legal_persona_wechat" json:"legal_persona_wechat,omitempty"`
		LegalPersonaName   string `push:"legal_persona_name" json:"legal_persona_name,omitempty"`
		ComponentPhone     string `push:"component_phone" json:"component_phone,omitempty"`
		WxUser             string `push:"wxuser" json:"wxuser,omitempty"`
		IDName             string `push:"idname" json:"idname,omitempty"`
		UniqueID           string `push:"unique_id" json:"unique_id,omitempty"`
	} `push:"info" json:"info"`
}

// Verification is notify_3rd_wxa_auth, the progress of a Mini Program's verification.
type Verification struct {
	InfoHead
	AccountAppID string `push:"appid" json:"app_id"`
	TaskID       string `push:"taskid" json:"task_id"`
	TaskStatus   int64  `push:"task_status" json:"task_status"`
	ApplyStatus  int64  `push:"apply_status" json:"apply_status"`
	Message      string `push:"message" json:"message"`
	Dispatch     struct {
		Provider string `push:"provider" json:"provider,omitempty"`
		Contact  string `push:"contact" json:"contact,omitempty"`
		Time     int64  `push:"dispatch_time" json:"dispatch_time,omitempty"`
	} `push:"dispatch_info" json:"dispatch_info"`
}

// ReviewDue is notify_3rd_wxa_wxverify, the reminder of the yearly review.
type ReviewDue struct {
	InfoHead
	AccountAppID string `push:"appid" json:"app_id"`
	Expired      string `push:"expired" json:"expired"`
	Message      string `push:"message" json:"message"`
}

// FilingResult is notify_apply_icpfiling_result.
type FilingResult struct {
	InfoHead
	AuthorizerAppID string `push:"authorizer_appid" json:"authorizer_app_id"`
	Status          int64  `push:"beian_status" json:"beian_status"`
}

// FaceCheck is notify_icpfiling_verify_result.
type FaceCheck struct {
	InfoHead
	TaskID       string `push:"task_id" json:"task_id"`
	AccountAppID string `push:"verify_appid" json:"verify_app_id"`
	Result       int64  `push:"result" json:"result"`
	WithAuth     string `push:"along_with_auth_result" json:"along_with_auth_result,omitempty"`
}

// VerificationAndFiling is notify_3rd_wxa_auth_and_icp.
type VerificationAndFiling struct {
	InfoHead
	ProcedureID string `push:"procedure_id" json:"procedure_id"`
	Status      int64  `push:"procedure_status" json:"procedure_status"`
}

// infoTypes are the types of what a component is pushed.
var infoTypes = map[string]func() typed{
	"component_verify_ticket":          of[TicketCame],
	"authorized":                       of[Authorized],
	"updateauthorized":                 of[Authorized],
	"unauthorized":                     of[Unauthorized],
	"notify_third_fasteregister":       of[Registered],
	"notify_third_fastregisterbetaapp": of[Registered],
	"notify_third_fastverifybetaapp":   of[Registered],
	"notify_3rd_wxa_auth":              of[Verification],
	"notify_3rd_wxa_wxverify":          of[ReviewDue],
	"notify_apply_icpfiling_result":    of[FilingResult],
	"notify_icpfiling_verify_result":   of[FaceCheck],
	"notify_3rd_wxa_auth_and_icp":      of[VerificationAndFiling],
}

func newInfo(kind string) typed {
	if make, ok := infoTypes[strings.TrimPrefix(kind, "component.")]; ok {
		return make()
	}
	return new(UnknownInfo)
}
