package notify_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"wechattpp/notify"
	"wechattpp/sender"
	"wechattpp/simulator"
	"wechattpp/sql/sqltest"
	"wechattpp/wechat"
)

const (
	newsApp  = "wx00000000000000f1"
	massPath = "/cgi-bin/message/mass/send"
)

// newsHouse is a house whose sender news is an Official Account of the
// simulator, with n followers.
func newsHouse(t testing.TB, source string, n int) (*house, *simulator.Simulator, []string) {
	t.Helper()
	h := newHouse(t, source)
	sim := simulator.New(simulator.Config{})
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	account := simulator.Account{AppID: newsApp, UserName: "gh_news", Secret: "the-secret-of-the-account", Tags: map[string][]string{"2": nil, "101": nil, "102": nil, "103": nil, "104": nil, "105": nil}}
	if err := sim.AddAccount(account); err != nil {
		t.Fatal(err)
	}
	ids, err := sim.AddFollowers(newsApp, n, "oN")
	if err != nil {
		t.Fatal(err)
	}
	h.senders.API.Base = server.URL
	lent, err := h.senders.API.StableToken(context.Background(), newsApp, "the-secret-of-the-account")
	if err != nil {
		t.Fatal(err)
	}
	h.senders.Tokens = func(sender.Sender) wechat.TokenSource { return wechat.FixedToken(lent.Access) }
	if _, err := h.senders.Create(context.Background(), sender.Sender{Code: "news", Kind: sender.OfficialAccount, AppID: newsApp, Credentials: "secret",
		Secrets: sender.Secrets{AppSecret: "the-secret-of-the-account"}}); err != nil {
		t.Fatal(err)
	}
	return h, sim, ids
}

func eachNews(t *testing.T, n int, f func(h *house, sim *simulator.Simulator, ids []string)) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			h, sim, ids := newsHouse(t, sqltest.Source(t, kind), n)
			f(h, sim, ids)
		})
	}
}

var press = notify.Client{ID: 7, Senders: []string{"oa1", "news"}}

// draftOf makes a draft of one article at the account.
func (h *house) draftOf(title string) string {
	h.t.Helper()
	client, err := h.senders.Client(context.Background(), "news")
	if err != nil {
		h.t.Fatal(err)
	}
	id, err := client.Account.AddDraft(context.Background(), []wechat.Article{{Title: title, Content: `<p>a & b 😀</p>`, Thumb: "THUMB"}})
	if err != nil {
		h.t.Fatal(err)
	}
	return id
}

func article(draft string, more string) []byte {
	return fmt.Appendf(nil, `{%s"msg_wechatoa":[{"sender":"news","type":4,"mpnews":{"media_id":%q}}]}`, more, draft)
}

func toOpenIDs(ids ...string) string {
	return `"aud_wechatoa":[{"data":["` + strings.Join(ids, `","`) + `"]}],`
}

func (h *house) press(path string, b []byte) string {
	h.t.Helper()
	r, err := h.room.Accept(context.Background(), press, path, "", b)
	if err != nil {
		h.t.Fatalf("accept: %v", err)
	}
	return r.MsgID
}

// sizes are how many openids the mass sends of the account were for.
func sizes(sim *simulator.Simulator) (n []int) {
	for _, m := range sim.MassSends(newsApp) {
		n = append(n, len(m.OpenIDs))
	}
	return n
}

// told brings the outcomes of all mass sends, as events do.
func (h *house) outcomes(sim *simulator.Simulator) {
	h.t.Helper()
	for _, m := range sim.MassSends(newsApp) {
		o := notify.MassOutcome{AppID: newsApp, MsgID: m.MsgID, Status: m.Status, At: time.Now(), Detail: []byte(`{}`),
			Counts: notify.VendorCounts{Total: int64(m.Total), Filtered: int64(m.Filtered), Sent: int64(m.Sent), Failed: int64(m.Filtered - m.Sent)}}
		if err := h.room.MassOutcome(context.Background(), o); err != nil {
			h.t.Fatal(err)
		}
	}
}

