package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wechattpp/webhook"
)

func TestAnAddressMustEchoWhatItIsAsked(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "sqlite")
	try := func(f http.HandlerFunc) error {
		r := httptest.NewServer(f)
		defer r.Close()
		_, err := h.room.Register(context.Background(), webhook.Target{ClientID: h.client.ID, URL: r.URL + "/in?a=b", Wanted: webhook.AllTypes})
		return err
	}
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		words  []string
	}{
		"another value": {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }, []string{`with "hello"`, "as the whole body"}},
		"a line more":   {func(w http.ResponseWriter, q *http.Request) { _, _ = io.WriteString(w, q.FormValue("echostr")+"\n") }, []string{`\n"`}},
		"nothing":       {func(http.ResponseWriter, *http.Request) {}, []string{"an empty body"}},
		"another status": {func(w http.ResponseWriter, q *http.Request) {
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, q.FormValue("echostr"))
		}, []string{"status 201", "want 200"}},
		"a redirect": {func(w http.ResponseWriter, q *http.Request) { http.Redirect(w, q, "/there", http.StatusFound) }, []string{"status 302", "not followed"}},
		"a page":     {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("<p>", 100_000)) }, []string{"more than 65536 bytes"}},
	} {
		err := try(c.answer)
		var in *webhook.InputError
		if !errors.As(err, &in) || in.Field != "url" {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, w := range c.words {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %q lacks %q", name, err, w)
			}
		}
	}
	var asked *http.Request
	if err := try(func(w http.ResponseWriter, q *http.Request) {
		asked = q
		_, _ = io.WriteString(w, q.FormValue("echostr"))
	}); err != nil {
		t.Fatal(err)
	}
	if key, word, ok := asked.BasicAuth(); !ok || key != h.client.ChannelKey || word != secret || asked.URL.Path != "/in" || asked.FormValue("a") != "b" {
		t.Errorf("asked %s as %q", asked.URL, key)
	}
	if len(h.targets()) != 1 {
		t.Errorf("%d addresses, want the one that echoed", len(h.targets()))
	}
}

func TestAddressesThatAreNoTargetAreRefusedBeforeTheyAreCalled(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "sqlite")
	for address, word := range map[string]string{
		"": "characters",
		"https://a.example/" + strings.Repeat("x", 1024): "1 to 1024",
		"ftp://a.example/":                 "http:// or https://",
		"receipts.example.com":             "http:// or https://",
		"https:///path":                    "no host",
		"https://user:word@a.example/":     "credentials",
		"https://user@a.example/":          "credentials",
		"https://a.example/#top":           "fragment",
		"https://a.example:0/":             "port",
		"https://a.example:65536/":         "port",
		"https://a.example:/":              "port",
		"https://a b.example/":             "ASCII",
		"https://店.example/":               "ASCII",
		"http://10.0.0.7/":                 "not on the public internet",
		"http://[fe80::1]/":                "not on the public internet",
		"http://[fc00::1]/":                "not on the public internet",
		"http://[::1]/":                    "this machine",
		"http://[::ffff:10.0.0.7]/":        "not on the public internet",
		"http://[64:ff9b::a00:7]/":         "not on the public internet",
		"http://169.254.169.254/latest":    "metadata",
		"http://[::ffff:169.254.169.254]/": "metadata",
		"http://[fd00:ec2::254]/":          "metadata",
		"http://100.100.100.200/":          "metadata",
		"http://168.63.129.16/":            "metadata",
		"http://2130706433/":               "four decimal numbers",
		"http://0x7f.1/":                   "four decimal numbers",
		"http://0177.0.0.1/":               "four decimal numbers",
		"http://127.1/":                    "four decimal numbers",
	} {
		_, err := h.room.Register(context.Background(), webhook.Target{ClientID: h.client.ID, URL: address, Wanted: webhook.AllTypes})
		var in *webhook.InputError
		if !errors.As(err, &in) || !strings.Contains(err.Error(), word) {
			t.Errorf("%.60q: %v, want %q", address, err, word)
		}
	}
}

