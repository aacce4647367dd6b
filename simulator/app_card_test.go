package simulator

import (
	"fmt"
	"strings"
	"testing"
)

const plainCard = `"card_type":"text_notice","main_title":{"title":"t"},"card_action":{"type":1,"url":"https://a/"}`

func cardSend(card string) string {
	return `{"touser":"liwei","msgtype":"template_card","agentid":1000002,"template_card":{` + card + `}}`
}

func TestACardIsRefusedAsWeComWould(t *testing.T) {
	h, token := appHouse(t)
	const button = `"card_type":"button_interaction","main_title":{"title":"t"},"task_id":"%s","button_list":[{"text":"x","key":"%s"}]`
	for card, code := range map[string]int64{
		plainCard:            0,
		`"card_type":"poem"`: 42031,
		`"card_type":"text_notice","main_title":{"title":"t"}`:                                                      42045,
		`"card_type":"text_notice","main_title":{"desc":"t"},"card_action":{"type":1,"url":"https://a/"}`:           42033,
		`"card_type":"text_notice","sub_title_text":"t","card_action":{"type":2}`:                                   42030,
		`"card_type":"text_notice","sub_title_text":"t","card_action":{"type":1}`:                                   42028,
		plainCard + `,"submit_button":{"text":"x","key":"k"}`:                                                       40058,
		plainCard + `,"horizontal_content_list":[{"value":"x"}]`:                                                    42027,
		plainCard + `,"horizontal_content_list":[{"keyname":"x","type":2}]`:                                         42029,
		plainCard + `,"horizontal_content_list":[{"keyname":"x","type":3}]`:                                         42050,
		plainCard + `,"action_menu":{"action_list":[{"text":"a","key":"k"}]}`:                                       42014,
		plainCard + `,"task_id":"t1","action_menu":{"action_list":[{"text":"a","key":"k"},{"text":"b","key":"k"}]}`: 42051,
		`"card_type":"news_notice","main_title":{"title":"t"},"card_action":{"type":1,"url":"https://a/"}`:          42044,
		fmt.Sprintf(button, "任务", "k"):                                                                              42014,
		fmt.Sprintf(button, "t", ""):                                                                                42039,
		fmt.Sprintf(button, "t", "k"):                                                                               43012,
		`"card_type":"vote_interaction","main_title":{"title":"t"},"task_id":"t","checkbox":{"question_key":"q","option_list":[{"id":"a","text":"b"}]},"submit_button":{"text":"x","key":"k"}`: 40063,
		`"card_type":"multiple_interaction","main_title":{"title":"t"},"task_id":"t","select_list":[{"question_key":"q","option_list":[{"id":"a"}]}],"submit_button":{"text":"x","key":"k"}`:   42041,
	} {
		if got := h.app(token, "send", cardSend(card)).code(); got != code {
			t.Errorf("%.120s: %d, want %d", card, got, code)
		}
	}
}

func TestACardIsUpdatedOnceByItsCode(t *testing.T) {
	h := newHouse(t, func(*Config) {})
	err := h.sim.AddCorp(Corp{CorpID: corpID, Agents: []Agent{{AgentID: 1000002, Secret: "secret-two", Receives: true}}, Members: []string{"LiWei", "zhaomin"}})
	if err != nil {
		t.Fatal(err)
	}
	token := h.agentToken("secret-two")
	send := cardSend(`"card_type":"button_interaction","main_title":{"title":"t"},"task_id":"t-1","button_list":[{"text":"x","key":"k"}]`)
	sent := h.app(token, "send", send)
	code := sent.text("response_code")
	if sent.code() != 0 || code == "" {
		t.Fatalf("%v", sent)
	}
	if got := h.app(token, "send", send).code(); got != 42014 {
		t.Errorf("the same task_id again: %d", got)
	}
	update := func(who, what string) answer {
		return h.app(token, "update_template_card", `{`+who+`"agentid":1000002,"response_code":"`+code+`",`+what+`}`)
	}
	const gone = `"button":{"replace_name":"done"}`
	for _, c := range []struct {
		who, what string
		code      int64
	}{
		{``, gone, 82101},
		{`"userids":["zhaomin"],`, gone, 82102},
		{`"userids":["liwei"],`, `"template_card":{"card_type":"poem"}`, 42031},
		{`"userids":["liwei"],`, gone + `,"template_card":{` + plainCard + `}`, 40058},
		{`"userids":["` + strings.Repeat(`x","`, 1000) + `x"],`, gone, 40032},
		{`"userids":["liwei","zhaomin"],`, `"template_card":{` + plainCard + `,"replace_text":"done"}`, 0},
		{`"atall":1,`, gone, 60140},
	} {
		a := update(c.who, c.what)
		if a.code() != c.code {
			t.Errorf("%.40s %.40s: %v, want %d", c.who, c.what, a, c.code)
		}
		if list, _ := a["invaliduser"].([]any); c.code == 0 && fmt.Sprint(list) != "[zhaomin]" {
			t.Errorf("invaliduser %v", list)
		}
	}
	if s := h.sim.AppSends(corpID, 1000002); len(s[0].Updates) != 1 || fmt.Sprint(s[0].Updates[0].Users) != "[liwei]" {
		t.Errorf("%+v", s[0].Updates)
	}
}

func TestMembersOfLinkedCompaniesAreReachedByACallOfTheirOwn(t *testing.T) {
	h := newHouse(t, func(*Config) {})
	err := h.sim.AddCorp(Corp{CorpID: corpID, Agents: []Agent{{AgentID: 1000002, Secret: "secret-two"}}, Members: []string{"LiWei"},
		Linked: []string{"wwb/hu.jing"}, LinkedParties: map[string][]string{"LK/12": {"wwb/hu.jing", "wwb/other"}}})
	if err != nil {
		t.Fatal(err)
	}
	token := h.agentToken("secret-two")
	linked := func(body string) answer {
		return h.read(h.do("POST", WeComPath+"/cgi-bin/linkedcorp/message/send?access_token="+token, `{"msgtype":"text","agentid":1000002,"text":{"content":"x"},`+body+`}`))
	}
	for body, code := range map[string]int64{
		`"touser":[]`: 82001, `"touser":"wwb/hu.jing"`: 40058, `"touser":["wwc/x"]`: 81013, `"toall":1`: 0, `"toparty":["LK/12"]`: 0, `"touser":["x"],"msgtype":"template_card"`: 40008,
	} {
		if got := linked(body); got.code() != code {
			t.Errorf("%s: %v, want %d", body, got, code)
		}
	}
	a := linked(`"touser":["wwb/Hu.jing","liwei","wwb/Nobody"]`)
	if a.code() != 0 || fmt.Sprint(a["invaliduser"]) != "[wwb/nobody]" || a["msgid"] != nil {
		t.Errorf("%v", a)
	}
	s := h.sim.AppSends(corpID, 1000002)
	if last := s[len(s)-1]; !last.Linked || len(last.Reached) != 2 {
		t.Errorf("%+v", last)
	}
}
