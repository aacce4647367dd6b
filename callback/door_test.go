package callback_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"wechattpp/callback"
	"wechattpp/sql"
	"wechattpp/sql/sqltest"
)

func TestTheDoorAnswersAsTheContractSays(t *testing.T) {
	t.Parallel()
	const long = 11 * time.Minute
	db := sqltest.Open(t, sqltest.Source(t, "sqlite"))
	for name, c := range map[string]struct {
		change func(*push)
		of     push
		status int
		reason string
	}{
		"a ticket is taken":                               {of: component(ticket("ticket@@@A", 1760000000))},
		"a message is taken":                              {of: message(text("1", "你好"))},
		"the previous key opens as well":                  {of: message(text("2", "old")), change: func(p *push) { p.key = previousKey }},
		"a timestamp nine minutes off is taken":           {of: message(text("3", "")), change: func(p *push) { p.off = -9 * time.Minute }},
		"an InfoType nobody knows is kept":                {of: component("<xml><AppId>" + componentID + "</AppId><CreateTime>1</CreateTime><InfoType>notify_new</InfoType></xml>")},
		"what cannot be read behind a good key is kept":   {of: component("<xml><AppId>" + componentID + "<xml>")},
		"a release-test account is known":                 {of: message(strings.ReplaceAll(text("4", ""), shopName, "gh_3c884a361561")), change: func(p *push) { p.appID = "wx570bc396a51b8ff8" }},
		"cleartext is 400":                                {of: message(""), change: func(p *push) { p.body = text("5", "clear") }, status: 400, reason: "cleartext"},
		"an empty body is 400":                            {of: message(""), change: func(p *push) { p.body = " " }, status: 400, reason: "no_envelope"},
		"JSON is 400":                                     {of: message(""), change: func(p *push) { p.body = `{"Encrypt":"AAAA"}` }, status: 400, reason: "no_envelope"},
		"no base64 is 400":                                {of: message(""), change: func(p *push) { p.body = "<xml><Encrypt>***</Encrypt></xml>" }, status: 400, reason: "not_base64"},
		"an envelope with no signature is 403":            {of: message(text("6", "")), change: func(p *push) { p.signature = "none" }, status: 403, reason: "signature"},
		"an envelope with another's signature is 403":     {of: message(text("7", "")), change: func(p *push) { p.signature = strings.Repeat("a", 40) }, status: 403, reason: "signature"},
		"a timestamp eleven minutes old is 403":           {of: message(text("8", "")), change: func(p *push) { p.off = -long }, status: 403, reason: "stale"},
		"a timestamp eleven minutes ahead is 403":         {of: message(text("9", "")), change: func(p *push) { p.off = long }, status: 403, reason: "stale"},
		"a good signature that no key opens is 403":       {of: message(text("10", "")), change: func(p *push) { p.key = strangeKey }, status: 403, reason: "wrong_key"},
		"another platform's AppID is 403":                 {of: component(ticket("x", 1)), change: func(p *push) { p.closes = "wx0000000000000000"; p.outer = "<AppId>wx0000000000000000</AppId>" }, status: 403, reason: "wrong_app_id"},
		"the account's AppID at the end is 403":           {of: message(text("11", "")), change: func(p *push) { p.closes = shopID }, status: 403, reason: "wrong_key"},
		"another AppID inside is 403":                     {of: component(strings.ReplaceAll(ticket("x", 1), componentID, "wx0000000000000000")), status: 403, reason: "wrong_app_id"},
		"a message at the component's address is 403":     {of: component(text("12", "")), status: 403, reason: "wrong_app_id"},
		"a ticket at a message address is 403":            {of: message(ticket("x", 1)), status: 403, reason: "wrong_account"},
		"a message for another account's path is 403":     {of: message(strings.ReplaceAll(text("13", ""), shopName, "gh_ffffffffffff")), status: 403, reason: "wrong_account"},
		"a message that names no account is 403":          {of: message("<xml><MsgType>text</MsgType></xml>"), status: 403, reason: "wrong_account"},
		"a release-test account's path with a name amiss": {of: message(text("14", "")), change: func(p *push) { p.appID = "wx570bc396a51b8ff8" }, status: 403, reason: "wrong_account"},
		"an account with blanks in the path is 403":       {of: message(text("15", "")), change: func(p *push) { p.appID = "wx 1" }, status: 403, reason: "wrong_account"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, db)
			if c.change != nil {
				c.change(&c.of)
			}
			answer, err := h.door.Receive(c.of.request(t))
			if c.status == 0 {
				if err != nil || answer != "success" || h.store.appends.Load() != 1 {
					t.Fatalf("answered %q, %v, kept %d", answer, err, h.store.appends.Load())
				}
				return
			}
			var r *callback.Refusal
			if !errors.As(err, &r) || r.Status != c.status || r.Reason != c.reason {
				t.Fatalf("answered %q, %v: want %d %s", answer, err, c.status, c.reason)
			}
			if h.store.appends.Load() != 0 {
				t.Error("a refused push was kept")
			}
			if got := h.counter("wechattpp_pushes_total", c.reason, c.of.source.String()); got != 1 {
				t.Errorf("counted %v refusals as %s", got, c.reason)
			}
		})
	}
}

