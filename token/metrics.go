package token

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// measureEvery is how often the rows are counted, which reads all of them.
const measureEvery = 30 * time.Second

type metrics struct {
	renewals *prometheus.CounterVec
	oldest   prometheus.Gauge
	backlog  prometheus.Gauge
	late     prometheus.Gauge
	resting  prometheus.Gauge

	mu   *sync.Mutex
	last *time.Time
}

func newMetrics(r prometheus.Registerer) metrics {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: "wechattpp_token_" + name, Help: help})
	}
	m := metrics{
		renewals: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "wechattpp_token_renewals_total",
			Help: "Renewals by kind of owner and result: ok, the vendor's errcode, or how there was no answer."}, []string{"kind", "result"}),
		oldest:  gauge("oldest_seconds", "Age of the oldest token that is kept fresh."),
		backlog: gauge("due", "Tokens due for renewal."),
		late:    gauge("due_oldest_seconds", "How long the oldest due token has been due."),
		resting: gauge("resting", "Tokens not renewed because of a problem that only a person can mend."),
		mu:      new(sync.Mutex), last: new(time.Time),
	}
	if r != nil {
		r.MustRegister(m.renewals, m.oldest, m.backlog, m.late, m.resting)
	}
	return m
}

// measure counts the rows, not too often. Failing costs nothing but the figures.
func (k *Keeper) measure(ctx context.Context) {
	m := k.metrics
	m.mu.Lock()
	defer m.mu.Unlock()
	if time.Since(*m.last) < measureEvery {
		return
	}
	h, err := k.Store.Health(ctx)
	if err != nil {
		k.Log.Warn("tokens not counted", "err", err)
		return
	}
	*m.last = time.Now()
	m.oldest.Set(h.Oldest.Seconds())
	m.backlog.Set(float64(h.Backlog))
	m.late.Set(h.Late.Seconds())
	m.resting.Set(float64(h.Resting))
}
