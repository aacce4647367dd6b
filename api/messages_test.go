package api

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"wechattpp/access"
	"wechattpp/audience"
	"wechattpp/health"
	"wechattpp/notify"
	"wechattpp/sender"
	"wechattpp/sql"
	"wechattpp/wechat"
)

type oneToken struct{}

func (oneToken) Token(context.Context) (string, error)           { return "TOKEN", nil }
func (oneToken) Replace(context.Context, string) (string, error) { return "TOKEN", nil }

// shop is the API with the rooms of sending, a sender oa1 that is authorized
// and a sender oa2 that is not, and a WeChat that refuses openids that begin
// with "bad".
type shop struct {
	*house
	notify *notify.Room
}

func newShop(t *testing.T) *shop {
	t.Helper()
	weChat := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		if strings.Contains(string(b), `"touser":"bad`) {
			_, _ = io.WriteString(w, `{"errcode":43004,"errmsg":"require subscribe rid: 1-2-3"}`)
			return
		}
		_, _ = io.WriteString(w, `{"errcode":0,"errmsg":"ok","msgid":3487542469355618313}`)
	}))
	t.Cleanup(weChat.Close)
	s := &shop{}
	s.house = newHouse(t, func(cfg *Config, db *sql.DB) {
		cfg.Health = &health.Room{Store: db.Health("wxcomponent")}
		cfg.Senders = &sender.Room{Store: db.Sender("wxcomponent"), API: wechat.API{Base: weChat.URL},
			Tokens: func(sender.Sender) wechat.TokenSource { return oneToken{} },
			Account: func(_ context.Context, appID string) (sender.Status, error) {
				return sender.Status{Authorized: appID == "wx1", Sets: []int{1, 7, 89}}, nil
			}}
		cfg.Audience = &audience.Room{Store: db.Audience(), Kind: func(ctx context.Context, code string) (string, error) {
			_, kind, _, err := cfg.Senders.Find(ctx, code)
			if errors.Is(err, fs.ErrNotExist) {
				err = nil
			}
			return kind, err
		}}
		s.notify = notify.New(notify.Config{Store: db.Notify("wxcomponent"), Senders: cfg.Senders, Audience: cfg.Audience, Log: cfg.Log})
		cfg.Notify = s.notify
	})
	for code, app := range map[string]string{"oa1": "wx1", "oa2": "wx2"} {
		s.json(s.call("POST", "/v1/senders", s.admin, map[string]any{"code": code, "kind": "wechatoa", "name": "店铺", "app_id": app}), http.StatusCreated)
	}
	return s
}

// order is a request to the openids by oa1.
func order(openids ...string) string {
	return fmt.Sprintf(`{"aud_wechatoa":[{"data":["%s"]}],"msg_wechatoa":[{"sender":"oa1","template_id":"T","data":{"thing1":{"value":"<a> & 两件"}}}],"option":{"sendno":"no-1"}}`,
		strings.Join(openids, `","`))
}

// JUMS lets userids begin with signs that spreadsheet programs take for formulas.
func TestRecipientsAsCSVHoldNoFormula(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	_, token := s.client([]string{access.Send, access.MessagesRead}, "oa1")
	sent := s.json(s.call("POST", "/v1/sent", token,
		`{"aud_userid":["=1+1","@SUM","u-1"],"msg_wechatoa":[{"sender":"oa1","template_id":"T","data":{"thing1":{"value":"a"}}}]}`), http.StatusOK)
	got := s.call("GET", "/v1/messages/"+sent["msgid"].(string)+"/recipients?format=csv", token, nil)
	for _, want := range []string{"\uFEFFsender,", "oa1,'=1+1,,skipped,", "oa1,'@SUM,,skipped,", "oa1,u-1,,skipped,"} {
		if !strings.Contains(string(got.body), want) {
			t.Errorf("no %q in %s", want, got.body)
		}
	}
}

