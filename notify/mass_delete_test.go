package notify_test

import (
	"context"
	"testing"

	"wechattpp/notify"
	"wechattpp/simulator"
	"wechattpp/sql/sqltest"
)

// retracts retracts a message and works on what is to be deleted for it.
func (h *house) retracts(msgID string, rounds int) {
	h.t.Helper()
	if err := h.room.Retract(context.Background(), press, msgID); err != nil {
		h.t.Fatal(err)
	}
	for range rounds {
		sqltest.Exec(h.t, h.source, `UPDATE handover SET due_at = 1 WHERE due_at IS NOT NULL`)
		if _, err := h.room.RecallDue(context.Background()); err != nil {
			h.t.Fatal(err)
		}
	}
}

func TestARetractedArticleIsDeletedOnceItWasSent(t *testing.T) {
	eachNews(t, 3, func(h *house, sim *simulator.Simulator, ids []string) {
		const path = "/cgi-bin/message/mass/delete"
		before := h.press("/v1/sent", article(h.draftOf("一"), toOpenIDs(ids...)))
		h.until(h.room, before)
		h.outcomes(sim) // so that it was delivered
		if err := sim.Fail(simulator.Fault{Path: path, Mode: simulator.ModeResetAfter}); err != nil {
			h.t.Fatal(err)
		}
		h.retracts(before, 2) // the first has no answer
		if m := h.message(before); m.Counts[notify.Canceled] != 3 {
			h.t.Errorf("%v", m.Counts)
		}
		h.adds(before)
		if !sim.MassSends(newsApp)[0].Deleted {
			h.t.Error("it was not deleted")
		}

		refused := h.press("/v1/sent", article(h.draftOf("二"), toOpenIDs(ids...)))
		h.until(h.room, refused)
		if err := sim.Fail(simulator.Fault{Path: path, Code: 40059}); err != nil {
			h.t.Fatal(err)
		}
		h.retracts(refused, 1)
		if m := h.message(refused); m.Counts[notify.Sent] != 3 || h.told("recipient.recall_refused") != 1 {
			h.t.Errorf("%v, told %d", m.Counts, h.told("recipient.recall_refused"))
		}
	})
}

func TestARetractedArticleWaitsUntilItWasSent(t *testing.T) {
	eachNews(t, 3, func(h *house, sim *simulator.Simulator, ids []string) {
		msgID := h.press("/v1/sent", article(h.draftOf("一"), toOpenIDs(ids...)))
		h.until(h.room, msgID)
		if err := sim.Fail(simulator.Fault{Path: "/cgi-bin/message/mass/get", Code: 45011}); err != nil {
			h.t.Fatal(err)
		}
		h.retracts(msgID, 1)
		if m := h.message(msgID); m.Counts[notify.Sent] != 3 {
			h.t.Errorf("%v", m.Counts)
		}
		sqltest.Exec(h.t, h.source, `UPDATE handover SET due_at = 1 WHERE due_at IS NOT NULL`)
		if _, err := h.room.RecallDue(context.Background()); err != nil {
			h.t.Fatal(err)
		}
		if m := h.message(msgID); m.Counts[notify.Canceled] != 3 {
			h.t.Errorf("%v", m.Counts)
		}
	})
}
