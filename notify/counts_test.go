package notify_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"wechattpp/notify"
	"wechattpp/sql/sqltest"
)

// Whatever happens in whatever order, the counts of a message are those of its
// recipients and add up to its target, and nobody gets a message twice.
func TestCountsAlwaysAddUp(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			h := newHouse(t, sqltest.Source(t, kind))
			run := 0
			rapid.Check(t, func(rt *rapid.T) {
				run++
				history(rt, h, run)
			})
		})
	}
}

func history(rt *rapid.T, h *house, run int) {
	ctx := context.Background()
	codes := rapid.SliceOfN(rapid.SampledFrom([]int{0, 0, 0, 43004, 47003, -1, -2, 40037}), 5, 5).Draw(rt, "codes")
	h.v.answering(func(_ string, n int) answer {
		code := codes[n%len(codes)]
		if code == -2 {
			return answer{Drop: true, Taken: true}
		}
		return answer{Code: code}
	})
	var messages, people []string
	for i := range rapid.IntRange(1, 4).Draw(rt, "messages") {
		ids := make([]string, rapid.IntRange(1, 120).Draw(rt, "size"))
		for j := range ids {
			ids[j] = fmt.Sprintf("r%dm%dp%d", run, i, j)
		}
		people = append(people, ids...)
		messages = append(messages, h.accept(body(ids...)))
	}
	for range rapid.IntRange(1, 6).Draw(rt, "steps") {
		switch rapid.IntRange(0, 2).Draw(rt, "step") {
		case 0:
			h.send()
		case 1:
			o := rapid.SampledFrom(people).Draw(rt, "person")
			if h.v.got(o) == 0 {
				continue
			}
			_, err := h.room.Outcome(ctx, outcome(o, h.v.msgID(o), rapid.Bool().Draw(rt, "delivered")))
			if err != nil && !errors.Is(err, notify.ErrTooEarly) {
				rt.Fatal(err)
			}
		case 2: // a worker that dies with its claim, or comes back too late
			due, err := h.store.Due(ctx, nil, 2)
			if err != nil {
				rt.Fatal(err)
			}
			for _, d := range due {
				window := rapid.SampledFrom([]time.Duration{0, time.Minute}).Draw(rt, "window")
				if _, err := h.store.Begin(ctx, []notify.Take{{Chunk: d.Chunk, Most: rapid.IntRange(0, 100).Draw(rt, "most")}}, time.Millisecond, within(window)); err != nil {
					rt.Fatal(err)
				}
			}
		}
		for _, m := range messages {
			h.adds(m)
		}
	}
	for _, o := range people {
		if n := h.v.got(o); n > 1 {
			rt.Fatalf("%s got %d messages", o, n)
		}
	}
}
