package main

import (
	"fmt"
	"path/filepath"
	"time"
)

// slowFlushes measures pushes on a disk whose every flush takes 2 ms longer:
// what sharing commits is for. The delay is switched on after the programs
// have started, and the library's count shows that the database went through it.
func (b *bench) slowFlushes() error {
	const delay, conns, bar = 2 * time.Millisecond, 256, 2
	slow, err := buildSlowFlush(b.dir)
	if err != nil {
		return err
	}
	db, err := startMariaDB(b.root, filepath.Join(b.dir, slowDB), slow.env...)
	if err != nil {
		return err
	}
	defer b.stopDB(db)
	p, err := b.openPush(db, "slow")
	if err != nil {
		return err
	}
	defer p.stop()
	slow.delay(delay)
	defer slow.delay(0)
	commit, err := proveDelay(db, slow, delay)
	if err != nil {
		return err
	}
	ours, _, single := p.sides()
	sides := []*side{ours, single}
	for _, s := range sides {
		if err := s.calibrate(conns, b.span); err != nil {
			return err
		}
	}
	before := slow.calls()
	got, err := interleave(sides, b.rounds, conns, b.span, 0)
	if err != nil {
		return err
	}
	o, s := each(got[ours], perSecond), each(got[single], perSecond)
	b.table.add(row{Work: "pushes, 256 connections, flushes 2 ms slower", Floor: fmt.Sprintf("batch size 1: %.0f/s", median(s)), Ours: fmt.Sprintf("%.0f/s", median(o)),
		Ratio: median(ratios(o, s)), Bar: bar, Unit: "×", Rounds: b.rounds,
		Note: fmt.Sprintf("%d flushes were delayed; a single commit takes %.1f ms", slow.calls()-before, commit.Seconds()*1e3)})
	return nil
}

// proveDelay makes single commits and fails unless each went through the
// library and took the delay.
func proveDelay(db *server, slow *slowFlush, delay time.Duration) (time.Duration, error) {
	const n = 50
	before := slow.calls()
	took, err := db.commits(n)
	if calls := slow.calls() - before; err == nil && (calls < n || took < delay) {
		err = fmt.Errorf("%d commits made %d flushes that the library saw and took %s each: the delay does not reach the database", n, calls, took)
	}
	return took, err
}
