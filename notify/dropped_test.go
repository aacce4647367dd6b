package notify_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"wechattpp/notify"
	"wechattpp/simulator"
	"wechattpp/sql/sqltest"
)

// drops counts the messages that WeCom took and delivered to nobody.
func drops(sim *simulator.Simulator) (n int) {
	for _, s := range sim.AppSends(theCorp, theAgent) {
		n += len(s.Dropped)
	}
	return n
}

func TestNoneOfManyMessagesToOneMemberIsDroppedAndNobodyElseIsSlowed(t *testing.T) {
	eachWeCom(t, simulator.Corp{Members: members(20)}, func(h *house, sim *simulator.Simulator) {
		var ids []string
		for i := range 33 {
			to := []string{"Member.000", members(20)[i%19+1]}
			if i == 32 {
				to[0] = "MEMBER.000" // the same member
			}
			ids = append(ids, h.office(appText(to, fmt.Sprint("第", i))))
		}
		rooms := []*notify.Room{h.room, h.elsewhere()}
		var both sync.WaitGroup
		for _, r := range rooms {
			both.Go(func() {
				if _, err := r.SendDue(context.Background()); err != nil {
					h.t.Error(err)
				}
			})
		}
		both.Wait()
		sqltest.Exec(h.t, h.source, `UPDATE chunk SET due_at = 5 WHERE queued > 0`) // some may wait a second for what was under way
		if _, err := h.room.SendDue(context.Background()); err != nil {
			h.t.Fatal(err)
		}
		got := reached(sim)
		if got["Member.000"]+got["MEMBER.000"] != 30 || drops(sim) != 0 {
			h.t.Errorf("%d arrived, %d were dropped", got["Member.000"], drops(sim))
		}
		for _, id := range members(20)[1:] {
			if got[id] == 0 {
				h.t.Errorf("%s was slowed", id)
			}
		}
		waiting := 0
		for _, id := range ids {
			h.adds(id)
			waiting += h.message(id).Counts[notify.Queued]
		}
		if waiting != 3 {
			h.t.Errorf("%d wait, want 3", waiting)
		}
		due := sqltest.Number(h.t, h.source, `SELECT MIN(due_at) FROM chunk WHERE queued > 0`)
		if in := time.Until(time.UnixMilli(due)); in < 20*time.Second || in > 63*time.Second {
			h.t.Errorf("they are due in %s", in)
		}
	})
}

func TestWhoWaitsForAnAllowanceEndsWithTheReason(t *testing.T) {
	eachWeCom(t, simulator.Corp{Members: members(2)}, func(h *house, sim *simulator.Simulator) {
		for i := range 30 {
			h.office(appText(members(1), fmt.Sprint("第", i)))
		}
		h.send()
		body := appText(members(2), "最后")
		late := h.office(string(with([]byte(body), map[string]any{"expire_at": time.Now().Add(5 * time.Second).UTC().Format(time.RFC3339Nano)})))
		h.until(h.room, late)
		for _, r := range h.recipients(late) {
			want := map[string]notify.State{"Member.000": notify.Expired, "Member.001": notify.Sent}[r.Identity]
			if r.State != want || want == notify.Expired && !strings.Contains(r.Text, "30 messages of this app within a minute") {
				h.t.Errorf("%s is %s: %s", r.Identity, r.State, r.Text)
			}
		}
		if drops(sim) != 0 {
			h.t.Errorf("%d dropped", drops(sim))
		}
	})
}

func TestTheDaysMembersAreThoseOfTheCompanysAccounts(t *testing.T) {
	all := members(250)
	eachWeCom(t, simulator.Corp{Members: all, Accounts: 1}, func(h *house, sim *simulator.Simulator) {
		withinOneDay()
		sqltest.Exec(h.t, h.source, `UPDATE sender SET accounts = 1 WHERE code = 'wk'`)
		msgID := h.office(appText(append(all, "Nobody"), "一"))
		h.send()
		m := h.message(msgID)
		if m.Counts[notify.Sent] != 200 || m.Counts[notify.Queued] != 51 || len(reached(sim)) != 200 {
			h.t.Errorf("counts %v, %d reached", m.Counts, len(reached(sim)))
		}
		if n := sqltest.Number(h.t, h.source, `SELECT (SELECT COUNT(*) FROM sender_pause) + (SELECT COUNT(*) FROM feature_pause)`); n != 0 {
			h.t.Errorf("WeCom had to refuse: %d pauses", n)
		}
		sqltest.Exec(h.t, h.source, `UPDATE app_day SET day = day - 1`) // tomorrow
		sqltest.Exec(h.t, h.source, `UPDATE chunk SET due_at = 5 WHERE queued > 0`)
		sqltest.Exec(h.t, h.source, `UPDATE sender SET accounts = 0 WHERE code = 'wk'`)
		h.send()
		if n := sqltest.Number(h.t, h.source, `SELECT COUNT(*) FROM feature_pause`); n != 1 { // the simulator's day is not over
			h.t.Errorf("what WeCom refuses is not obeyed: %d pauses", n)
		}
		h.adds(msgID)
	})
}

func TestWhatWasNotTakenDoesNotCount(t *testing.T) {
	eachWeCom(t, simulator.Corp{Members: members(1)}, func(h *house, sim *simulator.Simulator) {
		var last string
		for i := range 32 { // the last two wait for the end of the others
			last = h.office(appText([]string{"Nobody"}, fmt.Sprint("第", i)))
		}
		h.until(h.room, last)
		if n := sqltest.Number(h.t, h.source, `SELECT COUNT(*) FROM recipient WHERE state = 4`); n != 32 {
			h.t.Errorf("%d failed", n)
		}
		if n := sqltest.Number(h.t, h.source, `SELECT SUM(sent) FROM app_day`); n != 0 {
			h.t.Errorf("%d count for the day", n)
		}
		sqltest.Exec(h.t, h.source, `UPDATE allowance SET used_at = 5`)
		if n, err := h.room.ForgetDue(context.Background()); n != 1 || err != nil {
			h.t.Errorf("forgot %d: %v", n, err)
		}
	})
}
