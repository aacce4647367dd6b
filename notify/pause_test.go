package notify_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"wechattpp/notify"
	"wechattpp/sql/sqltest"
)

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
		pause.Feature = notify.Templates // which was refused just now
		if err := h.store.Pause(context.Background(), pause); err != nil {
			h.t.Fatal(err)
		}
		h.v.answering(nil)
		m := h.until(h.room, h.accept(body("later")))
		if m.Counts[notify.Sent] != 1 {
			h.t.Errorf("counts %v", m.Counts)
		}
		if n := sqltest.Number(h.t, h.source, `SELECT (SELECT COUNT(*) FROM sender_pause) + (SELECT COUNT(*) FROM feature_pause)`); n != 0 {
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
	// The vendor counts calls and tells nobody: polled until the send is well under way, 20 s at most.
	for deadline := time.Now().Add(20 * time.Second); h.v.total() < 10 && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
	}
	h.away.Store("wxapp1", true)
	before := h.v.total()
	wait.Wait()
	if n := h.v.total() - before; n > 2*2*20 { // two at once, 50 ms each: counted, for a busy machine is slow and calls no more for it
		t.Errorf("%d calls after the withdrawal, more than two seconds allow", n)
	}
	m := h.message(msgID)
	if m.Counts[notify.Sent] == 0 || m.Counts[notify.Queued] == 0 || m.Counts[notify.Sent]+m.Counts[notify.Queued] != 1000 {
		t.Errorf("counts %v", m.Counts)
	}
}

func TestRecipientsNotHandedOverInTimeExpire(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		soon := time.Now().Add(5 * time.Second)
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
		later := time.Now().Add(5 * time.Second)
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
