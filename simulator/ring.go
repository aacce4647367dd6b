package simulator

// ring keeps the last max items and counts all that ever came.
// The caller locks.
type ring[T any] struct {
	items []T
	max   int
	total int
}

// add returns the item's number, counted from 0.
func (r *ring[T]) add(v T) int {
	if len(r.items) < r.max {
		r.items = append(r.items, v)
	} else {
		r.items[r.total%r.max] = v
	}
	r.total++
	return r.total - 1
}

// at returns nil for an item that was never added or is no longer kept.
func (r *ring[T]) at(n int) *T {
	if n < 0 || n >= r.total || n < r.total-len(r.items) {
		return nil
	}
	return &r.items[n%r.max]
}

// last copies up to n items, oldest first; n < 0 means all kept.
func (r *ring[T]) last(n int) []T {
	if n < 0 || n > len(r.items) {
		n = len(r.items)
	}
	out := make([]T, 0, n)
	for i := r.total - n; i < r.total; i++ {
		out = append(out, r.items[i%r.max])
	}
	return out
}
