package notify_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"wechattpp/notify"
	"wechattpp/sql/sqltest"
)

const orderText = `[
	{"sender":"oa1","template_id":"T1","url":"https://shop.example/o/{{order}}?u={{ user }}","miniprogram":{"appid":"wx1","pagepath":"pages/o?id={{order}}"},
	 "data":{"thing1":{"value":"{{user}}的订单"},"amount2":{"value":"{{sum}}"}}},
	{"sender":"oa2","template_id":"T2","data":{"character_string1":{"value":"No {{order}}"}}}]`

func (h *house) general(messages string) notify.Saved {
	h.t.Helper()
	s, err := h.room.SaveTemplate(context.Background(), shop, notify.Saved{Kind: notify.General, Name: "订单",
		Body: notify.SavedBody{Messages: map[string]json.RawMessage{"msg_wechatoa": json.RawMessage(messages)}}})
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

func (h *house) fill(path, body string) (notify.Receipt, error) {
	return h.room.Accept(context.Background(), shop, path, "", []byte(body))
}

func TestAGeneralTemplateFillsAllItsSenders(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		h.twoShops(3)
		s := h.general(orderText)
		if got := strings.Join(s.Variables(), " "); got != "order sum user" {
			h.t.Errorf("variables %s", got)
		}
		r, err := h.fill("/v1/template/sent", fmt.Sprintf(`{"aud_userid":["u0","u1"],"template_id":%d,
			"template_para":{"user":"张 三&<b>","order":"A/77","sum":39.80},"option":{"sendno":"t-1"}}`, s.ID))
		if err != nil || r.SendNo != "t-1" {
			h.t.Fatalf("%+v, %v", r, err)
		}
		if m := h.until(h.room, r.MsgID); m.Counts[notify.Sent] != 4 {
			h.t.Errorf("%v", m.Counts)
		}
		want := []string{`"value":"张 三&<b>的订单"`, `"url":"https://shop.example/o/A%2F77?u=%E5%BC%A0%20%E4%B8%89%26%3Cb%3E"`, `"pagepath":"pages/o?id=A%2F77"`, `"value":"39.80"`}
		for _, text := range want {
			if body := h.v.body("a0"); !strings.Contains(body, text) {
				h.t.Errorf("the body lacks %s: %s", text, body)
			}
		}
		if body := h.v.body("b0"); !strings.Contains(body, `"value":"No A/77"`) {
			h.t.Errorf("the other sender's: %s", body)
		}
	})
}

func TestAGeneralTemplateIsBroadcastAndTriedByRule(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		h.twoShops(5)
		r, err := h.fill("/v1/template/broadcast", fmt.Sprintf(`{"template_id":%d,"rule_id":%d,"template_para":{"user":"a","order":"1","sum":"2"}}`,
			h.general(orderText).ID, h.rule(nil, 0)))
		if err != nil {
			h.t.Fatal(err)
		}
		h.prepared(h.room)
		if m := h.until(h.room, r.MsgID); m.Target != 10 || m.Counts[notify.Sent] != 5 || m.Counts[notify.Skipped] != 5 {
			h.t.Errorf("target %d %v", m.Target, m.Counts)
		}
	})
}

