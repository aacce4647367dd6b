package simulator

import (
	"strings"
	"testing"
)

func TestAOneTimeMessageTakesAConfirmationOfItsScene(t *testing.T) {
	h := newHouse(t, nil)
	access, _ := h.accountToken(shop)
	template := SampleWorld()[0].OneTime
	send := func(change object) answer {
		body := object{"touser": customer, "template_id": template, "scene": "7", "title": "预约结果", "data": object{"content": object{"value": "已确认"}}}
		for k, v := range change {
			body[k] = v
		}
		return h.call("/cgi-bin/message/template/subscribe?access_token="+access, body)
	}
	h.call("/simulator/subscriptions", object{"appid": shop, "openid": customer, "template_id": template, "scene": 7})
	h.call("/simulator/subscriptions", object{"appid": shop, "openid": customer, "template_id": template, "scene": 7})
	for _, c := range []struct {
		change object
		code   int64
	}{
		{object{"touser": ""}, 41009}, {object{"touser": "oNobody"}, 40003}, {object{"template_id": "x"}, 40037}, {object{"scene": "10001"}, 47001}, {object{"scene": 7}, 47001}, {object{"title": ""}, 47001},
		{object{"title": strings.Repeat("题", 16)}, 45003}, {object{"data": object{"content": object{"value": strings.Repeat("x", 201)}}}, 47003}, {object{"data": object{"thing1": object{"value": "x"}}}, 47001},
		{object{"scene": "8"}, 43101}, {nil, 0}, {nil, 43101},
	} {
		wantCode(t, send(c.change), c.code)
	}
}

func TestNotificationsAreOfOfficialAccountsWithTheirSet(t *testing.T) {
	h := newHouse(t, nil).run()
	body := object{"touser": customer, "template_id": parcelHere.ID, "page": "https://shop.example.com/w/9", "data": object{
		"thing1": object{"value": "快递已到站"}, "time2": object{"value": "2025-06-01 18:05"}}}
	send := func(access string) answer {
		return h.call("/cgi-bin/message/subscribe/bizsend?access_token="+access, body)
	}
	access := h.authorizedWith(shop, []int{7})
	wantCode(t, send(access), 61007)
	access, _ = h.accountToken(shop)
	wantCode(t, send(access), 43101)
	h.call("/simulator/subscriptions", object{"appid": shop, "openid": customer, "template_id": parcelHere.ID, "silent": true})
	body["lang"] = "zh_CN"
	wantCode(t, send(access), 47001)
	delete(body, "lang")
	wantCode(t, send(access), 0)
	mini, _ := h.accountToken(miniProgram)
	wantCode(t, send(mini), 48001)
	wantCode(t, h.call("/cgi-bin/message/template/subscribe?access_token="+mini, body), 48001)
}
