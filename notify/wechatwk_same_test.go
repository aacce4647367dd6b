package notify_test

import (
	"context"
	"strings"
	"testing"

	"wechattpp/notify"
	"wechattpp/sender"
	"wechattpp/simulator"
	"wechattpp/sql/sqltest"
)

func TestACallForManyIsRepeatedWholeWithTheSameBytes(t *testing.T) {
	eachWeCom(t, simulator.Corp{Members: members(120)}, func(h *house, sim *simulator.Simulator) {
		h.t.Helper()
		if err := sim.Fail(simulator.Fault{Path: sendPath, Times: callsFor(120), Mode: simulator.ModeResetAfter}); err != nil {
			h.t.Fatal(err)
		}
		msgID := h.office(appText(members(120), "一"))
		h.until(h.room, msgID)
		for id, n := range reached(sim) {
			if n != 1 {
				h.t.Errorf("%s got %d", id, n)
			}
		}
		duplicates := 0
		for _, s := range sim.AppSends(theCorp, theAgent) {
			duplicates += s.Duplicates
		}
		if len(reached(sim)) != 120 || duplicates != callsFor(120) {
			h.t.Errorf("%d reached, %d duplicates", len(reached(sim)), duplicates)
		}
		h.adds(msgID)
	})
}

func TestASecondMessageOfTheSameBytesArrivesAndIsNeverRepeated(t *testing.T) {
	eachWeCom(t, simulator.Corp{Members: members(2)}, func(h *house, sim *simulator.Simulator) {
		h.until(h.room, h.office(appText(members(2), "同样")))
		if err := sim.Fail(simulator.Fault{Path: sendPath, Mode: simulator.ModeResetAfter}); err != nil {
			h.t.Fatal(err)
		}
		second := h.office(appText(members(2), "同样"))
		if m := h.until(h.room, second); m.Counts[notify.Unknown] != 2 {
			h.t.Errorf("counts %v", m.Counts)
		}
		if n := reached(sim)["Member.000"]; n != 2 {
			h.t.Errorf("got %d of two messages", n)
		}
	})
}

func TestTheSameBytesArriveAlthoughARepeatTookTheFirstThereLate(t *testing.T) {
	eachWeCom(t, simulator.Corp{Members: members(1)}, func(h *house, sim *simulator.Simulator) {
		if err := sim.Fail(simulator.Fault{Path: sendPath, Mode: simulator.ModeStatus, Code: 502}); err != nil {
			h.t.Fatal(err)
		}
		first := h.office(appText(members(1), "同样"))
		h.send()
		sqltest.Exec(h.t, h.source, `UPDATE handover SET begun_at = begun_at - 420000`) // seven minutes ago: it may still be repeated
		sqltest.Exec(h.t, h.source, `UPDATE chunk SET due_at = 5 WHERE due_at IS NOT NULL`)
		h.until(h.room, first)
		sqltest.Exec(h.t, h.source, `UPDATE handover SET begun_at = begun_at - 240000`) // eleven: WeCom compares with ten
		h.until(h.room, h.office(appText(members(1), "同样")))
		if n := reached(sim)["Member.000"]; n != 2 {
			h.t.Errorf("the member got %d of 2 messages", n)
		}
	})
}

func TestTheSameBytesByAnotherSenderOfTheAppArriveToo(t *testing.T) {
	eachWeCom(t, simulator.Corp{Members: members(1)}, func(h *house, sim *simulator.Simulator) {
		again := sender.Sender{Code: "wk2", Kind: sender.WeCom, CorpID: theCorp, AgentID: theAgent, Secrets: sender.Secrets{Secret: "the-secret-of-the-app"}}
		if _, err := h.senders.Create(context.Background(), again); err != nil {
			h.t.Fatal(err)
		}
		both := notify.Client{ID: 7, Senders: []string{"wk", "wk2"}}
		for _, code := range both.Senders {
			body := strings.Replace(appText(members(1), "同样"), `[{"msgtype"`, `[{"sender":"`+code+`","msgtype"`, 1)
			r, err := h.room.Accept(context.Background(), both, "/v1/sent", "", []byte(body))
			if err != nil {
				h.t.Fatal(err)
			}
			h.until(h.room, r.MsgID)
		}
		if n := reached(sim)["Member.000"]; n != 2 {
			h.t.Errorf("the member got %d of 2 messages", n)
		}
	})
}
