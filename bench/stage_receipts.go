package main

import (
	stdsql "database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// told is one receipt: which message, which step.
type told struct {
	MsgID string `json:"msgid"`
	Type  int    `json:"type"`
}

// receiver is a business system that notes when each receipt came.
type receiver struct {
	mu     sync.Mutex
	came   map[told]time.Time
	twice  int
	posts  int
	server *http.Server
}

// receive starts a receiver in this process: some thirty posts a second are no
// load.
func receive() (*receiver, string, error) {
	r := &receiver{came: map[told]time.Time{}}
	r.server = &http.Server{Handler: r, ReadHeaderTimeout: time.Minute}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	go func() { _ = r.server.Serve(ln) }()
	return r, "http://" + ln.Addr().String(), nil
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	now := time.Now()
	if q.Method == http.MethodGet {
		_, _ = io.WriteString(w, q.FormValue("echostr"))
		return
	}
	var batch []told
	if err := json.NewDecoder(q.Body).Decode(&batch); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.posts++
	for _, t := range batch {
		if _, there := r.came[t]; there {
			r.twice++
		}
		r.came[t] = now
	}
}

func (r *receiver) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.came)
}

// receipts measures how long after its cause a receipt leaves while 1,000
// recipients a second are sent to. Causes are the times of the feed's lines,
// which the database wrote in the transactions of the changes.
func (b *bench) receipts() error {
	db, err := b.database()
	if err != nil {
		return err
	}
	h, err := b.open(db, "receipts", simulated, 0, "WECHATTPP_TARGET_NETWORKS=127.0.0.0/8")
	if err != nil {
		return err
	}
	defer h.stop()
	if err := h.authorize(b); err != nil {
		return err
	}
	token, err := h.sendToken()
	if err != nil {
		return err
	}
	in, address, err := receive()
	if err != nil {
		return err
	}
	defer func() { _ = in.server.Close() }()
	if err := h.receiptsTo(address); err != nil {
		return err
	}
	const rate, conns, bar = 1000, 64, 10.5
	s := &side{name: "ours", addr: h.addr, pids: h.pids(), db: h.db, make: sends(token, ""), good: accepted}
	got, err := s.run(conns, max(10*time.Second, b.span), rate)
	if err != nil {
		return err
	}
	want := 3 * got.done // queued, sent, delivered
	if err := h.until(90*time.Second, func() error {
		if n := in.count(); n < want {
			return fmt.Errorf("%d of %d receipts came", n, want)
		}
		return nil
	}); err != nil {
		return err
	}
	waits, err := h.waits(in)
	if err != nil {
		return err
	}
	last := waits[len(waits)-1]
	b.table.add(row{Work: "receipts of 1,000 recipients a second: longest from cause to POST", Floor: "JUMS: 100 receipts or 10 s", Ours: fmt.Sprintf("%.2f s", last.Seconds()),
		Ratio: last.Seconds(), Bar: bar, AtMost: true, Unit: "s", Rounds: 1,
		Note: fmt.Sprintf("%d receipts in %d posts, half of them within %.2f s, %d told twice; CPU a recipient with database, sending included, %.0f µs",
			len(waits), in.posts, waits[len(waits)/2].Seconds(), in.twice, got.perRequest()/1e3)})
	return nil
}

// receiptsTo registers an address for the only client.
func (h *house) receiptsTo(address string) error {
	var clients struct{ Items []struct{ ID int64 } }
	if err := h.call("GET", "/v1/clients", "", &clients); err != nil || len(clients.Items) != 1 {
		return fmt.Errorf("%d clients: %w", len(clients.Items), err)
	}
	return h.call("POST", fmt.Sprintf("/v1/clients/%d/callbacks", clients.Items[0].ID), fmt.Sprintf(`{"url": %q}`, address), nil)
}

// typeOf is the receipt that tells of a line.
var typeOf = map[string]int{"recipient.queued": 0, "recipient.sent": 2, "recipient.delivered": 4}

// waits gives, in order of length, how long each receipt took.
func (h *house) waits(in *receiver) (all []time.Duration, err error) {
	db, err := stdsql.Open("mysql", h.db.dsn+h.name())
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }()
	rows, err := db.Query(`SELECT type, data, created_at FROM feed WHERE type LIKE 'recipient.%'`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var kind string
		var data []byte
		var at int64
		if err := rows.Scan(&kind, &data, &at); err != nil {
			return nil, err
		}
		var t told
		if err := json.Unmarshal(data, &t); err != nil {
			return nil, err
		}
		t.Type = typeOf[kind]
		came, there := in.came[t]
		if !there {
			return nil, fmt.Errorf("the receipt %+v never came", t)
		}
		all = append(all, came.Sub(time.UnixMilli(at)))
	}
	slices.Sort(all)
	return all, rows.Err()
}
