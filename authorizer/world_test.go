package authorizer_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"wechattpp/authorizer"
	"wechattpp/component"
	"wechattpp/crypto"
	"wechattpp/simulator"
	"wechattpp/sql"
	"wechattpp/sql/sqltest"
	"wechattpp/token"
	"wechattpp/wechat"
)

const (
	us     = "wxc0ffee0000000001"
	secret = "component-secret-of-the-tests"
	shop   = "wx5a1e0c7d93b24f68"
	clinic = "wx8b6f20de417c95a3"
	mini   = "wxc30d9a5b7e1846f2"
	public = "https://program.example.com"
	aesKey = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
)

// world is the rooms of one process on a database, and the simulator, joined by
// pipes so that they live in a synctest bubble. The rooms can be made anew, as
// after a crash.
type world struct {
	t    *testing.T
	sim  *simulator.Simulator
	http *http.Client
	db   *sql.DB
	file string // of the database
	log  bytes.Buffer
	out  *slog.Logger // writes to log

	mu     sync.Mutex
	pushes []wechat.Push // events, as a callback would hand them on

	us     *component.Component
	keeper *token.Keeper
	room   *authorizer.Authorizers
}

func newWorld(t *testing.T, change func(*simulator.Config)) *world {
	t.Helper()
	w := &world{t: t}
	door, vendor := newPipe(), newPipe()
	cfg := simulator.Config{ComponentAppID: us, ComponentSecret: secret, Token: "testtoken", EncodingAESKey: aesKey,
		AuthorizationURL: "http://program.example.com/auth", Transport: pipeTransport(door)}
	if change != nil {
		change(&cfg)
	}
	w.sim = simulator.New(cfg)
	if err := w.sim.AddAccount(simulator.SampleWorld()...); err != nil {
		t.Fatal(err)
	}
	source := sqltest.Source(t, "sqlite")
	w.db, w.file = sqltest.Open(t, source), strings.TrimPrefix(source, "sqlite:")
	serve(t, door, http.HandlerFunc(w.push))
	serve(t, vendor, w.sim)
	transport := pipeTransport(vendor)
	t.Cleanup(transport.CloseIdleConnections)
	w.http = &http.Client{Transport: transport}
	w.run()
	w.open(w.db.Authorizer(us))
	w.until(t, "the ticket", func() bool {
		w.events(t)
		_, err := w.us.Ticket(context.Background())
		return err == nil
	})
	return w
}

// open makes the rooms of a process.
func (w *world) open(store authorizer.Store) {
	if w.out == nil {
		w.out = slog.New(slog.NewJSONHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	api := wechat.API{Base: "http://vendor.example.com", MPBase: "http://vendor.example.com", OpenBase: "http://vendor.example.com", HTTP: w.http}
	w.keeper = token.New(token.Config{Platform: us, Store: w.db.Token(us), Log: w.out, Minters: map[string]token.Minter{
		token.Component: token.MinterFunc(func(ctx context.Context, _ token.Owner, _ string) (wechat.Lent, error) { return w.us.Mint(ctx) }),
		token.Authorizer: token.MinterFunc(func(ctx context.Context, o token.Owner, refresh string) (wechat.Lent, error) {
			return w.room.Vendor.AuthorizerToken(ctx, o.ID, refresh)
		}),
	}, Verify: func(ctx context.Context, appID string) (string, error) { return w.room.Verify(ctx, appID) }})
	w.t.Cleanup(w.keeper.Close)
	ours := token.Owner{Kind: token.Component, ID: us}
	if err := w.keeper.Begin(context.Background(), ours); err != nil {
		w.t.Fatal(err)
	}
	w.us = component.New(component.Config{AppID: us, Secret: secret, API: api, Tokens: w.keeper.Source(ours), Store: w.db.Component(us), Log: w.out,
		Nudge: func() { _ = w.keeper.Begin(context.Background(), ours) }})
	w.room = authorizer.New(authorizer.Config{Vendor: api.Component(us, w.keeper.Source(ours)), Store: store, PublicURL: public, Keys: [][]byte{[]byte("signs")}, Log: w.out,
		Links: func(ctx context.Context, redirect, kind string) (authorizer.Links, error) {
			l, err := w.us.Links(ctx, redirect, kind)
			return authorizer.Links(l), err
		}})
}

// run starts the simulator's pushes.
func (w *world) run() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.sim.Run(ctx) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Error(err)
		}
	})
}

// push is the door: it opens the envelope and keeps the event.
func (w *world) push(res http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	env, err := wechat.ParseEnvelope(body)
	if err != nil {
		w.t.Error(err)
		return
	}
	key, err := crypto.ParseKey(aesKey)
	if err != nil {
		w.t.Error(err)
		return
	}
	plain, _, err := crypto.Open(env.Encrypt, us, key)
	if err != nil {
		w.t.Error(err)
		return
	}
	p, err := wechat.ParsePush(plain)
	if err != nil {
		w.t.Error(err)
	}
	w.mu.Lock()
	w.pushes = append(w.pushes, p)
	w.mu.Unlock()
	_, _ = res.Write([]byte("success"))
}

