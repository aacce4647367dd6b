package notify_test

import (
	"context"
	"strings"
	"testing"

	"wechattpp/notify"
)

// miniObjects is one message of each type that a Mini Program has.
var miniObjects = map[string]string{
	"text": `{"content":"您好 <a href=\"https://a.example\">😀</a>"}`, "image": `{"media_id":"M1"}`,
	"link":            `{"title":"t","description":"d","url":"https://a.example/?a=1&b=2","thumb_url":"https://a.example/p.png"}`,
	"miniprogrampage": `{"title":"t","pagepath":"pages/order?id=7","thumb_media_id":"M1"}`,
}

func miniCustomerBody(kind, object string) string {
	return `{"aud_wechatmp":[{"data":["oSubscriber"]}],"msg_wechatmp":[{"type":3,"msgtype":"` + kind + `","` + kind + `":` + object + `}]}`
}

func TestMiniProgramsAnswerWhoeverWroteLately(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := played(t, kind)
			if r := w.sent(miniCustomerBody("text", `{"content":"hi"}`))[subscriber]; r.State != notify.Failed || r.Code != 45015 || !strings.Contains(r.Text, "wait until the recipient writes") {
				t.Errorf("who did not write: %+v", r)
			}
			if err := w.sim.Talk("wxmini1", subscriber); err != nil {
				t.Fatal(err)
			}
			for kind, object := range miniObjects {
				if r := w.sent(miniCustomerBody(kind, object))[subscriber]; r.State != notify.Sent {
					t.Errorf("%s: %+v", kind, r)
				}
			}
			w.sent(miniCustomerBody("image", `{"media_id":"M1"}`))
			if r := w.sent(miniCustomerBody("image", `{"media_id":"M1"}`))[subscriber]; r.State != notify.Failed || r.Code != 45047 || !strings.Contains(r.Text, "writes again") {
				t.Errorf("the sixth: %+v", r)
			}
			for _, m := range w.sim.CustomerMessages(subscriber) {
				if body := string(m.Body); m.AppID != "wxmini1" || strings.Contains(body, `\u`) || m.Type == "link" && !strings.Contains(body, `a=1&b=2`) {
					t.Errorf("sent %s", body)
				}
			}
		})
	}
}

func TestACustomerMessageOfAMiniProgramIsCheckedBeforeItIsTaken(t *testing.T) {
	t.Parallel()
	w := played(t, "sqlite")
	for fields, words := range map[string]string{
		`"type":3,"msgtype":"text","text":{"content":"hi"}`: "", `"type":3,"msgtype":"voice","voice":{"media_id":"M"}`: "msgtype must be one of image, link, miniprogrampage, text", `"type":3`: "msgtype must be one of",
		`"type":1,"template_id":"T"`: "sends 0 (subscribe message) and 3", `"type":"3","msgtype":"text"`: "type is a JSON string: want a number",
		`"type":3,"msgtype":"text","text":{"content":"` + strings.Repeat("a", 2048) + `"}`: "", `"type":3,"msgtype":"text","text":{"content":"` + strings.Repeat("a", 2049) + `"}`: "2049 bytes: at most 2048",
		`"type":3,"msgtype":"miniprogrampage","miniprogrampage":{"title":"t","appid":"wx00aa11bb22cc33dd","pagepath":"p","thumb_media_id":"M"}`: `unknown field "appid"`,
		`"type":3,"msgtype":"miniprogrampage","miniprogrampage":{"title":"t","thumb_media_id":"M"}`:                                             "pagepath is missing",
		`"type":3,"msgtype":"link","link":{"title":"t","description":"d","url":"a.example","thumb_url":"https://a.example"}`:                    "url must be a web address",
		`"type":3,"msgtype":"link","link":{"title":"t","description":"d","url":"https://a.example"}`:                                            "thumb_url is missing",
		`"type":3,"msgtype":"text","text":{"content":"hi"},"customservice":{"kf_account":"anna@gh_1"}`:                                          `unknown field "customservice"`,
		`"type":0,"template_id":"PRI","data":{"thing1":{"value":"x"}}`:                                                                          "",
	} {
		w.refused("wechatmp", fields, words)
	}
}

func TestACustomerMessageOfAMiniProgramWithoutTheSetNamesIt(t *testing.T) {
	t.Parallel()
	w := played(t, "sqlite")
	w.sets = []int{18}
	_, err := w.room.Accept(context.Background(), everybody, "/v1/sent", "", []byte(miniCustomerBody("text", `{"content":"hi"}`)))
	if r, is := err.(*notify.Refusal); !is || !strings.Contains(r.Text, "19 (客服管理") {
		t.Errorf("without set 19: %v", err)
	}
}
