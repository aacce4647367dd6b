package simulator

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"wechattpp/crypto"
)

const (
	testComponent = "wxc0ffee0000000001"
	testSecret    = "component-secret-of-the-tests"
	testToken     = "testtoken"
	testKey       = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	shop          = "wx5a1e0c7d93b24f68"
	clinic        = "wx8b6f20de417c95a3"
	miniProgram   = "wxc30d9a5b7e1846f2"
	customer      = "oShop0000000000000000000001A"
)

// house is a simulator and a program it pushes to, joined by pipes so that
// they also live in a synctest bubble.
type house struct {
	t       *testing.T
	sim     *Simulator
	program *program
	client  *http.Client // a browser or API client; follows no redirect
}

// program is the receiver: it opens every push and answers as it is told.
type program struct {
	mu     sync.Mutex
	got    []arrival
	answer func(n int, a arrival) (status int, body string) // nil = success
}

type arrival struct {
	at    time.Time
	path  string
	query map[string]string
	inner inner
}

// inner is any decrypted message.
type inner struct {
	XMLName                                         xml.Name `xml:"xml"`
	AppId, InfoType, ComponentVerifyTicket          string
	AuthorizerAppid, AuthorizationCode, PreAuthCode string
	ToUserName, FromUserName, MsgType, Event        string
	Content, Status                                 string
	CreateTime, MsgID, MsgId                        int64
	AuthorizationCodeExpiredTime                    int64
}

func testConfig() Config {
	return Config{
		ComponentAppID: testComponent, ComponentSecret: testSecret, Token: testToken, EncodingAESKey: testKey,
		AuthorizationURL: "http://program.example.com/auth", MessageURL: "http://program.example.com/$APPID$/message",
	}
}

func newHouse(t *testing.T, change func(*Config)) *house {
	t.Helper()
	cfg := testConfig()
	h := &house{t: t, program: &program{}}
	programs, vendor := newPipe(), newPipe()
	transport := &http.Transport{DialContext: programs.dial}
	cfg.Transport = transport
	if change != nil {
		change(&cfg)
	}
	h.sim = New(cfg)
	if err := h.sim.AddAccount(SampleWorld()...); err != nil {
		t.Fatal(err)
	}
	serve(t, programs, h.program)
	serve(t, vendor, h.sim)
	vendorTransport := &http.Transport{DialContext: vendor.dial}
	t.Cleanup(vendorTransport.CloseIdleConnections)
	h.client = &http.Client{Transport: vendorTransport, CheckRedirect: noRedirect}
	return h
}

// run starts the pushes and stops them at the end of the test.
func (h *house) run() *house {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.sim.Run(ctx) }()
	h.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			h.t.Errorf("Run: %v", err)
		}
	})
	return h
}

func serve(t *testing.T, l net.Listener, handler http.Handler) {
	server := &http.Server{Handler: handler}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close(); <-ended })
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