func TestAnArticleGoesToOpenidsInOneMassSendAndItsOutcomeIsTheirs(t *testing.T) {
	eachNews(t, 300, func(h *house, sim *simulator.Simulator, ids []string) {
		draft := h.draftOf("周报 📰")
		msgID := h.press("/v1/sent", article(draft, toOpenIDs(ids[:250]...)))
		h.until(h.room, msgID)
		sends := sim.MassSends(newsApp)
		if len(sends) != 1 || len(sends[0].OpenIDs) != 250 || sends[0].MediaID != draft || len(sends[0].ClientMsgID) == 0 || len(sends[0].ClientMsgID) > 32 {
			h.t.Fatalf("%+v", sends)
		}
		h.outcomes(sim)
		h.outcomes(sim) // a copy of the event
		if m := h.message(msgID); m.Counts[notify.Delivered] != 250 {
			h.t.Errorf("counts %v", m.Counts)
		}
		h.adds(msgID)
		calls, err := h.room.Calls(context.Background(), press, msgID, notify.Called{}, 10)
		if err != nil || len(calls) != 1 || calls[0].Recipients != 250 || calls[0].Counts.Sent != 250 || calls[0].Status != "send success" || calls[0].Sender != "news" {
			h.t.Errorf("%+v %v", calls, err)
		}
	})
}

func TestOnePersonIsNoMassSendAndTheRefusalSaysWhatIs(t *testing.T) {
	eachNews(t, 2, func(h *house, _ *simulator.Simulator, ids []string) {
		for name, b := range map[string]string{
			"one openid":           toOpenIDs(ids[0]),
			"the same twice":       toOpenIDs(ids[0], ids[0]),
			"a tag and one openid": toOpenIDs(ids[0]) + `"aud_wechatoa_tag":["2"],`,
			"all and others":       toOpenIDs("@all", ids[0]),
		} {
			_, err := h.room.Accept(context.Background(), press, "/v1/sent", "", article("DRAFT", b))
			var refused *notify.Refusal
			if !errors.As(err, &refused) || refused.Field != "aud_wechatoa" {
				h.t.Errorf("%s: %v", name, err)
			}
			if name == "one openid" && !strings.Contains(err.Error(), "/preview") {
				h.t.Errorf("it does not say how one person is reached: %v", err)
			}
		}
		for _, b := range []string{
			`{"aud_wechatoa":[{"data":["@all"]}],"msg_wechatoa":[{"sender":"news","type":3,"msgtype":"text","text":{"content":"x"}}]}`,
			`{"aud_wechatoa_tag":["2"],"msg_wechatoa":[{"sender":"news","template_id":"T","data":{}}]}`,
			`{"aud_wechatoa_tag":["0"],"msg_wechatoa":[{"sender":"news","type":4,"mpnews":{"media_id":"D"}}]}`,
			`{"aud_wechatoa_tag":["2"],"msg_wechatoa":[{"sender":"news","type":4,"msgtype":"text","mpnews":{"media_id":"D"}}]}`,
			`{"aud_wechatoa_tag":["2"],"msg_wechatoa":[{"sender":"news","type":4,"mpnews":{"media_id":""}}]}`,
			`{"aud_wechatoa_tag":["2"],"msg_wechatoa":[{"sender":"news","type":4,"send_ignore_reprint":2,"mpnews":{"media_id":"D"}}]}`,
		} {
			var refused *notify.Refusal
			if _, err := h.room.Accept(context.Background(), press, "/v1/sent", "", []byte(b)); !errors.As(err, &refused) {
				h.t.Errorf("%s: %v", b, err)
			}
		}
	})
}

func TestTagsAndEveryoneAreOneRecipientEachWithTheVendorsCounts(t *testing.T) {
	eachNews(t, 5, func(h *house, sim *simulator.Simulator, ids []string) {
		draft := h.draftOf("标签")
		msgID := h.press("/v1/sent", article(draft, toOpenIDs(ids[0], ids[1])+`"aud_wechatoa_tag":[{"data":["2","101"]}],`))
		m := h.until(h.room, msgID)
		sends := sim.MassSends(newsApp)
		if m.Target != 4 || len(sends) != 3 {
			h.t.Fatalf("target %d, sends %+v", m.Target, sends)
		}
		seen := map[string]bool{draft: true}
		for _, s := range sends { // each with a draft of its own, and the caller's stays
			if seen[s.MediaID] {
				h.t.Errorf("%s was sent twice, or is the caller's", s.MediaID)
			}
			seen[s.MediaID] = true
		}
		all := h.press("/v1/sent", article(draft, toOpenIDs("@all")))
		h.until(h.room, all)
		h.outcomes(sim)
		if h.states(all)["@all"] != "delivered" {
			h.t.Errorf("%v", h.states(all))
		}
		for _, r := range h.recipients(all) {
			if r.Vendor == nil || r.Vendor.Total != 5 || r.Vendor.Sent != 5 {
				h.t.Errorf("%+v", r.Vendor)
			}
		}
		for _, r := range h.recipients(msgID) {
			if r.Identity == "tag/2" && (r.State != notify.Failed || !strings.Contains(r.Text, "no follower has the tag")) {
				h.t.Errorf("a tag that nobody has: %+v", r)
			}
		}
		h.adds(msgID)
		h.adds(all)
	})
}

