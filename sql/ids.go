package sql

import (
	"context"
	"sync"
)

// sequences hands out ids from blocks that the database grants, so that a row
// has its id before it is written and all replicas draw from one counter.
// A block that a process leaves unused is lost; ids grow, with gaps.
type sequences struct {
	db   *DB
	mu   sync.Mutex
	next map[string]*span
}

type span struct{ next, end int64 }

const block = 1000

// take answers the first of n consecutive ids of the named sequence.
func (s *sequences) take(ctx context.Context, name string, n int) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == nil {
		s.next = map[string]*span{}
	}
	at := s.next[name]
	if at == nil || at.end-at.next < int64(n) {
		fresh, err := s.grant(ctx, name, int64(max(n, block)))
		if err != nil {
			return 0, err
		}
		at = fresh
		s.next[name] = at
	}
	at.next += int64(n)
	return at.next - int64(n), nil
}

func (s *sequences) grant(ctx context.Context, name string, n int64) (*span, error) {
	var end int64
	err := s.db.inTx(ctx, func(t tx) error {
		if _, err := t.exec(ctx, `INSERT INTO sequence (name, next) VALUES (?, ?)`+s.db.orIgnore("name"), name, 1); err != nil {
			return err
		}
		if _, err := t.exec(ctx, `UPDATE sequence SET next = next + ? WHERE name = ?`, n, name); err != nil {
			return err
		}
		return t.get(ctx, &end, `SELECT next FROM sequence WHERE name = ?`, name)
	})
	return &span{end - n, end}, err
}
