package notify

import (
	"context"
	"time"
)

// ForgetDue drops Idempotency-Keys older than a day, codes of cards that are good
// no longer, allowances nobody used lately and pauses long over, in batches.
func (r *Room) ForgetDue(ctx context.Context) (n int, err error) {
	const some = 1000
	for _, forget := range []func() (int, error){
		func() (int, error) { return r.Store.Forget(ctx, 24*time.Hour, some) },
		func() (int, error) { return r.Store.ForgetCodes(ctx, some) },
		func() (int, error) { return r.Store.ForgetAllowances(ctx, some) },
		func() (int, error) { return r.Store.ForgetPauses(ctx, pauseKept, 100) },
	} {
		gone, err := forget()
		if n += gone; err != nil {
			return n, err
		}
	}
	return n, nil
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