func TestAMessageGoesOutAndCanBeFollowed(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	c, token := s.client([]string{access.Send, access.MessagesRead}, "oa1")
	sent := s.json(s.call("POST", "/v1/sent", token, order("o1", "o2", "bad3")), http.StatusOK)
	if sent["code"] != 0.0 || sent["sendno"] != "no-1" {
		t.Fatalf("answer %v", sent)
	}
	path := "/v1/messages/" + sent["msgid"].(string)
	if m := s.json(s.call("GET", path, token, nil), http.StatusOK); m["state"] != "running" || m["target"] != 3.0 {
		t.Errorf("before sending: %v", m)
	}
	if _, err := s.notify.SendDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	m := s.json(s.call("GET", path, token, nil), http.StatusOK)
	counts := m["counts"].(map[string]any)
	if m["state"] != "done" || counts["sent"] != 2.0 || counts["failed"] != 1.0 || m["done_at"] == nil {
		t.Errorf("after sending: %v", m)
	}

	failed := s.json(s.call("GET", path+"/recipients?state=failed", token, nil), http.StatusOK)["items"].([]any)
	if len(failed) != 1 || failed[0].(map[string]any)["error"].(map[string]any)["code"] != 43004.0 {
		t.Errorf("failed: %v", failed)
	}
	seen := 0
	for cursor := ""; ; {
		page := s.json(s.call("GET", path+"/recipients?limit=1&cursor="+cursor, token, nil), http.StatusOK)
		seen += len(page["items"].([]any))
		if cursor = page["next_cursor"].(string); cursor == "" {
			break
		}
	}
	if seen != 3 {
		t.Errorf("%d recipients over the pages", seen)
	}
	table := s.call("GET", path+"/recipients?format=csv", token, nil)
	rows, err := csv.NewReader(strings.NewReader(string(table.body))).ReadAll()
	if err != nil || len(rows) != 4 || rows[3][2] != "bad3" || rows[3][4] != "43004" {
		t.Errorf("csv: %v %v", rows, err)
	}
	s.refused(s.call("GET", path+"/recipients?state=lost", token, nil), 400, codeInvalid, "state", "unknown")

	_, other := s.client([]string{access.MessagesRead}, "oa1")
	for _, p := range []string{path, path + "/recipients", path + "/recipients?format=csv", "/v1/messages/v:1t:1603707455p:27133n:2"} {
		s.refused(s.call("GET", p, other, nil), http.StatusNotFound, codeNotFound, "message")
	}
	if list := s.json(s.call("GET", "/v1/messages", other, nil), 200)["items"].([]any); len(list) != 0 {
		t.Errorf("another client sees %v", list)
	}
	if list := s.json(s.call("GET", "/v1/messages", s.admin, nil), 200)["items"].([]any); len(list) != 1 {
		t.Errorf("an administrator sees %v", list)
	}
	basicAnswer := s.json(s.call("POST", "/v1/sent", "", order("o9"), basic(c.ChannelKey, c.Secret)), http.StatusOK)
	if basicAnswer["msgid"] == sent["msgid"] {
		t.Error("two messages share a msgid")
	}
}

