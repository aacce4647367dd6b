package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wechattpp/webhook"
)

// Sleeps in this file are pauses between looks at a condition that has a deadline.

func TestAReceiverThatFailsIsTriedThreeTimesMoreAndThenADeadLetterThatCanBeReplayed(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		r := newReceiver(h.t)
		h.register(r.URL)
		r.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
		h.line(old, "sent", "", "a", "b")
		h.work("a dead letter", func() bool { return h.targets()[0].Dead == 1 })
		if r.calls() != 4 {
			h.t.Errorf("%d calls, want 4", r.calls())
		}
		ctx := context.Background()
		all, err := h.room.Dead(ctx, h.client.ID, webhook.Letters{}, 0, 10)
		if err != nil || len(all) != 1 || all[0].Records != 2 || all[0].Attempts != 4 || !strings.Contains(all[0].Error, "status 502") {
			h.t.Fatalf("%+v %v", all, err)
		}
		if one, err := h.room.Letter(ctx, h.client.ID, all[0].ID); err != nil || !strings.Contains(string(one.Receipts()), `"userid":"a"`) {
			h.t.Errorf("%s %v", one.Receipts(), err)
		}
		if _, _, err := h.room.Replay(ctx, h.newClient("other").ID, webhook.Letters{ID: all[0].ID}); !errors.Is(err, fs.ErrNotExist) {
			h.t.Errorf("another client replays it: %v", err)
		}
		if n, _, err := h.room.Replay(ctx, h.client.ID, webhook.Letters{Before: all[0].DeadAt}); n != 0 || err != nil {
			h.t.Errorf("one that died later is replayed: %d %v", n, err)
		}
		r.answer(nil)
		if n, more, err := h.room.Replay(ctx, h.client.ID, webhook.Letters{URL: r.URL, After: all[0].DeadAt}); n != 1 || more || err != nil {
			h.t.Errorf("replayed %d %v %v", n, more, err)
		}
		h.work("the replay", func() bool { return len(r.got()) == 2 })
		if r.ids[0] != r.ids[4] {
			h.t.Errorf("X-Delivery-Id changed: %v", r.ids)
		}
		got := h.targets()[0]
		if got.Dead != 0 || got.Waiting != 0 || got.SuccessAt.IsZero() || got.Error == "" || !got.FailingSince.IsZero() {
			h.t.Errorf("%+v", got)
		}
	})
}

func TestAReceiverThatFailsThriceIsTriedInTime(t *testing.T) {
	t.Parallel()
	const pause = 300 * time.Millisecond
	h := newHouse(t, "sqlite", func(c *webhook.Config) { c.Retries = []time.Duration{pause, pause, pause} })
	r := newReceiver(t)
	h.register(r.URL)
	r.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	h.line(old, "sent", "", "a")
	h.work("three failures", func() bool { return r.calls() == 3 })
	r.answer(nil)
	h.work("the fourth is taken", func() bool { return len(r.got()) == 1 })
	for i := 1; i < 4; i++ {
		if d := r.came[i].Sub(r.came[i-1]); d < pause {
			t.Errorf("retry %d after %s", i, d)
		}
	}
	if h.targets()[0].Dead != 0 {
		t.Error("it is a dead letter")
	}
}

// faults are receivers that do not take what they get.
func faults(release chan struct{}) map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"hangs": func(http.ResponseWriter, *http.Request) { <-release },
		"redirects": func(w http.ResponseWriter, q *http.Request) {
			http.Redirect(w, q, "/elsewhere", http.StatusTemporaryRedirect)
		},
		"no content": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
		"dies in a reply": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "half")
			panic(http.ErrAbortHandler)
		},
		"dies at once": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	}
}

func TestADeadOrSlowReceiverDelaysNoOther(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		h.room = h.replica(func(c *webhook.Config) { c.Egress.Time = 30 * time.Second; c.Retries = quick(1) })
		release := make(chan struct{})
		defer close(release)
		mine := h.client
		var called []func() bool
		for name, f := range faults(release) {
			h.client = h.newClient(strings.ReplaceAll(name, " ", "-"))
			bad := newReceiver(h.t)
			h.register(bad.URL)
			bad.answer(f)
			for i := range 5 {
				h.line(old, "sent", "", users(100*i, 100)...)
			}
			called = append(called, func() bool { return bad.calls() > 0 })
		}
		h.client = mine
		good := newReceiver(h.t)
		h.register(good.URL)
		h.read()
		if _, err := h.room.DeliverDue(context.Background()); err != nil { // the hanging one is being called
			h.t.Fatal(err)
		}
		h.line(old, "sent", "", "quick")
		for _, done := range append([]func() bool{func() bool { return len(good.got()) > 0 }}, called...) { // the good one, in time, and then each bad one
			for deadline := time.Now().Add(20 * time.Second); !done() && time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
				h.read()
				if _, err := h.room.DeliverDue(context.Background()); err != nil {
					h.t.Fatal(err)
				}
			}
			if !done() {
				h.t.Error("a receiver was not called in time")
			}
		}
		if len(good.got()) != 1 {
			h.t.Errorf("the good one waited for the bad ones")
		}
	})
}

