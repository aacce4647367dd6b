package notify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"wechattpp/wechat"
)

// delivery calls the vendor for the recipients of one claimed chunk.
type delivery struct {
	room  *Room
	work  *Work
	lane  *lane
	slots chan struct{}
	until time.Time // no call begins later: the lease must outlive it

	units   [][]int      // of work.Calls: what one call of the vendor is for
	next    atomic.Int32 // unit to be called for
	stopped atomic.Pointer[Stop]
	moves   []Move
	named   sync.Map     // handover → the vendor's id of it
	hold    atomic.Int64 // how long whoever is still open waits, in nanoseconds
	called  int
}

// run makes the calls and records what became of them. It outlives ctx by the
// calls under way and their record, each bounded.
func (e *delivery) run(ctx context.Context) {
	e.moves = make([]Move, len(e.work.Calls))
	for i, c := range e.work.Calls {
		e.moves[i] = Move{Call: i, To: Queued}
		if c.Repeat {
			e.moves[i].To = Sending
		}
	}
	e.units = e.work.units()
	var workers sync.WaitGroup
	for range min(len(e.units), cap(e.lane.of.slots)) {
		workers.Go(func() { e.calls(ctx) })
	}
	workers.Wait()
	for _, m := range e.moves {
		if m.To != Queued {
			e.called++
		}
	}
	e.record(context.WithoutCancel(ctx))
}

// calls makes one call after the other. A panic costs the recipient it happens
// at, which stays "sending", and is repeated.
func (e *delivery) calls(ctx context.Context) {
	defer func() {
		if p := recover(); p != nil {
			e.room.Log.Error("panic while sending", "sender", e.work.Part.Sender, "msgid", e.work.MsgID.String(), "err", p, "stack", string(debug.Stack()))
		}
	}()
	for int(e.next.Load()) < len(e.units) && e.slot(ctx) {
		e.nextCall(context.WithoutCancel(ctx))
	}
}

// nextCall makes one call in the slot that its worker has, unless another took
// the last meanwhile.
func (e *delivery) nextCall(ctx context.Context) {
	defer func() {
		<-e.slots
		<-e.lane.of.slots
	}()
	if i := int(e.next.Add(1)) - 1; i < len(e.units) {
		e.oneCall(ctx, e.units[i])
	}
}

// slot waits until a call may be made, and tells whether one still may.
func (e *delivery) slot(ctx context.Context) bool {
	late := time.NewTimer(time.Until(e.until))
	defer late.Stop()
	for _, slots := range []chan struct{}{e.lane.of.slots, e.slots} {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			e.release(slots)
			return false
		case <-late.C:
			e.release(slots)
			return false
		}
	}
	if ctx.Err() != nil || time.Now().After(e.until) || e.stopped.Load() != nil || e.lane.halt() != nil {
		<-e.slots
		<-e.lane.of.slots
		return false
	}
	return true
}

// release gives the sender's slot back when the overall one was not had.
func (e *delivery) release(missed chan struct{}) {
	if missed == e.slots {
		<-e.lane.of.slots
	}
}

// units parts the calls: one each, or by the handover they belong to.
func (w *Work) units() (units [][]int) {
	at := map[int64]int{}
	for i, c := range w.Calls {
		if u, ok := at[c.Handover]; ok && c.Handover != 0 {
			units[u] = append(units[u], i)
			continue
		}
		at[c.Handover] = len(units)
		units = append(units, []int{i})
	}
	return units
}

// oneCall calls the vendor for a unit.
func (e *delivery) oneCall(ctx context.Context, unit []int) {
	client, err := e.room.Senders.Client(ctx, e.work.Part.Sender)
	if err != nil {
		e.unsent(ctx, unit, err)
		return
	}
	for _, i := range unit {
		e.moves[i].To = Sending
	}
	c := e.work.Calls[unit[0]]
	id, refused, err := e.hand(ctx, client, unit)
	v := judge(err, time.Now())
	if v.hold > 0 {
		e.hold.Store(int64(v.hold))
	}
	if c.Repeat && v.to == Queued {
		v.to = Sending // the first call of this attempt may have arrived: only its own id may be used
	}
	if v.class == "recipient" && len(unit) > 1 && !c.Repeat && e.work.Part.Alone(v.code) {
		v.to = Queued // some of them are bad, and nobody says who
	}
	for n, i := range unit {
		e.moves[i] = Move{Call: i, To: v.to, VendorMsgID: id, Code: v.code, Text: v.text}
		if r, ok := refused[n]; ok && err == nil {
			e.moves[i] = Move{Call: i, To: Failed, Code: r.code, Text: r.text}
		}
	}
	e.room.metrics.sent(v)
	if v.stop {
		e.stopped.CompareAndSwap(nil, &Stop{v.code, v.text})
	}
	if v.pause != nil {
		e.halt(ctx, v.pause, err)
	}
}

