package notify_test

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"wechattpp/notify"
	"wechattpp/sender"
	"wechattpp/simulator"
	"wechattpp/sql/sqltest"
	"wechattpp/wechat"
)

const (
	groupKey  = "693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"
	robotPath = simulator.WeComPath + "/cgi-bin/webhook/send"
)

var group = notify.Client{ID: 7, Senders: []string{"grp", "wk", "oa1"}}

// groupHouse is weComHouse with the webhook of a group as sender grp.
func groupHouse(t *testing.T, f func(h *house, sim *simulator.Simulator)) {
	corp := simulator.Corp{Members: members(10), Webhooks: []simulator.Webhook{{Key: groupKey}, {Key: "off-key-1", Disabled: true}, {Key: "no-key-12", Refused: true}}}
	eachWeCom(t, corp, func(h *house, sim *simulator.Simulator) {
		h.t.Helper()
		s := sender.Sender{Code: "grp", Kind: sender.WeCom, Credentials: sender.Webhook, Secrets: sender.Secrets{Secret: groupKey}}
		if _, err := h.senders.Create(context.Background(), s); err != nil {
			h.t.Fatal(err)
		}
		f(h, sim)
	})
}

func toGroup(message string) string {
	return `{"aud_wechatwk":[{"data":["@all"]}],"msg_wechatwk":[{"sender":"grp",` + message + `}]}`
}

func (h *house) group(b string) string {
	h.t.Helper()
	r, err := h.room.Accept(context.Background(), group, "/v1/sent", "", []byte(b))
	if err != nil {
		h.t.Fatalf("accept: %v", err)
	}
	return r.MsgID
}

func groupText(text string) string {
	return toGroup(fmt.Sprintf(`"msgtype":"text","text":{"content":%q,"mentioned_list":["li.na","@all"],"mentioned_mobile_list":["13800001111"]}`, text))
}

func png(size int) (b64, sum string) {
	raw := append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, size-8)...)
	h := md5.Sum(raw)
	return base64.StdEncoding.EncodeToString(raw), hex.EncodeToString(h[:])
}

func TestAMessageReachesTheGroupOfAWebhook(t *testing.T) {
	groupHouse(t, func(h *house, sim *simulator.Simulator) {
		picture, _ := png(2 << 20)
		for _, b := range []string{
			groupText("机房 <b>&"), toGroup(`"msgtype":"markdown","markdown":{"content":"**好** <@li.na>"}`), toGroup(`"msgtype":"markdown_v2","markdown_v2":{"content":"| a | b |"}`),
			toGroup(`"msgtype":"image","image":{"base64":"` + picture + `"}`),
			toGroup(`"msgtype":"template_card","template_card":{"card_type":"text_notice","main_title":{"title":"停水"},"card_action":{"type":1,"url":"https://a.example"}}`),
			toGroup(`"msgtype":"news","news":{"articles":[{"title":"菜单","url":"https://intra.example.com/menu","picurl":"https://intra.example.com/p.png"}]}`),
		} {
			msgID := h.group(b)
			h.until(h.room, msgID)
			r := h.recipients(msgID)
			if len(r) != 1 || r[0].State != notify.Sent || r[0].Identity != "@all" {
				h.t.Errorf("%.60s came to %+v", b, r)
			}
			h.adds(msgID)
		}
		sends := sim.RobotSends(groupKey)
		if len(sends) != 6 || string(sends[0].Body) != `{"msgtype":"text","text":{"content":"机房 <b>&","mentioned_list":["li.na","@all"],"mentioned_mobile_list":["13800001111"]}}` {
			h.t.Errorf("%d came, the first %s", len(sends), sends[0].Body)
		}
	})
}

