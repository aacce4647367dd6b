package sql

import (
	"testing"
	"time"

	"wechattpp/notify"
)

// Between the look for a vendor's id and the look for the openid, the send may
// have been recorded: then its id is the answer, whatever else is under way.
func TestAnOutcomeFindsASendRecordedWhileItWasLookedFor(t *testing.T) {
	t.Parallel()
	at, id, other := time.Now().UnixMilli(), int64(7), int64(8)
	o := notify.Outcome{User: "o1", MsgID: id, At: time.Now()}
	rows := []sendRow{
		{Seq: 2, Identity: "o1", State: notify.Sent, Vendor: &other, SentAt: &at},
		{Seq: 1, Identity: "o1", State: notify.Sent, Vendor: &id, SentAt: &at},
		{Seq: 0, Identity: "o1", State: notify.Unknown, IntentAt: &at},
	}
	if got, match, err := nearest(rows, o); err != nil || match != notify.Changed || got.Seq != 1 {
		t.Errorf("found %+v, %v, %v", got, match, err)
	}
}
