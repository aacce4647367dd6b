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

const (
	clinicApp = "wx00000000000000c1"
	firstKey  = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	secondKey = "ABCDEFGabcdefghijklmnopqrstuvwxyz0123456789"
)

// events reads the types of the newest events that the query asks for, and the
// data of the first.
func events(t *testing.T, c *caller, query string) (types string, first map[string]any) {
	t.Helper()
	var list struct {
		Items []struct {
			ID   int64
			Type string
			Data map[string]any
		}
	}
	if err := c.call(context.Background(), http.MethodGet, "/v1/events?"+query, nil, &list); err != nil {
		t.Fatal(err)
	}
	for i, e := range list.Items {
		if types += e.Type + " "; i == 0 {
			first = e.Data
			first["id"] = e.ID
		}
	}
	return strings.TrimSpace(types), first
}

// TestAnAccountWithItsOwnSecret goes from the console of an Official Account
// and a WeCom app to the outcome of a message and the list of events.
func TestAnAccountWithItsOwnSecret(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, kind)
			model := simulator.SampleWorld()[0]
			if err := w.AddAccount(simulator.Account{AppID: clinicApp, UserName: "gh_clinic", Secret: "0123456789abcdef0123456789abcdef", Followers: model.Followers, Templates: model.Templates}); err != nil {
				t.Fatal(err)
			}
			if err := w.AddCorp(simulator.Corp{CorpID: "ww00000000000000c1", Agents: []simulator.Agent{{AgentID: 1000002, Secret: "corp-secret-0123456789"}}}); err != nil {
				t.Fatal(err)
			}
			r := w.start(t)
			ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
			defer cancel()
			admin := r.admin()
			make := func(body map[string]any) {
				t.Helper()
				if err := admin.call(ctx, http.MethodPost, "/v1/senders", body, nil); err != nil {
					t.Fatal(err)
				}
			}
			make(map[string]any{"code": "clinic", "kind": "wechatoa", "credentials": "secret", "app_id": clinicApp, "app_secret": "0123456789abcdef0123456789abcdef", "token": "clinicToken", "encoding_aes_key": firstKey})
			make(map[string]any{"code": "staff", "kind": "wechatwk", "credentials": "secret", "corp_id": "ww00000000000000c1", "agent_id": 1000002, "secret": "corp-secret-0123456789", "token": "corpToken", "encoding_aes_key": firstKey})

			account := simulator.Console{AppID: clinicApp, URL: r.url() + "/v1/wechatoa/callback", Token: "clinicToken", EncodingAESKey: firstKey}
			if err := w.Enter(ctx, account); err != nil {
				t.Fatal(err)
			}
			app := simulator.Console{CorpID: "ww00000000000000c1", AgentID: 1000002, URL: r.url() + "/v1/wechatwk/callback/staff", Token: "corpToken", EncodingAESKey: firstKey}
			if err := w.Enter(ctx, app); err != nil {
				t.Fatal(err)
			}
			wrong := app
			wrong.Token = "anotherToken"
			if err := w.Enter(ctx, wrong); err == nil {
				t.Error("the address verified with another token")
			}

			say := func(m simulator.OwnMessage) {
				t.Helper()
				if p, err := w.SayOwn(ctx, m); err != nil || p.State != simulator.PushAnswered || len(p.Tries) != 1 {
					t.Fatalf("%+v, %v", p, err)
				}
			}
			say(simulator.OwnMessage{AppID: clinicApp, User: model.Followers[0], Content: "你好 😀 <&>", Copies: 2})
			account.JSON = true
			account.URL += "/clinic"
			if err := w.Enter(ctx, account); err != nil {
				t.Fatal(err)
			}
			r.killAndRestart() // nothing that was answered is lost
			r.ready()
			admin.base = r.url()
			account.EncodingAESKey, account.PreviousKey = secondKey, firstKey
			if err := admin.call(ctx, http.MethodPatch, "/v1/senders/clinic", map[string]any{"encoding_aes_key": secondKey}, nil); err != nil {
				t.Fatal(err)
			}
			account.URL, app.URL = r.url()+"/v1/wechatoa/callback/clinic", r.url()+"/v1/wechatwk/callback/staff"
			for _, c := range []simulator.Console{account, app} {
				if err := w.Enter(ctx, c); err != nil {
					t.Fatal(err)
				}
			}
			say(simulator.OwnMessage{AppID: clinicApp, User: model.Followers[0], Content: "in JSON, with the new key"})
			say(simulator.OwnMessage{AppID: clinicApp, User: model.Followers[0], Event: "CLICK", Fields: map[string]string{"EventKey": "k"}, PreviousKey: true})
			say(simulator.OwnMessage{CorpID: "ww00000000000000c1", AgentID: 1000002, User: "liwei", Event: "template_card_event", Fields: map[string]string{"EventKey": "ok", "TaskId": "t1", "ResponseCode": "RC"},
				Selected: []simulator.Selected{{QuestionKey: "q", OptionIDs: []string{"a", "b"}}}})
			say(simulator.OwnMessage{CorpID: "ww00000000000000c1", AgentID: 1000002, User: "sys", Event: "change_contact", Fields: map[string]string{"ChangeType": "update_user", "UserID": "liwei"}, NoAgent: true})
			if p, err := w.SayOwn(ctx, simulator.OwnMessage{AppID: clinicApp, User: "oX", Content: "clear", Mode: "plain"}); err != nil || p.State != simulator.PushGivenUp || p.Tries[0].Status != http.StatusBadRequest {
				t.Errorf("cleartext: %+v, %v", p, err)
			}

			if got, data := events(t, admin, "sender=clinic"); got != "wechat.click wechat.text wechat.text" || data["event_key"] != "k" {
				t.Errorf("the clinic's events: %s %v", got, data)
			}
			got, data := events(t, admin, "user=liwei&type=wecom.*")
			if got != "wecom.template_card_event" || fmt.Sprint(data["selected_items"]) != "[map[option_ids:[a b] question_key:q]]" {
				t.Errorf("liwei's events: %s %v", got, data)
			}
			if got, _ := events(t, admin, "sender=staff&type=*.change_contact"); got != "wecom.change_contact" {
				t.Errorf("the address book's events: %s", got)
			}
			outcomeOf(t, ctx, admin, r, model)
		})
	}
}

