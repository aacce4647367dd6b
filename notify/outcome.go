package notify

import (
	"context"
	"errors"
	"time"
)

// ErrTooEarly: a recipient this outcome may belong to is being sent at this
// moment. Bring the outcome again, a second later or more.
var ErrTooEarly = errors.New("the send this outcome belongs to is not recorded yet: bring it again later")

// patience is how long an outcome may be too early. After it, no repeat of the
// send can still be under way.
const patience = 10 * time.Minute

// Outcome joins the vendor's later word with its send: by the vendor's id,
// sender and openid; without a known id by sender, openid and time, if exactly
// one send within ten minutes fits. A repeated or late one does no harm, one
// that belongs to no send of ours is counted and dropped. ours is false if
// somebody else must have sent the message.
func (r *Room) Outcome(ctx context.Context, o Outcome) (ours bool, err error) {
	match, err := r.Store.Outcome(ctx, o)
	if err != nil {
		return false, err
	}
	if match == Early {
		if time.Since(o.At) < patience {
			return false, ErrTooEarly
		}
		match = Several
	}
	r.metrics.outcome(match)
	return match != Unmatched, nil
}

func (m *metrics) outcome(match Matched) {
	names := [...]string{Changed: "changed", Known: "known", Unmatched: "unmatched", Several: "unmatched"}
	m.outcomes.WithLabelValues(names[match]).Inc()
}
