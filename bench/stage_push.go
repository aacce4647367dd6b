package main

import (
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// pushSides are the two houses that pushes are measured at, and the bare handler.
type pushSides struct {
	ours, single *house
	beside       *process
	bareAddr     netip.AddrPort
}

func (b *bench) openPush(db *server, name string) (p *pushSides, err error) {
	p = &pushSides{bareAddr: freeAddr()}
	defer func() {
		if err != nil {
			p.stop()
		}
	}()
	if p.ours, err = b.open(db, name, simulated, 0); err != nil {
		return p, err
	}
	if p.single, err = b.open(db, name+"_single", simulated, 1); err != nil {
		return p, err
	}
	for _, h := range []*house{p.ours, p.single} {
		if err := h.authorize(b); err != nil {
			return p, err
		}
	}
	p.beside, err = start(b.dir, "bare", b.self, nil, "-listen", p.bareAddr.String(), "bare")
	if err == nil {
		err = p.beside.until(10*time.Second, func() error { return answers("http://" + p.bareAddr.String()) })
	}
	return p, err
}

func (p *pushSides) stop() {
	p.ours.stop()
	p.single.stop()
	p.beside.stop()
}

// sides are fresh for each stage, as each has its own size.
func (p *pushSides) sides() (ours, bare, single *side) {
	ours = &side{name: "ours", addr: p.ours.addr, pids: p.ours.pids(), db: p.ours.db, make: pushes, good: success}
	single = &side{name: "batch size 1", addr: p.single.addr, pids: p.single.pids(), db: p.single.db, make: pushes, good: success}
	bare = &side{name: "bare gin", addr: p.bareAddr, pids: []int{p.beside.pid()}, make: pushes, good: success}
	return ours, bare, single
}

// pushEndpoint measures new events at the push endpoint.
func (b *bench) pushEndpoint() error {
	db, err := b.database()
	if err != nil {
		return err
	}
	p, err := b.openPush(db, "push")
	if err != nil {
		return err
	}
	defer p.stop()
	if err := errors.Join(b.pushRate(p, 64, 0.3), b.pushRate(p, 256, 0.35)); err != nil {
		return err
	}
	return b.peak("resident memory at its peak, pushes", p.ours, 80)
}

func (b *bench) pushRate(p *pushSides, conns int, bar float64) error {
	ours, bare, single := p.sides()
	for _, s := range []*side{bare, ours, single} {
		if err := s.calibrate(conns, b.span); err != nil {
			return err
		}
	}
	got, err := interleave([]*side{bare, ours, single}, b.rounds, conns, b.span, 0)
	if err != nil {
		return err
	}
	o, f, s := got[ours], got[bare], got[single]
	note := fmt.Sprintf("%d B messages; by CPU alone, generator included, %.2f ×; generator takes %.0f %% of a core (bare), %.0f %% (ours); batch size 1: %.0f/s",
		messageSize, median(ratios(each(f, allCPU), each(o, allCPU))), 100*median(each(f, generatorShare)), 100*median(each(o, generatorShare)), median(each(s, perSecond)))
	b.table.add(
		row{Work: fmt.Sprintf("pushes, %d connections", conns), Floor: fmt.Sprintf("bare gin %.0f/s", median(each(f, perSecond))),
			Ours: fmt.Sprintf("%.0f/s", median(each(o, perSecond))), Ratio: median(ratios(each(o, perSecond), each(f, perSecond))),
			Bar: bar, Unit: "×", Rounds: b.rounds, Note: note},
		row{Work: fmt.Sprintf("  CPU a push with database, %d", conns), Floor: fmt.Sprintf("batch size 1: %.1f µs", median(each(s, round.perRequest))/1e3),
			Ours: fmt.Sprintf("%.1f µs", median(each(o, round.perRequest))/1e3), Ratio: median(ratios(each(o, round.perRequest), each(s, round.perRequest))),
			Bar: 0.5, AtMost: true, Unit: "×", Rounds: b.rounds, Note: fmt.Sprintf("with all that is worked off after the answer; %.2f statements a push, %.2f with batch size 1",
				median(each(o, round.statementsEach)), median(each(s, round.statementsEach)))})
	return b.record(fmt.Sprintf("push-%d", conns), ours, conns)
}

// steady pushes at a steady 2,000 a second by the clock, each latency counted
// from the moment the push was due. It comes before the floods of the push
// stage, after which InnoDB would be busy writing pages for minutes.
func (b *bench) steady() error {
	db, err := b.database()
	if err != nil {
		return err
	}
	p, err := b.openPush(db, "steady")
	if err != nil {
		return err
	}
	defer p.stop()
	const rate, conns = 2000, 64
	ours, bare, _ := p.sides()
	sides := []*side{bare, ours}
	if _, err := interleave(sides, 1, conns, time.Second, rate); err != nil { // warms up
		return err
	}
	got, err := interleave(sides, b.rounds, conns, 2*b.span, rate)
	if err != nil {
		return err
	}
	at := func(q float64) (o, f []float64) {
		ms := func(r round) float64 { return float64(r.quantile(q)) / 1e6 }
		return each(got[ours], ms), each(got[bare], ms)
	}
	o50, f50 := at(0.5)
	o99, f99 := at(0.99)
	more := make([]float64, len(o50))
	for i := range more {
		more[i] = o50[i] - f50[i]
	}
	b.table.add(
		row{Work: "pushes at 2,000/s, p50 beyond the floor", Floor: fmt.Sprintf("bare gin %.2f ms", median(f50)), Ours: fmt.Sprintf("%.2f ms", median(o50)),
			Ratio: median(more), Bar: 1, AtMost: true, Unit: "ms", Rounds: b.rounds, Note: "from the scheduled moment; no errors"},
		row{Work: "pushes at 2,000/s, p99", Floor: fmt.Sprintf("bare gin %.2f ms", median(f99)), Ours: fmt.Sprintf("%.2f ms", median(o99)),
			Ratio: median(ratios(o99, f99)), Bar: 8, AtMost: true, Unit: "×", Rounds: b.rounds})
	return nil
}

// peak holds the most memory a program ever had against a bar in MB.
func (b *bench) peak(work string, h *house, bar float64) error {
	bytes, err := memory(h.pid(), "VmHWM")
	mb := float64(bytes) / 1e6
	b.table.add(row{Work: work, Ours: fmt.Sprintf("%.0f MB", mb), Ratio: mb, Bar: bar, AtMost: true, Unit: "MB", Rounds: 1})
	return err
}
