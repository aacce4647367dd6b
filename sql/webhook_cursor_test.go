package sql

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestEveryLineIsReadOnceInWhateverOrderTransactionsCommit plays a history:
// ids are given in order and become visible in any order, or never.
func TestEveryLineIsReadOnceInWhateverOrderTransactionsCommit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(t, "ids")
		lost := map[int64]bool{}
		var commits []int64
		for id := range int64(n) {
			if rapid.IntRange(0, 4).Draw(t, "fate") == 0 {
				lost[id+1] = true // rolled back
			} else {
				commits = append(commits, id+1)
			}
		}
		for i := range commits { // swap with one a few places on
			j := min(i+rapid.IntRange(0, 5).Draw(t, "late"), len(commits)-1)
			commits[i], commits[j] = commits[j], commits[i]
		}
		var c cursor
		visible, read := map[int64]bool{}, map[int64]int{}
		for len(commits) > 0 {
			some := rapid.IntRange(0, len(commits)).Draw(t, "committed")
			for _, id := range commits[:some] {
				visible[id] = true
			}
			commits = commits[some:]
			for _, id := range c.look(visible, rapid.IntRange(1, 10).Draw(t, "page")) {
				read[id]++
			}
			if some == 0 {
				break
			}
		}
		for _, id := range commits {
			visible[id] = true
		}
		for range n {
			for _, id := range c.look(visible, 10) {
				read[id]++
			}
		}
		for id := range int64(n) {
			want := 1
			if lost[id+1] {
				want = 0
			}
			if read[id+1] != want {
				t.Fatalf("line %d was read %d times, want %d; %+v", id+1, read[id+1], want, c)
			}
		}
	})
}

// look reads a page of the visible ids, as readPage does.
func (c *cursor) look(visible map[int64]bool, page int) (ids []int64) {
	for id := range visible {
		in := id > c.Position
		for _, h := range c.Holes {
			in = in || id >= h.First && id <= h.Last
		}
		if in {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	ids = ids[:min(page, len(ids))]
	c.advance(ids, 1)
	return ids
}

func TestAHoleIsLookedIntoForFiveMinutes(t *testing.T) {
	t.Parallel()
	var c cursor
	c.advance([]int64{1, 5}, 1000)
	c.advance(nil, 1000+holeLife)
	if !slices.Equal(c.Holes, []hole{{2, 4, 1000}}) {
		t.Errorf("%+v", c)
	}
	c.advance([]int64{3}, 1000+holeLife)
	if !slices.Equal(c.Holes, []hole{{2, 2, 1000}, {4, 4, 1000}}) {
		t.Errorf("%+v", c)
	}
	c.advance([]int64{6}, 1001+holeLife)
	if len(c.Holes) != 0 || c.Position != 6 {
		t.Errorf("%+v", c)
	}
}

func TestAReaderWithTooManyHolesWaits(t *testing.T) {
	t.Parallel()
	var c cursor
	for id := int64(2); len(c.Holes) < mostHoles; id += 2 {
		c.advance([]int64{id}, 1)
	}
	if text, args := c.where(); len(args) != 2*mostHoles || text[:6] != "(0 = 1" {
		t.Errorf("it reads on: %.60s", text)
	}
}
