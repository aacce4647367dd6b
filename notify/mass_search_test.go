package notify_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"wechattpp/audience"
	"wechattpp/notify"
	"wechattpp/simulator"
	"wechattpp/sql/sqltest"
)

// readers registers n users, each with an openid at news, and as many without
// one among them as said.
func (h *house) readers(ids []string, without int) {
	h.t.Helper()
	var list []string
	for i, id := range ids {
		list = append(list, fmt.Sprintf(`{"userid":"r%05d","set":{"wechatoa":{"news":%q}}}`, i, id))
	}
	for i := range without {
		list = append(list, fmt.Sprintf(`{"userid":"n%05d","set":{"email":"x@example.com"}}`, i))
	}
	for some := range slices.Chunk(list, 1000) {
		report, err := h.users.Opt(context.Background(), audience.Writer{Senders: press.Senders}, []byte("["+strings.Join(some, ",")+"]"))
		if err != nil || len(report.Fail) > 0 {
			h.t.Fatal(err, report.Fail)
		}
	}
}

func TestABroadcastOfAnArticleMakesWholeCallsAndNoneForOne(t *testing.T) {
	const n = 10_001
	eachNews(t, n, func(h *house, sim *simulator.Simulator, ids []string) {
		h.readers(ids, 50)
		msgID := h.press("/v1/broadcast", article(h.draftOf("全员"), ""))
		h.prepared(h.room)
		m := h.until(h.room, msgID)
		if m.Target != n+50 || m.Counts[notify.Sent] != n || m.Counts[notify.Skipped] != 50 {
			h.t.Errorf("target %d, %v", m.Target, m.Counts)
		}
		h.adds(msgID)
		calls := sizes(sim)
		if len(calls) != 2 || slices.Min(calls) < 2 || calls[0]+calls[1] != n {
			h.t.Errorf("calls for %v", calls)
		}
	})
}

func TestTheLastOneFoundHasCompany(t *testing.T) {
	eachNews(t, 1001, func(h *house, sim *simulator.Simulator, ids []string) {
		h.readers(ids, 0)
		msgID := h.press("/v1/broadcast", article(h.draftOf("全员"), ""))
		h.prepared(h.room)
		h.until(h.room, msgID)
		if calls := sizes(sim); !slices.Equal(calls, []int{1001}) {
			h.t.Errorf("calls for %v", calls)
		}
	})
}

func TestTheOnlyOneFoundIsSkippedWithTheReason(t *testing.T) {
	eachNews(t, 1, func(h *house, sim *simulator.Simulator, ids []string) {
		h.readers(ids, 3)
		msgID := h.press("/v1/broadcast", article(h.draftOf("全员"), ""))
		h.prepared(h.room)
		h.until(h.room, msgID)
		if len(sim.MassSends(newsApp)) != 0 || h.states(msgID)[ids[0]] != "skipped" {
			h.t.Errorf("%v", h.states(msgID))
		}
		for _, r := range h.recipients(msgID) {
			if r.Identity != "" && !strings.Contains(r.Text, "two openids") {
				h.t.Errorf("%+v", r)
			}
		}
	})
}

func TestNobodyIsLeftAloneByAList(t *testing.T) {
	eachNews(t, 3, func(h *house, sim *simulator.Simulator, ids []string) {
		two := fmt.Sprintf(`"option":{"black_id":%d},`, h.list("black", ids[0]))
		_, err := h.room.Accept(context.Background(), press, "/v1/sent", "", article("DRAFT", two+toOpenIDs(ids[:2]...)))
		if err == nil || !strings.Contains(err.Error(), "would go to one person") {
			h.t.Errorf("two openids, one of them on the list: %v", err)
		}
		msgID := h.press("/v1/sent", article(h.draftOf("一"), two+toOpenIDs(ids...)))
		if m := h.until(h.room, msgID); m.Counts[notify.Sent] != 2 || m.Counts[notify.Skipped] != 1 {
			h.t.Errorf("%v", m.Counts)
		}
	})
}

// TestCutsAreNeverForOne holds the cutting of targets against any mixture.
func TestCutsAreNeverForOne(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.OneOf(rapid.IntRange(0, 5), rapid.IntRange(9_998, 10_003), rapid.IntRange(19_999, 20_003)).Draw(t, "people")
		skip := rapid.IntRange(1, 7).Draw(t, "every so manyth is skipped")
		tags := rapid.IntRange(0, 3).Draw(t, "tags")
		var targets []notify.Target
		for i := range n {
			targets = append(targets, notify.Target{Identity: fmt.Sprintf("o%06d", i)})
			if i%skip == 0 && skip > 1 {
				targets = append(targets, notify.Target{UserID: "u"})
			}
		}
		for i := range tags {
			targets = append(targets, notify.Target{Identity: fmt.Sprintf("tag/%d", i+1)})
		}
		seen, skipped := 0, 0
		for _, chunk := range (notify.Part{Mass: &notify.Mass{}}).Cut(targets) {
			goes := 0
			for _, one := range chunk {
				if seen++; one.Skipped() {
					skipped++
				} else {
					goes++
				}
			}
			lone := len(chunk) == 1 && notify.IsCrowd(chunk[0].Identity)
			if goes == 1 && !lone || goes > 10_000 {
				t.Fatalf("a call for %d of %d", goes, n)
			}
		}
		if seen != len(targets) {
			t.Fatalf("%d of %d are left", seen, len(targets))
		}
		if n > 1 && skipped > 0 && skip == 1 {
			t.Fatalf("%d are skipped for no reason", skipped)
		}
	})
}

// TestACrashBetweenIntentAndAnswerIsOneMassSend: whoever called is gone before
// it recorded anything; another process repeats.
func TestACrashBetweenIntentAndAnswerIsOneMassSend(t *testing.T) {
	eachNews(t, 2500, func(h *house, sim *simulator.Simulator, ids []string) {
		h.readers(ids, 0)
		msgID := h.press("/v1/broadcast", article(h.draftOf("全员"), ""))
		h.prepared(h.room)
		dies := h.replica(func(c *notify.Config) { c.Store = &deaf{h.store} })
		if _, err := dies.SendDue(context.Background()); err != nil {
			h.t.Fatal(err)
		}
		if m := h.message(msgID); m.Counts[notify.Sending] != 2500 || len(sim.MassSends(newsApp)) != 1 {
			h.t.Fatalf("%v, %d sends", m.Counts, len(sim.MassSends(newsApp)))
		}
		sqltest.Exec(h.t, h.source, `UPDATE chunk SET due_at = 1 WHERE due_at IS NOT NULL`)
		h.hurry(msgID)
		sends := sim.MassSends(newsApp)
		if m := h.message(msgID); m.Counts[notify.Sent] != 2500 || len(sends) != 1 || sends[0].Duplicates != 1 {
			h.t.Errorf("%v, %d sends", m.Counts, len(sends))
		}
		if n := sqltest.Number(h.t, h.source, `SELECT COUNT(*) FROM draft_copy`); n != 0 {
			h.t.Errorf("%d copies are kept", n)
		}
	})
}

// deaf is a store that forgets results, as one whose process was killed.
type deaf struct{ notify.Store }

func (*deaf) Record(context.Context, *notify.Result) (bool, error) { return true, nil }
