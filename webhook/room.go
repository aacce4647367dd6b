package webhook

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Config says what the room needs. Store is required.
type Config struct {
	Store   Store
	Log     *slog.Logger          // nil: slog.Default()
	Metrics prometheus.Registerer // nil: none

	// Egress is the door for calls; its zero value reaches the public internet.
	Egress Egress
	// WeComSender is the number of WeCom in receipts; 0 is 10.
	WeComSender int
	// Retries is how long after each failure a delivery is tried again; nil is
	// JUMS's, three times after 50 s. After the last it is a dead letter.
	Retries []time.Duration
}

// Targets served at once. Those that fail have places of their own, so that
// they take none from the others.
const (
	healthyPlaces = 64
	failingPlaces = 32
)

// Room tells business systems. Safe for concurrent use.
type Room struct {
	Config
	egress  *Egress
	metrics *metrics

	life    context.Context // ends when calls under way must end
	kill    context.CancelFunc
	ending  chan struct{} // closed when no call may begin
	once    sync.Once
	running sync.WaitGroup
	places  map[bool]chan struct{} // by failing
}

// New puts a room together. Close it before its store.
func New(c Config) *Room {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.WeComSender == 0 {
		c.WeComSender = 10
	}
	if c.Retries == nil {
		c.Retries = []time.Duration{50 * time.Second, 50 * time.Second, 50 * time.Second}
	}
	r := &Room{Config: c, egress: newEgress(c.Egress), metrics: newMetrics(c.Metrics, c.Store), ending: make(chan struct{}),
		places: map[bool]chan struct{}{false: make(chan struct{}, healthyPlaces), true: make(chan struct{}, failingPlaces)}}
	r.life, r.kill = context.WithCancel(context.Background())
	return r
}

// closeTime is how long calls under way may take to end.
const closeTime = 5 * time.Second

// Close begins no more calls, waits up to 5 s for those under way and breaks
// the rest off: they are due again and count for nothing.
func (r *Room) Close() {
	r.once.Do(func() { close(r.ending) })
	last := time.AfterFunc(closeTime, r.kill)
	r.running.Wait()
	last.Stop()
	r.kill()
	r.egress.client.CloseIdleConnections()
}

// Wait returns when no call is under way.
func (r *Room) Wait() { r.running.Wait() }

func (r *Room) closing() bool {
	select {
	case <-r.ending:
		return true
	default:
		return false
	}
}
