package simulator

import (
	"testing"
	"testing/synctest"
)

const visitor = "oMini00000000000000000000001"

// called is a subscribe message that the vendor takes.
func called(change object) object {
	body := object{"touser": visitor, "template_id": queueCalled.ID, "page": "pages/queue?no=12", "miniprogram_state": "formal", "lang": "zh_CN", "data": object{
		"phrase1": object{"value": "已叫号"}, "character_string2": object{"value": "A012"}, "date3": object{"value": "2026-06-01 10:10"},
	}}
	for k, v := range change {
		body[k] = v
	}
	return body
}

func TestASubscribeMessageTakesARight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, nil).run()
		access, _ := h.accountToken(miniProgram)
		send := func(change object) answer {
			return h.call("/cgi-bin/message/subscribe/send?access_token="+access, called(change))
		}
		wantCode(t, send(nil), 43101)
		for range 2 {
			h.call("/simulator/subscriptions", object{"appid": miniProgram, "openid": visitor, "template_id": queueCalled.ID})
		}
		if n := len(h.waitFor("subscribe_msg_popup_event", 2)); n != 2 {
			t.Errorf("%d popups", n)
		}
		for _, c := range []struct {
			change object
			code   int64
		}{
			{object{"touser": ""}, 41009}, {object{"touser": "oNobody"}, 40003}, {object{"template_id": "x"}, 40037}, {object{"page": "pages/gone"}, 41030},
			{object{"lang": "de"}, 47001}, {object{"miniprogram_state": "beta"}, 47001}, {object{"data": object{"phrase1": object{"value": "ok"}}}, 47003},
			{object{"data": object{}}, 47003}, {object{"page": ""}, 0}, {nil, 0}, {nil, 43101},
		} {
			wantCode(t, send(c.change), c.code)
		}
		if sent := h.waitFor("subscribe_msg_sent_event", 2); sent[0].inner.FromUserName != visitor {
			t.Errorf("sent event %+v", sent[0])
		}
		h.call("/simulator/subscriptions", object{"appid": miniProgram, "openid": visitor, "template_id": queueCalled.ID, "silent": true})
		h.call("/simulator/subscriptions", object{"appid": miniProgram, "openid": visitor, "template_id": queueCalled.ID, "action": "reject", "silent": true})
		wantCode(t, send(nil), 43101)
	})
}

func TestSubscribeMessagesAreOfMiniProgramsWithTheirSet(t *testing.T) {
	h := newHouse(t, nil)
	oa, _ := h.accountToken(shop)
	wantCode(t, h.call("/cgi-bin/message/subscribe/send?access_token="+oa, called(nil)), 48001)
	h = newHouse(t, nil)
	h.run()
	wantCode(t, h.call("/cgi-bin/message/subscribe/send?access_token="+h.authorizedWith(miniProgram, []int{17}), called(nil)), 61007)
}

func TestAmountsOfSubscriptionsAreShorter(t *testing.T) {
	t.Parallel()
	for kind, code := range map[int]int{templateMessage: 0, oneTimeTemplate: 47003} {
		f := newPattern(Template{Type: kind, Content: "{{amount1.DATA}}"}).refuses(map[string]templateValue{"amount1": {Value: "¥12345678901"}})
		if f == nil && code != 0 || f != nil && f.Code != code {
			t.Errorf("type %d: %+v, want %d", kind, f, code)
		}
	}
}
