package simulator

import (
	"slices"
	"sync/atomic"
)

// stock is an account's own list of templates. It never changes: who changes
// the list swaps it, so that many accounts may share one, and sends never lock.
type stock struct {
	list []Template
	byID map[string]*pattern
}

func newStock(list []Template) *stock {
	s := &stock{list: slices.Clone(list), byID: map[string]*pattern{}}
	for _, t := range list {
		s.byID[t.ID] = newPattern(t)
	}
	return s
}

// Most templates of an account at a time, by kind (messages 1.2 and 2.2).
const (
	mostTemplates     = 25
	mostSubscriptions = 50
)

// isSubscription tells the lists of the two families apart.
func isSubscription(t Template) bool { return t.Type != templateMessage }

// family is the part of the list that one family of calls shows.
func (s *stock) family(subscription bool) []Template {
	return slices.DeleteFunc(slices.Clone(s.list), func(t Template) bool { return isSubscription(t) != subscription })
}

// shelf is where an account keeps its list.
type shelf struct{ now atomic.Pointer[stock] }

func (s *shelf) load() *stock { return s.now.Load() }

// add puts a template into the list, unless that is full.
func (s *shelf) add(t Template) *refusal {
	for {
		old := s.load()
		n := len(old.family(isSubscription(t)))
		switch {
		case isSubscription(t) && n >= mostSubscriptions:
			return refuse(200012)
		case !isSubscription(t) && n >= mostTemplates:
			return refuse(45026)
		}
		if s.now.CompareAndSwap(old, newStock(append(slices.Clone(old.list), t))) {
			return nil
		}
	}
}

// remove takes one out of the list of its family.
func (s *shelf) remove(id string, subscription bool) *refusal {
	for {
		old := s.load()
		i := slices.IndexFunc(old.list, func(t Template) bool { return t.ID == id && isSubscription(t) == subscription })
		if i < 0 {
			return refuse(40037)
		}
		if s.now.CompareAndSwap(old, newStock(slices.Delete(slices.Clone(old.list), i, i+1))) {
			return nil
		}
	}
}
