package sqltest

import (
	stdsql "database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// past runs f on a test's database, past everything of ours. Its connection ends
// with it: a test may ask a thousand times, and a server has only so many.
func past(t testing.TB, source string, f func(db *stdsql.DB) error) {
	t.Helper()
	kind, rest, _ := strings.Cut(source, ":")
	if kind == "sqlite" {
		rest = "file:" + (&url.URL{Path: rest}).EscapedPath() + "?_pragma=busy_timeout(5000)"
	}
	db, err := stdsql.Open(kind, rest)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f(db), db.Close()); err != nil {
		t.Fatal(err)
	}
}

// Number asks a test's database for one number, past everything of ours.
func Number(t testing.TB, source, query string, args ...any) (n int64) {
	t.Helper()
	past(t, source, func(db *stdsql.DB) error { return told(query, db.QueryRow(query, args...).Scan(&n)) })
	return n
}

func told(query string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", query, err)
	}
	return nil
}

// Texts asks a test's database for a column of texts, past everything of ours.
func Texts(t testing.TB, source, query string, args ...any) (all []string) {
	t.Helper()
	past(t, source, func(db *stdsql.DB) (err error) {
		all, err = column[string](db, query, args...)
		return told(query, err)
	})
	return all
}

// column reads a query of one column.
func column[T any](db *stdsql.DB, query string, args ...any) (all []T, err error) {
	rows, err := db.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // its error comes from Err
	for rows.Next() {
		var v T
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

// Exec changes a test's database, past everything of ours. If a service that
// works on it meanwhile wins a deadlock, the change is made again.
func Exec(t testing.TB, source, query string, args ...any) {
	t.Helper()
	past(t, source, func(db *stdsql.DB) (err error) {
		for range 5 {
			_, err = db.Exec(query, args...)
			if err == nil || !strings.Contains(err.Error(), "Error 1213") { // MySQL's number of it
				break
			}
		}
		return told(query, err)
	})
}

// EventsInFeed reads the feed as webhook does and answers how often each event
// is told of.
func EventsInFeed(t testing.TB, source string) map[int64]int {
	t.Helper()
	often := map[int64]int{}
	past(t, source, func(db *stdsql.DB) error {
		all, err := lines(db)
		for _, l := range all {
			ids, err := column[int64](db, `SELECT id FROM event WHERE id BETWEEN ? AND ? AND (held = 0 OR ? = 0)`, l.first, l.last, l.ranged)
			if err != nil {
				return err
			}
			for _, id := range ids {
				often[id]++
			}
		}
		return err
	})
	return often
}

type feedLine struct{ first, last, ranged int64 }

func lines(db *stdsql.DB) (all []feedLine, err error) {
	rows, err := db.Query(`SELECT type, event_id, data FROM feed WHERE event_id > 0`)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // its error comes from Err
	for rows.Next() {
		var kind string
		var data []byte
		var l feedLine
		if err := rows.Scan(&kind, &l.first, &data); err != nil {
			return nil, err
		}
		if l.last = l.first; kind == "events" {
			var d struct{ Last int64 }
			if err := json.Unmarshal(data, &d); err != nil {
				return nil, err
			}
			l.last, l.ranged = d.Last, 1
		}
		all = append(all, l)
	}
	return all, rows.Err()
}
