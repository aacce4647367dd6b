package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// vendor is a WeChat that does nothing but give tokens, each answer taking a
// fixed time, and counts. The simulator checks and keeps far more, which would
// take from the core that the measured program needs.
type vendor struct {
	takes    time.Duration
	parallel atomic.Int64
	minted   atomic.Int64

	mu    sync.Mutex
	tally tally
	seen  map[string]int
}

// tally is what the vendor saw since it was last asked to forget.
type tally struct {
	First, Last int64 // Unix nanoseconds: first call arrived, last answered
	Calls       int
	Accounts    int // distinct
	MostOf      int // most calls for one account
	Parallel    int64
	Components  int // component tokens given
}

// megabyte is part of a file.
var megabyte = make([]byte, 1<<20)

func serveVendor(listen string, takes time.Duration) error {
	v := &vendor{takes: takes, seen: map[string]int{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /cgi-bin/component/api_component_token", v.component)
	mux.HandleFunc("POST /cgi-bin/component/api_authorizer_token", v.authorizer)
	mux.HandleFunc("POST /cgi-bin/component/api_start_push_ticket", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"errcode":0,"errmsg":"ok"}`))
	})
	mux.HandleFunc("GET /cgi-bin/user/info", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; encoding=utf-8")
		_, _ = w.Write([]byte(`{"errcode":0,"errmsg":"ok","subscribe":1,"openid":"o1","language":"zh_CN","subscribe_time":1700000000,"tagid_list":[1,2]}`))
	})
	mux.HandleFunc("GET /cgi-bin/media/get", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/jpeg")
		for range 16 {
			_, _ = w.Write(megabyte)
		}
	})
	mux.HandleFunc("POST /cgi-bin/media/upload", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = w.Write([]byte(`{"errcode":0,"media_id":"M"}`))
	})
	mux.HandleFunc("GET /tally", v.tell)
	mux.HandleFunc("DELETE /tally", v.forget)
	return serveUntilTold(listen, mux)
}

func (v *vendor) component(w http.ResponseWriter, _ *http.Request) {
	time.Sleep(v.takes)
	v.mu.Lock()
	v.tally.Components++
	v.mu.Unlock()
	_, _ = fmt.Fprintf(w, `{"component_access_token":"component-%d","expires_in":7200}`, v.minted.Add(1))
}

func (v *vendor) authorizer(w http.ResponseWriter, r *http.Request) {
	begin := time.Now()
	now := v.parallel.Add(1)
	defer v.parallel.Add(-1)
	var body struct {
		AppID   string `json:"authorizer_appid"`
		Refresh string `json:"authorizer_refresh_token"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || body.AppID == "" || body.Refresh == "" {
		_, _ = w.Write([]byte(`{"errcode":47001,"errmsg":"data format error"}`))
		return
	}
	v.count(body.AppID, begin, now)
	time.Sleep(v.takes - time.Since(begin))
	_, _ = fmt.Fprintf(w, `{"authorizer_access_token":"access-%d-%0120d","expires_in":7200,"authorizer_refresh_token":%q}`, v.minted.Add(1), 0, body.Refresh)
	v.mu.Lock()
	v.tally.Last = time.Now().UnixNano()
	v.mu.Unlock()
}

func (v *vendor) count(appID string, begin time.Time, parallel int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.tally.Calls == 0 {
		v.tally.First = begin.UnixNano()
	}
	v.tally.Calls++
	v.tally.Parallel = max(v.tally.Parallel, parallel)
	v.seen[appID]++
	v.tally.MostOf = max(v.tally.MostOf, v.seen[appID])
}

func (v *vendor) tell(w http.ResponseWriter, _ *http.Request) {
	v.mu.Lock()
	t := v.tally
	t.Accounts = len(v.seen)
	v.mu.Unlock()
	_ = json.NewEncoder(w).Encode(t)
}

func (v *vendor) forget(http.ResponseWriter, *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.tally, v.seen = tally{}, map[string]int{}
}
