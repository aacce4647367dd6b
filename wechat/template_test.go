package wechat

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestCallsForTemplates(t *testing.T) {
	t.Parallel()
	const token = "access_token=61_T%2B%2F%3D"
	for name, test := range map[string]struct {
		call                              func(*testing.T, *Account) (any, error)
		method, path, query, body, answer string
		want                              any
	}{
		"the list of template messages": {
			func(t *testing.T, a *Account) (any, error) { return a.Templates(t.Context()) },
			"GET", "/cgi-bin/template/get_all_private_template", "", "",
			`{"template_list":[{"template_id":"T1","title":"订单","primary_industry":"IT科技","deputy_industry":"互联网","content":"编号:{{character_string1.DATA}}\n","example":"编号:1"}]}`,
			[]Template{{ID: "T1", Title: "订单", Content: "编号:{{character_string1.DATA}}\n", Example: "编号:1", Industry: [2]string{"IT科技", "互联网"}}},
		},
		"the list of template messages, which is empty": {
			func(t *testing.T, a *Account) (any, error) { return a.Templates(t.Context()) },
			"GET", "/cgi-bin/template/get_all_private_template", "", "", `{"template_list":[]}`, []Template{},
		},
		"a category template, added": {
			func(t *testing.T, a *Account) (any, error) {
				return a.AddTemplate(t.Context(), "43216", []string{"订单编号", "<商品>"})
			},
			"POST", "/cgi-bin/template/api_add_template", "", `{"template_id_short":"43216","keyword_name_list":["订单编号","<商品>"]}`,
			`{"errcode":0,"errmsg":"ok","template_id":"T2"}`, "T2",
		},
		"an older template, added": {
			func(t *testing.T, a *Account) (any, error) { return a.AddTemplate(t.Context(), "TM00015", nil) },
			"POST", "/cgi-bin/template/api_add_template", "", `{"template_id_short":"TM00015"}`, `{"errcode":"0","template_id":"T3"}`, "T3",
		},
		"a template of template messages, deleted": {
			func(t *testing.T, a *Account) (any, error) { return nil, a.DeleteTemplate(t.Context(), "T1") },
			"POST", "/cgi-bin/template/del_private_template", "", `{"template_id":"T1"}`, `{"errcode":0,"errmsg":"ok"}`, nil,
		},
		"the list of subscriptions, its numbers in quotes": {
			func(t *testing.T, a *Account) (any, error) { return a.Subscriptions(t.Context()) },
			"GET", "/wxaapi/newtmpl/gettemplate", "", "",
			`{"errcode":0,"data":[{"priTmplId":"P1","title":"t","content":"状态:{{enum_string2.DATA}}","example":"e","type":"3","keywordEnumValueList":[{"keywordCode":"enum_string2.DATA","enumValueList":["a","b"]}]},{"priTmplId":"P2","type":2}]}`,
			[]Template{{ID: "P1", Type: 3, Title: "t", Content: "状态:{{enum_string2.DATA}}", Example: "e", Values: map[string][]string{"enum_string2": {"a", "b"}}}, {ID: "P2", Type: 2}},
		},
		"a subscription, added": {
			func(t *testing.T, a *Account) (any, error) {
				return a.AddSubscription(t.Context(), "401", []int64{3, 5, 4}, "到站提醒")
			},
			"POST", "/wxaapi/newtmpl/addtemplate", "", `{"tid":"401","kidList":[3,5,4],"sceneDesc":"到站提醒"}`, `{"errcode":0,"priTmplId":"P3"}`, "P3",
		},
		"a subscription, deleted": {
			func(t *testing.T, a *Account) (any, error) { return nil, a.DeleteSubscription(t.Context(), "P1") },
			"POST", "/wxaapi/newtmpl/deltemplate", "", `{"priTmplId":"P1"}`, `{"errcode":0}`, nil,
		},
		"categories": {
			func(t *testing.T, a *Account) (any, error) { return a.Categories(t.Context()) },
			"GET", "/wxaapi/newtmpl/getcategory", "", "", `{"errcode":0,"data":[{"id":616,"name":"公交"},{"id":"2","name":"x"}]}`, []Category{{616, "公交"}, {2, "x"}},
		},
		"titles, with numbers as texts": {
			func(t *testing.T, a *Account) (any, error) {
				titles, count, err := a.Titles(t.Context(), []int64{2, 616}, 30, 10)
				return []any{titles, count}, err
			},
			"GET", "/wxaapi/newtmpl/getpubtemplatetitles", "&ids=2%2C616&limit=10&start=30", "",
			`{"errcode":0,"count":"55","data":[{"tid":99,"title":"付款","type":2,"categoryId":"616"},{"tid":"100","title":"x","type":"3","categoryId":2}]}`,
			[]any{[]LibraryTitle{{"99", "付款", 2, 616}, {"100", "x", 3, 2}}, 55},
		},
		"keywords": {
			func(t *testing.T, a *Account) (any, error) { return a.Keywords(t.Context(), "99") },
			"GET", "/wxaapi/newtmpl/getpubtemplatekeywords", "&tid=99", "",
			`{"errcode":0,"count":1,"data":[{"kid":"1","name":"物品","example":"名称","rule":"thing"}]}`, []LibraryKeyword{{1, "物品", "名称", "thing"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVendor(t, test.answer)
			got, err := test.call(t, account(API{Base: v.URL}))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("\n got %+v\nwant %+v", got, test.want)
			}
			kind := "application/json"
			if test.method == "GET" {
				kind = ""
			}
			if want := []asked{{test.method, test.path, token + test.query, test.body, kind}}; !reflect.DeepEqual(v.got, want) {
				t.Errorf("\nasked %+v\n want %+v", v.got, want)
			}
		})
	}
}

