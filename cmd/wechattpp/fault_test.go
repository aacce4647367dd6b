package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"wechattpp/simulator"
	"wechattpp/sql/sqltest"
)

// wire stands between the service and its database server and can be cut.
type wire struct {
	ln     net.Listener
	target string

	mu    sync.Mutex
	cut   bool
	conns map[net.Conn]bool
}

// newWire puts a wire into a "mysql:user@unix(path)/name" or "@tcp(host)/name"
// address and answers the address through it.
func newWire(t *testing.T, source string) (*wire, string) {
	t.Helper()
	user, rest, _ := strings.Cut(source, "@")
	network, rest, _ := strings.Cut(rest, "(")
	target, name, _ := strings.Cut(rest, ")")
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{ln: ln, target: network + " " + target, conns: map[net.Conn]bool{}}
	done := make(chan struct{})
	go func() { defer close(done); w.serve() }()
	t.Cleanup(func() {
		_ = ln.Close()
		w.set(true)
		<-done
	})
	return w, user + "@tcp(" + ln.Addr().String() + ")" + name
}

func (w *wire) serve() {
	var all sync.WaitGroup
	defer all.Wait()
	for {
		c, err := w.ln.Accept()
		if err != nil {
			return
		}
		all.Go(func() { w.carry(c) })
	}
}

func (w *wire) carry(c net.Conn) {
	defer c.Close()
	network, target, _ := strings.Cut(w.target, " ")
	far, err := net.Dial(network, target)
	if err != nil {
		return
	}
	defer far.Close()
	if !w.keep(c, far) {
		return
	}
	var both sync.WaitGroup
	for _, pair := range [][2]net.Conn{{c, far}, {far, c}} {
		both.Go(func() {
			_, _ = io.Copy(pair[0], pair[1])
			_ = pair[0].Close()
		})
	}
	both.Wait()
}

func (w *wire) keep(conns ...net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range conns {
		w.conns[c] = true
	}
	return !w.cut
}

// set cuts the wire, and whatever goes over it, or mends it.
func (w *wire) set(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cut = cut; cut {
		for c := range w.conns {
			_ = c.Close()
		}
		clear(w.conns)
	}
}

// knock pushes a user's text to a replica as WeChat would, once.
func (w *world) knock(r *replica, id int) (status int, took time.Duration, err error) {
	inner := fmt.Sprintf(`<xml><ToUserName>gh_x</ToUserName><FromUserName>oUser</FromUserName><CreateTime>%d</CreateTime><MsgType>text</MsgType><Content>%s</Content><MsgId>%d</MsgId></xml>`,
		time.Now().Unix(), strings.Repeat("长", 500), id)
	query, body, err := w.Envelope("gh_x", "oUser", []byte(inner))
	if err != nil {
		return 0, 0, err
	}
	start := time.Now()
	res, err := http.Post(r.url()+"/wechattpp/wx00000000000000aa/message?"+query, "text/xml", bytes.NewReader(body))
	if err != nil {
		return 0, time.Since(start), err
	}
	answer, err := io.ReadAll(res.Body)
	if err == nil && (res.StatusCode == http.StatusOK) != (string(answer) == "success") {
		err = fmt.Errorf("status %d with %q", res.StatusCode, answer)
	}
	return res.StatusCode, time.Since(start), errors.Join(err, res.Body.Close())
}

func TestADatabaseThatGoesAwayLosesNothingThatWasAnswered(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "mysql")
	direct := w.source
	line, through := newWire(t, w.source)
	for i, e := range w.env {
		w.env[i] = strings.Replace(e, "WECHATTPP_DATABASE="+direct, "WECHATTPP_DATABASE="+through, 1)
	}
	r := w.start(t)
	if status, _, err := w.knock(r, 1); status != http.StatusOK || err != nil {
		t.Fatalf("before: %d, %v", status, err)
	}
	line.set(true)
	status, took, err := w.knock(r, 2)
	if status != http.StatusServiceUnavailable || err != nil || took < 4*time.Second || took > 8*time.Second { // callback holds it to 4.5 s on a clock of its own
		t.Errorf("while the database is away: %d after %s, %v; want 503 after 4.5 s", status, took, err)
	}
	if got, text := get(t, r.url()+"/readyz"); got != http.StatusServiceUnavailable || !strings.Contains(text, "database") {
		t.Errorf("readyz says %d %s", got, text)
	}
	mend := time.AfterFunc(time.Second, func() { line.set(false) })
	defer mend.Stop()
	if status, took, err := w.knock(r, 3); status != http.StatusOK || err != nil {
		t.Errorf("a push that waits while the database returns: %d after %s, %v", status, took, err)
	}
	if n := sqltest.Number(t, direct, `SELECT COUNT(*) FROM event WHERE type = 'wechat.text'`); n < 2 {
		t.Errorf("%d events are kept of those that were answered success", n)
	}
	if got, text := get(t, r.url()+"/readyz"); got != http.StatusOK || !strings.Contains(text, "gap") && !strings.Contains(text, "could not be written") {
		t.Errorf("readyz does not show the gap: %d %s", got, text)
	}
}

