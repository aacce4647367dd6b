package notify_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"wechattpp/notify"
	"wechattpp/sender"
	"wechattpp/simulator"
	"wechattpp/sql/sqltest"
)

// listed is a world whose room knows the accounts' templates.
type listed struct {
	*world
	lists *sender.Templates
}

func newListed(t *testing.T, kind string) *listed {
	l := &listed{world: played(t, kind)}
	l.lists = &sender.Templates{Store: l.db.Templates(), Senders: l.senders, Log: slog.New(slog.DiscardHandler)}
	l.room = l.replica(func(c *notify.Config) { c.Forms = l.lists })
	l.add("mp2", "wechatmp", "wxmini2")
	more := []simulator.Template{
		{ID: "OLD", Content: "{{first.DATA}}\n时间:{{keyword1.DATA}}\n金额:{{keyword2.DATA}}\n{{remark.DATA}}"},
		{ID: "LONG", Type: 3, Content: "状态:{{enum_string1.DATA}}\n金额:{{amount2.DATA}}", Values: map[string][]string{"enum_string1": {"已到站", "即将超时"}}},
		{ID: "TYPED", Content: "金额:{{amount1.DATA}}\n备注:{{const2.DATA}}"},
	}
	account := simulator.Account{AppID: "wxmini2", UserName: "gh_9", MiniProgram: true, Secret: "0123456789abcdef0123456789abcdef", Templates: more[1:2], Followers: []string{subscriber}}
	oa := simulator.Account{AppID: "wxapp3", UserName: "gh_8", Secret: account.Secret, Templates: more, Followers: []string{subscriber}}
	if err := l.sim.AddAccount(account, oa); err != nil {
		t.Fatal(err)
	}
	return l
}

func (l *listed) refresh(codes ...string) {
	l.t.Helper()
	for _, code := range codes {
		if _, err := l.lists.Refresh(context.Background(), code, ""); err != nil {
			l.t.Fatal(err)
		}
	}
}

// said accepts an element of a message by a sender and gives warnings, or what it was refused for.
func (l *listed) said(kind, code, fields string) (warnings, refusal string) {
	l.t.Helper()
	body := fmt.Sprintf(`{"aud_%s":[{"sender":%q,"data":["oX"]}],"msg_%s":[{"sender":%q,%s}]}`, kind, code, kind, code, fields)
	r, err := l.room.Accept(context.Background(), notify.Client{All: true}, "/v1/sent", "", []byte(body))
	if err != nil {
		return "", err.Error()
	}
	return strings.Join(r.Warnings, "\n"), ""
}

func TestATemplateThatIsNotInTheListIsSentWithAWarning(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			l := newListed(t, kind)
			const fields = `"template_id":"LONG","data":{"nobody1":{"value":"x"}}`
			if warned, refused := l.said("wechatmp", "mp2", fields); refused != "" || !strings.Contains(warned, "msg_wechatmp[0].template_id: is not in what is kept") || !strings.Contains(warned, "POST /v1/senders/mp2/templates/refresh") {
				t.Errorf("%q %q", warned, refused)
			}
			l.refresh("mp2")
			if _, refused := l.said("wechatmp", "mp2", fields); !strings.Contains(refused, "data.enum_string1 is missing") {
				t.Errorf("known now: %q", refused)
			}
			if n := sqltest.Number(t, l.source, `SELECT COUNT(*) FROM account_template`); n != 1 {
				t.Errorf("%d templates are kept", n)
			}
		})
	}
}

