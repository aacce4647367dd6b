package notify_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"wechattpp/notify"
	"wechattpp/simulator"
	"wechattpp/sql/sqltest"
)

// What WeCom's codes do to a message of an app: by the vendor's table, and what
// it says to do about each
// (https://developer.work.weixin.qq.com/document/path/90313).
var weComCodes = []struct {
	what   string
	codes  []int
	state  notify.State
	pauses string // of the sender or the call: the reason; empty: none
}{
	{"the recipient's fault: it fails, the others go on", []int{40003, 40031, 40066, 40068, 40070, 43004, 46004, 50002, 60003, 60011, 60021, 60111, 60123, 81013, 82001,
		92000, 92002, 92003, 301021, 670004, 670029}, notify.Failed, ""},
	{"the message's fault: it fails for everyone", append([]int{40004, 40006, 40007, 40009, 40011, 40039, 40074, 40094, 40123, 40145, 40201, 40204, 40206, 41006, 41016, 41033, 42014,
		42052, 43012, 44001, 44004, 45001, 45002, 45007, 45008, 45032, 45034, 60140, 60206, 60207, 60208, 82004, 85002, 90200, 90201, 90202, 90203, 90204, 90206, 90207, 90208,
		301015, 301016, 301017}, span(42027, 42051)...), notify.Failed, ""},
	{"our fault: it fails and is not repeated", []int{40005, 40008, 40032, 40033, 40035, 40058, 40063, 41001, 41009, 41011, 42015, 42016, 48005, 48010, 81012, 82002, 82003, 82101,
		301019}, notify.Failed, ""},
	{"the app's or the company's fault: it waits until somebody mends it", append([]int{40013, 40056, 40091, 40141, 43009, 45031, 48001, 48002, 48006, 48009, 50003, 60020, 60031, 60246,
		84005, 301002, 301007, 301042, 670001, 701008, 701063, 701099, 840002, 2000002}, span(40133, 40140)...), notify.Queued, "account"},
	{"the authorization is gone: it waits", []int{40084, 48004}, notify.Queued, "account"},
	{"a token that stays refused after it was renewed once: it waits", []int{40001, 40014, 42001}, notify.Queued, "account"},
	{"too much for now: it waits a minute", []int{45009, 45033, 45036}, notify.Queued, "minute"},
	{"WeCom is busy, and may have taken it: it is repeated with the same bytes", []int{-1, 6000, 45035}, notify.Sending, ""},
}

func span(first, last int) (codes []int) {
	for c := first; c <= last; c++ {
		codes = append(codes, c)
	}
	return codes
}

// toldForm is how a refusal is told: what the code means, and what to do next.
var toldForm = regexp.MustCompile(`^wecom message/send: errcode -?\d+ \(hint \S+\): [^(].+: [^;]+(;|$)`)

func TestEveryCodeOfWeComDoesWhatItsTableSays(t *testing.T) {
	eachWeCom(t, simulator.Corp{Members: members(2)}, func(h *house, sim *simulator.Simulator) {
		n := 0
		for _, group := range weComCodes {
			for _, code := range group.codes {
				n++
				sim.ClearFaults()
				if err := sim.Fail(simulator.Fault{Path: sendPath, Code: code, Times: -1}); err != nil {
					h.t.Fatal(err)
				}
				msgID := h.office(appText(members(2), fmt.Sprintf("第 %d 号 %d", n, code)))
				h.send()
				alone := h.message(msgID).Counts[notify.Queued] == 2 && group.state == notify.Failed
				if alone { // each by itself: the code did not say whose fault it is
					sqltest.Exec(h.t, h.source, `UPDATE chunk SET due_at = 5 WHERE queued > 0`)
					h.send()
				}
				for _, r := range h.recipients(msgID) {
					told := r.Code == code && toldForm.MatchString(r.Text) && len([]rune(r.Text)) < 255 && !strings.HasSuffix(r.Text, "errmsg")
					if r.State != group.state || !told && group.state != notify.Sending {
						h.t.Errorf("%d, %s: %s is %s, %d, %q", code, group.what, r.Identity, r.State, r.Code, r.Text)
					}
				}
				if got := h.paused(); got != group.pauses {
					h.t.Errorf("%d: paused for %q, want %q", code, got, group.pauses)
				}
				sqltest.Exec(h.t, h.source, `DELETE FROM sender_pause`)
				sqltest.Exec(h.t, h.source, `DELETE FROM feature_pause`)
				sqltest.Exec(h.t, h.source, `DELETE FROM allowance`) // none of these arrived
				if err := h.room.Retract(context.Background(), office, msgID); err != nil && !errors.Is(err, notify.ErrRetracted) {
					h.t.Fatal(err)
				}
				h.adds(msgID)
			}
		}
		if sends := sim.AppSends(theCorp, theAgent); len(sends) != 0 {
			h.t.Errorf("%d messages arrived", len(sends))
		}
	})
}

// paused is why the sender or one of its calls is.
func (h *house) paused() string {
	for _, table := range []string{"sender_pause", "feature_pause"} {
		if all := sqltest.Texts(h.t, h.source, `SELECT reason FROM `+table); len(all) > 0 {
			return all[0]
		}
	}
	return ""
}

func TestOneBadIDOfAThousandThatIsNotNamedCostsNobodyElseTheMessage(t *testing.T) {
	all := members(40)
	eachWeCom(t, simulator.Corp{Members: all[:39]}, func(h *house, sim *simulator.Simulator) {
		if err := sim.Fail(simulator.Fault{Path: sendPath, Code: 40031}); err != nil {
			h.t.Fatal(err)
		}
		msgID := h.office(appText(all, "一"))
		m := h.until(h.room, msgID)
		if m.Counts[notify.Sent] != 39 || m.Counts[notify.Failed] != 1 || len(reached(sim)) != 39 {
			h.t.Errorf("counts %v", m.Counts)
		}
		if n := len(sim.AppSends(theCorp, theAgent)); n != 39 {
			h.t.Errorf("%d calls arrived, want one for each", n)
		}
		if err := h.room.Retract(context.Background(), office, msgID); err != nil {
			h.t.Fatal(err)
		}
		if n, err := h.room.RecallDue(context.Background()); n != 39 || err != nil {
			h.t.Errorf("%d recalls: %v", n, err)
		}
		h.adds(msgID)
	})
}

func TestAnEmptyDepartmentFailsAloneAndIsNotToldInCompany(t *testing.T) {
	eachWeCom(t, simulator.Corp{Members: members(1), Parties: map[string][]string{"9": {}}}, func(h *house, _ *simulator.Simulator) {
		const says = `"msg_wechatwk":[{"msgtype":"text","text":{"content":"一"}}]}`
		alone := h.office(`{"aud_wechatwk_party":["9"],` + says)
		h.until(h.room, alone)
		together := h.office(`{"aud_wechatwk_party":["9"],"aud_wechatwk":["Member.000"],` + says)
		h.until(h.room, together)
		if got := fmt.Sprint(h.states(alone), h.states(together)); got != "map[party/9:failed] map[Member.000:sent party/9:sent]" || h.recipients(alone)[0].Code != 81013 {
			h.t.Error(got)
		}
	})
}
