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
		if err := h.store.Resume(context.Background(), notify.Line{SenderID: id}); err != nil {
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
		other := h.elsewhere()
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
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		h.v.answering(func(string, int) answer { cancel(); return answer{Wait: 100 * time.Millisecond} }) // the first call under way is the end
		ids := openids(200)
		msgID := h.accept(body(ids...))
		if _, err := h.room.SendDue(ctx); err != nil && !errors.Is(err, context.Canceled) {
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
