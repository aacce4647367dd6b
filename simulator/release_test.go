package simulator

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wechattpp/crypto"
)

// Sleeps in this file pass on the clock of a synctest bubble: nobody waits for them.

const customSend = "/cgi-bin/message/custom/send?access_token="

// pass answers the release test as a program should; the customer message is
// sent by the house, for the code that came.
func (h *house) pass(a arrival) (int, string) {
	in := a.inner
	switch code, ok := strings.CutPrefix(in.Content, "QUERY_AUTH_CODE:"); {
	case in.MsgType == "event":
		return 200, h.passive(in, in.Event+"from_callback", "TimeStamp")
	case in.Content == "TESTCOMPONENT_MSG_TYPE_TEXT":
		return 200, h.passive(in, in.Content+"_callback", "TimeStamp")
	case ok:
		go h.answerCode(code, in.FromUserName, 1)
		return 200, ""
	}
	return 200, "success"
}

func (h *house) answerCode(code, user string, times int) {
	info, _ := h.component("api_query_auth", h.componentToken(), object{"authorization_code": code})["authorization_info"].(map[string]any)
	token, _ := info["authorizer_access_token"].(string)
	for range times {
		h.call(customSend+token, object{"touser": user, "msgtype": "text", "text": object{"content": code + "_from_api"}})
	}
}

// passive seals a passive reply; stamp is how its time is spelled.
func (h *house) passive(in inner, content, stamp string) string {
	key, err := crypto.ParseKey(testKey)
	if err != nil {
		h.t.Error(err)
	}
	plain := fmt.Sprintf("<xml><ToUserName>%s</ToUserName><FromUserName>%s</FromUserName><CreateTime>%d</CreateTime><MsgType>text</MsgType><Content>%s</Content></xml>", in.FromUserName, in.ToUserName, in.CreateTime, content)
	sealed, err := crypto.Seal(strings.NewReader("0123456789abcdef"), []byte(plain), testComponent, key)
	if err != nil {
		h.t.Error(err)
	}
	out, err := xml.Marshal(passive{Encrypt: sealed, MsgSignature: crypto.Sign(testToken, "1", "2", sealed), TimeStamp: "1", Nonce: "2"})
	if err != nil {
		h.t.Error(err)
	}
	return strings.ReplaceAll(string(out), "TimeStamp", stamp)
}

func TestTheReleaseTestJudgesToTheLetter(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(h *house, a arrival) (int, string) // of what is wrong; status 0: as it should
		fails  string                                  // steps; "" = none
	}{
		"a right program":            {func(*house, arrival) (int, string) { return 0, "" }, ""},
		"a text answered success":    {byContent("TESTCOMPONENT", func(*house, arrival) (int, string) { return 200, "success" }), "text"},
		"a text with another answer": {byContent("TESTCOMPONENT", func(h *house, a arrival) (int, string) { return 200, h.passive(a.inner, "callback", "TimeStamp") }), "text"},
		"a reply with Timestamp": {byContent("TESTCOMPONENT", func(h *house, a arrival) (int, string) {
			return 200, h.passive(a.inner, a.inner.Content+"_callback", "Timestamp")
		}), "text"},
		"a reply that is not encrypted": {byContent("TESTCOMPONENT", func(*house, arrival) (int, string) {
			return 200, "<xml><Content>TESTCOMPONENT_MSG_TYPE_TEXT_callback</Content></xml>"
		}), "text"},
		"a reply after 5.1 s": {byContent("TESTCOMPONENT", func(h *house, a arrival) (int, string) {
			time.Sleep(5100 * time.Millisecond)
			return h.pass(a)
		}), "text"},
		"an event answered success": {byEvent("LOCATION", func(*house, arrival) (int, string) { return 200, "success" }), "event"},
		"a code answered success":   {byContent("QUERY_AUTH", func(*house, arrival) (int, string) { return 200, "success" }), "api text, api text"},
		"a code without a message":  {byContent("QUERY_AUTH", func(*house, arrival) (int, string) { return 200, "" }), "api text, api text, one customer message, one customer message"},
		"a code with two messages": {byContent("QUERY_AUTH", func(h *house, a arrival) (int, string) {
			code := strings.TrimPrefix(a.inner.Content, "QUERY_AUTH_CODE:")
			h.answerCode(code, a.inner.FromUserName, 2)
			return 200, ""
		}), "one customer message, one customer message"},
		"an authorization answered with JSON": {byInfo("authorized", func(*house, arrival) (int, string) { return 200, `{"ok":true}` }), "authorize, authorize"},
		"its end answered 500":                {byInfo("unauthorized", func(*house, arrival) (int, string) { return 500, "" }), "unauthorize, unauthorize"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t, nil)
				h.program.answers(func(_ int, a arrival) (int, string) {
					if status, body := c.answer(h, a); status != 0 {
						return status, body
					}
					return h.pass(a)
				})
				h.run()
				h.componentToken()
				v, err := h.sim.ReleaseTest(t.Context(), ReleaseTest{Group: 2})
				if err != nil {
					t.Fatal(err)
				}
				var failed []string
				for _, s := range v.Steps {
					if !s.Passed {
						failed = append(failed, s.Name)
					}
				}
				if got := strings.Join(failed, ", "); got != c.fails || v.Passed != (c.fails == "") {
					t.Errorf("failed %q, want %q: %+v", got, c.fails, v.Steps)
				}
				time.Sleep(time.Minute) // the pushes that failed are repeated, to no avail
				if kept := h.sim.ReleaseVerdicts(); len(kept) != 1 || kept[0].OA != "wx9252c5e0bb1836fc" {
					t.Errorf("kept %+v", kept)
				}
			})
		})
	}
}

