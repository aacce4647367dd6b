package simulator

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func shapeOf(body string) string {
	var b strings.Builder
	for _, mark := range []string{"\n    <", "<![CDATA[gh", "<Encrypt>\n", "<Encrypt><![CDATA["} {
		b.WriteByte("01"[map[bool]int{true: 1}[strings.Contains(body, mark)]])
	}
	return b.String()
}

func TestFaultsHappenOnDemandOverARealConnection(t *testing.T) {
	for name, c := range map[string]struct {
		fault     Fault
		processed bool
		check     func(res *http.Response, body string, err error) bool
	}{
		"errcode":           {Fault{Code: -1}, false, says(200, `"errcode":-1`)},
		"errcode with text": {Fault{Code: 45009, Message: "reach max api minute quota"}, false, says(200, `reach max api minute quota rid: `)},
		"the address":       {Fault{Code: 61004}, false, says(200, "requestIP: 127.0.0.1")},
		"after processing":  {Fault{Code: -1, Mode: ModeErrcodeAfter}, true, says(200, `"errcode":-1`)},
		"HTTP status":       {Fault{Code: 502, Mode: ModeStatus}, false, says(502, "Bad Gateway")},
		"HTML":              {Fault{Mode: ModeNotJSON}, false, says(200, "<html>")},
		"reset before":      {Fault{Mode: ModeResetBefore}, false, broken},
		"reset after":       {Fault{Mode: ModeResetAfter}, true, broken},
		"hanging":           {Fault{Mode: ModeHang}, false, broken},
		"hanging after":     {Fault{Mode: ModeHangAfter}, true, broken},
		"cut":               {Fault{Mode: ModeCut}, true, broken},
		"delay":             {Fault{Delay: time.Millisecond}, true, says(200, `"msgid"`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, nil)
			access, _ := h.accountToken(shop)
			server := httptest.NewServer(h.sim)
			defer server.Close()
			c.fault.Path, c.fault.AppID = "/cgi-bin/message/", shop
			if err := h.sim.Fail(c.fault); err != nil {
				t.Fatal(err)
			}
			post := func(body []byte, patience time.Duration) (*http.Response, string, error) {
				client := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
				res, err := client.Post(server.URL+"/cgi-bin/message/template/send?access_token="+access, "application/json", bytes.NewReader(body))
				if err != nil {
					return nil, "", err
				}
				defer res.Body.Close()
				b, err := io.ReadAll(res.Body)
				return res, string(b), err
			}
			patience := 20 * time.Second
			if c.fault.Mode == ModeHang || c.fault.Mode == ModeHangAfter { // which nothing else ends
				patience = 2 * time.Second
			}
			res, body, err := post(marshal(paid(customer)), patience)
			if !c.check(res, body, err) {
				t.Errorf("answer %q, %v", body, err)
			}
			if got := h.sim.Totals().Sends == 1; got != c.processed {
				t.Errorf("processed %v, want %v", got, c.processed)
			}
			if _, body, err := post(marshal(paid(customer)), 20*time.Second); !strings.Contains(body, `"errcode":0`) {
				t.Errorf("the next call should be right again: %q, %v", body, err)
			}
		})
	}
}

func says(status int, want string) func(*http.Response, string, error) bool {
	return func(res *http.Response, body string, err error) bool {
		return err == nil && res.StatusCode == status && strings.Contains(body, want)
	}
}

func broken(_ *http.Response, _ string, err error) bool { return err != nil }

