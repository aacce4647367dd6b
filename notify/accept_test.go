package notify_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"wechattpp/notify"
	"wechattpp/sql/sqltest"
)

// official is a whole request with one message whose fields are given.
func official(fields string) string {
	return `{"aud_wechatoa":[{"data":["o1"]}],"msg_wechatoa":[{"sender":"oa1",` + fields + `}]}`
}

// parameter is a request with one template parameter.
func parameter(name, value string) string {
	v, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return official(fmt.Sprintf(`"template_id":"T","data":{%q:{"value":%s}}`, name, v))
}

func TestRequestsAreCheckedBeforeTheyAreAccepted(t *testing.T) {
	t.Parallel()
	const data = `"data":{"first":{"value":"x"}}`
	ids := func(n int) string { b, _ := json.Marshal(openids(n)); return string(b) }
	users := func(fields string) string {
		return `{` + fields + `,"msg_wechatoa":[{"sender":"oa1","template_id":"T","data":{}}]}`
	}
	cases := []struct {
		name, body string
		code       int
		words      string // empty: accepted
	}{
		{"the least there is", official(`"template_id":"T","data":{}`), 0, ""},
		{"everything there is", `{"aud_wechatoa":[{"instance":"x","sender":"oa1","data":["o1"]}],"rule_id":0,"msg_wechatoa":[{"sender":"oa1","type":0,"template_id":"T","url":"https://a.example/?a=1&b=<2>",
			"miniprogram":{"app_id":"wx1","page_path":"p?a=1"},"color":"#fff","data":{"first":{"value":"x","color":"#123456"},"number2":{"value":12.5}}}],
			"option":{"sendno":"s","owner":"me","priority":1,"black_id":0},"callback":{"params":{"a":1}},"on_unknown":"resend"}`, 0, ""},
		{"plain openids", `{"aud_wechatoa":["o1"],"msg_wechatoa":[{"sender":"oa1","template_id":"T","data":{}}]}`, 0, ""},
		{"no JSON", `{`, 4004, "body"},
		{"a list", `[]`, 4004, "body"},
		{"an unknown field", `{"aud_wechatoa":["o"],"msg_wechatoa":[],"nick":1}`, 4004, "nick is no field"},
		{"an unknown field inside", official(`"template_id":"T","touser":"o",` + data), 4004, `"touser"`},
		{"SMS", `{"msg_sms":[{}]}`, 1015007, "msg_sms"},
		{"an app's targets", `{"aud_app":[{}]}`, 1015006, "aud_app"},
		{"e-mail", `{"msg_email":[{}]}`, 1015010, "msg_email"},
		{"Alipay", `{"msg_alipay_life":[{}]}`, 1015011, "msg_alipay_life"},
		{"DingTalk", `{"aud_dingtalk_cc":[{}]}`, 1015012, "aud_dingtalk_cc"},
		{"a Mini Program without targets", `{"msg_wechatmp":[{}]}`, 4004, "aud_wechatmp is missing"},
		{"a receipt address of its own", `{"aud_wechatoa":["o1"],"msg_wechatoa":[{"sender":"oa1","template_id":"T","data":{}}],"callback":{"url":"https://7.example/receipts","params":{"a":1}}}`, 0, ""},
		{"somebody else's receipt address", `{"aud_wechatoa":["o1"],"msg_wechatoa":[{"sender":"oa1","template_id":"T","data":{}}],"callback":{"url":"https://8.example/receipts"}}`, 4004, "callback.url is no receipt address"},
		{"a priority of 4", `{"option":{"priority":4}}`, 4004, "option.priority"},
		{"a sendno of 256", `{"option":{"sendno":"` + strings.Repeat("x", 256) + `"}}`, 4004, "at most 255"},
		{"on_unknown", `{"on_unknown":"maybe"}`, 4004, "on_unknown"},
		{"a time without a zone", `{"send_at":"2026-05-06 19:00"}`, 4004, "send_at"},
		{"expired already", `{"aud_wechatoa":["o"],"expire_at":"2020-01-01T00:00:00Z"}`, 4004, "expire_at"},
		{"no targets", `{"msg_wechatoa":[{"template_id":"T","data":{}}]}`, 4004, "aud_wechatoa is missing"},
		{"no message", `{"aud_wechatoa":["o1"]}`, 4004, "msg_wechatoa is missing"},
		{"users and openids", `{"aud_userid":["u"],"aud_wechatoa":["o1"],"msg_wechatoa":[{"template_id":"T","data":{}}]}`, 4004, "must not be mixed"},
		{"1000 openids", `{"aud_wechatoa":[{"data":` + ids(1000) + `}],"msg_wechatoa":[{"sender":"oa1","template_id":"T","data":{}}]}`, 0, ""},
		{"1001 openids", `{"aud_wechatoa":[{"data":` + ids(1001) + `}],"msg_wechatoa":[{"sender":"oa1","template_id":"T","data":{}}]}`, 4004, "1 to 1000"},
		{"1001 openids in two lists", `{"aud_wechatoa":[{"data":` + ids(1000) + `},{"data":["x"]}],"msg_wechatoa":[{"sender":"oa1","template_id":"T","data":{}}]}`, 4004, "more than 1000"},
		{"1000 users", `{"aud_userid":` + ids(1000) + `,"msg_wechatoa":[{"sender":"oa1","template_id":"T","data":{}}]}`, 0, ""},
		{"1001 users", `{"aud_userid":` + ids(1001) + `,"msg_wechatoa":[{"sender":"oa1","template_id":"T","data":{}}]}`, 1015004, "at most 1000"},
		{"a userid of 65", `{"aud_userid":["` + strings.Repeat("x", 65) + `"],"msg_wechatoa":[{"sender":"oa1","template_id":"T","data":{}}]}`, 4004, "aud_userid[0]"},
		{"a userid with a blank", users(`"aud_userid":["a b"]`), 4004, "aud_userid[0] has illegal characters"},
		{"a tag with a blank", users(`"aud_tag":["ok","a b"]`), 4004, "aud_tag[1] has a tag with illegal characters"},
		{"a Chinese tag", users(`"aud_tag":["贵宾_1"]`), 0, ""},
		{"null for what is left out", users(`"aud_userid":["u-1"],"aud_tag":null,"aud_segment":null,"aud_sms":null,"msg_app":null,"rule_id":null,"option":null,"callback":null,
			"send_at":null,"expire_at":null,"on_unknown":null`), 0, ""},
		{"null for an unknown field", users(`"aud_userid":["u-1"],"nick":null`), 4004, "nick is no field"},
		{"a sendno that is a number", users(`"aud_userid":["u-1"],"option":{"sendno":12}`), 4004, "option.sendno is a JSON number: want a text"},
		{"a segment that is a number", users(`"aud_segment":[12]`), 4004, "aud_segment[0] is a JSON number: want a text"},
		{"targets of a kind without a message", `{"aud_wechatoa":["o1"],"aud_wechatmp":["m1"],"msg_wechatoa":[{"sender":"oa1","template_id":"T","data":{}}]}`, 4004, "msg_wechatmp is missing"},
		{"no openids", `{"aud_wechatoa":[{"data":[]}],"msg_wechatoa":[{"template_id":"T","data":{}}]}`, 4004, "aud_wechatoa[0].data"},
		{"an openid with a blank", `{"aud_wechatoa":["o 1"],"msg_wechatoa":[{"template_id":"T","data":{}}]}`, 4004, "aud_wechatoa[0].data[0]"},
		{"two senders and none named", `{"aud_wechatoa":["o1"],"msg_wechatoa":[{"template_id":"T","data":{}}]}`, 4004, "sender is needed"},
		{"somebody else's sender", `{"aud_wechatoa":["o1"],"msg_wechatoa":[{"sender":"oa3","template_id":"T","data":{}}]}`, 1015008, "not granted"},
		{"no such sender", `{"aud_wechatoa":["o1"],"msg_wechatoa":[{"sender":"oa9","template_id":"T","data":{}}]}`, 1015008, "not granted"},
		{"a sender twice", `{"aud_wechatoa":["o1"],"msg_wechatoa":[{"sender":"oa1","template_id":"T","data":{}},{"sender":"oa1","template_id":"T","data":{}}]}`, 4004, "one message per sender"},
		{"targets of no message", `{"aud_wechatoa":[{"sender":"oa2","data":["o1"]}],"msg_wechatoa":[{"sender":"oa1","template_id":"T","data":{}}]}`, 4004, "aud_wechatoa[0].sender"},
		{"a message without targets", `{"aud_wechatoa":[{"sender":"oa1","data":["o1"]}],"msg_wechatoa":[{"sender":"oa1","template_id":"T","data":{}},{"sender":"oa2","template_id":"T","data":{}}]}`, 4004, "msg_wechatoa[1] has no targets"},
		{"type 5", official(`"type":5,"page":"x","template_id":"T",` + data), 4004, "msg_wechatoa[0].type"},
		{"no template", official(data), 4004, "template_id"},
		{"no data", official(`"template_id":"T"`), 4004, "msg_wechatoa[0].data is missing"},
		{"data without a value", official(`"template_id":"T","data":{"first":{}}`), 4004, "data.first.value"},
		{"an object as a value", official(`"template_id":"T","data":{"first":{"value":{}}}`), 4004, "data.first.value"},
		{"a link of another kind", official(`"template_id":"T","url":"javascript:alert(1)",` + data), 4004, "http://"},
		{"a Mini Program without AppID", official(`"template_id":"T","miniprogram":{"pagepath":"p"},` + data), 4004, "miniprogram.appid"},
		{"a thing of 20", parameter("thing1", strings.Repeat("字", 20)), 0, ""},
		{"a thing of 21", parameter("thing1", strings.Repeat("字", 21)), 4004, "at most 20 for thing"},
		{"an empty thing", parameter("thing1", ""), 4004, "is empty"},
		{"a character_string of 32", parameter("character_string1", strings.Repeat("x", 32)), 0, ""},
		{"a character_string of 33", parameter("character_string1", strings.Repeat("x", 33)), 4004, "at most 32"},
		{"a Chinese character_string", parameter("character_string1", "单号1"), 4004, "no Chinese"},
		{"a time", parameter("time4", "2025年6月1日 15:01"), 0, ""},
		{"a day without a time", parameter("time4", "2025年6月1日"), 4004, "24-hour"},
		{"an amount", parameter("amount3", "¥39.80"), 0, ""},
		{"an amount in yuan", parameter("amount3", "123456789012.5元"), 0, ""},
		{"an amount of 13 digits", parameter("amount3", "1234567890123"), 4004, "12 digits"},
		{"a phone number of 17", parameter("phone_number1", "+86-0766-66888866"), 0, ""},
		{"a phone number of 18", parameter("phone_number1", "+86-0766-668888661"), 4004, "at most 17"},
		{"an empty const", parameter("const1", ""), 0, ""},
		{"a car number of 9", parameter("car_number1", "粤A12345678"), 4004, "at most 8"},
		{"a keyword of any length", parameter("keyword1", strings.Repeat("字", 300)), 0, ""},
		{"a free name of any length", parameter("orderName", strings.Repeat("字", 300)), 0, ""},
	}
	h := newHouse(t, sqltest.Source(t, "sqlite"))
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r, err := h.room.Accept(context.Background(), shop, "/v1/sent", "", []byte(c.body))
			if c.words == "" {
				if err != nil || r.MsgID == "" {
					t.Fatalf("refused: %v", err)
				}
				return
			}
			var refusal *notify.Refusal
			if !errors.As(err, &refusal) || refusal.Code != c.code || !strings.Contains(err.Error(), c.words) {
				t.Fatalf("got %v, want %d with %q", err, c.code, c.words)
			}
		})
	}
}

func TestAClientWithOneSenderNeedNotNameIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t, sqltest.Source(t, "sqlite"))
	b := []byte(`{"aud_wechatoa":["o1"],"msg_wechatoa":[{"template_id":"T","data":{"first":{"value":"x","color":"#fff"}}}],"option":{"sendno":"n-1"}}`)
	r, err := h.room.Accept(context.Background(), notify.Client{ID: 8, Senders: []string{"oa2"}}, "/v1/sent", "", b)
	if err != nil || r.SendNo != "n-1" || len(r.Warnings) != 1 {
		t.Fatalf("%+v %v", r, err)
	}
	_, err = h.room.Accept(context.Background(), notify.Client{ID: 9}, "/v1/sent", "", b)
	var refusal *notify.Refusal
	if !errors.As(err, &refusal) || refusal.Code != 1015008 {
		t.Fatalf("without a sender: %v", err)
	}
	if _, err := h.room.Message(context.Background(), shop, r.MsgID); err == nil {
		t.Error("another client sees the message")
	}
	if list, err := h.room.Messages(context.Background(), notify.Client{All: true}, false, 0, 10); err != nil || len(list) != 1 {
		t.Errorf("an administrator sees %d messages, %v", len(list), err)
	}
}

func TestAnIdempotencyKeyIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		ctx := context.Background()
		b := body("o1")
		first, err := h.room.Accept(ctx, shop, "/v1/sent", "k1", b)
		if err != nil || first.Again {
			h.t.Fatalf("%+v %v", first, err)
		}
		again, err := h.room.Accept(ctx, shop, "/v1/sent", "k1", b)
		if err != nil || !again.Again || again.MsgID != first.MsgID {
			h.t.Errorf("the same again: %+v %v", again, err)
		}
		if _, err := h.room.Accept(ctx, shop, "/v1/sent", "k1", body("o2")); !errors.Is(err, notify.ErrOtherBody) {
			h.t.Errorf("another body: %v", err)
		}
		other := notify.Client{ID: 8, Senders: shop.Senders}
		if r, err := h.room.Accept(ctx, other, "/v1/sent", "k1", b); err != nil || r.MsgID == first.MsgID {
			h.t.Errorf("another client: %+v %v", r, err)
		}
		if r, err := h.room.Accept(ctx, shop, "/v1/other", "k1", b); err != nil || r.MsgID == first.MsgID {
			h.t.Errorf("another path: %+v %v", r, err)
		}
		if _, err := h.room.Accept(ctx, shop, "/v1/sent", "k2", []byte(`{}`)); err == nil {
			h.t.Error("an empty request was accepted")
		}
		if r, err := h.room.Accept(ctx, shop, "/v1/sent", "k2", b); err != nil || r.Again {
			h.t.Errorf("after a refusal: %+v %v", r, err)
		}
		if n, err := h.room.ForgetDue(ctx); err != nil || n != 0 {
			h.t.Errorf("%d fresh keys forgotten, %v", n, err)
		}
		time.Sleep(2 * time.Millisecond) // older than nothing
		if n, err := h.store.Forget(ctx, 0, 100); err != nil || n != 4 {
			h.t.Errorf("%d keys forgotten, %v", n, err)
		}
	})
}

