package notify_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"wechattpp/notify"
	"wechattpp/simulator"
	"wechattpp/sql/sqltest"
)

type object = map[string]any

// cards is one of each kind with every block that it may have.
func cards() map[string]object {
	source := object{"icon_url": "https://a.example/i.png", "desc": "人事", "desc_color": 3}
	plain := object{"icon_url": "https://a.example/i.png", "desc": "人事"}
	menu := object{"desc": "更多", "action_list": []any{object{"text": "不再提醒", "key": "mute"}, object{"text": "详情", "key": "more"}}}
	quote := object{"type": 1, "url": "https://a.example/q", "title": "引用", "quote_text": "原文 <b>&"}
	rows := []any{object{"keyname": "日期", "value": "3月12日"}, object{"keyname": "官网", "type": 1, "value": "打开", "url": "https://a.example/"},
		object{"keyname": "附件", "type": 2, "value": "假条.pdf", "media_id": "M"}, object{"keyname": "申请人", "type": 3, "value": "李伟", "userid": "liwei"}}
	jumps := []any{object{"type": 1, "url": "https://a.example/", "title": "官网"}, object{"type": 2, "appid": "wx1", "pagepath": "p", "title": "小程序"}, object{"type": 0, "title": "无"}}
	action := object{"type": 1, "url": "https://a.example/"}
	title := object{"title": "请假申请", "desc": "赵敏,两天"}
	options := []any{object{"id": "1", "text": "上午"}, object{"id": "2", "text": "下午"}}
	submit := object{"text": "提交", "key": "go"}
	return map[string]object{
		"text_notice": {"card_type": "text_notice", "source": source, "action_menu": menu, "task_id": "t-1", "main_title": title, "quote_area": quote,
			"emphasis_content": object{"title": "100", "desc": "分"}, "sub_title_text": "下班前", "horizontal_content_list": rows, "jump_list": jumps, "card_action": action},
		"news_notice": {"card_type": "news_notice", "source": source, "action_menu": menu, "task_id": "t-2", "main_title": title, "quote_area": quote,
			"card_image": object{"url": "https://a.example/c.png", "aspect_ratio": 1.3}, "vertical_content_list": []any{object{"title": "惊喜", "desc": "红包"}},
			"horizontal_content_list": rows, "jump_list": jumps, "card_action": action},
		"button_interaction": {"card_type": "button_interaction", "source": source, "action_menu": menu, "task_id": "t-3", "main_title": title, "quote_area": quote,
			"sub_title_text": "下班前", "horizontal_content_list": rows, "card_action": object{"type": 0},
			"button_selection": object{"question_key": "when", "title": "何时", "option_list": options, "selected_id": "2"},
			"button_list":      []any{object{"text": "同意", "style": 1, "key": "ok"}, object{"text": "驳回", "style": 2, "key": "no"}, object{"text": "看", "type": 1, "url": "https://a.example/"}}},
		"vote_interaction": {"card_type": "vote_interaction", "source": plain, "task_id": "t-4", "main_title": title, "submit_button": submit,
			"checkbox": object{"question_key": "q", "mode": 1, "option_list": []any{object{"id": "a", "text": "甲", "is_checked": true}, object{"id": "b", "text": "乙", "is_checked": false}}}},
		"multiple_interaction": {"card_type": "multiple_interaction", "source": plain, "task_id": "t-5", "main_title": title, "submit_button": submit,
			"select_list": []any{object{"question_key": "q1", "title": "时间", "selected_id": "1", "option_list": options}, object{"question_key": "q2", "option_list": options}}},
	}
}

// changed is a card with one field of a path "a.b.0.c" set, or dropped if v is
// nil.
func changed(card object, path string, v any) object {
	raw, err := json.Marshal(card)
	if err != nil {
		panic(err)
	}
	var fresh object
	if err := json.Unmarshal(raw, &fresh); err != nil {
		panic(err)
	}
	var at any = fresh
	steps := strings.Split(path, ".")
	for _, step := range steps[:len(steps)-1] {
		switch now := at.(type) {
		case object:
			at = now[step]
		case []any:
			at = now[step[0]-'0']
		}
	}
	last := steps[len(steps)-1]
	if v == nil {
		delete(at.(object), last)
	} else {
		at.(object)[last] = v
	}
	return fresh
}

