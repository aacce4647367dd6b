package notify_test

import (
	"context"
	"strings"
	"testing"

	"wechattpp/notify"
)

const noticeBody = `{"aud_wechatoa":[{"sender":"oa1","data":["oSubscriber","oRefuser"]}],"msg_wechatoa":[{"sender":"oa1","type":1,"template_id":"PRI",
	"page":"https://a.example/?a=1&b=<2>","miniprogram":{"appid":"wx00aa11bb22cc33dd","pagepath":"pages/a?b=1"},"data":{"thing1":{"value":"快递 & 😀"},"time2":{"value":"2025-06-01 18:05"}}}]}`

func TestAnOfficialAccountNotifiesWhoeverAgreed(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := played(t, kind)
			w.agrees("wxapp1", subscriber)
			got := w.sent(noticeBody)
			if got[subscriber].State != notify.Sent || got[subscriber].VendorMsgID == 0 || got[refuser].Code != 43101 {
				t.Errorf("%+v", got)
			}
			e := w.sim.Ledger().Sends
			if len(e) != 1 || e[0].Call != "message/subscribe/bizsend" {
				t.Fatalf("ledger %+v", e)
			}
			body := string(e[0].Body)
			if !strings.Contains(body, `"page":"https://a.example/?a=1&b=<2>"`) || !strings.Contains(body, `"pagepath":"pages/a?b=1"`) || strings.Contains(body, "lang") || strings.Contains(body, `\u`) {
				t.Errorf("sent %s", body)
			}
		})
	}
}

func TestANotificationIsCheckedBeforeItIsTaken(t *testing.T) {
	t.Parallel()
	w := played(t, "sqlite")
	const ok = `"type":1,"template_id":"PRI","data":{}`
	for fields, words := range map[string]string{
		ok: "", ok + `,"url":"https://a.example"`: `unknown field "url"`, ok + `,"page":"pages/x"`: "page must be a web address", ok + `,"page":"https://a.example/` + strings.Repeat("p", 2048-18) + `"`: "",
		ok + `,"page":"https://a.example/` + strings.Repeat("p", 2049-18) + `"`: "2049 bytes", ok + `,"miniprogram":{}`: "miniprogram.appid", `"type":1,"data":{}`: "template_id", `"type":1,"template_id":"PRI"`: "data is missing",
		`"type":9,"template_id":"PRI","data":{}`: "type is 9", `"type":-1`: "type is -1", `"type":1,"template_id":"PRI","data":{"thing1":{"value":"` + strings.Repeat("好", 21) + `"}}`: "21 characters",
		`"type":1,"template_id":"PRI","data":{"amount1":{"value":"¥1234567890"}}`: "", `"type":1,"template_id":"PRI","data":{"amount1":{"value":"¥12345678901"}}`: "10 digits",
	} {
		w.refused("wechatoa", fields, words)
	}
}

func TestANotificationOfAnAccountWithoutTheSetNamesIt(t *testing.T) {
	t.Parallel()
	w := played(t, "sqlite")
	w.sets = []int{1, 7}
	_, err := w.room.Accept(context.Background(), everybody, "/v1/sent", "", []byte(noticeBody))
	if r, is := err.(*notify.Refusal); !is || r.Code != 1015008 || !strings.Contains(r.Text, "89 (") {
		t.Errorf("without set 89: %v", err)
	}
	w.sets = []int{7, 89}
	w.taken(noticeBody)
}
