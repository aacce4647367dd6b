package notify_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// vendor is WeChat as far as template messages go. Like the real one it sends
// the same openid and client_msg_id once.
type vendor struct {
	*httptest.Server
	mu     sync.Mutex
	given  map[string]int64 // by openid and client_msg_id
	ids    map[string][]string
	calls  map[string]int    // by openid
	bodies map[string]string // the last one, by openid
	lastID int64
	most   atomic.Int32 // calls at once, at most
	now    atomic.Int32

	// answer says how to answer the n-th call for an openid; nil is "ok".
	answer func(openid string, n int) answer
}

// answer: Code is errcode; Drop breaks the connection, after the message was
// taken if Taken; Status is of HTTP; Wait is how long it takes; Until is what it
// waits for.
type answer struct {
	Code   int
	Drop   bool
	Taken  bool
	Status int
	Wait   time.Duration
	Until  chan struct{}
	Text   string
}

func newVendor(t testing.TB) *vendor {
	v := &vendor{given: map[string]int64{}, ids: map[string][]string{}, calls: map[string]int{}, bodies: map[string]string{}, lastID: 3487542469355618000}
	v.Server = httptest.NewServer(http.HandlerFunc(v.serve))
	t.Cleanup(v.Close)
	return v
}

func (v *vendor) serve(w http.ResponseWriter, r *http.Request) {
	n := v.now.Add(1)
	defer v.now.Add(-1)
	for old := v.most.Load(); n > old && !v.most.CompareAndSwap(old, n); old = v.most.Load() {
	}
	var m struct {
		To string `json:"touser"`
		ID string `json:"client_msg_id"`
	}
	b, _ := io.ReadAll(r.Body)
	if err := json.Unmarshal(b, &m); err != nil || m.To == "" || m.ID == "" || len(m.ID) > 32 {
		_, _ = fmt.Fprint(w, `{"errcode":47001,"errmsg":"data format error"}`)
		return
	}
	v.mu.Lock()
	v.bodies[m.To] = string(b)
	v.calls[m.To]++
	var a answer
	if v.answer != nil {
		a = v.answer(m.To, v.calls[m.To])
	}
	var id int64
	if a.Code == 0 && (a.Status == 0 && !a.Drop || a.Taken) {
		id = v.give(m.To, m.ID)
	}
	v.mu.Unlock()
	time.Sleep(a.Wait)
	if a.Until != nil {
		<-a.Until
	}
	switch {
	case a.Drop:
		if c, _, err := w.(http.Hijacker).Hijack(); err == nil {
			_ = c.(*net.TCPConn).SetLinger(0)
			_ = c.Close()
		}
	case a.Status != 0:
		w.WriteHeader(a.Status)
	default:
		_, _ = fmt.Fprintf(w, `{"errcode":%d,"errmsg":%q,"msgid":%d}`, a.Code, a.Text, id)
	}
}

func (v *vendor) give(to, id string) int64 {
	key := to + "/" + id
	if v.given[key] == 0 {
		v.lastID++
		v.given[key] = v.lastID
		v.ids[to] = append(v.ids[to], id)
	}
	return v.given[key]
}

// total is how many calls came.
func (v *vendor) total() (n int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, calls := range v.calls {
		n += calls
	}
	return n
}

// body is the last call for an openid.
func (v *vendor) body(openid string) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.bodies[openid]
}

// got is how many messages an openid got.
func (v *vendor) got(openid string) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.ids[openid])
}

// msgID is the vendor's id of an openid's only message.
func (v *vendor) msgID(openid string) int64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	for key, id := range v.given {
		if key == openid+"/"+v.ids[openid][0] {
			return id
		}
	}
	return 0
}

func (v *vendor) answering(f func(openid string, n int) answer) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.answer = f
}
