package sql

import (
	"context"
	"slices"
	"strings"
)

// condition is a part of a WHERE with its arguments.
type condition struct {
	text string
	args []any
}

func (c *condition) and(text string, args ...any) {
	if c.text != "" {
		c.text += " AND "
	}
	c.text += text
	c.args = append(c.args, args...)
}

// ids answers the ids that fit, the newest first, and where to go on.
func (s *search) ids(ctx context.Context) (ids []int64, next int64, err error) {
	switch {
	case s.q.User != "":
		ids, err = s.streams(ctx, "event_user", []condition{s.ofUser()})
	case s.types != nil && s.places != nil && len(s.types)*len(s.places) <= mostStreams:
		ids, err = s.streams(ctx, "event_type", s.ofPlaces())
	default:
		return s.walk(ctx)
	}
	if limit := s.q.Limit; len(ids) > limit {
		return ids[:limit], ids[limit-1], err
	}
	return ids, 0, err
}

// common is what every look-up asks for.
func (s *search) common() (c condition) {
	c.and("id > ? AND id < ? AND held <> 1", s.above, s.below)
	if !s.q.From.IsZero() {
		c.and("received_at >= ?", s.q.From.UnixMilli())
	}
	if !s.q.To.IsZero() {
		c.and("received_at < ?", s.q.To.UnixMilli())
	}
	return c
}

func (s *search) ofUser() (c condition) {
	c.and("user = ?", s.q.User)
	s.narrow(&c)
	return c
}

// narrow adds what no index looks up: accounts and types.
func (s *search) narrow(c *condition) {
	if s.places != nil {
		var any condition
		for i, p := range s.places {
			if i > 0 {
				any.text += " OR "
			}
			any.text += p.text()
			any.args = append(any.args, p.args()...)
		}
		c.and("("+any.text+")", any.args...)
	}
	switch {
	case s.types != nil:
		c.and("type IN (?)", s.types)
	case s.q.Type != "":
		c.and("type LIKE ? ESCAPE '!'", strings.NewReplacer("*", "%", "_", "!_", "%", "!%", "!", "!!").Replace(s.q.Type))
	}
}

func (p *place) text() string {
	if p.sender == nil {
		return "app_id = ?"
	}
	return "app_id = ? AND sender = ?"
}

func (p *place) args() []any {
	if p.sender == nil {
		return []any{p.app}
	}
	return []any{p.app, *p.sender}
}

func (s *search) ofPlaces() []condition {
	list := make([]condition, 0, len(s.types)*len(s.places))
	for _, kind := range s.types {
		for _, p := range s.places {
			var c condition
			c.and("type = ?", kind)
			c.and(p.text(), p.args()...)
			list = append(list, c)
		}
	}
	return list
}

// streams takes the newest of each look-up in an index, and the newest of those.
func (s *search) streams(ctx context.Context, index string, list []condition) ([]int64, error) {
	var ids []int64
	for part := range slices.Chunk(list, perStep) {
		var union condition
		for i, c := range part {
			if i > 0 {
				union.text += " UNION ALL "
			}
			common := s.common()
			union.text += "SELECT id FROM (SELECT id FROM event " + s.c.db.by(index) + " WHERE " + c.text + " AND " + common.text + " ORDER BY id DESC LIMIT ?) AS stream"
			union.args = append(append(append(union.args, c.args...), common.args...), s.q.Limit+1)
		}
		var got []int64
		if err := s.c.db.run().all(ctx, &got, union.text, union.args...); err != nil {
			return nil, err
		}
		ids = append(ids, got...)
	}
	slices.SortFunc(ids, func(a, b int64) int { return int(b - a) })
	return ids, nil
}

// by makes the database use an index: what it guesses of a large table may
// change over night.
func (db *DB) by(index string) string {
	if db.dialect == onMySQL {
		return "FORCE INDEX (" + index + ")"
	}
	return "INDEXED BY " + index
}

// walk goes back through all events, window by window: what is frequent is soon
// found, and what is rare has few to sort.
func (s *search) walk(ctx context.Context) (ids []int64, next int64, err error) {
	if s.types != nil {
		if ids, rare, err := s.sorted(ctx); rare || err != nil {
			if limit := s.q.Limit; len(ids) > limit {
				return ids[:limit], ids[limit-1], err
			}
			return ids, 0, err
		}
	}
	for range mostWindows {
		floor, err := s.floor(ctx)
		if err != nil {
			return nil, 0, err
		}
		c := s.common()
		s.narrow(&c)
		c.and("id >= ?", floor)
		var got []int64
		if err := s.c.db.run().all(ctx, &got, `SELECT id FROM event WHERE `+c.text+` ORDER BY id DESC LIMIT ?`, append(c.args, s.q.Limit+1-len(ids))...); err != nil {
			return nil, 0, err
		}
		if ids = append(ids, got...); len(ids) > s.q.Limit {
			return ids[:s.q.Limit], ids[s.q.Limit-1], nil
		}
		if floor <= s.above+1 {
			return ids, 0, nil
		}
		s.below = floor
	}
	return ids, s.below, nil
}

// floor is the id a window below.
func (s *search) floor(ctx context.Context) (int64, error) {
	var id []int64
	const query = `SELECT id FROM event WHERE id < ? ORDER BY id DESC LIMIT 1 OFFSET ?`
	if err := s.c.db.run().all(ctx, &id, query, s.below, perWindow); err != nil || len(id) == 0 {
		return s.above + 1, err
	}
	return max(id[0], s.above+1), nil
}

// sorted answers the events of rare types; rare is false where there are too
// many to sort.
func (s *search) sorted(ctx context.Context) (ids []int64, rare bool, err error) {
	var n int64
	r := s.c.db.run()
	if err := r.get(ctx, &n, `SELECT COUNT(*) FROM (SELECT 1 FROM event `+s.c.db.by("event_type")+` WHERE type IN (?) LIMIT ?) AS some`, s.types, rareType); err != nil || n == rareType {
		return nil, false, err
	}
	c := s.common()
	s.narrow(&c)
	err = r.all(ctx, &ids, `SELECT id FROM event `+s.c.db.by("event_type")+` WHERE `+c.text+` ORDER BY id DESC LIMIT ?`, append(c.args, s.q.Limit+1)...)
	return ids, true, err
}
