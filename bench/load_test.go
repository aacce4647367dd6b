package main

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func serve(t *testing.T, h http.HandlerFunc) netip.AddrPort {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return netip.MustParseAddrPort(strings.TrimPrefix(s.URL, "http://"))
}

func numbered(n int) *requests {
	r := &requests{}
	for range n {
		r.add("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi")
	}
	return r
}

func TestALoadSendsEachRequestOnceAndCountsGoodAnswersOnly(t *testing.T) {
	t.Parallel()
	var seen atomic.Int64
	addr := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if seen.Add(1)%10 == 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte("success"))
	})
	out, err := load{addr: addr, conns: 8, from: numbered(200), count: 200, limit: 10 * time.Second, good: success}.run()
	if err != nil || out.done != 180 || out.failed != 20 || seen.Load() != 200 || len(out.waits) != 180 {
		t.Fatalf("done %d, failed %d, seen %d, %v", out.done, out.failed, seen.Load(), err)
	}
	if out.failure == nil || !strings.Contains(out.failure.Error(), "503") {
		t.Fatalf("the first failure: %v", out.failure)
	}
}

func TestAStalledServerIsChargedForAllThatWereDue(t *testing.T) {
	t.Parallel()
	var seen atomic.Int64
	addr := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if seen.Add(1) == 1 {
			time.Sleep(300 * time.Millisecond) // the stall that is measured
		}
		_, _ = w.Write([]byte("success"))
	})
	out, err := load{addr: addr, conns: 1, from: numbered(400), count: 400, limit: 10 * time.Second, rate: 1000, good: success}.run()
	if err != nil || out.done != 400 {
		t.Fatalf("done %d, %v", out.done, err)
	}
	if got := out.quantile(0.5); got < 60*time.Millisecond {
		t.Fatalf("three quarters of the requests were due in a stall of 300 ms, yet the median wait is %s", got)
	}
}

func TestAServerThatGoesAwayEndsTheLoadWithItsError(t *testing.T) {
	t.Parallel()
	addr := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	out, err := load{addr: addr, conns: 3, from: numbered(10), count: 10, limit: 5 * time.Second, good: success}.run()
	if err == nil || out.failed != 3 {
		t.Fatalf("failed %d, %v", out.failed, err)
	}
}