// events gives what was pushed to the rooms, as callback does, and tells how
// many took effect. An event that fails stays.
func (w *world) events(t *testing.T) (n int) {
	t.Helper()
	w.mu.Lock()
	taken := w.pushes
	w.pushes = nil
	w.mu.Unlock()
	for _, p := range taken {
		if err := w.effect(p); err == nil {
			n++
			continue
		}
		w.mu.Lock()
		w.pushes = append(w.pushes, p)
		w.mu.Unlock()
	}
	return n
}

func (w *world) effect(p wechat.Push) error {
	ctx, created := context.Background(), time.Unix(p.CreateTime, 0)
	switch p.InfoType {
	case "component_verify_ticket":
		return w.us.TakeTicket(ctx, p.Ticket, created)
	case "authorized", "updateauthorized":
		return w.room.Authorized(ctx, authorizer.Event{AppID: p.AuthorizerAppID, Code: p.AuthorizationCode, PreAuthCode: p.PreAuthCode,
			Created: created, Expires: time.Unix(p.CodeExpires, 0)})
	}
	return w.room.Unauthorized(ctx, p.AuthorizerAppID, created)
}

// work runs the steps until nothing is due.
func (w *world) work(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	for n := 1; n > 0; {
		n = w.events(t)
		for _, step := range []func(context.Context) (int, error){w.keeper.RenewDue, w.room.ExchangeDue, w.room.ProfileDue, w.room.ReconcileDue} {
			did, err := step(ctx)
			if err != nil {
				t.Log("step:", err)
			}
			n += did
		}
	}
}

// reconcile compares with the vendor's list until that has ended.
func (w *world) reconcile(t *testing.T, accept bool) (r authorizer.Run) {
	t.Helper()
	if err := w.room.Reconcile(t.Context(), accept, 0); err != nil {
		t.Fatal(err)
	}
	w.until(t, "the end of the comparison", func() bool {
		var err error
		if r, err = w.room.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		return r.Phase == authorizer.Rest
	})
	return r
}

// until works and waits until something is so, at most ten minutes of the bubble.
func (w *world) until(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Minute); !so(); time.Sleep(time.Second) {
		if time.Now().After(end) {
			t.Fatalf("waited ten minutes for %s", what)
		}
		w.work(t)
	}
}

// invite opens an invitation for a sender.
func (w *world) invite(t *testing.T, sender, kind string) (signed string, page authorizer.Page) {
	t.Helper()
	i, err := w.room.Invite(context.Background(), sender, kind)
	if err != nil {
		t.Fatal(err)
	}
	signed = i.URL[len(public+"/authorize/"):]
	return signed, w.reopen(t, signed)
}

func (w *world) reopen(t *testing.T, signed string) authorizer.Page {
	t.Helper()
	page, err := w.room.Open(context.Background(), signed)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// scan plays the administrator and answers the browser's return.
func (w *world) scan(t *testing.T, z simulator.Authorization) (state, code string) {
	t.Helper()
	z.Referer = public + "/"
	done, err := w.sim.Authorize(context.Background(), z)
	if err != nil {
		t.Fatal(err)
	}
	back, err := url.Parse(done.Location)
	if err != nil {
		t.Fatal(err)
	}
	return back.Query().Get("state"), back.Query().Get("auth_code")
}

// works tells whether the account's token is one that the vendor takes.
func (w *world) works(appID string) bool {
	source := w.keeper.Source(token.Owner{Kind: token.Authorizer, ID: appID})
	api := wechat.API{Base: "http://vendor.example.com", HTTP: w.http}
	_, err := api.Account(appID, source).SendTemplate(context.Background(), wechat.TemplateMessage{ToUser: "oShop0000000000000000000001A",
		TemplateID: "TPL-order-paid-0000000000000000000000000001",
		Data:       map[string]string{"character_string1": "A1", "thing2": "x", "amount3": "¥1.00", "time4": "2026-06-01 09:30"}})
	return err == nil
}

func (w *world) account(t *testing.T, appID string) authorizer.Account {
	t.Helper()
	a, err := w.room.Account(context.Background(), appID)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func serve(t *testing.T, l net.Listener, h http.Handler) {
	s := &http.Server{Handler: h}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close(); <-ended })
}

// pipe is a listener without sockets.
type pipe struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipe() *pipe { return &pipe{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipe) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}
func (p *pipe) Close() error   { p.once.Do(func() { close(p.closed) }); return nil }
func (p *pipe) Addr() net.Addr { return &net.IPAddr{} }

func pipeTransport(p *pipe) *http.Transport {
	return &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		select {
		case p.conns <- theirs:
			return ours, nil
		case <-p.closed:
			return nil, net.ErrClosed
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}}
}
