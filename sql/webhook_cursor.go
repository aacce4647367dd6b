package sql

import "slices"

// cursor is how far the feed has been read: every id up to Position, but those
// in Holes. An id is given to a line before its transaction commits, so that a
// reader may see later ids first; a missing one is looked for until a
// transaction cannot last any longer. Lines that depend on each other never
// appear out of order: the later transaction begins after the earlier one has
// committed.
type cursor struct {
	Position int64
	Holes    []hole
}

// hole is a range of ids that were missing when those after it were read.
type hole struct {
	First int64 `json:"first"`
	Last  int64 `json:"last"`
	Seen  int64 `json:"seen"` // when, in milliseconds
}

const (
	// holeLife is how long a transaction may take to commit its lines, in
	// milliseconds. All of ours have deadlines well below.
	holeLife = 5 * 60 * 1000
	// mostHoles bounds what is remembered. Beyond it the reader waits, for it
	// must not skip a line.
	mostHoles = 1000
)

// advance takes ids that were read, in their order, at a time.
func (c *cursor) advance(ids []int64, now int64) {
	for _, id := range ids {
		if id <= c.Position {
			c.fill(id)
			continue
		}
		if id > c.Position+1 {
			c.Holes = append(c.Holes, hole{c.Position + 1, id - 1, now})
		}
		c.Position = id
	}
	c.Holes = slices.DeleteFunc(c.Holes, func(h hole) bool { return h.Last < h.First || h.Seen < now-holeLife })
}

// fill takes one id out of its hole.
func (c *cursor) fill(id int64) {
	for i := range c.Holes {
		h := &c.Holes[i]
		if id < h.First || id > h.Last {
			continue
		}
		rest := hole{id + 1, h.Last, h.Seen}
		h.Last = id - 1
		if rest.First <= rest.Last {
			c.Holes = slices.Insert(c.Holes, i+1, rest)
		}
		return
	}
}

// where is the condition for lines that have not been read, and its arguments.
func (c *cursor) where() (text string, args []any) {
	if len(c.Holes) < mostHoles {
		text, args = "id > ?", []any{c.Position}
	} else {
		text = "0 = 1"
	}
	for _, h := range c.Holes {
		text, args = text+" OR id BETWEEN ? AND ?", append(args, h.First, h.Last)
	}
	return "(" + text + ")", args
}
