package notify_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"wechattpp/notify"
	"wechattpp/simulator"
	"wechattpp/sql/sqltest"
	"wechattpp/wechat"
)

// Bodies of three calls of one account.
const (
	byTemplate = `{"aud_wechatoa":[{"sender":"oa1","data":["oSubscriber"]}],"msg_wechatoa":[{"sender":"oa1","template_id":"TPL","data":{"thing1":{"value":"x"}}}]}`
	byNotice   = `{"aud_wechatoa":[{"sender":"oa1","data":["oSubscriber"]}],"msg_wechatoa":[{"sender":"oa1","type":1,"template_id":"PRI","data":{"thing1":{"value":"x"},"time2":{"value":"15:01"}}}]}`
	byCustomer = `{"aud_wechatoa":[{"sender":"oa1","data":["oSubscriber"]}],"msg_wechatoa":[{"sender":"oa1","type":3,"msgtype":"text","text":{"content":"hi"}}]}`
)

func TestARefusedCallHoldsUpNoOtherOfItsAccount(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			for _, c := range []struct {
				path, body, finding string
				code                int
				feature             notify.Feature
			}{
				{"message/subscribe/bizsend", byNotice, "permission_missing [89]", 61007, notify.Notices},
				{"message/custom/send", byCustomer, "permission_missing [1]", 48001, notify.Customers},
				{"message/template/send", byTemplate, "permission_missing [7]", 61007, notify.Templates},
				{"message/custom/send", byCustomer, "quota_used_up []", 45009, notify.Customers},
				{"message/custom/send", byCustomer, "account_limited []", 48004, notify.Customers},
				{"message/subscribe/bizsend", byNotice, "", 45011, notify.Notices},
			} {
				w := played(t, kind)
				w.agrees("wxapp1", subscriber)
				if err := w.sim.Talk("wxapp1", subscriber); err != nil {
					t.Fatal(err)
				}
				if err := w.sim.Fail(simulator.Fault{Path: "/cgi-bin/" + c.path, Code: c.code, Times: -1}); err != nil {
					t.Fatal(err)
				}
				held := w.taken(c.body)
				w.send()
				later := w.taken(c.body)
				w.send()
				for name, body := range map[string]string{"template": byTemplate, "notice": byNotice, "customer": byCustomer} {
					if body == c.body {
						continue
					}
					if r := w.sent(body)[subscriber]; r.State != notify.Sent {
						t.Errorf("%d of %s: a %s is %+v", c.code, c.path, name, r)
					}
				}
				calls := w.sim.Calls().Paths["/cgi-bin/"+c.path]
				for _, id := range []string{held, later} {
					if m := w.message(id); m.Counts[notify.Queued] != 1 {
						t.Errorf("%d of %s: %v", c.code, c.path, m.Counts)
					}
				}
				if calls != 1 {
					t.Errorf("%d of %s: %d calls", c.code, c.path, calls)
				}
				if found := strings.Join(sqltest.Texts(t, w.source, `SELECT CONCAT(code, ' ', sets) FROM finding`), ", "); strings.ReplaceAll(found, "null", "[]") != c.finding {
					t.Errorf("%d of %s: found %s", c.code, c.path, found)
				}
				w.sim.ClearFaults()
				w.over(c.feature)
				w.until(w.room, held)
				w.until(w.room, later)
				if n := sqltest.Number(t, w.source, `SELECT (SELECT COUNT(*) FROM finding) + (SELECT COUNT(*) FROM feature_pause) + (SELECT COUNT(*) FROM sender_pause)`); n != 0 {
					t.Errorf("%d of %s: %d pauses and findings are left", c.code, c.path, n)
				}
			}
		})
	}
}

// over ends the time of a pause, and brings its chunks forward.
func (w *world) over(f notify.Feature) {
	w.t.Helper()
	id, _, _, err := w.senders.Find(context.Background(), "oa1")
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.store.Pause(context.Background(), notify.Pause{SenderID: id, Feature: f, Sender: "oa1", AppID: "wxapp1", For: time.Millisecond, Reason: "minute"}); err != nil {
		w.t.Fatal(err)
	}
	sqltest.Exec(w.t, w.source, `UPDATE chunk SET due_at = 1 WHERE due_at IS NOT NULL`)
}

func TestWhatIsWrongWithTheAccountHoldsUpAllItsCalls(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := played(t, kind)
			w.agrees("wxapp1", subscriber)
			if err := w.sim.Fail(simulator.Fault{Path: "/cgi-bin/message", Code: 50002, Times: -1}); err != nil {
				t.Fatal(err)
			}
			first := w.taken(byTemplate)
			w.send()
			second := w.taken(byNotice)
			w.send()
			if n := w.sim.Calls().Paths["/cgi-bin/message/subscribe/bizsend"]; n != 0 {
				t.Errorf("the other call was made %d times", n)
			}
			w.sim.ClearFaults()
			w.over(notify.Whole)
			w.until(w.room, first)
			w.until(w.room, second)
		})
	}
}

func TestAPauseThatNobodyWaitsForIsForgottenWithItsFinding(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := played(t, kind)
			ctx := context.Background()
			id, _, _, err := w.senders.Find(ctx, "oa1")
			if err != nil {
				t.Fatal(err)
			}
			refused := wechat.Cause{Class: wechat.ClassPermission, Code: 61007}
			for _, f := range []notify.Feature{notify.Whole, notify.Notices} {
				if err := w.store.Pause(ctx, notify.Pause{SenderID: id, Feature: f, Needs: 89 * min(1, int(f)), Sender: "oa1", AppID: "wxapp1", For: time.Minute, Reason: "account", Cause: refused}); err != nil {
					t.Fatal(err)
				}
			}
			if sets := sqltest.Texts(t, w.source, `SELECT sets FROM finding`); fmt.Sprint(sets) != "[[7,89]]" {
				t.Errorf("sets of both: %v", sets)
			}
			if n, err := w.store.ForgetPauses(ctx, time.Hour, 10); n != 0 || err != nil {
				t.Errorf("%d forgotten before their time, %v", n, err)
			}
			sqltest.Exec(t, w.source, `UPDATE feature_pause SET until_at = 1`)
			if _, err := w.room.ForgetDue(ctx); err != nil {
				t.Fatal(err)
			}
			if sets := sqltest.Texts(t, w.source, `SELECT sets FROM finding`); fmt.Sprint(sets) != "[[7]]" {
				t.Errorf("left: %v", sets)
			}
			sqltest.Exec(t, w.source, `UPDATE sender_pause SET until_at = 1`)
			if _, err := w.room.ForgetDue(ctx); err != nil {
				t.Fatal(err)
			}
			if n := sqltest.Number(t, w.source, `SELECT COUNT(*) FROM finding`); n != 0 {
				t.Errorf("%d findings are left", n)
			}
		})
	}
}