// TestANameIsLookedAtWhereItLeads uses a resolver of its own: names lead where
// the test says, and elsewhere the second time.
func TestANameIsLookedAtWhereItLeads(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	port := r.URL[strings.LastIndex(r.URL, ":"):]
	var asked atomic.Int64
	leads := map[string][]string{
		"metadata.example": {"169.254.169.254"}, "mapped.example": {"::ffff:100.100.100.200"}, "six.example": {"fd00:ec2::254"},
		"inside.example": {"10.1.2.3"}, "both.example": {"192.168.0.1", "127.0.0.1"}, "good.example": {"127.0.0.1"}, "none.example": {},
	}
	h := newHouse(t, "sqlite", func(c *webhook.Config) {
		c.Egress.Allowed = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("fd00::/8")}
		c.Egress.Lookup = func(_ context.Context, host string) (all []netip.Addr, err error) {
			if host == "turns.example" {
				if asked.Add(1) == 1 {
					return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
				}
				return []netip.Addr{netip.MustParseAddr("169.254.169.254")}, nil
			}
			for _, a := range leads[host] {
				all = append(all, netip.MustParseAddr(a))
			}
			return all, nil
		}
	})
	register := func(host string) error {
		_, err := h.room.Register(context.Background(), webhook.Target{ClientID: h.client.ID, URL: "http://" + host + port, Wanted: webhook.AllTypes})
		return err
	}
	for host, word := range map[string]string{"metadata.example": "metadata", "mapped.example": "metadata", "six.example": "metadata",
		"inside.example": "10.1.2.3 is refused", "none.example": "no address"} {
		if err := register(host); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %v", host, err)
		}
	}
	for _, host := range []string{"both.example", "good.example", "turns.example"} {
		if err := register(host); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
}

func TestAReceiverThatFailsIsTriedThreeTimesMoreAndThenADeadLetterThatCanBeReplayed(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		r := newReceiver(h.t)
		h.register(r.URL)
		r.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
		h.line(old, "sent", "", "a", "b")
		h.work("a dead letter", func() bool { return h.targets()[0].Dead == 1 })
		if r.calls() != 4 {
			h.t.Errorf("%d calls, want 4", r.calls())
		}
		ctx := context.Background()
		all, err := h.room.Dead(ctx, h.client.ID, webhook.Letters{}, 0, 10)
		if err != nil || len(all) != 1 || all[0].Records != 2 || all[0].Attempts != 4 || !strings.Contains(all[0].Error, "status 502") {
			h.t.Fatalf("%+v %v", all, err)
		}
		if one, err := h.room.Letter(ctx, h.client.ID, all[0].ID); err != nil || !strings.Contains(string(one.Receipts()), `"userid":"a"`) {
			h.t.Errorf("%s %v", one.Receipts(), err)
		}
		if _, _, err := h.room.Replay(ctx, h.newClient("other").ID, webhook.Letters{ID: all[0].ID}); !errors.Is(err, fs.ErrNotExist) {
			h.t.Errorf("another client replays it: %v", err)
		}
		if n, _, err := h.room.Replay(ctx, h.client.ID, webhook.Letters{Before: all[0].DeadAt}); n != 0 || err != nil {
			h.t.Errorf("one that died later is replayed: %d %v", n, err)
		}
		r.answer(nil)
		if n, more, err := h.room.Replay(ctx, h.client.ID, webhook.Letters{URL: r.URL, After: all[0].DeadAt}); n != 1 || more || err != nil {
			h.t.Errorf("replayed %d %v %v", n, more, err)
		}
		h.work("the replay", func() bool { return len(r.got()) == 2 })
		if r.ids[0] != r.ids[4] {
			h.t.Errorf("X-Delivery-Id changed: %v", r.ids)
		}
		got := h.targets()[0]
		if got.Dead != 0 || got.Waiting != 0 || got.SuccessAt.IsZero() || got.Error == "" || !got.FailingSince.IsZero() {
			h.t.Errorf("%+v", got)
		}
	})
}

