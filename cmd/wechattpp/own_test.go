package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"wechattpp/sender"
	"wechattpp/simulator"
	"wechattpp/sql/sqltest"
	"wechattpp/token"
	"wechattpp/wechat"
)

const (
	ownAppID = "wx00000000000000e1"
	ownCorp  = "ww00000000000000e2"
)

// own puts an Official Account with a secret and a company with an app into
// the world, and answers their secrets.
func (w *world) own(t *testing.T) (appSecret, agentSecret string) {
	t.Helper()
	appSecret, agentSecret = random(16), random(16)
	shop := simulator.SampleWorld()[0]
	shop.AppID, shop.UserName, shop.Sets, shop.Secret = ownAppID, "gh_own", nil, appSecret
	if err := w.AddAccount(shop); err != nil {
		t.Fatal(err)
	}
	if err := w.AddCorp(simulator.Corp{CorpID: ownCorp, Agents: []simulator.Agent{{AgentID: 1000002, Secret: agentSecret}}}); err != nil {
		t.Fatal(err)
	}
	return appSecret, agentSecret
}

// shownSender is what the API tells of one.
type shownSender struct {
	Ready  bool
	Reason string
	Token  struct{ State, Problem string } `json:"access_token"`
	Secret bool                            `json:"secret_set"`
}

// awaitSender waits until the API's word on a sender is as wanted.
func awaitSender(t *testing.T, c *caller, code string, good func(shownSender) bool) (s shownSender) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	err := until(ctx, "sender "+code, func() (bool, error) {
		s = shownSender{}
		err := c.call(ctx, http.MethodGet, "/v1/senders/"+code, nil, &s)
		return err == nil && good(s), err
	})
	if err != nil {
		t.Fatalf("%v: %+v", err, s)
	}
	return s
}

func hasToken(s shownSender) bool { return s.Ready && s.Token.State == "good" }

func rests(s shownSender) bool { return s.Token.State == "resting" && !s.Ready } // what it is ready for is a second old at most

func TestAnAccountWithASecretOfItsOwnSends(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite")
	appSecret, _ := w.own(t)
	w.env = append(w.env, "WECHATTPP_LOG_LEVEL=debug")
	r := w.start(t)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	shop := simulator.SampleWorld()[0]
	j := &mainJob{t, w, r, ctx, shop}
	admin := r.admin()
	err := admin.call(ctx, http.MethodPost, "/v1/senders", map[string]any{"code": jobSender, "kind": "wechatoa", "credentials": "secret", "app_id": ownAppID, "app_secret": appSecret}, nil)
	if err != nil {
		t.Fatal(err)
	}
	awaitSender(t, admin, jobSender, hasToken)
	j.send(j.client(admin))
	j.again("the message in WeChat's ledger", func() error {
		if n := w.Delivered(shop.Followers[0]); n != 1 {
			return fmt.Errorf("%d messages", n)
		}
		return nil
	})
	if n := w.Calls().Accounts[ownAppID]; n["/cgi-bin/stable_token"] != 1 || n["/cgi-bin/token"] != 0 {
		t.Errorf("calls %v: want one for a token, and none that disturbs others", n)
	}
	if strings.Contains(r.log.String(), appSecret) || strings.Contains(r.log.String(), "87_O") {
		t.Error("the log holds the secret or the token")
	}
}

