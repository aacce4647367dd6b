package notify

import (
	"context"
	"slices"
)

// search gathers the pages of a preparation until they make whole calls. Pages
// that are not written down yet are looked for again by whoever follows.
type search struct {
	room  *Room
	p     Preparation // how far it has come, pages included
	pages []page
	done  bool
}

// page is what one look at the users gave.
type page struct {
	targets [][]Target // per part
	last    int64      // how far the search had come after it
	goes    []int      // per part, how many are not skipped
}

// mostPages bounds what a search holds, and one transaction writes.
const mostPages = 50

// page looks for the next users, and answers how many.
func (s *search) page(ctx context.Context) (int, error) {
	users, done, err := s.room.nextUsers(ctx, &s.p)
	if err != nil {
		return 0, err
	}
	targets, err := s.room.resolve(ctx, users, s.p.Parts)
	if err != nil {
		return 0, err
	}
	if err := s.room.sift(ctx, s.p.Selection.Black, s.p.Selection.White, targets); err != nil {
		return 0, err
	}
	one := page{targets, s.p.LastUser, make([]int, len(targets))}
	for part, some := range targets {
		for _, t := range some {
			if !t.Skipped() {
				one.goes[part]++
			}
		}
	}
	s.pages, s.done = append(s.pages, one), done
	return len(users), nil
}

// flush writes pages down: each as it comes, but for mass sends as many as make
// a call, and never so that what is left may be one person.
func (s *search) flush(ctx context.Context) error {
	k := s.ripe()
	if k == 0 {
		return nil
	}
	now := s.p
	now.LastUser = s.pages[k-1].last
	targets := make([][]Target, len(s.p.Parts))
	for _, one := range s.pages[:k] {
		for part := range one.targets {
			targets[part] = append(targets[part], one.targets[part]...)
		}
	}
	if err := s.room.Store.Extend(ctx, now, targets, s.done, prepareLease); err != nil {
		return err
	}
	s.pages = s.pages[k:]
	s.room.nudge()
	return nil
}

// ripe is how many pages may be written down now.
func (s *search) ripe() int {
	if s.done {
		return len(s.pages)
	}
	k := len(s.pages)
	for part := range s.p.Parts {
		if s.p.Parts[part].Mass != nil {
			k = min(k, s.ripeFor(part))
		}
	}
	if k == 0 && len(s.pages) >= mostPages {
		return len(s.pages) // better one left over than no end
	}
	return k
}

// ripeFor is how many pages may be written down for a part that is a mass send:
// none until they make a call; then all but those that keep company to whoever
// is found next.
func (s *search) ripeFor(part int) int {
	sum, kept, k := 0, 0, len(s.pages)
	for _, one := range s.pages {
		sum += one.goes[part]
	}
	for k > 0 && kept < leastMass {
		k--
		kept += s.pages[k].goes[part]
	}
	switch full := len(s.pages) >= mostPages; {
	case sum-kept > mostMass-2*preparePage:
		return k
	case !full:
		return 0
	case sum-kept == 1: // those who were to keep it company go, too
		return len(s.pages)
	case kept < leastMass: // nobody goes before the only one
		return slices.IndexFunc(s.pages, func(p page) bool { return sum == 0 || p.goes[part] > 0 })
	}
	return k
}
