package notify_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"wechattpp/notify"
	"wechattpp/sql/sqltest"
)

func TestWhatAMassMessageMayHold(t *testing.T) {
	h, _ := weComHouse(t, sqltest.Source(t, "sqlite"), customers())
	ids := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `"wm%d",`, i)
		}
		return "[" + strings.TrimSuffix(b.String(), ",") + "]"
	}
	with := func(fields string) string { return `{"sender":"li.na",` + fields + `}` }
	text := `"text":{"content":"a"}`
	attached := func(n int, a string) string {
		return with(`"attachments":[` + strings.TrimSuffix(strings.Repeat(a+",", n), ",") + `]`)
	}
	for body, words := range map[string]string{
		`{"external_userid":` + ids(10_000) + `,` + text + `}`:                                                                                     "",
		`{"external_userid":` + ids(10_001) + `,` + text + `}`:                                                                                     "external_userid has 10001 elements",
		`{"chat_type":"group","sender":"a","chat_id_list":` + ids(2000) + `,` + text + `}`:                                                         "",
		`{"chat_type":"group","sender":"a","chat_id_list":` + ids(2001) + `,` + text + `}`:                                                         "chat_id_list has 2001 elements",
		`{"chat_type":"group",` + text + `}`:                                                                                                       "sender is missing",
		`{"chat_type":"group","sender":"a","external_userid":["wm1"],` + text + `}`:                                                                `are for chat_type "single"`,
		`{"chat_type":"group","sender":"a","allow_select":true,` + text + `}`:                                                                      "allow_select",
		`{"chat_type":"all",` + text + `}`:                                                                                                         `chat_type is "all"`,
		`{` + text + `}`:                                                                                                                           "external_userid is missing",
		`{"external_userid":["wm1","wm1"],` + text + `}`:                                                                                           "external_userid[1] is there twice",
		`{"external_userid":["w m"],` + text + `}`:                                                                                                 "external_userid[0] is no id",
		`{"external_userid":["wm1"],"tag_filter":{"group_list":[{"tag_list":["t"]}]},` + text + `}`:                                                "is ignored by WeCom",
		`{"tag_filter":{"group_list":[{"tag_list":` + ids(100) + `}]},` + text + `}`:                                                               "",
		`{"tag_filter":{"group_list":[{"tag_list":` + ids(101) + `}]},` + text + `}`:                                                               "tag_list has 101 elements",
		`{"tag_filter":{"group_list":[]},` + text + `}`:                                                                                            "group_list has 0 elements",
		with(`"chat_id_list":["wr1"],` + text):                                                                                                     `chat_id_list is for chat_type "group"`,
		with(`"text":{"content":"` + strings.Repeat("好", 1333) + `a"}`):                                                                            "",
		with(`"text":{"content":"` + strings.Repeat("好", 1333) + `ab"}`):                                                                           "has 4001 bytes",
		with(`"text":{"content":" "}`):                                                                                                             "text.content is missing",
		with(`"allow_select":true`):                                                                                                                "text.content is missing",
		with(`"mentioned":[],` + text):                                                                                                             "mentioned",
		attached(9, `{"msgtype":"image","image":{"media_id":"m"}}`):                                                                                "",
		attached(10, `{"msgtype":"image","image":{"media_id":"m"}}`):                                                                               "attachments has 10 elements",
		attached(1, `{"msgtype":"image","image":{"pic_url":"http://p.qpic.cn/a"}}`):                                                                "",
		attached(1, `{"msgtype":"image","image":{}}`):                                                                                              "media_id is missing",
		attached(1, `{"msgtype":"voice","voice":{}}`):                                                                                              "voice",
		attached(1, `{"msgtype":"image","link":{"title":"a","url":"https://a.example"}}`):                                                          "image is missing",
		attached(1, `{"msgtype":"file","file":{"media_id":"m"},"video":{"media_id":"m"}}`):                                                         "file and video",
		attached(1, `{"msgtype":"link","link":{"title":"`+strings.Repeat("好", 42)+`ab","url":"https://a.example"}}`):                               "",
		attached(1, `{"msgtype":"link","link":{"title":"`+strings.Repeat("好", 43)+`","url":"https://a.example"}}`):                                 "title has 129 bytes",
		attached(1, `{"msgtype":"link","link":{"title":"a","url":"a.example"}}`):                                                                   "must begin with http",
		attached(1, `{"msgtype":"miniprogram","miniprogram":{"title":"`+strings.Repeat("a", 64)+`","pic_media_id":"m","appid":"wx1","page":"p"}}`): "",
		attached(1, `{"msgtype":"miniprogram","miniprogram":{"title":"`+strings.Repeat("a", 65)+`","pic_media_id":"m","appid":"wx1","page":"p"}}`): "title has 65 bytes",
		attached(1, `{"msgtype":"miniprogram","miniprogram":{"title":"a","pic_media_id":"m","appid":"wx1"}}`):                                      "page is missing",
		`[]`: "must be a JSON object",
	} {
		_, _, err := h.room.AddTask(context.Background(), office, "wk", "", []byte(body))
		if words == "" && err != nil || words != "" && (err == nil || !strings.Contains(err.Error(), words)) {
			t.Errorf("%.120s gave %.300v, want %q", body, err, words)
		}
	}
	if _, err := h.room.ChangeProtection(context.Background(), func(p *notify.Protection) {
		p.Words = notify.Words{Enabled: true, Words: []string{"中奖"}}
	}); err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{with(`"text":{"content":"恭喜中奖"}`), attached(1, `{"msgtype":"link","link":{"title":"中奖","url":"https://a.example"}}`)} {
		if _, _, err := h.room.AddTask(context.Background(), office, "wk", "", []byte(body)); err == nil || !strings.Contains(err.Error(), "sensitive word") {
			t.Errorf("%s gave %v", body, err)
		}
	}
}
