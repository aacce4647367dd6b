package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// generator is a running load.
type generator struct {
	load
	poll, timer int
	conns       []*connection // by number
	idle        []*connection
	sent        int
	inFlight    int
	start, last time.Time
	out         outcome
}

type connection struct {
	fd   int
	busy bool
	due  time.Time
	buf  []byte
	n    int
}

func (g *generator) open() (err error) {
	if g.poll, err = unix.EpollCreate1(0); err != nil {
		return err
	}
	if g.timer, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK); err != nil {
		return err
	}
	if err = g.watch(g.timer, -1); err != nil {
		return err
	}
	for i := range g.load.conns {
		c := &connection{fd: -1, buf: make([]byte, 16<<10)}
		g.conns = append(g.conns, c)
		if c.fd, err = dial(g.addr); err != nil {
			return fmt.Errorf("connection %d of %d: %w", i, g.load.conns, err)
		}
		if err = g.watch(c.fd, int32(i)); err != nil {
			return err
		}
	}
	g.idle = slices.Clone(g.conns)
	return nil
}

func (g *generator) watch(fd int, number int32) error {
	return unix.EpollCtl(g.poll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: number})
}

func (g *generator) close() {
	for _, c := range g.conns {
		if c.fd >= 0 {
			_ = unix.Close(c.fd)
		}
	}
	_, _ = unix.Close(g.timer), unix.Close(g.poll)
}

func dial(addr netip.AddrPort) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	err = errors.Join(unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1),
		unix.Connect(fd, &unix.SockaddrInet4{Port: int(addr.Port()), Addr: addr.Addr().As4()}),
		unix.SetNonblock(fd, true))
	return fd, err
}

func (g *generator) loop() error {
	events := make([]unix.EpollEvent, 256)
	for {
		now := time.Now()
		if err := g.fill(now); err != nil {
			return err
		}
		if g.inFlight == 0 && (g.sent >= g.count || now.Sub(g.start) > g.limit || len(g.idle) == 0) {
			return nil
		}
		if now.Sub(g.start) > g.limit+patience {
			return fmt.Errorf("%d requests without an answer after %s", g.inFlight, g.limit+patience)
		}
		n, err := unix.EpollWait(g.poll, events, 100)
		if err != nil && err != unix.EINTR {
			return err
		}
		for _, e := range events[:max(n, 0)] {
			if e.Fd < 0 {
				var ticks [8]byte
				_, _ = unix.Read(g.timer, ticks[:])
				continue
			}
			g.read(g.conns[e.Fd])
		}
	}
}

// fill gives the idle connections what is due. With a rate, a request that
// finds no idle connection keeps its scheduled time, so that a stalled server
// is charged for everyone who would have waited.
func (g *generator) fill(now time.Time) error {
	for g.sent < g.count && len(g.idle) > 0 && now.Sub(g.start) <= g.limit {
		due := now
		if g.rate > 0 {
			due = g.start.Add(time.Duration(float64(g.sent) / g.rate * float64(time.Second)))
			if due.After(now) {
				return g.wake(due.Sub(now))
			}
		}
		c := g.idle[0] // in turn, so that all connections are used
		if g.idle = g.idle[1:]; c.fd < 0 {
			continue
		}
		c.due, c.n = due, 0
		g.sent++
		if err := send(c.fd, g.from.at(g.sent-1)); err != nil {
			g.fail(c, err)
			continue
		}
		c.busy = true
		g.inFlight++
	}
	return nil
}

func (g *generator) wake(in time.Duration) error {
	return unix.TimerfdSettime(g.timer, 0, &unix.ItimerSpec{Value: unix.NsecToTimespec(int64(max(in, 1)))}, nil)
}

func send(fd int, data []byte) error {
	for len(data) > 0 {
		n, err := unix.Write(fd, data)
		if err != nil {
			return fmt.Errorf("sending: %w", err)
		}
		data = data[n:]
	}
	return nil
}

// fail counts a failure and gives the connection up.
func (g *generator) fail(c *connection, err error) {
	g.out.failed++
	if g.out.failure == nil {
		g.out.failure = err
	}
	_ = unix.Close(c.fd)
	c.fd = -1
}

func (g *generator) read(c *connection) {
	n, err := unix.Read(c.fd, c.buf[c.n:])
	if err == unix.EAGAIN || err == unix.EINTR {
		return
	}
	if err != nil || n == 0 {
		if c.busy {
			g.inFlight--
		}
		g.fail(c, fmt.Errorf("connection ended in an answer: %w", errors.Join(err, errors.New(string(c.buf[:c.n])))))
		return
	}
	c.n += n
	body, whole := answer(c.buf[:c.n])
	if !whole && c.n < len(c.buf) {
		return
	}
	now := time.Now()
	c.busy = false
	g.inFlight--
	g.last = now
	if !bytes.HasPrefix(c.buf, []byte("HTTP/1.1 200 ")) || !g.good(body) {
		g.out.failed++
		if g.out.failure == nil {
			g.out.failure = fmt.Errorf("answered %.20q, %.500s", c.buf[:c.n], body)
		}
	} else {
		g.out.done++
		g.out.waits = append(g.out.waits, now.Sub(c.due))
	}
	g.idle = append(g.idle, c)
}

var (
	headEnd    = []byte("\r\n\r\n")
	bodyLength = []byte("Content-Length: ")
)

// answer finds the body of an HTTP answer with a Content-Length.
func answer(b []byte) (body []byte, whole bool) {
	head, body, ok := bytes.Cut(b, headEnd)
	if !ok {
		return nil, false
	}
	size := 0
	if i := bytes.Index(head, bodyLength); i >= 0 {
		for _, d := range head[i+len(bodyLength):] {
			if d < '0' || d > '9' {
				break
			}
			size = size*10 + int(d-'0')
		}
	}
	return body, len(body) >= size
}

func threadCPU() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