func TestDataAreHeldAgainstTheTemplateTheyFill(t *testing.T) {
	t.Parallel()
	l := newListed(t, "sqlite")
	l.refresh("oa3", "mp2", "mp1")
	for name, c := range map[string]struct{ kind, code, fields, warned, refused string }{
		"all of it":                      {"wechatmp", "mp2", `"template_id":"LONG","data":{"enum_string1":{"value":"已到站"},"amount2":{"value":"¥1234567890"}}`, "", ""},
		"a value that is not listed":     {"wechatmp", "mp2", `"template_id":"LONG","data":{"enum_string1":{"value":"已到"},"amount2":{"value":"1"}}`, "", "data.enum_string1.value is none of the template's: it takes 已到站, 即将超时"},
		"one too many":                   {"wechatmp", "mp2", `"template_id":"LONG","data":{"enum_string1":{"value":"已到站"},"amount2":{"value":"1"},"thing3":{"value":"x"}}`, "", "data.thing3 is no parameter of the template: it has enum_string1, amount2"},
		"one too few":                    {"wechatmp", "mp2", `"template_id":"LONG","data":{"enum_string1":{"value":"已到站"}}`, "", `data.amount2 is missing: the template has this parameter ("金额")`},
		"an amount of 11 digits":         {"wechatmp", "mp2", `"template_id":"LONG","data":{"enum_string1":{"value":"已到站"},"amount2":{"value":"¥12345678901"}}`, "", "data.amount2.value does not fit amount"},
		"another account's":              {"wechatmp", "mp1", `"template_id":"LONG","data":{}`, "is not in what is kept", ""},
		"a number as a text":             {"wechatmp", "mp2", `"template_id":"LONG","data":{"enum_string1":{"value":"已到站"},"amount2":{"value":12.5}}`, "", ""},
		"a notification":                 {"wechatoa", "oa3", `"type":1,"template_id":"LONG","data":{"enum_string1":{"value":"已到站"},"amount2":{"value":"1"}}`, "", ""},
		"a notification as a template":   {"wechatoa", "oa3", `"template_id":"LONG","data":{"enum_string1":{"value":"已到站"},"amount2":{"value":"1"}}`, "", "template_id names a subscription template: give type 1"},
		"a template as a notification":   {"wechatoa", "oa3", `"type":1,"template_id":"TYPED","data":{"amount1":{"value":"1"},"const2":{"value":"x"}}`, "", "names a template of template messages: give type 0"},
		"a category template":            {"wechatoa", "oa3", `"template_id":"TYPED","data":{"amount1":{"value":"¥123456789012"},"const2":{"value":""}}`, "", ""},
		"a category template's stranger": {"wechatoa", "oa3", `"template_id":"TYPED","data":{"amount1":{"value":"1"},"const2":{"value":""},"first":{"value":"x"}}`, "", "data.first is no parameter of the template"},
		"an older one":                   {"wechatoa", "oa3", `"template_id":"OLD","data":{"keyword1":{"value":"x"},"keyword2":{"value":"` + strings.Repeat("字", 20) + `"}}`, "", ""},
		"an older one, cut":              {"wechatoa", "oa3", `"template_id":"OLD","data":{"keyword1":{"value":"x"},"keyword2":{"value":"` + strings.Repeat("字", 21) + `"}}`, "data.keyword2.value: has 21 characters: WeChat shows 20", ""},
		"an older one, in lines":         {"wechatoa", "oa3", `"template_id":"OLD","data":{"keyword1":{"value":"a\nb"},"keyword2":{"value":"x"}}`, "data.keyword1.value: holds a line break", ""},
		"an older one, framed":           {"wechatoa", "oa3", `"template_id":"OLD","data":{"first":{"value":"x"},"keyword1":{"value":"x"},"keyword2":{"value":"x"}}`, "data.first: is not shown", ""},
		"an older one's stranger":        {"wechatoa", "oa3", `"template_id":"OLD","data":{"keyword1":{"value":"x"},"keyword3":{"value":"x"}}`, "data.keyword3: is no parameter of the template", ""},
		"an older one, not full":         {"wechatoa", "oa3", `"template_id":"OLD","data":{"keyword1":{"value":"x"}}`, `data.keyword2: is missing: its line stays empty ("金额")`, ""},
	} {
		warned, refused := l.said(c.kind, c.code, c.fields)
		if (c.warned == "") != (warned == "") || !strings.Contains(warned, c.warned) || (c.refused == "") != (refused == "") || !strings.Contains(refused, c.refused) {
			t.Errorf("%s: warned %q, refused %q", name, warned, refused)
		}
	}
}

