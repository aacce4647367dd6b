package notify_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"wechattpp/notify"
	"wechattpp/sql/sqltest"
)

// outcome is WeChat's word on openid's message by account wxapp1.
func outcome(openid string, msgID int64, delivered bool) notify.Outcome {
	o := notify.Outcome{AppID: "wxapp1", User: openid, MsgID: msgID, Delivered: delivered, Status: "success", At: time.Now()}
	if !delivered {
		o.Status = "failed:user block"
	}
	return o
}

func (h *house) outcome(o notify.Outcome) {
	h.t.Helper()
	if _, err := h.room.Outcome(context.Background(), o); err != nil {
		h.t.Fatalf("outcome %+v: %v", o, err)
	}
}

func TestOutcomesJoinTheirSends(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		ids := []string{"good", "blocked", "silent"}
		msgID := h.accept(body(ids...))
		h.send()
		for range 3 { // repeated ones do no harm
			h.outcome(outcome("good", h.v.msgID("good"), true))
			h.outcome(outcome("blocked", h.v.msgID("blocked"), false))
		}
		h.outcome(outcome("good", h.v.msgID("good"), false)) // nor does one that says otherwise later
		if s := h.states(msgID); s["good"] != "delivered" || s["blocked"] != "failed" || s["silent"] != "sent" {
			h.t.Errorf("states %v", s)
		}
		for _, r := range h.recipients(msgID) {
			if r.Identity == "blocked" && r.Text != "failed:user block" {
				h.t.Errorf("the reason is %q", r.Text)
			}
		}
		h.adds(msgID)
		for kind, want := range map[string]int64{"recipient.delivered": 1, "recipient.failed": 1, "message.done": 1} {
			if n := h.told(kind); n != want {
				h.t.Errorf("%s was told %d times, want %d", kind, n, want)
			}
		}
	})
}

func TestAnOutcomeOfAnotherAccountOrOpenidChangesNothing(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		msgID := h.accept(body("o1", "O1"))
		h.send()
		other := outcome("o1", h.v.msgID("o1"), true)
		other.AppID = "wxapp2"
		h.outcome(other)
		h.outcome(outcome("O1", h.v.msgID("o1"), true)) // openids differ in case
		h.outcome(outcome("nobody", 4711, true))
		if s := h.states(msgID); s["o1"] != "sent" || s["O1"] != "sent" {
			h.t.Errorf("states %v", s)
		}
	})
}

func TestAnOutcomeWithoutAKnownIDNeedsExactlyOneSendThatFits(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		msgID := h.accept(body("one"))
		twice := []string{h.accept(body("two")), h.accept(body("two"))}
		h.send()
		old := outcome("one", 0, true)
		old.At = time.Now().Add(-11 * time.Minute)
		h.outcome(old)
		if s := h.states(msgID)["one"]; s != "sent" {
			h.t.Errorf("eleven minutes away: %s", s)
		}
		h.outcome(outcome("one", 77, true)) // an id that is not the one we were given
		if s := h.states(msgID)["one"]; s != "sent" {
			h.t.Errorf("with another id: %s", s)
		}
		old.At = time.Now().Add(-9 * time.Minute)
		h.outcome(old)
		if s := h.states(msgID)["one"]; s != "delivered" {
			h.t.Errorf("nine minutes away: %s", s)
		}
		h.outcome(outcome("two", 0, true))
		for _, m := range twice {
			if s := h.states(m)["two"]; s != "sent" {
				h.t.Errorf("two sends fit: %s", s)
			}
		}
	})
}

