package webhook_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"wechattpp/access"
	"wechattpp/sql"
	"wechattpp/sql/sqltest"
	"wechattpp/webhook"
)

// Sleeps in this file are pauses between looks at a condition that has a deadline.

const secret = "0123456789abcdef01234567"

// house is a room over a real database.
type house struct {
	t       testing.TB
	source  string
	db      *sql.DB
	store   *sql.Webhook
	client  access.Client
	room    *webhook.Room
	metrics *prometheus.Registry
}

// each runs f once on every database.
func each(t *testing.T, f func(h *house)) {
	t.Helper()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) { t.Parallel(); f(newHouse(t, kind)) })
	}
}

func newHouse(t testing.TB, kind string, fit ...func(*webhook.Config)) *house {
	t.Helper()
	h := &house{t: t, source: sqltest.Source(t, kind), metrics: prometheus.NewRegistry()}
	h.db = sqltest.Open(t, h.source)
	h.store = h.db.Webhook()
	h.client = h.newClient("shop")
	h.room = h.replica(append(fit, func(c *webhook.Config) { c.Metrics = h.metrics })...)
	return h
}

func (h *house) newClient(name string) access.Client {
	h.t.Helper()
	c, err := h.db.Access().CreateClient(context.Background(), access.Client{Name: name, Kind: access.Channel, ChannelKey: "key-of-" + name, Secret: secret})
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

// replica is another room on the same database, whose retries come quickly.
func (h *house) replica(fit ...func(*webhook.Config)) *webhook.Room {
	c := webhook.Config{Store: h.db.Webhook(), Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Retries: quick(3),
		Egress: webhook.Egress{Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}}
	for _, f := range fit {
		f(&c)
	}
	r := webhook.New(c)
	h.t.Cleanup(r.Close)
	return r
}

// quick is so many retries that come at once.
func quick(n int) []time.Duration {
	all := make([]time.Duration, n)
	for i := range all {
		all[i] = 10 * time.Millisecond
	}
	return all
}

// receipt is a record as a business system reads it.
type receipt struct {
	Type       int    `json:"type"`
	ChannelKey string `json:"channelkey"`
	MsgID      string `json:"msgid"`
	UserID     string `json:"userid"`
	SenderID   string `json:"sender_id"`
	Sender     int    `json:"sender"`
	WeCom      *int   `json:"wechatwk_sender"`
	SentTime   int64  `json:"sent_time"`
	Error      *struct {
		Code    int
		Message string
	} `json:"error"`
	Params json.RawMessage `json:"params"`
}

// receiver is a business system. Posts answers with handle, if it is set.
type receiver struct {
	*httptest.Server
	mu      sync.Mutex
	posts   [][]receipt
	came    []time.Time
	headers []http.Header
	ids     []string
	handle  http.HandlerFunc
}

func newReceiver(t testing.TB) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	if q.Method == http.MethodGet {
		_, _ = io.WriteString(w, q.URL.Query().Get("echostr"))
		return
	}
	var batch []receipt
	err := json.NewDecoder(q.Body).Decode(&batch)
	r.mu.Lock()
	r.came, r.headers, r.ids = append(r.came, time.Now()), append(r.headers, q.Header), append(r.ids, q.Header.Get("X-Delivery-Id"))
	handle := r.handle
	if handle == nil {
		r.posts = append(r.posts, batch)
	}
	r.mu.Unlock()
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
	case handle != nil:
		handle(w, q)
	}
}

// answer sets what posts are answered with; nil takes them again.
func (r *receiver) answer(f http.HandlerFunc) {
	r.mu.Lock()
	r.handle = f
	r.mu.Unlock()
}

func (r *receiver) calls() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.came)
}

func (r *receiver) sizes() (n []int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.posts {
		n = append(n, len(p))
	}
	return n
}

// got is every receipt taken, in order.
func (r *receiver) got() (all []receipt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.posts {
		all = append(all, p...)
	}
	return all
}

// register makes an address the client's.
func (h *house) register(url string) webhook.Target {
	h.t.Helper()
	t, err := h.room.Register(context.Background(), webhook.Target{ClientID: h.client.ID, URL: url, Wanted: webhook.AllTypes})
	if err != nil {
		h.t.Fatal(err)
	}
	// What follows happened after it, even if the test says that it was a while ago.
	sqltest.Exec(h.t, h.source, `UPDATE target SET created_at = 0 WHERE id = ?`, t.ID)
	return t
}

// line is a line of the feed as the store of notify writes it, of something
// that happened some time ago.
func (h *house) line(ago time.Duration, state, fields string, users ...string) {
	h.t.Helper()
	recipients := make([]map[string]any, len(users))
	for i, u := range users {
		recipients[i] = map[string]any{"seq": i, "userid": u, "identity": "o" + u}
	}
	list, err := json.Marshal(recipients)
	if err != nil {
		h.t.Fatal(err)
	}
	data := fmt.Sprintf(`{"msgid":"100000001","client_id":%d,"sender":"oa1"%s,"recipients":%s}`, h.client.ID, fields, list)
	sqltest.Exec(h.t, h.source, `INSERT INTO feed (app_id, type, event_id, data, created_at) VALUES ('wx', ?, 0, ?, ?)`,
		"recipient."+state, []byte(data), time.Now().Add(-ago).UnixMilli())
}

func users(from, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("u%06d", from+i)
	}
	return list
}

// old is long enough ago for a batch to be due.
const old = 11 * time.Second

func (h *house) read() {
	h.t.Helper()
	for {
		switch n, err := h.room.ReadFeed(context.Background()); {
		case err != nil:
			h.t.Fatal(err)
		case n == 0:
			return
		}
	}
}

// work runs both steps until the condition holds.
func (h *house) work(what string, done func() bool) {
	h.t.Helper()
	for deadline := time.Now().Add(40 * time.Second); !done(); {
		if time.Now().After(deadline) {
			h.t.Fatalf("not in time: %s", what)
		}
		h.read()
		if _, err := h.room.DeliverDue(context.Background()); err != nil {
			h.t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond)
	}
	h.room.Wait()
}

// targets are the client's addresses.
func (h *house) targets() []webhook.Target {
	h.t.Helper()
	all, err := h.room.Targets(context.Background(), h.client.ID)
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}
