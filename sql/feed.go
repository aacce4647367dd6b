package sql

import (
	"context"
	"strings"
	"time"
)

// line is one line of the feed: something happened that a business system may
// want to hear of. Stores append lines in the transaction of the change; only
// webhook reads them, by id. Ids of transactions that commit out of order
// leave gaps for a moment: a reader waits for a gap to fill or to age.
//
// A line of type "events" stands for all events with ids from EventID up to
// "last" in its data whose held is 0: a line for each would cost a push half as
// much again as its own row. An event that was held gets a line of its own.
type line struct {
	AppID   string // component or account it belongs to
	Type    string // e.g. "recipient.sent", "wechat.text"
	EventID int64  // the event it tells of, 0 if none
	Data    []byte // JSON, nil if the event says all
}

func (t tx) feed(ctx context.Context, lines ...line) error {
	for _, s := range feedSteps(lines) {
		if _, err := t.exec(ctx, s.query, s.args...); err != nil {
			return err
		}
	}
	return nil
}

// feedSteps is the statement that appends lines, if there are any.
func feedSteps(lines []line) []step {
	if len(lines) == 0 {
		return nil
	}
	args := make([]any, 0, 4*len(lines))
	for _, l := range lines {
		args = append(args, l.AppID, l.Type, l.EventID, l.Data)
	}
	return []step{{`INSERT INTO feed (app_id, type, event_id, data, created_at) VALUES ` + values(len(lines), "(?, ?, ?, ?, {now})"), args}}
}

// values repeats a row's placeholders n times.
func values(n int, row string) string {
	return strings.TrimSuffix(strings.Repeat(row+", ", n), ", ")
}

// ForgetFeed deletes up to limit lines older than age, the oldest first, and
// answers how many.
func (db *DB) ForgetFeed(ctx context.Context, age time.Duration, limit int) (int, error) {
	var ids []int64
	r := db.run()
	err := r.all(ctx, &ids, `SELECT id FROM (SELECT id, created_at FROM feed ORDER BY id LIMIT ?) AS oldest WHERE created_at < {now} - ?`, limit, age.Milliseconds())
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	n, err := r.exec(ctx, `DELETE FROM feed WHERE id IN (?)`, ids)
	return int(n), err
}
