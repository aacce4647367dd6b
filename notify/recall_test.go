package notify_test

import (
	"context"
	"testing"

	"wechattpp/notify"
	"wechattpp/simulator"
	"wechattpp/sql/sqltest"
)

func (h *house) recalls(want int) {
	h.t.Helper()
	if n, err := h.room.RecallDue(context.Background()); err != nil || n != want {
		h.t.Fatalf("%d recalls, want %d: %v", n, want, err)
	}
}

func TestWhatWeComHasIsRecalledOrItsRefusalTold(t *testing.T) {
	const path = simulator.WeComPath + "/cgi-bin/message/recall"
	eachWeCom(t, simulator.Corp{Members: members(120)}, func(h *house, sim *simulator.Simulator) {
		retracted := func(text string) string {
			msgID := h.office(appText(append(members(119), "Nobody"), text))
			h.until(h.room, msgID)
			h.recalls(0)
			if err := h.room.Retract(context.Background(), office, msgID); err != nil {
				h.t.Fatal(err)
			}
			return msgID
		}
		gone := retracted("一")
		h.recalls(callsFor(120))
		if m := h.message(gone); m.Counts[notify.Canceled] != 119 || m.Counts[notify.Failed] != 1 {
			h.t.Errorf("counts %v", m.Counts)
		}
		h.adds(gone)
		for _, s := range sim.AppSends(theCorp, theAgent) {
			if !s.Recalled {
				h.t.Errorf("not recalled: %s", s.MsgID)
			}
		}
		h.recalls(0)

		if err := sim.Fail(simulator.Fault{Path: path, Code: 42052, Times: callsFor(120)}); err != nil {
			h.t.Fatal(err)
		}
		kept := retracted("二")
		h.recalls(callsFor(120))
		if m := h.message(kept); m.Counts[notify.Sent] != 119 {
			h.t.Errorf("counts %v", m.Counts)
		}
		if n := h.told("recipient.recall_refused"); n != 2 {
			h.t.Errorf("%d lines of refusals", n)
		}

		if err := sim.Fail(simulator.Fault{Path: path, Mode: simulator.ModeResetAfter}); err != nil {
			h.t.Fatal(err)
		}
		doubt := retracted("三")
		h.recalls(callsFor(120))
		if m := h.message(doubt); m.Counts[notify.Sent] == 0 {
			h.t.Errorf("after a recall without an answer: %v", m.Counts)
		}
		sqltest.Exec(h.t, h.source, `UPDATE handover SET due_at = 1 WHERE due_at IS NOT NULL`)
		h.recalls(1)
		if m := h.message(doubt); m.Counts[notify.Canceled] != 119 {
			h.t.Errorf("after its repeat: %v", m.Counts)
		}
		h.adds(doubt)
	})
}

func TestAMessageRetractedDuringItsCallIsRecalledOnceItHasArrived(t *testing.T) {
	eachWeCom(t, simulator.Corp{Members: members(3)}, func(h *house, sim *simulator.Simulator) {
		msgID := h.office(appText(members(3), "一"))
		sim.AfterCall(func(c simulator.Call) {
			if c.Path != sendPath {
				return
			}
			if err := h.room.Retract(context.Background(), office, msgID); err != nil {
				h.t.Error(err)
			}
		})
		h.send()
		if m := h.message(msgID); m.Counts[notify.Sent] != 3 {
			h.t.Fatalf("counts %v", m.Counts)
		}
		h.recalls(1)
		if m := h.message(msgID); m.Counts[notify.Canceled] != 3 {
			h.t.Errorf("counts %v", m.Counts)
		}
		h.adds(msgID)
	})
}
