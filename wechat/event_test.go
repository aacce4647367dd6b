package wechat

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// typedJSON reads a push and answers its type and JSON.
func typedJSON(t testing.TB, kind, plain string) (name, data string) {
	t.Helper()
	v, err := TypedPush(kind, []byte(plain))
	if err != nil {
		t.Fatalf("%s: %v", kind, err)
	}
	out, err := encode(v)
	if err != nil {
		t.Fatal(err)
	}
	return reflect.TypeOf(v).Elem().Name(), string(out)
}

const headXML = "<ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[oA]]></FromUserName><CreateTime>1748741400</CreateTime>"

const headJSON = `"to_user_name":"gh_1","from_user_name":"oA","create_time":1748741400`

func TestEveryTypeIsReadFromXML(t *testing.T) {
	t.Parallel()
	for kind, c := range map[string]struct{ inner, name, want string }{
		"wechat.text":                  {"<MsgType>text</MsgType><Content><![CDATA[ 你好 😀 <b> ]]></Content><MsgId>24600000000000001</MsgId><bizmsgmenuid>101</bizmsgmenuid>", "TextMessage", `"msg_type":"text","msg_id":"24600000000000001","content":" 你好 😀 <b> ","bizmsgmenuid":"101"`},
		"wechat.image":                 {"<MsgType>image</MsgType><PicUrl>http://p</PicUrl><MediaId>m-1</MediaId><MsgId>1</MsgId>", "ImageMessage", `"msg_type":"image","msg_id":"1","pic_url":"http://p","media_id":"m-1"`},
		"wechat.voice":                 {"<MsgType>voice</MsgType><MediaId>12</MediaId><Format>amr</Format><MediaId16K>16</MediaId16K><MsgId>1</MsgId>", "VoiceMessage", `"msg_type":"voice","msg_id":"1","media_id":"12","format":"amr","media_id_16k":"16"`},
		"wechat.shortvideo":            {"<MsgType>shortvideo</MsgType><MediaId>m</MediaId><ThumbMediaId>t</ThumbMediaId><MsgId>1</MsgId>", "VideoMessage", `"msg_type":"shortvideo","msg_id":"1","media_id":"m","thumb_media_id":"t"`},
		"wechat.location":              {"<MsgType>location</MsgType><Location_X>23.134521</Location_X><Location_Y>113.358803</Location_Y><Scale>20</Scale><Label>门</Label><MsgId>1</MsgId>", "Location", `"msg_type":"location","msg_id":"1","latitude":23.134521,"longitude":113.358803,"scale":20,"label":"门"`},
		"wechat.link":                  {"<MsgType>link</MsgType><Title>t</Title><Description>d</Description><Url>u</Url><MsgId>1</MsgId><MsgDataId>5</MsgDataId><Idx>2</Idx>", "LinkMessage", `"msg_type":"link","msg_id":"1","msg_data_id":"5","idx":"2","title":"t","description":"d","url":"u"`},
		"wechat.miniprogrampage":       {"<MsgType>miniprogrampage</MsgType><Title>t</Title><AppId>wx9</AppId><PagePath>p</PagePath><ThumbUrl>u</ThumbUrl><ThumbMediaId>t</ThumbMediaId><MsgId>1</MsgId>", "MiniProgramPageMessage", `"msg_type":"miniprogrampage","msg_id":"1","title":"t","app_id":"wx9","page_path":"p","thumb_url":"u","thumb_media_id":"t"`},
		"wechat.subscribe":             {"<MsgType>event</MsgType><Event>subscribe</Event><EventKey>qrscene_7</EventKey><Ticket>T</Ticket>", "Followed", `"msg_type":"event","event":"subscribe","event_key":"qrscene_7","ticket":"T"`},
		"wechat.unsubscribe":           {"<MsgType>event</MsgType><Event>unsubscribe</Event><EventKey/>", "Unfollowed", `"msg_type":"event","event":"unsubscribe","event_key":""`},
		"wechat.scan":                  {"<MsgType>event</MsgType><Event>SCAN</Event><EventKey>7</EventKey><Ticket>T</Ticket>", "Followed", `"msg_type":"event","event":"SCAN","event_key":"7","ticket":"T"`},
		"wechat.view":                  {"<MsgType>event</MsgType><Event>VIEW</Event><EventKey>https://a/?b=1&amp;c</EventKey><MenuId>4601</MenuId>", "MenuClicked", `"msg_type":"event","event":"VIEW","event_key":"https://a/?b=1&c","menu_id":"4601"`},
		"wechat.scancode_push":         {"<MsgType>event</MsgType><Event>scancode_push</Event><EventKey>6</EventKey><ScanCodeInfo><ScanType>qrcode</ScanType><ScanResult>1</ScanResult></ScanCodeInfo>", "MenuScanned", `"msg_type":"event","event":"scancode_push","event_key":"6","scan_code_info":{"scan_type":"qrcode","scan_result":"1"}`},
		"wechat.pic_weixin":            {"<MsgType>event</MsgType><Event>pic_weixin</Event><EventKey>6</EventKey><SendPicsInfo><Count>2</Count><PicList><item><PicMd5Sum>a</PicMd5Sum></item><item><PicMd5Sum>b</PicMd5Sum></item></PicList></SendPicsInfo>", "MenuPictures", `"msg_type":"event","event":"pic_weixin","event_key":"6","send_pics_info":{"count":2,"pic_list":[{"pic_md5_sum":"a"},{"pic_md5_sum":"b"}]}`},
		"wechat.location_select":       {"<MsgType>event</MsgType><Event>location_select</Event><EventKey>6</EventKey><SendLocationInfo><Location_X>23</Location_X><Location_Y>113.5</Location_Y><Scale>15</Scale><Label>l</Label><Poiname>p</Poiname></SendLocationInfo>", "MenuLocation", `"msg_type":"event","event":"location_select","event_key":"6","send_location_info":{"latitude":23,"longitude":113.5,"scale":15,"label":"l","poi_name":"p"}`},
		"wechat.templatesendjobfinish": {"<MsgType>event</MsgType><Event>TEMPLATESENDJOBFINISH</Event><MsgID>3487542469355618313</MsgID><Status>failed:user block</Status>", "TemplateJobFinished", `"msg_type":"event","event":"TEMPLATESENDJOBFINISH","msg_id":"3487542469355618313","status":"failed:user block"`},
		"wechat.masssendjobfinish": {"<MsgType>event</MsgType><Event>MASSSENDJOBFINISH</Event><MsgID>1000001625</MsgID><Status>err(30003)</Status><TotalCount>10</TotalCount><FilterCount>8</FilterCount><SentCount>7</SentCount><ErrorCount>1</ErrorCount>" +
			"<CopyrightCheckResult><Count>1</Count><ResultList><item><ArticleIdx>1</ArticleIdx><UserDeclareState>0</UserDeclareState><AuditState>2</AuditState><OriginalArticleUrl>u</OriginalArticleUrl><OriginalArticleType>1</OriginalArticleType><CanReprint>1</CanReprint><NeedReplaceContent>1</NeedReplaceContent><NeedShowReprintSource>1</NeedShowReprintSource></item></ResultList><CheckState>2</CheckState></CopyrightCheckResult>" +
			"<ArticleUrlResult><Count>1</Count><ResultList><item><ArticleIdx>1</ArticleIdx><ArticleUrl>a</ArticleUrl></item></ResultList></ArticleUrlResult>", "MassJobFinished",
			`"msg_type":"event","event":"MASSSENDJOBFINISH","msg_id":"1000001625","status":"err(30003)","total_count":10,"filter_count":8,"sent_count":7,"error_count":1,"copyright_check_result":{"count":1,"check_state":2,"result_list":[{"article_idx":1,"user_declare_state":0,"audit_state":2,"original_article_url":"u","original_article_type":1,"can_reprint":1,"need_replace_content":1,"need_show_reprint_source":1}]},"article_url_result":{"count":1,"result_list":[{"article_idx":1,"article_url":"a"}]}`},
		"wechat.publishjobfinish": {"<MsgType>event</MsgType><Event>PUBLISHJOBFINISH</Event><PublishEventInfo><publish_id>2247503051</publish_id><publish_status>0</publish_status><article_id> b5 </article_id><article_detail><count>1</count><item><idx>1</idx><article_url>u</article_url></item></article_detail><fail_idx>2</fail_idx><fail_idx>3</fail_idx></PublishEventInfo>", "PublishJobFinished",
			`"msg_type":"event","event":"PUBLISHJOBFINISH","publish_event_info":{"publish_id":"2247503051","publish_status":0,"article_id":"b5","article_detail":{"count":1,"items":[{"idx":1,"article_url":"u"}]},"fail_idx":["2","3"]}`},
		"wechat.user_enter_tempsession":    {"<MsgType>event</MsgType><Event>user_enter_tempsession</Event><SessionFrom>s</SessionFrom>", "SessionEntered", `"msg_type":"event","event":"user_enter_tempsession","session_from":"s"`},
		"wechat.user_authorization_revoke": {"<MsgType>event</MsgType><Event>user_authorization_revoke</Event><OpenID>oA</OpenID><AppID>wx9</AppID><RevokeInfo>1</RevokeInfo>", "PersonalData", `"msg_type":"event","event":"user_authorization_revoke","open_id":"oA","app_id":"wx9","revoke_info":"1"`},
		"wechat.weapp_audit_fail":          {"<MsgType>event</MsgType><Event>weapp_audit_fail</Event><Reason>r</Reason><FailTime>5</FailTime><ScreenShot>a|b|c</ScreenShot>", "AuditFailed", `"msg_type":"event","event":"weapp_audit_fail","reason":"r","fail_time":5,"screen_shot":["a","b","c"]`},
		"wechat.brand_new":                 {"<MsgType>event</MsgType><Event>brand_new</Event><A>1</A><B><C>x</C><C>y</C></B><A>2</A>", "Unknown", `"msg_type":"event","event":"brand_new","extra":{"A":["1","2"],"B":{"C":["x","y"]}}`},
		"wecom.text":                       {"<MsgType>text</MsgType><Content>hi</Content><MsgId>1234567890123456789</MsgId><AgentID>1000002</AgentID>", "MemberMessage", `"msg_type":"text","agent_id":"1000002","msg_id":"1234567890123456789","content":"hi"`},
		"wecom.enter_agent":                {"<MsgType>event</MsgType><Event>enter_agent</Event><EventKey/><AgentID>1</AgentID>", "AppEvent", `"msg_type":"event","event":"enter_agent","agent_id":"1","event_key":""`},
		"wecom.taskcard_click":             {"<MsgType>event</MsgType><Event>taskcard_click</Event><EventKey>k</EventKey><TaskId>t</TaskId><AgentId>1</AgentId>", "CardClicked", `"msg_type":"event","event":"taskcard_click","agent_id":"1","event_key":"k","task_id":"t"`},
		"wecom.template_card_event": {"<MsgType>event</MsgType><Event>template_card_event</Event><EventKey>k</EventKey><TaskId>t</TaskId><CardType>vote_interaction</CardType><ResponseCode>RC</ResponseCode><AgentID>1</AgentID><SelectedItems><SelectedItem><QuestionKey>q</QuestionKey><OptionIds><OptionId>a</OptionId><OptionId>b</OptionId></OptionIds></SelectedItem><SelectedItem><QuestionKey>r</QuestionKey><OptionIds><OptionId>c</OptionId></OptionIds></SelectedItem></SelectedItems>", "CardClicked",
			`"msg_type":"event","event":"template_card_event","agent_id":"1","event_key":"k","task_id":"t","card_type":"vote_interaction","selected_items":[{"question_key":"q","option_ids":["a","b"]},{"question_key":"r","option_ids":["c"]}]`},
		"wecom.change_contact":   {"<MsgType>event</MsgType><Event>change_contact</Event><ChangeType>update_tag</ChangeType><TagId>1</TagId><AddUserItems>zhangsan,lisi</AddUserItems><DelPartyItems>3, 4</DelPartyItems>", "ContactChanged", `"msg_type":"event","event":"change_contact","change_type":"update_tag","tag_id":"1","add_user_items":["zhangsan","lisi"],"del_party_items":["3","4"]`},
		"wecom.batch_job_result": {"<MsgType>event</MsgType><Event>batch_job_result</Event><BatchJob><JobId>J</JobId><JobType>sync_user</JobType><ErrCode>0</ErrCode><ErrMsg>ok</ErrMsg></BatchJob>", "JobFinished", `"msg_type":"event","event":"batch_job_result","job_id":"J","job_type":"sync_user","err_code":0,"err_msg":"ok"`},
		"wecom.inactive_alert":   {"<MsgType>event</MsgType><Event>inactive_alert</Event><EffectTime>5</EffectTime><AgentID>1</AgentID>", "AppEvent", `"msg_type":"event","event":"inactive_alert","agent_id":"1","event_key":"","effect_time":5`},
		"wecom.later":            {"<MsgType>event</MsgType><Event>later</Event><AgentID>1</AgentID><X>y</X>", "UnknownWeCom", `"msg_type":"event","event":"later","extra":{"X":"y"},"agent_id":"1"`},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			name, data := typedJSON(t, kind, "<xml>"+headXML+c.inner+"</xml>")
			if want := "{" + headJSON + "," + c.want + "}"; name != c.name || data != want {
				t.Errorf("%s:\n got %s\nwant %s %s", name, data, c.name, want)
			}
		})
	}
}

