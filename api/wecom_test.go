package api

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"wechattpp/audience"
	"wechattpp/health"
	"wechattpp/notify"
	"wechattpp/sender"
	"wechattpp/simulator"
	"wechattpp/sql"
	"wechattpp/wechat"
)

const (
	wecomCorp   = "ww00000000000000aa"
	wecomSecret = "the-secret-of-the-app"
)

// weCom is the API with an app on WeCom as sender wk, the webhook of a group as
// grp, and a client that may use both.
type weCom struct {
	*house
	sim   *simulator.Simulator
	token string
}

func newWeCom(t *testing.T, corp simulator.Corp, fit ...func(*Config, *sql.DB)) *weCom {
	t.Helper()
	w := &weCom{sim: simulator.New(simulator.Config{})}
	corp.CorpID = wecomCorp
	corp.Agents = append([]simulator.Agent{{AgentID: 1000002, Secret: wecomSecret}}, corp.Agents...)
	if err := w.sim.AddCorp(corp); err != nil {
		t.Fatal(err)
	}
	vendor := httptest.NewServer(w.sim)
	t.Cleanup(vendor.Close)
	api := wechat.API{WeComBase: vendor.URL + simulator.WeComPath, OpenBase: vendor.URL}
	w.house = newHouse(t, append([]func(*Config, *sql.DB){func(cfg *Config, db *sql.DB) {
		cfg.Senders = &sender.Room{Store: db.Sender(testComponent), API: api, Tokens: func(s sender.Sender) wechat.TokenSource {
			lent, err := api.WeCom(s.CorpID, s.AgentID, nil).Mint(context.Background(), wecomSecret)
			if err != nil {
				t.Error(err)
			}
			return wechat.FixedToken(lent.Access)
		}}
		cfg.Health = &health.Room{Store: db.Health(testComponent)}
		for _, s := range []sender.Sender{
			{Code: "wk", Kind: sender.WeCom, CorpID: wecomCorp, AgentID: 1000002, Secrets: sender.Secrets{Secret: wecomSecret}},
			{Code: "grp", Kind: sender.WeCom, Credentials: sender.Webhook, Secrets: sender.Secrets{Secret: "693a91f6-key"}},
			{Code: "oa", Kind: sender.OfficialAccount, AppID: "wx1"},
		} {
			if _, err := cfg.Senders.Create(context.Background(), s); err != nil {
				t.Fatal(err)
			}
		}
	}}, fit...)...)
	_, w.token = w.client([]string{"send", "users", "messages:read"}, "wk", "grp", "oa")
	return w
}

func TestAnAppMakesChatsAndChangesThem(t *testing.T) {
	t.Parallel()
	w := newWeCom(t, simulator.Corp{Members: []string{"li.na", "zhao.min", "wang.fang"}})
	made := w.json(w.call("POST", "/v1/senders/wk/chats", w.token, `{"chatid":"duty1","name":"值班","owner":"zhao.min","userlist":["li.na","zhao.min"]}`), http.StatusCreated)
	if made["chatid"] != "duty1" || made["owner"] != "zhao.min" {
		t.Errorf("made %v", made)
	}
	other := w.json(w.call("POST", "/v1/senders/wk/chats", w.token, `{"userlist":["li.na","zhao.min"]}`), http.StatusCreated)
	if id, _ := other["chatid"].(string); len(id) != 24 || other["owner"] != "li.na" {
		t.Errorf("without an id and owner: %v", other)
	}
	changed := w.json(w.call("PATCH", "/v1/senders/wk/chats/duty1", w.token, `{"name":"夜班","owner":"wang.fang","add_user_list":["wang.fang"],"del_user_list":["zhao.min"]}`), 200)
	if fmt.Sprint(changed["userlist"]) != "[li.na wang.fang]" || changed["name"] != "夜班" {
		t.Errorf("changed %v", changed)
	}
	if got := w.json(w.call("GET", "/v1/senders/wk/chats/duty1", w.token, nil), 200); got["owner"] != "wang.fang" {
		t.Errorf("read %v", got)
	}
	first := w.json(w.call("GET", "/v1/senders/wk/chats?limit=1", w.token, nil), 200)
	second := w.json(w.call("GET", "/v1/senders/wk/chats?limit=5&cursor="+first["next_cursor"].(string), w.token, nil), 200)
	if all := fmt.Sprint(first["items"], second["items"]); strings.Count(all, "chatid:") != 2 || !strings.Contains(all, "夜班") {
		t.Errorf("listed %s", all)
	}
	if trail := string(w.call("GET", "/v1/audit?limit=10", w.admin, nil).body); !strings.Contains(trail, "chat.create") || !strings.Contains(trail, "chat.update") {
		t.Errorf("the audit trail: %s", trail)
	}
}

