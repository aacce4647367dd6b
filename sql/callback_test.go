package sql_test

import (
	"context"
	"encoding/binary"
	"strings"
	"sync"
	"testing"
	"time"

	"wechattpp/callback"
	"wechattpp/sql/sqltest"
)

// event is the n-th event of a test.
func event(n int) *callback.Event {
	e := &callback.Event{
		ComponentAppID: "wx1a2b3c4d5e6f7a8b", AppID: "wx9f8e7d6c5b4a3f2e", Source: callback.Message, Type: "wechat.text", User: "oAbC",
		CreatedAt: time.Unix(1760000000, 0), ReceivedAt: time.Now(), Body: []byte("<xml/>"),
	}
	binary.BigEndian.PutUint64(e.Dedup[:], uint64(n))
	return e
}

func TestTicketsAndCodesAreSealedAndMessagesAreNot(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			source := sqltest.Source(t, kind)
			store := sqltest.Open(t, source).Callback()
			secret, open := event(1), event(2)
			secret.Body, secret.Secret, secret.Due = []byte("<xml>ticket@@@SAMPLE</xml>"), true, true
			open.Body = []byte("<xml>hello</xml>")
			for _, e := range []*callback.Event{secret, open} {
				if _, err := store.Append(t.Context(), e); err != nil {
					t.Fatal(err)
				}
			}
			const holding = `SELECT COUNT(*) FROM event WHERE INSTR(body, ?) > 0`
			if n := sqltest.Number(t, source, holding, []byte("ticket@@@SAMPLE")); n != 0 {
				t.Error("the ticket lies in clear")
			}
			if n := sqltest.Number(t, source, holding, []byte("hello")); n != 1 {
				t.Errorf("%d rows hold the message", n)
			}
			jobs, err := store.Claim(t.Context(), 10, time.Minute)
			if err != nil || len(jobs) != 1 || string(jobs[0].Body) != string(secret.Body) {
				t.Fatalf("claimed %d, %v", len(jobs), err)
			}
		})
	}
}

// One row that the database refuses must not cost those that shared its batch.
func TestARefusedEventFailsAlone(t *testing.T) {
	t.Parallel()
	source := sqltest.Source(t, "mysql")
	store := sqltest.Open(t, source).Callback()
	var all sync.WaitGroup
	errs := make([]error, 40)
	for i := range errs {
		e := event(i)
		if i == 17 {
			e.AppID = strings.Repeat("x", 65)
		}
		all.Go(func() { _, errs[i] = store.Append(t.Context(), e) })
	}
	all.Wait()
	for i, err := range errs {
		if (err != nil) != (i == 17) {
			t.Errorf("event %d: %v", i, err)
		}
	}
	if n := sqltest.Number(t, source, `SELECT COUNT(*) FROM event`); n != int64(len(errs)-1) {
		t.Errorf("%d events are kept", n)
	}
	if n := len(sqltest.EventsInFeed(t, source)); n != len(errs)-1 {
		t.Errorf("the feed tells of %d", n)
	}
}

func TestManyAppendAtOnceWithEveryBatchSize(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		for _, batch := range []int{1, 7, 0} {
			t.Run(kind, func(t *testing.T) {
				t.Parallel()
				source := sqltest.Source(t, kind)
				sqltest.Open(t, source)
				store := sqltest.Raw(t, source, batch).Callback()
				const n = 200
				fresh := make(chan bool, 2*n)
				var all sync.WaitGroup
				for i := range 2 * n {
					all.Go(func() {
						new, err := store.Append(t.Context(), event(i%n)) // each twice
						if err != nil {
							t.Error(err)
						}
						fresh <- new
					})
				}
				all.Wait()
				got := 0
				for range 2 * n {
					if <-fresh {
						got++
					}
				}
				if rows := sqltest.Number(t, source, `SELECT COUNT(*) FROM event`); got != n || rows != n {
					t.Errorf("%d told as new, %d kept, want %d", got, rows, n)
				}
			})
		}
	}
}

func TestACallerWhoGivesUpIsNotKeptWaiting(t *testing.T) {
	t.Parallel()
	db := sqltest.Open(t, sqltest.Source(t, "sqlite"))
	store := db.Callback()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := store.Append(ctx, event(1)); err == nil {
		t.Error("no error for a caller who has gone")
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, kind := range []string{"sqlite", "mysql"} {
		b.Run(kind, func(b *testing.B) {
			source := sqltest.Source(b, kind)
			store := sqltest.Open(b, source).Callback()
			var n sync.Mutex
			next := 0
			b.SetParallelism(32) // goroutines for each core
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					n.Lock()
					next++
					e := event(next)
					n.Unlock()
					e.Body = []byte(strings.Repeat("0123456789", 40))
					if _, err := store.Append(b.Context(), e); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
