package notify

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics count what was sent. Labels are few: the end of a call, and which
// error it was.
type metrics struct {
	sends    *prometheus.CounterVec // by state, class and code
	outcomes *prometheus.CounterVec // by how they met their send
	accepted prometheus.Counter
	lost     prometheus.Counter

	mu    sync.Mutex
	codes map[int]bool // told apart so far
}

func newMetrics(to prometheus.Registerer, store Store) *metrics {
	m := &metrics{codes: map[int]bool{},
		sends: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "wechattpp_sends_total",
			Help: "Calls that hand a recipient over, by the recipient's state after it, the class of the error and the vendor's errcode (0 none, other beyond the first 100)."}, []string{"state", "class", "code"}),
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

// maxCodes bounds the codes that the metrics tell apart.
const maxCodes = 100

// sent counts the end of a call.
func (m *metrics) sent(v verdict) {
	m.mu.Lock()
	code := "other"
	if m.codes[v.code] || len(m.codes) < maxCodes {
		m.codes[v.code] = true
		code = strconv.Itoa(v.code)
	}
	m.mu.Unlock()
	m.sends.WithLabelValues(v.to.String(), v.class, code).Inc()
}

// backlog reads the queue when the metrics are asked for.
type backlog struct{ store Store }

var (
	chunksOpen = prometheus.NewDesc("wechattpp_send_chunks_open", "Chunks with a recipient still queued or sending, counted up to 100,000.", nil, nil)
)

// Describe tells what Collect gives.
func (b backlog) Describe(to chan<- *prometheus.Desc) {
	to <- chunksOpen
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
}
