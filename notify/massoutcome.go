package notify

import (
	"context"
	"encoding/json"
	"time"
)

// VendorCounts are the totals that the vendor tells of a call whose recipients
// it finds or does not name. They say nothing of a single person.
type VendorCounts struct {
	Total    int64 `json:"total"`    // followers with the tag, all of them, or openids of the list
	Filtered int64 `json:"filtered"` // left after its filters: who refuses messages or had four this month is not
	Sent     int64 `json:"sent"`
	Failed   int64 `json:"failed"`
}

// MassOutcome is the vendor's later word on a mass send.
type MassOutcome struct {
	AppID  string
	MsgID  int64
	Status string // as the vendor wrote it: send success, send fail, err(number)
	Counts VendorCounts
	Detail json.RawMessage // addresses and originality checks of the articles
	At     time.Time
}

// Massing keeps what the vendor says of mass sends.
type Massing interface {
	// MassOutcome joins it with its call, of which it moves the recipients that
	// are sent or unknown to a state, if move says one.
	MassOutcome(ctx context.Context, o MassOutcome, move *MassMove) (Matched, error)
	// Handovers lists the calls for many of a message in the order in which they
	// began, then by ID, after the one whose BegunAt and ID are given.
	Handovers(ctx context.Context, id MsgID, after Called, limit int) ([]Called, error)
}

// MassMove is what an outcome makes of the recipients of its call. Those of a
// list of openids are moved only if it holds for each of them.
type MassMove struct {
	To   State
	Text string
	Some bool // it does not hold for each: only a tag or everyone, who are one recipient, are moved
}

// Called is one call for many.
type Called struct {
	ID          int64
	Sender      string
	BegunAt     time.Time
	VendorMsgID string // empty: not known
	Recipients  int    // of ours that it was for
	Status      string // empty: the vendor has said nothing yet
	Counts      VendorCounts
	Detail      json.RawMessage
	ToldAt      time.Time // zero: not yet
}

// MassOutcome takes the vendor's later word on a mass send, which may overtake
// the answer to the call. ErrTooEarly: bring it again later, for as long as a
// call may be repeated.
func (r *Room) MassOutcome(ctx context.Context, o MassOutcome) error {
	match, err := r.Store.MassOutcome(ctx, o, o.move())
	if err != nil {
		return err
	}
	if match == Early {
		if time.Since(o.At) < (&Mass{}).window() {
			return ErrTooEarly
		}
		match = Unmatched
	}
	r.metrics.outcome(match)
	return nil
}

// move reads the status
// (https://developers.weixin.qq.com/doc/service/guide/product/message/Batch_Sends.html).
func (o MassOutcome) move() *MassMove {
	switch {
	case o.Status != massSuccess:
		return &MassMove{To: Failed, Text: massFailure(o.Status)}
	case o.Counts.Sent == 0 && o.Counts.Total == 0:
		return &MassMove{To: Failed, Text: "the mass send succeeded, but there was nobody to send to: no follower has the tag, or the account has none"}
	case o.Counts.Sent == 0:
		return &MassMove{To: Failed, Text: "the mass send succeeded, but WeChat's filters left nobody: followers who refuse messages or had four this month get none"}
	}
	return &MassMove{To: Delivered, Some: o.Counts.Sent < o.Counts.Total}
}

const massSuccess = "send success"

// massErrors are the numbers of err(...), as the vendor's page lists them.
var massErrors = map[string]string{
	"err(10001)": "suspected advertising", "err(20001)": "suspected politics", "err(20002)": "suspected pornography", "err(20004)": "suspected social impact",
	"err(20006)": "suspected crime", "err(20008)": "suspected fraud", "err(20013)": "suspected copyright infringement", "err(21000)": "suspected, other reasons",
	"err(22000)": "suspected mutual promotion", "err(30001)": "the originality check failed, and it was to stop then",
	"err(30002)": "the originality check judged it not sendable",
	"err(30003)": "the originality check judged it a reprint, and it was to stop then: send_ignore_reprint 1 goes on where reprinting is allowed",
	"err(40001)": "an administrator of the account refused it", "err(40002)": "no administrator of the account answered within 30 minutes",
}

func massFailure(status string) string {
	why, ok := massErrors[status]
	if !ok {
		why = "WeChat does not say why; see what was published in the account's own console"
	}
	return status + ": " + why
}

// Calls lists the calls for many of a message that the client may see, the first
// first; after is where to go on, by BegunAt and ID. fs.ErrNotExist: no such
// message of it.
func (r *Room) Calls(ctx context.Context, c Client, msgID string, after Called, limit int) ([]Called, error) {
	m, err := r.Message(ctx, c, msgID)
	if err != nil {
		return nil, err
	}
	return r.Store.Handovers(ctx, m.MsgID, after, limit)
}
