package notify_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"wechattpp/notify"
)

// today counts the messages of about now.
func (h *house) today(c notify.Client) []notify.DayCount {
	h.t.Helper()
	var all []notify.DayCount
	day := time.Now().Truncate(24 * time.Hour)
	for _, d := range []time.Time{day.AddDate(0, 0, -1), day, day.AddDate(0, 0, 1)} {
		list, err := h.room.Stats(context.Background(), c, d, notify.StatQuery{ClientID: -1})
		if err != nil {
			h.t.Fatal(err)
		}
		all = append(all, list...)
	}
	return all
}

func TestStatsAreTheCountsOfTheMessagesAndOutliveThem(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		ctx := context.Background()
		h.v.answering(func(openid string, n int) answer {
			if strings.HasPrefix(openid, "bad") && n == 1 {
				return answer{Code: 43004, Text: "require subscribe"}
			}
			return answer{}
		})
		by := h.accept(body("o1", "o2", "bad1", "bad2"))
		none := h.accept([]byte(`{"aud_userid":["nobody"],"msg_wechatoa":[{"sender":"oa2","template_id":"T","data":{"first":{"value":"x"}}}]}`))
		check := func(when string, want ...string) {
			h.t.Helper()
			for range 2 { // before and after the changes are summed up
				var got []string
				for _, d := range h.today(shop) {
					got = append(got, fmt.Sprint(d.ClientID, " ", d.Sender, " ", d.Target, " ", d.Counts, " ", d.Reasons))
				}
				if fmt.Sprint(got) != fmt.Sprint(want) {
					h.t.Errorf("%s: %v\nwant %v", when, got, want)
				}
				for n := 1; n > 0; {
					var err error
					if n, err = h.room.CountDue(ctx); err != nil {
						h.t.Fatal(err)
					}
				}
			}
		}
		skipped := "7 oa2 1 [0 0 0 0 0 1 0 0 0] []"
		check("accepted", "7 oa1 4 [4 0 0 0 0 0 0 0 0] []", skipped)
		h.until(h.room, by)
		check("sent", "7 oa1 4 [0 0 2 0 2 0 0 0 0] [{43004 2}]", skipped)
		for _, r := range h.recipients(by) {
			if r.Identity == "o1" {
				h.word(r, "success")
			}
			if r.Identity == "o2" {
				h.word(r, "failed:user block")
			}
		}
		check("told", "7 oa1 4 [0 0 0 1 3 0 0 0 0] [{43004 2} {failed:user block 1}]", skipped)
		if _, err := h.room.Retry(ctx, shop, by); err != nil {
			h.t.Fatal(err)
		}
		check("queued again", "7 oa1 4 [3 0 0 1 0 0 0 0 0] []", skipped)
		h.until(h.room, by)
		check("sent again", "7 oa1 4 [0 0 3 1 0 0 0 0 0] []", skipped)
		for _, text := range []string{by, none} {
			id, _ := notify.ParseMsgID(text)
			if more, err := h.store.Drop(ctx, id.ID); err != nil || more {
				h.t.Fatal(more, err)
			}
		}
		check("messages deleted", "7 oa1 4 [0 0 3 1 0 0 0 0 0] []", skipped)
		if got := h.today(notify.Client{ID: 8}); len(got) != 0 {
			h.t.Errorf("another client sees %v", got)
		}
	})
}

func (h *house) word(r notify.Recipient, status string) {
	h.t.Helper()
	o := notify.Outcome{AppID: "wxapp1", User: r.Identity, MsgID: r.VendorMsgID, Delivered: status == "success", Status: status, At: time.Now()}
	if _, err := h.room.Outcome(context.Background(), o); err != nil {
		h.t.Fatal(err)
	}
}
