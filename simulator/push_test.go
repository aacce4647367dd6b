package simulator

import (
	"context"
	"crypto/rand"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"wechattpp/crypto"
)

func TestAPushIsTriedThreeTimesFiveSecondsApart(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(n int) (int, string)
		tries  int
		state  PushState
	}{
		"success at once":         {func(int) (int, string) { return 200, "success" }, 1, PushAnswered},
		"success at the second":   {func(n int) (int, string) { return []int{500, 200}[n-1], "success" }, 2, PushAnswered},
		"JSON never counts":       {func(int) (int, string) { return 200, `{"success":true}` }, 3, PushGivenUp},
		"a newline is not exact":  {func(int) (int, string) { return 200, "success\n" }, 3, PushGivenUp},
		"empty is not enough":     {func(int) (int, string) { return 200, "" }, 3, PushGivenUp},
		"a redirect is a failure": {func(int) (int, string) { return 301, "success" }, 3, PushGivenUp},
		"later than 5 s":          {func(int) (int, string) { time.Sleep(5100 * time.Millisecond); return 200, "success" }, 3, PushGivenUp},
		"in 4.9 s":                {func(int) (int, string) { time.Sleep(4900 * time.Millisecond); return 200, "success" }, 1, PushAnswered},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t, nil)
				h.program.answers(func(n int, _ arrival) (int, string) { return c.answer(n) })
				h.run()
				time.Sleep(time.Minute)
				p := h.sim.Pushes()
				if len(p) != 1 || p[0].State != c.state || len(p[0].Tries) != c.tries {
					t.Fatalf("pushes %+v, want one %s after %d tries", p, c.state, c.tries)
				}
				for i := 1; i < c.tries; i++ {
					if gap := p[0].Tries[i].At.Sub(p[0].Tries[i-1].At.Add(p[0].Tries[i-1].Took)); gap != 5*time.Second {
						t.Errorf("try %d came %v after the one before ended, want 5s", i+1, gap)
					}
				}
				got := h.program.arrivals("component_verify_ticket")
				for i := 1; i < len(got); i++ {
					if got[i].query["timestamp"] == got[0].query["timestamp"] || got[i].inner != got[0].inner {
						t.Errorf("try %d: want a fresh timestamp and the same message", i+1)
					}
				}
			})
		})
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, nil)
		h.program.answers(func(_ int, a arrival) (int, string) {
			if a.path == "/auth" {
				return http.StatusTemporaryRedirect, ""
			}
			return http.StatusOK, "success"
		})
		h.run()
		time.Sleep(time.Minute)
		for _, a := range h.program.arrivals("component_verify_ticket") {
			if a.path != "/auth" {
				t.Errorf("the push went on to %s", a.path)
			}
		}
		if p := h.sim.Pushes()[0]; p.State != PushGivenUp {
			t.Errorf("push %+v, want it given up", p)
		}
	})
}

func TestTicketsComeEveryTenMinutesUntilTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, nil)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- h.sim.Run(ctx) }()
		time.Sleep(time.Hour + time.Minute)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		tickets := h.program.arrivals("component_verify_ticket")
		if len(tickets) != 7 || tickets[0].inner.ComponentVerifyTicket == tickets[1].inner.ComponentVerifyTicket {
			t.Errorf("%d tickets in an hour, want 7 different ones", len(tickets))
		}
		if h.sim.PushTicket(); h.sim.Pushes()[7].State != PushDropped {
			t.Error("a push after the end was not dropped")
		}
	})
}

func TestABadKeyEndsRunWithWords(t *testing.T) {
	cfg := testConfig()
	cfg.EncodingAESKey = cfg.EncodingAESKey[1:]
	if err := New(cfg).Run(t.Context()); err == nil {
		t.Error("Run took an EncodingAESKey of 42 characters")
	}
}

func TestAMessageMayBeAnsweredEmptyOrByASealedReply(t *testing.T) {
	reply := []byte("<xml><Content>hi 😀</Content></xml>")
	for name, c := range map[string]struct {
		body  string
		state PushState
		reply string
	}{
		"success":                {"success", PushAnswered, ""},
		"empty":                  {"", PushAnswered, ""},
		"a sealed reply":         {sealedReply(t, reply, "TimeStamp"), PushAnswered, string(reply)},
		"Timestamp with small s": {sealedReply(t, reply, "Timestamp"), PushGivenUp, ""},
		"a clear reply":          {string(reply), PushGivenUp, ""},
		"JSON":                   {`{"Content":"hi"}`, PushGivenUp, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t, nil).run()
				h.authorizedWith(shop, []int{1, 7})
				h.program.answers(func(int, arrival) (int, string) { return http.StatusOK, c.body })
				p, err := h.sim.Say(t.Context(), Message{AppID: shop, OpenID: customer, Content: "你好 😀 <&]]>"})
				if err != nil || p.State != c.state || p.Reply != c.reply {
					t.Errorf("push %+v, %v; want %s with reply %q", p, err, c.state, c.reply)
				}
				if got := h.program.arrivals("text")[0].inner; got.Content != "你好 😀 <&]]>" || got.MsgId == 0 {
					t.Errorf("message %+v", got)
				}
			})
		})
	}
}

func sealedReply(t *testing.T, msg []byte, timeName string) string {
	t.Helper()
	key, err := crypto.ParseKey(testKey)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := crypto.Seal(rand.Reader, msg, testComponent, key)
	if err != nil {
		t.Fatal(err)
	}
	return "<xml><Encrypt><![CDATA[" + sealed + "]]></Encrypt><MsgSignature>" + crypto.Sign(testToken, "17", "n", sealed) +
		"</MsgSignature><" + timeName + ">17</" + timeName + "><Nonce>n</Nonce></xml>"
}

func TestMessagesComeOnlyWithPermissionAndChangeFollowers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, nil).run()
		h.authorizedWith(shop, []int{7})
		if _, err := h.sim.Say(t.Context(), Message{AppID: shop, OpenID: customer, Content: "x"}); err == nil {
			t.Error("a message was pushed without set 1")
		}
		access, _ := h.accountToken(shop)
		for event, want := range map[string]int64{"unsubscribe": 43004, "subscribe": 0} {
			if _, err := h.sim.Say(t.Context(), Message{AppID: shop, OpenID: customer, Event: event}); err != nil {
				t.Fatal(err)
			}
			wantCode(t, h.send(access, paid(customer)), want)
		}
		if _, err := h.sim.Say(t.Context(), Message{AppID: shop, OpenID: customer, Content: "x", Copies: 2}); err != nil {
			t.Fatal(err)
		}
		copies := h.program.arrivals("text")
		if len(copies) != 3 || copies[0].inner.MsgId != copies[2].inner.MsgId {
			t.Errorf("copies %+v, want three of one MsgId", copies)
		}
	})
}

func TestEveryShapeOfEnvelopeIsPushed(t *testing.T) {
	h := newHouse(t, nil)
	shapes := map[string]bool{}
	for range 100 {
		_, body, err := h.sim.Envelope("gh_x", customer, []byte("<xml></xml>"))
		if err != nil {
			t.Fatal(err)
		}
		shapes[shapeOf(string(body))] = true
	}
	if len(shapes) < 5 {
		t.Errorf("only the shapes %v came", shapes)
	}
}