func TestWhyAPushDoesNotOpenIsToldToNobodyOutside(t *testing.T) {
	t.Parallel()
	h := newHouse(t, sqltest.Open(t, sqltest.Source(t, "sqlite")))
	texts := map[string]bool{}
	for _, change := range []func(*push){
		func(p *push) { p.key = strangeKey },
		func(p *push) { p.closes = shopID },
		func(p *push) { p.closes, p.outer = "wx0000000000000000", "<AppId>wx0000000000000000</AppId>" },
	} {
		p := component(ticket("ticket@@@secret", 1))
		change(&p)
		_, err := h.door.Receive(p.request(t))
		texts[err.Error()] = true
	}
	if len(texts) != 1 {
		t.Errorf("the answers differ: %v", texts)
	}
	if problems := h.door.Problems(time.Now()); len(problems) != 1 || !strings.Contains(problems[0], "wechattpp_encoding_aes_key") {
		t.Errorf("the operator reads %q", problems)
	}
	if n := strings.Count(h.log.String(), "no key opens"); n != 1 {
		t.Errorf("logged %d times: %s", n, h.log)
	}
}

func TestAClockThatIsAnHourOffIsToldToTheOperator(t *testing.T) {
	t.Parallel()
	h := newHouse(t, sqltest.Open(t, sqltest.Source(t, "sqlite")))
	for range 3 {
		p := component(ticket("ticket@@@secret", 1))
		p.off = -time.Hour
		_, _ = h.door.Receive(p.request(t))
	}
	if problems := h.door.Problems(time.Now()); len(problems) != 1 || !strings.Contains(problems[0], "run an NTP client") {
		t.Errorf("the operator reads %q", problems)
	}
	if n := strings.Count(h.log.String(), "off=1h0m"); n != 1 {
		t.Errorf("logged %d times: %s", n, h.log)
	}
	forged := component(ticket("ticket@@@secret", 2))
	forged.off, forged.signature = -time.Hour, strings.Repeat("0", 40)
	g := newHouse(t, sqltest.Open(t, sqltest.Source(t, "sqlite")))
	if _, _ = g.door.Receive(forged.request(t)); len(g.door.Problems(time.Now())) != 0 {
		t.Errorf("a stranger's push is told as %q", g.door.Problems(time.Now()))
	}
}

func TestAnyTimestampWillDoWhereNoneIsChecked(t *testing.T) {
	t.Parallel()
	h := newHouse(t, sqltest.Open(t, sqltest.Source(t, "sqlite")), func(c *callback.Config) { c.MaxAge = 0 })
	p := message(text("1", ""))
	p.off = -50 * 365 * 24 * time.Hour
	if _, err := h.door.Receive(p.request(t)); err != nil {
		t.Fatal(err)
	}
}