func TestAReceiverThatFailsThriceIsTriedInTime(t *testing.T) {
	t.Parallel()
	const pause = 300 * time.Millisecond
	h := newHouse(t, "sqlite", func(c *webhook.Config) { c.Retries = []time.Duration{pause, pause, pause} })
	r := newReceiver(t)
	h.register(r.URL)
	r.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	h.line(old, "sent", "", "a")
	h.work("three failures", func() bool { return r.calls() == 3 })
	r.answer(nil)
	h.work("the fourth is taken", func() bool { return len(r.got()) == 1 })
	for i := 1; i < 4; i++ {
		if d := r.came[i].Sub(r.came[i-1]); d < pause {
			t.Errorf("retry %d after %s", i, d)
		}
	}
	if h.targets()[0].Dead != 0 {
		t.Error("it is a dead letter")
	}
}

// faults are receivers that do not take what they get.
func faults(release chan struct{}) map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"hangs": func(http.ResponseWriter, *http.Request) { <-release },
		"redirects": func(w http.ResponseWriter, q *http.Request) {
			http.Redirect(w, q, "/elsewhere", http.StatusTemporaryRedirect)
		},
		"no content": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
		"dies in a reply": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "half")
			panic(http.ErrAbortHandler)
		},
		"dies at once": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	}
}

func TestADeadOrSlowReceiverDelaysNoOther(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		h.room = h.replica(func(c *webhook.Config) { c.Egress.Time = 3 * time.Second; c.Retries = quick(1) })
		release := make(chan struct{})
		defer close(release)
		mine := h.client
		for name, f := range faults(release) {
			h.client = h.newClient(strings.ReplaceAll(name, " ", "-"))
			bad := newReceiver(h.t)
			h.register(bad.URL)
			bad.answer(f)
			for i := range 5 {
				h.line(old, "sent", "", users(100*i, 100)...)
			}
			h.t.Cleanup(func() {
				if bad.calls() == 0 {
					h.t.Errorf("the one that %s was never called", name)
				}
			})
		}
		h.client = mine
		good := newReceiver(h.t)
		h.register(good.URL)
		h.read()
		if _, err := h.room.DeliverDue(context.Background()); err != nil { // the hanging one is being called
			h.t.Fatal(err)
		}
		began := time.Now()
		h.line(old, "sent", "", "quick")
		for len(good.got()) == 0 && time.Since(began) < 3*time.Second {
			h.read()
			if _, err := h.room.DeliverDue(context.Background()); err != nil {
				h.t.Fatal(err)
			}
			time.Sleep(5 * time.Millisecond)
		}
		if len(good.got()) != 1 {
			h.t.Errorf("the good one waited for the bad ones")
		}
	})
}

func TestAnAnswerOfTenGigabytesIsNotRead(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "sqlite")
	r := newReceiver(t)
	h.register(r.URL)
	var wrote atomic.Int64
	r.answer(func(w http.ResponseWriter, _ *http.Request) {
		piece := make([]byte, 1<<20)
		for range 10 << 10 {
			n, err := w.Write(piece)
			wrote.Add(int64(n))
			if err != nil {
				return
			}
		}
	})
	h.line(old, "sent", "", "a")
	h.work("it counts as taken: its status is 200", func() bool { return !h.targets()[0].SuccessAt.IsZero() })
	if wrote.Load() > 64<<20 {
		t.Errorf("%d bytes were taken", wrote.Load())
	}
}

