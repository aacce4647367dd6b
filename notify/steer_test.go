package notify_test

import (
	"context"
	"errors"
	"io/fs"
	"testing"
	"time"

	"wechattpp/notify"
	"wechattpp/sql/sqltest"
)

// Sleeps in this file are pauses between looks at a condition that has a deadline.

func TestARetractedMessageReachesNobodyWhoWasWaiting(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		ctx := context.Background()
		later := map[string]any{"send_at": time.Now().Add(time.Hour)}
		id := h.accept(with(body(openids(250)...), later))
		if err := h.room.Retract(ctx, notify.Client{ID: 8}, id); !errors.Is(err, fs.ErrNotExist) {
			h.t.Errorf("another client's retraction: %v", err)
		}
		if err := h.room.Retract(ctx, shop, id); err != nil {
			h.t.Fatal(err)
		}
		if err := h.room.Retract(ctx, shop, id); !errors.Is(err, notify.ErrRetracted) {
			h.t.Errorf("the second time: %v", err)
		}
		h.send()
		m := h.message(id)
		if m.Stage != notify.Withdrawn || m.Counts[notify.Canceled] != 250 || len(h.v.calls) != 0 {
			h.t.Errorf("%s %v, %d were called", m.Stage, m.Counts, len(h.v.calls))
		}
		if n := h.told("message.done"); n != 1 {
			h.t.Errorf("its end was told %d times", n)
		}
		if n := h.told("recipient.canceled"); n != 3 {
			h.t.Errorf("the canceled were told in %d lines", n)
		}
		h.adds(id)
		if err := h.room.Pause(ctx, shop, id); !errors.Is(err, notify.ErrRetracted) {
			h.t.Errorf("pause after it: %v", err)
		}
		if _, err := h.room.Retry(ctx, shop, id); !errors.Is(err, notify.ErrRetracted) {
			h.t.Errorf("retry after it: %v", err)
		}
	})
}

func TestRetractingLeavesWhatWasHandedOver(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		id := h.accept(body(openids(3)...))
		h.send()
		if err := h.room.Retract(context.Background(), shop, id); err != nil {
			h.t.Fatal(err)
		}
		if m := h.message(id); m.Stage != notify.Done || m.Counts[notify.Sent] != 3 {
			h.t.Errorf("%s %v", m.Stage, m.Counts)
		}
		sqltest.Exec(h.t, h.source, `UPDATE message SET created_at = created_at - ?, retracted_at = NULL`, (24 * time.Hour).Milliseconds())
		if err := h.room.Retract(context.Background(), shop, id); !errors.Is(err, notify.ErrTooOld) {
			h.t.Errorf("after 24 hours: %v", err)
		}
	})
}

func TestWhatIsNotSentYetCanBeRetractedHoweverOldItIs(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		ctx := context.Background()
		scheduled := h.accept(with(body("o1"), map[string]any{"send_at": time.Now().Add(48 * time.Hour)}))
		held := shop
		held.Approval, held.Owners = true, []string{"li.na"}
		waiting, err := h.room.Accept(ctx, held, "/v1/sent", "", with(body("o2"), map[string]any{"option": map[string]any{"owner": "li.na"}}))
		if err != nil {
			h.t.Fatal(err)
		}
		sqltest.Exec(h.t, h.source, `UPDATE message SET created_at = created_at - ?`, (72 * time.Hour).Milliseconds())
		for _, id := range []string{scheduled, waiting.MsgID} {
			if err := h.room.Retract(ctx, shop, id); err != nil {
				h.t.Fatal(err)
			}
			if h.comesTo(id, notify.Withdrawn); h.v.got("o1")+h.v.got("o2") != 0 {
				h.t.Error("it was sent all the same")
			}
		}
	})
}

func TestACallWithoutAnswerIsNotRepeatedAfterARetraction(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		ctx := context.Background()
		id := h.accept(with(body("o1"), map[string]any{"on_unknown": "resend"}))
		due, err := h.store.Due(ctx, nil, 10)
		if err != nil || len(due) != 1 {
			h.t.Fatal(due, err)
		}
		if _, err := h.store.Begin(ctx, []notify.Take{{Chunk: due[0].Chunk, Most: 100}}, time.Millisecond, within(time.Minute)); err != nil {
			h.t.Fatal(err)
		}
		if err := h.room.Retract(ctx, shop, id); err != nil {
			h.t.Fatal(err)
		}
		h.comesTo(id, notify.Withdrawn)
		if m := h.message(id); m.Counts[notify.Unknown] != 1 || len(h.v.calls) != 0 {
			h.t.Errorf("%v, %d calls", m.Counts, len(h.v.calls))
		}
		h.adds(id)
	})
}

// comesTo sends until the message has come to a stage. It polls, for what is due
// comes due by the database's clock, and gives up after 40 s.
func (h *house) comesTo(id string, stage notify.Stage) {
	h.t.Helper()
	for deadline := time.Now().Add(40 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if h.send(); h.message(id).Stage == stage {
			return
		}
	}
	h.t.Fatalf("the message stays %s", h.message(id).Stage)
}

