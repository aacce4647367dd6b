package callback_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"wechattpp/callback"
	"wechattpp/crypto"
	"wechattpp/sql"
	"wechattpp/wechat"
)

// Made up, like everything here.
const (
	componentID = "wx1a2b3c4d5e6f7a8b"
	shopID      = "wx9f8e7d6c5b4a3f2e"
	shopName    = "gh_0123456789ab"
	token       = "testVerifyToken"
	currentKey  = "abcdefghijABCDEFGHIJ0123456789klmnopqrstuvw"
	previousKey = "0123456789abcdefghijABCDEFGHIJklmnopqrstuvw"
	strangeKey  = "zyxwvutsrqZYXWVUTSRQ0123456789klmnopqrstuvw"
)

// house is a door over a real database, with effects that remember.
type house struct {
	t       testing.TB
	store   *watched
	door    *callback.Door
	metrics *prometheus.Registry
	log     *strings.Builder
	nudges  atomic.Int32

	mu    sync.Mutex
	names map[string]string
	// calls are the effects in order; answer decides on each.
	calls  []string
	answer func(call string) error
}

// watched tells how many events went to the store, the only way to keep one.
type watched struct {
	callback.Store
	appends atomic.Int32
}

func (w *watched) Append(ctx context.Context, e *callback.Event) (bool, error) {
	w.appends.Add(1)
	return w.Store.Append(ctx, e)
}

func newHouse(t testing.TB, db *sql.DB, change ...func(*callback.Config)) *house {
	t.Helper()
	h := &house{t: t, store: &watched{Store: db.Callback()}, metrics: prometheus.NewRegistry(), log: &strings.Builder{}, names: map[string]string{shopID: shopName}}
	c := callback.Config{
		ComponentAppID: componentID, Token: token, Key: key(t, currentKey), PreviousKey: key(t, previousKey), MaxAge: 10 * time.Minute,
		Store: h.store, Accounts: h, Metrics: h.metrics, Log: slog.New(slog.NewTextHandler(&locked{w: h.log}, nil)),
		Nudge: func() { h.nudges.Add(1) },
		Effects: callback.Effects{
			Ticket: func(_ context.Context, ticket string, created time.Time) error {
				return h.call(fmt.Sprint("ticket ", ticket, " ", created.Unix()))
			},
			Authorized: func(_ context.Context, a callback.Authorization) error {
				return h.call(fmt.Sprint("authorized ", a.AppID, " ", a.Code, " ", a.PreAuthCode, " ", a.CodeExpires.Unix(), " ", a.Updated))
			},
			Unauthorized: func(_ context.Context, appID string, created time.Time) error {
				return h.call(fmt.Sprint("unauthorized ", appID, " ", created.Unix()))
			},
			Outcome: func(_ context.Context, appID string, o wechat.Outcome, _ callback.Origin) error {
				return h.call(fmt.Sprint("outcome ", appID, " ", o.MsgID, " ", o.Status))
			},
			Answers: func(_ context.Context, appID string, all []wechat.Answer, from callback.Origin) error {
				return h.call(fmt.Sprint("answers ", appID, " ", all, " ", from.Event > 0))
			},
		},
	}
	for _, f := range change {
		f(&c)
	}
	h.door = callback.New(c)
	return h
}

func (h *house) call(text string) error {
	h.mu.Lock()
	h.calls = append(h.calls, text)
	answer := h.answer
	h.mu.Unlock()
	if answer == nil {
		return nil
	}
	return answer(text)
}

func (h *house) called() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Join(h.calls, "; ")
}

func (h *house) UserName(_ context.Context, appID string) (string, bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	name, ok := h.names[appID]
	return name, ok, nil
}

func (h *house) know(appID, name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.names[appID] = name
}

// locked lets several goroutines log.
type locked struct {
	mu sync.Mutex
	w  *strings.Builder
}

func (l *locked) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

// counter reads a metric by its labels.
func (h *house) counter(name string, labels ...string) float64 {
	h.t.Helper()
	families, err := h.metrics.Gather()
	if err != nil {
		h.t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			var values []string
			for _, l := range m.GetLabel() {
				values = append(values, l.GetValue())
			}
			if f.GetName() == name && fmt.Sprint(values) == fmt.Sprint(labels) {
				return m.GetCounter().GetValue()
			}
		}
	}
	return 0
}

// all runs rounds until nothing is due.
func (h *house) all() {
	h.t.Helper()
	for range 100 {
		n, err := h.door.WorkDue(context.Background())
		if err != nil {
			h.t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
	h.t.Fatal("there is no end of due events")
}

func key(t testing.TB, text string) *crypto.Key {
	t.Helper()
	k, err := crypto.ParseKey(text)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// push is what a test changes before it is sealed and signed as WeChat does.
type push struct {
	source    callback.Source
	appID     string // in the path
	plain     string
	closes    string // id at the end of the plaintext
	key       string
	off       time.Duration // of the signed timestamp from now
	signature string        // instead of the right one
	body      string        // instead of the envelope
	outer     string        // element before Encrypt
}

func component(plain string) push {
	return push{source: callback.Component, plain: plain, closes: componentID, key: currentKey,
		outer: "<AppId><![CDATA[" + componentID + "]]></AppId>"}
}

func message(plain string) push {
	p := component(plain)
	p.source, p.appID, p.outer = callback.Message, shopID, "<ToUserName><![CDATA["+shopName+"]]></ToUserName>"
	return p
}

func (p push) request(t testing.TB) *callback.Request {
	t.Helper()
	sealed, err := crypto.Seal(rand.Reader, []byte(p.plain), p.closes, key(t, p.key))
	if err != nil {
		t.Fatal(err)
	}
	r := &callback.Request{Source: p.source, AppID: p.appID, Timestamp: strconv.FormatInt(time.Now().Add(p.off).Unix(), 10), Nonce: "559120334", At: time.Now()}
	r.Signature = crypto.Sign(token, r.Timestamp, r.Nonce, sealed)
	if p.signature != "" {
		r.Signature = strings.TrimPrefix(p.signature, "none")
	}
	r.Body = []byte("<xml>\n    " + p.outer + "\n    <Encrypt><![CDATA[" + sealed + "]]></Encrypt>\n</xml>")
	if p.body != "" {
		r.Body = []byte(p.body)
	}
	return r
}

func text(id, content string) string {
	return "<xml><ToUserName><![CDATA[" + shopName + "]]></ToUserName><FromUserName><![CDATA[oAbCdEfGhIjKlMnOpQrStUvWxYz0]]></FromUserName><CreateTime>1760000000</CreateTime>" +
		"<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[" + content + "]]></Content><MsgId>" + id + "</MsgId></xml>"
}

func ticket(value string, created int) string {
	return fmt.Sprintf("<xml><AppId><![CDATA[%s]]></AppId><CreateTime>%d</CreateTime><InfoType><![CDATA[component_verify_ticket]]></InfoType><ComponentVerifyTicket><![CDATA[%s]]></ComponentVerifyTicket></xml>",
		componentID, created, value)
}

func finished(msgID, status string) string {
	return "<xml><ToUserName><![CDATA[" + shopName + "]]></ToUserName><FromUserName><![CDATA[oAbCdEfGhIjKlMnOpQrStUvWxYz0]]></FromUserName><CreateTime>1760000300</CreateTime>" +
		"<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[TEMPLATESENDJOBFINISH]]></Event><MsgID>" + msgID + "</MsgID><Status><![CDATA[" + status + "]]></Status></xml>"
}
