package webhook

import (
	"context"
	"encoding/json"
	"time"
)

// Dead lists up to limit dead letters of a client with ids above after, by id,
// without their receipts.
func (r *Room) Dead(ctx context.Context, clientID int64, which Letters, after int64, limit int) ([]Letter, error) {
	return r.Store.Dead(ctx, clientID, which, after, limit)
}

// Letter answers one dead letter; fs.ErrNotExist.
func (r *Room) Letter(ctx context.Context, clientID, id int64) (Letter, error) {
	return r.Store.Letter(ctx, clientID, id)
}

// Receipts are the letter's receipts as they are sent: a JSON array.
func (l Letter) Receipts() json.RawMessage {
	return append(append([]byte{'['}, l.Body...), ']')
}

// replayMost is how many dead letters one call replays.
const replayMost = 10_000

// Replay makes dead letters due again, as if they had never been tried, and
// answers how many; more: call again. fs.ErrNotExist: there is none with the
// id.
func (r *Room) Replay(ctx context.Context, clientID int64, which Letters) (n int, more bool, err error) {
	for n < replayMost {
		some, err := r.Store.Replay(ctx, clientID, which, 500)
		n += some
		if err != nil || some < 500 {
			return n, false, err
		}
	}
	return n, true, nil
}

// ForgetDue drops dead letters older than age and what belongs to nobody any
// more, and answers how many rows went: call it until there are none.
func (r *Room) ForgetDue(ctx context.Context, age time.Duration) (int, error) {
	return r.Store.Forget(ctx, age, 500)
}
