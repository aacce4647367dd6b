package api

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"wechattpp/access"
)

// texts makes n texts of a form such as "o%04d".
func texts(n int, form string) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("%q", fmt.Sprintf(form, i))
	}
	return strings.Join(list, ",")
}

const jumsSays = `"msg_wechatoa":[{"sender":"oa1","template_id":"T","data":{"thing1":{"value":"x"}}}]`

// TestEveryLimitOfJUMSHoldsJustInsideAndJustOutside walks JUMS's paths with the
// limits of its pages (docs.jiguang.cn/jums/server/rest_api_jums_custom_message,
// rest_api_jums_template_message, rest_api_jums_user).
func TestEveryLimitOfJUMSHoldsJustInsideAndJustOutside(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	client, jwt := s.client([]string{access.Send, access.Users, access.Templates}, "oa1")
	general := s.json(s.call("POST", "/v1/templates", jwt, `{"kind":"general","name":"n","messages":{"msg_wechatoa":[{"sender":"oa1","template_id":"T","data":{"thing1":{"value":"{{who}}"}}}]}}`), http.StatusCreated)
	list := s.json(s.call("POST", "/v1/lists", s.admin, `{"kind":"black","name":"b"}`), http.StatusCreated)
	para := fmt.Sprintf(`"template_id":%v,"template_para":{"who":"x"}`, general["id"])
	users := func(n int) string { return `"aud_userid":[` + texts(n, "u-%04d") + `]` }
	to := func(more string) string { return `{"aud_userid":["u"],` + jumsSays + more + `}` }
	option := func(more string) string { return to(`,"option":{` + more + `}`) }
	long := func(n int) string { return strings.Repeat("字", n) }
	cases := []struct {
		name, path, body string
		code             int // 0: taken
		words            []string
	}{
		{"1000 userids", "/v1/sent", `{` + users(1000) + `,` + jumsSays + `}`, 0, nil},
		{"1001 userids", "/v1/sent", `{` + users(1001) + `,` + jumsSays + `}`, 1015004, []string{"aud_userid", "1000"}},
		{"1001 userids by a template", "/v1/template/sent", `{` + users(1001) + `,` + para + `}`, 1015004, []string{"aud_userid", "1000"}},
		{"1000 openids", "/v1/sent", `{"aud_wechatoa":[{"data":[` + texts(1000, "o%04d") + `]}],` + jumsSays + `}`, 0, nil},
		{"1001 openids", "/v1/sent", `{"aud_wechatoa":[{"data":[` + texts(1001, "o%04d") + `]}],` + jumsSays + `}`, 4004, []string{"aud_wechatoa[0].data", "1000"}},
		{"20 tags", "/v1/sent", `{"aud_tag":[` + texts(20, "t%d") + `],` + jumsSays + `}`, 0, nil},
		{"21 tags", "/v1/sent", `{"aud_tag":[` + texts(21, "t%d") + `],` + jumsSays + `}`, 4004, []string{"aud_tag", "20"}},
		{"a tag of 40 bytes", "/v1/sent", `{"aud_tag":["` + long(13) + `x"],` + jumsSays + `}`, 0, nil},
		{"a tag of 41 bytes", "/v1/sent", `{"aud_tag":["` + long(13) + `xx"],` + jumsSays + `}`, 4004, []string{"aud_tag[0]", "40"}},
		{"a userid of 64", "/v1/sent", `{"aud_userid":["` + strings.Repeat("u", 64) + `"],` + jumsSays + `}`, 0, nil},
		{"a userid of 65", "/v1/sent", `{"aud_userid":["` + strings.Repeat("u", 65) + `"],` + jumsSays + `}`, 4004, []string{"aud_userid[0]", "64"}},
		{"two segments", "/v1/sent", `{"aud_segment":["1","2"],` + jumsSays + `}`, 4004, []string{"aud_segment", "one a call"}},
		{"users and openids", "/v1/sent", `{"aud_userid":["u"],"aud_wechatoa":[{"data":["o"]}],` + jumsSays + `}`, 4004, []string{"aud_wechatoa", "mixed"}},
		{"targets of a broadcast", "/v1/broadcast", to(""), 4004, []string{"aud_xxx"}},
		{"a broadcast", "/v1/broadcast", `{` + jumsSays + `}`, 0, nil},
		{"a broadcast by a template", "/v1/template/broadcast", `{` + para + `}`, 0, nil},
		{"a message of its own by a template", "/v1/template/sent", `{"aud_userid":["u"],` + para + `,` + jumsSays + `}`, 1015094, []string{"msg_wechatoa"}},
		{"no such template", "/v1/template/sent", `{"aud_userid":["u"],"template_id":99}`, 1015031, []string{"template_id"}},
		{"a variable too few", "/v1/template/sent", fmt.Sprintf(`{"aud_userid":["u"],"template_id":%v}`, general["id"]), 4004, []string{"template_para.who"}},
		{"an App's fields", "/v1/template/broadcast", `{` + para + `,"app_para":{}}`, 1015006, []string{"app_para"}},
		{"SMS", "/v1/sent", `{"aud_userid":["u"],"msg_sms":[{}]}`, 1015007, []string{"msg_sms"}},
		{"e-mail", "/v1/sent", `{"aud_email":[{}],"msg_email":[{}]}`, 1015010, []string{"aud_email"}},
		{"Alipay", "/v1/sent", `{"aud_userid":["u"],"msg_alipay_life":[{}]}`, 1015011, []string{"msg_alipay_life"}},
		{"DingTalk", "/v1/sent", `{"aud_userid":["u"],"msg_dingtalk_cc":[{}]}`, 1015012, []string{"msg_dingtalk_cc"}},
		{"another's sender", "/v1/sent", `{"aud_userid":["u"],"msg_wechatoa":[{"sender":"oa2","template_id":"T","data":{}}]}`, 1015008, []string{"msg_wechatoa[0].sender"}},
		{"no such rule", "/v1/sent", to(`,"rule_id":7`), 1015026, []string{"rule_id"}},
		{"priority 1", "/v1/sent", option(`"priority":1`), 0, nil},
		{"priority 3", "/v1/sent", option(`"priority":3`), 0, nil},
		{"priority 0", "/v1/sent", option(`"priority":0`), 4004, []string{"option.priority"}},
		{"priority 4", "/v1/sent", option(`"priority":4`), 4004, []string{"option.priority"}},
		{"a sendno of 255", "/v1/sent", option(`"sendno":"` + long(255) + `"`), 0, nil},
		{"a sendno of 256", "/v1/sent", option(`"sendno":"` + long(256) + `"`), 4004, []string{"option.sendno", "255"}},
		{"an owner of 256", "/v1/sent", option(`"owner":"` + long(256) + `"`), 4004, []string{"option.owner", "255"}},
		{"a blacklist", "/v1/sent", option(fmt.Sprintf(`"black_id":%v`, list["id"])), 0, nil},
		{"no such blacklist", "/v1/sent", option(`"black_id":99`), 1015046, []string{"option.black_id"}},
		{"both lists", "/v1/sent", option(fmt.Sprintf(`"black_id":%v,"white_id":1`, list["id"])), 1015097, []string{"white_id"}},
		{"an unregistered address", "/v1/sent", to(`,"callback":{"url":"https://x.example"}`), 4004, []string{"callback.url"}},
		{"an unknown field", "/v1/sent", to(`,"colour":1`), 4004, []string{"colour"}},
		{"an unknown option", "/v1/sent", option(`"colour":1`), 4004, []string{"option", "colour"}},
		{"a number for a text", "/v1/sent", `{"aud_userid":[7],` + jumsSays + `}`, 4004, []string{"aud_userid"}},
		{"a text for a list", "/v1/sent", `{"aud_userid":"u",` + jumsSays + `}`, 4004, []string{"aud_userid"}},
		{"a field twice", "/v1/sent", `{"aud_userid":["u"],"aud_userid":["v"],` + jumsSays + `}`, 4004, []string{"aud_userid"}},
		{"a list for an object", "/v1/broadcast", `[]`, 4004, nil},
		{"no JSON", "/v1/template/broadcast", `{`, 4004, nil},
		{"no message of that name", "/v1/retract/v:1t:1603707455p:27133n:2", ``, 4004, []string{"msgid"}},
		{"a user", "/v1/user/opt", `[{"userid":"u-1","set":{"tag":{"all":["vip"]}}}]`, 0, nil},
		{"1000 users", "/v1/user/opt", `[` + strings.TrimSuffix(strings.Repeat(`{"userid":"u-1"},`, 1000), ",") + `]`, 0, nil},
		{"1001 users", "/v1/user/opt", `[` + strings.TrimSuffix(strings.Repeat(`{"userid":"u-1"},`, 1001), ",") + `]`, 4004, []string{"1000"}},
		{"a user's field twice", "/v1/user/opt", `[{"userid":"u-1","userid":"u-2"}]`, 4004, []string{"[0].userid is given twice"}},
		{"users as an object", "/v1/user/opt", `{}`, 4004, nil},
	}
	for name, who := range map[string]func(*http.Request){
		"Bearer": func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+jwt) },
		"Basic":  basic(client.ChannelKey, client.Secret),
	} {
		for _, c := range cases {
			t.Run(name+"/"+c.name, func(t *testing.T) {
				r := s.call("POST", c.path, "", c.body, who)
				if r.header.Get("X-Rate-Limit-Limit") == "" || r.header.Get("X-Rate-Limit-Remaining") == "" || r.header.Get("X-Rate-Limit-Reset") == "" {
					t.Error("the answer has not all X-Rate-Limit headers")
				}
				if c.code == 0 {
					if r.status != http.StatusOK {
						t.Fatalf("%d %s", r.status, r.body)
					}
					return
				}
				h := *s.house
				h.t = t
				h.refused(r, http.StatusBadRequest, c.code, c.words...)
			})
		}
	}
}

