package sql

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"
)

// committers is how many commits of one group may run at once: while one
// waits for the disk, the next fills. More would only make batches smaller.
const committers = 2

// company is the size from which a batch of small rows commits alone. While few
// call, two commits at once answer sooner; while many do, one that has twice as
// many rows costs the database a fifth less (64 callers: 28 µs a row against
// 34). Where a caller's own work before and after outweighs its row, two are
// better at any size: half of the callers work while the others wait.
const company = 8

// apart is the company of groups whose batches never commit alone.
const apart = 1 << 30

// group shares commits: what queued behind the running commit goes into the
// next one. Nobody lingers for company, so that a lone row waits for one
// flush and no more.
type group[T any] struct {
	name    string // in the metrics
	metrics *metrics
	flush   func(context.Context, []T) error // writes all or nothing
	batch   int
	weigh   func(T) int // how many rows an item is; nil means 1
	alone   int         // see company
	queue   chan *queued[T]
	turn    sync.Mutex // held while a batch is collected, and while a large one commits
	free    sync.Pool  // of *queued[T]
	done    sync.WaitGroup
}

type queued[T any] struct {
	ctx  context.Context
	item T
	end  chan error
}

// newGroup starts the committers; DB.Close waits for them.
func newGroup[T any](db *DB, name string, alone int, flush func(context.Context, []T) error, weigh func(T) int) *group[T] {
	g := &group[T]{name: name, metrics: db.metrics, flush: flush, batch: db.batch, weigh: weigh, alone: alone, queue: make(chan *queued[T], 4096)}
	g.free.New = func() any { return &queued[T]{end: make(chan error, 1)} }
	for range committers {
		g.done.Go(g.work)
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	db.groups = append(db.groups, g)
	return g
}

func (g *group[T]) close() {
	close(g.queue)
	g.done.Wait()
}

// do returns when the item is durable, or refused, or ctx has ended; in the
// last case the item may still be written. With a batch of 1 nobody shares:
// every caller commits for itself.
func (g *group[T]) do(ctx context.Context, item T) error {
	q := g.free.Get().(*queued[T])
	q.ctx, q.item = ctx, item
	if g.batch == 1 {
		g.write([]*queued[T]{q})
		return g.ended(q, <-q.end)
	}
	select {
	case g.queue <- q:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-q.end:
		return g.ended(q, err)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ended gives back what nobody will write to any more.
func (g *group[T]) ended(q *queued[T], err error) error {
	var none T
	q.ctx, q.item = nil, none
	g.free.Put(q)
	return err
}

func (g *group[T]) work() {
	for q := range g.queue {
		g.turn.Lock()
		runtime.Gosched() // callers that are ready to run get into this batch
		batch := g.collect(q)
		if len(batch) < g.alone {
			g.turn.Unlock()
			g.write(batch)
			continue
		}
		g.write(batch)
		g.turn.Unlock()
	}
}

// collect takes what is waiting already, up to a batch.
func (g *group[T]) collect(first *queued[T]) []*queued[T] {
	batch, rows := []*queued[T]{first}, g.rows(first.item)
	for rows < g.batch {
		select {
		case q, open := <-g.queue:
			if !open {
				return batch
			}
			batch, rows = append(batch, q), rows+g.rows(q.item)
		default:
			return batch
		}
	}
	return batch
}

func (g *group[T]) rows(item T) int {
	if g.weigh == nil {
		return 1
	}
	return g.weigh(item)
}

// write commits a batch. A batch that the database refuses is split until only
// the bad row fails; one that finds the database away is tried again until its
// callers have given up.
func (g *group[T]) write(batch []*queued[T]) {
	for {
		batch = alive(batch)
		if len(batch) == 0 {
			return
		}
		err := g.commit(batch)
		switch {
		case err == nil || (!isAway(err) && len(batch) == 1):
			end(batch, err)
			return
		case !isAway(err):
			g.write(batch[:len(batch)/2])
			g.write(batch[len(batch)/2:])
			return
		}
		time.Sleep(100 * time.Millisecond) // the database is away: not a wait on luck, a pause between tries
	}
}

// commit gives up when the last of its callers does: a database that hangs
// must not hold those who come later.
func (g *group[T]) commit(batch []*queued[T]) error {
	ctx, cancel := context.WithDeadline(context.Background(), patience(batch))
	defer cancel()
	items := make([]T, len(batch))
	for i, q := range batch {
		items[i] = q.item
	}
	began := time.Now()
	err := g.flush(ctx, items)
	if errors.Is(err, context.DeadlineExceeded) {
		err = errors.Join(errAway, err)
	}
	g.metrics.committed(g.name, len(items), began, err)
	return err
}

// patience is when the last caller gives up, at most 30 s from now.
func patience[T any](batch []*queued[T]) time.Time {
	longest := time.Now().Add(30 * time.Second)
	var last time.Time
	for _, q := range batch {
		end, ok := q.ctx.Deadline()
		if !ok || end.After(longest) {
			return longest
		}
		if end.After(last) {
			last = end
		}
	}
	return last
}

// alive drops those whose callers have gone.
func alive[T any](batch []*queued[T]) []*queued[T] {
	live := batch[:0:0]
	for _, q := range batch {
		if q.ctx.Err() == nil {
			live = append(live, q)
		} else {
			q.end <- q.ctx.Err()
		}
	}
	return live
}

func end[T any](batch []*queued[T], err error) {
	for _, q := range batch {
		q.end <- err
	}
}
