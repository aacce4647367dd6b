package notify_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"wechattpp/notify"
	"wechattpp/simulator"
	"wechattpp/sql/sqltest"
)

const linkedPath = simulator.WeComPath + "/cgi-bin/linkedcorp/message/send"

var partners = simulator.Corp{Members: members(3), Linked: []string{"wwPartner01/chen.bo", "wwPartner01/Li", "wwPartner02/Li"},
	LinkedParties: map[string][]string{"LK9f3/12": {"wwPartner02/Li"}}}

func TestOneMessageGoesToTheOwnCompanyAndToLinkedOnes(t *testing.T) {
	eachWeCom(t, partners, func(h *house, sim *simulator.Simulator) {
		msgID := h.office(`{"aud_wechatwk":[{"data":["Member.000","MEMBER.000","Member.001"]}],
			"aud_wechatwk_linkedcorp":[{"data":["wwPartner01/chen.bo","wwpartner01/Chen.bo","wwPartner01/Nobody"]}],"aud_wechatwk_linkedcorp_party":["LK9f3/12","LK9f3/13"],
			"msg_wechatwk":[{"msgtype":"text","text":{"content":"交货改到 <15:00>"},"safe":1,"enable_duplicate_check":1,"duplicate_check_interval":600}]}`)
		m := h.until(h.room, msgID)
		h.adds(msgID)
		want := "map[Member.000:sent Member.001:sent linkedparty/LK9f3/12:sent linkedparty/LK9f3/13:failed wwPartner01/Nobody:failed wwPartner01/chen.bo:sent]"
		if got := fmt.Sprint(h.states(msgID)); got != want || m.Target != 6 || fmt.Sprint(m.Senders) != "[wk]" {
			h.t.Errorf("%s, target %d by %v", got, m.Target, m.Senders)
		}
		for _, s := range sim.AppSends(theCorp, theAgent) {
			want := `{"touser":"Member.000|Member.001","msgtype":"text","agentid":1000002,"text":{"content":"交货改到 <15:00>"},"safe":1,"enable_duplicate_check":1,"duplicate_check_interval":600}`
			if s.Linked {
				want = `{"touser":["wwPartner01/chen.bo","wwPartner01/Nobody"],"toparty":["LK9f3/12","LK9f3/13"],"msgtype":"text","agentid":1000002,"text":{"content":"交货改到 <15:00>"},"safe":1}`
			}
			if string(s.Body) != want {
				h.t.Errorf("sent %s", s.Body)
			}
		}
		linked := slices.DeleteFunc(sqltest.Texts(h.t, h.source, `SELECT data FROM feed WHERE type = 'recipient.sent'`), func(l string) bool { return !strings.Contains(l, `"linked":true`) })
		if len(linked) != 1 || !strings.Contains(linked[0], "chen.bo") || strings.Contains(linked[0], "Member") {
			h.t.Errorf("the feed tells of linked companies: %s", linked)
		}
		everyone := h.office(`{"aud_wechatwk_linkedcorp":["@all"],"msg_wechatwk":[{"msgtype":"text","text":{"content":"一"}}]}`)
		h.until(h.room, everyone)
		sends := sim.AppSends(theCorp, theAgent)
		if last := sends[len(sends)-1]; len(last.Reached) != 6 || h.states(everyone)["linkedcorp/@all"] != "sent" {
			h.t.Errorf("%+v, %v", last, h.states(everyone))
		}
	})
}

func TestACallToLinkedCompaniesIsNeverRepeatedNorRecalled(t *testing.T) {
	eachWeCom(t, partners, func(h *house, sim *simulator.Simulator) {
		if err := sim.Fail(simulator.Fault{Path: linkedPath, Mode: simulator.ModeResetAfter}); err != nil {
			h.t.Fatal(err)
		}
		const to = `{"aud_wechatwk_linkedcorp":["wwPartner01/chen.bo"],"msg_wechatwk":[{"msgtype":"text","text":{"content":"一"},"enable_duplicate_check":0}]}`
		msgID := h.office(to)
		h.until(h.room, msgID)
		if got := h.states(msgID)["wwPartner01/chen.bo"]; got != "unknown" || reached(sim)["wwPartner01/chen.bo"] != 1 {
			h.t.Errorf("%s after %d calls", got, reached(sim)["wwPartner01/chen.bo"])
		}
		again := h.office(to)
		h.until(h.room, again)
		if err := h.room.Retract(context.Background(), office, again); err != nil {
			h.t.Fatal(err)
		}
		if n, err := h.room.RecallDue(context.Background()); n != 0 || err != nil {
			h.t.Errorf("%d recalls: %v", n, err)
		}
		if got := h.states(again)["wwPartner01/chen.bo"]; got != "sent" {
			h.t.Errorf("%s, but nothing can be recalled", got)
		}
	})
}

func TestWhatLinkedCompaniesCannotGetIsRefused(t *testing.T) {
	t.Parallel()
	h, _ := weComHouse(t, sqltest.Source(t, "sqlite"), partners)
	const text = `"msg_wechatwk":[{"msgtype":"text","text":{"content":"一"}}]`
	for body, words := range map[string]string{
		`"aud_wechatwk_linkedcorp":["chen.bo"],` + text:                                                                      "CorpId/userid",
		`"aud_wechatwk_linkedcorp":["party/3"],` + text:                                                                      "CorpId/userid",
		`"aud_wechatwk_linkedcorp":["ww1/` + strings.Repeat("x", 65) + `"],` + text:                                          "CorpId/userid",
		`"aud_wechatwk_linkedcorp":["ww1/李"],` + text:                                                                        "CorpId/userid",
		`"aud_wechatwk_linkedcorp":["@all","ww1/a"],` + text:                                                                 "send it alone",
		`"aud_wechatwk_linkedcorp_party":["LK"],` + text:                                                                     "LinkedId/PartyId",
		`"aud_wechatwk_linkedcorp_party":["@all"],` + text:                                                                   "LinkedId/PartyId",
		`"aud_wechatwk_linkedcorp":["ww1/a"]`:                                                                                "msg_wechatwk is missing",
		`"aud_wechatwk_linkedcorp":["ww1/a"],"msg_wechatwk":[{"msgtype":"text","text":{"content":"一"},"enable_id_trans":1}]`: "enable_id_trans",
		`"aud_wechatwk_linkedcorp":["ww1/a"],"msg_wechatwk":[{"msgtype":"template_card","template_card":` + quoted(cards()["text_notice"]) + `}]`: "template_card",
		`"aud_wechatwk_linkedcorp":["ww1/` + strings.Repeat("x", 64) + `"],` + text:                                                               "",
		`"aud_wechatwk_linkedcorp":[{"sender":"wk","data":["ww1/a"]}],` + text:                                                                    "",
	} {
		var r *notify.Refusal
		_, err := h.room.Accept(context.Background(), office, "/v1/sent", "", []byte("{"+body+"}"))
		if words == "" && err != nil || words != "" && (!errors.As(err, &r) || !strings.Contains(err.Error(), words)) {
			t.Errorf("%.90s: %v", body, err)
		}
	}
	r, err := h.room.Accept(context.Background(), office, "/v1/sent", "", []byte(`{"aud_wechatwk_linkedcorp":["ww1/a"],"msg_wechatwk":[{"msgtype":"text","text":{"content":"一"},"enable_duplicate_check":1}]}`))
	if err != nil || len(r.Warnings) != 1 {
		t.Errorf("%+v %v", r, err)
	}
}
