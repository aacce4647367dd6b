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
	resting  prometheus.Gauge

	mu   *sync.Mutex
	last *time.Time
}

func newMetrics(r prometheus.Registerer) metrics {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	m := metrics{
		renewals: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "wechattpp_token_renewals_total",
			Help: "Renewals by kind of owner and result: ok, the vendor's errcode, or how there was no answer."}, []string{"kind", "result"}),
		oldest:  gauge("wechattpp_token_oldest_seconds", "Age of the oldest token that is kept fresh."),
		resting: gauge("wechattpp_token_resting", "Tokens not renewed because of a problem that only a person can mend."),
		mu:      new(sync.Mutex), last: new(time.Time),
	}
	if r != nil {
		r.MustRegister(m.renewals, m.oldest, m.resting)
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
	m.resting.Set(float64(h.Resting))
}