func TestAGeneralTemplateIsHeldAgainstTheListAsFarAsItIsKnown(t *testing.T) {
	t.Parallel()
	l := newListed(t, "sqlite")
	l.refresh("mp2")
	everybody := notify.Client{All: true}
	save := func(data string) (notify.Saved, error) {
		return l.room.SaveTemplate(context.Background(), everybody, notify.Saved{Kind: notify.General, Name: "x", Body: notify.SavedBody{Messages: map[string]json.RawMessage{
			"msg_wechatmp": json.RawMessage(`[{"sender":"mp2","template_id":"LONG","data":` + data + `}]`)}}})
	}
	for data, words := range map[string]string{
		`{"enum_string1":{"value":"{{state}}"}}`:                                                              "data.amount2 is missing",
		`{"enum_string1":{"value":"{{state}}"},"amount2":{"value":"1"},"x":{"value":"1"}}`:                    "data.x is no parameter",
		`{"enum_string1":{"value":"别的"},"amount2":{"value":"{{sum}}"}}`:                                       "is none of the template's",
		`{"enum_string1":{"value":"{{state}}"},"amount2":{"value":"` + strings.Repeat("1", 11) + `"}}`:        "10 digits",
		`{"enum_string1":{"value":"{{state}}"},"amount2":{"value":"` + strings.Repeat("1", 10) + `{{sum}}"}}`: "",
	} {
		if _, err := save(data); words == "" && err != nil || words != "" && (err == nil || !strings.Contains(err.Error(), words)) {
			t.Errorf("%s: %v, want %q", data, err, words)
		}
	}
	s, err := save(`{"enum_string1":{"value":"{{state}}"},"amount2":{"value":"{{sum}}"}}`)
	if err != nil {
		t.Fatal(err)
	}
	for state, words := range map[string]string{"已到站": "", "丢了": "is none of the template's"} {
		body := fmt.Sprintf(`{"aud_wechatmp":[{"data":["oX"]}],"template_id":%d,"template_para":{"state":%q,"sum":"12"}}`, s.ID, state)
		_, err := l.room.Accept(context.Background(), everybody, "/v1/template/sent", "", []byte(strings.Replace(body, `{"data"`, `{"sender":"mp2","data"`, 1)))
		if words == "" && err != nil || words != "" && (err == nil || !strings.Contains(err.Error(), words)) {
			t.Errorf("%s: %v, want %q", state, err, words)
		}
	}
}

func (l *listed) saveLogical(t *testing.T, library map[string]notify.SavedLibrary, accounts ...notify.SavedAccount) notify.Saved {
	t.Helper()
	s, err := l.room.SaveTemplate(context.Background(), notify.Client{All: true}, notify.Saved{Kind: notify.Logical, Code: "parcel.here", Name: "x", Body: notify.SavedBody{Library: library, Accounts: accounts}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func parcelLibrary() map[string]notify.SavedLibrary {
	mini, shop := notify.SavedLibrary{Keywords: []string{"where", "when"}}, notify.SavedLibrary{Keywords: []string{"no", "what"}}
	mini.TID, mini.Kids, mini.Scene = "401", []int64{3, 4}, "到站提醒"
	shop.Short, shop.Names = "43216", []string{"订单编号", "商品名称"}
	return map[string]notify.SavedLibrary{"wechatmp": mini, "wechatoa": shop}
}

const parcelData = `"logical_template":"parcel.here","data":{"where":{"value":"北门"},"when":{"value":"15:01"}}`

func TestAnAccountGetsALogicalTemplateWhenItIsFirstSent(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			l := newListed(t, kind)
			saved := l.saveLogical(t, parcelLibrary())
			var all sync.WaitGroup
			for i := range 12 { // at two senders, concurrently
				all.Go(func() {
					code, kind, fields := "mp2", "wechatmp", parcelData
					if i%2 == 1 {
						code, kind, fields = "oa3", "wechatoa", `"logical_template":"parcel.here","data":{"no":{"value":"SO1"},"what":{"value":"书"}}`
					}
					if warned, refused := l.said(kind, code, fields); warned != "" || refused != "" {
						t.Errorf("%s: %q %q", code, warned, refused)
					}
				})
			}
			all.Wait()
			calls := l.sim.Calls().Paths
			if a, b := calls["/wxaapi/newtmpl/addtemplate"], calls["/cgi-bin/template/api_add_template"]; a != 1 || b != 1 {
				t.Errorf("added %d and %d times", a, b)
			}
			got, err := l.room.Template(context.Background(), notify.Client{All: true}, saved.ID)
			if err != nil || len(got.Body.Accounts) != 2 || len(got.Body.Library) != 2 {
				t.Fatalf("%+v %v", got, err)
			}
			for _, a := range got.Body.Accounts {
				if a.Sender == "mp2" && (a.TemplateID == "" || a.Keywords["where"] != "thing3" || a.Keywords["when"] != "time4") {
					t.Errorf("%+v", a)
				}
			}
			for fields, words := range map[string]string{
				strings.Replace(parcelData, "15:01", "soon", 1):                      "data.time4.value does not fit time",
				strings.Replace(parcelData, `"when"`, `"nobody"`, 1):                 "data.nobody is no parameter of the logical template at mp2",
				strings.Replace(parcelData, `,"when":{"value":"15:01"}`, "", 1):      "data.time4 is missing",
				strings.Replace(parcelData, `"data"`, `"template_id":"x","data"`, 1): "together with template_id",
			} {
				if _, refused := l.said("wechatmp", "mp2", fields); !strings.Contains(refused, words) {
					t.Errorf("%q, want %q", refused, words)
				}
			}
		})
	}
}

