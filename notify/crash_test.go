package notify_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"wechattpp/notify"
)

// dying is a store of a process that dies at its n-th step: before the step is
// done or after it. From then on nothing reaches the database.
type dying struct {
	notify.Store
	mu    sync.Mutex
	step  int
	at    int
	after bool
}

var errDead = errors.New("the process is dead")

func (d *dying) do(f func() error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.step++; d.step > d.at || d.step == d.at && !d.after {
		return errDead
	}
	if err := f(); err != nil {
		return err
	}
	if d.step == d.at {
		return errDead
	}
	return nil
}

func (d *dying) Due(ctx context.Context, without []notify.Line, limit int) (due []notify.Due, err error) {
	err = d.do(func() error { due, err = d.Store.Due(ctx, without, limit); return err })
	return due, err
}

func (d *dying) Begin(ctx context.Context, takes []notify.Take, lease time.Duration, window func(notify.Part) time.Duration) (w []*notify.Work, err error) {
	if err = d.do(func() error { w, err = d.Store.Begin(ctx, takes, lease, window); return err }); err != nil {
		w = nil // whoever is dead calls nobody
	}
	return w, err
}

func (d *dying) Record(ctx context.Context, r *notify.Result) (lost bool, err error) {
	err = d.do(func() error { lost, err = d.Store.Record(ctx, r); return err })
	return lost, err
}

func (d *dying) Pause(ctx context.Context, p notify.Pause) error {
	return d.do(func() error { return d.Store.Pause(ctx, p) })
}

func (d *dying) Postpone(ctx context.Context, chunks []int64, delay, spread time.Duration) error {
	return d.do(func() error { return d.Store.Postpone(ctx, chunks, delay, spread) })
}

func (d *dying) Resume(ctx context.Context, l notify.Line) error {
	return d.do(func() error { return d.Store.Resume(ctx, l) })
}

func TestADeathAtAnyStepLosesNobodyAndDoublesNobody(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		short := func(c *notify.Config) { c.Lease = 300 * time.Millisecond }
		for at := 1; at <= 6; at++ { // due, begin, three records, due again
			for _, after := range []bool{false, true} {
				ids := make([]string, 230)
				for i := range ids {
					ids[i] = fmt.Sprintf("d%d%v%d", at, after, i)
				}
				h.v.answering(func(_ string, n int) answer { // some calls are in doubt besides
					return answer{Drop: at == 3 && n == 1 && len(h.v.calls)%5 == 0, Taken: true}
				})
				msgID := h.accept(body(ids...))
				victim := h.replica(short, func(c *notify.Config) { c.Store = &dying{Store: h.store, at: at, after: after} })
				if _, err := victim.SendDue(context.Background()); err != nil && !errors.Is(err, errDead) {
					h.t.Fatal(err)
				}
				h.adds(msgID)
				m := h.until(h.replica(short), msgID)
				if m.Counts[notify.Sent] != len(ids) {
					h.t.Fatalf("death at step %d (after it: %v): %v", at, after, m.Counts)
				}
				h.once(ids)
				h.adds(msgID)
			}
		}
	})
}

func TestWhatIsInDoubtForTooLongEndsAsUnknownOrIsSentAgain(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		ctx := context.Background()
		for word, want := range map[string]notify.State{"keep": notify.Unknown, "resend": notify.Sent} {
			openid := "o" + word
			h.v.answering(func(_ string, n int) answer { return answer{Drop: n == 1, Taken: n == 1} })
			msgID := h.accept(with(body(openid), map[string]any{"on_unknown": word}))
			h.send()
			if s := h.states(msgID)[openid]; s != "sending" {
				h.t.Fatalf("in doubt: %s", s)
			}
			works := h.beginLate(ctx)
			if want == notify.Sent && (len(works) != 1 || works[0].Calls[0].Attempt != 2 || works[0].Calls[0].Repeat) {
				h.t.Fatalf("resend: %+v", works)
			}
			if len(works) == 1 {
				if _, err := h.store.Record(ctx, &notify.Result{Work: works[0], Moves: []notify.Move{{To: notify.Sent, VendorMsgID: 5}}}); err != nil {
					h.t.Fatal(err)
				}
			}
			if m := h.message(msgID); m.Counts[want] != 1 || m.Stage != notify.Done {
				h.t.Errorf("%s: %v %s", word, m.Counts, m.Stage)
			}
			h.adds(msgID)
		}
	})
}

// beginLate claims what is due as if the time for repeats were over. It polls, for
// leases end by the database's clock, and gives up after 40 s.
func (h *house) beginLate(ctx context.Context) []*notify.Work {
	h.t.Helper()
	for deadline := time.Now().Add(40 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		due, err := h.store.Due(ctx, nil, 10)
		if err != nil {
			h.t.Fatal(err)
		}
		if len(due) > 0 {
			works, err := h.store.Begin(ctx, []notify.Take{{Chunk: due[0].Chunk, Most: 100}}, time.Minute, within(0))
			if err != nil {
				h.t.Fatal(err)
			}
			return works
		}
	}
	h.t.Fatal("nothing becomes due")
	return nil
}

func TestAClaimThatHasPassedToAnotherWritesNothing(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		ctx := context.Background()
		msgID := h.accept(body("o1"))
		begin := func(lease time.Duration) *notify.Work {
			due, err := h.store.Due(ctx, nil, 10)
			if err != nil || len(due) != 1 {
				h.t.Fatalf("due %v, %v", due, err)
			}
			works, err := h.store.Begin(ctx, []notify.Take{{Chunk: due[0].Chunk, Most: 100}}, lease, within(time.Minute))
			if err != nil || len(works) != 1 {
				h.t.Fatalf("works %v, %v", works, err)
			}
			return works[0]
		}
		frozen := begin(time.Millisecond)
		time.Sleep(5 * time.Millisecond) // the lease is over
		other := begin(time.Minute)
		if !other.Calls[0].Repeat || other.Calls[0].Attempt != frozen.Calls[0].Attempt {
			h.t.Errorf("the second worker does not repeat the first's attempt: %+v", other.Calls)
		}
		lost, err := h.store.Record(ctx, &notify.Result{Work: frozen, Moves: []notify.Move{{To: notify.Failed, Text: "late"}}})
		if err != nil || !lost {
			h.t.Errorf("a late result: lost %v, %v", lost, err)
		}
		lost, err = h.store.Record(ctx, &notify.Result{Work: other, Moves: []notify.Move{{To: notify.Sent, VendorMsgID: 9}}})
		if err != nil || lost {
			h.t.Errorf("the owner's result: lost %v, %v", lost, err)
		}
		if s := h.states(msgID)["o1"]; s != "sent" {
			h.t.Errorf("state %s", s)
		}
		h.adds(msgID)
	})
}
