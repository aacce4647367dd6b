package wechat

// The events of an account are of the pages
// https://developers.weixin.qq.com/doc/service/guide/product/message/Receiving_event_pushes.html and
// https://developers.weixin.qq.com/doc/service/guide/product/menu/Custom_Menu_Push_Events.html unless another is named.

// Followed is subscribe, with or without a QR code, and SCAN of one who follows already.
type Followed struct {
	Head
	EventKey string `push:"EventKey" json:"event_key"` // the scene; at subscribe behind "qrscene_"
	Ticket   string `push:"Ticket" json:"ticket,omitempty"`
}

// Unfollowed is unsubscribe: nothing can be sent to the user any more.
type Unfollowed struct {
	Head
	EventKey string `push:"EventKey" json:"event_key"`
}

// MenuClicked is CLICK, VIEW and view_miniprogram.
type MenuClicked struct {
	Head
	EventKey string `push:"EventKey" json:"event_key"` // the entry's key, address or page
	MenuID   string `push:"MenuId|MenuID" json:"menu_id,omitempty"`
}

// MenuScanned is scancode_push and scancode_waitmsg.
type MenuScanned struct {
	Head
	EventKey string `push:"EventKey" json:"event_key"`
	Scan     struct {
		Type   string `push:"ScanType" json:"scan_type"`
		Result string `push:"ScanResult" json:"scan_result"`
	} `push:"ScanCodeInfo" json:"scan_code_info"`
}

// MenuPictures is pic_sysphoto, pic_photo_or_album and pic_weixin; the pictures follow as messages.
type MenuPictures struct {
	Head
	EventKey string `push:"EventKey" json:"event_key"`
	Pictures struct {
		Count int64 `push:"Count" json:"count"`
		List  []struct {
			MD5 string `push:"PicMd5Sum" json:"pic_md5_sum"`
		} `push:"PicList>item|PicList" json:"pic_list"`
	} `push:"SendPicsInfo" json:"send_pics_info"`
}

// MenuLocation is location_select.
type MenuLocation struct {
	Head
	EventKey string `push:"EventKey" json:"event_key"`
	Location struct {
		Latitude  float64 `push:"Location_X" json:"latitude"`
		Longitude float64 `push:"Location_Y" json:"longitude"`
		Scale     int64   `push:"Scale" json:"scale"`
		Label     string  `push:"Label" json:"label"`
		POI       string  `push:"Poiname" json:"poi_name"`
	} `push:"SendLocationInfo" json:"send_location_info"`
}

// TemplateJobFinished is TEMPLATESENDJOBFINISH, the later word on a template message.
// https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Template_Message_Interface.html
type TemplateJobFinished struct {
	Head
	MsgID  string `push:"MsgID|MsgId" json:"msg_id"`
	Status string `push:"Status" json:"status"` // success, or failed: and why
}

// MassJobFinished is MASSSENDJOBFINISH, the later word on a mass send. FromUserName is WeChat's helper, no recipient.
// https://developers.weixin.qq.com/doc/service/guide/product/message/Batch_Sends.html
type MassJobFinished struct {
	Head
	MsgID       string `push:"MsgID|MsgId" json:"msg_id"`
	Status      string `push:"Status" json:"status"` // send success, send fail, err(number)
	TotalCount  int64  `push:"TotalCount" json:"total_count"`
	FilterCount int64  `push:"FilterCount" json:"filter_count"`
	SentCount   int64  `push:"SentCount" json:"sent_count"`
	ErrorCount  int64  `push:"ErrorCount" json:"error_count"`
	Copyright   struct {
		Count      int64             `push:"Count" json:"count"`
		CheckState int64             `push:"CheckState" json:"check_state"` // 1 no reprint, 2 allowed, 3 refused
		Results    []CopyrightResult `push:"ResultList>item|ResultList" json:"result_list"`
	} `push:"CopyrightCheckResult" json:"copyright_check_result"`
	Articles struct {
		Count   int64 `push:"Count" json:"count"`
		Results []struct {
			Index int64  `push:"ArticleIdx" json:"article_idx"` // from 1
			URL   string `push:"ArticleUrl" json:"article_url"`
		} `push:"ResultList>item|ResultList" json:"result_list"`
	} `push:"ArticleUrlResult" json:"article_url_result"`
}