func TestAWrongSecretIsTriedOnceOverAllReplicasUntilItIsEdited(t *testing.T) {
	t.Parallel()
	w := newWorldOf(t, "mysql", func(c *simulator.Config) { c.WrongSecrets = 3 })
	_, right := w.own(t)
	replicas := []*replica{w.start(t), w.start(t)}
	admins := []*caller{replicas[0].admin(), replicas[1].admin()}
	ctx := context.Background()
	add := func(code, secret string) {
		t.Helper()
		err := admins[0].call(ctx, http.MethodPost, "/v1/senders", map[string]any{"code": code, "kind": "wechatwk", "corp_id": ownCorp, "agent_id": 1000002, "secret": secret}, nil)
		if err != nil {
			t.Fatal(err)
		}
	}
	wrong := "wrong-" + random(8)
	add("wk1", wrong)
	for _, c := range admins {
		got := awaitSender(t, c, "wk1", rests)
		if got.Ready || !strings.Contains(got.Reason, "until secret is set anew") || !strings.Contains(got.Token.Problem, "errcode 40001") {
			t.Errorf("told %+v", got)
		}
	}
	add("wk2", right) // its token shows that both replicas went on renewing
	awaitSender(t, admins[1], "wk2", hasToken)
	replicas[1].killAndRestart() // a start is no edit
	awaitSender(t, replicas[1].admin(), "wk1", rests)
	gettoken := func() int { return w.Calls().Accounts[ownCorp][simulator.WeComPath+"/cgi-bin/gettoken"] }
	if n := gettoken(); n != 2 {
		t.Errorf("%d calls of gettoken, want one for each sender", n)
	}
	if err := replicas[1].admin().call(ctx, http.MethodPatch, "/v1/senders/wk1", map[string]any{"secret": right}, nil); err != nil {
		t.Fatal(err)
	}
	awaitSender(t, admins[0], "wk1", hasToken)
	if n := gettoken(); n != 3 {
		t.Errorf("%d calls of gettoken after the edit, want 3", n)
	}
	for i, r := range replicas {
		for _, s := range []string{wrong, right, "corpsecret", "WK_"} {
			if strings.Contains(r.log.String(), s) {
				t.Errorf("the log of replica %d holds %q", i, s)
			}
		}
	}
}

func TestAnAddressThatIsNotTrustedIsToldAndAnAgentOfAnotherApp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite")
	appSecret, agentSecret := w.own(t)
	elsewhere := &[]string{"198.51.100.1"}
	for _, e := range []simulator.Edit{{CorpID: ownCorp, AgentID: 1000002, IPList: elsewhere}, {AppID: ownAppID, IPList: elsewhere}} {
		if err := w.Edit(e); err != nil {
			t.Fatal(err)
		}
	}
	admin := w.start(t).admin()
	for code, body := range map[string]map[string]any{
		"wk1": {"kind": "wechatwk", "corp_id": ownCorp, "agent_id": 1000002, "secret": agentSecret},
		"wk2": {"kind": "wechatwk", "corp_id": ownCorp, "agent_id": 1000009, "secret": agentSecret},
		"oa1": {"kind": "wechatoa", "credentials": "secret", "app_id": ownAppID, "app_secret": appSecret},
	} {
		body["code"] = code
		if err := admin.call(context.Background(), http.MethodPost, "/v1/senders", body, nil); err != nil {
			t.Fatal(err)
		}
	}
	seen := func(vendor string) func(shownSender) bool {
		return func(s shownSender) bool { return strings.Contains(s.Token.Problem, vendor+" saw 127.0.0.1") }
	}
	awaitSender(t, admin, "oa1", seen("WeChat"))
	if got := awaitSender(t, admin, "wk1", seen("WeCom")); !got.Ready || got.Token.State == "resting" {
		t.Errorf("what passes when the list is mended rests: %+v", got)
	}
	if err := w.Edit(simulator.Edit{CorpID: ownCorp, AgentID: 1000002, IPList: &[]string{"127.0.0.1"}}); err != nil {
		t.Fatal(err)
	}
	for code, good := range map[string]func(shownSender) bool{"wk1": hasToken, "wk2": rests} {
		if err := admin.call(context.Background(), http.MethodPatch, "/v1/senders/"+code, map[string]any{"secret": agentSecret}, nil); err != nil {
			t.Fatal(err)
		}
		awaitSender(t, admin, code, good)
	}
}