func TestAPausedMessageWaitsAndExpiresAndGoesOn(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		ctx := context.Background()
		id := h.accept(body(openids(150)...))
		short := h.accept(with(bodyBy("oa2", "o1"), map[string]any{"expire_at": time.Now().Add(5 * time.Second)}))
		for _, m := range []string{id, short} {
			if err := h.room.Pause(ctx, shop, m); err != nil {
				h.t.Fatal(err)
			}
		}
		h.send()
		h.send()
		if m := h.message(id); m.Stage != notify.Paused || m.Counts[notify.Queued] != 150 || len(h.v.calls) != 0 {
			h.t.Errorf("%s %v, %d calls", m.Stage, m.Counts, len(h.v.calls))
		}
		if b, err := h.store.Backlog(ctx); err != nil || b.Chunks != 3 {
			h.t.Errorf("backlog %+v, %v", b, err)
		}
		if err := h.senders.Delete(ctx, "oa1"); err == nil {
			h.t.Error("a sender was deleted for which a paused message waits")
		}
		h.comesTo(short, notify.Done)
		if m := h.message(short); m.Counts[notify.Expired] != 1 {
			h.t.Errorf("the paused message past its expire_at: %v", m.Counts)
		}
		if err := h.room.Resume(ctx, shop, id); err != nil {
			h.t.Fatal(err)
		}
		if m := h.until(h.room, id); m.Counts[notify.Sent] != 150 {
			h.t.Errorf("after it went on: %v", m.Counts)
		}
		h.once(openids(150))
		for _, steer := range []func(context.Context, notify.Client, string) error{h.room.Pause, h.room.Resume} {
			if err := steer(ctx, shop, id); !errors.Is(err, notify.ErrEnded) {
				h.t.Errorf("of a message that is done: %v", err)
			}
		}
		h.adds(id)
	})
}

func TestAScheduledMessageThatWasPausedKeepsItsTime(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		ctx := context.Background()
		id := h.accept(with(body("o1"), map[string]any{"send_at": time.Now().Add(time.Hour)}))
		for _, steer := range []func(context.Context, notify.Client, string) error{h.room.Pause, h.room.Resume, h.room.Resume} {
			if err := steer(ctx, shop, id); err != nil {
				h.t.Fatal(err)
			}
		}
		h.send()
		if m := h.message(id); m.Stage != notify.Scheduled || len(h.v.calls) != 0 {
			h.t.Errorf("%s, %d calls", m.Stage, len(h.v.calls))
		}
	})
}

func TestARetryReachesThoseWhoFailedAndNobodyElse(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		ctx := context.Background()
		h.v.answering(func(openid string, _ int) answer {
			if openid >= "o0200" {
				return answer{Code: 43004, Text: "require subscribe"}
			}
			return answer{}
		})
		id := h.accept(body(openids(250)...))
		if m := h.until(h.room, id); m.Counts[notify.Failed] != 50 {
			h.t.Fatalf("%v", m.Counts)
		}
		h.v.answering(func(string, int) answer { return answer{} })
		n, err := h.room.Retry(ctx, shop, id)
		if err != nil || n != 50 {
			h.t.Fatalf("revived %d, %v", n, err)
		}
		if m := h.message(id); m.Stage != notify.Running || m.Counts[notify.Queued] != 50 || !m.DoneAt.IsZero() {
			h.t.Errorf("%s %v", m.Stage, m.Counts)
		}
		if m := h.until(h.room, id); m.Counts[notify.Sent] != 250 {
			h.t.Errorf("%v", m.Counts)
		}
		h.once(openids(200))
		for _, r := range h.recipients(id) {
			if r.Code != 0 || r.Text != "" {
				h.t.Errorf("%s: %d %q is left of the first attempt", r.Identity, r.Code, r.Text)
			}
		}
		if n, err := h.room.Retry(ctx, shop, id); err != nil || n != 0 {
			h.t.Errorf("with nobody failed: %d, %v", n, err)
		}
		h.adds(id)
	})
}

func TestARetryForgetsWhatStoppedAMessage(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		h.v.answering(func(string, int) answer { return answer{Code: 40037, Text: "invalid template_id"} })
		id := h.accept(body(openids(300)...))
		if m := h.until(h.room, id); m.Counts[notify.Failed] != 300 {
			h.t.Fatalf("%v", m.Counts)
		}
		h.v.answering(func(string, int) answer { return answer{} })
		if n, err := h.room.Retry(context.Background(), shop, id); err != nil || n != 300 {
			h.t.Fatalf("revived %d, %v", n, err)
		}
		if m := h.until(h.room, id); m.Counts[notify.Sent] != 300 {
			h.t.Errorf("%v", m.Counts)
		}
	})
}
