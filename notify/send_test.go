package notify_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"wechattpp/audience"
	"wechattpp/notify"
	"wechattpp/sql/sqltest"
)

func TestEveryRecipientGetsTheMessageOnce(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		ids := openids(250)
		msgID := h.accept(body(append(ids, ids[:10]...)...))
		if m := h.message(msgID); m.Stage != notify.Running || m.Target != 250 || m.Counts[notify.Queued] != 250 {
			h.t.Fatalf("after accepting: %+v", m)
		}
		h.send()
		m := h.message(msgID)
		if m.Stage != notify.Done || m.Counts[notify.Sent] != 250 || m.DoneAt.IsZero() {
			h.t.Fatalf("after sending: %+v", m)
		}
		h.once(ids)
		h.adds(msgID)
		if n := h.told("message.done"); n != 1 {
			h.t.Errorf("message.done was told %d times", n)
		}
		if n := h.told("recipient.sent"); n != 3 {
			h.t.Errorf("recipient.sent was told by %d lines for 3 chunks", n)
		}
		for _, r := range h.recipients(msgID) {
			if r.VendorMsgID < 1<<53 || r.Sender != "oa1" || r.SentAt.IsZero() || r.Attempt != 1 {
				h.t.Fatalf("recipient %+v", r)
			}
		}
		if most := h.v.most.Load(); most > 16 {
			h.t.Errorf("%d calls at once for one account", most)
		}
	})
}

func TestUsersAreResolvedAndThoseWithoutAnIdentityAreSkipped(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		users := `[{"userid":"u1","set":{"oa1":"o1"}},{"userid":"u2","set":{"oa2":"o2"}},{"userid":"u3","set":{"oa1":"o1"}}]`
		if r, err := h.users.Opt(context.Background(), audience.Writer{All: true}, []byte(users)); err != nil || len(r.Fail) > 0 {
			h.t.Fatalf("%+v %v", r, err)
		}
		message := `{"aud_userid":["u1","u2","u3","nobody"],"msg_wechatoa":[{"sender":"oa1","template_id":"T","data":{}}]}`
		msgID := h.accept([]byte(message))
		h.send()
		if got := fmt.Sprint(h.states(msgID)); got != "map[nobody:skipped o1:sent u2:skipped]" {
			h.t.Errorf("states %s", got)
		}
		if n := h.v.got("o1"); n != 1 {
			h.t.Errorf("two users with one openid: %d messages", n)
		}
		h.adds(msgID)

		none := h.accept([]byte(strings.Replace(message, `"u1","u2","u3",`, "", 1)))
		if m := h.message(none); m.Stage != notify.Done || m.Counts[notify.Skipped] != 1 {
			h.t.Errorf("a message for nobody: %+v", m)
		}
	})
}

func TestErrorsEndInTheStateTheirClassSays(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, state string
		answer      answer
		code        int
	}{
		{"a follower", "sent", answer{}, 0},
		{"no follower", "failed", answer{Code: 43004}, 43004},
		{"a bad value", "failed", answer{Code: 47003, Text: "argument invalid! data.thing1.value invalid rid: 1-2-3"}, 47003},
		{"a wrong openid", "failed", answer{Code: 40003}, 40003},
		{"a code nobody documents", "failed", answer{Code: 999999}, 999999},
		{"a punished account", "queued", answer{Code: 48004}, 0},
		{"a missing permission set", "queued", answer{Code: 61007}, 0},
		{"a withdrawn account", "queued", answer{Code: 61003}, 0},
		{"a quota of the minute", "queued", answer{Code: 45011}, 0},
		{"a quota of the day", "queued", answer{Code: 45009}, 0},
		{"busy", "sending", answer{Code: -1}, 0},
		{"a broken gateway", "sending", answer{Status: 502}, 0},
		{"a reset after processing", "sending", answer{Drop: true, Taken: true}, 0},
	}
	h := newHouse(t, sqltest.Source(t, "sqlite"))
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h.t = t
			h.v.answering(func(string, int) answer { return c.answer })
			msgID := h.accept(body("o1"))
			h.send()
			r := h.recipients(msgID)[0]
			if r.State.String() != c.state || c.code != 0 && r.Code != c.code {
				t.Errorf("state %s, code %d (%s), want %s", r.State, r.Code, r.Text, c.state)
			}
			h.adds(msgID)
			h.v.answering(nil)
			h.resumeAll()
		})
	}
}

// resumeAll ends the pauses of all senders.
func (h *house) resumeAll() {
	h.t.Helper()
	for _, code := range []string{"oa1", "oa2"} {
		id, _, _, err := h.senders.Find(context.Background(), code)
		if err != nil {
			h.t.Fatal(err)
		}
		if err := h.store.Resume(context.Background(), id); err != nil {
			h.t.Fatal(err)
		}
	}
}

