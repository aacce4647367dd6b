package simulator

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// ask is a call by GET.
func (h *house) ask(path, token, query string) answer {
	h.t.Helper()
	return h.read(h.do(http.MethodGet, path+"?access_token="+token+query, ""))
}

func TestTheLibraryIsReadAsAtTheVendor(t *testing.T) {
	h := newHouse(t, nil)
	access, _ := h.accountToken(miniProgram)
	const titles, keywords = "/wxaapi/newtmpl/getpubtemplatetitles", "/wxaapi/newtmpl/getpubtemplatekeywords"
	for query, code := range map[string]int64{
		"&ids=2,616&start=0&limit=30": 0, "&ids=2,616&start=0&limit=31": 200017, "&ids=2&start=0&limit=0": 200017, "&ids=2&start=0": 200017,
		"&ids=2&start=-1&limit=1": 200016, "&ids=2&limit=1": 200016, "&ids=&start=0&limit=1": 200018, "&ids=3&start=0&limit=1": 200019, "&ids=2,x&start=0&limit=1": 200019,
	} {
		wantCode(t, h.ask(titles, access, query), code)
	}
	a := h.ask(titles, access, "&ids=2,616&start=1&limit=1")
	if data, ok := a["data"].([]any); !ok || len(data) != 1 || fmt.Sprint(a["count"]) != "3" || data[0].(map[string]any)["categoryId"] != "616" {
		t.Errorf("%v", a)
	}
	wantCode(t, h.ask(keywords, access, "&tid=401"), 0)
	wantCode(t, h.ask(keywords, access, "&tid=999"), 200014)
	wantCode(t, h.ask(keywords, access, "&tid=1"), 200014) // of template messages
	wantCode(t, h.ask("/wxaapi/newtmpl/getcategory", access, ""), 0)
}

func TestSubscriptionsAreAddedUntilTheListIsFull(t *testing.T) {
	h := newHouse(t, nil)
	access, _ := h.accountToken(shop)
	good := object{"tid": "401", "kidList": []int{6, 1}, "sceneDesc": strings.Repeat("字", 15)}
	with := func(name string, v any) object {
		body := object{name: v}
		for k, old := range good {
			if k != name {
				body[k] = old
			}
		}
		return body
	}
	add := func(body object) answer { return h.call("/wxaapi/newtmpl/addtemplate?access_token="+access, body) }
	for _, c := range []struct {
		body object
		code int64
	}{
		{with("tid", 401), 47001}, {with("tid", "9"), 200014}, {with("tid", "404"), 200013}, {with("kidList", []int{1}), 200020}, {with("kidList", []int{1, 2, 3, 4, 5, 6}), 200020},
		{with("kidList", []int{1, 1}), 200020}, {with("kidList", []int{1, 9}), 200020}, {with("kidList", "1,2"), 47001}, {with("sceneDesc", ""), 200021}, {with("sceneDesc", strings.Repeat("字", 16)), 200021},
	} {
		wantCode(t, add(c.body), c.code)
	}
	first := add(good)
	for range 48 { // the sample has one
		wantCode(t, add(good), 0)
	}
	wantCode(t, add(good), 200012)
	list := h.ask("/wxaapi/newtmpl/gettemplate", access, "")
	data := list["data"].([]any)
	if len(data) != 50 {
		t.Fatalf("%d templates", len(data))
	}
	made := data[1].(map[string]any)
	if made["priTmplId"] != first["priTmplId"] || made["content"] != "快递状态:{{enum_string6.DATA}}\n快递单号:{{character_string1.DATA}}\n" ||
		made["keywordEnumValueList"].([]any)[0].(map[string]any)["keywordCode"] != "enum_string6.DATA" {
		t.Errorf("made %v", made)
	}
	remove := object{"priTmplId": first["priTmplId"]}
	wantCode(t, h.call("/wxaapi/newtmpl/deltemplate?access_token="+access, remove), 0)
	wantCode(t, h.call("/wxaapi/newtmpl/deltemplate?access_token="+access, remove), 40037)
	wantCode(t, h.call("/cgi-bin/template/del_private_template?access_token="+access, object{"template_id": parcelHere.ID}), 40037) // another family's
	wantCode(t, add(good), 0)
	mini, _ := h.accountToken(miniProgram)
	if other := h.ask("/wxaapi/newtmpl/gettemplate", mini, ""); len(other["data"].([]any)) != 1 {
		t.Errorf("another account's list: %v", other)
	}
}

func TestTemplatesOfTemplateMessagesAreAddedUntilTheListIsFull(t *testing.T) {
	h := newHouse(t, nil)
	access, _ := h.accountToken(shop)
	add := func(body object) answer {
		return h.call("/cgi-bin/template/api_add_template?access_token="+access, body)
	}
	for _, c := range []struct {
		body object
		code int64
	}{
		{object{"template_id_short": "9"}, 40036}, {object{"template_id_short": "43216"}, 40246}, {object{"template_id_short": "43216", "keyword_name_list": []string{"没有"}}, 40246},
		{object{"template_id_short": "43216", "keyword_name_list": []string{"订单编号", "订单编号"}}, 40246}, {object{"template_id_short": "TM00015"}, 0},
	} {
		wantCode(t, add(c.body), c.code)
	}
	good := object{"template_id_short": "43216", "keyword_name_list": []string{"发货时间", "订单编号"}}
	made := add(good)
	for range 21 { // the sample has two
		wantCode(t, add(good), 0)
	}
	wantCode(t, add(good), 45026)
	list := h.ask("/cgi-bin/template/get_all_private_template", access, "")["template_list"].([]any)
	if len(list) != 25 || list[3].(map[string]any)["content"] != "发货时间:{{time3.DATA}}\n订单编号:{{character_string1.DATA}}\n" {
		t.Errorf("%d: %v", len(list), list[3])
	}
	wantCode(t, h.call("/cgi-bin/template/del_private_template?access_token="+access, object{"template_id": made["template_id"]}), 0)
	mini, _ := h.accountToken(miniProgram)
	wantCode(t, h.call("/cgi-bin/template/api_add_template?access_token="+mini, good), 48001)
}

func TestListsOfTemplatesNeedTheirSetAndMayBeReadAFewTimesOnly(t *testing.T) {
	h := newHouse(t, func(c *Config) { c.TemplateReads = 2 })
	h.run()
	access := h.authorizedWith(clinic, []int{7})
	wantCode(t, h.ask("/wxaapi/newtmpl/gettemplate", access, ""), 61007)
	wantCode(t, h.ask("/cgi-bin/template/get_all_private_template", access, ""), 0)
	mini := h.authorizedWith(miniProgram, []int{18})
	for _, code := range []int64{0, 0, 45009} {
		wantCode(t, h.ask("/wxaapi/newtmpl/gettemplate", mini, ""), code)
	}
}
