package notify_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"wechattpp/notify"
	"wechattpp/simulator"
	"wechattpp/sql/sqltest"
)

func TestTheCallsOfAMessageAreListedInTheOrderInWhichTheyBegan(t *testing.T) {
	eachNews(t, 1, func(h *house, _ *simulator.Simulator, _ []string) {
		msgID := h.press("/v1/sent", article(h.draftOf("一"), `"aud_wechatoa_tag":["2","101","102","103","104","105"],`))
		h.hurry(msgID)
		sqltest.Exec(h.t, h.source, `UPDATE handover SET begun_at = 1000 + n - n % 2`) // of some at the same moment, as it happens
		var all []notify.Called
		for last := (notify.Called{}); ; last = all[len(all)-1] {
			page, err := h.room.Calls(context.Background(), press, msgID, last, 4)
			if err != nil {
				h.t.Fatal(err)
			}
			if all = append(all, page...); len(page) == 0 {
				break
			}
		}
		ids := map[int64]bool{}
		for _, c := range all {
			ids[c.ID] = true
		}
		if len(all) != 6 || len(ids) != 6 || !slices.IsSortedFunc(all, func(a, b notify.Called) int { return a.BegunAt.Compare(b.BegunAt) }) {
			h.t.Errorf("%d calls, %d of them different: %+v", len(all), len(ids), all)
		}
	})
}

func TestAnOutcomeThatOvertakesTheAnswerComesAgain(t *testing.T) {
	eachNews(t, 2, func(h *house, sim *simulator.Simulator, ids []string) {
		if err := sim.Fail(simulator.Fault{Path: massPath, Mode: simulator.ModeResetAfter}); err != nil {
			h.t.Fatal(err)
		}
		msgID := h.press("/v1/sent", article(h.draftOf("一"), toOpenIDs(ids...)))
		h.send()
		sent := sim.MassSends(newsApp)[0]
		o := notify.MassOutcome{AppID: newsApp, MsgID: sent.MsgID, Status: "err(30003)", At: time.Now(), Counts: notify.VendorCounts{Total: 2}}
		if err := h.room.MassOutcome(context.Background(), o); !errors.Is(err, notify.ErrTooEarly) {
			h.t.Fatalf("before the answer: %v", err)
		}
		h.hurry(msgID)
		if err := h.room.MassOutcome(context.Background(), o); err != nil {
			h.t.Fatal(err)
		}
		for _, r := range h.recipients(msgID) {
			if r.State != notify.Failed || !strings.Contains(r.Text, "reprint") {
				h.t.Errorf("%+v", r)
			}
		}
		if err := h.room.MassOutcome(context.Background(), notify.MassOutcome{AppID: newsApp, MsgID: 5, Status: "send success", At: time.Now()}); err != nil {
			h.t.Errorf("that of another program: %v", err)
		}
	})
}

func TestWhatWeChatSaysOfAMassSendIsToldOfEveryOpenid(t *testing.T) {
	eachNews(t, 3, func(h *house, sim *simulator.Simulator, ids []string) {
		for _, c := range []struct {
			status string
			counts notify.VendorCounts
			to     notify.State
			words  string
		}{
			{"send success", notify.VendorCounts{Total: 3, Filtered: 3, Sent: 3}, notify.Delivered, ""},
			{"send success", notify.VendorCounts{Total: 3, Filtered: 2, Sent: 2}, notify.Sent, ""},
			{"send success", notify.VendorCounts{Total: 3, Filtered: 3, Sent: 2, Failed: 1}, notify.Sent, ""},
			{"send success", notify.VendorCounts{Total: 3}, notify.Failed, "filters left nobody"},
			{"send success", notify.VendorCounts{}, notify.Failed, "nobody to send to"},
			{"send fail", notify.VendorCounts{Total: 3, Filtered: 3, Failed: 3}, notify.Failed, "send fail: WeChat does not say why"},
			{"err(10001)", notify.VendorCounts{Total: 3}, notify.Failed, "err(10001): suspected advertising"},
			{"err(99999)", notify.VendorCounts{Total: 3}, notify.Failed, "err(99999): WeChat does not say why"},
		} {
			msgID := h.press("/v1/sent", article(h.draftOf("一"), toOpenIDs(ids...)))
			h.hurry(msgID)
			sends := sim.MassSends(newsApp)
			o := notify.MassOutcome{AppID: newsApp, MsgID: sends[len(sends)-1].MsgID, Status: c.status, At: time.Now(), Counts: c.counts}
			if err := h.room.MassOutcome(context.Background(), o); err != nil {
				h.t.Fatal(err)
			}
			for _, r := range h.recipients(msgID) {
				if r.State != c.to || !strings.Contains(r.Text, c.words) {
					h.t.Errorf("%s %+v: %s %q", c.status, c.counts, r.State, r.Text)
				}
			}
		}
	})
}