func TestJUMSPathsTellWhoMayNot(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	client, jwt := s.client([]string{access.Send, access.Users}, "oa1")
	for _, path := range []string{"/v1/sent", "/v1/broadcast", "/v1/template/sent", "/v1/template/broadcast", "/v1/retract/x", "/v1/user/opt", "/v1/user/delete", "/v1/material"} {
		s.refused(s.call("POST", path, "", `{}`), http.StatusUnauthorized, codeAuth)
		r := s.call("POST", path, "", `{}`, basic(client.ChannelKey, "wrong-secret-of-20-letters"))
		s.refused(r, http.StatusUnauthorized, codeAuth)
		if r.header.Get("X-Rate-Limit-Limit") == "" {
			t.Errorf("%s: no rate headers on a refusal", path)
		}
	}
	s.refused(s.call("POST", "/v1/user/delete", jwt, `["u"]`), http.StatusForbidden, codeForbidden, "access_key")
	keys := s.json(s.call("POST", "/v1/clients", s.admin, `{"name":"keys","kind":"access_key"}`), http.StatusCreated)
	r := s.call("POST", "/v1/sent", "", `{}`, basic(keys["channel_key"].(string), keys["master_secret"].(string)))
	s.refused(r, http.StatusForbidden, codeForbidden, "kind access_key cannot", "send")
	s.json(s.call("PATCH", fmt.Sprintf("/v1/clients/%d", client.ID), s.admin, `{"disabled":true}`), http.StatusOK)
	for _, path := range []string{"/v1/sent", "/v1/broadcast", "/v1/template/sent", "/v1/template/broadcast", "/v1/retract/x", "/v1/user/opt", "/v1/material"} {
		s.refused(s.call("POST", path, jwt, `{}`), http.StatusForbidden, 1015005)
		s.refused(s.call("POST", path, "", `{}`, basic(client.ChannelKey, client.Secret)), http.StatusForbidden, 1015005)
	}
}

