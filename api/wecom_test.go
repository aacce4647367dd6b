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
