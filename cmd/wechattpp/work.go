package main

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"time"
)

// step is one round of a room's work: it answers how much it did, and leaves
// no goroutine behind.
type step struct {
	name  string
	run   func(context.Context) (int, error)
	every time.Duration // how long to wait when there was nothing to do
	nudge chan struct{} // wakes the loop before that
}

// newStep makes a step with a nudge that never blocks its caller.
func newStep(name string, every time.Duration, run func(context.Context) (int, error)) *step {
	return &step{name, run, every, make(chan struct{}, 1)}
}

// Nudge asks for a round soon.
func (s *step) Nudge() {
	select {
	case s.nudge <- struct{}{}:
	default:
	}
}

// loop works until ctx ends: on while there is something to do, else waiting
// for a nudge or the time; after an error it waits longer, up to 30 seconds,
// because the next round would most likely fail as well.
func (s *step) loop(ctx context.Context, log *slog.Logger) {
	failures := 0
	for ctx.Err() == nil {
		n, err := s.once(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			failures++
			log.Error("step failed; it will be tried again", "step", s.name, "attempt", failures, "err", err)
			s.wait(ctx, backoff(failures))
		case n == 0 && err == nil:
			failures = 0
			s.wait(ctx, s.every)
		default:
			failures = 0
		}
	}
}

// once runs one round; a panic costs this round only.
func (s *step) once(ctx context.Context) (n int, err error) {
	defer func() {
		if p := recover(); p != nil {
			slog.Error("step panicked", "step", s.name, "panic", p, "stack", string(debug.Stack()))
			err = errors.New("panic")
		}
	}()
	return s.run(ctx)
}

func (s *step) wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-s.nudge:
	case <-t.C:
	}
}

// backoff doubles from half a second to 30 seconds, give or take a quarter.
func backoff(failures int) time.Duration {
	d := min(500*time.Millisecond<<min(failures-1, 6), 30*time.Second)
	return d - d/4 + rand.N(d/2)
}
