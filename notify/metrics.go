package notify

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics count what was sent. Labels are few: the end of a call, and what kind
// of error it was.
type metrics struct {
	sends    *prometheus.CounterVec // by state and class
	outcomes *prometheus.CounterVec // by how they met their send
	accepted prometheus.Counter
	lost     prometheus.Counter
}

func newMetrics(to prometheus.Registerer, store Store) *metrics {
	m := &metrics{
		sends: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "wechattpp_sends_total",
			Help: "Calls that hand a recipient over, by the recipient's state after it and the class of the error."}, []string{"state", "class"}),
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "wechattpp_outcomes_total",
			Help: "Later words of the vendor, by how they met their send."}, []string{"match"}),
		accepted: prometheus.NewCounter(prometheus.CounterOpts{Name: "wechattpp_messages_accepted_total", Help: "Accepted send requests."}),
		lost: prometheus.NewCounter(prometheus.CounterOpts{Name: "wechattpp_send_results_lost_total",
			Help: "Results dropped because the claim had passed to another worker."}),
	}
	if to != nil {
		to.MustRegister(m.sends, m.outcomes, m.accepted, m.lost, backlog{store})
	}
	return m
}

// backlog reads the queue when the metrics are asked for.
type backlog struct{ store Store }

var (
	chunksOpen = prometheus.NewDesc("wechattpp_send_chunks_open", "Chunks with a recipient still queued or sending.", nil, nil)
	chunksDue  = prometheus.NewDesc("wechattpp_send_chunks_due", "Chunks that are due now, counted up to 100,000.", nil, nil)
	oldestDue  = prometheus.NewDesc("wechattpp_send_oldest_due_seconds", "How long the oldest due chunk has been due.", nil, nil)
)

// Describe tells what Collect gives.
func (b backlog) Describe(to chan<- *prometheus.Desc) {
	to <- chunksOpen
	to <- chunksDue
	to <- oldestDue
}

// Collect gives nothing while the database does not answer within 2 s.
func (b backlog) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	now, err := b.store.Backlog(ctx)
	if err != nil {
		return
	}
	to <- prometheus.MustNewConstMetric(chunksOpen, prometheus.GaugeValue, float64(now.Chunks))
	to <- prometheus.MustNewConstMetric(chunksDue, prometheus.GaugeValue, float64(now.Due))
	to <- prometheus.MustNewConstMetric(oldestDue, prometheus.GaugeValue, now.Oldest.Seconds())
}