func TestSendsAreRefusedWithTheCodesOfJUMS(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	_, token := s.client([]string{access.Send}, "oa1", "oa2")
	for name, x := range map[string]struct {
		body  string
		code  int
		words string
	}{
		"SMS":                   {`{"msg_sms":[{}]}`, 1015007, "msg_sms"},
		"an unauthorized OA":    {strings.Replace(order("o1"), "oa1", "oa2", 1), 1015008, "authorize"},
		"a thing of 21":         {strings.Replace(order("o1"), "两件", strings.Repeat("字", 21), 1), 4004, "msg_wechatoa[0].data.thing1.value"},
		"a field given twice":   {`{"rule_id":0,"rule_id":0}`, 4004, "twice"},
		"an empty body":         {``, 4004, "body"},
		"a key of another kind": {`{"aud_userid":[1]}`, 4004, "aud_userid"},
	} {
		s.refused(s.call("POST", "/v1/sent", token, x.body), http.StatusBadRequest, x.code, x.words)
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

func TestAnIdempotencyKeyHolds(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	_, token := s.client([]string{access.Send}, "oa1")
	key := func(r *http.Request) { r.Header.Set("Idempotency-Key", "order-1") }
	first := s.call("POST", "/v1/sent", token, order("o1"), key)
	again := s.call("POST", "/v1/sent", token, order("o1"), key)
	if s.json(first, 200)["msgid"] != s.json(again, 200)["msgid"] || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("first %s, again %s", first.body, again.body)
	}
	s.refused(s.call("POST", "/v1/sent", token, order("o2"), key), http.StatusConflict, codeConflict, "another body")
}

func TestUsersAreWrittenByClientsAndDeletedByAccessKeys(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	c, token := s.client([]string{access.Users, access.Send}, "oa1")
	body := `[{"userid":"u-1","set":{"wechatoa":{"oa1":"o1"}}},{"userid":"u-2","set":{"oa1":"o2"}},{"userid":"bad id"},{"userid":"u-3","set":{"oa2":"o3"}}]`
	data := s.json(s.call("POST", "/v1/user/opt", "", body, basic(c.ChannelKey, c.Secret)), 200)["data"].(map[string]any)
	if fmt.Sprint(data["success"]) != "[u-1 u-2]" || len(data["fail"].([]any)) != 2 {
		t.Errorf("data %v", data)
	}
	s.json(s.call("POST", "/v1/sent", token, `{"aud_userid":["u-1","u-9"],"msg_wechatoa":[{"template_id":"T","data":{}}]}`), 200)
	s.refused(s.call("POST", "/v1/user/opt", token, `{}`), 400, codeInvalid, "array")

	s.refused(s.call("POST", "/v1/user/delete", token, `["u-1"]`), http.StatusForbidden, codeForbidden)
	owner, err := s.room.Create(t.Context(), access.Client{Name: "registry", Kind: access.AccessKey})
	if err != nil {
		t.Fatal(err)
	}
	as := basic(owner.ChannelKey, owner.Secret)
	if r := s.json(s.call("POST", "/v1/user/opt", "", `[{"userid":"u-3","set":{"oa2":"o3"}}]`, as), 200)["data"].(map[string]any); fmt.Sprint(r["success"]) != "[u-3]" {
		t.Errorf("an access key writes %v", r)
	}
	if r := s.json(s.call("POST", "/v1/user/delete", "", `["u-1","u-8"]`, as), 200)["data"].(map[string]any); fmt.Sprint(r["success"]) != "[u-1]" {
		t.Errorf("deleted %v", r)
	}
	s.refused(s.call("POST", "/v1/sent", "", order("o1"), as), http.StatusForbidden, codeForbidden)
}

func TestASendersLife(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	made := s.json(s.call("POST", "/v1/senders", s.admin, `{"code":"wechatoa123","kind":"wechatoa"}`), http.StatusCreated)
	if made["ready"] != false || !strings.Contains(made["reason"].(string), "invitation") || made["credentials"] != "component" {
		t.Errorf("made %v", made)
	}
	s.refused(s.call("POST", "/v1/senders", s.admin, `{"code":"wechatoa123","kind":"wechatoa"}`), http.StatusConflict, codeConflict)
	for field, body := range map[string]string{
		"code":        `{"code":"a-b","kind":"wechatoa"}`,
		"kind":        `{"code":"a","kind":"sms"}`,
		"credentials": `{"code":"a","kind":"wechatoa","credentials":"scan"}`,
		"app_secret":  `{"code":"a","kind":"wechatoa","app_secret":"x"}`,
		"reply_url":   `{"code":"a","kind":"wechatoa","reply_url":"https://example.com"}`,
		"colour":      `{"code":"a","kind":"wechatoa","colour":"x"}`,
	} {
		s.refused(s.call("POST", "/v1/senders", s.admin, body), 400, codeInvalid, field)
	}
	changed := s.json(s.call("PATCH", "/v1/senders/wechatoa123", s.admin, `{"app_id":"wx1"}`), 200)
	if changed["ready"] != true || changed["app_id"] != "wx1" {
		t.Errorf("changed %v", changed)
	}
	_, token := s.client([]string{access.Send}, "wechatoa123")
	s.json(s.call("POST", "/v1/sent", token, strings.Replace(order("o1"), "oa1", "wechatoa123", 1)), 200)
	s.refused(s.call("DELETE", "/v1/senders/wechatoa123", s.admin, nil), http.StatusConflict, codeConflict, "waiting")
	s.refused(s.call("PATCH", "/v1/senders/wechatoa123", s.admin, `{"app_id":"wx2"}`), http.StatusConflict, codeConflict, "waiting")
	if _, err := s.notify.SendDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r := s.call("DELETE", "/v1/senders/wechatoa123", s.admin, nil); r.status != http.StatusNoContent {
		t.Errorf("deleted: %d %s", r.status, r.body)
	}
	s.refused(s.call("GET", "/v1/senders/wechatoa123", s.admin, nil), http.StatusNotFound, codeNotFound)
	first := s.json(s.call("GET", "/v1/senders?limit=1", s.admin, nil), 200)
	second := s.json(s.call("GET", "/v1/senders?limit=1&cursor="+first["next_cursor"].(string), s.admin, nil), 200)
	if fmt.Sprint(second["next_cursor"]) != "" || len(second["items"].([]any)) != 1 {
		t.Errorf("pages %v %v", first, second)
	}
}

func TestAMessageIsRetractedPausedAndRetried(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	_, token := s.client([]string{access.Send, access.MessagesRead}, "oa1")
	_, other := s.client([]string{access.Send, access.MessagesRead}, "oa1")
	send := func(body string) string {
		return s.json(s.call("POST", "/v1/sent", token, body), http.StatusOK)["msgid"].(string)
	}
	deliver := func() {
		if _, err := s.notify.SendDue(t.Context()); err != nil {
			t.Fatal(err)
		}
	}

	id := send(order("o1", "o2"))
	if m := s.json(s.call("POST", "/v1/messages/"+id+"/pause", token, nil), http.StatusOK); m["state"] != "paused" {
		t.Errorf("paused: %v", m)
	}
	if deliver(); s.json(s.call("GET", "/v1/messages/"+id, token, nil), http.StatusOK)["counts"].(map[string]any)["queued"] != 2.0 {
		t.Error("a paused message was sent")
	}
	s.json(s.call("POST", "/v1/messages/"+id+"/resume", other, nil), http.StatusNotFound)
	s.json(s.call("POST", "/v1/retract/"+id, other, nil), http.StatusBadRequest)
	if a := s.json(s.call("POST", "/v1/retract/"+id, token, nil), http.StatusOK); a["code"] != 0.0 || a["message"] != "success" {
		t.Errorf("retracted: %v", a)
	}
	if a := s.json(s.call("POST", "/v1/retract/"+id, token, nil), http.StatusBadRequest); a["code"] != 1015055.0 {
		t.Errorf("retracted twice: %v", a)
	}
	if m := s.json(s.call("GET", "/v1/messages/"+id, token, nil), http.StatusOK); m["state"] != "canceled" {
		t.Errorf("after it: %v", m)
	}
	s.json(s.call("POST", "/v1/messages/"+id+"/resume", token, nil), http.StatusConflict)
	s.json(s.call("POST", "/v1/retract/v:1t:1714980000p:00042n:1", token, nil), http.StatusBadRequest)

	id = send(order("o3", "bad4"))
	deliver()
	stream := s.call("GET", "/v1/messages/"+id+"/progress", token, nil)
	if !strings.HasPrefix(string(stream.body), `data: {"msgid":"`+id) || !strings.Contains(string(stream.body), `"failed":1`) {
		t.Errorf("progress: %s", stream.body)
	}
	if m := s.json(s.call("POST", "/v1/messages/"+id+"/retry", token, nil), http.StatusOK); m["state"] != "running" || m["counts"].(map[string]any)["queued"] != 1.0 {
		t.Errorf("retried: %v", m)
	}
	s.json(s.call("GET", "/v1/messages/"+id+"/progress", other, nil), http.StatusNotFound)
}

func TestEveryKindOfMessageIsTakenAsDescribed(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	_, token := s.client([]string{access.Send}, "oa1")
	const values = `"data":{"thing1":{"value":"x"}}`
	for name, message := range map[string]string{
		"template":     `"template_id":"T",` + values,
		"notification": `"type":1,"template_id":"T","page":"https://a.example","miniprogram":{"appid":"wx1"},` + values,
		"customer":     `"type":3,"msgtype":"msgmenu","msgmenu":{"list":[{"id":"y","content":"yes"}]},"aimsgcontext":{"is_ai_msg":1}`,
		"one-time":     `"type":2,"template_id":"T","scene":10000,"title":"t","content":"a\nb","color":"#000000","url":"https://a.example"`,
	} {
		r := s.call("POST", "/v1/sent", token, `{"aud_wechatoa":["o1"],"msg_wechatoa":[{"sender":"oa1",`+message+`}]}`)
		if r.status != http.StatusOK {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
	r := s.call("POST", "/v1/sent", token, `{"aud_wechatmp":["o1"],"msg_wechatmp":[{"template_id":"T",`+values+`}]}`)
	if m := s.json(r, http.StatusBadRequest); m["code"] != 1015009.0 {
		t.Errorf("without a Mini Program: %v", m)
	}
}