func TestWhatIsWrongWithTLSIsNamed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "sqlite")
	secure, plain := httptest.NewTLSServer(http.NotFoundHandler()), httptest.NewServer(http.NotFoundHandler())
	defer secure.Close()
	defer plain.Close()
	for address, words := range map[string]string{secure.URL: "TLS: its certificate is signed by nobody", strings.Replace(plain.URL, "http", "https", 1): "TLS: it does not speak TLS"} {
		_, err := h.room.Register(context.Background(), webhook.Target{ClientID: h.client.ID, URL: address + "/?token=hidden", Wanted: webhook.AllTypes})
		if err == nil || !strings.Contains(err.Error(), words) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestAClientHasFiveAddressesAndOneDefault(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		r := newReceiver(h.t)
		ctx := context.Background()
		for n := range 6 {
			_, err := h.room.Register(ctx, webhook.Target{ClientID: h.client.ID, URL: fmt.Sprint(r.URL, "/", n), Preferred: n == 2, Wanted: webhook.AllTypes})
			if (err == nil) != (n < 5) {
				h.t.Errorf("address %d: %v", n+1, err)
			}
		}
		if got := h.targets(); len(got) != 5 || got[0].URL != r.URL+"/2" || !got[0].Preferred || got[1].Preferred {
			h.t.Errorf("%+v", got)
		}
		if err := h.room.Remove(ctx, h.client.ID, r.URL+"/2"); !errors.Is(err, webhook.ErrPreferred) {
			h.t.Errorf("the default is removed before the others: %v", err)
		}
		for _, n := range []int{0, 1, 3, 4, 2} {
			if err := h.room.Remove(ctx, h.client.ID, fmt.Sprint(r.URL, "/", n)); err != nil {
				h.t.Error(err)
			}
		}
		if err := h.room.Remove(ctx, h.client.ID, r.URL+"/2"); !errors.Is(err, fs.ErrNotExist) {
			h.t.Errorf("removed twice: %v", err)
		}
		if _, err := h.room.Register(ctx, webhook.Target{ClientID: 99, URL: r.URL, Wanted: webhook.AllTypes}); !errors.Is(err, fs.ErrNotExist) {
			h.t.Errorf("no such client: %v", err)
		}
	})
}

func TestWhatNobodyNeedsIsForgotten(t *testing.T) {
	t.Parallel()
	each(t, func(h *house) {
		r := newReceiver(h.t)
		h.register(r.URL)
		h.line(0, "sent", "", "a")
		h.read()
		if err := h.db.Access().DeleteClient(context.Background(), h.client.ID); err != nil {
			h.t.Fatal(err)
		}
		rows := 0
		for {
			n, err := h.room.ForgetDue(context.Background(), time.Hour)
			if err != nil {
				h.t.Fatal(err)
			}
			if n == 0 {
				break
			}
			rows += n
		}
		if rows != 2 {
			h.t.Errorf("%d rows went, want the address and its delivery", rows)
		}
	})
}

func TestCloseBreaksOffCallsThatHangAndCountsThemForNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "sqlite")
	r := newReceiver(t)
	h.register(r.URL)
	came, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	r.answer(func(http.ResponseWriter, *http.Request) { once.Do(func() { close(came) }); <-release })
	defer close(release)
	h.line(old, "sent", "", "a")
	h.read()
	if _, err := h.room.DeliverDue(context.Background()); err != nil {
		t.Fatal(err)
	}
	<-came
	began := time.Now()
	h.room.Close()
	if took := time.Since(began); took > 9*time.Second {
		t.Errorf("Close took %s", took)
	}
	if got := h.targets()[0]; got.Waiting != 1 || got.Error != "" {
		t.Errorf("%+v", got)
	}
}

// shaky is a store whose Next fails the first time.
type shaky struct {
	webhook.Store
	once sync.Once
}

func (s *shaky) Next(ctx context.Context, j *webhook.Job, limit int) (due []webhook.Delivery, err error) {
	s.once.Do(func() { err = errors.New("the database was away for a moment") })
	if err != nil {
		return nil, err
	}
	return s.Store.Next(ctx, j, limit)
}

func TestAPassingFaultOfTheDatabaseCostsASecondAndNotALease(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "sqlite")
	r := newReceiver(t)
	h.register(r.URL)
	h.room = h.replica(func(c *webhook.Config) { c.Store = &shaky{Store: h.store} })
	h.line(old, "sent", "", "a")
	began := time.Now()
	h.work("it is delivered after all", func() bool { return len(r.got()) == 1 })
	if took := time.Since(began); took < time.Second || took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
}