// TestAThousandCallersOfAnOwnTokenMakeOneCall has three replicas' keepers and a
// vendor that takes its time.
func TestAThousandCallersOfAnOwnTokenMakeOneCall(t *testing.T) {
	source := sqltest.Source(t, "mysql")
	db := sqltest.Open(t, source)
	sim := simulator.New(simulator.Config{})
	vendor := httptest.NewServer(sim)
	defer vendor.Close()
	secret := random(16)
	if err := sim.AddAccount(simulator.Account{AppID: ownAppID, UserName: "gh_own", Secret: secret}); err != nil {
		t.Fatal(err)
	}
	if err := sim.Fail(simulator.Fault{Path: "/cgi-bin/stable_token", Times: -1, Delay: 200 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	owner := token.OfSender("shop", false)
	var keepers []*token.Keeper
	for range 3 {
		db := sqltest.Raw(t, source, 0)
		room := &sender.Room{Store: db.Sender("wxc"), API: wechat.API{Base: vendor.URL}}
		k := token.New(token.Config{Store: db.Token("wxc"), Log: slog.New(slog.DiscardHandler), Minters: map[string]token.Minter{
			token.Sender: token.MinterFunc(func(ctx context.Context, o token.Owner, _ string) (wechat.Lent, error) { return room.Mint(ctx, o.ID) })}})
		t.Cleanup(k.Close)
		keepers = append(keepers, k)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	made := sender.Sender{Code: "shop", Kind: "wechatoa", Credentials: "secret", AppID: ownAppID, Secrets: sender.Secrets{AppSecret: secret}}
	if _, err := (&sender.Room{Store: db.Sender("wxc")}).Create(ctx, made); err != nil {
		t.Fatal(err)
	}
	if err := keepers[0].Put(ctx, owner, wechat.Lent{Access: "lapsed"}, 0); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 1000 {
		all.Go(func() {
			if got, err := keepers[i%3].Source(owner).Token(ctx); err != nil || got == "lapsed" {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
	all.Wait()
	if n := sim.Calls().Accounts[ownAppID]["/cgi-bin/stable_token"]; n != 1 {
		t.Errorf("%d calls to the vendor, want 1", n)
	}
}

func TestASenderIsMadeFromTheShellWithItsSecretInAFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if out, status := shell(t, dir, nil, "migrate", "up"); status != 0 {
		t.Fatal(out)
	}
	const secret = "0123456789abcdef0123456789abcdef"
	for _, c := range []struct {
		env    []string
		args   string
		status int
		says   string
	}{
		{[]string{"SENDER_APP_SECRET=" + secret}, "oa1 --credentials secret --app-id wx1", 0, "Sender oa1 is made."},
		{[]string{"SENDER_SECRET=" + secret}, "wk1 --kind wechatwk --corp-id ww1 --agent-id 1000002", 0, "GET /v1/senders/wk1"},
		{nil, "oa2 --app-secret-file nowhere --credentials secret --app-id wx1", 2, "--app-secret-file: open nowhere"},
		{nil, "oa2 --credentials secret", 2, "app_id is missing"},
		{nil, "wk2 --kind wechatwk --corp-id ww1 --agent-id seven", 2, "agent-id"},
		{[]string{"SENDER_APP_SECRET=" + secret + " "}, "oa2 --credentials secret --app-id wx1", 2, "has a blank"},
		{nil, "oa2 --app-secret " + secret, 2, "unknown flag"},
	} {
		out, status := shell(t, dir, c.env, append([]string{"sender", "create"}, strings.Fields(c.args)...)...)
		if status != c.status || !strings.Contains(out, c.says) {
			t.Errorf("%s: exit status %d, said %q", c.args, status, out)
		}
		if strings.Contains(out, secret) && c.says != "unknown flag" {
			t.Errorf("%s: the secret is in %q", c.args, out)
		}
	}
	out, status := shell(t, dir, nil, "sender", "list")
	if status != 0 || !strings.Contains(out, "ww1/1000002") || strings.Contains(out, secret) {
		t.Errorf("listed %q", out)
	}
}
