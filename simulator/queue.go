package simulator

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// pending is a push that waits for its time.
type pending struct {
	record *Push
	event  event
	inner  []byte
	due    time.Time
	tried  chan struct{} // closed after the first try
	done   chan struct{} // closed when no more tries come
}

// queue is ordered by due time and bounded.
type queue struct {
	mu     sync.Mutex
	items  dueHeap
	max    int
	closed bool
	wake   chan struct{}
}

func (q *queue) init(max int) {
	q.max = max
	q.wake = make(chan struct{}, 1)
}

// add reports false if the queue is full or over.
func (q *queue) add(p *pending) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || len(q.items) >= q.max {
		return false
	}
	heap.Push(&q.items, p)
	select {
	case q.wake <- struct{}{}:
	default:
	}
	return true
}

func (q *queue) size() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.items)
}

// next waits for a due push; nil when ctx ends.
func (q *queue) next(ctx context.Context) *pending {
	for ctx.Err() == nil {
		p, wait := q.pop(time.Now())
		if p != nil {
			return p
		}
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-q.wake:
		case <-ctx.Done():
		}
		t.Stop()
	}
	return nil
}

func (q *queue) pop(now time.Time) (*pending, time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.items) == 0 {
		return nil, time.Hour
	}
	if wait := q.items[0].due.Sub(now); wait > 0 {
		return nil, wait
	}
	return heap.Pop(&q.items).(*pending), 0
}

// close refuses what comes and gives back what waited.
func (q *queue) close() []*pending {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	items := q.items
	q.items = nil
	return items
}

type dueHeap []*pending

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h dueHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *dueHeap) Push(p any)        { *h = append(*h, p.(*pending)) }
func (h *dueHeap) Pop() any {
	old := *h
	p := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return p
}
