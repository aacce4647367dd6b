package wechat

import (
	"strings"
	"testing"
)

// Every message and event of https://developer.work.weixin.qq.com/document/path/90239 and …/90240 has a type of its own, and
// tells which app it is for, however that is spelled.
func TestEveryPushOfWeComIsTyped(t *testing.T) {
	t.Parallel()
	types := map[string]string{
		"MemberMessage":  "text image voice video link location",
		"AppEvent":       "subscribe unsubscribe enter_agent click view view_miniprogram share_agent_change share_chain_change inactive_alert close_inactive_agent reopen_inactive_agent low_active_alert low_active active_restored",
		"CardClicked":    "template_card_event template_card_menu_event taskcard_click",
		"ContactChanged": "change_contact",
		"JobFinished":    "batch_job_result upload_media_job_finish",
		"MemberScanned":  "scancode_push scancode_waitmsg",
		"MemberPictures": "pic_sysphoto pic_photo_or_album pic_weixin",
		"MemberPlace":    "location_select",
	}
	for want, names := range types {
		for _, name := range strings.Fields(names) {
			inner := "<MsgType>event</MsgType><Event>" + name + "</Event><AgentId>7</AgentId>"
			if want == "MemberMessage" {
				inner = "<MsgType>" + name + "</MsgType><MsgId>1</MsgId><AgentID>7</AgentID>"
			}
			got, data := typedJSON(t, "wecom."+name, "<xml>"+headXML+inner+"</xml>")
			if got != want || !strings.Contains(data, `"agent_id":"7"`) {
				t.Errorf("%s is %s: %s", name, got, data)
			}
		}
	}
	for name, c := range map[string]struct{ inner, kind, want string }{
		"a position of one who uses the app": {"<MsgType>event</MsgType><Event>LOCATION</Event><Latitude>23.1</Latitude><Longitude>113.3</Longitude><Precision>119</Precision><AgentID>7</AgentID>", "wecom.location", `"latitude":23.1,"longitude":113.3,"precision":119`},
		"somebody left":                      {"<MsgType>event</MsgType><Event>change_contact</Event><ChangeType>delete_user</ChangeType><UserID>li.na</UserID>", "wecom.change_contact", `"change_type":"delete_user","user_id":"li.na"`},
		"somebody has another userid":        {"<MsgType>event</MsgType><Event>change_contact</Event><ChangeType>update_user</ChangeType><UserID>li.na</UserID><NewUserID>li.na2</NewUserID>", "wecom.change_contact", `"user_id":"li.na","new_user_id":"li.na2"`},
		"a department is gone":               {"<MsgType>event</MsgType><Event>change_contact</Event><ChangeType>delete_party</ChangeType><Id>3</Id>", "wecom.change_contact", `"party_id":"3"`},
		"a file is there":                    {"<MsgType>event</MsgType><Event>upload_media_job_finish</Event><JobId>J</JobId>", "wecom.upload_media_job_finish", `"job_id":"J"`},
	} {
		if got, data := typedJSON(t, c.kind, "<xml>"+headXML+c.inner+"</xml>"); strings.HasPrefix(got, "Unknown") || !strings.Contains(data, c.want) {
			t.Errorf("%s is %s: %s", name, got, data)
		}
	}
}