func TestSecretsOfComponentEventsAreHidden(t *testing.T) {
	t.Parallel()
	for kind, c := range map[string]struct{ inner, name, want string }{
		"component.component_verify_ticket":        {"<ComponentVerifyTicket>ticket@@@S</ComponentVerifyTicket>", "TicketCame", `"component_verify_ticket":"***"`},
		"component.updateauthorized":               {"<AuthorizerAppid>wx9</AuthorizerAppid><AuthorizationCode>queryauthcode@@@S</AuthorizationCode><AuthorizationCodeExpiredTime>600</AuthorizationCodeExpiredTime><PreAuthCode>preauthcode@@@S</PreAuthCode>", "Authorized", `"authorizer_app_id":"wx9","authorization_code":"***","authorization_code_expired_time":600,"pre_auth_code":"***"`},
		"component.unauthorized":                   {"<AuthorizerAppid>wx9</AuthorizerAppid>", "Unauthorized", `"authorizer_app_id":"wx9"`},
		"component.notify_third_fasteregister":     {"<appid>wxnew</appid><status>0</status><auth_code>S</auth_code><msg>ok</msg><info><name>n</name><code>9144</code><code_type>1</code_type></info>", "Registered", `"app_id":"wxnew","status":0,"auth_code":"***","msg":"ok","info":{"name":"n","code":"9144","code_type":"1"}`},
		"component.notify_3rd_wxa_auth":            {"<appid>wx9</appid><taskid>1</taskid><task_status>12</task_status><apply_status>2</apply_status><message>m</message><dispatch_info><provider>p</provider></dispatch_info>", "Verification", `"app_id":"wx9","task_id":"1","task_status":12,"apply_status":2,"message":"m","dispatch_info":{"provider":"p"}`},
		"component.notify_icpfiling_verify_result": {"<task_id>1</task_id><verify_appid>wx9</verify_appid><result>2</result>", "FaceCheck", `"task_id":"1","verify_app_id":"wx9","result":2`},
		"component.notify_brand_new":               {"<x>1</x><y><new_auth_code>S</new_auth_code><z>2</z></y><Token>S</Token>", "UnknownInfo", `"extra":{"Token":"***","x":"1","y":{"new_auth_code":"***","z":"2"}}`},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			info := strings.TrimPrefix(kind, "component.")
			name, data := typedJSON(t, kind, "<xml><AppId>wx1</AppId><CreateTime>5</CreateTime><InfoType>"+info+"</InfoType>"+c.inner+"</xml>")
			want := `{"component_app_id":"wx1","create_time":5,"info_type":"` + info + `",` + c.want + "}"
			if name != c.name || data != want {
				t.Errorf("%s:\n got %s\nwant %s %s", name, data, c.name, want)
			}
			if strings.Contains(data, "@@@") {
				t.Error("a secret shows")
			}
		})
	}
}