func TestAWebhookGetsTwentyMessagesAMinuteFromAllReplicas(t *testing.T) {
	groupHouse(t, func(h *house, sim *simulator.Simulator) {
		var ids []string
		for i := range 23 {
			ids = append(ids, h.group(groupText(fmt.Sprint("消息 ", i))))
		}
		other := h.elsewhere()
		both := make(chan error, 2)
		for _, room := range []*notify.Room{h.room, other} {
			go func() { _, err := room.SendDue(context.Background()); both <- err }()
		}
		for range 2 {
			if err := <-both; err != nil {
				h.t.Error(err)
			}
		}
		h.send()
		sent, queued := 0, 0
		for _, id := range ids {
			m := h.message(id)
			sent += m.Counts[notify.Sent]
			queued += m.Counts[notify.Queued]
		}
		if n := len(sim.RobotSends(groupKey)); sent != 20 || queued != 3 || n != 20 {
			h.t.Fatalf("%d sent, %d queued, %d came", sent, queued, n)
		}
		if n := sim.Calls().Paths[robotPath]; n != 20 {
			h.t.Errorf("%d calls: those over the limit were made, too", n)
		}
		if wait := sqltest.Number(h.t, h.source, `SELECT MIN(due_at) FROM chunk WHERE due_at IS NOT NULL`) - time.Now().UnixMilli(); wait < 30_000 || wait > 62_000 {
			h.t.Errorf("the rest is due in %d ms", wait)
		}
		// A minute passes.
		sqltest.Exec(h.t, h.source, `UPDATE sender_pace SET begun = ''`)
		sqltest.Exec(h.t, h.source, `UPDATE chunk SET due_at = 1 WHERE due_at IS NOT NULL`)
		sim.RemoveWebhook("nothing")
		if err := sim.Fail(simulator.Fault{Path: robotPath, Code: 45009, Times: 1}); err != nil {
			h.t.Fatal(err)
		}
		h.send()
		if n := sqltest.Number(h.t, h.source, `SELECT COUNT(*) FROM sender_pause`); n != 1 {
			h.t.Errorf("after 45009 %d senders are paused", n)
		}
	})
}

func TestWhatAGroupDidNotTakeIsTold(t *testing.T) {
	groupHouse(t, func(h *house, sim *simulator.Simulator) {
		fail := func(f simulator.Fault) {
			h.t.Helper()
			f.Path, f.Times = robotPath, 1
			if err := sim.Fail(f); err != nil {
				h.t.Fatal(err)
			}
		}
		fail(simulator.Fault{Mode: simulator.ModeResetAfter})
		msgID := h.group(groupText("一"))
		h.until(h.room, msgID)
		if r := h.recipients(msgID)[0]; r.State != notify.Unknown {
			h.t.Errorf("without an answer it is %s", r.State)
		}
		if n := len(sim.RobotSends(groupKey)); n != 1 {
			h.t.Errorf("%d came: it was repeated", n)
		}
		for _, code := range []int{93017, 93018, 40007} {
			fail(simulator.Fault{Code: code})
			msgID := h.group(groupText("二"))
			h.until(h.room, msgID)
			if r := h.recipients(msgID)[0]; r.State != notify.Failed || r.Code != code {
				h.t.Errorf("%d ends %s with %d", code, r.State, r.Code)
			}
		}
		sim.RemoveWebhook(groupKey)
		msgID = h.group(groupText("三"))
		h.send()
		if r := h.recipients(msgID)[0]; r.State != notify.Queued {
			h.t.Errorf("a webhook that is gone: %s", r.State)
		}
		detail := strings.Join(sqltest.Texts(h.t, h.source, `SELECT detail FROM sender_pause`), " ")
		if !strings.Contains(detail, "93000") || strings.Contains(detail, groupKey) {
			h.t.Errorf("the pause says %q", detail)
		}
	})
}

