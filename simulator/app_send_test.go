package simulator

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Sleeps in this file pass on the clock of a synctest bubble: nobody waits for them.

func (h *house) app(token, path, body string) answer {
	h.t.Helper()
	return h.read(h.do(http.MethodPost, WeComPath+"/cgi-bin/message/"+path+"?access_token="+token, body))
}

// appHouse has a company with members beside those of wecomHouse.
func appHouse(t *testing.T) (*house, string) {
	h := newHouse(t, func(*Config) {})
	err := h.sim.AddCorp(Corp{CorpID: corpID, Agents: []Agent{{AgentID: 1000002, Secret: "secret-two"}, {AgentID: 1000003, Secret: "secret-three"}},
		Members: []string{"LiWei", "zhaomin", "Poor"}, Unlicensed: []string{"Poor"}, Parties: map[string][]string{"3": {"zhaomin", "Poor"}}})
	if err != nil {
		t.Fatal(err)
	}
	return h, h.agentToken("secret-two")
}

func TestAnAppsMessageIsRefusedAsWeComWould(t *testing.T) {
	h, token := appHouse(t)
	many := func(n int) string { return strings.Repeat("|x", n)[1:] }
	article := func(n int) string { return strings.Repeat(`,{"title":"t","url":"https://a/"}`, n)[1:] }
	for body, code := range map[string]int64{
		`{"touser":"x","msgtype":"text","agentid":1000003,"text":{"content":"x"}}`:                                      301002,
		`{"touser":"x","msgtype":"text","text":{"content":"x"}}`:                                                        41011,
		`{"msgtype":"text","agentid":1000002,"text":{"content":"x"}}`:                                                   82001,
		`{"touser":"nobody","msgtype":"text","agentid":1000002,"text":{"content":"x"}}`:                                 81013,
		`{"touser":"` + many(1001) + `","msgtype":"text","agentid":1000002,"text":{"content":"x"}}`:                     40032,
		`{"touser":"` + many(1000) + `","msgtype":"text","agentid":1000002,"text":{"content":"x"}}`:                     81013,
		`{"toparty":"` + many(101) + `","msgtype":"text","agentid":1000002,"text":{"content":"x"}}`:                     82002,
		`{"totag":"` + many(101) + `","msgtype":"text","agentid":1000002,"text":{"content":"x"}}`:                       82003,
		`{"touser":"liwei","msgtype":"text","agentid":1000002,"text":{"content":" "}}`:                                  44004,
		`{"touser":"liwei","msgtype":"text","agentid":1000002,"text":{"content":"\u003c"}}`:                             40033,
		`{"touser":"liwei","msgtype":"poem","agentid":1000002}`:                                                         40008,
		`{"touser":"liwei","msgtype":"image","agentid":1000002,"image":{}}`:                                             41006,
		`{"touser":"liwei","msgtype":"news","agentid":1000002,"news":{"articles":[` + article(9) + `]}}`:                45008,
		`{"touser":"liwei","msgtype":"news","safe":1,"agentid":1000002,"news":{"articles":[` + article(1) + `]}}`:       40074,
		`{"touser":"liwei","msgtype":"news","agentid":1000002,"news":{"articles":[` + article(8) + `]}}`:                0,
		`{"touser":"@all","msgtype":"miniprogram_notice","miniprogram_notice":{"appid":"wx1"}}`:                         40031,
		`{"touser":"liwei","msgtype":"text","agentid":1000002,"duplicate_check_interval":14401,"text":{"content":"x"}}`: 40035,
	} {
		if got := h.app(token, "send", body).code(); got != code {
			t.Errorf("%.90s: %d, want %d", body, got, code)
		}
	}
}

func TestAnAppsMessageReachesSomeAndNamesTheOthers(t *testing.T) {
	h, token := appHouse(t)
	got := h.app(token, "send", `{"touser":"LIWEI|NoBody|poor","toparty":"3|4","msgtype":"text","agentid":1000002,"text":{"content":"`+strings.Repeat("好", 683)+`"}}`)
	if got.code() != 0 || got.text("invaliduser") != "nobody" || got.text("unlicenseduser") != "poor" || got.text("invalidparty") != "4" || got.text("msgid") == "" {
		t.Errorf("answer %v", got)
	}
	sends := h.sim.AppSends(corpID, 1000002)
	if len(sends) != 1 || fmt.Sprint(sends[0].Reached) != "[LIWEI zhaomin]" || len(sends[0].Text) != 2046 {
		t.Errorf("sends %+v", sends)
	}
}

