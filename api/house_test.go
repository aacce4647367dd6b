package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"wechattpp/access"
	"wechattpp/sql"
	"wechattpp/sql/sqltest"
)

// house is the API over a real database, with an administrator.
type house struct {
	t     *testing.T
	db    *sql.DB
	room  *access.Room
	url   string
	admin string // an administrator's token
	log   *safeBuffer
}

// testKey signs the tokens of tests.
var testKey = bytes.Repeat([]byte{3}, 32)

// newHouse serves the API on SQLite; fit may set the rooms that a test needs.
func newHouse(t *testing.T, fit ...func(*Config, *sql.DB)) *house {
	t.Helper()
	db := sqltest.Open(t, sqltest.Source(t, "sqlite"))
	return serveHouse(t, db, fit...)
}

// serveHouse is one replica on a database.
func serveHouse(t *testing.T, db *sql.DB, fit ...func(*Config, *sql.DB)) *house {
	t.Helper()
	h := &house{t: t, db: db, log: &safeBuffer{}}
	log := slog.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	h.room, err = access.New(access.Config{Store: db.Access(), Keys: [][]byte{testKey}, Issuer: "http://test", Log: log})
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{PublicURL: "http://test", Access: h.room, Log: log}
	for _, f := range fit {
		f(&cfg, db)
	}
	handler, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	h.url = server.URL
	h.admin, _, err = h.room.Issue(context.Background(), "tester", []string{access.Admin}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// client makes a client with the scopes and senders and answers it and a token
// of it.
func (h *house) client(scopes []string, senders ...string) (access.Client, string) {
	h.t.Helper()
	c, err := h.room.Create(context.Background(), access.Client{Name: "test", Scopes: scopes, Senders: senders})
	if err != nil {
		h.t.Fatal(err)
	}
	g, err := h.room.Exchange(context.Background(), "test", c.ChannelKey, "", c.Secret)
	if err != nil {
		h.t.Fatal(err)
	}
	return c, g.Token
}

// reply is an answer, read.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// call sends JSON with a token; body may be nil, text, or what marshals to
// JSON. change may alter the request. A JSON answer is held to the schema that
// openapi/*.yaml gives for it.
func (h *house) call(method, path, token string, body any, change ...func(*http.Request)) reply {
	h.t.Helper()
	sent := raw(h.t, body)
	req, err := http.NewRequestWithContext(h.t.Context(), method, h.url+path, bytes.NewReader(sent))
	if err != nil {
		h.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for _, f := range change {
		f(req)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	fitsDescription(h.t, req, sent, res, b)
	return reply{res.StatusCode, res.Header, b}
}

func raw(t *testing.T, body any) []byte {
	t.Helper()
	switch b := body.(type) {
	case nil:
		return nil
	case string:
		return []byte(b)
	}
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// json reads an answer of the given status into an object.
func (h *house) json(r reply, status int) map[string]any {
	h.t.Helper()
	if r.status != status {
		h.t.Fatalf("status %d, want %d: %s", r.status, status, r.body)
	}
	var m map[string]any
	if err := json.Unmarshal(r.body, &m); err != nil {
		h.t.Fatalf("answer %s: %v", r.body, err)
	}
	return m
}

// refused wants an answer of the status and code whose message holds the words.
func (h *house) refused(r reply, status, code int, words ...string) {
	h.t.Helper()
	m := h.json(r, status)
	if m["code"] != float64(code) {
		h.t.Errorf("code %v, want %d: %s", m["code"], code, r.body)
	}
	for _, w := range words {
		if text, _ := m["message"].(string); !strings.Contains(text, w) {
			h.t.Errorf("message %q does not tell %q", text, w)
		}
	}
}

// safeBuffer takes the log, which goes on while a test reads it.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// basic sets JUMS's authentication.
func basic(key, secret string) func(*http.Request) {
	return func(r *http.Request) { r.SetBasicAuth(key, secret) }
}
