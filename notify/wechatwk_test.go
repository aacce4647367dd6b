package notify_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"sort"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"wechattpp/audience"
	"wechattpp/notify"
	"wechattpp/sender"
	"wechattpp/simulator"
	"wechattpp/sql/sqltest"
	"wechattpp/wechat"
)

const (
	theCorp  = "ww00000000000000aa"
	theAgent = 1000002
	sendPath = simulator.WeComPath + "/cgi-bin/message/send"
)

// weComHouse is a house with a WeCom app, wk, beside the simulator.
func weComHouse(t testing.TB, source string, corp simulator.Corp) (*house, *simulator.Simulator) {
	t.Helper()
	h := newHouse(t, source)
	sim := simulator.New(simulator.Config{})
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	corp.CorpID, corp.Agents = theCorp, []simulator.Agent{{AgentID: theAgent, Secret: "the-secret-of-the-app", Receives: true}}
	if err := sim.AddCorp(corp); err != nil {
		t.Fatal(err)
	}
	h.senders.API.WeComBase = server.URL + simulator.WeComPath
	lent, err := h.senders.API.WeCom(theCorp, theAgent, nil).Mint(context.Background(), "the-secret-of-the-app")
	if err != nil {
		t.Fatal(err)
	}
	h.senders.Tokens = func(s sender.Sender) wechat.TokenSource {
		if s.Kind == sender.WeCom {
			return wechat.FixedToken(lent.Access)
		}
		return fixedToken{}
	}
	wk := sender.Sender{Code: "wk", Kind: sender.WeCom, CorpID: theCorp, AgentID: theAgent, Secrets: sender.Secrets{Secret: "the-secret-of-the-app"}}
	if _, err := h.senders.Create(context.Background(), wk); err != nil {
		t.Fatal(err)
	}
	return h, sim
}

var office = notify.Client{ID: 7, Senders: []string{"oa1", "oa2", "wk"}}

func (h *house) office(b string) string {
	h.t.Helper()
	r, err := h.room.Accept(context.Background(), office, "/v1/sent", "", []byte(b))
	if err != nil {
		h.t.Fatalf("accept: %v", err)
	}
	return r.MsgID
}

func appText(ids []string, text string) string {
	to, _ := json.Marshal(ids)
	says, _ := json.Marshal(text)
	return fmt.Sprintf(`{"aud_wechatwk":[{"data":%s}],"msg_wechatwk":[{"msgtype":"text","text":{"content":%s}}]}`, to, says)
}

func members(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("Member.%03d", i)
	}
	return list
}

// reached counts the messages that each member got.
func reached(sim *simulator.Simulator) map[string]int {
	n := map[string]int{}
	for _, s := range sim.AppSends(theCorp, theAgent) {
		for _, id := range s.Reached {
			n[id]++
		}
	}
	return n
}

func eachWeCom(t *testing.T, corp simulator.Corp, f func(h *house, sim *simulator.Simulator)) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			h, sim := weComHouse(t, sqltest.Source(t, kind), corp)
			f(h, sim)
		})
	}
}

func TestManyMembersAreOneCallWithAStateForEach(t *testing.T) {
	corp := simulator.Corp{Members: members(200), Unlicensed: []string{"Member.007"}, Parties: map[string][]string{"3": {"Member.199"}}, Tags: map[string][]string{"5": {"Member.198"}}}
	eachWeCom(t, corp, func(h *house, sim *simulator.Simulator) {
		ids := append(members(10), "Nobody")
		b := appText(ids, "机房温度 31 °C <b>&")
		b = strings.Replace(b, `"msg_wechatwk"`, `"aud_wechatwk_party":[{"data":["3","4"]}],"aud_wechatwk_tag":["5"],"msg_wechatwk"`, 1)
		msgID := h.office(b)
		m := h.until(h.room, msgID)
		want := map[string]string{"Nobody": "failed", "Member.007": "failed", "party/3": "sent", "party/4": "failed", "tag/5": "sent"}
		for id, state := range h.states(msgID) {
			if w := want[id]; state != w && (w != "" || state != "sent") {
				h.t.Errorf("%s is %s", id, state)
			}
		}
		h.adds(msgID)
		sends := sim.AppSends(theCorp, theAgent)
		if m.Target != 14 || len(sends) != 1 || len(sends[0].Reached) != 11 || sends[0].Text != "机房温度 31 °C <b>&" {
			h.t.Errorf("target %d, sends %+v", m.Target, sends)
		}
		if body := string(sends[0].Body); !strings.Contains(body, `"enable_duplicate_check":1,"duplicate_check_interval":600`) || !strings.Contains(body, `"agentid":1000002`) {
			h.t.Errorf("body %s", body)
		}

		all := h.office(appText(members(150), "二"))
		h.until(h.room, all)
		if n := len(sim.AppSends(theCorp, theAgent)); n != 1+callsFor(150) {
			h.t.Errorf("%d calls for 1 and 2 chunks", n)
		}
		everyone := h.office(appText([]string{"@all"}, "三"))
		h.until(h.room, everyone)
		if s := sim.AppSends(theCorp, theAgent); len(s[len(s)-1].Reached) != 199 || h.states(everyone)["@all"] != "sent" {
			h.t.Errorf("@all reached %d: %v", len(s[len(s)-1].Reached), h.states(everyone))
		}
	})
}

