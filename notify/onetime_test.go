package notify_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"wechattpp/audience"
	"wechattpp/notify"
	"wechattpp/simulator"
)

// confirms lets a user confirm a one-time subscription.
func (w *world) confirms(appID, openid string, scene int) {
	w.t.Helper()
	if err := w.sim.Subscribe(context.Background(), simulator.Subscription{AppID: appID, OpenID: openid, TemplateID: "OTS", Scene: &scene}); err != nil {
		w.t.Fatal(err)
	}
}

func TestAConfirmationAllowsOneMessageOfItsScene(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := played(t, kind)
			for by, appID := range map[string]string{"wechatoa": "wxapp1", "wechatapp": "wxmobile"} {
				w.confirms(appID, subscriber, 10000)
				w.confirms(appID, subscriber, 10000) // adds nothing
				body := fmt.Sprintf(`{"aud_%[1]s":[{"sender":"%[2]s","data":["oSubscriber"]}],"msg_%[1]s":[{"sender":"%[2]s",%[3]s"template_id":"OTS","scene":10000,"title":"预约结果",
					"content":"已确认 <&>\n时间 6月2日 😀","color":"#333333","url":"https://a.example/?a=1&b=2"}]}`, by,
					map[string]string{"wechatoa": "oa1", "wechatapp": "app1"}[by], map[string]string{"wechatoa": `"type":2,`}[by])
				if r := w.sent(strings.Replace(body, "10000", `"9999"`, 1))[subscriber]; r.Code != 43101 {
					t.Errorf("%s: another scene: %+v", by, r)
				}
				if by == "wechatoa" {
					body = strings.Replace(body, `"color"`, `"miniprogram":{"appid":"wx00aa11bb22cc33dd","pagepath":"pages/a?x=1&y=2"},"color"`, 1)
				}
				if r := w.sent(body)[subscriber]; r.State != notify.Sent {
					t.Errorf("%s: %+v", by, r)
				}
				if r := w.sent(body)[subscriber]; r.State != notify.Failed || r.Code != 43101 {
					t.Errorf("%s: the scene again: %+v", by, r)
				}
				e := w.sim.Ledger().Sends
				if got := string(e[len(e)-1].Body); e[len(e)-1].AppID != appID || !strings.Contains(got, `"scene":"10000"`) || !strings.Contains(got, `"content":{"value":"已确认 <&>\n时间 6月2日 😀","color":"#333333"}`) {
					t.Errorf("%s: sent %s", by, got)
				} else if by == "wechatoa" != strings.Contains(got, `"miniprogram":{"appid":"wx00aa11bb22cc33dd","pagepath":"pages/a?x=1&y=2"}`) {
					t.Errorf("%s: what a tap opens: %s", by, got)
				}
			}
		})
	}
}

func TestAOneTimeMessageIsCheckedBeforeItIsTaken(t *testing.T) {
	t.Parallel()
	w := played(t, "sqlite")
	whole := map[string]string{"template_id": `"OTS"`, "scene": "0", "title": `"t"`, "content": `"c"`}
	for _, c := range []struct{ field, value, words string }{
		{"title", `"` + strings.Repeat("😀", 15) + `"`, ""}, {"title", `"` + strings.Repeat("字", 16) + `"`, "title has 16 characters"}, {"title", `""`, "title has 0 characters"}, {"title", `"a\nb"`, "title holds a line break"},
		{"content", `"` + strings.Repeat("字", 200) + `"`, ""}, {"content", `"` + strings.Repeat("a", 201) + `"`, "content has 201 characters"}, {"content", `"a\nb"`, ""}, {"content", `"a\u0007b"`, "control characters"},
		{"content", `"\u4e24"`, ""}, {"scene", "10000", ""}, {"scene", "10001", "0 to 10000"}, {"scene", "-1", "0 to 10000"}, {"scene", `"7"`, ""}, {"scene", "1.5", "0 to 10000"}, {"scene", "null", "0 to 10000"},
		{"color", `"#12aBcD"`, ""}, {"color", `"red"`, "#RRGGBB"}, {"url", `"ftp://a"`, "web address"}, {"template_id", `""`, "template_id must be"}, {"data", "{}", `unknown field "data"`},
	} {
		fields := ""
		for name, value := range whole {
			if name != c.field {
				fields += `"` + name + `":` + value + ","
			}
		}
		fields += `"` + c.field + `":` + c.value
		w.refused("wechatoa", `"type":2,`+fields, c.words)
		w.refused("wechatapp", fields, c.words)
	}
	w.refused("wechatapp", `"template_id":"OTS","title":"t","content":"c"`, "scene must be")
	const page = `"template_id":"OTS","scene":1,"title":"t","content":"c","miniprogram":`
	w.refused("wechatoa", `"type":2,`+page+`{"pagepath":"p"}`, "miniprogram.appid must be")
	w.refused("wechatoa", `"type":2,`+page+`{"appid":"wx00aa11bb22cc33dd","pagepath":"`+strings.Repeat("p", 1025)+`"}`, "at most 1024 bytes")
	w.refused("wechatapp", page+`{"appid":"wx00aa11bb22cc33dd"}`, `unknown field "miniprogram"`)
	w.refused("wechatapp", `"type":2,"template_id":"OTS","scene":1,"title":"t","content":"c"`, `unknown field "type"`)
}

func TestAUserIsReachedInAnApp(t *testing.T) {
	t.Parallel()
	w := played(t, "sqlite")
	users := `[{"userid":"u1","set":{"wechatapp":{"app1":"oSubscriber"}}}]`
	if r, err := w.users.Opt(context.Background(), audience.Writer{All: true}, []byte(users)); err != nil || len(r.Fail) > 0 {
		t.Fatalf("%+v %v", r, err)
	}
	w.confirms("wxmobile", subscriber, 1)
	got := w.sent(`{"aud_userid":["u1"],"msg_wechatapp":[{"template_id":"OTS","scene":1,"title":"t","content":"c"}]}`)
	if got[subscriber].State != notify.Sent {
		t.Errorf("%+v", got)
	}
}