func TestAMessageThatIsWrongForEveryoneStops(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		h.v.answering(func(string, int) answer { return answer{Code: 40037} })
		msgID := h.accept(body(openids(1000)...))
		m := h.until(h.room, msgID)
		if m.Counts[notify.Failed] != 1000 {
			h.t.Errorf("counts %v", m.Counts)
		}
		calls := 0
		for _, n := range h.v.calls {
			calls += n
		}
		if calls > 64 {
			h.t.Errorf("%d calls for a template that is wrong", calls)
		}
		for _, r := range h.recipients(msgID) {
			if r.Code != 40037 {
				h.t.Fatalf("recipient %+v", r)
			}
		}
		h.adds(msgID)
	})
}

func TestADoubtfulCallIsRepeatedUnderItsOwnIDAndArrivesOnce(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		h.v.answering(func(_ string, n int) answer {
			if n <= 2 {
				return answer{Drop: true, Taken: n == 1}
			}
			return answer{}
		})
		ids := openids(5)
		msgID := h.accept(body(ids...))
		if m := h.until(h.room, msgID); m.Counts[notify.Sent] != 5 {
			h.t.Errorf("counts %v", m.Counts)
		}
		h.once(ids)
		h.adds(msgID)
	})
}

func TestAThrottledSenderSlowsNoOther(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		h.v.answering(func(openid string, _ int) answer {
			if strings.HasPrefix(openid, "slow") {
				return answer{Code: 45009, Text: "reach max api daily quota limit"}
			}
			return answer{}
		})
		slow := make([]string, 600)
		for i := range slow {
			slow[i] = fmt.Sprintf("slow%d", i)
		}
		first := h.accept(body(slow...))
		second := h.accept(bodyBy("oa2", openids(300)...))
		start := time.Now()
		h.send()
		if m := h.message(second); m.Counts[notify.Sent] != 300 {
			h.t.Errorf("the other sender: %v after %s", m.Counts, time.Since(start))
		}
		if m := h.message(first); m.Counts[notify.Queued] != 600 {
			h.t.Errorf("the throttled sender: %v", m.Counts)
		}
		calls := 0
		for o, n := range h.v.calls {
			if strings.HasPrefix(o, "slow") {
				calls += n
			}
		}
		if calls > 64 {
			h.t.Errorf("%d calls to a throttled account", calls)
		}
		later := h.accept(body("slow9999"))
		h.send()
		if n := h.v.calls["slow9999"]; n != 0 {
			h.t.Errorf("a paused account was called %d times", n)
		}
		if n := h.told("account.health"); n != 1 {
			h.t.Errorf("the pause was told %d times", n)
		}
		h.adds(first)
		h.adds(later)
	})
}

func TestAfterAPauseOneRecipientIsTriedFirst(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		id, _, _, err := h.senders.Find(context.Background(), "oa1")
		if err != nil {
			h.t.Fatal(err)
		}
		pause := notify.Pause{SenderID: id, Sender: "oa1", AppID: "wxapp1", For: time.Millisecond, Reason: "day", Detail: "x"}
		if err := h.store.Pause(context.Background(), pause); err != nil {
			h.t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond) // the pause is over
		h.v.answering(func(string, int) answer { return answer{Code: 45009} })
		msgID := h.accept(body(openids(300)...))
		h.send()
		if len(h.v.calls) != 1 {
			h.t.Errorf("%d recipients were tried", len(h.v.calls))
		}
		h.adds(msgID)
		pause.For = time.Millisecond
		if err := h.store.Pause(context.Background(), pause); err != nil {
			h.t.Fatal(err)
		}
		h.v.answering(nil)
		m := h.until(h.room, h.accept(body("later")))
		if m.Counts[notify.Sent] != 1 {
			h.t.Errorf("counts %v", m.Counts)
		}
		if n := sqltest.Number(h.t, h.source, `SELECT COUNT(*) FROM sender_pause`); n != 0 {
			h.t.Errorf("%d pauses are left", n)
		}
	})
}