func byContent(prefix string, f func(*house, arrival) (int, string)) func(*house, arrival) (int, string) {
	return when(func(in inner) bool { return strings.HasPrefix(in.Content, prefix) }, f)
}

func byEvent(name string, f func(*house, arrival) (int, string)) func(*house, arrival) (int, string) {
	return when(func(in inner) bool { return in.Event == name }, f)
}

func byInfo(name string, f func(*house, arrival) (int, string)) func(*house, arrival) (int, string) {
	return when(func(in inner) bool { return in.InfoType == name }, f)
}

func when(fits func(inner) bool, f func(*house, arrival) (int, string)) func(*house, arrival) (int, string) {
	return func(h *house, a arrival) (int, string) {
		if !fits(a.inner) {
			return 0, ""
		}
		return f(h, a)
	}
}

func TestATestAccountsTokenIsGoodForTheCustomerMessageAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, nil)
		oa := testPairs[0].oa.appID
		code, err := h.sim.ReleaseCode(oa, "oUser")
		if err != nil {
			t.Fatal(err)
		}
		component := h.componentToken()
		info := h.component("api_query_auth", component, object{"authorization_code": code})["authorization_info"].(map[string]any)
		token := info["authorizer_access_token"].(string)
		message := object{"touser": "oUser", "msgtype": "text", "text": object{"content": "hi"}}
		wantCode(t, h.call(customSend+token, message), 0)
		wantCode(t, h.send(token, paid("oUser")), 61007)
		wantCode(t, h.component("api_authorizer_token", component, object{"authorizer_appid": oa, "authorizer_refresh_token": info["authorizer_refresh_token"]}), 61003)
		wantCode(t, h.component("api_query_auth", component, object{"authorization_code": code}), 61009)
		list := h.component("api_get_authorizer_list", component, object{"offset": 0, "count": 10})["list"].([]any)
		if len(list) != 1 || list[0].(map[string]any)["authorizer_appid"] != oa {
			t.Errorf("the list holds %v", list)
		}
		if got := h.sim.CustomerMessages("oUser"); len(got) != 1 || got[0].Text != "hi" {
			t.Errorf("customer messages %+v", got)
		}
	})
}

func TestCustomerMessagesAreCheckedAsTheVendorDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, nil)
		token, _ := h.accountToken(shop)
		mini, _ := h.accountToken(miniProgram)
		text := func(to, content string) object {
			return object{"touser": to, "msgtype": "text", "text": object{"content": content}}
		}
		wantCode(t, h.call(customSend+token, text(customer, "hi")), 45015)
		for account, openID := range map[string]string{shop: customer, miniProgram: visitor} {
			if err := h.sim.Talk(account, openID); err != nil {
				t.Fatal(err)
			}
		}
		wantCode(t, h.call(customSend+token, text(customer, strings.Repeat("长", 682))), 0)
		wantCode(t, h.call(customSend+mini, text("oMini00000000000000000000001", "你好")), 0)
		wantCode(t, h.call(customSend+token, text(customer, strings.Repeat("长", 683))), 45002)
		wantCode(t, h.call(customSend+token, text(customer, "")), 44004)
		wantCode(t, h.call(customSend+token, text("", "hi")), 41009)
		wantCode(t, h.call(customSend+token, text("oNobody", "hi")), 40003)
		wantCode(t, h.call(customSend+token, text("oShop0000000000000000000009Z", "hi")), 45015)
		wantCode(t, h.call(customSend+token, object{"touser": customer, "msgtype": "smoke"}), 40008)
		wantCode(t, h.call(customSend+"none", text(customer, "hi")), 40001)
		if n := h.sim.Totals().Customer; n != 2 {
			t.Errorf("%d messages were counted, want 2", n)
		}
	})
}

func TestAReleaseTestNeedsAnAddressAndAGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, func(c *Config) { c.MessageURL = "" })
		for _, group := range []int{-1, 6, 1} {
			if _, err := h.sim.ReleaseTest(t.Context(), ReleaseTest{Group: group}); err == nil {
				t.Errorf("group %d was played", group)
			}
		}
		if _, err := h.sim.ReleaseCode(shop, "oUser"); err == nil {
			t.Error("an ordinary account got a code of the test")
		}
		if _, err := h.sim.ReleaseCode(testPairs[4].mp.appID, ""); err == nil {
			t.Error("a code for nobody")
		}
	})
}

func TestTheSelectedSetsDecideWhichCasesArePlayed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, nil)
		h.program.answers(func(_ int, a arrival) (int, string) { return h.pass(a) })
		h.run()
		h.componentToken()
		for _, c := range []struct {
			sets  []int
			texts int
		}{{[]int{}, 0}, {[]int{19}, 1}, {[]int{1}, 1}, {nil, 2}} {
			v, err := h.sim.ReleaseTest(t.Context(), ReleaseTest{Group: 1, Sets: c.sets})
			if err != nil || !v.Passed {
				t.Fatalf("%+v, %v", v, err)
			}
			n := len(slices.DeleteFunc(v.Steps, func(s ReleaseStep) bool { return s.Name != "api text" }))
			if n != c.texts {
				t.Errorf("sets %v: %d texts with a code, want %d", c.sets, n, c.texts)
			}
		}
	})
}