func TestAnAppsRepeatsAreNoticedFloodsDroppedAndMessagesRecalledForADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, token := appHouse(t)
		const body = `{"touser":"liwei","msgtype":"text","agentid":1000002,"text":{"content":"x"},"enable_duplicate_check":1,"duplicate_check_interval":600}`
		first := h.app(token, "send", body).text("msgid")
		time.Sleep(599 * time.Second) // of a fake clock: just within the interval
		if h.app(token, "send", body).text("msgid") != first || len(h.sim.AppSends(corpID, 1000002)) != 1 {
			t.Error("a repeat within the interval is a message of its own")
		}
		time.Sleep(time.Second)
		if h.app(token, "send", body).text("msgid") == first {
			t.Error("the same bytes after the interval are swallowed")
		}
		for i := range 30 {
			h.app(token, "send", fmt.Sprintf(`{"touser":"liwei","msgtype":"text","agentid":1000002,"text":{"content":"%d"}}`, i))
		}
		sends := h.sim.AppSends(corpID, 1000002)
		if last := sends[len(sends)-1]; len(last.Dropped) != 1 || len(last.Reached) != 0 {
			t.Errorf("the 31st within a minute: %+v", last)
		}
		wantCode(t, h.app(token, "recall", `{"msgid":"`+first+`"}`), 0)
		wantCode(t, h.app(h.agentToken("secret-three"), "recall", `{"msgid":"`+first+`"}`), 40058)
		if !h.sim.AppSends(corpID, 1000002)[0].Recalled {
			t.Error("not recalled")
		}
		time.Sleep(24 * time.Hour)
		wantCode(t, h.app(h.agentToken("secret-two"), "recall", `{"msgid":"`+first+`"}`), 42052)
	})
}

func TestAnAppMaySendTheFilesOfItsOwnCompanyForThreeDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, token := appHouse(t)
		err := h.sim.AddCorp(Corp{CorpID: "ww00000000000000cc", Agents: []Agent{{AgentID: 1000002, Secret: "secret-cc"}}})
		if err != nil {
			t.Fatal(err)
		}
		upload := func(token string) string {
			t.Helper()
			return h.uploaded(WeComPath+"/cgi-bin/media/upload?type=voice&access_token="+token, "a.amr", "#!AMR\n123").text("media_id")
		}
		own := upload(h.agentToken("secret-three"))
		other := upload(h.wecom("gettoken", "corpid=ww00000000000000cc&corpsecret=secret-cc").text("access_token"))
		send := func(kind, id string) int64 {
			return h.app(token, "send", `{"touser":"liwei","msgtype":"`+kind+`","agentid":1000002,"`+kind+`":{"media_id":"`+id+`"}}`).code()
		}
		if got := fmt.Sprint(send("voice", own), send("file", own), send("voice", other), send("voice", own+"x")); got != "0 40007 40007 40007" {
			t.Errorf("own, as a file, another company's, unknown: %s", got)
		}
		article := h.app(token, "send", `{"touser":"liwei","msgtype":"mpnews","agentid":1000002,"mpnews":{"articles":[{"title":"t","thumb_media_id":"`+own+`","content":"c"}]}}`)
		task := h.read(h.do(http.MethodPost, WeComPath+"/cgi-bin/externalcontact/add_msg_template?access_token="+token,
			`{"sender":"liwei","text":{"content":"a"},"attachments":[{"msgtype":"file","file":{"media_id":"`+own+`"}}]}`))
		if article.code() != 40007 || task.code() != 40007 {
			t.Errorf("a voice as an article's picture %d, as a file for customers %d", article.code(), task.code())
		}
		time.Sleep(72*time.Hour - time.Second)
		token = h.agentToken("secret-two")
		before := send("voice", own)
		time.Sleep(time.Second)
		if after := send("voice", own); before != 0 || after != 40007 {
			t.Errorf("a second before three days %d, then %d", before, after)
		}
	})
}
