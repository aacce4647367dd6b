package notify_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"wechattpp/audience"
	"wechattpp/notify"
	"wechattpp/simulator"
)

const miniBody = `{"aud_wechatmp":[{"data":["oSubscriber","oRefuser"]}],"msg_wechatmp":[{"template_id":"PRI","page":"pages/order?id=<7>&x=1",
	"data":{"thing1":{"value":"两件 <b> & 😀"},"time2":{"value":"15:01"}}}]}`

func TestAMiniProgramSendsToWhoeverAgreedOncePerYes(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := played(t, kind)
			w.agrees("wxmini1", subscriber)
			got := w.sent(miniBody)
			if r := got[subscriber]; r.State != notify.Sent || r.VendorMsgID == 0 {
				t.Errorf("who agreed: %+v", r)
			}
			if r := got[refuser]; r.State != notify.Failed || r.Code != 43101 {
				t.Errorf("who did not: %+v", r)
			}
			if r := w.sent(miniBody)[subscriber]; r.State != notify.Failed || r.Code != 43101 {
				t.Errorf("a second time for one yes: %+v", r)
			}
			body := string(w.sim.Ledger().Sends[0].Body)
			for _, part := range []string{`"miniprogram_state":"formal"`, `"lang":"zh_CN"`, `"page":"pages/order?id=<7>&x=1"`, `两件 <b> & 😀`} {
				if !strings.Contains(body, part) {
					t.Errorf("sent %s without %s", body, part)
				}
			}
		})
	}
}

func TestTheLaterWordOnASubscribeMessageFindsItAlsoWithoutItsID(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := played(t, kind)
			if err := w.sim.FailOutcome(simulator.OutcomeFault{Unnamed: true, Times: 2}); err != nil {
				t.Fatal(err)
			}
			w.agrees("wxmini1", subscriber)
			w.agrees("wxmini1", refuser)
			msgID := w.taken(miniBody)
			w.send()
			for openid, state := range map[string]string{subscriber: "delivered", refuser: "failed"} {
				o := notify.Outcome{AppID: "wxmini1", User: openid, MsgID: 5, Template: "OTHER", Delivered: state == "delivered", Status: "blocked (1)", At: time.Now()}
				if _, err := w.room.Outcome(context.Background(), o); err != nil || w.states(msgID)[openid] != "sent" {
					t.Fatalf("the word on another template: %v, %v", err, w.states(msgID))
				}
				o.Template = "PRI"
				if _, err := w.room.Outcome(context.Background(), o); err != nil || w.states(msgID)[openid] != state {
					t.Errorf("%s: %v, %v", openid, err, w.states(msgID))
				}
			}
			w.adds(msgID)
		})
	}
}

func TestASubscribeMessageWithoutAnAnswerIsNeverRepeatedUnasked(t *testing.T) {
	t.Parallel()
	w := played(t, "sqlite")
	for range 2 {
		w.agrees("wxmini1", subscriber)
	}
	lost := func() {
		if err := w.sim.Fail(simulator.Fault{Path: "/cgi-bin/message/subscribe/send", Mode: simulator.ModeResetAfter}); err != nil {
			t.Fatal(err)
		}
	}
	one := strings.Replace(miniBody, `,"oRefuser"`, "", 1)
	lost()
	msgID := w.taken(one)
	if m := w.until(w.room, msgID); m.Counts[notify.Unknown] != 1 || len(w.sim.Ledger().Sends) != 1 {
		t.Errorf("kept: %+v, %d sends", m.Counts, len(w.sim.Ledger().Sends))
	}
	lost()
	msgID = w.taken(strings.Replace(one, `{`, `{"on_unknown":"resend",`, 1))
	w.agrees("wxmini1", subscriber)
	if m := w.until(w.room, msgID); m.Counts[notify.Sent] != 1 || len(w.sim.Ledger().Sends) != 3 {
		t.Errorf("sent again: %+v, %d sends", m.Counts, len(w.sim.Ledger().Sends))
	}
}

func TestASubscribeMessageThatIsWrongForEveryoneStops(t *testing.T) {
	t.Parallel()
	w := played(t, "sqlite")
	w.agrees("wxmini1", subscriber)
	for wrong, code := range map[string]int{`"page":"pages/gone"`: 41030, `"template_id":"GONE"`: 40037, `"template_id":"TPL"`: 43102} {
		body := strings.Replace(strings.Replace(miniBody, `"page":"pages/order?id=<7>&x=1",`, "", 1), `"template_id":"PRI"`, `"template_id":"PRI",`+wrong, 1)
		if strings.HasPrefix(wrong, `"template_id"`) {
			body = strings.Replace(body, `"template_id":"PRI",`, "", 1)
		}
		for _, r := range w.sent(body) {
			if r.State != notify.Failed || r.Code != code {
				t.Errorf("%s: %+v", wrong, r)
			}
		}
	}
}