func TestChatsAreRefusedByFieldAndLimit(t *testing.T) {
	t.Parallel()
	people := make([]string, 2001)
	for i := range people {
		people[i] = fmt.Sprintf("m%d", i)
	}
	w := newWeCom(t, simulator.Corp{Members: people, Agents: []simulator.Agent{{AgentID: 1000003, Secret: "another"}}})
	chat := func(fields string) string { return `{"name":"a","userlist":["m1","m2"]` + fields + `}` }
	list := func(n int) string { return `{"userlist":["` + strings.Join(people[:n], `","`) + `"]}` }
	w.json(w.call("POST", "/v1/senders/wk/chats", w.token, list(2000)), 201)
	w.json(w.call("POST", "/v1/senders/wk/chats", w.token, chat(`,"chatid":"`+strings.Repeat("a", 32)+`"`)), 201)
	w.json(w.call("POST", "/v1/senders/wk/chats", w.token, `{"userlist":["m1","m2"],"name":"`+strings.Repeat("好", 50)+`"}`), 201)
	for _, c := range []struct {
		body   string
		status int
		says   string
	}{
		{list(1), 400, "userlist has 1 userids: 2 to 2000"},
		{list(2001), 400, "userlist has 2001 userids"},
		{`{"userlist":["m1","M1"]}`, 400, "userlist[1] is there twice"},
		{`{"userlist":["m1","m 2"]}`, 400, "userlist[1] is no userid"},
		{`{"userlist":["m1","m2"],"name":"` + strings.Repeat("好", 51) + `"}`, 400, "name has 51 characters"},
		{chat(`,"chatid":"` + strings.Repeat("a", 33) + `"`), 400, "chatid must be"},
		{chat(`,"chatid":"a-b"`), 400, "chatid must be"},
		{chat(`,"owner":"m3"`), 400, "owner must be one of userlist"},
		{chat(`,"chatid":"` + strings.Repeat("a", 32) + `"`), 409, "86215"},
		{`{"userlist":["m1","nobody"]}`, 400, "86007"},
		{`{"name":"a"}`, 400, "userlist is missing"},
		{chat(`,"members":[]`), 400, "members is not a field"},
	} {
		w.refused(w.call("POST", "/v1/senders/wk/chats", w.token, c.body), c.status, codeOf(c.status), c.says)
	}
	for _, c := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"GET", "wk/chats/Nothing", "", 404, "40050"},
		{"PATCH", "wk/chats/Nothing", `{"name":"b"}`, 404, "40050"},
		{"PATCH", "wk/chats/Nothing", `{}`, 400, "changes nothing"},
		{"PATCH", "wk/chats/a-b", `{"name":"b"}`, 400, "chatid must be"},
		{"POST", "grp/chats", chat(""), 409, "only apps on WeCom"},
		{"POST", "oa/chats", chat(""), 409, "only apps on WeCom"},
		{"GET", "oa/chats", "", 409, "only apps on WeCom"},
		{"POST", "other/chats", chat(""), 404, "does not exist"},
	} {
		var body any
		if c.body != "" {
			body = c.body
		}
		w.refused(w.call(c.method, "/v1/senders/"+c.path, w.token, body), c.status, codeOf(c.status), c.says)
	}
}

// codeOf is the code that goes with most answers of a status.
func codeOf(status int) int {
	if status == 400 {
		return codeInvalid
	}
	return status * 10
}

func TestAChatWhoseMakingGotNoAnswerIsFound(t *testing.T) {
	t.Parallel()
	w := newWeCom(t, simulator.Corp{Members: []string{"li.na", "zhao.min"}})
	fault := func(mode simulator.Mode, path string) {
		t.Helper()
		if err := w.sim.Fail(simulator.Fault{Path: simulator.WeComPath + "/cgi-bin/appchat/" + path, Mode: mode}); err != nil {
			t.Fatal(err)
		}
	}
	fault(simulator.ModeResetAfter, "create")
	made := w.json(w.call("POST", "/v1/senders/wk/chats", w.token, `{"userlist":["li.na","zhao.min"]}`), 201)
	if _, ok := w.sim.AppChat(wecomCorp, made["chatid"].(string)); !ok {
		t.Errorf("there is no chat %v", made)
	}
	fault(simulator.ModeResetBefore, "create")
	w.refused(w.call("POST", "/v1/senders/wk/chats", w.token, `{"chatid":"duty","userlist":["li.na","zhao.min"]}`), 502, codeVendor, "chat duty was perhaps made")
}

