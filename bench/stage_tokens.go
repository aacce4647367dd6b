package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"time"
)

// centre is a house with one authorized account, a client that may take its
// token and call through the proxy, and what both are held against.
type centre struct {
	*house
	tokens   []string // of several clients: one may make 10,000 calls a second
	beside   *process
	bareAddr netip.AddrPort
}

func (b *bench) openCentre() (c *centre, err error) {
	db, err := b.database()
	if err != nil {
		return nil, err
	}
	h, err := b.open(db, "tokens", lean, 0)
	if err != nil {
		return nil, err
	}
	c = &centre{house: h, bareAddr: freeAddr()}
	defer func() {
		if err != nil {
			c.stop()
		}
	}()
	if err := c.furnish(b); err != nil {
		return c, err
	}
	c.beside, err = start(b.dir, "tokens-bare", b.self, nil, "-listen", c.bareAddr.String(), "-upstream", h.vendor, "bare")
	if err == nil {
		err = c.beside.until(10*time.Second, func() error { return answers("http://" + c.bareAddr.String()) })
	}
	return c, err
}

func (c *centre) stop() {
	c.house.stop()
	c.beside.stop()
}

func (c *centre) furnish(b *bench) error {
	if err := c.administer(b); err != nil {
		return err
	}
	if err := c.seed(1, 100*time.Minute); err != nil {
		return err
	}
	if err := c.ticket(); err != nil {
		return err
	}
	if err := c.until(60*time.Second, c.speaks); err != nil {
		return err
	}
	if err := c.call("POST", "/v1/senders", `{"code": "shop", "kind": "wechatoa", "name": "Shop", "app_id": "wx0000000000000000"}`, nil); err != nil {
		return err
	}
	for range 8 {
		t, err := c.clientToken(`{"name": "Bench", "senders": ["shop"], "scopes": ["tokens", "proxy"], "proxy_prefixes": ["/cgi-bin"]}`)
		if err != nil {
			return err
		}
		c.tokens = append(c.tokens, t)
	}
	return nil
}

// central measures the token server and the proxy.
func (b *bench) central() error {
	c, err := b.openCentre()
	if err != nil {
		return err
	}
	defer c.stop()
	if err := b.expired(c); err != nil {
		return fmt.Errorf("callers of an expired token: %w", err)
	}
	for _, l := range []struct {
		name, ours, bare string
		good             func([]byte) bool
	}{
		{"access-token from memory", "/v1/senders/shop/access-token", "/token", func(b []byte) bool { return bytes.Contains(b, []byte(`"expires_in"`)) }},
		{"proxy, small JSON, one audit entry a call", "/v1/senders/shop/proxy/cgi-bin/user/info?openid=o1", "/cgi-bin/user/info?openid=o1", func(b []byte) bool { return bytes.Contains(b, []byte(`"errcode":0`)) }},
	} {
		if err := b.against(c, l.name, l.ours, l.bare, l.good); err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
	}
	return b.files(c)
}

// gets builds the same GET for each client, again and again.
func gets(path string, tokens []string) func(n int) (*requests, error) {
	return func(int) (*requests, error) {
		r := &requests{}
		for _, token := range tokens {
			r.add("GET ", path, " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ", token, "\r\n\r\n")
		}
		return r, nil
	}
}

// against measures a call of ours against the bare handler's.
func (b *bench) against(c *centre, name, ours, bare string, good func([]byte) bool) error {
	const conns, bar = 64, 0.6
	o := &side{name: "ours", addr: c.addr, pids: c.pids(), db: c.db, make: gets(ours, c.tokens), good: good}
	f := &side{name: "bare", addr: c.bareAddr, pids: []int{c.beside.pid()}, make: gets(bare, c.tokens), good: good}
	for _, s := range []*side{o, f} {
		if err := s.calibrate(conns, b.span); err != nil {
			return err
		}
	}
	got, err := interleave([]*side{o, f}, b.rounds, conns, b.span, 0)
	if err != nil {
		return err
	}
	x, y := each(got[o], perSecond), each(got[f], perSecond)
	b.table.add(row{Work: name, Floor: fmt.Sprintf("bare: %.0f/s", median(y)), Ours: fmt.Sprintf("%.0f/s", median(x)), Ratio: median(ratios(x, y)), Bar: bar, Unit: "×", Rounds: b.rounds,
		Note: fmt.Sprintf("64 connections; CPU a call with database %.0f µs against %.0f µs; generator takes %.0f %% of a core",
			median(each(got[o], round.perRequest))/1e3, median(each(got[f], round.perRequest))/1e3, 100*median(each(got[o], generatorShare)))})
	return nil
}