func (p *pipe) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return ours, nil
	case <-p.closed:
		return nil, errors.New("connection refused")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *program) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a, err := openPush(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	p.mu.Lock()
	p.got = append(p.got, a)
	n, answer := len(p.got), p.answer
	p.mu.Unlock()
	status, body := http.StatusOK, "success"
	if answer != nil {
		status, body = answer(n, a)
	}
	if status/100 == 3 {
		w.Header().Set("Location", "/elsewhere?"+r.URL.RawQuery)
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// openPush reads a push by the letter of the vendor's pages.
func openPush(r *http.Request) (arrival, error) {
	var envelope struct {
		AppId, ToUserName, Encrypt string
	}
	if err := xml.NewDecoder(r.Body).Decode(&envelope); err != nil {
		return arrival{}, err
	}
	q := map[string]string{}
	for k, v := range r.URL.Query() {
		q[k] = v[0]
	}
	sealed := []byte(strings.TrimSpace(envelope.Encrypt))
	if !crypto.Verify(q["msg_signature"], testToken, q["timestamp"], q["nonce"], sealed) {
		return arrival{}, errors.New("msg_signature does not fit")
	}
	key, err := crypto.ParseKey(testKey)
	if err != nil {
		return arrival{}, err
	}
	msg, _, err := crypto.Open(sealed, testComponent, key)
	if err != nil {
		return arrival{}, err
	}
	a := arrival{at: time.Now(), path: r.URL.Path, query: q}
	return a, xml.Unmarshal(msg, &a.inner)
}

func (p *program) answers(f func(n int, a arrival) (int, string)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = f
}

// arrivals are the pushes of one InfoType or Event.
func (p *program) arrivals(name string) []arrival {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []arrival
	for _, a := range p.got {
		if a.inner.InfoType == name || a.inner.Event == name || a.inner.MsgType == name {
			out = append(out, a)
		}
	}
	return out
}

// waitFor waits for n pushes of a name.
func (h *house) waitFor(name string, n int) []arrival {
	h.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		if got := h.program.arrivals(name); len(got) >= n {
			return got
		}
		if time.Now().After(deadline) {
			h.t.Fatalf("no %d pushes of %s came in 20 s", n, name)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

type answer map[string]any

func (a answer) code() int64 {
	n, _ := a["errcode"].(json.Number)
	code, _ := n.Int64()
	return code
}

func (a answer) text(name string) string { s, _ := a[name].(string); return s }

func (h *house) do(method, path, body string) *http.Response {
	h.t.Helper()
	req, err := http.NewRequest(method, "http://api.example.com"+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	res, err := h.client.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	return res
}

// call posts a body (a string as it is, else as JSON) and reads the answer.
func (h *house) call(path string, body any) answer {
	h.t.Helper()
	text, ok := body.(string)
	if !ok {
		text = string(marshal(body))
	}
	return h.read(h.do(http.MethodPost, path, text))
}

func (h *house) read(res *http.Response) answer {
	h.t.Helper()
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var a answer
	if err := d.Decode(&a); err != nil {
		h.t.Fatalf("answer %d %q: %v", res.StatusCode, b, err)
	}
	return a
}

type object = map[string]any

// componentToken fetches one by the newest ticket.
func (h *house) componentToken() string {
	h.t.Helper()
	ticket := h.sim.component.newTicket(h.sim.cfg.TicketLife, time.Now())
	a := h.call("/cgi-bin/component/api_component_token", object{
		"component_appid": testComponent, "component_appsecret": testSecret, "component_verify_ticket": ticket,
	})
	if a.text("component_access_token") == "" {
		h.t.Fatalf("no component token: %v", a)
	}
	return a.text("component_access_token")
}

func (h *house) component(api, token string, body object) answer {
	h.t.Helper()
	if body == nil {
		body = object{}
	}
	body["component_appid"] = testComponent
	return h.call("/cgi-bin/component/"+api+"?component_access_token="+token, body)
}

// accountToken authorizes an account behind the scenes and renews its token once.
func (h *house) accountToken(appID string) (access, refresh string) {
	h.t.Helper()
	g, err := h.sim.Grant(appID)
	if err != nil {
		h.t.Fatal(err)
	}
	return h.renew(h.componentToken(), appID, g.RefreshToken), g.RefreshToken
}

func (h *house) renew(component, appID, refresh string) string {
	h.t.Helper()
	a := h.component("api_authorizer_token", component, object{"authorizer_appid": appID, "authorizer_refresh_token": refresh})
	if a.text("authorizer_access_token") == "" {
		h.t.Fatalf("no token for %s: %v", appID, a)
	}
	return a.text("authorizer_access_token")
}

// paid is a body that the vendor takes.
func paid(openID string) object {
	return object{"touser": openID, "template_id": orderPaid.ID, "data": object{
		"character_string1": object{"value": "SO20260600088"}, "thing2": object{"value": "两件商品"},
		"amount3": object{"value": "¥39.80"}, "time4": object{"value": "2026-06-01 09:30"},
	}}
}

func (h *house) send(token string, body any) answer {
	h.t.Helper()
	return h.call("/cgi-bin/message/template/send?access_token="+token, body)
}

func wantCode(t *testing.T, a answer, want int64) {
	t.Helper()
	if a.code() != want {
		t.Errorf("errcode %d (%s), want %d", a.code(), a.text("errmsg"), want)
	}
}
