package webhook_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

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
