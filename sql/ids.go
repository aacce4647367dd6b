package sql

import (
	"context"
	"sync"
	"time"
)

// sequences hands out ids from blocks that the database grants, so that a row
// has its id before it is written and all replicas draw from one counter.
// A block that a process leaves unused is lost; ids grow, with gaps.
type sequences struct {
	db   *DB
	mu   sync.Mutex
	next map[string]*span
}

type span struct {
	first, next, end int64
	granted          time.Time
}

// A span grows with demand and lapses after a while, so that ids of replicas
// follow time closely enough to page by and to clean up by.
const (
	smallestSpan = 100
	largestSpan  = 20_000
	spanLife     = 10 * time.Second
)

// take answers the first of n consecutive ids of the named sequence.
func (s *sequences) take(ctx context.Context, name string, n int) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == nil {
		s.next = map[string]*span{}
	}
	at := s.next[name]
	if at == nil || at.end-at.next < int64(n) || time.Since(at.granted) > spanLife {
		fresh, err := s.grant(ctx, name, int64(max(n, wanted(at))))
		if err != nil {
			return 0, err
		}
		at = fresh
		s.next[name] = at
	}
	at.next += int64(n)
	return at.next - int64(n), nil
}

// wanted is the size of the span after one: about what the next life will use.
func wanted(last *span) int {
	if last == nil {
		return smallestSpan
	}
	used := last.next - last.first
	if time.Since(last.granted) > spanLife {
		used += used / 4
	} else {
		used *= 8 // used up early
	}
	return int(min(largestSpan, max(smallestSpan, used)))
}

const (
	growSQL  = `UPDATE sequence SET next = next + ? WHERE name = ?`
	beginSQL = `INSERT INTO sequence (name, next) VALUES (?, ?)`
	endSQL   = `SELECT next FROM sequence WHERE name = ?`
)

func (s *sequences) grant(ctx context.Context, name string, n int64) (*span, error) {
	var end int64
	err := s.db.inTx(ctx, func(t tx) error {
		found, err := t.exec(ctx, growSQL, n, name)
		if err != nil {
			return err
		}
		if found == 0 {
			if _, err := t.exec(ctx, beginSQL+s.db.orIgnore("name"), name, 1); err != nil {
				return err
			}
			if _, err := t.exec(ctx, growSQL, n, name); err != nil {
				return err
			}
		}
		return t.get(ctx, &end, endSQL, name)
	})
	return &span{end - n, end - n, end, time.Now()}, err
}
