package sql

import (
	"context"
	"strings"
)

// line is one line of the feed: something happened that a business system may
// want to hear of. Stores append lines in the transaction of the change; only
// webhook reads them, by id. Ids of transactions that commit out of order
// leave gaps for a moment: a reader waits for a gap to fill or to age.
type line struct {
	AppID   string // component or account it belongs to
	Type    string // e.g. "recipient.sent", "wechat.text"
	EventID int64  // the event it tells of, 0 if none
	Data    []byte // JSON, nil if the event says all
}

func (t tx) feed(ctx context.Context, lines ...line) error {
	if len(lines) == 0 {
		return nil
	}
	args := make([]any, 0, 4*len(lines))
	for _, l := range lines {
		args = append(args, l.AppID, l.Type, l.EventID, l.Data)
	}
	_, err := t.exec(ctx, `INSERT INTO feed (app_id, type, event_id, data, created_at) VALUES `+
		values(len(lines), "(?, ?, ?, ?, {now})"), args...)
	return err
}

// values repeats a row's placeholders n times.
func values(n int, row string) string {
	return strings.TrimSuffix(strings.Repeat(row+", ", n), ", ")
}
