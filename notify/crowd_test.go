package notify_test

import (
	"context"
	"testing"
	"time"

	"wechattpp/notify"
	"wechattpp/simulator"
)

// perCall is how many members one call carries.
var perCall = notify.Part{App: &notify.App{}}.Most()

func callsFor(n int) int { return (n + perCall - 1) / perCall }

func TestACallCarriesAsManyAsItsContentTakes(t *testing.T) {
	all := members(950)
	eachWeCom(t, simulator.Corp{Members: all}, func(h *house, sim *simulator.Simulator) {
		if err := sim.Fail(simulator.Fault{Path: sendPath, Mode: simulator.ModeResetAfter}); err != nil {
			h.t.Fatal(err)
		}
		msgID := h.office(appText(append(all, "Nobody"), "一"))
		h.until(h.room, msgID)
		h.adds(msgID)
		sends := sim.AppSends(theCorp, theAgent)
		if len(sends) != callsFor(951) {
			h.t.Errorf("%d calls, want %d", len(sends), callsFor(951))
		}
		for id, n := range reached(sim) {
			if n != 1 {
				h.t.Errorf("%s got %d", id, n)
			}
		}
		if n := len(reached(sim)); n != 950 || h.states(msgID)["Nobody"] != "failed" {
			h.t.Errorf("%d reached, the stranger is %s", n, h.states(msgID)["Nobody"])
		}
		if lines := h.told("recipient.sent"); lines < 10 {
			h.t.Errorf("%d lines of the feed for 950: more than a hundred are in one", lines)
		}
		if n, err := h.room.Retry(context.Background(), office, msgID); n != 1 || err != nil {
			h.t.Errorf("retried %d: %v", n, err)
		}
		h.until(h.room, msgID)
		h.adds(msgID)
	})
}

func TestLargeChunksAreRetractedAndForgottenWhole(t *testing.T) {
	all := members(1000)
	eachWeCom(t, simulator.Corp{Members: all}, func(h *house, sim *simulator.Simulator) {
		waiting := h.office(string(with([]byte(appText(all, "一")), map[string]any{"send_at": time.Now().Add(time.Hour)})))
		if err := h.room.Retract(context.Background(), office, waiting); err != nil {
			h.t.Fatal(err)
		}
		if m := h.message(waiting); m.Counts[notify.Canceled] != 1000 {
			h.t.Errorf("counts %v", m.Counts)
		}
		h.adds(waiting)
		sent := h.office(appText(all, "二"))
		h.until(h.room, sent)
		if err := h.room.Retract(context.Background(), office, sent); err != nil {
			h.t.Fatal(err)
		}
		if _, err := h.room.RecallDue(context.Background()); err != nil {
			h.t.Fatal(err)
		}
		if m := h.message(sent); m.Counts[notify.Canceled] != 1000 {
			h.t.Errorf("counts %v", m.Counts)
		}
		h.adds(sent)
		for more := true; more; {
			var err error
			id, _ := notify.ParseMsgID(sent)
			if more, err = h.store.Drop(context.Background(), id.ID); err != nil {
				h.t.Fatal(err)
			}
		}
		if n := len(h.recipients(waiting)); n != 1000 {
			h.t.Errorf("%d recipients of the other message are left", n)
		}
	})
}