// outcomeOf sends a template message by the account's own token, and waits for
// what the account's own push says of it.
func outcomeOf(t *testing.T, ctx context.Context, admin *caller, r *replica, model simulator.Account) {
	t.Helper()
	var made struct {
		Key    string `json:"channel_key"`
		Secret string `json:"master_secret"`
	}
	if err := admin.call(ctx, http.MethodPost, "/v1/clients", map[string]any{"name": "Clinic", "senders": []string{"clinic"}, "scopes": []string{"send", "messages:read", "events"}}, &made); err != nil {
		t.Fatal(err)
	}
	business := newCaller(r.url(), "")
	if err := business.login(ctx, made.Key, made.Secret); err != nil {
		t.Fatal(err)
	}
	var sent struct{ MsgID string }
	body := map[string]any{"aud_wechatoa": []any{map[string]any{"data": []string{model.Followers[0]}}}, "msg_wechatoa": []any{map[string]any{"template_id": model.Templates[0].ID, "data": map[string]any{
		"character_string1": map[string]any{"value": "SO-1"}, "thing2": map[string]any{"value": "两件商品"}, "amount3": map[string]any{"value": "¥39.80"}, "time4": map[string]any{"value": "2026-06-01 09:30"}}}}}
	if err := business.call(ctx, http.MethodPost, "/v1/sent", body, &sent); err != nil {
		t.Fatal(err)
	}
	if err := until(ctx, "delivery", func() (bool, error) {
		var m struct {
			State  string
			Counts map[string]int
		}
		err := business.call(ctx, http.MethodGet, "/v1/messages/"+sent.MsgID, nil, &m)
		if err == nil && m.Counts["delivered"] != 1 {
			err = fmt.Errorf("state %s, %v", m.State, m.Counts)
		}
		return err == nil, err
	}); err != nil {
		t.Fatal(err)
	}
	got, data := events(t, business, "type=wechat.templatesendjobfinish")
	if got != "wechat.templatesendjobfinish" || data["status"] != "success" {
		t.Errorf("the business's events: %s %v", got, data)
	}
	if got, _ := events(t, business, "type=wecom.*"); got != "" {
		t.Errorf("another sender's events: %s", got)
	}
	if err := business.call(ctx, http.MethodGet, "/v1/events?sender=staff", nil, nil); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("another sender: %v", err)
	}
}