func TestWhatAMiniProgramCannotSendIsRefusedByName(t *testing.T) {
	t.Parallel()
	w := played(t, "sqlite")
	const ok = `"template_id":"PRI","data":{}`
	for fields, words := range map[string]string{
		ok: "", `"data":{}`: "template_id must be", `"template_id":"` + strings.Repeat("x", 128) + `","data":{}`: "", `"template_id":"` + strings.Repeat("x", 129) + `","data":{}`: "template_id must be",
		`"template_id":"PRI"`: "data is missing", ok + `,"url":"https://a.example"`: `unknown field "url"`, ok + `,"lang":"de_DE"`: "lang must be one of", ok + `,"lang":"zh_HK"`: "",
		ok + `,"miniprogram_state":"beta"`: "miniprogram_state must be", ok + `,"miniprogram_state":"trial"`: "", ok + `,"page":"https://a.example"`: "no web address",
		ok + `,"page":"` + strings.Repeat("p", 1024) + `"`: "", ok + `,"page":"` + strings.Repeat("p", 1025) + `"`: "at most 1024", `"template_id":"PRI","data":{"thing1":{"value":"x","color":"#fff"}}`: "color is no field",
	} {
		w.refused("wechatmp", fields, words)
	}
	w.sets = []int{7}
	w.add("mp2", "wechatmp", "wxmini2")
	everyone := notify.Client{All: true}
	_, err := w.room.Accept(context.Background(), everyone, "/v1/sent", "", []byte(`{"aud_wechatmp":[{"data":["o"]}],"msg_wechatmp":[{"sender":"mp2",`+ok+`}]}`))
	if r, is := err.(*notify.Refusal); !is || r.Code != 1015009 || !strings.Contains(r.Text, "18 (") {
		t.Errorf("an account without the set: %v", err)
	}
	_, err = w.room.Accept(context.Background(), notify.Client{ID: 8, Senders: []string{"oa1"}}, "/v1/sent", "", []byte(`{"aud_wechatmp":[{"data":["o"]}],"msg_wechatmp":[{`+ok+`}]}`))
	if r, is := err.(*notify.Refusal); !is || r.Code != 1015009 {
		t.Errorf("a client without a Mini Program: %v", err)
	}
}

// subscribeValues are, by parameter, values at the limits of its type.
var subscribeValues = map[string]struct{ takes, refuses []string }{
	"thing1":            {[]string{"好", strings.Repeat("😀", 20), "<&>"}, []string{"", strings.Repeat("字", 21), "a\nb", "a\u0001b"}},
	"number2":           {[]string{strings.Repeat("9", 32), strings.Repeat("9", 30) + ".99", "3.14", "-1"}, []string{strings.Repeat("9", 33), strings.Repeat("9", 31) + ".99", "1,000", "x", "1."}},
	"letter3":           {[]string{strings.Repeat("a", 32)}, []string{strings.Repeat("a", 33), "a1", "é"}},
	"symbol4":           {[]string{"#!@$%"}, []string{"#!@$%^", "a", "1", "字"}},
	"character_string5": {[]string{strings.Repeat("A", 32), "SO-2026/08#1"}, []string{strings.Repeat("1", 33), "订单1"}},
	"time6":             {[]string{"15:01", "09:00:30", "2025年6月1日 15:01", "2024-07-24 08:00~12:00"}, []string{"25:00", "08~12", "08:00～12:00", "15:01 uhr"}},
	"date7":             {[]string{"2025年6月1日", "2025-06-01", "2025.06.01 15:01", "6月1日", "2025年6月", "2025/06/01~2025/06/02"}, []string{"20250601", "yesterday", "2025-06-01 25:00"}},
	"amount8":           {[]string{"¥1234567890", "$1.5", "12.5元"}, []string{"¥12345678901", "¥", "one", "¥¥1", "1,000.00", "5 元"}},
	"phone_number9":     {[]string{"+86-0766-66888866", strings.Repeat("1", 17)}, []string{strings.Repeat("1", 18), "phone"}},
	"car_number10":      {[]string{"粤B12345", "粤B1234学", "粤B123456"}, []string{"粤B1234567", "粤B12中45", "粤B-1234"}},
	"name11":            {[]string{strings.Repeat("王", 10), strings.Repeat("a", 20)}, []string{strings.Repeat("王", 11), "王2", strings.Repeat("a", 21)}},
	"phrase12":          {[]string{"已发货啦哦"}, []string{"一二三四五六", "ok", "好1"}},
	"enum_string13":     {[]string{"A"}, []string{"", "a\nb"}},
	"enum14":            {[]string{strings.Repeat("字", 50)}, []string{""}},
}

