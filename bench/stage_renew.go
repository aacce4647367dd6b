package main

import (
	"encoding/json"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
)

// renewal measures how fast all accounts are renewed after hours of downtime,
// against a vendor who takes 50 ms an answer, and the memory of the program
// with so many accounts, idle and at work.
func (b *bench) renewal() error {
	const takes, parallel = 50 * time.Millisecond, 128
	db, err := b.database()
	if err != nil {
		return err
	}
	h, err := b.open(db, "renew", lean, 0, fmt.Sprintf("WECHATTPP_RENEW_PARALLEL=%d", parallel))
	if err != nil {
		return err
	}
	defer func() { h.stop() }()
	if err := h.seed(b.accounts, 100*time.Minute); err != nil {
		return err
	}
	if err := h.idle(b); err != nil {
		return err
	}
	if err := h.ticket(); err != nil {
		return err
	}
	ideal := time.Duration(b.accounts) * takes / parallel
	stop := b.watch("renew", h.pids()...)
	t, used, err := h.renewAll(b.accounts, 4*ideal+time.Minute)
	stop()
	if err != nil {
		return err
	}
	took := time.Duration(t.Last - t.First)
	if t.Parallel > parallel || t.MostOf > 1 {
		return fmt.Errorf("the vendor saw %d calls at once and %d for one account", t.Parallel, t.MostOf)
	}
	b.table.add(row{Work: fmt.Sprintf("renewal of %d due accounts, 128 in parallel", b.accounts), Floor: fmt.Sprintf("ideal %.1f s", ideal.Seconds()),
		Ours: fmt.Sprintf("%.1f s", took.Seconds()), Ratio: took.Seconds() / ideal.Seconds(), Bar: 1.15, AtMost: true, Unit: "×", Rounds: 1,
		Note: fmt.Sprintf("by the vendor's clock and count: each account once, at most %d at once; CPU an account with database %.0f µs", t.Parallel, float64(used.Microseconds())/float64(t.Calls))})
	return b.peak("  memory at its peak while renewing", h, 100)
}

// idle restarts the program, so that what is measured is not what an earlier
// work left behind, and lets it run with nothing to do.
func (h *house) idle(b *bench) error {
	h.process.stop()
	if err := h.serve(b, h.process.name); err != nil {
		return err
	}
	time.Sleep(20 * time.Second) // the measured span
	return b.peak(fmt.Sprintf("memory at its peak, idle with %d authorizers", b.accounts), h, 80)
}

// ticket pushes a ticket, so that the component can speak.
func (h *house) ticket() error {
	push, err := ticketPush()
	if err != nil {
		return err
	}
	out, err := load{addr: h.addr, conns: 1, from: push, count: 1, limit: 5 * time.Second, good: success}.run()
	if err == nil && out.failed > 0 {
		err = fmt.Errorf("the ticket's push: %w", out.failure)
	}
	return err
}

// renewAll makes everything due and waits until the vendor has seen all accounts.
func (h *house) renewAll(accounts int, limit time.Duration) (t tally, used time.Duration, err error) {
	if err := h.until(60*time.Second, h.speaks); err != nil {
		return t, 0, err
	}
	if _, _, err := fetch("DELETE", h.vendor+"/tally", "", "", 200); err != nil {
		return t, 0, err
	}
	before, err := cpu(h.pids()...)
	if err != nil {
		return t, 0, err
	}
	var due errgroup.Group
	due.Go(h.comeDue)
	err = h.until(limit, func() error {
		if t, err = h.tally(); err == nil && t.Accounts < accounts {
			err = fmt.Errorf("%d of %d accounts were renewed", t.Accounts, accounts)
		}
		return err
	})
	if again := due.Wait(); err == nil {
		err = again
	}
	if err == nil {
		err = quiet(30*time.Second, h.pids()...)
	}
	if err != nil {
		return t, 0, err
	}
	if t, err = h.tally(); err != nil { // the last answers have gone out by now
		return t, 0, err
	}
	now, err := cpu(h.pids()...)
	return t, now - before, err
}

func (h *house) tally() (t tally, err error) {
	text, _, err := fetch("GET", h.vendor+"/tally", "", "", 200)
	if err != nil {
		return t, err
	}
	return t, json.Unmarshal(text, &t)
}

// speaks tells whether the component has a token; without one, renewals of
// accounts would wait, and that is not what is measured.
func (h *house) speaks() error {
	var n int
	err := h.db.admin.QueryRow("SELECT COUNT(*) FROM " + h.name() + ".token WHERE kind = 'component' AND access IS NOT NULL").Scan(&n)
	if err == nil && n == 0 {
		err = fmt.Errorf("the component has no token yet")
	}
	return err
}