func TestEveryKindOfCardIsSentAsWeComTakesIt(t *testing.T) {
	eachWeCom(t, simulator.Corp{Members: members(3)}, func(h *house, sim *simulator.Simulator) {
		for kind, card := range cards() {
			msgID := h.office(cardBody(members(3), card, ""))
			if m := h.until(h.room, msgID); m.Counts[notify.Sent] != 3 {
				h.t.Errorf("%s: %+v", kind, h.recipients(msgID))
			}
			sends := sim.AppSends(theCorp, theAgent)
			var got struct {
				Card object `json:"template_card"`
			}
			last := sends[len(sends)-1]
			if err := json.Unmarshal(last.Body, &got); err != nil {
				h.t.Fatal(err)
			}
			if want := changed(card, "none", nil); fmt.Sprint(got.Card) != fmt.Sprint(want) {
				h.t.Errorf("%s arrived as\n%v, not\n%v", kind, got.Card, want)
			}
			if strings.Contains(string(last.Body), `\u00`) {
				h.t.Errorf("escapes: %s", last.Body)
			}
		}
		plain := changed(changed(cards()["text_notice"], "action_menu", nil), "task_id", nil)
		h.until(h.room, h.office(cardBody(members(1), plain, `,"enable_id_trans":1`)))
		sends := sim.AppSends(theCorp, theAgent)
		if last := sends[len(sends)-1]; last.Code != "" || !strings.Contains(string(last.Body), `"enable_id_trans":1`) {
			h.t.Errorf("a card that calls nobody: %+v", last)
		}
	})
}

func cardBody(to []string, card object, more string) string {
	ids, _ := json.Marshal(to)
	o, _ := json.Marshal(card)
	return fmt.Sprintf(`{"aud_wechatwk":[{"data":%s}],"msg_wechatwk":[{"msgtype":"template_card","template_card":%s%s}]}`, ids, o, more)
}