func TestAnAppWithoutTheRootDepartmentHasNoChats(t *testing.T) {
	t.Parallel()
	w := newWeCom(t, simulator.Corp{Members: []string{"li.na", "zhao.min"}})
	if err := w.sim.Fail(simulator.Fault{Path: simulator.WeComPath + "/cgi-bin/appchat/create", Code: 48002}); err != nil {
		t.Fatal(err)
	}
	w.refused(w.call("POST", "/v1/senders/wk/chats", w.token, `{"userlist":["li.na","zhao.min"]}`), 409, codeConflict, "48002")
}

func TestAFileForAGroupIsUploadedByItsKeyAndSent(t *testing.T) {
	t.Parallel()
	var room *notify.Room
	key := "693a91f6-key"
	w := newWeCom(t, simulator.Corp{Webhooks: []simulator.Webhook{{Key: key}}}, func(cfg *Config, db *sql.DB) {
		room = notify.New(notify.Config{Store: db.Notify(testComponent), Senders: cfg.Senders, Log: slog.New(slog.DiscardHandler)})
		cfg.Notify = room
	})
	upload := func(parts ...string) reply {
		body, kind := formOf(t, parts...)
		return w.call("POST", "/v1/senders/grp/media", w.token, body, func(r *http.Request) { r.Header.Set("Content-Type", kind) })
	}
	kept := w.json(upload("type=file", "media@rota.pdf="+strings.Repeat("排", 700_000)), http.StatusCreated) // 2.1 MB: streamed
	for says, parts := range map[string][]string{
		"type must be file, voice":    {"type=image", "media@a.png=" + picture(pngHead, 100)},
		"permanent cannot be url":     {"type=file", "permanent=url", "media@a.txt=123456"},
		"has 5 bytes":                 {"type=file", "media@a.txt=12345"},
		"must be a file of format":    {"type=voice", "media@a.mp3=ID3" + strings.Repeat("0", 20)},
		"the most that is taken of a": {"type=voice", "media@a.amr=" + picture(amrHead, 2<<20+1)},
	} {
		if got := upload(parts...); got.status < 400 || got.status > 413 || !strings.Contains(string(got.body), says) || strings.Contains(string(got.body), key) {
			t.Errorf("%s: %d %s", says, got.status, got.body)
		}
	}
	w.json(w.call("POST", "/v1/sent", w.token, fmt.Sprintf(`{"aud_wechatwk":[{"sender":"grp","data":["@all"]}],"msg_wechatwk":[{"sender":"grp","msgtype":"file","file":{"media_id":%q}}]}`, kept["media_id"])), 200)
	if _, err := room.SendDue(context.Background()); err != nil {
		t.Fatal(err)
	}
	if sends := w.sim.RobotSends(key); len(sends) != 1 || !strings.Contains(string(sends[0].Body), kept["media_id"].(string)) {
		t.Errorf("the group got %v", sends)
	}
	w.sim.RemoveWebhook(key)
	w.refused(upload("type=file", "media@a.txt=123456"), 409, codeConflict, "93000")
	w.refused(w.call("GET", "/v1/senders/grp/proxy/cgi-bin/get_api_domain_ip", w.admin, nil), 409, codeConflict, "no access token")
	w.refused(w.call("GET", "/v1/senders/grp/access-token", w.admin, nil), 409, codeConflict, "no access token")
	if logged := w.log.String(); strings.Contains(logged, key) {
		t.Error("the log tells the key")
	}
}

