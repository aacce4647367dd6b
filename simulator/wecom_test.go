package simulator

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Sleeps in this file pass on the clock of a synctest bubble: nobody waits for them.

const corpID = "ww00000000000000aa"

// wecomHouse has two companies: one with two apps, one with one.
func wecomHouse(t *testing.T) *house {
	h := newHouse(t, func(c *Config) { c.WrongSecrets = 3 })
	err := h.sim.AddCorp(
		Corp{CorpID: corpID, Agents: []Agent{{AgentID: 1000002, Name: "通知", Secret: "secret-two"}, {AgentID: 1000003, Secret: "secret-three"}}},
		Corp{CorpID: "ww00000000000000bb", Agents: []Agent{{AgentID: 1000002, Secret: "secret-other"}}})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) wecom(path, query string, a ...any) answer {
	h.t.Helper()
	return h.read(h.do(http.MethodGet, WeComPath+"/cgi-bin/"+path+"?"+fmt.Sprintf(query, a...), ""))
}

func (h *house) agentToken(secret string) string {
	h.t.Helper()
	return h.wecom("gettoken", "corpid=%s&corpsecret=%s", corpID, secret).text("access_token")
}

func TestWeComGivesTheSameTokenUntilItEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := wecomHouse(t)
		first := h.agentToken("secret-two")
		if first == "" || first == h.agentToken("secret-three") {
			t.Fatal("two apps share a token")
		}
		time.Sleep(2*time.Hour - time.Second)
		if got := h.wecom("gettoken", "corpid=%s&corpsecret=secret-two", corpID); got.text("access_token") != first || fmt.Sprint(got["expires_in"]) != "1" || fmt.Sprint(got["errcode"]) != "0" {
			t.Errorf("a second before its end: %v", got)
		}
		time.Sleep(time.Second)
		wantCode(t, h.wecom("agent/get", "agentid=1000002&access_token=%s", first), 42001)
		if h.agentToken("secret-two") == first {
			t.Error("the same after its end")
		}
		wantCode(t, h.wecom("agent/get", "agentid=1000002&access_token=%s", first), 40014)
	})
}

func TestAnAppOfWeComSeesItselfAlone(t *testing.T) {
	h := wecomHouse(t)
	token := h.agentToken("secret-two")
	if got := h.wecom("agent/get", "agentid=1000002&access_token=%s", token); got.text("name") != "通知" || got.code() != 0 {
		t.Errorf("itself: %v", got)
	}
	if got := h.wecom("get_api_domain_ip", "access_token=%s", token); len(got["ip_list"].([]any)) == 0 {
		t.Errorf("addresses: %v", got)
	}
	wantCode(t, h.wecom("agent/get", "agentid=1000003&access_token=%s", token), 301002)
	wantCode(t, h.wecom("agent/get", "agentid=7&access_token=%s", token), 40056)
	wantCode(t, h.wecom("agent/get", "access_token=%s", token), 41011)
	wantCode(t, h.wecom("agent/get", "agentid=1000002"), 41001)
	wantCode(t, h.wecom("agent/get", "agentid=1000002&access_token=WK_9-x"), 40014)
	if err := h.sim.Edit(Edit{CorpID: corpID, AgentID: 1000002, IPList: &[]string{"198.51.100.1"}}); err != nil {
		t.Fatal(err)
	}
	got := h.wecom("agent/get", "agentid=1000002&access_token=%s", token)
	if got.code() != 60020 || !strings.Contains(got.text("errmsg"), "not allow to access from your ip, hint: [") || !strings.Contains(got.text("errmsg"), "], from ip: 203.0.113.7, more info at ") {
		t.Errorf("an address it does not trust: %v", got)
	}
	if h.agentToken("secret-two") != token {
		t.Error("gettoken minds the address, too")
	}
	if calls := h.sim.Calls().Accounts[corpID]; calls[WeComPath+"/cgi-bin/gettoken"] != 2 || calls[WeComPath+"/cgi-bin/agent/get"] != 5 {
		t.Errorf("calls of the company: %v", calls)
	}
}

func TestWrongSecretsBanTheAddressForAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := wecomHouse(t)
		wrong := func(query string, want int64) {
			t.Helper()
			wantCode(t, h.wecom("gettoken", "%s", query), want)
		}
		wrong("corpid="+corpID, 41004)
		wrong("corpsecret=x", 41002)
		wrong("corpid="+corpID+"&corpsecret=x", 40001)
		wrong("corpid="+corpID+"&corpsecret=secret-other", 40091)
		if h.agentToken("secret-two") == "" {
			t.Fatal("banned after two tries of three")
		}
		wrong("corpid=ww0&corpsecret=x", 40013)
		wrong("corpid="+corpID+"&corpsecret=secret-two", 45009)
		time.Sleep(time.Hour)
		if h.agentToken("secret-two") == "" {
			t.Error("still banned after an hour")
		}
		closed := true
		if err := h.sim.Edit(Edit{CorpID: corpID, AgentID: 1000003, Closed: &closed}); err != nil {
			t.Fatal(err)
		}
		wrong("corpid="+corpID+"&corpsecret=secret-three", 40001)
	})
}

func TestAnEmployeeSendsAMassMessageOverHTTP(t *testing.T) {
	h := newHouse(t, func(*Config) {})
	if err := h.sim.AddCorp(Corp{CorpID: corpID, Agents: []Agent{{AgentID: 1, Secret: "s"}}, Customers: map[string][]string{"li.na": {"wmA"}}}); err != nil {
		t.Fatal(err)
	}
	token := h.wecom("gettoken", "corpid=%s&corpsecret=s", corpID).text("access_token")
	made := h.read(h.do(http.MethodPost, WeComPath+"/cgi-bin/externalcontact/add_msg_template?access_token="+token, `{"sender":"li.na","text":{"content":"a"}}`))
	body := `{"corp_id":"` + corpID + `","userid":"li.na","msgid":"` + made.text("msgid") + `"}`
	for _, c := range []struct{ body, want string }{{body, `{"ok":true}`}, {strings.Replace(body, "li.na", "zhao", 1), "no such task"}} {
		if got := string(marshal(h.read(h.do(http.MethodPost, "/simulator/customers-sent", c.body)))); !strings.Contains(got, c.want) {
			t.Errorf("%s gave %s", c.body, got)
		}
	}
	if all := h.sim.CustomerTasks(corpID); len(all) != 1 || len(all[0].Sent) != 1 {
		t.Errorf("%+v", all)
	}
}

func TestWhatChatsAndGroupsGotIsShownOverHTTP(t *testing.T) {
	h := newHouse(t, func(*Config) {})
	err := h.sim.AddCorp(Corp{CorpID: corpID, Agents: []Agent{{AgentID: 1, Secret: "s"}}, Members: []string{"a", "b"}, Webhooks: []Webhook{{Key: "k1"}}})
	if err != nil {
		t.Fatal(err)
	}
	token := h.wecom("gettoken", "corpid=%s&corpsecret=s", corpID).text("access_token")
	for path, body := range map[string]string{"appchat/create?access_token=" + token: `{"chatid":"c1","userlist":["a","b"]}`, "webhook/send?key=k1": `{"msgtype":"text","text":{"content":"to the group"}}`} {
		wantCode(t, h.read(h.do(http.MethodPost, WeComPath+"/cgi-bin/"+path, body)), 0)
	}
	wantCode(t, h.read(h.do(http.MethodPost, WeComPath+"/cgi-bin/appchat/send?access_token="+token, `{"chatid":"c1","msgtype":"text","text":{"content":"to the chat"}}`)), 0)
	for query, want := range map[string]string{"chat-sends?corp_id=" + corpID + "&chatid=c1": "to the chat", "webhook-sends?key=k1": "to the group", "chat-sends?corp_id=" + corpID + "&chatid=c2": "no such chat"} {
		res := h.do(http.MethodGet, "/simulator/"+query, "")
		got, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || !strings.Contains(string(got), want) {
			t.Errorf("%s: %s, %v", query, got, err)
		}
	}
}