// Two replicas get three copies each at the same moment.
func TestCopiesOfAPushAreOneEventWithOneEffect(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			source := sqltest.Source(t, kind)
			a, b := newHouse(t, sqltest.Open(t, source)), newHouse(t, sqltest.Open(t, source))
			const each = 20
			errs := make(chan error, 6*each)
			for i := range each {
				for range 3 {
					for _, h := range []*house{a, b} {
						r := message(finished(string(rune('a'+i))+"1", "success")).request(t) // sealed anew, as WeChat's tries are
						go func() {
							_, err := h.door.Receive(r)
							errs <- err
						}()
					}
				}
			}
			for range 6 * each {
				if err := <-errs; err != nil {
					t.Fatal(err)
				}
			}
			a.all()
			b.all()
			if n := len(a.calls) + len(b.calls); n != each {
				t.Errorf("%d effects of %d pushes", n, each)
			}
			fresh := a.counter("wechattpp_pushes_total", "taken", "message") + b.counter("wechattpp_pushes_total", "taken", "message")
			if fresh != each {
				t.Errorf("%v counted as new, want %d", fresh, each)
			}
			told := sqltest.EventsInFeed(t, source)
			if len(told) != each {
				t.Errorf("the feed tells of %d events, want %d", len(told), each)
			}
			for id, times := range told {
				if times != 1 {
					t.Errorf("the feed tells %d times of event %d", times, id)
				}
			}
		})
	}
}

func TestEventsComeBackByteForByte(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		h := newHouse(t, db)
		plain := text("1", "😀👩‍👩‍👧‍👦𠮷 '\\\" \x01 %_?{now}") + strings.Repeat(" ", 10)
		long := text("2", strings.Repeat("长", 64<<10/3))
		for _, p := range []string{plain, long} {
			m := message(p)
			m.appID = "wx0000000000000001" // its profile is unknown, so that it is due
			if _, err := h.door.Receive(m.request(t)); err != nil {
				t.Fatal(err)
			}
		}
		jobs, err := h.store.Claim(t.Context(), 10, time.Minute)
		if err != nil || len(jobs) != 2 {
			t.Fatalf("%d events, %v", len(jobs), err)
		}
		for _, j := range jobs {
			if string(j.Body) != plain && string(j.Body) != long {
				t.Errorf("came back changed: %.200q", j.Body)
			}
			if j.Type != "wechat.text" || j.User != "oAbCdEfGhIjKlMnOpQrStUvWxYz0" || j.AppID != "wx0000000000000001" || j.ComponentAppID != componentID || j.CreatedAt.Unix() != 1760000000 {
				t.Errorf("came back as %+v", j.Event)
			}
		}
	})
}

func FuzzReceive(f *testing.F) {
	h := newHouse(f, sqltest.Open(f, sqltest.Source(f, "sqlite")))
	good := message(text("1", "x")).request(f)
	f.Add(good.Body, "", true)
	f.Add(good.Body[:len(good.Body)/2], good.Signature, false)
	f.Add([]byte("<xml><Encrypt>AAAA</Encrypt></xml>"), strings.Repeat("0", 40), true)
	f.Add([]byte(`<!DOCTYPE a [<!ENTITY b "c">]><xml><Encrypt>&b;</Encrypt></xml>`), "", true)
	f.Add([]byte(strings.Repeat("<xml>", 1000)), "", false)
	f.Add([]byte(nil), good.Signature, true)
	f.Fuzz(func(t *testing.T, body []byte, signature string, toComponent bool) {
		r := &callback.Request{Source: callback.Message, AppID: shopID, Timestamp: good.Timestamp, Nonce: good.Nonce, Signature: signature, Body: body, At: time.Now()}
		if toComponent {
			r.Source = callback.Component
		}
		_, err := h.door.Receive(r)
		var refusal *callback.Refusal
		if !errors.As(err, &refusal) || refusal.Status >= http.StatusInternalServerError {
			t.Fatalf("answered %v", err)
		}
		if h.store.appends.Load() != 0 {
			t.Fatal("kept")
		}
	})
}
