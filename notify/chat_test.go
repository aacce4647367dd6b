package notify_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"wechattpp/notify"
	"wechattpp/simulator"
	"wechattpp/sql/sqltest"
	"wechattpp/wechat"
)

const chatPath = simulator.WeComPath + "/cgi-bin/appchat/send"

func toChats(chats, message string) string {
	return `{"aud_wechatwk_chat":` + chats + `,"msg_wechatwk":[{"sender":"wk",` + message + `}]}`
}

// makeChat makes a chat by the app of the house.
func (h *house) makeChat(id string, members ...string) {
	h.t.Helper()
	client, err := h.senders.Client(context.Background(), "wk")
	if err == nil {
		_, err = client.WeCom.MakeChat(context.Background(), wechat.Chat{ID: id, Name: "值班", Members: members})
	}
	if err != nil {
		h.t.Fatal(err)
	}
}

func TestMessagesReachTheChatsOfAnApp(t *testing.T) {
	eachWeCom(t, simulator.Corp{Members: members(5)}, func(h *house, sim *simulator.Simulator) {
		h.makeChat("duty1", "Member.000", "Member.001")
		h.makeChat("duty2", "Member.002", "Member.001")
		msgID := h.office(toChats(`[{"data":["duty1","duty2","Gone"]}]`, `"msgtype":"text","safe":1,"text":{"content":"三号机 <31 °C>","mentioned_list":["@all"]}`))
		h.until(h.room, msgID)
		want := map[string]string{"chat/duty1": "sent", "chat/duty2": "sent", "chat/Gone": "failed"}
		for id, state := range h.states(msgID) {
			if state != want[id] {
				h.t.Errorf("%s is %s", id, state)
			}
		}
		h.adds(msgID)
		for _, id := range []string{"duty1", "duty2"} {
			c, _ := sim.AppChat(theCorp, id)
			if len(c.Sends) != 1 || string(c.Sends[0].Body) != `{"chatid":"`+id+`","msgtype":"text","text":{"content":"三号机 <31 °C>","mentioned_list":["@all"]},"safe":1}` {
				h.t.Errorf("%s got %d: %+v", id, len(c.Sends), c.Sends)
			}
		}
		for _, r := range h.recipients(msgID) {
			if r.Identity == "chat/Gone" && r.Code != 40050 {
				h.t.Errorf("an unknown chat failed with %d %s", r.Code, r.Text)
			}
		}
	})
}

func TestACallToAChatWithoutAnAnswerIsNeverRepeated(t *testing.T) {
	eachWeCom(t, simulator.Corp{Members: members(5)}, func(h *house, sim *simulator.Simulator) {
		h.makeChat("duty1", "Member.000", "Member.001")
		if err := sim.Fail(simulator.Fault{Path: chatPath, Mode: simulator.ModeResetAfter}); err != nil {
			h.t.Fatal(err)
		}
		msgID := h.office(toChats(`["duty1"]`, `"msgtype":"markdown","markdown":{"content":"**a**"}`))
		h.until(h.room, msgID)
		if r := h.recipients(msgID)[0]; r.State != notify.Unknown {
			h.t.Errorf("it is %s", r.State)
		}
		if c, _ := sim.AppChat(theCorp, "duty1"); len(c.Sends) != 1 {
			h.t.Errorf("%d came", len(c.Sends))
		}
	})
}

func TestChatsHaveTypesAndTargetsOfTheirOwn(t *testing.T) {
	h, _ := weComHouse(t, sqltest.Source(t, "sqlite"), simulator.Corp{})
	text := `"msgtype":"text","text":{"content":"a"}`
	for body, words := range map[string]string{
		toChats(`["`+strings.Repeat("a", 32)+`"]`, text):                                                               "",
		toChats(`["`+strings.Repeat("a", 33)+`"]`, text):                                                               "is no chatid",
		toChats(`["a-b"]`, text):                                                                                       "is no chatid",
		toChats(`["a"],"aud_wechatwk":["li.na"]`, text):                                                                "must not be mixed",
		toChats(`["a"],"aud_wechatwk_tag":["1"]`, text):                                                                "must not be mixed",
		toChats(`["a"]`, `"msgtype":"miniprogram_notice","miniprogram_notice":{"appid":"wx1"}`):                        `is "miniprogram_notice"`,
		toChats(`["a"]`, `"enable_duplicate_check":1,`+text):                                                           "enable_duplicate_check",
		toChats(`["a"]`, `"safe":2,`+text):                                                                             "safe is 2: 0 to 1",
		toChats(`["a"]`, `"safe":1,"msgtype":"news","news":{"articles":[{"title":"a","url":"https://a.example"}]}`):    "safe is 1: a message of msgtype news cannot be confidential",
		toChats(`["a"]`, `"msgtype":"news","news":{"articles":[{"title":"a","appid":"wx1","pagepath":"p"}]}`):          "appid",
		toChats(`["a"]`, `"msgtype":"textcard","textcard":{"title":"a","description":"b","url":"https://a.example"}`):  "",
		toChats(`["a"]`, `"msgtype":"text","text":{"content":"`+strings.Repeat("好", 683)+`"}`):                         "has 2049 bytes",
		`{"aud_wechatwk":["li.na"],"msg_wechatwk":[{"msgtype":"text","text":{"content":"a","mentioned_list":["a"]}}]}`: "mentioned_list",
	} {
		_, err := h.room.Accept(context.Background(), office, "/v1/sent", "", []byte(body))
		if words == "" && err != nil || words != "" && (err == nil || !strings.Contains(err.Error(), words)) {
			t.Errorf("%.140s gave %v, want %q", body, err, words)
		}
	}
}

func TestARefusedCallToAChatHoldsUpNoMember(t *testing.T) {
	eachWeCom(t, simulator.Corp{Members: members(5)}, func(h *house, sim *simulator.Simulator) {
		h.makeChat("duty1", "Member.000", "Member.001")
		for _, code := range []int{48002, 45009} { // no root department, too many calls
			if err := sim.Fail(simulator.Fault{Path: chatPath, Code: code, Times: -1}); err != nil {
				h.t.Fatal(err)
			}
			held := h.office(toChats(`["duty1"]`, fmt.Sprintf(`"msgtype":"text","text":{"content":"群 %d"}`, code)))
			h.send()
			member := h.office(appText(members(1), fmt.Sprint("人 ", code)))
			h.until(h.room, member)
			if m := h.message(held); m.Counts[notify.Queued] != 1 {
				h.t.Errorf("%d: the chat's message: %v", code, m.Counts)
			}
			sim.ClearFaults()
			sqltest.Exec(h.t, h.source, `UPDATE feature_pause SET until_at = 5`)
			sqltest.Exec(h.t, h.source, `UPDATE chunk SET due_at = 5 WHERE queued > 0`)
			h.until(h.room, held)
		}
		if c, _ := sim.AppChat(theCorp, "duty1"); len(c.Sends) != 2 || len(sim.AppSends(theCorp, theAgent)) != 2 {
			h.t.Errorf("the chat got %d messages, the member %d", len(c.Sends), len(sim.AppSends(theCorp, theAgent)))
		}
	})
}
