package sqltest

import (
	stdsql "database/sql"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

// raw opens a test's database past everything of ours.
func raw(t testing.TB, source string) *stdsql.DB {
	t.Helper()
	kind, rest, _ := strings.Cut(source, ":")
	if kind == "sqlite" {
		rest = "file:" + (&url.URL{Path: rest}).EscapedPath() + "?_pragma=busy_timeout(5000)"
	}
	db, err := stdsql.Open(kind, rest)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// Number asks a test's database for one number, past everything of ours.
func Number(t testing.TB, source, query string, args ...any) (n int64) {
	t.Helper()
	if err := raw(t, source).QueryRow(query, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// Texts asks a test's database for a column of texts, past everything of ours.
func Texts(t testing.TB, source, query string, args ...any) (all []string) {
	t.Helper()
	rows, err := raw(t, source).Query(query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close() //nolint:errcheck // its error comes from Err
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// Exec changes a test's database, past everything of ours.
func Exec(t testing.TB, source, query string, args ...any) {
	t.Helper()
	if _, err := raw(t, source).Exec(query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// EventsInFeed reads the feed as webhook does and answers how often each event
// is told of.
func EventsInFeed(t testing.TB, source string) map[int64]int {
	t.Helper()
	db, told := raw(t, source), map[int64]int{}
	for _, l := range lines(t, db) {
		rows, err := db.Query(`SELECT id FROM event WHERE id BETWEEN ? AND ? AND (held = 0 OR ? = 0)`, l.first, l.last, l.ranged)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var id int64
			if err := rows.Scan(&id); err != nil {
				t.Fatal(err)
			}
			told[id]++
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return told
}

type feedLine struct{ first, last, ranged int64 }

func lines(t testing.TB, db *stdsql.DB) (all []feedLine) {
	t.Helper()
	rows, err := db.Query(`SELECT type, event_id, data FROM feed WHERE event_id > 0`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close() //nolint:errcheck // its error comes from Err
	for rows.Next() {
		var kind string
		var data []byte
		var l feedLine
		if err := rows.Scan(&kind, &l.first, &data); err != nil {
			t.Fatal(err)
		}
		if l.last = l.first; kind == "events" {
			var d struct{ Last int64 }
			if err := json.Unmarshal(data, &d); err != nil {
				t.Fatal(err)
			}
			l.last, l.ranged = d.Last, 1
		}
		all = append(all, l)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
