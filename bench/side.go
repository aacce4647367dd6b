package main

import (
	"bytes"
	"fmt"
	"net/netip"
	"time"
)

// side is one of the programs that a stage compares.
type side struct {
	name string
	addr netip.AddrPort
	pids []int   // whose CPU is counted; none: not counted
	db   *server // whose statements are counted, if any
	make func(n int) (*requests, error)
	good func(body []byte) bool
	size int // requests of one round, found by calibrate
}

// round is what one measured run of one side gave.
type round struct {
	outcome
	// Of the programs, what they worked off afterwards included:
	cpu        time.Duration
	statements float64 // of the database
}

func (r round) perRequest() float64 { return float64(r.cpu) / float64(max(r.done, 1)) }

func (r round) statementsEach() float64 { return r.statements / float64(max(r.done, 1)) }

func success(body []byte) bool { return string(body) == "success" }

func accepted(body []byte) bool {
	return bytes.Contains(body, []byte(`"msgid"`)) && bytes.Contains(body, []byte(`"code":0`))
}

// calibrate warms the side up (connections, caches, the table's first pages)
// and finds how many requests fill the span.
func (s *side) calibrate(conns int, span time.Duration) error {
	s.size = 2000
	for range 2 {
		r, err := s.run(conns, span, 0)
		if err != nil {
			return fmt.Errorf("%s, warming up: %w", s.name, err)
		}
		s.size = min(max(int(r.perSecond()*span.Seconds()), 500), 400_000)
	}
	return nil
}

// run measures one round. Any failed request is an error: a figure with errors
// in it is none.
func (s *side) run(conns int, span time.Duration, rate float64) (round, error) {
	n := s.size
	if rate > 0 {
		n = int(rate * span.Seconds())
	}
	from, err := s.make(n)
	if err != nil {
		return round{}, err
	}
	before, asked, err := s.used()
	if err != nil {
		return round{}, err
	}
	out, err := load{addr: s.addr, conns: conns, from: from, count: n, limit: 3*span + time.Second, rate: rate, good: s.good}.run()
	if err != nil {
		return round{}, err
	}
	if out.failed > 0 {
		return round{}, fmt.Errorf("%s: %d of %d requests failed, the first: %w", s.name, out.failed, out.done+out.failed, out.failure)
	}
	if len(s.pids) > 0 {
		if err := quiet(time.Minute, s.pids...); err != nil {
			return round{}, fmt.Errorf("%s after the load: %w", s.name, err)
		}
	}
	now, total, err := s.used()
	return round{outcome: out, cpu: now - before, statements: total - asked}, err
}

// used is the CPU and the statements that the side has used so far.
func (s *side) used() (time.Duration, float64, error) {
	used, err := cpu(s.pids...)
	if err != nil || s.db == nil {
		return used, 0, err
	}
	asked, err := s.db.statements()
	return used, asked, err
}

// interleave runs the sides in turn, round by round, the order turned over
// each time, so that what the machine does meanwhile meets all of them.
func interleave(sides []*side, rounds, conns int, span time.Duration, rate float64) (map[*side][]round, error) {
	out := map[*side][]round{}
	for i := range rounds {
		for j := range sides {
			s := sides[j]
			if i%2 == 1 {
				s = sides[len(sides)-1-j]
			}
			r, err := s.run(conns, span, rate)
			if err != nil {
				return nil, err
			}
			out[s] = append(out[s], r)
		}
	}
	return out, nil
}

func each(rounds []round, f func(round) float64) []float64 {
	out := make([]float64, len(rounds))
	for i, r := range rounds {
		out[i] = f(r)
	}
	return out
}

func perSecond(r round) float64 { return r.perSecond() }

// allCPU is what a request costs the machine, generator included: what rules
// the rate once all cores are busy, and less disturbed by what else they do.
func allCPU(r round) float64 { return r.perRequest() + float64(r.outcome.cpu)/float64(max(r.done, 1)) }

func generatorShare(r round) float64 { return r.outcome.cpu.Seconds() / r.elapsed.Seconds() }
