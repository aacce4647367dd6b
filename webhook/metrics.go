package webhook

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics count receipts by what became of them.
type metrics struct{ receipts *prometheus.CounterVec }

func newMetrics(to prometheus.Registerer, store Store) *metrics {
	m := &metrics{prometheus.NewCounterVec(prometheus.CounterOpts{Name: "wechattpp_receipts_total",
		Help: "Receipts by the result of a call: delivered, retry, dead."}, []string{"result"})}
	for _, result := range []string{"delivered", "retry", "dead"} {
		m.receipts.WithLabelValues(result)
	}
	if to != nil {
		to.MustRegister(m.receipts, backlog{store})
	}
	return m
}

func (m *metrics) count(res Result, records int) {
	result := "delivered"
	switch {
	case res.Error != "" && res.Again > 0:
		result = "retry"
	case res.Error != "":
		result = "dead"
	}
	m.receipts.WithLabelValues(result).Add(float64(records))
}

func (m *metrics) dead(records int) { m.receipts.WithLabelValues("dead").Add(float64(records)) }

// backlog reads what waits when the metrics are asked for.
type backlog struct{ store Store }

var (
	dueNow    = prometheus.NewDesc("wechattpp_deliveries_due", "Deliveries to business systems that are due now, counted up to 100,000.", nil, nil)
	oldestDue = prometheus.NewDesc("wechattpp_deliveries_oldest_due_seconds", "How long the oldest due delivery has been due.", nil, nil)
	letters   = prometheus.NewDesc("wechattpp_dead_letters", "Deliveries that were given up and are kept, counted up to 100,000.", nil, nil)
	unread    = prometheus.NewDesc("wechattpp_feed_unread_lines", "Lines of the feed that have not been read, counted up to 100,000.", nil, nil)
	behind    = prometheus.NewDesc("wechattpp_feed_behind_seconds", "Age of the oldest line of the feed that has not been read.", nil, nil)
)

// Describe tells what Collect gives.
func (b backlog) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{dueNow, oldestDue, letters, unread, behind} {
		to <- d
	}
}

// Collect gives nothing while the database does not answer within 2 s.
func (b backlog) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	now, err := b.store.Backlog(ctx)
	if err != nil {
		return
	}
	for d, v := range map[*prometheus.Desc]float64{dueNow: float64(now.Due), oldestDue: now.Oldest.Seconds(), letters: float64(now.Dead),
		unread: float64(now.Unread), behind: now.Behind.Seconds()} {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v)
	}
}
