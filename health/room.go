package health

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Store reads the findings of one component's deployment, which the stores of
// the other rooms write.
type Store interface {
	// Of reads the findings of up to 200 owners of one kind, by their ids, the worst first.
	Of(ctx context.Context, kind string, ids []string) (map[string][]Finding, error)
	// Count tells how many owners have each finding.
	Count(ctx context.Context) (map[Mark]int, error)
	// Errors reads up to limit findings of level Error, those there longest first.
	Errors(ctx context.Context, limit int) ([]Owned, error)
}

// Owned is a finding and whose it is.
type Owned struct {
	Kind, Owner string
	Sender      string // code; empty if no sender is bound
	Finding
}

// Mark is a finding as it is counted.
type Mark struct {
	Code  Code
	Level Level
}

// fresh is how long a count is believed: counting reads all findings.
const fresh = 15 * time.Second

// Room tells how the accounts are. Safe for concurrent use. It is a
// prometheus.Collector; what it counts is the whole deployment's, not this
// replica's.
type Room struct {
	Store Store
	Log   *slog.Logger // nil: slog.Default()

	mu     sync.Mutex
	counts map[Mark]int
	at     time.Time
}

// Of reads the findings of owners, see Store.
func (r *Room) Of(ctx context.Context, kind string, ids ...string) (map[string][]Finding, error) {
	if len(ids) == 0 {
		return map[string][]Finding{}, nil
	}
	return r.Store.Of(ctx, kind, ids)
}

// Counts is how many owners have each finding, at most 15 seconds old. While it
// cannot be counted, it is what was counted last.
func (r *Room) Counts(ctx context.Context) map[Mark]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.at) < fresh {
		return r.counts
	}
	r.at = time.Now() // a database that is away is asked as rarely
	counts, err := r.Store.Count(ctx)
	if err != nil {
		r.log().Warn("findings not counted", "err", err)
		return r.counts
	}
	r.counts = counts
	return counts
}

func (r *Room) log() *slog.Logger {
	if r.Log == nil {
		return slog.Default()
	}
	return r.Log
}

var described = prometheus.NewDesc("wechattpp_account_health",
	"Accounts, senders and platforms with a finding, over the whole deployment: every replica tells the same, so take the max, not the sum.", []string{"finding", "level"}, nil)

// Describe is prometheus's.
func (r *Room) Describe(out chan<- *prometheus.Desc) { out <- described }

// Collect is prometheus's. Every code is there, with 0 if nobody has it.
func (r *Room) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	counts := maps.Clone(r.Counts(ctx))
	if counts == nil {
		counts = map[Mark]int{}
	}
	for code, e := range entries {
		counts[Mark{code, e.level}] += 0
	}
	for m, n := range counts {
		out <- prometheus.MustNewConstMetric(described, prometheus.GaugeValue, float64(n), string(m.Code), string(m.Level))
	}
}

// Serious tells the errors there are, in words with their numbers.
func (r *Room) Serious(ctx context.Context) []string {
	counts := r.Counts(ctx)
	var reasons []string
	for _, code := range slices.Sorted(maps.Keys(entries)) {
		if n := counts[Mark{code, Error}]; n > 0 {
			reasons = append(reasons, fmt.Sprintf("%s: %s (%d; see /v1/authorizers?finding=%s, /v1/senders, /v1/component)", code, entries[code].text, n, code))
		}
	}
	return reasons
}
