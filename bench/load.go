package main

import (
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"time"
)

// requests is pre-built HTTP requests, end to end in one piece of memory, so
// that nothing is made and the collector has nothing to look at while a load runs.
type requests struct {
	data []byte
	ends []int
}

func (r *requests) add(parts ...string) {
	for _, p := range parts {
		r.data = append(r.data, p...)
	}
	r.ends = append(r.ends, len(r.data))
}

// at wraps around: only loads that may repeat themselves ask beyond the end.
func (r *requests) at(i int) []byte {
	i %= len(r.ends)
	if i == 0 {
		return r.data[:r.ends[0]]
	}
	return r.data[r.ends[i-1]:r.ends[i]]
}

// load is one bounded run against one address over keep-alive connections.
type load struct {
	addr  netip.AddrPort
	conns int
	from  *requests
	count int           // requests to send at most
	limit time.Duration // sends nothing after it
	rate  float64       // requests a second by the clock; 0: each connection sends when it has its answer
	good  func(body []byte) bool
}

type outcome struct {
	done, failed int
	failure      error // the first one
	elapsed      time.Duration
	waits        []time.Duration // sorted; with a rate, counted from the scheduled time
	cpu          time.Duration   // of this generator
}

func (o outcome) perSecond() float64 { return float64(o.done) / o.elapsed.Seconds() }

func (o outcome) quantile(q float64) time.Duration {
	if len(o.waits) == 0 {
		return 0
	}
	return o.waits[min(int(q*float64(len(o.waits))), len(o.waits)-1)]
}

// patience is how long the last answers are waited for.
const patience = 20 * time.Second

// run drives the load from one thread with epoll: much lighter than a
// goroutine a connection, so that the generator, which shares the machine with
// what it measures, takes as little as it can.
func (l load) run() (outcome, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	g := &generator{load: l, out: outcome{waits: make([]time.Duration, 0, l.count)}}
	defer g.close()
	if err := g.open(); err != nil {
		return outcome{}, err
	}
	runtime.GC()
	before := threadCPU()
	g.start = time.Now()
	err := g.loop()
	g.out.elapsed = g.last.Sub(g.start)
	g.out.cpu = threadCPU() - before
	slices.Sort(g.out.waits)
	if err == nil && g.out.done == 0 {
		err = fmt.Errorf("no request was answered: %w", g.out.failure)
	}
	return g.out, err
}
