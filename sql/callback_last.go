package sql

import (
	"context"
	"slices"
	"sync"
	"time"
)

// floor remembers the first event since a moment: to find it takes some thirty
// look-ups, and one that is a little older serves as well.
type floor struct {
	mu    sync.Mutex
	since time.Time
	id    int64
}

// floorLasts is how much older it may be.
const floorLasts = 10 * time.Minute

// floorOf answers an id below which no event was received since the moment.
func (c *Callback) floorOf(ctx context.Context, since time.Time) (int64, error) {
	c.floor.mu.Lock()
	defer c.floor.mu.Unlock()
	if age := since.Sub(c.floor.since); age >= 0 && age < floorLasts {
		return c.floor.id, nil
	}
	id, err := (&search{c: c}).firstSince(ctx, since.Add(-slack))
	if err == nil {
		c.floor.since, c.floor.id = since, id
	}
	return id, err
}

// Last looks along the index by user, which leads on to the id.
func (c *Callback) Last(ctx context.Context, appID string, types []string, since time.Time, users []string) (map[string]map[string]time.Time, error) {
	first, err := c.floorOf(ctx, since)
	if err != nil {
		return nil, err
	}
	query := `SELECT user, type, MAX(created_at) AS at FROM event ` + c.db.by("event_user") +
		` WHERE user IN (?) AND id >= ? AND app_id = ? AND type IN (?) AND created_at >= ? AND held <> 1 GROUP BY user, type`
	did := map[string]map[string]time.Time{}
	for some := range slices.Chunk(users, 500) {
		var rows []struct {
			User string `db:"user"`
			Type string `db:"type"`
			At   int64  `db:"at"`
		}
		if err := c.db.run().all(ctx, &rows, query, some, first, appID, types, since.UnixMilli()); err != nil {
			return nil, err
		}
		for _, r := range rows {
			if did[r.User] == nil {
				did[r.User] = map[string]time.Time{}
			}
			did[r.User][r.Type] = time.UnixMilli(r.At)
		}
	}
	return did, nil
}

// Lately looks along the index by type and account, which leads on to the id.
func (c *Callback) Lately(ctx context.Context, appID string, types []string, since time.Time, most int) (users, looked int, err error) {
	first, err := c.floorOf(ctx, since)
	if err != nil {
		return 0, 0, err
	}
	query := `SELECT COUNT(DISTINCT user) AS users, COUNT(*) AS looked FROM (SELECT user FROM event ` + c.db.by("event_type") +
		` WHERE type IN (?) AND app_id = ? AND id >= ? AND created_at >= ? AND held <> 1 LIMIT ?) AS some`
	var n struct {
		Users  int `db:"users"`
		Looked int `db:"looked"`
	}
	err = c.db.run().get(ctx, &n, query, types, appID, first, since.UnixMilli(), most)
	return n.Users, n.Looked, err
}
