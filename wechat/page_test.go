package wechat

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestAPageIsSignedAsTheVendorsPageShows(t *testing.T) {
	t.Parallel()
	// The example of the appendix on https://developers.weixin.qq.com/doc/service/guide/h5/jssdk.html
	const ticket = "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg"
	if got := SignPage(ticket, "Wm3WZYTPz0wzccnW", 1414587457, "http://mp.weixin.qq.com?params=value"); got != "0f9de62fce790f9a083d5c99e95740ceb90c27ed" {
		t.Errorf("signed %s", got)
	}
}

func TestThePageTicketIsReadAndAnEmptyOneRefused(t *testing.T) {
	t.Parallel()
	answer := `{"errcode":0,"errmsg":"ok","ticket":"TICKET","expires_in":7200}`
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/cgi-bin/ticket/getticket" || r.URL.Query().Get("type") != "jsapi" || r.URL.Query().Get("access_token") != "61_F" {
			t.Errorf("asked %s", r.URL)
		}
		_, _ = w.Write([]byte(answer))
	}))
	t.Cleanup(vendor.Close)
	a := API{Base: vendor.URL}.Account("wx1", FixedToken("61_F"))
	if got, err := a.PageTicket(t.Context()); err != nil || got != (Lent{Access: "TICKET", Life: 2 * time.Hour}) {
		t.Errorf("%v, %v", got, err)
	}
	for _, answer = range []string{`{"errcode":0}`, `{"ticket":""}`, `{"errcode":61007,"errmsg":"x"}`} {
		if got, err := a.PageTicket(t.Context()); err == nil || got.Access != "" {
			t.Errorf("%s gave %v, %v", answer, got, err)
		}
	}
	if _, err := a.PageTicket(t.Context()); !errors.Is(err, ErrPermission) {
		t.Errorf("without the set: %v", err)
	}
}

func TestAnswersOfUsersAreReadInEveryForm(t *testing.T) {
	t.Parallel()
	const list = `<List><TemplateId>A</TemplateId><SubscribeStatusString>accept</SubscribeStatusString><PopupScene>1</PopupScene></List>` +
		`<List><TemplateId>B</TemplateId><SubscribeStatusString>reject</SubscribeStatusString></List>` +
		`<List><TemplateId>C</TemplateId><SubscribeStatusString>filter</SubscribeStatusString></List>`
	xml := func(event, wrapper string) string {
		return `<xml><ToUserName>gh_1</ToUserName><FromUserName>oA</FromUserName><CreateTime>1748741400</CreateTime><MsgType>event</MsgType><Event>` + event + `</Event><` +
			wrapper + `>` + list + `</` + wrapper + `></xml>`
	}
	json := func(event, list string) string {
		return `{"ToUserName":"gh_1","FromUserName":"oA","CreateTime":1748741400,"MsgType":"event","Event":"` + event + `","List":` + list + `}`
	}
	yes, no := Answer{User: "oA", Template: "A", Accepted: true}, Answer{User: "oA", Template: "B"}
	set := Answer{User: "oA", Template: "B", Setting: true}
	for body, want := range map[string][]Answer{
		xml("subscribe_msg_popup_event", "SubscribeMsgPopupEvent"):                                                                                      {yes, no},
		xml("subscribe_msg_change_event", "SubscribeMsgChangeEvent"):                                                                                    {set},
		xml("subscribe_msg_change_event", "SubscribeMsgPopupEvent"):                                                                                     {set}, // the documentation once showed this wrapper
		json("subscribe_msg_popup_event", `{"TemplateId":"A","SubscribeStatusString":"accept","PopupScene":"0"}`):                                       {yes},
		json("subscribe_msg_popup_event", `[{"TemplateId":"A","SubscribeStatusString":"accept"},{"TemplateId":"B","SubscribeStatusString":"reject"}]`):  {yes, no},
		json("subscribe_msg_change_event", `[{"TemplateId":"B","SubscribeStatusString":"reject"},{"TemplateId":"A","SubscribeStatusString":"accept"}]`): {set},
		json("subscribe_msg_sent_event", `{"TemplateId":"A","MsgID":"1","ErrorCode":"0","ErrorStatus":"success"}`):                                      nil,
		json("subscribe_msg_popup_event", `[]`):                                                                                                         nil,
		json("subscribe_msg_popup_event", `7`):                                                                                                          nil,
	} {
		p, err := ParsePush([]byte(body))
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		got := p.Answers([]byte(body))
		if len(got) != len(want) {
			t.Errorf("%s: %+v, want %+v", body, got, want)
			continue
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s: %+v, want %+v", body, got[i], want[i])
			}
		}
	}
}