func TestEveryLimitOfCardsHoldsJustInsideAndJustOutside(t *testing.T) {
	t.Parallel()
	h, _ := weComHouse(t, sqltest.Source(t, "sqlite"), simulator.Corp{Members: members(1)})
	numbered := func(n int, one func(i int) object) []any {
		list := make([]any, n)
		for i := range list {
			list[i] = one(i)
		}
		return list
	}
	name := func(i int) string { return fmt.Sprint("n", i) }
	row := func(int) object { return object{"keyname": "日期"} }
	option := func(i int) object { return object{"id": name(i), "text": "选"} }
	button := func(i int) object { return object{"text": "钮", "key": name(i)} }
	selects := func(i int) object { return object{"question_key": name(i), "option_list": numbered(1, option)} }
	for _, c := range []struct {
		kind, path string
		good, bad  any
	}{
		{"text_notice", "card_type", "text_notice", "text_notices"},
		{"text_notice", "task_id", strings.Repeat("x", 125) + "_-@", strings.Repeat("x", 129)},
		{"text_notice", "task_id", "leave-381", "假-381"},
		{"button_interaction", "task_id", "t", nil},
		{"text_notice", "card_action", object{"type": 2, "appid": "wx1"}, nil},
		{"text_notice", "card_action.type", 1, 0},
		{"button_interaction", "card_action.type", 0, 3},
		{"text_notice", "card_action.url", "http://a/", "ftp://a/"},
		{"news_notice", "main_title", object{"title": "题"}, nil},
		{"news_notice", "main_title.title", "题", ""},
		{"text_notice", "source.desc_color", 3, 4},
		{"vote_interaction", "source.desc_color", 0, 1},
		{"text_notice", "action_menu.action_list", numbered(3, button), numbered(4, button)},
		{"text_notice", "action_menu.action_list", numbered(1, button), []any{}},
		{"text_notice", "action_menu.action_list.0.key", chinese(1024), chinese(1025)},
		{"text_notice", "action_menu.action_list.1.key", "other", "mute"},
		{"text_notice", "quote_area.type", 0, 3},
		{"text_notice", "quote_area.url", "https://a/", nil},
		{"news_notice", "card_image.aspect_ratio", 2.25, 2.26},
		{"news_notice", "card_image.aspect_ratio", 1.3, 1.29},
		{"news_notice", "card_image.url", "https://a/", nil},
		{"news_notice", "vertical_content_list", numbered(4, func(int) object { return object{"title": "题"} }), numbered(5, func(int) object { return object{"title": "题"} })},
		{"news_notice", "vertical_content_list.0.title", "题", ""},
		{"text_notice", "horizontal_content_list", numbered(6, row), numbered(7, row)},
		{"text_notice", "horizontal_content_list.0.keyname", "日", ""},
		{"text_notice", "horizontal_content_list.1.url", "https://a/", nil},
		{"text_notice", "horizontal_content_list.2.media_id", "M2", nil},
		{"text_notice", "horizontal_content_list.2.value", "a.pdf", nil},
		{"text_notice", "horizontal_content_list.3.userid", "li.wei", "李伟"},
		{"text_notice", "horizontal_content_list.0.type", 0, 4},
		{"text_notice", "jump_list", numbered(3, func(int) object { return object{"title": "题"} }), numbered(4, func(int) object { return object{"title": "题"} })},
		{"text_notice", "jump_list.1.appid", "wx2", nil},
		{"text_notice", "jump_list.0.title", "题", ""},
		{"button_interaction", "button_list", numbered(6, button), numbered(7, button)},
		{"button_interaction", "button_list.0.key", chinese(1024), chinese(1025)},
		{"button_interaction", "button_list.0.key", "yes", "no"},
		{"button_interaction", "button_list.0.key", "yes", nil},
		{"button_interaction", "button_list.0.text", "好", nil},
		{"button_interaction", "button_list.0.style", 4, 5},
		{"button_interaction", "button_list.0.type", 0, 2},
		{"button_interaction", "button_list.2.url", "https://a/", nil},
		{"button_interaction", "button_selection.question_key", chinese(1024), chinese(1025)},
		{"button_interaction", "button_selection.option_list", numbered(10, option), numbered(11, option)},
		{"button_interaction", "button_selection.selected_id", "1", "3"},
		{"vote_interaction", "checkbox.question_key", chinese(1024), chinese(1025)},
		{"vote_interaction", "checkbox.mode", 1, 2},
		{"vote_interaction", "checkbox.option_list", numbered(20, option), numbered(21, option)},
		{"vote_interaction", "checkbox.option_list.0.id", chinese(128), chinese(129)},
		{"vote_interaction", "checkbox.option_list.0.id", "c", "b"},
		{"vote_interaction", "checkbox.option_list.0.text", "丙", ""},
		{"vote_interaction", "submit_button.key", chinese(1024), chinese(1025)},
		{"vote_interaction", "submit_button.text", "交", ""},
		{"multiple_interaction", "select_list", numbered(3, selects), numbered(4, selects)},
		{"multiple_interaction", "select_list.0.question_key", "q3", "q2"},
		{"multiple_interaction", "select_list.0.option_list", numbered(10, option), []any{}},
		{"multiple_interaction", "select_list.0.option_list.0.id", chinese(128), chinese(129)},
		{"multiple_interaction", "submit_button", object{"text": "交", "key": "k"}, nil},
		{"vote_interaction", "checkbox", cards()["vote_interaction"]["checkbox"], nil},
	} {
		card := cards()[c.kind]
		good := changed(card, c.path, c.good)
		if strings.HasSuffix(c.path, "option_list") && !strings.HasPrefix(c.path, "checkbox") {
			owner := strings.TrimSuffix(c.path, ".option_list")
			good = changed(good, owner+".selected_id", nil)
		}
		if c.path == "select_list.0.option_list.0.id" {
			good = changed(good, "select_list.0.selected_id", nil)
		}
		if err := h.tries("template_card", good, ""); err != nil {
			t.Errorf("%s.%s, inside: %v", c.kind, c.path, err)
		}
		var r *notify.Refusal
		if err := h.tries("template_card", changed(card, c.path, c.bad), ""); !errors.As(err, &r) || r.Code != 4004 || !strings.HasPrefix(r.Field, "msg_wechatwk[0].template_card.") {
			t.Errorf("%s.%s, outside: %v", c.kind, c.path, err)
		}
	}
}

