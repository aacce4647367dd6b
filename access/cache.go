package access

import (
	"context"
	"errors"
	"io/fs"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// A row that decides about a call is at most this old: what is revoked must be
// refused by every replica within 2 s.
const fresh = time.Second

// cached is how many rows, and how many absences, a cache holds.
const cached = 10_000

// cache remembers rows, and that there is none, for as long as fresh.
type cache[K comparable, V any] struct {
	load func(context.Context, K) (V, error)
	rows *lru.Cache[K, row[V]]
}

type row[V any] struct {
	value V
	there bool
	read  time.Time // when reading began: the row may be this old
}

func newCache[K comparable, V any](load func(context.Context, K) (V, error)) *cache[K, V] {
	rows, err := lru.New[K, row[V]](cached)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &cache[K, V]{load, rows}
}

// get answers a row, or fs.ErrNotExist.
func (c *cache[K, V]) get(ctx context.Context, key K) (V, error) {
	r, ok := c.rows.Get(key)
	if !ok || time.Since(r.read) >= fresh {
		r = row[V]{read: time.Now()}
		var err error
		r.value, err = c.load(ctx, key)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return r.value, err
		}
		r.there = err == nil
		c.rows.Add(key, r)
	}
	if !r.there {
		return r.value, fs.ErrNotExist
	}
	return r.value, nil
}

// forget makes this replica see a change at once.
func (c *cache[K, V]) forget(key K) { c.rows.Remove(key) }
