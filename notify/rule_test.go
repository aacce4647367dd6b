package notify_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"wechattpp/audience"
	"wechattpp/notify"
	"wechattpp/sql/sqltest"
)

// twoShops registers users with an openid at both senders: a0 at oa1 and b0 at
// oa2 for u0. The last has none at oa1.
func (h *house) twoShops(n int) {
	h.t.Helper()
	var list []string
	for i := range n {
		first := fmt.Sprintf(`"oa1":"a%d",`, i)
		if i == n-1 {
			first = ""
		}
		list = append(list, fmt.Sprintf(`{"userid":"u%d","set":{"wechatoa":{%s"oa2":"b%d"}}}`, i, first, i))
	}
	report, err := h.users.Opt(context.Background(), audience.Writer{Senders: shop.Senders}, []byte("["+strings.Join(list, ",")+"]"))
	if err != nil || len(report.Fail) > 0 {
		h.t.Fatal(err, report.Fail)
	}
}

func (h *house) rule(goOn []string, wait time.Duration) int64 {
	h.t.Helper()
	r, err := h.room.SaveRule(context.Background(), shop, notify.Rule{Name: "first oa2, then oa1",
		Steps: []notify.Step{{Sender: "oa2", GoOn: goOn, Wait: wait}, {Sender: "oa1"}}})
	if err != nil {
		h.t.Fatal(err)
	}
	return r.ID
}

func byRule(id int64, users ...string) []byte {
	const say = `{"sender":%q,"template_id":"TPL","data":{"thing1":{"value":"x"}}}`
	return fmt.Appendf(nil, `{"aud_userid":["%s"],"rule_id":%d,"msg_wechatoa":[%s,%s]}`,
		strings.Join(users, `","`), id, fmt.Sprintf(say, "oa1"), fmt.Sprintf(say, "oa2"))
}

func TestARuleTriesTheNextSenderOnlyWhereTheFirstFailed(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		h.twoShops(4)
		h.v.answering(func(openid string, _ int) answer {
			if openid == "b1" {
				return answer{Code: 43004, Text: "require subscribe"}
			}
			return answer{}
		})
		id := h.accept(byRule(h.rule(nil, 0), "u0", "u1", "u3", "nobody"))
		m := h.until(h.room, id)
		if m.Target != 8 || m.Counts[notify.Sent] != 3 || m.Counts[notify.Failed] != 1 || m.Counts[notify.Skipped] != 4 {
			h.t.Errorf("target %d, %v", m.Target, m.Counts)
		}
		for openid, want := range map[string]int{"b0": 1, "a0": 0, "b1": 0, "a1": 1, "b3": 1} {
			if got := h.v.got(openid); got != want {
				h.t.Errorf("%s got %d messages, want %d", openid, got, want)
			}
		}
		for _, r := range h.recipients(id) {
			if r.UserID == "u0" && r.Sender == "oa1" && r.Text != "not needed: sent by oa2" {
				h.t.Errorf("who reached u0: %q", r.Text)
			}
		}
		h.adds(id)
		if _, err := h.room.Retry(context.Background(), shop, id); !errors.Is(err, notify.ErrRuled) {
			h.t.Errorf("retry: %v", err)
		}
	})
}

func TestARuleWaitsForTheDelivery(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		h.twoShops(4)
		id := h.accept(byRule(h.rule([]string{"undelivered", "failed"}, time.Minute), "u0", "u1", "u2"))
		h.send()
		h.send()
		if m := h.message(id); m.Stage != notify.Running || m.Counts[notify.Sent] != 3 || m.Counts[notify.Queued] != 3 {
			h.t.Fatalf("at first: %s %v", m.Stage, m.Counts)
		}
		sent := map[string]notify.Recipient{}
		for _, r := range h.recipients(id) {
			sent[r.Identity] = r
		}
		for openid, delivered := range map[string]bool{"b0": true, "b1": false} {
			_, err := h.room.Outcome(context.Background(), notify.Outcome{AppID: "wxapp2", User: openid, MsgID: sent[openid].VendorMsgID, Delivered: delivered, Status: "failed: user block", At: time.Now()})
			if err != nil {
				h.t.Fatal(err)
			}
		}
		later := func(d time.Duration) { // as if time had passed
			sqltest.Exec(h.t, h.source, `UPDATE recipient SET sent_at = sent_at - ?`, d.Milliseconds())
			sqltest.Exec(h.t, h.source, `UPDATE chunk SET due_at = 1 WHERE queued > 0`)
			h.send()
		}
		later(0)
		if a, b := h.v.got("a0"), h.v.got("a1"); a != 0 || b != 1 {
			h.t.Errorf("the delivered one got %d by the second sender, the failed one %d", a, b)
		}
		if n := h.v.got("a2"); n != 0 {
			h.t.Errorf("whoever waits for a delivery got %d by the second sender already", n)
		}
		later(time.Minute)
		if n := h.v.got("a2"); n != 1 {
			h.t.Errorf("after the wait, the second sender sent %d", n)
		}
		if m := h.message(id); m.Stage != notify.Done {
			h.t.Errorf("%s %v", m.Stage, m.Counts)
		}
		h.adds(id)
	})
}