func TestValuesOfSubscribeMessagesAreHeldToTheirType(t *testing.T) {
	t.Parallel()
	w := played(t, "sqlite")
	for name, c := range subscribeValues {
		for value, words := range words(c.takes, c.refuses, "data."+name+".value") {
			b, _ := json.Marshal(value)
			w.refused("wechatmp", `"template_id":"PRI","data":{"`+name+`":{"value":`+string(b)+`}}`, words)
		}
	}
	w.refused("wechatmp", `"template_id":"PRI","data":{"thing1":{"value":"\u4e24\u4ef6 \ud83d\ude00"}}`, "")
	w.refused("wechatoa", `"template_id":"TPL","data":{"amount1":{"value":"¥12345678901"}}`, "") // a template message takes 12 digits
}

func words(takes, refuses []string, said string) map[string]string {
	all := map[string]string{}
	for _, v := range takes {
		all[v] = ""
	}
	for _, v := range refuses {
		all[v] = said
	}
	return all
}

func TestAGeneralTemplateReachesAnOfficialAccountAndAMiniProgram(t *testing.T) {
	t.Parallel()
	w := played(t, "sqlite")
	saved, err := w.room.SaveTemplate(context.Background(), everybody, notify.Saved{Kind: notify.General, Name: "parcel", Body: notify.SavedBody{Messages: map[string]json.RawMessage{
		"msg_wechatoa": json.RawMessage(`[{"sender":"oa1","template_id":"TPL","data":{"thing1":{"value":"{{what}}"}}}]`),
		"msg_wechatmp": json.RawMessage(`[{"sender":"mp1","template_id":"PRI","page":"pages/order?id={{what}}","data":{"thing1":{"value":"{{what}}"},"time2":{"value":"{{when}}"}}}]`),
	}}})
	if err != nil {
		t.Fatal(err)
	}
	users := `[{"userid":"u1","set":{"wechatoa":{"oa1":"oRefuser"},"wechatmp":{"mp1":"oSubscriber"}}}]`
	if r, err := w.users.Opt(context.Background(), audience.Writer{All: true}, []byte(users)); err != nil || len(r.Fail) > 0 {
		t.Fatalf("%+v %v", r, err)
	}
	w.agrees("wxmini1", subscriber)
	body, _ := json.Marshal(map[string]any{"aud_userid": []string{"u1"}, "template_id": saved.ID, "template_para": map[string]string{"what": "两件", "when": "15:01"}})
	r, err := w.room.Accept(context.Background(), everybody, "/v1/template/sent", "", body)
	if err != nil {
		t.Fatal(err)
	}
	w.send()
	if m := w.message(r.MsgID); m.Counts[notify.Sent] != 2 {
		t.Errorf("%+v %+v", m.Counts, w.recipients(r.MsgID))
	}
	bad, _ := json.Marshal(map[string]any{"aud_userid": []string{"u1"}, "template_id": saved.ID, "template_para": map[string]string{"what": "两件", "when": "soon"}})
	if _, err := w.room.Accept(context.Background(), everybody, "/v1/template/sent", "", bad); err == nil || !strings.Contains(err.Error(), "msg_wechatmp[0].data.time2.value") {
		t.Errorf("a value that does not fit the Mini Program's type: %v", err)
	}
}

func TestARuleGoesOnFromAMiniProgramToAnOfficialAccount(t *testing.T) {
	t.Parallel()
	w := played(t, "sqlite")
	rule, err := w.room.SaveRule(context.Background(), everybody, notify.Rule{Name: "mp, then oa", Steps: []notify.Step{{Sender: "mp1", GoOn: []string{"failed"}}, {Sender: "oa1"}}})
	if err != nil {
		t.Fatal(err)
	}
	users := `[{"userid":"u1","set":{"wechatoa":{"oa1":"oSubscriber"},"wechatmp":{"mp1":"oRefuser"}}}]`
	if r, err := w.users.Opt(context.Background(), audience.Writer{All: true}, []byte(users)); err != nil || len(r.Fail) > 0 {
		t.Fatalf("%+v %v", r, err)
	}
	body, _ := json.Marshal(map[string]any{"aud_userid": []string{"u1"}, "rule_id": rule.ID,
		"msg_wechatmp": []any{map[string]any{"template_id": "PRI", "data": map[string]any{"thing1": map[string]any{"value": "x"}, "time2": map[string]any{"value": "15:01"}}}},
		"msg_wechatoa": []any{map[string]any{"sender": "oa1", "template_id": "TPL", "data": map[string]any{"thing1": map[string]any{"value": "x"}}}}})
	if m := w.until(w.room, w.taken(string(body))); m.Counts[notify.Failed] != 1 || m.Counts[notify.Sent] != 1 {
		t.Errorf("%+v", m.Counts)
	}
}
