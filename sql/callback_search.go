package sql

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"time"

	"wechattpp/callback"
)

// search is a query for events, worked out.
type search struct {
	c       *Callback
	q       *callback.Query
	places  []place  // nil: everywhere
	types   []string // that there are and fit; nil: every one
	above   int64    // ids beyond this one
	below   int64    // and before this one
	nothing bool
}

// What one page may cost.
const (
	mostStreams = 400             // look-ups in the index by type and account
	perStep     = 50              // of them in one statement
	rareType    = 5_000           // events of types so few are sorted
	perWindow   = 20_000          // ids looked at in one statement, where no index serves
	mostWindows = 25              //
	mostTypes   = 500             // types of events that there may be
	slack       = 2 * time.Minute // by which ids may be out of the order of time
)

func (c *Callback) search(ctx context.Context, q *callback.Query) (*search, error) {
	s := &search{c: c, q: q, below: cmp.Or(q.Before, 1<<62)}
	if err := s.where(ctx); err != nil {
		return nil, err
	}
	if err := s.when(ctx); err != nil || s.nothing {
		return s, err
	}
	if q.User != "" || q.Type == "" && q.Senders == nil && q.AppID == "" {
		return s, nil
	}
	var err error
	s.types, err = s.kinds(ctx)
	s.nothing = err == nil && len(s.types) == 0
	return s, err
}

// where works out the accounts.
func (s *search) where(ctx context.Context) (err error) {
	if s.q.Senders == nil {
		if s.q.AppID != "" {
			s.places = []place{{app: s.q.AppID}}
		}
		return nil
	}
	if s.places, err = s.c.places(ctx, s.q.Senders); err != nil {
		return err
	}
	if s.q.AppID != "" {
		s.places = slices.DeleteFunc(s.places, func(p place) bool { return p.app != s.q.AppID })
	}
	s.nothing = len(s.places) == 0
	return nil
}

// when turns times into ids, which follow time closely: an index on
// received_at would be paid for by every push.
func (s *search) when(ctx context.Context) (err error) {
	if !s.q.From.IsZero() {
		first, err := s.firstSince(ctx, s.q.From.Add(-slack))
		if err != nil {
			return err
		}
		s.above = first - 1
	}
	if !s.q.To.IsZero() {
		end, err := s.firstSince(ctx, s.q.To.Add(slack))
		if err != nil {
			return err
		}
		s.below = min(s.below, end)
	}
	s.nothing = s.nothing || s.above >= s.below-1
	return nil
}

// firstSince halves the ids until it has found the first received at the given
// time or later; beyond the last one if there is none.
func (s *search) firstSince(ctx context.Context, at time.Time) (int64, error) {
	const nearest = `SELECT id, received_at FROM event WHERE id >= ? ORDER BY id LIMIT 1`
	var last int64
	if err := s.c.db.run().get(ctx, &last, `SELECT COALESCE(MAX(id), 0) FROM event`); err != nil {
		return 0, err
	}
	low, high := int64(1), last+1
	for low < high {
		var e struct {
			ID         int64 `db:"id"`
			ReceivedAt int64 `db:"received_at"`
		}
		middle := low + (high-low)/2
		switch err := s.c.db.run().get(ctx, &e, nearest, middle); {
		case errors.Is(err, fs.ErrNotExist):
			high = middle
		case err != nil:
			return 0, err
		case e.ReceivedAt < at.UnixMilli():
			low = e.ID + 1
		default:
			high = middle
		}
	}
	return low, nil
}

// kinds lists the types that fit the pattern, jumping along the index from one
// to the next.
func (s *search) kinds(ctx context.Context) (types []string, err error) {
	pattern := cmp.Or(s.q.Type, "*")
	prefix, _, wild := strings.Cut(pattern, "*")
	if !wild {
		return []string{pattern}, nil
	}
	const first, after = `SELECT type FROM event WHERE type >= ? ORDER BY type LIMIT 1`, `SELECT type FROM event WHERE type > ? ORDER BY type LIMIT 1`
	query, from := first, prefix
	for range mostTypes {
		var kind string
		switch err := s.c.db.run().get(ctx, &kind, query, from); {
		case errors.Is(err, fs.ErrNotExist):
			return types, nil
		case err != nil:
			return nil, err
		}
		if !strings.HasPrefix(kind, prefix) {
			return types, nil
		}
		if like(pattern, kind) {
			types = append(types, kind)
		}
		query, from = after, kind
	}
	return types, nil
}

// like tells whether a type fits a pattern in which * is any text.
func like(pattern, kind string) bool {
	parts := strings.Split(pattern, "*")
	rest, ok := strings.CutPrefix(kind, parts[0])
	if !ok || len(parts) == 1 {
		return ok && rest == ""
	}
	for _, p := range parts[1 : len(parts)-1] {
		if _, rest, ok = strings.Cut(rest, p); !ok {
			return false
		}
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}