// parts is a multipart body of fields, a file for each name "file".
func parts(t *testing.T, fields ...string) (string, func(*http.Request)) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(fields); i += 2 {
		var err error
		if fields[i] == "file" {
			_, err = w.CreateFormFile("file", "a.pdf")
		} else {
			err = w.WriteField(fields[i], fields[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), func(r *http.Request) { r.Header.Set("Content-Type", w.FormDataContentType()) }
}

func TestMaterialIsCheckedAndPointsToMedia(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	_, jwt := s.client([]string{access.Send}, "oa1")
	for _, c := range []struct {
		code   int
		word   string
		fields []string
	}{
		{1015010, "/media", []string{"type", "attachment", "file", ""}},
		{1015010, "/media", []string{"type", "attachment", "file", "", "time_to_live", "1"}},
		{1015010, "/media", []string{"type", "attachment", "file", "", "time_to_live", "168"}},
		{4004, "time_to_live", []string{"type", "attachment", "file", "", "time_to_live", "169"}},
		{4004, "time_to_live", []string{"type", "attachment", "file", "", "time_to_live", "0"}},
		{4004, "time_to_live", []string{"type", "attachment", "file", "", "time_to_live", "soon"}},
		{4004, "type", []string{"type", "image", "file", ""}},
		{4004, "type", []string{"file", ""}},
		{4004, "file", []string{"type", "attachment"}},
		{4004, "file", []string{"type", "attachment", "file", "", "file", ""}},
		{4004, "name", []string{"type", "attachment", "name", "x", "file", ""}},
	} {
		body, head := parts(t, c.fields...)
		s.refused(s.call("POST", "/v1/material", jwt, body, head), http.StatusBadRequest, c.code, c.word)
	}
	s.refused(s.call("POST", "/v1/material", jwt, `{}`), http.StatusBadRequest, codeInvalid, "multipart")
}

func TestSettingsChangeWhatIsNamedAndHoldAtOnce(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	client, jwt := s.client([]string{access.Send, access.MessagesRead}, "oa1")
	was := s.json(s.call("GET", "/v1/settings", s.admin, nil), http.StatusOK)
	if fmt.Sprint(was["quiet_hours"]) != "map[enabled:false from:22:00 quiet:refuse to:08:00]" {
		t.Errorf("never set: %v", was)
	}
	s.refused(s.call("GET", "/v1/settings", jwt, nil), http.StatusForbidden, codeForbidden)
	s.refused(s.call("PATCH", "/v1/settings", s.admin, `{"sensitive_words":{"list":[]}}`), http.StatusBadRequest, codeInvalid, "sensitive_words.list")
	s.refused(s.call("PATCH", "/v1/settings", s.admin, `{"rate":{"calls_per_second":100001}}`), http.StatusBadRequest, codeInvalid, "rate.calls_per_second")
	s.refused(s.call("PATCH", "/v1/settings", s.admin, `{"quiet_hours":{"from":"9:00"}}`), http.StatusBadRequest, codeInvalid, "quiet_hours.from")
	s.json(s.call("PATCH", "/v1/settings", s.admin, `{"sensitive_words":{"enabled":true,"words":["赌场"]},"rate":{"calls_per_second":5}}`), http.StatusOK)
	now := s.json(s.call("PATCH", "/v1/settings", s.admin, `{"quiet_hours":{"quiet":"wait"}}`), http.StatusOK)
	if fmt.Sprint(now["sensitive_words"]) != "map[enabled:true words:[赌场]]" {
		t.Errorf("what is absent does not stay: %v", now)
	}
	bad := strings.Replace(order("o1"), "<a> & 两件", "赌场", 1)
	s.refused(s.call("POST", "/v1/sent", jwt, bad), http.StatusBadRequest, 1015034, "msg_wechatoa[0].data.thing1.value")
	s.json(s.call("PATCH", fmt.Sprintf("/v1/clients/%d", client.ID), s.admin, `{"calls_per_second":2}`), http.StatusOK)
	s.limited(jwt, "2")
}

// limited calls until the client has called too often.
func (s *shop) limited(jwt, limit string) {
	s.t.Helper()
	for range 200 {
		r := s.call("GET", "/v1/messages", jwt, nil)
		if got := r.header.Get("X-Rate-Limit-Limit"); got != limit {
			s.t.Fatalf("the limit is %q, want %q", got, limit)
		}
		if r.status == http.StatusTooManyRequests {
			s.refused(r, http.StatusTooManyRequests, 1015030)
			if r.header.Get("Retry-After") == "" || r.header.Get("X-Rate-Limit-Remaining") != "0" {
				s.t.Errorf("headers %v", r.header)
			}
			return
		}
	}
	s.t.Error("200 calls at once were let through")
}

func TestAnAdministratorApprovesAndStatsCount(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	client, jwt := s.client([]string{access.Send, access.MessagesRead}, "oa1")
	s.refused(s.call("PATCH", fmt.Sprintf("/v1/clients/%d", client.ID), s.admin, `{"approval":true}`), http.StatusBadRequest, codeInvalid, "owners")
	s.json(s.call("PATCH", fmt.Sprintf("/v1/clients/%d", client.ID), s.admin, `{"approval":true,"owners":["li.na"]}`), http.StatusOK)
	s.refused(s.call("POST", "/v1/sent", jwt, order("o1")), http.StatusBadRequest, 1015023, "option.owner")
	owned := strings.Replace(order("o1", "bad1"), `"sendno"`, `"owner":"li.na","sendno"`, 1)
	msgid := s.json(s.call("POST", "/v1/sent", jwt, owned), http.StatusOK)["msgid"].(string)
	m := s.json(s.call("GET", "/v1/messages/"+msgid, jwt, nil), http.StatusOK)
	if m["state"] != "paused" || m["approval"] != "waiting" || m["owner"] != "li.na" {
		t.Errorf("held: %v", m)
	}
	s.refused(s.call("POST", "/v1/messages/"+msgid+"/resume", jwt, nil), http.StatusConflict, codeConflict, "approval")
	s.refused(s.call("POST", "/v1/messages/"+msgid+"/approve", jwt, nil), http.StatusForbidden, codeForbidden)
	if waiting := s.json(s.call("GET", "/v1/messages?approval=waiting", s.admin, nil), http.StatusOK); len(waiting["items"].([]any)) != 1 {
		t.Errorf("waiting: %v", waiting)
	}
	s.refused(s.call("GET", "/v1/messages?approval=no", s.admin, nil), http.StatusBadRequest, codeInvalid, "approval")
	s.json(s.call("POST", "/v1/messages/"+msgid+"/approve", s.admin, nil), http.StatusOK)
	s.refused(s.call("POST", "/v1/messages/"+msgid+"/reject", s.admin, nil), http.StatusConflict, codeConflict)
	if _, err := s.notify.SendDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.counted(client.ID, jwt)
}

func (s *shop) counted(id int64, jwt string) {
	s.t.Helper()
	all := s.json(s.call("GET", "/v1/stats", jwt, nil), http.StatusOK)["items"].([]any)
	if len(all) != 1 {
		s.t.Fatalf("stats: %v", all)
	}
	day := all[0].(map[string]any)
	if day["client"] != float64(id) || day["sender"] != "oa1" || day["target"] != 2.0 || day["sent"] != 1.0 || day["failed"] != 1.0 ||
		fmt.Sprint(day["reasons"]) != "[map[count:1 reason:43004]]" {
		s.t.Errorf("stats: %v", day)
	}
	if csv := string(s.call("GET", "/v1/stats?format=csv&time_zone=Asia/Tokyo", jwt, nil).body); !strings.Contains(csv, ",oa1,2,0,1,0,1,0,0,0,0,43004=1\n") {
		s.t.Errorf("CSV: %s", csv)
	}
	for query, word := range map[string]string{"from=2026-01-01&to=2026-04-03": "92 days", "from=yesterday": "from", "to=2026-02-30": "to",
		"from=2026-02-02&to=2026-02-01": "before", "time_zone=Asia/Kolkata": "time_zone", "time_zone=Mars": "time_zone", "format=xml": "format", "client=x": "client", "limit=0": "limit", "cursor=!": "cursor"} {
		s.refused(s.call("GET", "/v1/stats?"+query, jwt, nil), http.StatusBadRequest, codeInvalid, word)
	}
	s.json(s.call("GET", "/v1/stats?from=2026-01-01&to=2026-04-02", jwt, nil), http.StatusOK)
	s.refused(s.call("GET", fmt.Sprintf("/v1/stats?client=%d", id+1), jwt, nil), http.StatusNotFound, codeNotFound)
	if got := s.json(s.call("GET", "/v1/stats?sender=oa2", s.admin, nil), http.StatusOK)["items"].([]any); len(got) != 0 {
		s.t.Errorf("another sender: %v", got)
	}
}
func TestSettingsAreChangedAllOrNone(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.refused(s.call("PATCH", "/v1/settings", s.admin, `{"rate":{"calls_per_second":7},"time_zone":"nowhere"}`), http.StatusBadRequest, 4004, "time_zone")
	s.refused(s.call("PATCH", "/v1/settings", s.admin, `{"rate":{"calls_per_second":-1},"broadcast_quota":{"per_day":5}}`), http.StatusBadRequest, 4004, "rate.calls_per_second")
	now := s.json(s.call("GET", "/v1/settings", s.admin, nil), http.StatusOK)
	if now["rate"].(map[string]any)["calls_per_second"] == 7.0 || now["broadcast_quota"].(map[string]any)["per_day"] != 0.0 {
		t.Errorf("a refused change took effect: %v", now)
	}
}