func TestARuleGoesWithABroadcast(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		h.twoShops(230)
		h.v.answering(func(openid string, _ int) answer {
			if strings.HasPrefix(openid, "b1") {
				return answer{Code: 43004, Text: "require subscribe"}
			}
			return answer{}
		})
		const say = `{"sender":%q,"template_id":"TPL","data":{"thing1":{"value":"x"}}}`
		body := fmt.Sprintf(`{"rule_id":%d,"msg_wechatoa":[%s,%s]}`, h.rule(nil, 0), fmt.Sprintf(say, "oa1"), fmt.Sprintf(say, "oa2"))
		r, err := h.room.Accept(context.Background(), shop, "/v1/broadcast", "", []byte(body))
		if err != nil {
			h.t.Fatal(err)
		}
		h.prepared(h.room)
		m := h.until(h.room, r.MsgID)
		const failed = 1 + 10 + 100 // b1, b10 to b19, b100 to b199
		if m.Target != 460 || m.Counts[notify.Sent] != 230 || m.Counts[notify.Failed] != failed || m.Counts[notify.Skipped] != 230-failed {
			h.t.Errorf("target %d, %v", m.Target, m.Counts)
		}
		for i := range 230 {
			if a, b := h.v.got(fmt.Sprintf("a%d", i)), h.v.got(fmt.Sprintf("b%d", i)); a+b != 1 {
				h.t.Fatalf("u%d got %d and %d messages", i, a, b)
			}
		}
		h.adds(r.MsgID)
	})
}

func TestRulesAreChecked(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		ctx := context.Background()
		two := func(a, b notify.Step) []notify.Step { return []notify.Step{a, b} }
		for want, r := range map[string]notify.Rule{
			"name has 0":                {Steps: two(notify.Step{Sender: "oa1"}, notify.Step{Sender: "oa2"})},
			"steps has 1 senders":       {Name: "x", Steps: []notify.Step{{Sender: "oa1"}}},
			"steps has 9 senders":       {Name: "x", Steps: make([]notify.Step, 9)},
			`steps[1].sender is "oa1"`:  {Name: "x", Steps: two(notify.Step{Sender: "oa1"}, notify.Step{Sender: "oa1"})},
			"steps[1].sender does not":  {Name: "x", Steps: two(notify.Step{Sender: "oa1"}, notify.Step{Sender: "oa3"})},
			"steps[0].go_on[0] must be": {Name: "x", Steps: two(notify.Step{Sender: "oa1", GoOn: []string{"sent"}}, notify.Step{Sender: "oa2"})},
			"steps[0].wait is 59s":      {Name: "x", Steps: two(notify.Step{Sender: "oa1", GoOn: []string{"undelivered"}, Wait: 59 * time.Second}, notify.Step{Sender: "oa2"})},
			"steps[0].wait is for":      {Name: "x", Steps: two(notify.Step{Sender: "oa1", Wait: time.Minute}, notify.Step{Sender: "oa2"})},
		} {
			if _, err := h.room.SaveRule(ctx, shop, r); err == nil || !strings.Contains(err.Error(), want) {
				h.t.Errorf("%v, want %q", err, want)
			}
		}
		id := h.rule(nil, 0)
		for body, want := range map[string]string{
			string(byRule(999, "u1")):                                                   "names no rule",
			string(to(fmt.Sprintf(`"aud_userid":["u"],"rule_id":%d`, id))):              "tries 2 senders",
			string(to(`"aud_userid":["u"],"rule_id":-1`)):                               "rule_id is -1",
			string(to(fmt.Sprintf(`"aud_wechatoa":[{"data":["o"]}],"rule_id":%d`, id))): "",
		} {
			_, err := h.room.Accept(ctx, shop, "/v1/sent", "", []byte(body))
			if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
				h.t.Errorf("%s: %v, want %q", body, err, want)
			}
		}
		if _, err := h.room.Rule(ctx, notify.Client{ID: 8}, id); err == nil {
			h.t.Error("another client read the rule")
		}
	})
}