func TestAWebhookTakesItsOwnTypesWithinTheirLimits(t *testing.T) {
	h, _ := weComHouse(t, sqltest.Source(t, "sqlite"), simulator.Corp{})
	s := sender.Sender{Code: "grp", Kind: sender.WeCom, Credentials: sender.Webhook, Secrets: sender.Secrets{Secret: groupKey}}
	if _, err := h.senders.Create(context.Background(), s); err != nil {
		t.Fatal(err)
	}
	big, _ := png(2<<20 + 1)
	small, sum := png(100)
	han := strings.Repeat("好", 682) // 2,046 bytes
	articles := func(n int) string {
		return strings.TrimSuffix(strings.Repeat(`{"title":"a","url":"https://a.example"},`, n), ",")
	}
	for body, words := range map[string]string{
		toGroup(`"msgtype":"text","text":{"content":"` + han + `ab"}`):                                                                                                  "",
		toGroup(`"msgtype":"text","text":{"content":"` + han + `abc"}`):                                                                                                 "has 2049 bytes",
		toGroup(`"msgtype":"text","text":{"content":"` + han + han[:3*341] + `"}`):                                                                                      "has 3069 bytes",
		toGroup(`"msgtype":"markdown","markdown":{"content":"` + strings.Repeat("a", 4096) + `"}`):                                                                      "",
		toGroup(`"msgtype":"markdown","markdown":{"content":"` + strings.Repeat("a", 4097) + `"}`):                                                                      "at most 4096",
		toGroup(`"msgtype":"markdown_v2","markdown_v2":{"content":"` + strings.Repeat("a", 4097) + `"}`):                                                                "at most 4096",
		toGroup(`"msgtype":"markdown_v2","markdown_v2":{"content":" "}`):                                                                                                "is missing or empty",
		toGroup(`"msgtype":"image","image":{"base64":"` + small + `","md5":"` + sum + `"}`):                                                                             "",
		toGroup(`"msgtype":"image","image":{"base64":"` + small + `","md5":"00"}`):                                                                                      "leave it out to have it made",
		toGroup(`"msgtype":"image","image":{"base64":"` + big + `"}`):                                                                                                   "holds 2097153 bytes",
		toGroup(`"msgtype":"image","image":{"base64":"R0lGODlh"}`):                                                                                                      "JPG or PNG",
		toGroup(`"msgtype":"image","image":{"base64":"data:image/png;base64,AA=="}`):                                                                                    "in base64",
		toGroup(`"msgtype":"news","news":{"articles":[` + articles(8) + `]}`):                                                                                           "",
		toGroup(`"msgtype":"news","news":{"articles":[` + articles(9) + `]}`):                                                                                           "has 9 elements",
		toGroup(`"msgtype":"news","news":{"articles":[{"title":"a"}]}`):                                                                                                 "url is missing",
		toGroup(`"msgtype":"file","file":{"media_id":""}`):                                                                                                              "media_id is missing",
		toGroup(`"msgtype":"text","text":{"content":"a","mentioned_list":["li na"]}`):                                                                                   "mentioned_list[0] is no userid",
		toGroup(`"msgtype":"text","text":{"content":"a","mentioned_mobile_list":["1380"]}`):                                                                             "5 to 32 digits",
		toGroup(`"msgtype":"template_card","template_card":{"card_type":"text_notice","main_title":{"title":"停水"},"card_action":{"type":1,"url":"https://a.example"}}`): "",
		toGroup(`"msgtype":"template_card","template_card":{"card_type":"button_interaction","main_title":{"title":"停水"}}`):                                             `is "button_interaction"`,
		toGroup(`"msgtype":"template_card","template_card":{"card_type":"text_notice","task_id":"t1"}`):                                                                 "leave them out",
		toGroup(`"msgtype":"text","safe":1,"text":{"content":"a"}`):                                                                                                     "safe",
		toGroup(`"msgtype":"textcard","textcard":{"title":"a"}`):                                                                                                        `is "textcard"`,
		strings.Replace(groupText("a"), `["@all"]`, `["li.na"]`, 1):                                                                                                     "the group is its only recipient",
		strings.Replace(groupText("a"), `["@all"]`, `["@all","li.na"]`, 1):                                                                                              "the group is its only recipient",
		strings.Replace(groupText("a"), `"aud_wechatwk":[{"data":["@all"]}]`, `"aud_userid":["u-1"]`, 1):                                                                "which knows no users",
		strings.Replace(groupText("a"), `"aud_wechatwk":[{"data":["@all"]}]`, `"aud_wechatwk_party":["3"]`, 1):                                                          "the group is its only recipient",
		strings.Replace(groupText("a"), `"aud_wechatwk":[{"data":["@all"]}]`, `"aud_wechatwk_chat":["c1"]`, 1):                                                          "the group is its only recipient",
		`{"aud_wechatwk":[{"sender":"wk","data":["a"]}],"msg_wechatwk":[{"sender":"wk","msgtype":"markdown_v2"}]}`:                                                      `is "markdown_v2"`,
	} {
		_, err := h.room.Accept(context.Background(), group, "/v1/sent", "", []byte(body))
		if words == "" && err != nil || words != "" && (err == nil || !strings.Contains(err.Error(), words)) {
			t.Errorf("%.140s gave %v, want %q", body, err, words)
		}
	}
}

func TestNoErrorOfAWebhookTellsItsKey(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"http://127.0.0.1:1", "://no address", "http://127.0.0.1:1/" + groupKey} {
		err := wechat.API{WeComBase: base}.Robot(groupKey).Send(t.Context(), wechat.RobotMessage{Type: "text", Object: []byte(`{"content":"a"}`)})
		if err == nil || strings.Contains(fmt.Sprintf("%v %+v", err, err), groupKey) {
			t.Errorf("%s: %v", base, err)
		}
	}
}