func TestNobodyOfACallIsGoodAndEveryoneFails(t *testing.T) {
	eachWeCom(t, simulator.Corp{Members: members(1)}, func(h *house, _ *simulator.Simulator) {
		msgID := h.office(appText([]string{"X", "Y"}, "一"))
		if m := h.until(h.room, msgID); m.Counts[notify.Failed] != 2 {
			h.t.Fatalf("counts %v", m.Counts)
		}
		for _, r := range h.recipients(msgID) {
			if r.Code != 81013 || !strings.Contains(r.Text, "可见范围") {
				h.t.Errorf("%+v", r)
			}
		}
	})
}

func TestUsersAreReachedByTheUseridTheyHaveAtEveryApp(t *testing.T) {
	eachWeCom(t, simulator.Corp{Members: []string{"li.na@x"}}, func(h *house, sim *simulator.Simulator) {
		users := `[{"userid":"u1","set":{"wechatwk":{"all":"li.na@x"}}},{"userid":"u2","set":{"wechatwk":{"all":"@ALL"}}}]`
		r, err := h.users.Opt(context.Background(), audience.Writer{All: true}, []byte(users))
		if err != nil || len(r.Fail) != 1 || r.Fail[0].UserID != "u2" {
			h.t.Fatalf("%+v %v", r, err)
		}
		msgID := h.office(`{"aud_userid":["u1","u2"],"msg_wechatwk":[{"msgtype":"markdown","markdown":{"content":"**一**"}}]}`)
		h.until(h.room, msgID)
		if got := fmt.Sprint(h.states(msgID)); got != "map[li.na@x:sent u2:skipped]" || reached(sim)["li.na@x"] != 1 {
			h.t.Error(got)
		}
	})
}

// Whatever becomes of the calls, the counts are those of the recipients, and no
// member gets a message twice.
func TestCountsOfCallsForManyAlwaysAddUp(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			everyone := members(300)
			h, sim := weComHouse(t, sqltest.Source(t, kind), simulator.Corp{Members: everyone, Unlicensed: everyone[:3]})
			run := 0
			rapid.Check(t, func(rt *rapid.T) {
				run++
				crowds(rt, h, sim, run)
			})
		})
	}
}

func crowds(rt *rapid.T, h *house, sim *simulator.Simulator, run int) {
	sim.ClearFaults()
	to := members(rapid.IntRange(1, 230).Draw(rt, "size"))
	text := fmt.Sprintf("第 %d 次", run)
	msgID := h.office(appText(append(to, "Nobody"), text))
	for range rapid.IntRange(1, 5).Draw(rt, "steps") {
		switch rapid.IntRange(0, 4).Draw(rt, "step") {
		case 0, 1:
			h.send()
		case 2:
			mode := rapid.SampledFrom([]simulator.Mode{simulator.ModeResetBefore, simulator.ModeResetAfter}).Draw(rt, "mode")
			if err := sim.Fail(simulator.Fault{Path: sendPath, Mode: mode}); err != nil {
				rt.Fatal(err)
			}
		case 3: // a worker that dies with its claim
			due, err := h.store.Due(context.Background(), nil, 2)
			if err != nil {
				rt.Fatal(err)
			}
			for _, d := range due {
				window := rapid.SampledFrom([]time.Duration{0, time.Minute}).Draw(rt, "window")
				if _, err := h.store.Begin(context.Background(), []notify.Take{{Chunk: d.Chunk, Most: rapid.IntRange(0, 100).Draw(rt, "most")}}, time.Millisecond, within(window)); err != nil {
					rt.Fatal(err)
				}
			}
		case 4:
			if rapid.IntRange(0, 5).Draw(rt, "retract") == 0 {
				if err := h.room.Retract(context.Background(), office, msgID); err != nil && !errors.Is(err, notify.ErrRetracted) {
					rt.Fatal(err)
				}
			}
		}
		h.adds(msgID)
	}
	got := map[string]int{}
	for _, s := range sim.AppSends(theCorp, theAgent) {
		if s.Text != text {
			continue
		}
		for _, id := range append(s.Reached, s.Dropped...) {
			got[id]++
		}
	}
	var twice []string
	for id, n := range got {
		if n > 1 {
			twice = append(twice, id)
		}
	}
	if sort.Strings(twice); len(twice) > 0 {
		rt.Fatalf("twice: %v", twice)
	}
}

func TestTheProbeAfterAPauseRepeatsAHandoverWhole(t *testing.T) {
	eachWeCom(t, simulator.Corp{Members: members(5)}, func(h *house, sim *simulator.Simulator) {
		if err := sim.Fail(simulator.Fault{Path: sendPath, Mode: simulator.ModeResetAfter}); err != nil {
			h.t.Fatal(err)
		}
		msgID := h.office(appText(members(5), "一"))
		h.send()
		id, _, _, err := h.senders.Find(context.Background(), "wk")
		if err != nil {
			h.t.Fatal(err)
		}
		if err := h.store.Pause(context.Background(), notify.Pause{SenderID: id, Sender: "wk", For: time.Millisecond, Reason: "minute"}); err != nil {
			h.t.Fatal(err)
		}
		h.until(h.room, msgID)
		for id, n := range reached(sim) {
			if n != 1 {
				h.t.Errorf("%s got %d messages", id, n)
			}
		}
	})
}
