package notify

import (
	"context"
	"time"
)

// ForgetDue drops Idempotency-Keys older than a day, and codes of cards that are
// good no longer, in batches.
func (r *Room) ForgetDue(ctx context.Context) (n int, err error) {
	n, err = r.Store.Forget(ctx, 24*time.Hour, 1000)
	if err != nil {
		return n, err
	}
	codes, err := r.Store.ForgetCodes(ctx, 1000)
	if err != nil {
		return n + codes, err
	}
	pauses, err := r.Store.ForgetPauses(ctx, pauseKept, 100)
	return n + codes + pauses, err
}

// pauseKept is longer than any recipient waits before it is tried again: a pause
// that was over so long ago holds nobody up.
const pauseKept = 2 * time.Hour

// ForgetOld deletes messages that were done longer ago than age, each with its
// recipients, a thousand of these at a time; at least two days are kept, for
// Idempotency-Keys name messages for one. It answers how many messages went.
func (r *Room) ForgetOld(ctx context.Context, age time.Duration) (total int, err error) {
	const page = 100
	age = max(age, 48*time.Hour)
	for from := int64(0); ctx.Err() == nil; {
		ids, last, err := r.Store.Ended(ctx, age, from, page)
		if err != nil {
			return total, err
		}
		for _, id := range ids {
			if err := r.drop(ctx, id); err != nil {
				return total, err
			}
			total++
		}
		if last == 0 {
			return total, nil
		}
		from = last
	}
	return total, ctx.Err()
}

func (r *Room) drop(ctx context.Context, id int64) error {
	for ctx.Err() == nil {
		if more, err := r.Store.Drop(ctx, id); err != nil || !more {
			return err
		}
	}
	return ctx.Err()
}
