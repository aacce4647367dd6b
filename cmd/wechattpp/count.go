package main

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
)

// counted lets every failure of a step or a job be counted, from nought on.
func (h *house) counted() {
	steps := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "wechattpp_step_failures_total", Help: "Rounds of work that failed or panicked, by step."}, []string{"step"})
	jobs := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "wechattpp_job_failures_total", Help: "Jobs of the timetable that failed or panicked, by job."}, []string{"job"})
	h.metrics.MustRegister(steps, jobs)
	for _, s := range h.steps {
		run, failed := s.run, steps.WithLabelValues(s.name)
		s.run = func(ctx context.Context) (n int, err error) {
			err = counting(ctx, failed, func() (err error) { n, err = run(ctx); return err })
			return n, err
		}
	}
	for i := range h.jobs {
		run, failed := h.jobs[i].run, jobs.WithLabelValues(h.jobs[i].name)
		h.jobs[i].run = func(ctx context.Context) error {
			return counting(ctx, failed, func() error { return run(ctx) })
		}
	}
}

// counting counts a failure or a panic of f, but none that comes of stopping.
func counting(ctx context.Context, failed prometheus.Counter, f func() error) error {
	bad := true
	defer func() {
		if bad && ctx.Err() == nil {
			failed.Inc()
		}
	}()
	err := f()
	bad = err != nil
	return err
}