// CopyrightResult is what the originality check says of one article.
type CopyrightResult struct {
	Index                 int64  `push:"ArticleIdx" json:"article_idx"` // from 1
	UserDeclareState      int64  `push:"UserDeclareState" json:"user_declare_state"`
	AuditState            int64  `push:"AuditState" json:"audit_state"`
	OriginalArticleURL    string `push:"OriginalArticleUrl" json:"original_article_url"`
	OriginalArticleType   int64  `push:"OriginalArticleType" json:"original_article_type"`
	CanReprint            int64  `push:"CanReprint" json:"can_reprint"`
	NeedReplaceContent    int64  `push:"NeedReplaceContent" json:"need_replace_content"`
	NeedShowReprintSource int64  `push:"NeedShowReprintSource" json:"need_show_reprint_source"`
}

// PublishJobFinished is PUBLISHJOBFINISH, the later word on a draft's publication.
// https://developers.weixin.qq.com/doc/service/api/public/api_freepublish_submit
type PublishJobFinished struct {
	Head
	Publish struct {
		PublishID string `push:"publish_id" json:"publish_id"`
		Status    int64  `push:"publish_status" json:"publish_status"` // 0 is success
		ArticleID string `push:"article_id" json:"article_id"`
		Articles  struct {
			Count int64 `push:"count" json:"count"`
			Items []struct {
				Index int64  `push:"idx" json:"idx"` // from 1
				URL   string `push:"article_url" json:"article_url"`
			} `push:"item" json:"items"`
		} `push:"article_detail" json:"article_detail"`
		Failed []string `push:"fail_idx" json:"fail_idx"`
	} `push:"PublishEventInfo" json:"publish_event_info"`
}

// SubscriptionAnswered is subscribe_msg_popup_event and subscribe_msg_change_event: a user said yes or no.
// https://developers.weixin.qq.com/doc/service/guide/product/subscription_messages/push.md
type SubscriptionAnswered struct {
	Head
	List []struct {
		TemplateID string `push:"TemplateId" json:"template_id"`
		Status     string `push:"SubscribeStatusString" json:"subscribe_status_string"` // accept, reject
		Scene      string `push:"PopupScene" json:"popup_scene,omitempty"`              // 0 Mini Program, 1 web page, 2 article
	} `push:"SubscribeMsgPopupEvent>List|SubscribeMsgChangeEvent>List|List" json:"list"`
}

// SubscriptionSent is subscribe_msg_sent_event, the later word on subscription messages.
type SubscriptionSent struct {
	Head
	List []struct {
		TemplateID  string `push:"TemplateId" json:"template_id"`
		MsgID       string `push:"MsgID|MsgId" json:"msg_id"`
		ErrorCode   int64  `push:"ErrorCode" json:"error_code"` // 0 is success
		ErrorStatus string `push:"ErrorStatus" json:"error_status"`
	} `push:"SubscribeMsgSentEvent>List|List" json:"list"`
}

// SessionEntered is user_enter_tempsession: someone opened a Mini Program's customer chat.
type SessionEntered struct {
	Head
	SessionFrom string `push:"SessionFrom" json:"session_from"`
}

// PersonalData is user_info_modified, user_authorization_revoke and user_authorization_cancellation: what was kept of the
// user is to be read anew, or deleted.
type PersonalData struct {
	Head
	OpenID     string `push:"OpenID" json:"open_id"`
	AppID      string `push:"AppID" json:"app_id"`
	RevokeInfo string `push:"RevokeInfo" json:"revoke_info,omitempty"`
	PluginID   string `push:"PluginID" json:"plugin_id,omitempty"`
}

// AuditPassed is weapp_audit_success of a Mini Program's version.
// https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/code/audit_event.html
type AuditPassed struct {
	Head
	Time int64 `push:"SuccTime" json:"succ_time"`
}

// AuditFailed is weapp_audit_fail.
type AuditFailed struct {
	Head
	Reason      string   `push:"Reason" json:"reason"`
	Time        int64    `push:"FailTime" json:"fail_time"`
	ScreenShots []string `push:"ScreenShot,bar" json:"screen_shot"` // media ids
}

// AuditDelayed is weapp_audit_delay.
type AuditDelayed struct {
	Head
	Reason string `push:"Reason" json:"reason"`
	Time   int64  `push:"DelayTime" json:"delay_time"`
}

// NicknameAudited is wxa_nickname_audit.
type NicknameAudited struct {
	Head
	Result   int64  `push:"ret" json:"ret"` // 2 refused, 3 passed
	Nickname string `push:"nickname" json:"nickname"`
	Reason   string `push:"reason" json:"reason"`
}