func TestAnAnswerOfTenGigabytesIsNotRead(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "sqlite")
	r := newReceiver(t)
	h.register(r.URL)
	var wrote atomic.Int64
	r.answer(func(w http.ResponseWriter, _ *http.Request) {
		piece := make([]byte, 1<<20)
		for range 10 << 10 {
			n, err := w.Write(piece)
			wrote.Add(int64(n))
			if err != nil {
				return
			}
		}
	})
	h.line(old, "sent", "", "a")
	h.work("it counts as taken: its status is 200", func() bool { return !h.targets()[0].SuccessAt.IsZero() })
	if wrote.Load() > 64<<20 {
		t.Errorf("%d bytes were taken", wrote.Load())
	}
}

func TestWhatIsWrongWithTLSIsNamed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "sqlite")
	secure, plain := httptest.NewTLSServer(http.NotFoundHandler()), httptest.NewServer(http.NotFoundHandler())
	defer secure.Close()
	defer plain.Close()
	for address, words := range map[string]string{secure.URL: "TLS: its certificate is signed by nobody", strings.Replace(plain.URL, "http", "https", 1): "TLS: it does not speak TLS"} {
		_, err := h.room.Register(context.Background(), webhook.Target{ClientID: h.client.ID, URL: address + "/?token=hidden", Wanted: webhook.AllTypes})
		if err == nil || !strings.Contains(err.Error(), words) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestAClientHasFiveAddressesAndOneDefault(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		r := newReceiver(h.t)
		ctx := context.Background()
		for n := range 6 {
			_, err := h.room.Register(ctx, webhook.Target{ClientID: h.client.ID, URL: fmt.Sprint(r.URL, "/", n), Preferred: n == 2, Wanted: webhook.AllTypes})
			if (err == nil) != (n < 5) {
				h.t.Errorf("address %d: %v", n+1, err)
			}
		}
		if got := h.targets(); len(got) != 5 || got[0].URL != r.URL+"/2" || !got[0].Preferred || got[1].Preferred {
			h.t.Errorf("%+v", got)
		}
		if err := h.room.Remove(ctx, h.client.ID, r.URL+"/2"); !errors.Is(err, webhook.ErrPreferred) {
			h.t.Errorf("the default is removed before the others: %v", err)
		}
		for _, n := range []int{0, 1, 3, 4, 2} {
			if err := h.room.Remove(ctx, h.client.ID, fmt.Sprint(r.URL, "/", n)); err != nil {
				h.t.Error(err)
			}
		}
		if err := h.room.Remove(ctx, h.client.ID, r.URL+"/2"); !errors.Is(err, fs.ErrNotExist) {
			h.t.Errorf("removed twice: %v", err)
		}
		if _, err := h.room.Register(ctx, webhook.Target{ClientID: 99, URL: r.URL, Wanted: webhook.AllTypes}); !errors.Is(err, fs.ErrNotExist) {
			h.t.Errorf("no such client: %v", err)
		}
	})
}

func TestWhatNobodyNeedsIsForgotten(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		r := newReceiver(h.t)
		h.register(r.URL)
		h.line(0, "sent", "", "a")
		h.read()
		if err := h.db.Access().DeleteClient(context.Background(), h.client.ID); err != nil {
			h.t.Fatal(err)
		}
		rows := 0
		for {
			n, err := h.room.ForgetDue(context.Background(), time.Hour)
			if err != nil {
				h.t.Fatal(err)
			}
			if n == 0 {
				break
			}
			rows += n
		}
		if rows != 2 {
			h.t.Errorf("%d rows went, want the address and its delivery", rows)
		}
	})
}

func TestCloseBreaksOffCallsThatHangAndCountsThemForNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "sqlite")
	r := newReceiver(t)
	h.register(r.URL)
	came, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	r.answer(func(http.ResponseWriter, *http.Request) { once.Do(func() { close(came) }); <-release })
	defer close(release)
	h.line(old, "sent", "", "a")
	h.read()
	if _, err := h.room.DeliverDue(context.Background()); err != nil {
		t.Fatal(err)
	}
	<-came
	began := time.Now()
	h.room.Close()
	if took := time.Since(began); took > 9*time.Second {
		t.Errorf("Close took %s", took)
	}
	if got := h.targets()[0]; got.Waiting != 1 || got.Error != "" {
		t.Errorf("%+v", got)
	}
}

// shaky is a store whose Next fails the first time.
type shaky struct {
	webhook.Store
	once sync.Once
}

func (s *shaky) Next(ctx context.Context, j *webhook.Job, limit int) (due []webhook.Delivery, err error) {
	s.once.Do(func() { err = errors.New("the database was away for a moment") })
	if err != nil {
		return nil, err
	}
	return s.Store.Next(ctx, j, limit)
}

func TestAPassingFaultOfTheDatabaseCostsASecondAndNotALease(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "sqlite")
	r := newReceiver(t)
	h.register(r.URL)
	h.room = h.replica(func(c *webhook.Config) { c.Store = &shaky{Store: h.store} })
	h.line(old, "sent", "", "a")
	began := time.Now()
	h.work("it is delivered after all", func() bool { return len(r.got()) == 1 })
	if took := time.Since(began); took < time.Second || took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
}