func TestAKeyUsedAtTwoReplicasAtOnceMakesOneMessage(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		other := h.elsewhere()
		for round := range 5 {
			var wait sync.WaitGroup
			var mu sync.Mutex
			ids := map[string]int{}
			for i := range 24 {
				room := []*notify.Room{h.room, other}[i%2]
				wait.Go(func() {
					r, err := room.Accept(context.Background(), shop, "/v1/sent", fmt.Sprint("key", round, i%3), body("o1"))
					if err != nil {
						h.t.Error(err)
					}
					mu.Lock()
					defer mu.Unlock()
					ids[r.MsgID]++
				})
			}
			wait.Wait()
			if len(ids) != 3 {
				h.t.Fatalf("3 keys made %v", ids)
			}
		}
		list, err := h.room.Messages(context.Background(), shop, false, 0, 100)
		if err != nil || len(list) != 15 {
			h.t.Errorf("%d messages, %v", len(list), err)
		}
	})
}

func TestAKeyInProgressIsWaitedForAndThenRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, sqltest.Source(t, "sqlite"))
	stuck := &stuckStore{Store: h.store, begun: make(chan struct{}), free: make(chan struct{})}
	room := h.replica(func(c *notify.Config) { c.Store = stuck })
	var wait sync.WaitGroup
	wait.Go(func() { _, _ = room.Accept(context.Background(), shop, "/v1/sent", "k", body("o1")) })
	<-stuck.begun
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if _, err := room.Accept(ctx, shop, "/v1/sent", "k", body("o1")); !errors.Is(err, notify.ErrInProgress) {
		t.Errorf("while the first is in progress: %v", err)
	}
	close(stuck.free)
	wait.Wait()
	if r, err := room.Accept(context.Background(), shop, "/v1/sent", "k", body("o1")); err != nil || !r.Again {
		t.Errorf("after the first: %+v %v", r, err)
	}
}