func TestAMemberIsFoundByMobileAndWrongNumbersAreBounded(t *testing.T) {
	t.Parallel()
	w := newWeCom(t, simulator.Corp{Members: []string{"li.na"}, Mobiles: map[string]string{"13800000000": "li.na"}}, func(cfg *Config, _ *sql.DB) {
		cfg.Senders.WrongNumbers, cfg.Senders.NumberKey = 3, []byte("key")
	})
	const path = "/v1/senders/wk/members/by-mobile"
	const asked = simulator.WeComPath + "/cgi-bin/user/getuserid"
	for range 5 { // good ones do not count
		if got := w.json(w.call("POST", path, w.token, `{"mobile":"13800000000"}`), 200); got["userid"] != "li.na" {
			t.Fatalf("found %v", got)
		}
	}
	for range 3 { // asked for once
		w.refused(w.call("POST", path, w.token, `{"mobile":"13800000001"}`), 404, codeNotFound, "has no member")
	}
	if n := w.sim.Calls().Paths[asked]; n != 6 {
		t.Errorf("%d calls", n)
	}
	for _, n := range []string{"13800000002", "13800000003"} {
		w.refused(w.call("POST", path, w.token, `{"mobile":"`+n+`"}`), 404, codeNotFound, "46004")
	}
	got := w.call("POST", path, w.token, `{"mobile":"13800000004"}`)
	w.refused(got, 429, codeRate, "too many numbers without a member")
	if got.header.Get("Retry-After") == "" || w.sim.Calls().Paths[asked] != 8 {
		t.Errorf("Retry-After %q after %d calls", got.header.Get("Retry-After"), w.sim.Calls().Paths[asked])
	}
	for body, says := range map[string]string{`{"mobile":"1380"}`: "5 to 32 digits", `{"mobile":"138-0000-0000"}`: "5 to 32 digits", `{}`: "mobile is missing"} {
		w.refused(w.call("POST", path, w.token, body), 400, codeInvalid, says)
	}
	w.refused(w.call("POST", "/v1/senders/oa/members/by-mobile", w.token, `{"mobile":"13800000000"}`), 409, codeConflict, "only apps on WeCom")
	trail := string(w.call("GET", "/v1/audit?limit=50", w.admin, nil).body)
	if strings.Contains(trail, "1380") || strings.Contains(w.log.String(), "1380") {
		t.Error("a number is in the audit trail or the log")
	}
}

func TestAWeComMemberIsBoundByALink(t *testing.T) {
	t.Parallel()
	corp := simulator.Corp{Members: []string{"li.na", "zhao.min"}, Linked: []string{"wwPartner01/chen.bo", "wwPartner02/chen.bo"}}
	w := newWeCom(t, corp, func(cfg *Config, db *sql.DB) {
		cfg.Audience = &audience.Room{Store: db.Audience(), Codes: cfg.Senders.Codes, Kind: func(ctx context.Context, code string) (string, error) {
			_, kind, _, err := cfg.Senders.Find(ctx, code)
			return kind, err
		}}
		cfg.Links = &audience.Links{Store: db.Audience(), PublicURL: "http://test", Keys: [][]byte{testKey}, Address: cfg.Senders.VisitorLink,
			Visitor: func(ctx context.Context, code, webCode string) (audience.Guest, error) {
				v, err := cfg.Senders.Visitor(ctx, code, webCode)
				return audience.Guest(v), err
			}}
	})
	link := func(userid string) string {
		t.Helper()
		made := w.json(w.call("POST", "/v1/senders/wk/bind-links", w.token, `{"userid":"`+userid+`"}`), http.StatusCreated)
		return strings.TrimPrefix(made["url"].(string), "http://test")
	}
	come := func(path, as string, status int, word string) {
		t.Helper()
		back, cookie := w.visit(w.sim, path, simulator.Visit{OpenID: as})
		w.wantPage(w.call("GET", back, "", nil, inWeChat(cookie)), status, word)
		w.wantPage(w.call("GET", back, "", nil, inWeChat(cookie)), status, word) // browsers come twice
	}
	known := func(userid string) string {
		u := w.json(w.call("GET", "/v1/users/"+userid, w.token, nil), 200)
		return fmt.Sprint(u["identities"])
	}
	come(link("u-1"), "li.na", 200, "Bound")
	if got := known("u-1"); !strings.Contains(got, "li.na") {
		t.Errorf("u-1 is %s", got)
	}
	come(link("u-1"), "zhao.min", 409, "is bound to another WeChat user")
	come(link("u-2"), "li.na", 409, "bound to another account")

	outside := link("u-3")
	back, cookie := w.visit(w.sim, outside, simulator.Visit{OpenID: "oStranger"})
	w.wantPage(w.call("GET", back, "", nil, inWeChat(cookie)), 409, "no member of this company")
	come(outside, "zhao.min", 200, "Bound") // the link is still good

	for _, id := range corp.Linked { // there may be several
		come(link("u-4"), id, 200, "Bound")
	}
	for _, sender := range []string{"grp"} {
		w.refused(w.call("POST", "/v1/senders/"+sender+"/bind-links", w.token, `{"userid":"u-1"}`), 409, codeConflict, "have links that bind")
	}
}