// hand hands one recipient over, or all of a unit in one call.
func (e *delivery) hand(ctx context.Context, client wechat.Client, unit []int) (id int64, not map[int]refused, err error) {
	c := e.work.Calls[unit[0]]
	says := e.work.Part.content()
	if one, ok := says.(lone); ok {
		return 0, nil, one.sendTo(ctx, client, c.Identity)
	}
	many, ok := says.(crowd)
	if !ok {
		id, err = says.send(ctx, client.Account, c.Identity, duplicateID(e.work.MsgID, c.Seq, c.Attempt))
		return id, nil, err
	}
	to, how := make([]string, len(unit)), c
	for n, i := range unit {
		to[n] = e.work.Calls[i].Identity
	}
	how.id = duplicateID(e.work.MsgID, c.Seq, c.Attempt)
	if e.work.Part.Copies() && how.Draft == "" {
		if how.Draft, err = e.copyDraft(ctx, client); err != nil {
			return 0, nil, err
		}
	}
	handed, not, err := many.sendMany(ctx, client, to, how)
	if handed != (Handed{}) {
		e.named.Store(c.Handover, handed)
	}
	return 0, not, err
}

// copyDraft makes the draft that the call sends, durable before it is sent.
func (e *delivery) copyDraft(ctx context.Context, client wechat.Client) (string, error) {
	id, err := e.work.Part.Mass.copyDraft(ctx, client.Account)
	if err != nil {
		return "", err
	}
	if err := e.room.Store.Drafted(ctx, e.work, id); err != nil {
		return "", fmt.Errorf("%w: the copy of the draft is not stored: %w", wechat.ErrNotSent, err)
	}
	return id, nil
}

// unsent deals with a sender that cannot send now: who waits goes on waiting,
// unless the sender is gone.
func (e *delivery) unsent(ctx context.Context, unit []int, err error) {
	if !errors.Is(err, fs.ErrNotExist) {
		e.halt(ctx, &pause{reason: "sender", length: holdFor}, err)
		return
	}
	stop := &Stop{0, "the sender was deleted"}
	e.stopped.CompareAndSwap(nil, stop)
	for _, i := range unit {
		if !e.work.Calls[i].Repeat {
			e.moves[i] = Move{Call: i, To: Failed, Text: stop.Text}
		}
	}
}

// halt ends the calls of this sender here, or those of the feature, and pauses
// them for all replicas.
func (e *delivery) halt(ctx context.Context, p *pause, why error) {
	part := e.work.Part
	at, halted := Line{part.SenderID, Whole}, &e.lane.of.halted
	if one := part.line(); p.one && one.Feature != Whole {
		at, halted = one, &e.lane.halted
	}
	if !halted.CompareAndSwap(nil, p) {
		return
	}
	e.room.Log.Warn("sender paused", "sender", part.Sender, "app_id", part.AppID, "msgid", e.work.MsgID.String(), "kind", part.Kind, "whole", at.Feature == Whole,
		"reason", p.reason, "for", p.length.String(), "err", why)
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := e.room.Store.Pause(ctx, Pause{SenderID: at.SenderID, Feature: at.Feature, Needs: part.content().needs(), Sender: part.Sender, AppID: part.AppID,
		For: p.length, Reason: p.reason, Detail: why.Error(), Cause: wechat.CauseOf(why)}); err != nil {
		e.room.Log.Error("pause not stored: other replicas go on", "sender", part.Sender, "err", err)
	}
}

// record writes what became of the calls, and ends the sender's pause if the
// call after it went well.
func (e *delivery) record(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	result := &Result{Work: e.work, Moves: e.moves, Stop: e.stopped.Load(), Next: e.due(), Named: map[int64]Handed{}}
	e.named.Range(func(handover, handed any) bool {
		result.Named[handover.(int64)] = handed.(Handed)
		return true
	})
	lost, err := e.room.Store.Record(ctx, result)
	if err != nil {
		e.room.Log.Error("results not stored: they will be repeated", "sender", e.work.Part.Sender, "msgid", e.work.MsgID.String(), "err", err)
		return
	}
	if lost {
		e.room.metrics.lost.Add(float64(len(e.moves)))
	}
	if e.lane.probing && e.lane.halt() == nil && e.called > 0 {
		if err := e.room.Store.Resume(ctx, e.work.Part.line()); err != nil {
			e.room.Log.Error("pause not ended", "sender", e.work.Part.Sender, "err", err)
		}
	}
}

// due is when whoever is still open comes again.
func (e *delivery) due() time.Duration {
	if p := e.lane.halt(); p != nil {
		return p.length
	}
	if hold := time.Duration(e.hold.Load()); hold > 0 {
		return hold
	}
	doubtful := len(e.moves) == 0
	for _, m := range e.moves {
		doubtful = doubtful || m.To == Sending || m.To == Queued && m.Text != ""
	}
	if !doubtful {
		return 0 // not called for want of time, or waiting behind the first after a pause
	}
	return again(e.work.Attempts)
}
