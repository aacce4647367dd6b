package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"wechattpp/simulator"
)

// TestACardIsSentClickedAndUpdated goes from a card with buttons over the click
// of a member, which the list of events shows without its code, to the update of
// that member's card and then of the others'.
func TestACardIsSentClickedAndUpdated(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, kind)
			const corp, agent = "ww00000000000000c3", 1000002
			if err := w.AddCorp(simulator.Corp{CorpID: corp, Members: []string{"liwei", "zhaomin"}, Agents: []simulator.Agent{{AgentID: agent, Secret: "corp-secret-0123456789"}}}); err != nil {
				t.Fatal(err)
			}
			r := w.start(t)
			ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
			defer cancel()
			admin := r.admin()
			post := func(path string, body, into any) error { return admin.call(ctx, http.MethodPost, path, body, into) }
			sender := map[string]any{"code": "staff", "kind": "wechatwk", "credentials": "secret", "corp_id": corp, "agent_id": agent, "secret": "corp-secret-0123456789", "token": "corpToken", "encoding_aes_key": firstKey}
			if err := post("/v1/senders", sender, nil); err != nil {
				t.Fatal(err)
			}
			if err := w.Enter(ctx, simulator.Console{CorpID: corp, AgentID: agent, URL: r.url() + "/v1/wechatwk/callback/staff", Token: "corpToken", EncodingAESKey: firstKey}); err != nil {
				t.Fatal(err)
			}
			card := map[string]any{"card_type": "button_interaction", "task_id": "leave-381", "main_title": map[string]any{"title": "请假申请"},
				"button_list": []any{map[string]any{"text": "同意", "key": "ok"}}}
			var sent struct{ MsgID string }
			err := post("/v1/sent", map[string]any{"aud_wechatwk": []string{"liwei", "zhaomin"}, "msg_wechatwk": []any{map[string]any{"sender": "staff", "msgtype": "template_card", "template_card": card}}}, &sent)
			if err != nil {
				t.Fatal(err)
			}
			sends := func() []simulator.AppSend { return w.AppSends(corp, agent) }
			for len(sends()) == 0 && ctx.Err() == nil {
				time.Sleep(20 * time.Millisecond) // the message is on its way
			}
			if p, err := w.ClickCard(ctx, simulator.CardClick{CorpID: corp, AgentID: agent, User: "liwei", MsgID: sends()[0].MsgID, Key: "ok"}); err != nil || p.State != simulator.PushAnswered {
				t.Fatalf("%+v, %v", p, err)
			}
			got, data := events(t, admin, "type=wecom.template_card_event")
			if got != "wecom.template_card_event" || data["event_key"] != "ok" || data["task_id"] != "leave-381" || data["response_code"] != nil {
				t.Fatalf("%s %v", got, data)
			}
			path := fmt.Sprintf("/v1/events/%v/card", data["id"])
			var one map[string]any
			if err := admin.call(ctx, http.MethodGet, strings.TrimSuffix(path, "/card"), nil, &one); err != nil || one["raw"] != nil || one["raw_base64"] != nil {
				t.Errorf("the event shows what was pushed: %v, %v", one, err)
			}
			gone := map[string]any{"button": map[string]any{"replace_name": "已同意"}}
			if err := post(path, gone, &one); err != nil || one["state"] != "updated" || fmt.Sprint(one["targets"]) != "[liwei]" {
				t.Errorf("%v, %v", one, err)
			}
			if err := post(path, gone, &one); err != nil || one["state"] != "failed" || fmt.Sprint(one["code"]) != "60140" {
				t.Errorf("a second time: %v, %v", one, err)
			}
			gone["userids"] = []string{"zhaomin"}
			var all struct{ Calls []map[string]any }
			err = until(ctx, "WeCom's answer to be written down", func() (bool, error) {
				err := post("/v1/messages/"+sent.MsgID+"/card", gone, &all)
				return err == nil, err
			})
			if err != nil || len(all.Calls) != 1 || all.Calls[0]["state"] != "updated" {
				t.Errorf("%v, %v", all, err)
			}
			if u := sends()[0].Updates; len(u) != 2 || u[0].Users[0] != "liwei" || u[1].Users[0] != "zhaomin" {
				t.Errorf("%+v", u)
			}
			if err := post("/v1/messages/"+sent.MsgID+"/card", gone, nil); err == nil || !strings.Contains(err.Error(), "no card of this message can be updated") {
				t.Errorf("with the code used: %v", err)
			}
		})
	}
}