func TestAMassSendWithoutAnAnswerIsRepeatedUnderItsIdAndArrivesOnce(t *testing.T) {
	eachNews(t, 3, func(h *house, sim *simulator.Simulator, ids []string) {
		for _, times := range []int{1, 3} {
			if err := sim.Fail(simulator.Fault{Path: massPath, Mode: simulator.ModeResetAfter, Times: times}); err != nil {
				h.t.Fatal(err)
			}
			msgID := h.press("/v1/sent", article(h.draftOf("一"), toOpenIDs(ids...)))
			h.hurry(msgID)
			calls, err := h.room.Calls(context.Background(), press, msgID, notify.Called{}, 10)
			sends := sim.MassSends(newsApp)
			last := sends[len(sends)-1]
			if err != nil || len(calls) != 1 || calls[0].VendorMsgID != fmt.Sprint(last.MsgID) || last.Duplicates != times {
				h.t.Errorf("calls %+v %v, sends %+v", calls, err, sends)
			}
		}
		if n := len(sim.MassSends(newsApp)); n != 2 {
			h.t.Errorf("%d mass sends for two messages", n)
		}
	})
}

// hurry sends until nobody is open, without waiting for what comes later.
func (h *house) hurry(msgID string) {
	h.t.Helper()
	for range 100 {
		sqltest.Exec(h.t, h.source, `UPDATE chunk SET due_at = 1 WHERE due_at IS NOT NULL AND queued + sending > 0`)
		sqltest.Exec(h.t, h.source, `DELETE FROM sender_pause`)
		sqltest.Exec(h.t, h.source, `DELETE FROM feature_pause`)
		h.send()
		if h.message(msgID).Stage == notify.Done {
			return
		}
	}
	h.t.Fatalf("not done: %v", h.message(msgID).Counts)
}

func TestADraftThatIsGoneFailsTheMessageAndARetryTakesANewOne(t *testing.T) {
	eachNews(t, 4, func(h *house, sim *simulator.Simulator, ids []string) {
		gone := h.press("/v1/sent", article("NO-SUCH-DRAFT", toOpenIDs(ids...)))
		h.hurry(gone)
		several := h.press("/v1/sent", article("NO-SUCH-DRAFT", toOpenIDs(ids...)+`"aud_wechatoa_tag":["2"],`))
		h.hurry(several)
		for _, id := range []string{gone, several} {
			for _, r := range h.recipients(id) {
				if r.State != notify.Failed || r.Code != 40007 || !strings.Contains(r.Text, "which a send or publication takes it out of") {
					h.t.Errorf("%+v", r)
				}
			}
		}
		if n := len(sim.MassSends(newsApp)); n != 0 {
			h.t.Errorf("%d mass sends", n)
		}
	})
}

func TestAThrottledMassSendWaitsAndNothingElseOfTheSenderDoes(t *testing.T) {
	eachNews(t, 4, func(h *house, sim *simulator.Simulator, ids []string) {
		for _, code := range []int{45009, 45011, 45028, 42010} {
			if err := sim.Fail(simulator.Fault{Path: massPath, Code: code}); err != nil {
				h.t.Fatal(err)
			}
			msgID := h.press("/v1/sent", article(h.draftOf("一"), toOpenIDs(ids...)))
			h.send()
			if m := h.message(msgID); m.Counts[notify.Queued] != 4 {
				h.t.Errorf("%d: %v", code, m.Counts)
			}
			if n := sqltest.Number(h.t, h.source, `SELECT COUNT(*) FROM sender_pause`); n != 0 {
				h.t.Errorf("%d pauses the sender", code)
			}
			if n := sqltest.Number(h.t, h.source, `SELECT COUNT(*) FROM handover WHERE vendor_msg_id IS NULL`); n != 0 {
				h.t.Errorf("%d: the call is kept", code)
			}
			h.hurry(msgID)
		}
		for _, s := range sim.MassSends(newsApp) {
			slices.Sort(s.OpenIDs)
			if len(slices.Compact(s.OpenIDs)) != 4 {
				h.t.Errorf("%v", s.OpenIDs)
			}
		}
	})
}
