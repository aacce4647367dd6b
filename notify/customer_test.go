package notify_test

import (
	"context"
	"strings"
	"testing"

	"wechattpp/notify"
)

// customerObjects is one message of each type.
var customerObjects = map[string]string{
	"text": `{"content":"<a href=\"https://a.example/?a=1&b=2\">问 😀</a>"}`, "image": `{"media_id":"M1"}`, "voice": `{"media_id":"M1"}`,
	"video": `{"media_id":"M1","thumb_media_id":"M2","title":"t","description":"d"}`, "music": `{"musicurl":"https://a.example/1","hqmusicurl":"https://a.example/2","thumb_media_id":"M2"}`,
	"news": `{"articles":[{"title":"t","description":"d","url":"https://a.example","picurl":"https://a.example/p.png"}]}`, "mpnews": `{"media_id":"M1"}`, "mpnewsarticle": `{"article_id":"A1"}`,
	"msgmenu": `{"head_content":"问题解决了吗?","list":[{"id":"y","content":"已解决"},{"id":"n","content":"未解决"}],"tail_content":"谢谢"}`, "wxcard": `{"card_id":"C1"}`,
	"miniprogrampage": `{"title":"t","appid":"wx00aa11bb22cc33dd","pagepath":"pages/a?x=1","thumb_media_id":"M1"}`,
}

func customerBody(kind, object string) string {
	return `{"aud_wechatoa":[{"sender":"oa1","data":["oSubscriber"]}],"msg_wechatoa":[{"sender":"oa1","type":3,"msgtype":"` + kind + `","` + kind + `":` + object + `}]}`
}

func TestCustomerMessagesOfEveryTypeReachWhoeverWroteLately(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := played(t, kind)
			if r := w.sent(customerBody("text", `{"content":"hi"}`))[subscriber]; r.State != notify.Failed || r.Code != 45015 {
				t.Errorf("who did not write: %+v", r)
			}
			for kind, object := range customerObjects {
				if err := w.sim.Talk("wxapp1", subscriber); err != nil {
					t.Fatal(err)
				}
				if r := w.sent(customerBody(kind, object))[subscriber]; r.State != notify.Sent {
					t.Errorf("%s: %+v", kind, r)
				}
			}
			for range 4 {
				w.sent(customerBody("image", `{"media_id":"M1"}`))
			}
			if r := w.sent(customerBody("image", `{"media_id":"M1"}`))[subscriber]; r.Code != 45047 {
				t.Errorf("one too many: %+v", r)
			}
			for _, m := range w.sim.CustomerMessages(subscriber) {
				if strings.Contains(string(m.Body), `\u`) || m.Type == "text" && !strings.Contains(m.Text, `a=1&b=2">问 😀`) {
					t.Errorf("sent %s", m.Body)
				}
			}
		})
	}
}

func TestACustomerMessageIsCheckedBeforeItIsTaken(t *testing.T) {
	t.Parallel()
	w := played(t, "sqlite")
	for fields, words := range map[string]string{
		`"msgtype":"text","text":{"content":"hi"},"customservice":{"kf_account":"anna@gh_1"},"aimsgcontext":{"is_ai_msg":1}`: "",
		`"text":{"content":"hi"}`: "msgtype must be one of", `"msgtype":"link","link":{}`: "msgtype must be one of", `"msgtype":"text"`: "text is missing", `"msgtype":"text","text":null`: "text is missing", `"msgtype":"text","text":{}`: "content is missing",
		`"msgtype":"text","text":{"content":"hi"},"image":{}`: `unknown field "image"`, `"msgtype":"text","text":{"content":"hi","x":1}`: `unknown field "x"`, `"msgtype":"text","text":{"content":7}`: "want a text",
		`"msgtype":"text","text":{"content":"` + strings.Repeat("a", 2048) + `"}`: "", `"msgtype":"text","text":{"content":"` + strings.Repeat("a", 2049) + `"}`: "2049 bytes", `"msgtype":"text","text":{"content":"a\u0000"}`: "control characters", `"msgtype":"text","text":{"content":"\u4e24\n"}`: "",
		`"msgtype":"news","news":{"articles":[]}`: "1 to 1 objects", `"msgtype":"news","news":{"articles":[{"title":"t","url":"https://a.example"},{"title":"t","url":"https://a.example"}]}`: "1 to 1 objects",
		`"msgtype":"news","news":{"articles":[{"title":"t","url":"a.example"}]}`: "articles[0].url must be a web address", `"msgtype":"msgmenu","msgmenu":{"list":[{"id":"y"}]}`: "list[0].content is missing",
		`"msgtype":"image","image":{"media_id":""}`: "media_id is missing", `"msgtype":"image","image":{"media_id":"` + strings.Repeat("m", 129) + `"}`: "at most 128", `"msgtype":"text","text":{"content":"hi"},"customservice":{}`: "kf_account must be",
		`"msgtype":"text","text":{"content":"hi"},"aimsgcontext":{"is_ai_msg":2}`: "must be 0 or 1", `"msgtype":"text","text":{"content":"hi"},"template_id":"T"`: `unknown field "template_id"`,
	} {
		w.refused("wechatoa", `"type":3,`+fields, words)
	}
}

func TestACustomerMessageOfAnAccountWithoutTheSetNamesIt(t *testing.T) {
	t.Parallel()
	w := played(t, "sqlite")
	w.sets = []int{7, 89}
	_, err := w.room.Accept(context.Background(), everybody, "/v1/sent", "", []byte(customerBody("text", `{"content":"hi"}`)))
	if r, is := err.(*notify.Refusal); !is || r.Code != 1015008 || !strings.Contains(r.Text, "1 (") {
		t.Errorf("without set 1: %v", err)
	}
}