func TestACardHasOnlyTheBlocksOfItsKind(t *testing.T) {
	t.Parallel()
	h, _ := weComHouse(t, sqltest.Source(t, "sqlite"), simulator.Corp{Members: members(1)})
	all := object{}
	for _, card := range cards() {
		maps.Copy(all, card)
	}
	all["image_text_area"] = object{"title": "题", "image_url": "https://a/"}
	all["card_action"] = object{"type": 1, "url": "https://a/"}
	delete(all, "card_type")
	for kind, card := range cards() {
		for block := range all {
			mine := card[block] != nil
			err := h.tries("template_card", changed(card, block, all[block]), "")
			both := kind == "news_notice" && block == "image_text_area" // one of the two
			plain := block == "source" && strings.Contains("vote_interaction multiple_interaction", kind)
			if mine && err != nil && !plain || !mine && (err == nil || !both && !strings.Contains(err.Error(), block+" is no part of a card of type "+kind)) {
				t.Errorf("%s with %s: %v", kind, block, err)
			}
		}
	}
	for path, v := range map[string]any{"replace_text": "已办", "colour": 1, "main_title.colour": 1} {
		if err := h.tries("template_card", changed(cards()["text_notice"], path, v), ""); err == nil {
			t.Errorf("%s was taken", path)
		}
	}
	if err := h.tries("template_card", changed(cards()["vote_interaction"], "checkbox.disable", true), ""); err == nil {
		t.Error("checkbox.disable was taken")
	}
	if err := h.tries("template_card", cards()["text_notice"], `,"safe":1`); err == nil {
		t.Error("safe was taken")
	}
}

func TestLongerTextsThanWeComSuggestsAreTakenWithAWarning(t *testing.T) {
	t.Parallel()
	h, _ := weComHouse(t, sqltest.Source(t, "sqlite"), simulator.Corp{Members: members(1)})
	for _, c := range []struct {
		kind, path string
		most       int
	}{
		{"text_notice", "source.desc", 20}, {"text_notice", "main_title.title", 36}, {"text_notice", "main_title.desc", 44}, {"vote_interaction", "main_title.title", 16},
		{"vote_interaction", "main_title.desc", 160}, {"multiple_interaction", "main_title.desc", 160}, {"text_notice", "emphasis_content.title", 14},
		{"text_notice", "emphasis_content.desc", 22}, {"text_notice", "sub_title_text", 160}, {"news_notice", "vertical_content_list.0.title", 38},
		{"news_notice", "vertical_content_list.0.desc", 160}, {"text_notice", "horizontal_content_list.0.keyname", 5}, {"text_notice", "horizontal_content_list.0.value", 30},
		{"text_notice", "jump_list.0.title", 18}, {"button_interaction", "button_list.0.text", 10}, {"button_interaction", "button_selection.option_list.0.text", 16},
		{"vote_interaction", "checkbox.option_list.0.text", 17}, {"vote_interaction", "submit_button.text", 10}, {"multiple_interaction", "select_list.0.option_list.0.text", 16},
	} {
		for extra, want := range []string{"", fmt.Sprintf("has %d characters: WeCom suggests at most %d", c.most+1, c.most)} {
			card := changed(cards()[c.kind], c.path, strings.Repeat("好", c.most+extra))
			r, err := h.room.Accept(context.Background(), office, "/v1/sent", "", []byte(cardBody(members(1), card, "")))
			if err != nil || (want == "") != (len(r.Warnings) == 0) || want != "" && !strings.Contains(r.Warnings[0], want) {
				t.Errorf("%s.%s: %v %v", c.kind, c.path, r.Warnings, err)
			}
		}
	}
}

func FuzzCardsNeverPanic(f *testing.F) {
	for _, card := range cards() {
		f.Add(quoted(card))
	}
	f.Add(`{"card_type":"vote_interaction","checkbox":null,"main_title":[]}`)
	h, _ := weComHouse(f, sqltest.Source(f, "sqlite"), simulator.Corp{Members: members(1)})
	f.Fuzz(func(t *testing.T, card string) {
		_, err := h.room.Accept(context.Background(), office, "/v1/sent", "", []byte(`{"aud_wechatwk":["a"],"msg_wechatwk":[{"msgtype":"template_card","template_card":`+card+`}]}`))
		var refusal *notify.Refusal
		if err != nil && !errors.As(err, &refusal) {
			t.Fatalf("%q: %v", card, err)
		}
	})
}
