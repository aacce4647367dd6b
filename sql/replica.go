package sql

import (
	"context"
	"strings"
	"time"
)

// aliveFor is how long after its last word a replica counts as running, and
// forgottenAfter when its row goes. Beat every BeatEvery or sooner.
const (
	aliveFor       = 20 * time.Second
	forgottenAfter = time.Minute
	BeatEvery      = 5 * time.Second
)

// Replica is a running service.
type Replica struct {
	ID    int64    // a fresh Word of each start
	Name  string   // host and process, for people
	Knows []string // ids of its master keys; the first one seals
}

// Word is a random number that names a process.
func Word() int64 { return word() }

// Beat writes down that a replica runs and which keys it knows, and forgets
// those that have gone.
func (db *DB) Beat(ctx context.Context, r Replica) error {
	_, err := db.run().exec(ctx, `INSERT INTO replica (id, name, knows, seen_at) VALUES (?, ?, ?, {now})`+db.onConflict("id", "name", "knows", "seen_at"),
		r.ID, clipTo(r.Name, 190), strings.Join(r.Knows, ","))
	if err != nil {
		return err
	}
	_, err = db.run().exec(ctx, `DELETE FROM replica WHERE seen_at < {now} - ?`, forgottenAfter.Milliseconds())
	return err
}

// Leave takes a replica off the list, when it stops.
func (db *DB) Leave(ctx context.Context, id int64) error {
	_, err := db.run().exec(ctx, `DELETE FROM replica WHERE id = ?`, id)
	return err
}

// Replicas are the services that run, by name. One that died is among them for
// 20 seconds.
func (db *DB) Replicas(ctx context.Context) ([]Replica, error) {
	var rows []struct {
		ID    int64  `db:"id"`
		Name  string `db:"name"`
		Knows string `db:"knows"`
	}
	if err := db.run().all(ctx, &rows, `SELECT id, name, knows FROM replica WHERE seen_at >= {now} - ? ORDER BY name, id`, aliveFor.Milliseconds()); err != nil {
		return nil, err
	}
	all := make([]Replica, len(rows))
	for i, r := range rows {
		all[i] = Replica{r.ID, r.Name, strings.Split(r.Knows, ",")}
	}
	return all, nil
}