func TestAFaultHitsItsAccountAndPathAndTimesOnly(t *testing.T) {
	h := newHouse(t, nil)
	ours, _ := h.accountToken(shop)
	theirs, refresh := h.accountToken(clinic)
	if err := h.sim.Fail(Fault{Path: "/cgi-bin/message/template/send", AppID: shop, Code: 45009, Times: 2}); err != nil {
		t.Fatal(err)
	}
	visit := object{"touser": "oClinic000000000000000000001", "template_id": accountChange.ID, "data": object{}}
	wantCode(t, h.send(theirs, visit), 0)
	h.renew(h.componentToken(), clinic, refresh)
	wantCode(t, h.send(ours, paid(customer)), 45009)
	wantCode(t, h.send(ours, paid(customer)), 45009)
	wantCode(t, h.send(ours, paid(customer)), 0)

	_ = h.sim.Fail(Fault{Code: -1, Times: -1})
	for range 3 {
		wantCode(t, h.send(ours, paid(customer)), -1)
	}
	h.sim.ClearFaults()
	wantCode(t, h.send(ours, paid(customer)), 0)
	for _, bad := range []Fault{{Mode: "explode"}, {Mode: ModeErrcode}, {Mode: ModeStatus, Code: 42}} {
		if h.sim.Fail(bad) == nil {
			t.Errorf("fault %+v was taken", bad)
		}
	}
}

func TestHooksRunBeforeAndAfterProcessing(t *testing.T) {
	h := newHouse(t, nil)
	access, _ := h.accountToken(shop)
	var before, after Call
	h.sim.OnCall(func(c Call) { before = c; before.N += h.sim.Totals().Sends })
	h.sim.AfterCall(func(c Call) { after = c; after.N += h.sim.Totals().Sends })
	h.send(access, paid(customer))
	if before.Path != "/cgi-bin/message/template/send" || before.AppID != shop || before.N != 1 || before.Answer != nil {
		t.Errorf("before: %+v", before)
	}
	if after.N != 2 || after.Code != 0 || !bytes.Contains(after.Answer, []byte("msgid")) {
		t.Errorf("after: %+v", after)
	}
	h.accountToken(shop)
	request, answer := after.Masked()
	if strings.Contains(request+answer, string(regexpToken(after.Answer))) || !strings.Contains(answer, "***") {
		t.Errorf("masked: %s %s", request, answer)
	}
}

func regexpToken(answer []byte) []byte {
	var a struct {
		Token string `json:"authorizer_access_token"`
	}
	_ = json.Unmarshal(answer, &a)
	return []byte(a.Token)
}

func TestTheSameClientMsgIDIsDeliveredOnceForTenMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, nil).run()
		access, _ := h.accountToken(shop)
		body := paid(customer)
		body["client_msg_id"] = "m1-r1"
		first := h.send(access, body)
		again := h.send(access, body)
		if first["msgid"] != again["msgid"] {
			t.Errorf("the repeat got msgid %v, the first %v", again["msgid"], first["msgid"])
		}
		other := paid("oShop0000000000000000000002B")
		other["client_msg_id"] = "m1-r1"
		if a := h.send(access, other); a["msgid"] == first["msgid"] {
			t.Error("another openid with the same id was taken for a repeat")
		}
		time.Sleep(time.Second)
		if n := len(h.program.arrivals("TEMPLATESENDJOBFINISH")); n != 2 {
			t.Errorf("%d outcomes, want 2", n)
		}
		e := h.sim.Ledger()
		if h.sim.Delivered(customer) != 1 || e.Sends[0].Duplicates != 1 || e.Totals.Duplicates != 1 {
			t.Errorf("delivered %d, ledger %+v", h.sim.Delivered(customer), e)
		}
		time.Sleep(10 * time.Minute)
		if a := h.send(access, body); a["msgid"] == first["msgid"] || h.sim.Delivered(customer) != 2 {
			t.Error("after ten minutes the id is still remembered")
		}
	})
}

func TestADeadColorIsTakenAndCounted(t *testing.T) {
	h := newHouse(t, nil)
	access, _ := h.accountToken(shop)
	body := paid(customer)
	body["data"].(object)["thing2"].(object)["color"] = "#173177"
	wantCode(t, h.send(access, body), 0)
	if got := h.sim.Totals().DeadFields; got != 1 {
		t.Errorf("%d dead fields, want 1", got)
	}
}