func TestWhatAGeneralTemplateRefuses(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		s := h.general(`[{"sender":"oa1","template_id":"T","data":{"thing1":{"value":"{{user}}"}}}]`)
		logical, err := h.room.SaveTemplate(context.Background(), shop, notify.Saved{Kind: notify.Logical, Name: "x", Code: "x",
			Body: notify.SavedBody{Accounts: []notify.SavedAccount{{Sender: "oa1", TemplateID: "T"}}}})
		if err != nil {
			h.t.Fatal(err)
		}
		for name, c := range map[string]struct {
			fields string
			code   int
			text   string
		}{
			"no template":              {`"template_para":{}`, 1015031, "template_id is missing"},
			"an unknown one":           {`"template_id":999,"template_para":{}`, 1015031, "names no template"},
			"a logical one":            {fmt.Sprintf(`"template_id":%d`, logical.ID), 1015032, "logical"},
			"content":                  {fmt.Sprintf(`"template_id":%d,"msg_wechatoa":[]`, s.ID), 1015094, "msg_wechatoa must be left out"},
			"an app's":                 {fmt.Sprintf(`"template_id":%d,"app_para":{}`, s.ID), 1015006, "app_para"},
			"a variable missing":       {fmt.Sprintf(`"template_id":%d`, s.ID), 4004, "template_para.user is missing"},
			"a variable too many":      {fmt.Sprintf(`"template_id":%d,"template_para":{"user":"a","x":"b"}`, s.ID), 4004, "template_para.x is no variable"},
			"an object":                {fmt.Sprintf(`"template_id":%d,"template_para":{"user":{}}`, s.ID), 4004, "template_para.user must be"},
			"a value that is too long": {fmt.Sprintf(`"template_id":%d,"template_para":{"user":"%s"}`, s.ID, strings.Repeat("字", 21)), 4004, "at most 20"},
			"a text for an id":         {`"template_id":"1"`, 4004, "template_id"},
		} {
			_, err := h.fill("/v1/template/sent", `{"aud_userid":["u0"],`+c.fields+`}`)
			refusal, ok := errors.AsType[*notify.Refusal](err)
			if !ok || refusal.Code != c.code || !strings.Contains(err.Error(), c.text) {
				h.t.Errorf("%s: %v, want %d %q", name, err, c.code, c.text)
			}
		}
		if _, err := h.fill("/v1/template/sent", fmt.Sprintf(`{"aud_userid":["u0"],"template_id":%d,"template_para":{"user":"%s"}}`, s.ID, strings.Repeat("字", 20))); err != nil {
			h.t.Errorf("20 characters: %v", err)
		}
		sqltest.Exec(h.t, h.source, `UPDATE send_template SET expires_at = 1 WHERE kind = 'general'`)
		_, err = h.fill("/v1/template/sent", fmt.Sprintf(`{"aud_userid":["u0"],"template_id":%d,"template_para":{"user":"a"}}`, s.ID))
		if refusal, ok := errors.AsType[*notify.Refusal](err); !ok || refusal.Code != 1015073 {
			h.t.Errorf("an expired one: %v", err)
		}
		if _, err := h.fill("/v1/sent", fmt.Sprintf(`{"aud_userid":["u0"],"template_id":%d}`, s.ID)); err == nil || !strings.Contains(err.Error(), "template_id is no field") {
			h.t.Errorf("at /v1/sent: %v", err)
		}
	})
}

func TestALogicalTemplateHasAnotherIDAtEachSender(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		h.twoShops(2)
		ctx := context.Background()
		_, err := h.room.SaveTemplate(ctx, shop, notify.Saved{Kind: notify.Logical, Name: "Shipped", Code: "order.shipped", Body: notify.SavedBody{Accounts: []notify.SavedAccount{
			{Sender: "oa1", TemplateID: "OWN-1", Keywords: map[string]string{"what": "thing1", "when": "time2"}},
			{Sender: "oa2", TemplateID: "OWN-2", Keywords: map[string]string{"what": "thing7"}},
		}}})
		if err != nil {
			h.t.Fatal(err)
		}
		say := func(sender, data string) string {
			return fmt.Sprintf(`{"aud_userid":["u0"],"msg_wechatoa":[{"sender":%q,"logical_template":"order.shipped","data":%s}]}`, sender, data)
		}
		h.until(h.room, h.accept([]byte(say("oa1", `{"what":{"value":"书"},"when":{"value":"15:01"}}`))))
		h.until(h.room, h.accept([]byte(say("oa2", `{"what":{"value":"笔"}}`))))
		for openid, want := range map[string]string{"a0": `"template_id":"OWN-1"`, "b0": `"template_id":"OWN-2"`} {
			if body := h.v.body(openid); !strings.Contains(body, want) {
				h.t.Errorf("%s: %s", openid, body)
			}
		}
		if body := h.v.body("a0"); !strings.Contains(body, `"thing1":{"value":"书"},"time2":{"value":"15:01"}`) {
			h.t.Errorf("parameters: %s", body)
		}
		for body, want := range map[string]string{
			say("oa2", `{"when":{"value":"15:01"}}`):                                                                                 "data.when is no parameter of the logical template at oa2",
			say("oa1", `{"what":{"value":"`+strings.Repeat("书", 21)+`"}}`):                                                           "at most 20",
			`{"aud_userid":["u0"],"msg_wechatoa":[{"sender":"oa1","logical_template":"none","data":{}}]}`:                            "names no logical template",
			`{"aud_userid":["u0"],"msg_wechatoa":[{"sender":"oa1","logical_template":"order.shipped","template_id":"T","data":{}}]}`: "together with template_id",
		} {
			if _, err := h.room.Accept(ctx, shop, "/v1/sent", "", []byte(body)); err == nil || !strings.Contains(err.Error(), want) {
				h.t.Errorf("%v, want %q", err, want)
			}
		}
	})
}

