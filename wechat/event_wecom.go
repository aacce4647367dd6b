package wechat

// WeComHead is what every push of WeCom begins with.
// https://developer.work.weixin.qq.com/document/path/90239 https://developer.work.weixin.qq.com/document/path/90240
type WeComHead struct {
	Head
	AgentID string `push:"AgentID|AgentId" json:"agent_id,omitempty"` // none at the address book's
}

// UnknownWeCom is a message or event of a type that has none here.
type UnknownWeCom struct{ WeComHead }

// MemberMessage is what a member sent to the app: a text, image, voice, video, location or link, whose fields are filled.
type MemberMessage struct {
	WeComHead
	MsgID        string  `push:"MsgId" json:"msg_id,omitempty"`
	Content      string  `push:"Content,verbatim" json:"content,omitempty"`
	PicURL       string  `push:"PicUrl" json:"pic_url,omitempty"`
	MediaID      string  `push:"MediaId" json:"media_id,omitempty"`
	Format       string  `push:"Format" json:"format,omitempty"`
	ThumbMediaID string  `push:"ThumbMediaId" json:"thumb_media_id,omitempty"`
	Latitude     float64 `push:"Location_X|Latitude" json:"latitude,omitempty"`
	Longitude    float64 `push:"Location_Y|Longitude" json:"longitude,omitempty"`
	Precision    float64 `push:"Precision" json:"precision,omitempty"` // of LOCATION, the position of one who uses the app
	Scale        int64   `push:"Scale" json:"scale,omitempty"`
	Label        string  `push:"Label" json:"label,omitempty"`
	AppType      string  `push:"AppType" json:"app_type,omitempty"`
	Title        string  `push:"Title" json:"title,omitempty"`
	Description  string  `push:"Description" json:"description,omitempty"`
	URL          string  `push:"Url" json:"url,omitempty"`
}

// AppEvent is what happened between a member and the app: subscribe, unsubscribe, enter_agent, click, view,
// view_miniprogram, and what the vendor says of the app itself.
type AppEvent struct {
	WeComHead
	EventKey   string `push:"EventKey" json:"event_key"`
	EffectTime int64  `push:"EffectTime" json:"effect_time,omitempty"` // of alerts that the app will be switched off
}

// CardClicked is template_card_event, template_card_menu_event and the older taskcard_click.
type CardClicked struct {
	WeComHead
	EventKey     string `push:"EventKey" json:"event_key"` // of the button
	TaskID       string `push:"TaskId" json:"task_id"`
	CardType     string `push:"CardType" json:"card_type,omitempty"`
	ResponseCode string `push:"ResponseCode" json:"-"` // updates the card, once, within 72 hours: a credential, which nobody is shown
	Selected     []struct {
		QuestionKey string   `push:"QuestionKey" json:"question_key"`
		OptionIDs   []string `push:"OptionIds>OptionId|OpitonIds>OpitonId" json:"option_ids"` // the second was seen
	} `push:"SelectedItems>SelectedItem" json:"selected_items,omitempty"`
}

// ContactChanged is change_contact; ChangeType says what: create_user, update_user, delete_user, create_party, update_party,
// delete_party, update_tag.
// https://developer.work.weixin.qq.com/document/path/90970
type ContactChanged struct {
	WeComHead
	ChangeType    string   `push:"ChangeType" json:"change_type"`
	UserID        string   `push:"UserID" json:"user_id,omitempty"`
	NewUserID     string   `push:"NewUserID" json:"new_user_id,omitempty"`
	Name          string   `push:"Name" json:"name,omitempty"` // of a member or department
	Department    []string `push:"Department,comma" json:"department,omitempty"`
	PartyID       string   `push:"Id" json:"party_id,omitempty"`
	ParentID      string   `push:"ParentId" json:"parent_id,omitempty"`
	TagID         string   `push:"TagId" json:"tag_id,omitempty"`
	AddUserItems  []string `push:"AddUserItems,comma" json:"add_user_items,omitempty"`
	DelUserItems  []string `push:"DelUserItems,comma" json:"del_user_items,omitempty"`
	AddPartyItems []string `push:"AddPartyItems,comma" json:"add_party_items,omitempty"`
	DelPartyItems []string `push:"DelPartyItems,comma" json:"del_party_items,omitempty"`
}

// JobFinished is batch_job_result and upload_media_job_finish.
type JobFinished struct {
	WeComHead
	JobID   string `push:"BatchJob>JobId|JobId" json:"job_id"`
	JobType string `push:"BatchJob>JobType|JobType" json:"job_type,omitempty"`
	ErrCode int64  `push:"BatchJob>ErrCode|ErrCode" json:"err_code"`
	ErrMsg  string `push:"BatchJob>ErrMsg|ErrMsg" json:"err_msg,omitempty"`
}

// weComTypes are the types of what WeCom pushes, by their names in lower case.
var weComTypes = map[string]func() typed{
	"text":     of[MemberMessage],
	"image":    of[MemberMessage],
	"voice":    of[MemberMessage],
	"video":    of[MemberMessage],
	"link":     of[MemberMessage],
	"location": of[MemberMessage],

	"subscribe":             of[AppEvent],
	"unsubscribe":           of[AppEvent],
	"enter_agent":           of[AppEvent],
	"click":                 of[AppEvent],
	"view":                  of[AppEvent],
	"view_miniprogram":      of[AppEvent],
	"share_agent_change":    of[AppEvent],
	"share_chain_change":    of[AppEvent],
	"inactive_alert":        of[AppEvent],
	"close_inactive_agent":  of[AppEvent],
	"reopen_inactive_agent": of[AppEvent],
	"low_active_alert":      of[AppEvent],
	"low_active":            of[AppEvent],
	"active_restored":       of[AppEvent],

	"scancode_push":            of[MemberScanned],
	"scancode_waitmsg":         of[MemberScanned],
	"pic_sysphoto":             of[MemberPictures],
	"pic_photo_or_album":       of[MemberPictures],
	"pic_weixin":               of[MemberPictures],
	"location_select":          of[MemberPlace],
	"template_card_event":      of[CardClicked],
	"template_card_menu_event": of[CardClicked],
	"taskcard_click":           of[CardClicked],
	"change_contact":           of[ContactChanged],
	"batch_job_result":         of[JobFinished],
	"upload_media_job_finish":  of[JobFinished],
}

// MemberScanned is MenuScanned in WeCom.
type MemberScanned struct {
	MenuScanned
	AgentID string `push:"AgentID|AgentId" json:"agent_id,omitempty"`
}

// MemberPictures is MenuPictures in WeCom.
type MemberPictures struct {
	MenuPictures
	AgentID string `push:"AgentID|AgentId" json:"agent_id,omitempty"`
}

// MemberPlace is MenuLocation in WeCom.
type MemberPlace struct {
	MenuLocation
	AgentID string `push:"AgentID|AgentId" json:"agent_id,omitempty"`
}