// stuckStore waits in Add until it is freed.
type stuckStore struct {
	notify.Store
	begun, free chan struct{}
}

func (s *stuckStore) Add(ctx context.Context, d *notify.Draft) (notify.MsgID, bool, error) {
	close(s.begun)
	<-s.free
	return s.Store.Add(ctx, d)
}

func TestAMsgIDIsItsOwnAndCannotBeGuessed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, sqltest.Source(t, "sqlite"))
	msgID := h.accept(body("o1"))
	id, err := notify.ParseMsgID(msgID)
	if err != nil || id.String() != msgID || len(msgID) > 24 {
		t.Fatalf("%s: %+v %v", msgID, id, err)
	}
	id.Nonce ^= 1
	for _, text := range []string{id.String(), "", "x", "v:1t:1603707455p:27133n:2", msgID + "0", strings.ToUpper(msgID) + "!", "0" + msgID} {
		if _, err := h.room.Message(context.Background(), shop, text); err == nil {
			t.Errorf("%q names a message", text)
		}
	}
}

func FuzzAcceptNeverPanics(f *testing.F) {
	f.Add(official(`"template_id":"T","data":{"thing1":{"value":"x"}}`))
	f.Add(`{"aud_userid":["u"],"option":null,"callback":{"params":[]},"send_at":1}`)
	f.Add(`{"aud_wechatoa":[null],"msg_wechatoa":[null]}`)
	h := newHouse(f, sqltest.Source(f, "sqlite"))
	f.Fuzz(func(t *testing.T, body string) {
		_, err := h.room.Accept(context.Background(), shop, "/v1/sent", "", []byte(body))
		var refusal *notify.Refusal
		if err != nil && !errors.As(err, &refusal) {
			t.Fatalf("%q: %v", body, err)
		}
	})
}