func TestANotificationOfALogicalTemplateNeedsNoType(t *testing.T) {
	t.Parallel()
	l := newListed(t, "sqlite")
	library := parcelLibrary()
	library["wechatoa"] = library["wechatmp"]
	l.saveLogical(t, library)
	for range 2 {
		if warned, refused := l.said("wechatoa", "oa3", parcelData); warned != "" || refused != "" {
			t.Errorf("%q %q", warned, refused)
		}
	}
	if n := l.sim.Calls().Paths["/wxaapi/newtmpl/addtemplate"]; n != 1 {
		t.Errorf("added %d times", n)
	}
}

func TestWhyAnAccountCannotGetALogicalTemplate(t *testing.T) {
	t.Parallel()
	l := newListed(t, "sqlite")
	library := parcelLibrary()
	delete(library, "wechatoa")
	l.saveLogical(t, library, notify.SavedAccount{Sender: "oa2", TemplateID: "T", Keywords: map[string]string{"where": "thing1"}})
	for _, c := range []struct {
		code  int
		words string
	}{{200012, "delete a template that the account needs no longer"}, {200013, "banned"}, {45009, "quota of the day"}, {0, ""}} {
		if c.code != 0 {
			if err := l.sim.Fail(simulator.Fault{Path: "/wxaapi/newtmpl/addtemplate", Code: c.code}); err != nil {
				t.Fatal(err)
			}
		}
		if _, refused := l.said("wechatmp", "mp2", parcelData); !strings.Contains(refused, c.words) || (c.code != 0) != strings.Contains(refused, "msg_wechatmp[0].logical_template has no template at the sender mp2, and it cannot be taken from the library now") {
			t.Errorf("%d: %q", c.code, refused)
		}
	}
	if _, refused := l.said("wechatoa", "oa3", parcelData); !strings.Contains(refused, "add it to the logical template's accounts, or say in its library") {
		t.Errorf("a kind that the library has not: %q", refused)
	}
}

func TestTheLibraryOfALogicalTemplateIsCheckedWhenItIsSaved(t *testing.T) {
	t.Parallel()
	l := newListed(t, "sqlite")
	with := func(kind string, change func(*notify.SavedLibrary)) map[string]notify.SavedLibrary {
		library := parcelLibrary()
		one := library[kind]
		change(&one)
		library[kind] = one
		return library
	}
	for want, library := range map[string]map[string]notify.SavedLibrary{
		"library.wechatwk is no kind":                                       {"wechatwk": {}},
		"library.wechatmp.tid is missing":                                   {"wechatmp": {}},
		"library.wechatmp.kidList has 1 keywords: 2 to 5":                   with("wechatmp", func(s *notify.SavedLibrary) { s.Kids = s.Kids[:1] }),
		"library.wechatmp.sceneDesc has 16":                                 with("wechatmp", func(s *notify.SavedLibrary) { s.Scene = strings.Repeat("字", 16) }),
		"library.wechatmp.template_id_short is of template":                 {"wechatmp": parcelLibrary()["wechatoa"]},
		"library.wechatoa.keywords has 1 names: give one for each of the 2": with("wechatoa", func(s *notify.SavedLibrary) { s.Keywords = s.Keywords[:1] }),
		"library.wechatoa.keywords has 0 names":                             with("wechatoa", func(s *notify.SavedLibrary) { s.Short, s.Names, s.Keywords = "TM00015", nil, nil }),
		"library.wechatoa.keywords[1] is \"no\" a second time":              with("wechatoa", func(s *notify.SavedLibrary) { s.Keywords = []string{"no", "no"} }),
		"library.wechatoa.keywords[0] must be a name":                       with("wechatoa", func(s *notify.SavedLibrary) { s.Keywords = []string{strings.Repeat("x", 65), "y"} }),
	} {
		_, err := l.room.SaveTemplate(context.Background(), notify.Client{All: true}, notify.Saved{Kind: notify.Logical, Code: "x", Name: "x", Body: notify.SavedBody{Library: library}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	_, err := l.room.SaveTemplate(context.Background(), notify.Client{All: true}, notify.Saved{Kind: notify.General, Name: "x", Body: notify.SavedBody{Library: parcelLibrary()}})
	if err == nil || !strings.Contains(err.Error(), "library is for logical") {
		t.Errorf("a general one with a library: %v", err)
	}
}