func TestXMLAndJSONGiveTheSame(t *testing.T) {
	t.Parallel()
	head := `"ToUserName":"gh_1","FromUserName":"oA","CreateTime":1748741400,`
	for name, c := range map[string]struct{ kind, xml, json string }{
		"a text whose id is a number": {"wechat.text", "<MsgType>text</MsgType><Content>你好 😀\nb</Content><MsgId>2460000000000000123</MsgId>", `"MsgType":"text","Content":"你好 \ud83d\ude00\nb","MsgId":2460000000000000123`},
		"one whose id is a string":    {"wechat.text", "<MsgType>text</MsgType><Content>x</Content><MsgId>2460000000000000123</MsgId>", `"MsgType":"text","Content":"x","MsgId":"2460000000000000123"`},
		"a List of one, as an object": {"wechat.subscribe_msg_sent_event", "<MsgType>event</MsgType><Event>subscribe_msg_sent_event</Event><SubscribeMsgSentEvent><List><TemplateId>T</TemplateId><MsgID>1864323726461255680</MsgID><ErrorCode>0</ErrorCode><ErrorStatus>success</ErrorStatus></List></SubscribeMsgSentEvent>",
			`"MsgType":"event","Event":"subscribe_msg_sent_event","List":{"TemplateId":"T","MsgID":"1864323726461255680","ErrorCode":"0","ErrorStatus":"success"}`},
		"a List of two, as an array": {"wechat.subscribe_msg_popup_event", "<MsgType>event</MsgType><Event>subscribe_msg_popup_event</Event><SubscribeMsgPopupEvent><List><TemplateId>T</TemplateId><SubscribeStatusString>accept</SubscribeStatusString><PopupScene>1</PopupScene></List><List><TemplateId>U</TemplateId><SubscribeStatusString>reject</SubscribeStatusString><PopupScene>1</PopupScene></List></SubscribeMsgPopupEvent>",
			`"MsgType":"event","Event":"subscribe_msg_popup_event","List":[{"TemplateId":"T","SubscribeStatusString":"accept","PopupScene":1},{"TemplateId":"U","SubscribeStatusString":"reject","PopupScene":"1"}]`},
		"a change under the popup's name, as once printed": {"wechat.subscribe_msg_change_event", "<MsgType>event</MsgType><Event>subscribe_msg_change_event</Event><SubscribeMsgPopupEvent><List><TemplateId>T</TemplateId><SubscribeStatusString>reject</SubscribeStatusString></List></SubscribeMsgPopupEvent>",
			`"MsgType":"event","Event":"subscribe_msg_change_event","List":{"TemplateId":"T","SubscribeStatusString":"reject"}`},
		"an object that came as blanks": {"wechat.masssendjobfinish", "<MsgType>event</MsgType><Event>MASSSENDJOBFINISH</Event><MsgID>1</MsgID><Status>send success</Status><CopyrightCheckResult></CopyrightCheckResult>",
			`"MsgType":"event","Event":"MASSSENDJOBFINISH","MsgID":1,"Status":"send success","CopyrightCheckResult":"\n\n\n"`},
		"null and what nobody knows": {"wechat.text", "<MsgType>text</MsgType><Content></Content><MsgId>1</MsgId><New><A>1</A></New>", `"MsgType":"text","Content":null,"MsgId":1,"New":{"A":1}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, fromXML := typedJSON(t, c.kind, "<xml>"+headXML+c.xml+"</xml>")
			_, fromJSON := typedJSON(t, c.kind, "{"+head+c.json+"}")
			if fromXML != fromJSON {
				t.Errorf("differ:\n%s\n%s", fromXML, fromJSON)
			}
			a, errA := ParsePush([]byte("<xml>" + headXML + c.xml + "</xml>"))
			b, errB := ParsePush([]byte("{" + head + c.json + "}"))
			if errA != nil || errB != nil || a != b || a.Type() != c.kind {
				t.Errorf("pushes differ: %+v %v, %+v %v", a, errA, b, errB)
			}
		})
	}
}

func TestLongTextsAndOddNumbersAreReadAsTheyAre(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("长😀", 64<<10/7)
	for _, plain := range []string{"<xml><MsgType>text</MsgType><Content><![CDATA[" + long + "]]></Content></xml>", `{"MsgType":"text","Content":"` + long + `"}`} {
		v, err := TypedPush("wechat.text", []byte(plain))
		if m, ok := v.(*TextMessage); err != nil || !ok || m.Content != long {
			t.Errorf("%.20s…: %v", plain, err)
		}
	}
	digits := strings.Repeat("9", 400)
	v, err := TypedPush("wechat.location", []byte(`{"MsgId":`+digits+`,"CreateTime":`+digits+`,"Latitude":`+digits+`,"Longitude":1e999,"Precision":"x","Scale":1.5}`))
	m, ok := v.(*Location)
	if err != nil || !ok || m.MsgID != digits || m.CreateTime != 0 || m.Latitude != 0 || m.Longitude != 0 || m.Precision != 0 || m.Scale != 0 {
		t.Errorf("%+v, %v", v, err)
	}
	if _, err := json.Marshal(v); err != nil {
		t.Error(err)
	}
}

func FuzzTypedPush(f *testing.F) {
	for _, seed := range []string{templateEvent, sentEvent, "<xml/>", `{"MsgType":"text","List":[{"MsgID":1},[2]]}`, `{"Event":"x","a":{"b":[null,true,1e5]}}`, `{"a":1}{`, "\xef\xbb\xbf {}"} {
		f.Add([]byte(seed), "wechat.subscribe_msg_sent_event")
		f.Add([]byte(seed), "wecom.template_card_event")
		f.Add([]byte(seed), "component.authorized")
		f.Add([]byte(seed), "x")
	}
	f.Fuzz(func(t *testing.T, plain []byte, kind string) {
		p, bad := ParsePush(plain)
		v, err := TypedPush(kind, plain)
		if (err == nil) != (bad == nil) {
			t.Fatalf("one reader says %v, the other %v", bad, err)
		}
		if err != nil {
			if len(plain) > 8 && strings.Contains(err.Error(), string(plain)) {
				t.Errorf("the error quotes the push: %v", err)
			}
			return
		}
		_, _, _ = p.WeComType(), p.DedupKey("a", plain), p.Type()
		if _, err := json.Marshal(v); err != nil {
			t.Error(err)
		}
	})
}

// What XML says, JSON says as well: any texts under any names.
func FuzzXMLAndJSONAgree(f *testing.F) {
	f.Add("Content", "你好 😀", "MsgId", "1")
	f.Add("Event", " \t<&]]>\"\\", "List", "")
	f.Fuzz(func(t *testing.T, a, x, b, y string) {
		names := map[string]string{a: x, b: y}
		var out strings.Builder
		object := map[string]string{}
		for name, text := range names {
			if name == "" || !nameByte(name[0], true) || strings.ContainsFunc(name, func(r rune) bool { return r > '~' || !nameByte(byte(r), false) }) || !json.Valid([]byte(fmt.Sprintf("%q", text))) {
				return
			}
			text = string(newlines([]byte(strings.ToValidUTF8(text, "?"))))
			var escaped strings.Builder
			if err := xml.EscapeText(&escaped, []byte(text)); err != nil || strings.ContainsRune(escaped.String(), '\uFFFD') {
				return
			}
			fmt.Fprintf(&out, "<%s>%s</%s>", name, escaped.String(), name)
			object[name] = text
		}
		asJSON, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		fromXML, errX := TypedPush("wechat.text", []byte("<xml>"+out.String()+"</xml>"))
		fromJSON, errJ := TypedPush("wechat.text", asJSON)
		if errX != nil || errJ != nil || !reflect.DeepEqual(fromXML, fromJSON) {
			t.Errorf("%+v %v\n%+v %v", fromXML, errX, fromJSON, errJ)
		}
	})
}
