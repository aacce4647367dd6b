package notify

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"wechattpp/wechat"
)

const (
	// mostClaimed bounds the recipients of one sender that are claimed at once
	// by one process: few enough to be called within the lease.
	mostClaimed = 2 * ChunkSize
	// callWeight is what a call for many counts in that: its time is that of a
	// call, its memory that of many.
	callWeight = ChunkSize / 4
	// mostBegun bounds the recipients that one transaction begins calls for.
	mostBegun = 20_000
	// mostDue bounds the chunks looked at in one go.
	mostDue = 512
	// tick is how soon a message stored by another replica is seen while
	// calls are under way here.
	tick = 200 * time.Millisecond
)

// SendDue hands over whatever is due and returns when nothing is left to do
// now, or soon after ctx has ended: calls under way are finished and recorded,
// the rest is given back. n counts the recipients called for. A second call at
// the same time returns at once.
//
// Failure policy: while the database is away nothing new is begun, and SendDue
// returns its error; results that cannot be written leave their recipients
// "sending", for a repeat.
func (r *Room) SendDue(ctx context.Context) (n int, err error) {
	if !r.sending.TryLock() {
		return 0, nil
	}
	defer r.sending.Unlock()
	d := &round{Room: r, lanes: map[Line]*lane{}, accounts: map[int64]*account{}, slots: make(chan struct{}, r.Parallel), done: make(chan *delivery)}
	for {
		began := 0
		if ctx.Err() == nil && err == nil {
			began, err = d.begin(ctx)
		}
		if d.running == 0 && began == 0 {
			return d.called, err
		}
		d.wait(ctx)
	}
}

// round is one run of SendDue. Only deliveries leave its goroutine.
type round struct {
	*Room
	lanes    map[Line]*lane
	accounts map[int64]*account // by sender
	slots    chan struct{}      // of calls, over all senders
	done     chan *delivery
	running  int // deliveries
	claimed  int // their recipients
	called   int
}

// wait returns when a delivery has ended, or something may be due.
func (d *round) wait(ctx context.Context) {
	if d.running == 0 {
		return
	}
	timer := time.NewTimer(tick)
	defer timer.Stop()
	wake := d.wake
	if ctx.Err() != nil {
		wake = nil
	}
	select {
	case e := <-d.done:
		d.end(e)
	case <-wake:
	case <-timer.C:
	}
	for { // whoever else has ended meanwhile shares the next round trip
		select {
		case e := <-d.done:
			d.end(e)
		default:
			return
		}
	}
}

func (d *round) end(e *delivery) {
	d.running--
	d.claimed -= e.work.weight()
	d.called += e.called
	e.lane.of.claimed -= e.work.weight()
	e.lane.of.running--
	e.lane.running--
	d.tidy()
}

// begin claims chunks until nothing more is due or may be claimed here, and
// starts their deliveries.
func (d *round) begin(ctx context.Context) (began int, err error) {
	for d.claimed < 8*d.Parallel {
		due, err := d.Store.Due(ctx, d.full(), mostDue)
		if err != nil || len(due) == 0 {
			return began, err
		}
		takes, err := d.choose(ctx, due)
		if err != nil || len(takes) == 0 {
			return began, err
		}
		works, err := d.Store.Begin(ctx, takes, d.Lease, Part.Window)
		for _, w := range works {
			d.start(ctx, w)
		}
		d.tidy()
		began += len(works)
		if err != nil {
			return began, err
		}
		if len(due) < mostDue {
			return began, nil
		}
	}
	return began, nil
}

// tidy forgets lanes with nothing under way, and with them that they were
// halted or on probation.
func (d *round) tidy() {
	for at, l := range d.lanes {
		if l.running == 0 {
			delete(d.lanes, at)
		}
	}
	for id, a := range d.accounts {
		if a.running == 0 {
			delete(d.accounts, id)
		}
	}
}

// full lists the lines of which no more may be claimed here now. A sender with
// a quarter free is claimed for again, so that a claim is never for a handful.
func (d *round) full() (lines []Line) {
	for id, a := range d.accounts {
		if a.claimed > mostClaimed*3/4 || a.halted.Load() != nil {
			lines = append(lines, Line{id, Whole})
		}
	}
	for at, l := range d.lanes {
		if l.probing || l.halted.Load() != nil {
			lines = append(lines, at)
		}
	}
	return lines
}

