package notify_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"wechattpp/notify"
	"wechattpp/simulator"
	"wechattpp/sql/sqltest"
)

const updatePath = simulator.WeComPath + "/cgi-bin/message/update_template_card"

// updated counts how often the card of each member was changed.
func updated(sim *simulator.Simulator) map[string]int {
	n := map[string]int{}
	for _, s := range sim.AppSends(theCorp, theAgent) {
		for _, u := range s.Updates {
			for _, id := range u.Users {
				n[id]++
			}
		}
	}
	return n
}

func (h *house) updates(msgID, body string) (notify.Updates, error) {
	return h.room.UpdateCards(context.Background(), office, msgID, []byte(body))
}

func TestCardsOfAMessageAreUpdatedOnceByTheCodeOfEachCall(t *testing.T) {
	all, parties := members(102), map[string][]string{}
	var numbers []string
	for i, id := range all { // a call carries a hundred departments
		numbers = append(numbers, fmt.Sprint(i+1))
		parties[numbers[i]] = []string{id}
	}
	eachWeCom(t, simulator.Corp{Members: all, Parties: parties}, func(h *house, sim *simulator.Simulator) {
		card := cards()["button_interaction"]
		h.until(h.room, h.office(cardBody(all[:2], changed(card, "task_id", strings.Repeat("x", 128)), "")))
		msgID := h.office(fmt.Sprintf(`{"aud_wechatwk_party":%s,"msg_wechatwk":[{"msgtype":"template_card","template_card":%s}]}`, quoted(numbers), quoted(changed(card, "task_id", "leave-381"))))
		h.until(h.room, msgID)
		if tasks := h.tasks(sim); len(tasks) != 3 || tasks[0] != "leave-381" || !strings.HasPrefix(tasks[1], "leave-381@") {
			h.t.Fatalf("task ids %v", tasks)
		}
		u, err := h.updates(msgID, `{"partyids":[101],"button":{"replace_name":"已办"}}`)
		if err != nil || len(u.Calls) != 1 || u.Calls[0].State != "updated" || u.Left {
			h.t.Fatalf("one of the second call: %+v %v", u, err)
		}
		u, err = h.updates(msgID, `{"partyids":[1,102,103],"template_card":`+quoted(changed(card, "replace_text", "已办"))+`}`)
		if err != nil || len(u.Calls) != 1 || !slices.Contains(u.Calls[0].Targets, "party/1") || !slices.Contains(u.Unknown, "party/102") {
			h.t.Errorf("one of each call: %+v %v", u, err)
		}
		if n := updated(sim); len(n) != 2 || n[all[0]] != 1 || n[all[100]] != 1 {
			h.t.Errorf("updated %v", n)
		}
		if _, err := h.updates(msgID, `{"atall":1,"button":{"replace_name":"已办"}}`); !errors.Is(err, notify.ErrNoCard) {
			h.t.Errorf("with every code used: %v", err)
		}
	})
}

