package wechat

// Message is what the messages of a user to an account have in common.
// https://developers.weixin.qq.com/doc/service/guide/product/message/Receiving_standard_messages.html
type Message struct {
	Head
	MsgID     string `push:"MsgId" json:"msg_id,omitempty"`
	MsgDataID string `push:"MsgDataId" json:"msg_data_id,omitempty"` // of the article it was sent from
	Idx       string `push:"Idx" json:"idx,omitempty"`               // which of several articles
}

// TextMessage is a text, exactly as it was sent.
type TextMessage struct {
	Message
	Content string `push:"Content,verbatim" json:"content"`
	MenuID  string `push:"bizmsgmenuid" json:"bizmsgmenuid,omitempty"` // of the menu message that was tapped
}

// ImageMessage is a picture.
type ImageMessage struct {
	Message
	PicURL  string `push:"PicUrl" json:"pic_url"`
	MediaID string `push:"MediaId" json:"media_id"`
}

// VoiceMessage is a recording.
type VoiceMessage struct {
	Message
	MediaID     string `push:"MediaId" json:"media_id"`
	Format      string `push:"Format" json:"format"` // amr, speex
	MediaID16K  string `push:"MediaId16K" json:"media_id_16k,omitempty"`
	Recognition string `push:"Recognition" json:"recognition,omitempty"` // what was heard
}

// VideoMessage is a video, short or not.
type VideoMessage struct {
	Message
	MediaID      string `push:"MediaId" json:"media_id"`
	ThumbMediaID string `push:"ThumbMediaId" json:"thumb_media_id"`
}

// Location is a place on the map that a user sent, or LOCATION, the position that one shares with the account: both are of
// one name.
type Location struct {
	Message
	Latitude  float64 `push:"Location_X|Latitude" json:"latitude"`
	Longitude float64 `push:"Location_Y|Longitude" json:"longitude"`
	Precision float64 `push:"Precision" json:"precision,omitempty"` // of a shared position
	Scale     int64   `push:"Scale" json:"scale,omitempty"`         // of a place sent
	Label     string  `push:"Label" json:"label,omitempty"`
}

// LinkMessage is a link.
type LinkMessage struct {
	Message
	Title       string `push:"Title" json:"title"`
	Description string `push:"Description" json:"description"`
	URL         string `push:"Url" json:"url"`
}

// MiniProgramPageMessage is a card of a Mini Program's page, sent in its customer chat.
// https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/customer-message/receive.html
type MiniProgramPageMessage struct {
	Message
	Title        string `push:"Title" json:"title"`
	AppID        string `push:"AppId" json:"app_id"`
	PagePath     string `push:"PagePath" json:"page_path"`
	ThumbURL     string `push:"ThumbUrl" json:"thumb_url"`
	ThumbMediaID string `push:"ThumbMediaId" json:"thumb_media_id"`
}

// accountTypes are the types of what Official Accounts and Mini Programs are pushed, by their names in lower case.
var accountTypes = map[string]func() typed{
	"text":            of[TextMessage],
	"image":           of[ImageMessage],
	"voice":           of[VoiceMessage],
	"video":           of[VideoMessage],
	"shortvideo":      of[VideoMessage],
	"location":        of[Location],
	"link":            of[LinkMessage],
	"miniprogrampage": of[MiniProgramPageMessage],

	"subscribe":                 of[Followed],
	"unsubscribe":               of[Unfollowed],
	"scan":                      of[Followed],
	"click":                     of[MenuClicked],
	"view":                      of[MenuClicked],
	"view_miniprogram":          of[MenuClicked],
	"scancode_push":             of[MenuScanned],
	"scancode_waitmsg":          of[MenuScanned],
	"pic_sysphoto":              of[MenuPictures],
	"pic_photo_or_album":        of[MenuPictures],
	"pic_weixin":                of[MenuPictures],
	"location_select":           of[MenuLocation],
	"templatesendjobfinish":     of[TemplateJobFinished],
	"masssendjobfinish":         of[MassJobFinished],
	"publishjobfinish":          of[PublishJobFinished],
	"freepublishjobfinish":      of[PublishJobFinished],
	"subscribe_msg_popup_event": of[SubscriptionAnswered], "subscribe_msg_change_event": of[SubscriptionAnswered],
	"subscribe_msg_sent_event":        of[SubscriptionSent],
	"user_enter_tempsession":          of[SessionEntered],
	"user_info_modified":              of[PersonalData],
	"user_authorization_revoke":       of[PersonalData],
	"user_authorization_cancellation": of[PersonalData],
	"weapp_audit_success":             of[AuditPassed],
	"weapp_audit_fail":                of[AuditFailed],
	"weapp_audit_delay":               of[AuditDelayed],
	"wxa_nickname_audit":              of[NicknameAudited],
}
