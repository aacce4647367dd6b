package sql

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics measure commits; no labels but the group's name.
type metrics struct {
	seconds *prometheus.HistogramVec
	rows    *prometheus.HistogramVec
	failed  *prometheus.CounterVec
}

func newMetrics(to prometheus.Registerer, db *DB) *metrics {
	m := &metrics{
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "wechattpp_commit_seconds",
			Help: "Time of a commit that several callers share, by what it stores.", Buckets: []float64{.0005, .001, .002, .005, .01, .02, .05, .1, .5, 1, 5}}, []string{"group"}),
		rows: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "wechattpp_commit_items",
			Help: "Callers that shared a commit, by what it stores.", Buckets: []float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024}}, []string{"group"}),
		failed: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "wechattpp_commit_failures_total",
			Help: "Shared commits that failed: away (the database does not answer; it is tried again) or refused."}, []string{"group", "why"}),
	}
	if to != nil {
		to.MustRegister(m.seconds, m.rows, m.failed, &queues{db: db})
	}
	return m
}

// committed measures one commit.
func (m *metrics) committed(group string, items int, began time.Time, err error) {
	switch {
	case err == nil:
		m.seconds.WithLabelValues(group).Observe(time.Since(began).Seconds())
		m.rows.WithLabelValues(group).Observe(float64(items))
	case isAway(err):
		m.failed.WithLabelValues(group, "away").Inc()
	default:
		m.failed.WithLabelValues(group, "refused").Inc()
	}
}

// Queue is what waits in one due table.
type Queue struct {
	Table  string
	Due    int           // rows that are due, counted up to queueLimit
	Oldest time.Duration // how long the oldest of them has been due
}

const queueLimit = 100_000

// Queues looks at every table with a due_at, by its index.
func (db *DB) Queues(ctx context.Context) ([]Queue, error) {
	q := `SELECT table_name AS name FROM information_schema.columns WHERE table_schema = DATABASE() AND column_name = 'due_at' ORDER BY table_name`
	if db.dialect == onSQLite {
		q = `SELECT m.name AS name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = 'due_at' ORDER BY m.name`
	}
	var tables []string
	if err := db.run().all(ctx, &tables, q); err != nil {
		return nil, err
	}
	all := make([]Queue, 0, len(tables))
	for _, name := range tables {
		var row struct {
			N      int   `db:"n"`
			Oldest int64 `db:"oldest"`
		}
		err := db.run().get(ctx, &row, `SELECT COUNT(*) AS n, COALESCE({now} - MIN(due_at), 0) AS oldest FROM (SELECT due_at FROM `+name+
			` WHERE due_at <= {now} ORDER BY due_at LIMIT `+strconv.Itoa(queueLimit)+`) d`)
		if err != nil {
			return nil, err
		}
		all = append(all, Queue{name, row.N, ms(max(row.Oldest, 0))})
	}
	return all, nil
}

// queues shows the due tables, read when the metrics are asked for.
type queues struct {
	db   *DB
	mu   sync.Mutex
	last []Queue
	at   time.Time
}

// queuesEvery bounds how often the tables are read, whoever asks.
const queuesEvery = 5 * time.Second

var (
	dueRows   = prometheus.NewDesc("wechattpp_due_rows", "Rows that are due now, by table, counted up to 100,000.", []string{"table"}, nil)
	dueOldest = prometheus.NewDesc("wechattpp_due_oldest_seconds", "How long the oldest due row of a table has been due.", []string{"table"}, nil)
)

// Describe tells what Collect gives.
func (q *queues) Describe(to chan<- *prometheus.Desc) {
	to <- dueRows
	to <- dueOldest
}

// Collect gives nothing while the database does not answer within 2 s.
func (q *queues) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	for _, x := range q.read(ctx) {
		to <- prometheus.MustNewConstMetric(dueRows, prometheus.GaugeValue, float64(x.Due), x.Table)
		to <- prometheus.MustNewConstMetric(dueOldest, prometheus.GaugeValue, x.Oldest.Seconds(), x.Table)
	}
}

func (q *queues) read(ctx context.Context) []Queue {
	q.mu.Lock()
	defer q.mu.Unlock()
	if time.Since(q.at) < queuesEvery {
		return q.last
	}
	all, err := q.db.Queues(ctx)
	if err != nil {
		q.db.log.Warn("due rows not counted", "err", err)
		return nil
	}
	q.last, q.at = all, time.Now()
	return all
}