// choose says which chunks to claim: of a line whose pause is over one
// recipient, of one that cannot send none but to end what is over.
func (d *round) choose(ctx context.Context, due []Due) (takes []Take, err error) {
	reserved, probed := map[int64]int{}, map[Line]bool{}
	held, pauses := map[Line][]int64{}, map[Line]time.Duration{}
	unready := map[int64]bool{}
	g, err := d.protect(ctx)
	if err != nil {
		return nil, err
	}
	quiet, begun := g.quiet(time.Now()), 0
	for _, c := range due {
		id, at := c.SenderID, Line{c.SenderID, c.Feature}
		if _, asked := unready[id]; !asked && c.Pause == 0 {
			if unready[id], err = d.unready(ctx, c); err != nil {
				return nil, err
			}
		}
		switch {
		case c.Pause > 0 || unready[id]:
			if c.Expired || c.Handed { // nobody is called, but whose time is over ends
				takes = append(takes, Take{Chunk: c.Chunk})
				continue
			}
			pauses[at] = max(c.Pause, holdFor, pauses[at])
			held[at] = append(held[at], c.Chunk)
		case quiet > 0 && !c.Handed && !c.Expired:
			pauses[at] = max(min(quiet, quietFor), pauses[at])
			held[at] = append(held[at], c.Chunk)
		case c.Probing && probed[at]:
		case c.Probing && d.lanes[at] != nil: // what is under way already will tell
			d.lanes[at].probing = true
		case c.Probing:
			takes, probed[at] = append(takes, Take{c.Chunk, 1, quiet > 0}), true
			d.lane(at).probing = true
		case begun > 0 && begun+c.Open > mostBegun: // the next look takes it
		case d.claimedOf(id)+reserved[id] < mostClaimed:
			takes, reserved[id] = append(takes, Take{c.Chunk, ChunkSize, quiet > 0}), reserved[id]+min(c.Open, ChunkSize)
			begun += c.Open
		}
	}
	for at, chunks := range held {
		wait := pauses[at]
		if err := d.Store.Postpone(ctx, chunks, wait, min(wait/10, time.Second)); err != nil {
			return nil, err
		}
	}
	return takes, nil
}

// quietFor is how soon the settings are looked at again for a chunk that waits
// for the end of quiet hours: they may have been changed.
const quietFor = time.Minute

// holdFor is how soon a sender that cannot send is looked at again.
const holdFor = 5 * time.Second

// unready pauses a sender that cannot send now, such as one whose account
// withdrew: its recipients wait. One that was deleted is let through, to fail.
func (d *round) unready(ctx context.Context, c Due) (bool, error) {
	_, err := d.Senders.Client(ctx, c.Sender)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if ctx.Err() != nil {
		return true, ctx.Err()
	}
	_, _, appID, _ := d.Senders.Find(ctx, c.Sender)
	return true, d.Store.Pause(ctx, Pause{SenderID: c.SenderID, Sender: c.Sender, AppID: appID, For: holdFor, Reason: "sender", Detail: err.Error(), Cause: wechat.CauseOf(err)})
}

// weight is what a work counts among what may be claimed.
func (w *Work) weight() int {
	if w.Part.Many() {
		return min(len(w.Calls), callWeight)
	}
	return len(w.Calls)
}

func (d *round) claimedOf(sender int64) int {
	if a := d.accounts[sender]; a != nil {
		return a.claimed
	}
	return 0
}

func (d *round) lane(at Line) *lane {
	l := d.lanes[at]
	if l == nil {
		l = &lane{of: d.account(at.SenderID)}
		d.lanes[at] = l
	}
	return l
}

func (d *round) account(sender int64) *account {
	a := d.accounts[sender]
	if a == nil {
		a = &account{slots: make(chan struct{}, d.PerSender)}
		d.accounts[sender] = a
	}
	return a
}

func (d *round) start(ctx context.Context, w *Work) {
	e := &delivery{room: d.Room, work: w, lane: d.lane(w.Part.line()), slots: d.slots, until: time.Now().Add(d.Lease * 3 / 4)}
	d.running++
	d.claimed += w.weight()
	e.lane.running++
	e.lane.of.running++
	e.lane.of.claimed += w.weight()
	go func() {
		e.run(ctx)
		d.done <- e
	}()
}
