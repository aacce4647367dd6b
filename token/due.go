package token

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"
)

const batch = 256

// RenewDue renews what is due, until nothing is or ctx ends, and answers how
// many rows it took. Three times as many rows are in hand as may be called, and
// the next ones are claimed meanwhile, so that the slots for calls stay full
// while answers are stored and rows are claimed. When ctx ends, running calls
// are finished and stored; the rest is given back.
func (k *Keeper) RenewDue(ctx context.Context) (n int, err error) {
	rows := make(chan Kept, batch)
	var all, hands errgroup.Group
	hands.SetLimit(3 * k.Parallel)
	all.Go(func() (err error) {
		defer close(rows)
		n, err = k.claimAll(ctx, rows)
		return err
	})
	for row := range rows {
		hands.Go(func() error {
			_, _ = k.renew(ctx, row) // told in the row, the log and the metrics
			return nil
		})
	}
	_ = hands.Wait()
	return n, all.Wait()
}

// claimAll claims rows until none is due. Whoever takes them takes them all.
func (k *Keeper) claimAll(ctx context.Context, rows chan<- Kept) (n int, err error) {
	for ctx.Err() == nil {
		k.measure(ctx)
		claimed, err := k.due(ctx)
		if err != nil || len(claimed) == 0 {
			return n, err
		}
		n += len(claimed)
		for _, row := range claimed {
			rows <- row
		}
	}
	return n, nil
}

// due claims the next rows: the component's first, for the others need it.
func (k *Keeper) due(ctx context.Context) ([]Kept, error) {
	for _, kind := range []string{Component, Sender, WeCom, Authorizer} {
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
