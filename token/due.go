package token

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"
)

const batch = 256

// RenewDue renews what is due, until nothing is or ctx ends, and answers how
// many rows it took. Twice as many rows are in hand as may be called, so that
// while answers are being stored the slots for calls stay full. When ctx ends,
// running calls are finished and stored; the rest is given back.
func (k *Keeper) RenewDue(ctx context.Context) (n int, err error) {
	var hands errgroup.Group
	hands.SetLimit(2 * k.Parallel)
	for ctx.Err() == nil {
		var rows []Kept
		rows, err = k.due(ctx)
		if err != nil || len(rows) == 0 {
			break
		}
		n += len(rows)
		for _, row := range rows {
			hands.Go(func() error {
				_, _ = k.renew(ctx, row) // told in the row, the log and the metrics
				return nil
			})
		}
	}
	_ = hands.Wait()
	if ctx.Err() == nil {
		k.measure(ctx)
	}
	return n, err
}

// due claims the next rows: the component's first, for the others need it.
func (k *Keeper) due(ctx context.Context) ([]Kept, error) {
	for _, kind := range []string{Component, Sender, Authorizer} {
		if kind == Authorizer && k.pausing() {
			continue
		}
		read := time.Now()
		rows, err := k.Store.ClaimDue(ctx, kind, batch, lease)
		if err != nil || len(rows) > 0 {
			for i := range rows {
				rows[i].read = read
			}
			return rows, err
		}
	}
	return nil, nil
}
