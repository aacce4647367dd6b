package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"wechattpp/simulator"
	"wechattpp/sql/sqltest"
)

// These tests run the built program as a process of its own, beside the
// simulator in this one.

// program builds the binary once for all tests.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "wechattpp-test-")
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "wechattpp")
	out, err := exec.Command("go", "build", "-buildvcs=false", "-o", bin, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return bin, nil
})

func TestMain(m *testing.M) {
	status := m.Run()
	if bin, err := program(); err == nil {
		_ = os.RemoveAll(filepath.Dir(bin))
	}
	os.Exit(status)
}

// command prepares the program with nothing of our own environment but what
// it needs to run.
func command(t testing.TB, env []string, args ...string) *exec.Cmd {
	t.Helper()
	bin, err := program()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(bin, args...)
	c.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}, env...)
	c.Dir = t.TempDir()
	return c
}

// world is a simulated WeChat and what a service beside it is told.
type world struct {
	*simulator.Simulator
	cfg    simulator.Config
	source string // database
	env    []string
	limit  int // bytes a file of the service may have; 0: any
}

func newWorld(t *testing.T, kind string) *world {
	t.Helper()
	return newWorldOf(t, kind, func(*simulator.Config) {})
}

func newWorldOf(t *testing.T, kind string, change func(*simulator.Config)) *world {
	t.Helper()
	w := &world{source: sqltest.Source(t, kind), cfg: simulator.Config{
		ComponentAppID: "wx" + random(8), ComponentSecret: random(16), Token: random(12), EncodingAESKey: random(22)[:43],
		PushRetry: 300 * time.Millisecond, OutcomeAfter: 50 * time.Millisecond,
	}}
	change(&w.cfg)
	w.Simulator = simulator.New(w.cfg)
	if err := w.AddAccount(simulator.SampleWorld()...); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(w)
	ctx, stop := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- w.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ran; err != nil {
			t.Error(err)
		}
		server.Close()
	})
	w.env = []string{
		"WECHATTPP_COMPONENT_APP_ID=" + w.cfg.ComponentAppID, "WECHATTPP_COMPONENT_APP_SECRET=" + w.cfg.ComponentSecret,
		"WECHATTPP_ENCODING_TOKEN=" + w.cfg.Token, "WECHATTPP_ENCODING_AES_KEY=" + w.cfg.EncodingAESKey,
		"WECHATTPP_API_BASE_URL=" + server.URL, "WECHATTPP_MP_BASE_URL=" + server.URL, "WECHATTPP_OPEN_BASE_URL=" + server.URL,
		"WECHATTPP_WECOM_BASE_URL=" + server.URL + simulator.WeComPath,
		"WECHATTPP_DATABASE=" + w.source, "WECHATTPP_MASTER_KEY=" + base64.StdEncoding.EncodeToString(sqltest.MasterKey),
	}
	return w
}

// replica is a running service.
type replica struct {
	t    *testing.T
	w    *world
	addr string
	mu   sync.Mutex // held while it is being replaced
	cmd  *exec.Cmd
	log  *syncBuffer
}

// syncBuffer is a buffer that a process and a test may use at once.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// start runs a service on an address of its own; the simulator pushes to the
// first one started.
func (w *world) start(t *testing.T) *replica {
	t.Helper()
	r := &replica{t: t, w: w, addr: freeAddress(t), log: &syncBuffer{}}
	r.run()
	t.Cleanup(func() {
		r.kill()
		if t.Failed() {
			t.Logf("log of %s:\n%s", r.addr, tail(r.log.String(), 12000))
		}
	})
	r.ready()
	if w.State().AuthorizationURL == "" {
		w.SetURLs(r.url()+"/wechattpp/component", r.url()+"/wechattpp/$APPID$/message")
	}
	return r
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }

func (r *replica) url() string { return "http://" + r.addr }

func (r *replica) run() {
	r.cmd = command(r.t, append(r.w.env, "WECHATTPP_LISTEN="+r.addr, "WECHATTPP_PUBLIC_URL="+r.url()), "serve")
	if r.w.limit > 0 { // by the shell, for Go cannot limit only its child
		r.cmd.Args = append([]string{"sh", "-c", fmt.Sprintf(`ulimit -f %d; exec "$0" "$@"`, r.w.limit/512), r.cmd.Path}, r.cmd.Args[1:]...)
		r.cmd.Path = "/bin/sh"
	}
	r.cmd.Stderr = r.log
	if err := r.cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
}

func (r *replica) ready() {
	r.t.Helper()
	awaitReady(r.t, r.addr, r.log)
}

// kill is kill -9.
func (r *replica) kill() {
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = r.cmd.Process.Kill() // it may have ended already
	_ = r.cmd.Wait()
}

// killAndRestart is kill -9 and a supervisor that starts it again.
func (r *replica) killAndRestart() {
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait()
	r.run()
}

// admin issues a token from the shell, beside the running service.
func (r *replica) admin() *caller {
	r.t.Helper()
	c := command(r.t, append(r.w.env, "WECHATTPP_PUBLIC_URL="+r.url()), "token", "issue", "--scope", "admin")
	out, err := c.Output()
	if err != nil {
		r.t.Fatalf("token issue: %v %s", err, errorText(err))
	}
	return newCaller(r.url(), "Bearer "+strings.TrimSpace(string(out)))
}

func errorText(err error) string {
	if e, ok := err.(*exec.ExitError); ok { //nolint:errorlint // exec returns it bare
		return string(e.Stderr)
	}
	return ""
}
