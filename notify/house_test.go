package notify_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"wechattpp/audience"
	"wechattpp/notify"
	"wechattpp/sender"
	"wechattpp/sql"
	"wechattpp/sql/sqltest"
	"wechattpp/wechat"
)

type fixedToken struct{}

func (fixedToken) Token(context.Context) (string, error)           { return "TOKEN", nil }
func (fixedToken) Replace(context.Context, string) (string, error) { return "TOKEN", nil }

// house is a sending room over a real database, beside a pretended WeChat.
type house struct {
	t       testing.TB
	source  string
	db      *sql.DB
	v       *vendor
	senders *sender.Room
	users   *audience.Room
	room    *notify.Room
	store   *sql.Notify
	metrics *prometheus.Registry

	away sync.Map // AppIDs that withdrew
}

var shop = notify.Client{ID: 7, Senders: []string{"oa1", "oa2"}}

// each runs f once on every database.
func each(t *testing.T, f func(h *house)) {
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) { f(newHouse(t, sqltest.Source(t, kind))) })
	}
}

func newHouse(t testing.TB, source string, fit ...func(*notify.Config)) *house {
	db := sqltest.Open(t, source)
	h := &house{t: t, source: source, db: db, v: newVendor(t), store: db.Notify("wxcomponent"), metrics: prometheus.NewRegistry()}
	h.senders = &sender.Room{Store: db.Sender("wxcomponent"), API: wechat.API{Base: h.v.URL, Timeout: 20 * time.Second},
		Tokens: func(sender.Sender) wechat.TokenSource { return fixedToken{} },
		Account: func(_ context.Context, appID string) (sender.Status, error) {
			_, gone := h.away.Load(appID)
			return sender.Status{Authorized: !gone, Sets: []int{7, 89}}, nil
		}}
	h.users = &audience.Room{Store: db.Audience(), Kind: func(ctx context.Context, code string) (string, error) {
		_, kind, _, err := h.senders.Find(ctx, code)
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return kind, err
	}}
	for i, code := range []string{"oa1", "oa2", "oa3"} {
		if _, err := h.senders.Create(context.Background(), sender.Sender{Code: code, Kind: "wechatoa", AppID: fmt.Sprintf("wxapp%d", i+1)}); err != nil {
			t.Fatal(err)
		}
	}
	h.room = h.replica(fit...)
	return h
}

// replica is another room on the same database.
func (h *house) replica(fit ...func(*notify.Config)) *notify.Room {
	c := notify.Config{Store: h.store, Senders: h.senders, Audience: h.users, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Receipts: func(_ context.Context, client int64, url string) (bool, error) {
			return url == fmt.Sprintf("https://%d.example/receipts", client), nil
		}}
	for _, f := range fit {
		f(&c)
	}
	return notify.New(c)
}

// elsewhere is a room of another process: connections and committers of its own.
func (h *house) elsewhere() *notify.Room {
	db := sqltest.Raw(h.t, h.source, 0)
	return h.replica(func(c *notify.Config) { c.Store = db.Notify("wxcomponent") })
}

// within is a window that is the same for every part.
func within(d time.Duration) func(notify.Part) time.Duration {
	return func(notify.Part) time.Duration { return d }
}

// withinOneDay waits for the next day if this one, as China counts it, is over
// in a moment: a quota of the day would begin anew under the test.
func withinOneDay() {
	const day = 24 * time.Hour
	passed := time.Duration(time.Now().Add(8*time.Hour).UnixNano()) % day
	if left := day - passed; left < time.Minute {
		time.Sleep(left) // at most a minute, a minute a day: the quota's day is the real clock's, which no test can turn
	}
}

// body is a request to openids by sender oa1.
func body(openids ...string) []byte { return bodyBy("oa1", openids...) }

func bodyBy(code string, openids ...string) []byte {
	b, err := json.Marshal(map[string]any{
		"aud_wechatoa": []any{map[string]any{"sender": code, "data": openids}},
		"msg_wechatoa": []any{map[string]any{"sender": code, "template_id": "TPL", "data": map[string]any{"thing1": map[string]any{"value": "两件商品"}}}},
	})
	if err != nil {
		panic(err)
	}
	return b
}

// with adds top-level fields to a body.
func with(b []byte, fields map[string]any) []byte {
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		panic(err)
	}
	for k, v := range fields {
		m[k] = v
	}
	b, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return b
}

func openids(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("o%04d", i)
	}
	return list
}

func (h *house) accept(b []byte) string {
	h.t.Helper()
	r, err := h.room.Accept(context.Background(), shop, "/v1/sent", "", b)
	if err != nil {
		h.t.Fatalf("accept: %v", err)
	}
	return r.MsgID
}

func (h *house) send() {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if _, err := h.room.SendDue(ctx); err != nil {
		h.t.Fatalf("send: %v", err)
	}
}

// until sends until the message has nobody open.
func (h *house) until(room *notify.Room, msgID string) notify.Message {
	h.t.Helper()
	deadline := time.Now().Add(40 * time.Second)
	for time.Now().Before(deadline) {
		if _, err := room.SendDue(context.Background()); err != nil {
			h.t.Fatalf("send: %v", err)
		}
		if m := h.message(msgID); m.Stage == notify.Done {
			return m
		}
		time.Sleep(20 * time.Millisecond)
	}
	h.t.Fatalf("message %s is not done: %+v", msgID, h.message(msgID).Counts)
	return notify.Message{}
}

// message reads a message and holds its counts against its recipients.
func (h *house) message(msgID string) notify.Message {
	h.t.Helper()
	m, err := h.room.Message(context.Background(), shop, msgID)
	if err != nil {
		h.t.Fatalf("message %s: %v", msgID, err)
	}
	return m
}

func (h *house) recipients(msgID string) []notify.Recipient {
	h.t.Helper()
	all, err := h.room.Recipients(context.Background(), shop, msgID, nil, -1, 100_000)
	if err != nil {
		h.t.Fatalf("recipients: %v", err)
	}
	return all
}

// adds checks that the counts are those of the recipients.
func (h *house) adds(msgID string) {
	h.t.Helper()
	m := h.message(msgID)
	var counts notify.Counts
	for _, r := range h.recipients(msgID) {
		counts[r.State]++
	}
	if counts != m.Counts || counts.Sum() != m.Target {
		h.t.Fatalf("counts %v, recipients %v, target %d", m.Counts, counts, m.Target)
	}
}

// states lists the states of a message's recipients by openid or userid.
func (h *house) states(msgID string) map[string]string {
	h.t.Helper()
	states := map[string]string{}
	for _, r := range h.recipients(msgID) {
		name := r.Identity
		if name == "" {
			name = r.UserID
		}
		states[name] = r.State.String()
	}
	return states
}

// once checks that each openid got exactly one message.
func (h *house) once(openids []string) {
	h.t.Helper()
	for _, o := range openids {
		if n := h.v.got(o); n != 1 {
			h.t.Fatalf("%s got %d messages", o, n)
		}
	}
}

// told counts the lines of the feed of a type.
func (h *house) told(kind string) int64 {
	h.t.Helper()
	return sqltest.Number(h.t, h.source, `SELECT COUNT(*) FROM feed WHERE type = ?`, kind)
}