// expired lets a thousand callers ask at once for a token that has just expired.
func (b *bench) expired(c *centre) error {
	const callers, takes, bar = 1000, 50 * time.Millisecond, 250
	var over []float64
	for range b.rounds {
		_, err := c.db.admin.Exec("UPDATE " + c.name() + ".token SET expires_at = UNIX_TIMESTAMP() * 1000 - 1000, due_at = UNIX_TIMESTAMP() * 1000 + 3600000 WHERE kind = 'authorizer'")
		if err != nil {
			return err
		}
		time.Sleep(2 * time.Second) // the program believes what it read for a second
		if _, _, err := fetch("DELETE", c.vendor+"/tally", "", "", 200); err != nil {
			return err
		}
		from, _ := gets("/v1/senders/shop/access-token", c.tokens)(1)
		out, err := load{addr: c.addr, conns: callers, from: from, count: callers, limit: 20 * time.Second, good: func(b []byte) bool { return bytes.Contains(b, []byte(`"expires_in"`)) }}.run()
		if err != nil {
			return err
		}
		t, err := c.tally()
		if err != nil {
			return err
		}
		if out.failed > 0 || t.Calls != 1 {
			return fmt.Errorf("%d calls to the vendor, %d answers failed, the first: %w", t.Calls, out.failed, out.failure)
		}
		over = append(over, (out.quantile(0.99)-takes).Seconds()*1000)
	}
	b.table.add(row{Work: "a thousand callers of one expired token, p99 beyond the vendor's call", Floor: "the call: 50 ms", Ours: fmt.Sprintf("%.0f ms", median(over)+50), Ratio: median(over), Bar: bar, AtMost: true,
		Unit: "ms", Rounds: b.rounds, Note: "1,000 connections at once; the vendor counted one call each time"})
	return nil
}

// files measures large bodies in both directions, 4 at once.
func (b *bench) files(c *centre) error {
	const size, times, bar = 16 << 20, 16, 0.6
	for _, d := range []struct{ name, method, path string }{{"proxy, downloads of 16 MiB", "GET", "/cgi-bin/media/get"}, {"proxy, uploads of 16 MiB", "POST", "/cgi-bin/media/upload"}} {
		var ours, bare []float64
		for i := range b.rounds + 1 {
			for _, s := range []struct {
				base string
				to   *[]float64
			}{{"http://" + c.addr.String() + "/v1/senders/shop/proxy", &ours}, {"http://" + c.bareAddr.String(), &bare}} {
				took, err := transfer(d.method, s.base+d.path, c.tokens[0], size, times)
				if err != nil {
					return err
				}
				if i > 0 { // the first is for warming up
					*s.to = append(*s.to, float64(size*times)/1e6/took.Seconds())
				}
			}
		}
		b.table.add(row{Work: d.name, Floor: fmt.Sprintf("bare: %.0f MB/s", median(bare)), Ours: fmt.Sprintf("%.0f MB/s", median(ours)), Ratio: median(ratios(ours, bare)), Bar: bar, Unit: "×", Rounds: b.rounds, Note: "4 at once"})
	}
	return b.peak("  memory at its peak with files of 16 MiB passing", c.house, 150)
}

// transfer moves a body so many times, 4 at once.
func transfer(method, address, token string, size int64, times int) (time.Duration, error) {
	start, slots, ends := time.Now(), make(chan struct{}, 4), make(chan error, times)
	for range times {
		go func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			ends <- move(method, address, token, size)
		}()
	}
	for range times {
		if err := <-ends; err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}

func move(method, address, token string, size int64) error {
	var body io.Reader
	if method == http.MethodPost {
		body = bytes.NewReader(make([]byte, size))
	}
	q, err := http.NewRequest(method, address, body)
	if err != nil {
		return err
	}
	q.Header.Set("Authorization", "Bearer "+token)
	res, err := web.Do(q)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	n, err := io.Copy(io.Discard, res.Body)
	if err == nil && (res.StatusCode != http.StatusOK || method == http.MethodGet && n != size) {
		err = fmt.Errorf("%s %s: %s, %d bytes", method, address, res.Status, n)
	}
	return err
}