func get(t *testing.T, address string) (int, string) {
	t.Helper()
	res, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// TestAFullDiskRefusesAndLosesNothing lets no file of the service grow beyond
// a few megabytes, which is what a full disk looks like to SQLite.
func TestAFullDiskRefusesAndLosesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite")
	if out, status := shell(t, t.TempDir(), w.env, "migrate", "up"); status != 0 { // which writes more than that
		t.Fatal(out)
	}
	w.limit = 3 << 20
	r := w.start(t)
	answered, refused := 0, 0
	for id := 1; id <= 3000 && refused < 2; id++ {
		switch status, _, err := w.knock(r, id); {
		case err != nil:
			t.Fatal(err)
		case status == http.StatusOK:
			answered++
		case status == http.StatusServiceUnavailable:
			refused++
		default:
			t.Fatalf("push %d was answered %d", id, status)
		}
	}
	if refused == 0 || answered == 0 {
		t.Fatalf("%d answered, %d refused: the disk never was full", answered, refused)
	}
	w.limit = 0
	r.killAndRestart()
	r.ready()
	if status, _, err := w.knock(r, 100_000); status != http.StatusOK || err != nil {
		t.Errorf("with room again: %d, %v", status, err)
	}
	path := strings.TrimPrefix(w.source, "sqlite:")
	if n := sqltest.Number(t, "sqlite:"+filepath.Clean(path), `SELECT COUNT(*) FROM event WHERE type = 'wechat.text'`); int(n) < answered+1 {
		t.Errorf("%d pushes were answered success, %d are kept", answered+1, n)
	}
}

// TestAnAccountThatWithdrawsIsQuietOnEveryReplica withdraws and authorizes
// again, and holds both replicas to two seconds.
func TestAnAccountThatWithdrawsIsQuietOnEveryReplica(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "mysql")
	replicas := []*replica{w.start(t), w.start(t)}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	j := &mainJob{t, w, replicas[0], ctx, simulator.SampleWorld()[0]}
	admin := replicas[0].admin()
	j.authorize(admin)
	business := j.client(admin)
	j.delivered(business, j.send(business))
	send := func(r *replica) error {
		c := newCaller(r.url(), admin.auth)
		return c.call(ctx, http.MethodPost, "/v1/sent", map[string]any{
			"aud_wechatoa": []any{map[string]any{"data": []string{j.shop.Followers[1]}}},
			"msg_wechatoa": []any{map[string]any{"sender": jobSender, "type": 0, "template_id": j.shop.Templates[0].ID, "data": map[string]any{
				"character_string1": map[string]any{"value": "SO-2"}, "thing2": map[string]any{"value": "x"},
				"amount3": map[string]any{"value": "¥1"}, "time4": map[string]any{"value": "2026-06-01 09:30"}}}},
		}, nil)
	}
	for _, r := range replicas {
		if err := send(r); err != nil {
			t.Fatalf("before: %v", err)
		}
	}
	var took []time.Duration
	for len(took) < 3 && (len(took) == 0 || took[len(took)-1] > 2*time.Second) { // a busy machine may spoil one
		took = append(took, j.withdraws(admin, replicas, send))
		j.authorize(admin)
		for _, r := range replicas {
			j.again("sending again", func() error { return send(r) })
		}
	}
	if took[len(took)-1] > 2*time.Second {
		t.Errorf("the replicas noticed after %s", took)
	}
}

// withdraws ends the account's authorization, and answers how long the replicas
// went on sending after the API told of the end.
func (j *mainJob) withdraws(admin *caller, replicas []*replica, send func(*replica) error) time.Duration {
	j.t.Helper()
	if err := j.w.Unauthorize(simulator.Unauthorization{AppID: j.shop.AppID}); err != nil {
		j.t.Fatal(err)
	}
	j.ended(admin)
	ended := time.Now()
	for _, r := range replicas {
		j.again("refusal at a replica", func() error {
			var refused *apiError
			if err := send(r); !errors.As(err, &refused) || refused.Code != 1015008 {
				return fmt.Errorf("still answers %v", err)
			}
			return nil
		})
	}
	return time.Since(ended)
}

// ended waits until the API tells that the account's authorization is over.
func (j *mainJob) ended(admin *caller) {
	j.t.Helper()
	j.again("the account's end", func() error {
		var a struct{ Status string }
		err := admin.call(j.ctx, http.MethodGet, "/v1/authorizers/"+j.shop.AppID, nil, &a)
		if err == nil && a.Status != "unauthorized" {
			err = fmt.Errorf("status %s", a.Status)
		}
		return err
	})
}

// TestAWithdrawalNobodyToldOfIsFoundOutByARefusal loses the event: the first
// refused send makes the service ask, and then rest.
func TestAWithdrawalNobodyToldOfIsFoundOutByARefusal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite")
	r := w.start(t)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	j := &mainJob{t, w, r, ctx, simulator.SampleWorld()[0]}
	admin := r.admin()
	j.authorize(admin)
	if err := w.Unauthorize(simulator.Unauthorization{AppID: j.shop.AppID, NoEvent: true}); err != nil {
		t.Fatal(err)
	}
	j.send(j.client(admin))
	j.ended(admin)
	if n := w.Calls().Paths["/cgi-bin/message/template/send"]; n > 2 {
		t.Errorf("WeChat was called %d times for an account that had withdrawn", n)
	}
}