func TestABrokenListOfTemplatesIsNeverTakenForAnEmptyOne(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]func(*Account) error{
		"template messages": func(a *Account) error { _, err := a.Templates(t.Context()); return err },
		"subscriptions":     func(a *Account) error { _, err := a.Subscriptions(t.Context()); return err },
		"categories":        func(a *Account) error { _, err := a.Categories(t.Context()); return err },
		"titles":            func(a *Account) error { _, _, err := a.Titles(t.Context(), []int64{2}, 0, 30); return err },
		"keywords":          func(a *Account) error { _, err := a.Keywords(t.Context(), "1"); return err },
		"an id":             func(a *Account) error { _, err := a.AddTemplate(t.Context(), "TM1", nil); return err },
		"another id":        func(a *Account) error { _, err := a.AddSubscription(t.Context(), "1", []int64{1, 2}, "x"); return err },
		"the end of one":    func(a *Account) error { return a.DeleteSubscription(t.Context(), "x") },
	} {
		v := newVendor(t, `{}`)
		if err := call(account(API{Base: v.URL})); !errors.Is(err, ErrUnanswered) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheContentOfATemplateTellsItsParameters(t *testing.T) {
	t.Parallel()
	for content, want := range map[string][]Parameter{
		"":                  nil,
		"no blank":          nil,
		"{{.DATA}} {{x}}":   nil,
		"{{thing1.DATA}":    nil,
		"{{thing1.VALUE}}":  nil,
		"{{ thing1.DATA }}": {{Name: "thing1", Type: "thing"}},
		"会议时间:{{date2.DATA}}\n会议地点：{{thing01.DATA}}\r\n状态:{{enum_string3.DATA}}": {
			{Name: "date2", Type: "date", Label: "会议时间"}, {Name: "thing01", Type: "thing", Label: "会议地点"},
			{Name: "enum_string3", Type: "enum_string", Label: "状态", Values: []string{"a", "b"}}},
		"{{first.DATA}}\n金额:{{keyword1.DATA}} 元{{keyword2.DATA}}\n{{remark.DATA}}": {
			{Name: "first"}, {Name: "keyword1", Label: "金额"}, {Name: "keyword2", Label: "元"}, {Name: "remark"}},
		"a:{{thing1.DATA}}\nb:{{thing1.DATA}}": {{Name: "thing1", Type: "thing", Label: "a"}},
	} {
		tpl := Template{Content: content, Values: map[string][]string{"enum_string3": {"a", "b"}}}
		if got := tpl.Parameters(); !reflect.DeepEqual(got, want) {
			t.Errorf("%q:\n got %+v\nwant %+v", content, got, want)
		}
	}
}

func TestTheTypeOfAParameterStandsInItsName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"thing1": "thing", "thing01": "thing", "character_string12": "character_string", "short_thing3": "short_thing",
		"enum2": "enum", "first": "", "keyword1": "", "thing": "", "Thing1": "", "product1": "", "": ""} {
		if got := ParameterType(name); got != want {
			t.Errorf("%q is of type %q, want %q", name, got, want)
		}
	}
}

