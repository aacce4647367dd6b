package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"wechattpp/simulator"
)

// receiver is a business system that gets receipts, by type.
type receiver struct {
	mu    sync.Mutex
	types map[int]int
	hook  func() // runs before the first post is answered
	once  sync.Once
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	if q.Method == http.MethodGet {
		_, _ = io.WriteString(w, q.FormValue("echostr"))
		return
	}
	var batch []struct {
		Type   int
		MsgID  string
		UserID string
		Params struct{ Order string }
	}
	if err := json.NewDecoder(q.Body).Decode(&batch); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if r.hook != nil {
		r.once.Do(r.hook)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, b := range batch {
		if b.UserID == "u-1" && b.MsgID != "" {
			r.types[b.Type]++
		}
	}
}

func (r *receiver) has(types ...int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range types {
		if r.types[n] == 0 {
			return fmt.Errorf("no receipt of type %d in %v", n, r.types)
		}
	}
	return nil
}

// TestNoReceiptIsLostByKills kills the service after the cause and before the
// delivery, and while a receiver has a receipt but has not answered.
func TestNoReceiptIsLostByKills(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		for _, during := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/during a delivery %v", kind, during), func(t *testing.T) {
				t.Parallel()
				loseNoReceipt(t, kind, during)
			})
		}
	}
}

func loseNoReceipt(t *testing.T, kind string, during bool) {
	w := newWorld(t, kind)
	w.env = append(w.env, "WECHATTPP_TARGET_NETWORKS=127.0.0.0/8")
	r := w.start(t)
	in := &receiver{types: map[int]int{}}
	if during {
		in.hook = r.killAndRestart
	}
	server := httptest.NewServer(in)
	defer server.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	j := &mainJob{t, w, r, ctx, simulator.SampleWorld()[0]}
	admin := r.admin()
	j.authorize(admin)
	business := j.client(admin)
	var clients struct{ Items []struct{ ID int64 } }
	j.again("the client's id", func() error { return admin.call(ctx, http.MethodGet, "/v1/clients", nil, &clients) })
	path := fmt.Sprintf("/v1/clients/%d/callbacks", clients.Items[0].ID)
	j.again("a receipt address", func() error { return admin.call(ctx, http.MethodPost, path, map[string]any{"url": server.URL}, nil) })
	msgid := j.send(business)
	j.delivered(business, msgid)
	if !during {
		r.killAndRestart()
	}
	j.again("receipts", func() error { return in.has(0, 2, 4) })
	in.mu.Lock()
	defer in.mu.Unlock()
	for n, times := range in.types {
		if times > 2 { // one kill may come between an answer and its record
			t.Errorf("type %d came %d times", n, times)
		}
	}
}