func TestAnOutcomeThatOvertakesTheAnswerIsToldToComeAgain(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		answers := make(chan struct{})
		h.v.answering(func(string, int) answer { return answer{Until: answers} })
		msgID := h.accept(body("o1"))
		var wait sync.WaitGroup
		wait.Go(h.send)
		deadline := time.Now().Add(15 * time.Second)
		for h.v.got("o1") == 0 && time.Now().Before(deadline) {
			time.Sleep(time.Millisecond)
		}
		early := outcome("o1", h.v.msgID("o1"), true)
		if _, err := h.room.Outcome(context.Background(), early); !errors.Is(err, notify.ErrTooEarly) {
			h.t.Errorf("before the answer: %v", err)
		}
		close(answers)
		wait.Wait()
		h.outcome(early)
		if s := h.states(msgID)["o1"]; s != "delivered" {
			h.t.Errorf("state %s", s)
		}
		h.adds(msgID)
	})
}

func TestAnOutcomeTooEarlyForTenMinutesIsDropped(t *testing.T) {
	t.Parallel()
	h := newHouse(t, sqltest.Source(t, "sqlite"), func(c *notify.Config) {})
	room := h.replica(func(c *notify.Config) { c.Metrics = h.metrics })
	h.v.answering(func(string, int) answer { return answer{Drop: true} })
	h.accept(body("o1"))
	h.send()
	o := outcome("o1", 5, true)
	o.At = time.Now().Add(-11 * time.Minute)
	if _, err := room.Outcome(context.Background(), o); err != nil {
		t.Fatalf("after eleven minutes: %v", err)
	}
	all, err := h.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		if m.GetName() == "wechattpp_outcomes_total" && m.GetMetric()[0].GetLabel()[0].GetValue() == "unmatched" {
			return
		}
	}
	t.Error("no unmatched outcome is counted")
}

func TestAnUnknownRecipientMayLaterBeDelivered(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		h.v.answering(func(string, int) answer { return answer{Drop: true, Taken: true} })
		msgID := h.accept(body("o1"))
		h.send()
		if works := h.beginLate(context.Background()); len(works) != 0 {
			h.t.Fatalf("works %+v", works)
		}
		if m := h.message(msgID); m.Counts[notify.Unknown] != 1 || m.Stage != notify.Done {
			h.t.Fatalf("%v", m.Counts)
		}
		h.outcome(outcome("o1", h.v.msgID("o1"), true))
		if s := h.states(msgID)["o1"]; s != "delivered" {
			h.t.Errorf("state %s", s)
		}
		if n := h.told("message.done"); n != 1 {
			h.t.Errorf("message.done was told %d times", n)
		}
		h.adds(msgID)
	})
}

func TestOutcomesOfOneChunkAtOnceKeepItsCounts(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		ids := openids(60)
		msgID := h.accept(body(ids...))
		h.send()
		var wait sync.WaitGroup
		for i, o := range ids {
			for range 2 {
				wait.Go(func() {
					if _, err := h.room.Outcome(context.Background(), outcome(o, h.v.msgID(o), i%3 != 0)); err != nil {
						h.t.Error(err)
					}
				})
			}
		}
		wait.Wait()
		h.adds(msgID)
		if m := h.message(msgID); m.Counts[notify.Delivered] != 40 || m.Counts[notify.Failed] != 20 {
			h.t.Errorf("counts %v", m.Counts)
		}
	})
}

// Those that come together are looked up together.
func TestOutcomesOfManySendsAtOnceFindEachItsOwn(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		ids := openids(60)
		messages := make([]string, len(ids))
		for i, o := range ids {
			messages[i] = h.accept(body(o))
		}
		h.send()
		var wait sync.WaitGroup
		for i, openid := range ids {
			o := outcome(openid, h.v.msgID(openid), true)
			switch i % 3 {
			case 1:
				o.AppID = "wxapp2"
			case 2:
				o.MsgID = h.v.msgID(ids[i-1])
			}
			wait.Go(func() {
				if _, err := h.room.Outcome(context.Background(), o); err != nil {
					h.t.Error(err)
				}
			})
		}
		wait.Wait()
		for i, openid := range ids {
			if s := h.states(messages[i])[openid]; (s == "delivered") != (i%3 == 0) {
				h.t.Errorf("recipient %d is %s", i, s)
			}
		}
	})
}