func quoted(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// tasks are the task_ids of the cards that were taken.
func (h *house) tasks(sim *simulator.Simulator) (ids []string) {
	for _, s := range sim.AppSends(theCorp, theAgent) {
		var m struct {
			Card struct {
				Task string `json:"task_id"`
			} `json:"template_card"`
		}
		if err := json.Unmarshal(s.Body, &m); err != nil {
			h.t.Fatal(err)
		}
		ids = append(ids, m.Card.Task)
	}
	slices.Sort(ids) // calls go side by side
	return ids
}

func TestACardWhoseUpdateWasNotAnsweredMayBeAskedForAgain(t *testing.T) {
	eachWeCom(t, simulator.Corp{Members: members(3), Parties: map[string][]string{"3": {"Member.001"}}}, func(h *house, sim *simulator.Simulator) {
		body := strings.Replace(cardBody(members(1), cards()["vote_interaction"], ""), `"msg_wechatwk"`, `"aud_wechatwk_party":["3"],"msg_wechatwk"`, 1)
		msgID := h.office(body)
		if err := sim.Fail(simulator.Fault{Path: sendPath, Mode: simulator.ModeResetAfter}); err != nil {
			h.t.Fatal(err)
		}
		h.until(h.room, msgID)
		if sends := sim.AppSends(theCorp, theAgent); len(sends) != 1 || sends[0].Duplicates != 1 {
			h.t.Fatalf("the card was repeated with other bytes: %+v", sends)
		}
		if err := sim.Fail(simulator.Fault{Path: updatePath, Mode: simulator.ModeResetBefore}); err != nil {
			h.t.Fatal(err)
		}
		const ask = `{"userids":["member.001"],"partyids":[3],"button":{"replace_name":"投过了"}}`
		u, err := h.updates(msgID, ask)
		if err != nil || u.Calls[0].State != "unknown" {
			h.t.Fatalf("%+v %v", u, err)
		}
		if err := sim.Fail(simulator.Fault{Path: updatePath, Mode: simulator.ModeResetAfter}); err != nil {
			h.t.Fatal(err)
		}
		if u, err = h.updates(msgID, ask); err != nil || u.Calls[0].State != "unknown" {
			h.t.Fatalf("%+v %v", u, err)
		}
		if u, err = h.updates(msgID, ask); err != nil || u.Calls[0].State != "failed" || u.Calls[0].Code != 60140 {
			h.t.Errorf("the code was used by the call without an answer: %+v %v", u, err)
		}
		if n := updated(sim); n["Member.001"] != 1 || len(n) > 2 {
			h.t.Errorf("updated %v", n)
		}
	})
}

func TestCodesOfCardsAreSealedAndForgotten(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		source := sqltest.Source(t, kind)
		h, sim := weComHouse(t, source, simulator.Corp{Members: members(1)})
		msgID := h.office(cardBody(members(1), cards()["vote_interaction"], ""))
		h.until(h.room, msgID)
		code := sim.AppSends(theCorp, theAgent)[0].Code
		kept := sqltest.Texts(t, source, `SELECT code FROM card`)
		if len(kept) != 1 || code == "" || strings.Contains(kept[0], code) || len(kept[0]) < len(code) {
			t.Errorf("%s keeps %q of %q", kind, kept, code)
		}
		for _, column := range []string{`SELECT body_json FROM setting`, `SELECT data FROM feed`} {
			if all := strings.Join(sqltest.Texts(t, source, column), ""); strings.Contains(all, code) {
				t.Errorf("%s holds the code", column)
			}
		}
		if n, err := h.store.ForgetCodes(context.Background(), 10); n != 0 || err != nil {
			t.Errorf("forgot %d: %v", n, err)
		}
		sqltest.Exec(t, source, `UPDATE card SET until_at = 5`)
		if _, err := h.updates(msgID, `{"atall":1,"button":{"replace_name":"x"}}`); !errors.Is(err, notify.ErrNoCard) {
			t.Errorf("after 72 hours: %v", err)
		}
		if n, err := h.room.ForgetDue(context.Background()); n != 1 || err != nil {
			t.Errorf("forgot %d: %v", n, err)
		}
	}
}

func TestBadUpdatesOfCardsAreRefused(t *testing.T) {
	t.Parallel()
	h, _ := weComHouse(t, sqltest.Source(t, "sqlite"), simulator.Corp{Members: members(2)})
	msgID := h.office(cardBody(members(1), cards()["button_interaction"], ""))
	h.until(h.room, msgID)
	var r *notify.Refusal
	if _, err := h.room.Accept(context.Background(), office, "/v1/sent", "", []byte(cardBody(members(2), cards()["button_interaction"], ""))); !errors.As(err, &r) || !strings.Contains(err.Error(), "used before") {
		t.Errorf("a task_id a second time: %v", err)
	}
	const button = `"button":{"replace_name":"x"}`
	for body, words := range map[string]string{
		`{` + button + `}`:                          "userids is missing",
		`{"atall":1}`:                               "button or template_card",
		`{"atall":2,` + button + `}`:                "atall is 2",
		`{"atall":1,"button":{"replace_name":" "}}`: "replace_name is missing",
		`{"userids":["李"],` + button + `}`:          "userids[0] is no userid",
		`{"partyids":[` + strings.Repeat("1,", 100) + `1],` + button + `}`:                                          "partyids has 101",
		`{"atall":1,"template_card":{"card_type":"x"}}`:                                                             "card_type",
		`{"atall":1,"template_card":` + quoted(changed(cards()["vote_interaction"], "checkbox.disable", "x")) + `}`: "template_card",
		`{"atall":1,"response_code":"x",` + button + `}`:                                                            "response_code",
		`{"atall":1,` + button + `,"template_card":` + quoted(cards()["vote_interaction"]) + `}`:                    "one of the two",
	} {
		if _, err := h.updates(msgID, body); !errors.As(err, &r) || !strings.Contains(err.Error(), words) {
			t.Errorf("%.80s: %v", body, err)
		}
	}
	if _, err := h.updates("1cbwqb91s", `{"atall":1,`+button+`}`); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no message: %v", err)
	}
	if _, err := h.room.UpdateCards(context.Background(), notify.Client{ID: 8}, msgID, []byte(`{"atall":1,`+button+`}`)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("another client's: %v", err)
	}
	u, err := h.updates(msgID, `{"atall":1,"template_card":`+quoted(changed(cards()["vote_interaction"], "checkbox.disable", true))+`}`)
	if err != nil || u.Calls[0].State != "updated" {
		t.Errorf("a whole card: %+v %v", u, err)
	}
}