func TestTemplatesAreCheckedWhenTheyAreSaved(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		one := func(s string) notify.SavedBody {
			return notify.SavedBody{Messages: map[string]json.RawMessage{"msg_wechatoa": json.RawMessage(s)}}
		}
		vars := make([]string, 101)
		for i := range vars {
			vars[i] = fmt.Sprintf("{{v%d}}", i)
		}
		for want, s := range map[string]notify.Saved{
			"name has 0":                     {Kind: "general", Body: one(orderText)},
			"kind must be":                   {Name: "x", Kind: "other"},
			"messages is missing":            {Name: "x", Kind: "general"},
			"messages.msg_sms is not served": {Name: "x", Kind: "general", Body: notify.SavedBody{Messages: map[string]json.RawMessage{"msg_sms": []byte(`[]`)}}},
			"messages.msg_wechatoa[0].sender does not exist": {Name: "x", Kind: "general", Body: one(`[{"sender":"oa3","template_id":"T","data":{}}]`)},
			"messages.msg_wechatoa[0].template_id must be":   {Name: "x", Kind: "general", Body: one(`[{"sender":"oa1","data":{}}]`)},
			"data.thing1.value has 21 characters":            {Name: "x", Kind: "general", Body: one(`[{"sender":"oa1","template_id":"T","data":{"thing1":{"value":"` + strings.Repeat("x", 21) + `"}}}]`)},
			"hold 101 variables":                             {Name: "x", Kind: "general", Body: one(`[{"sender":"oa1","template_id":"T","data":{"first":{"value":"` + strings.Join(vars, "") + `"}}}]`)},
			"code is for logical":                            {Name: "x", Kind: "general", Code: "x", Body: one(orderText)},
			"code must be 1 to 64":                           {Name: "x", Kind: "logical", Code: "a b"},
			"accounts has 0 senders":                         {Name: "x", Kind: "logical", Code: "a"},
			"accounts[0].sender does not exist":              {Name: "x", Kind: "logical", Code: "a", Body: notify.SavedBody{Accounts: []notify.SavedAccount{{Sender: "oa3", TemplateID: "T"}}}},
			"accounts[0].template_id must be":                {Name: "x", Kind: "logical", Code: "a", Body: notify.SavedBody{Accounts: []notify.SavedAccount{{Sender: "oa1"}}}},
			"accounts[0].keywords.what must map":             {Name: "x", Kind: "logical", Code: "a", Body: notify.SavedBody{Accounts: []notify.SavedAccount{{Sender: "oa1", TemplateID: "T", Keywords: map[string]string{"what": "标题"}}}}},
		} {
			if _, err := h.room.SaveTemplate(context.Background(), shop, s); err == nil || !strings.Contains(err.Error(), want) {
				h.t.Errorf("%v, want %q", err, want)
			}
		}
		s := h.general(orderText)
		s.ExpiresAt = time.Now().Add(time.Hour).Truncate(time.Millisecond)
		if got, err := h.room.SaveTemplate(context.Background(), shop, s); err != nil || !got.ExpiresAt.Equal(s.ExpiresAt) {
			h.t.Errorf("changed: %+v, %v", got, err)
		}
		if _, err := h.room.OwnTemplate(context.Background(), notify.Client{ID: 9}, s.ID); err == nil {
			h.t.Error("another client read it")
		}
	})
}