func TestAnAccountThatWithdrewIsNotCalledAndItsRecipientsWait(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		msgID := h.accept(body(openids(3)...))
		h.away.Store("wxapp1", true)
		time.Sleep(1100 * time.Millisecond) // longer than the sender's word is believed
		h.send()
		if len(h.v.calls) != 0 {
			h.t.Errorf("calls %v", h.v.calls)
		}
		if m := h.message(msgID); m.Counts[notify.Queued] != 3 {
			h.t.Errorf("counts %v", m.Counts)
		}
		_, err := h.room.Accept(context.Background(), shop, "/v1/sent", "", body("o1"))
		var refusal *notify.Refusal
		if !errors.As(err, &refusal) || refusal.Code != 1015008 {
			h.t.Errorf("a new request: %v", err)
		}
		h.away.Delete("wxapp1")
		if m := h.until(h.room, msgID); m.Counts[notify.Sent] != 3 {
			h.t.Errorf("after coming back: %v", m.Counts)
		}
	})
}

func TestAWithdrawalInTheMiddleStopsWithinTwoSeconds(t *testing.T) {
	t.Parallel()
	h := newHouse(t, sqltest.Source(t, "sqlite"), func(c *notify.Config) { c.PerSender = 2 })
	h.v.answering(func(string, int) answer { return answer{Wait: 50 * time.Millisecond} })
	msgID := h.accept(body(openids(1000)...))
	var wait sync.WaitGroup
	wait.Go(h.send)
	time.Sleep(300 * time.Millisecond)
	h.away.Store("wxapp1", true)
	gone := time.Now()
	wait.Wait()
	if d := time.Since(gone); d > 2*time.Second {
		t.Errorf("still sending %s after the withdrawal", d)
	}
	m := h.message(msgID)
	if m.Counts[notify.Sent] == 0 || m.Counts[notify.Queued] == 0 || m.Counts[notify.Sent]+m.Counts[notify.Queued] != 1000 {
		t.Errorf("counts %v", m.Counts)
	}
}

func TestRecipientsNotHandedOverInTimeExpire(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		soon := time.Now().Add(1500 * time.Millisecond)
		msgID := h.accept(with(body(openids(120)...), map[string]any{"expire_at": soon.Format(time.RFC3339Nano)}))
		h.v.answering(func(string, int) answer { return answer{Code: 45009} })
		h.send()
		if m := h.message(msgID); m.Counts[notify.Queued] != 120 {
			h.t.Fatalf("before: %v", m.Counts)
		}
		m := h.until(h.room, msgID)
		if m.Counts[notify.Expired] != 120 || time.Now().Before(soon) {
			h.t.Errorf("after: %v", m.Counts)
		}
		h.adds(msgID)
	})
}

func TestAScheduledMessageWaits(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		later := time.Now().Add(1200 * time.Millisecond)
		msgID := h.accept(with(body("o1"), map[string]any{"send_at": later.Format(time.RFC3339Nano)}))
		h.send()
		if m := h.message(msgID); m.Stage != notify.Scheduled || len(h.v.calls) != 0 {
			h.t.Fatalf("before its time: %s, calls %v", m.Stage, h.v.calls)
		}
		if m := h.until(h.room, msgID); m.Counts[notify.Sent] != 1 || time.Now().Before(later) {
			h.t.Errorf("counts %v", m.Counts)
		}
	})
}

func TestTwoWorkersOnOneDatabaseSendEachOnce(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		ids := openids(1000)
		var messages []string
		for i := 0; i < len(ids); i += 200 {
			messages = append(messages, h.accept(body(ids[i:i+150]...)))
			for _, o := range ids[i+150 : i+200] {
				messages = append(messages, h.accept(body(o)))
			}
		}
		other := h.replica()
		var wait sync.WaitGroup
		for _, room := range []*notify.Room{h.room, other} {
			wait.Go(func() {
				if _, err := room.SendDue(context.Background()); err != nil {
					h.t.Error(err)
				}
			})
		}
		wait.Wait()
		for _, m := range messages {
			h.until(h.room, m)
			h.adds(m)
		}
		h.once(ids)
		if n := h.told("message.done"); n != int64(len(messages)) {
			h.t.Errorf("message.done told %d times for %d messages", n, len(messages))
		}
	})
}

func TestStoppingFinishesTheCallsUnderWayAndGivesTheRestBack(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		h.v.answering(func(string, int) answer { return answer{Wait: 100 * time.Millisecond} })
		ids := openids(200)
		msgID := h.accept(body(ids...))
		ctx, cancel := context.WithTimeout(context.Background(), 150*time.Millisecond)
		defer cancel()
		if _, err := h.room.SendDue(ctx); err != nil {
			h.t.Fatal(err)
		}
		m := h.message(msgID)
		if m.Counts[notify.Sending] != 0 || m.Counts[notify.Sent] == 0 || m.Counts[notify.Queued] == 0 {
			h.t.Errorf("after stopping: %v", m.Counts)
		}
		h.v.answering(nil)
		h.until(h.replica(), msgID)
		h.once(ids)
	})
}