func TestOutcomesGoWrongOnDemand(t *testing.T) {
	for name, c := range map[string]struct {
		fault  OutcomeFault
		to     string
		want   int
		status string
		zero   bool
	}{
		"as usual":          {OutcomeFault{Times: 0, OpenID: "another"}, customer, 1, "success", false},
		"user block":        {OutcomeFault{Status: "failed:user block"}, customer, 1, "failed:user block", false},
		"system failed":     {OutcomeFault{Status: StatusSystem}, customer, 1, "failed: system failed", false},
		"MsgID 0":           {OutcomeFault{ZeroID: true}, customer, 1, "success", true},
		"three copies":      {OutcomeFault{Copies: 2}, customer, 3, "success", false},
		"none":              {OutcomeFault{Never: true}, customer, 0, "", false},
		"a user who blocks": {OutcomeFault{OpenID: "another"}, "oShop0000000000000000000008Y", 1, "failed:user block", false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t, nil).run()
				access, _ := h.accountToken(shop)
				if err := h.sim.FailOutcome(c.fault); err != nil {
					t.Fatal(err)
				}
				msgID := h.send(access, paid(c.to))["msgid"].(json.Number).String()
				time.Sleep(time.Second)
				got := h.program.arrivals("TEMPLATESENDJOBFINISH")
				if len(got) != c.want {
					t.Fatalf("%d outcomes, want %d", len(got), c.want)
				}
				for _, a := range got {
					if a.inner.Status != c.status || (a.inner.MsgID == 0) != c.zero || a.inner != got[0].inner {
						t.Errorf("outcome %+v of msgid %s", a.inner, msgID)
					}
				}
				if want := map[bool]int{true: 1}[c.status == "success"]; h.sim.Delivered(c.to) != want {
					t.Errorf("delivered %d, want %d", h.sim.Delivered(c.to), want)
				}
			})
		})
	}
}

func TestAnOutcomeCanOvertakeTheAnswerOrComeLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, func(c *Config) { c.OutcomeAfter = time.Second }).run()
		access, _ := h.accountToken(shop)
		start := time.Now()
		h.send(access, paid(customer))
		if time.Since(start) != 0 {
			t.Error("a send waited for its outcome")
		}
		if err := h.sim.FailOutcome(OutcomeFault{Overtake: true, Delay: time.Second}); err != nil {
			t.Fatal(err)
		}
		h.send(access, paid("oShop0000000000000000000002B"))
		got := h.program.arrivals("TEMPLATESENDJOBFINISH")
		if len(got) != 2 || got[0].at.Sub(start) != time.Second || got[1].at.Sub(start) != 2*time.Second {
			t.Errorf("outcomes %+v: the second must have come before its send was answered", got)
		}
	})
}

func TestHangingAnswersEndWithTheSimulator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, nil)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- h.sim.Run(ctx) }()
		_ = h.sim.Fail(Fault{Mode: ModeHang})
		time.AfterFunc(time.Minute, cancel)
		start := time.Now()
		if res, err := h.client.Post("http://api.example.com/cgi-bin/component/api_component_token", "", strings.NewReader("{}")); err == nil {
			res.Body.Close()
			t.Error("a hanging call was answered")
		}
		if time.Since(start) != time.Minute || <-ended != nil {
			t.Errorf("the call ended after %v", time.Since(start))
		}
	})
}

func TestNoSecretIsLogged(t *testing.T) {
	var logged bytes.Buffer
	var tries atomic.Int32
	secrets := []string{testSecret, testKey}
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, func(c *Config) {
			c.Log = slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
		})
		h.program.answers(func(int, arrival) (int, string) { tries.Add(1); return 500, "no" })
		h.run()
		h.authorizedWith(shop, []int{1, 7})
		time.Sleep(time.Minute)
		for _, a := range append(h.program.arrivals("component_verify_ticket"), h.program.arrivals("authorized")...) {
			secrets = append(secrets, a.inner.ComponentVerifyTicket+a.inner.AuthorizationCode)
		}
	})
	for _, secret := range secrets {
		if strings.Contains(logged.String(), secret) {
			t.Errorf("the log holds the secret %q", secret)
		}
	}
	if len(secrets) < 6 {
		t.Errorf("only %d secrets were looked for", len(secrets))
	}
	if !strings.Contains(logged.String(), "push given up") || tries.Load() < 6 {
		t.Errorf("after %d tries the log says %q", tries.Load(), logged.String())
	}
}
