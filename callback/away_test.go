package callback_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"wechattpp/callback"
	"wechattpp/sql/sqltest"
)

// wire stands between the door and its database, and can be cut.
type wire struct {
	net.Listener
	to string

	mu    sync.Mutex
	cut   bool
	conns []net.Conn
	done  sync.WaitGroup
	// frozen is write-locked while the wire is up and nothing comes through.
	frozen sync.RWMutex
}

// throughWire answers the source with its socket replaced by a wire's.
func throughWire(t *testing.T, source string) (*wire, string) {
	t.Helper()
	_, rest, ok := strings.Cut(source, "unix(")
	network := "unix"
	if !ok {
		_, rest, ok = strings.Cut(source, "tcp(")
		network = "tcp"
	}
	socket, _, closed := strings.Cut(rest, ")")
	if !ok || !closed {
		t.Fatalf("no address in %q", source)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{Listener: listener, to: socket}
	w.done.Go(func() { w.accept(network) })
	t.Cleanup(func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
		w.set(true)
		w.done.Wait()
	})
	return w, strings.Replace(source, fmt.Sprintf("%s(%s)", network, socket), "tcp("+listener.Addr().String()+")", 1)
}

func (w *wire) accept(network string) {
	for {
		c, err := w.Accept()
		if err != nil {
			return
		}
		db, err := net.Dial(network, w.to)
		w.mu.Lock()
		if err != nil || w.cut {
			_ = c.Close()
			if db != nil {
				_ = db.Close()
			}
			w.mu.Unlock()
			continue
		}
		w.conns = append(w.conns, c, db)
		w.mu.Unlock()
		for _, pair := range [][2]net.Conn{{c, db}, {db, c}} {
			w.done.Go(func() {
				_, _ = io.Copy(slow{pair[0], w}, pair[1])
				_, _ = pair[0].Close(), pair[1].Close()
			})
		}
	}
}

// slow holds back what goes over a frozen wire.
type slow struct {
	io.Writer
	w *wire
}

func (s slow) Write(b []byte) (int, error) {
	s.w.frozen.RLock()
	defer s.w.frozen.RUnlock()
	return s.Writer.Write(b)
}

// set cuts all connections and refuses new ones, or mends the wire.
func (w *wire) set(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
	if cut {
		for _, c := range w.conns {
			_ = c.Close()
		}
		w.conns = nil
	}
}

func TestWithTheDatabaseAwayAPushWaitsAndIsRefusedAndTheGapIsShown(t *testing.T) {
	t.Parallel()
	w, source := throughWire(t, sqltest.Source(t, "mysql"))
	h := newHouse(t, sqltest.Open(t, source))
	if _, err := h.door.Receive(message(text("1", "")).request(t)); err != nil {
		t.Fatal(err)
	}
	w.set(true)
	began := time.Now()
	r := message(text("2", "")).request(t)
	r.At = began.Add(-3500 * time.Millisecond) // most of its time has gone
	_, err := h.door.Receive(r)
	var refusal *callback.Refusal
	if !errors.As(err, &refusal) || refusal.Status != 503 {
		t.Fatalf("answered %v", err)
	}
	if waited := time.Since(began); waited < 800*time.Millisecond || waited > 4*time.Second {
		t.Errorf("waited %v, want about one second more", waited)
	}
	if p := h.door.Problems(time.Now()); len(p) != 1 || !strings.Contains(p[0], "since "+r.At.UTC().Format(time.RFC3339)) {
		t.Errorf("while it lasts: %q", p)
	}

	late := make(chan error, 1)
	waiting := message(text("3", "")).request(t)
	go func() {
		_, err := h.door.Receive(waiting)
		late <- err
	}()
	w.set(false)
	if err := <-late; err != nil {
		t.Errorf("a push that waited when the database came back: %v", err)
	}
	if _, err := h.door.Receive(message(text("2", "")).request(t)); err != nil {
		t.Errorf("WeChat's next try: %v", err)
	}
	gaps := h.door.Gaps()
	if len(gaps) != 1 || !gaps[0].Start.Equal(r.At) || gaps[0].End.Before(began) {
		t.Errorf("gaps: %+v", gaps)
	}
	if p := h.door.Problems(time.Now()); len(p) != 1 || !strings.Contains(p[0], "from "+r.At.UTC().Format(time.RFC3339)) {
		t.Errorf("after it: %q", p)
	}
	if !strings.Contains(h.log.String(), "end=") {
		t.Errorf("the log does not tell the gap: %s", h.log)
	}
}

// A database that hangs keeps its connections and says nothing, so that only
// the clock tells. Those who come when it is back must not wait for those who
// came before.
func TestWithTheDatabaseFrozenAPushIsRefusedInTimeAndTheNextIsTaken(t *testing.T) {
	t.Parallel()
	w, source := throughWire(t, sqltest.Source(t, "mysql"))
	h := newHouse(t, sqltest.Open(t, source))
	if _, err := h.door.Receive(message(text("1", "")).request(t)); err != nil {
		t.Fatal(err)
	}
	w.frozen.Lock()
	const many = 20
	errs := make(chan error, many)
	began := time.Now()
	for i := range many {
		r := message(text(fmt.Sprint(100+i), "")).request(t)
		r.At = began.Add(-3500 * time.Millisecond)
		go func() {
			_, err := h.door.Receive(r)
			errs <- err
		}()
	}
	for range many {
		var refusal *callback.Refusal
		if err := <-errs; !errors.As(err, &refusal) || refusal.Status != 503 {
			t.Errorf("answered %v", err)
		}
	}
	if waited := time.Since(began); waited > 4*time.Second {
		t.Errorf("waited %v, want about one second more", waited)
	}
	w.frozen.Unlock()
	if _, err := h.door.Receive(message(text("2", "")).request(t)); err != nil {
		t.Errorf("when it is back: %v", err)
	}
}