func FuzzTemplateContent(f *testing.F) {
	for _, seed := range []string{"会议时间:{{date2.DATA}}\n会议地点:{{thing1.DATA}}\n", "{{first.DATA}}{{{{a.DATA}}}}", "{{ x.DATA}}\xff:{{é.DATA}}", "{{a.DATA.DATA}}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) {
		seen := map[string]bool{}
		for _, p := range (Template{Content: content}).Parameters() {
			if p.Name == "" || len(p.Name) > 64+len(".DATA") || seen[p.Name] || strings.ContainsAny(p.Name, " {}\n") || !strings.Contains(content, p.Name+".DATA") {
				t.Errorf("parameter %q of %q", p.Name, content)
			}
			if p.Type != "" && !strings.HasPrefix(p.Name, p.Type) || strings.ContainsAny(p.Label, "\n") {
				t.Errorf("%+v of %q", p, content)
			}
			seen[p.Name] = true
		}
	})
}

func TestAChoiceIsHeldToTheVendorsLimits(t *testing.T) {
	t.Parallel()
	good := Choice{TID: "401", Kids: []int64{1, 2}, Scene: "到站"}
	message := Choice{Short: "43216", Names: []string{"编号"}}
	with := func(c Choice, change func(*Choice)) Choice { change(&c); return c }
	many := make([]string, 21)
	for i := range many {
		many[i] = strings.Repeat("n", i+1)
	}
	for name, c := range map[string]struct {
		choice Choice
		field  string // "": taken
	}{
		"two keywords":               {good, ""},
		"five keywords":              {with(good, func(c *Choice) { c.Kids = []int64{1, 2, 3, 4, 5} }), ""},
		"one keyword":                {with(good, func(c *Choice) { c.Kids = []int64{1} }), "kidList"},
		"six keywords":               {with(good, func(c *Choice) { c.Kids = []int64{1, 2, 3, 4, 5, 6} }), "kidList"},
		"a keyword twice":            {with(good, func(c *Choice) { c.Kids = []int64{1, 1} }), "kidList[1]"},
		"keyword 0":                  {with(good, func(c *Choice) { c.Kids = []int64{1, 0} }), "kidList[1]"},
		"a scene of 15":              {with(good, func(c *Choice) { c.Scene = strings.Repeat("字", 15) }), ""},
		"a scene of 16":              {with(good, func(c *Choice) { c.Scene = strings.Repeat("字", 16) }), "sceneDesc"},
		"no scene":                   {with(good, func(c *Choice) { c.Scene = "" }), "sceneDesc"},
		"a scene of blanks":          {with(good, func(c *Choice) { c.Scene = "  " }), "sceneDesc"},
		"a scene of two lines":       {with(good, func(c *Choice) { c.Scene = "a\nb" }), "sceneDesc"},
		"a tid that is no number":    {with(good, func(c *Choice) { c.TID = "4x" }), "tid"},
		"nothing":                    {Choice{}, "tid"},
		"both":                       {with(good, func(c *Choice) { c.Short = "1" }), "tid"},
		"kids of a template message": {with(message, func(c *Choice) { c.Kids = good.Kids }), "kidList"},
		"a template message":         {message, ""},
		"an older one":               {Choice{Short: "TM00015"}, ""},
		"a category one, no names":   {Choice{Short: "43216"}, "keyword_name_list"},
		"20 names":                   {with(message, func(c *Choice) { c.Names = many[:20] }), ""},
		"21 names":                   {with(message, func(c *Choice) { c.Names = many }), "keyword_name_list"},
		"a name twice":               {with(message, func(c *Choice) { c.Names = []string{"a", "a"} }), "keyword_name_list[1]"},
		"an empty name":              {with(message, func(c *Choice) { c.Names = []string{""} }), "keyword_name_list[0]"},
		"a number with a blank":      {Choice{Short: "TM 1"}, "template_id_short"},
		"a number of 65":             {Choice{Short: strings.Repeat("T", 65)}, "template_id_short"},
	} {
		field, problem := c.choice.Check()
		if field != c.field || (problem == "") != (field == "") {
			t.Errorf("%s: %q %q, want %q", name, field, problem, c.field)
		}
	}
	keys := map[string]bool{}
	for _, c := range []Choice{good, message, with(good, func(c *Choice) { c.Kids = []int64{2, 1} }), with(good, func(c *Choice) { c.Scene = "x" }), {Short: "43216"}, {TID: "43216"}} {
		keys[c.Key()] = true
	}
	if len(keys) != 6 {
		t.Errorf("%d keys of 6 choices", len(keys))
	}
}
