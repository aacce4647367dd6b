package sql

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"wechattpp/notify"
)

// paceMinute is a minute and what a call may take to arrive: the vendor counts
// arrivals.
const paceMinute = 61_000

// pace is what a sender may still begin of a minute. Its row is locked, so that
// replicas begin no more together than the vendor takes.
type pace struct {
	senderID int64
	most     int     // 0: there is no such limit
	begun    []int64 // of the last minute
	now      int64
}

func (t tx) pace(ctx context.Context, c *chunkRow, p notify.Part) (*pace, error) {
	a := &pace{senderID: c.SenderID, most: p.Pace(), now: c.Now}
	if a.most == 0 {
		return a, nil
	}
	if _, err := t.exec(ctx, `INSERT INTO sender_pace (sender_id, begun) VALUES (?, '')`+t.db.orIgnore("sender_id"), c.SenderID); err != nil {
		return nil, err
	}
	var text string
	if err := t.get(ctx, &text, `SELECT begun FROM sender_pace WHERE sender_id = ?`+t.db.forUpdate(), c.SenderID); err != nil {
		return nil, err
	}
	for at := range strings.SplitSeq(text, ",") {
		if ms, err := strconv.ParseInt(at, 10, 64); err == nil && ms > c.Now-paceMinute {
			a.begun = append(a.begun, ms)
		}
	}
	return a, nil
}

// room bounds how many recipients may be begun now.
func (a *pace) room(most int) int {
	if a.most == 0 {
		return most
	}
	return max(0, min(most, a.most-len(a.begun)))
}

// wait is when the sender may begin one again; 0: now.
func (a *pace) wait() time.Duration {
	if a.most == 0 || len(a.begun) < a.most {
		return 0
	}
	return time.Duration(max(1, a.begun[len(a.begun)-a.most]+paceMinute-a.now)) * time.Millisecond
}

// spend writes down what begins now.
func (t tx) spend(ctx context.Context, a *pace, w *notify.Work) error {
	if a.most == 0 {
		return nil
	}
	n := len(a.begun)
	for _, c := range w.Calls {
		if !c.Repeat {
			a.begun = append(a.begun, a.now)
		}
	}
	if n == len(a.begun) {
		return nil
	}
	slices.Sort(a.begun)
	text := strings.Trim(strings.ReplaceAll(fmt.Sprint(a.begun), " ", ","), "[]")
	_, err := t.exec(ctx, `UPDATE sender_pace SET begun = ? WHERE sender_id = ?`, text, a.senderID)
	return err
}
