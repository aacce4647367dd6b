package notify_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"

	"wechattpp/notify"
	"wechattpp/sender"
	"wechattpp/simulator"
	"wechattpp/sql/sqltest"
	"wechattpp/wechat"
)

// world is a house beside the simulator, with senders of several kinds.
type world struct {
	*house
	sim  *simulator.Simulator
	sets []int // that every account has granted
}

var (
	everybody  = notify.Client{ID: 7, Senders: []string{"oa1", "oa2", "mp1", "app1"}}
	subscriber = "oSubscriber"
	refuser    = "oRefuser"
)

// played gives a world of which every account shares its templates, on a database of a kind.
func played(t *testing.T, kind string) *world {
	w := &world{house: newHouse(t, sqltest.Source(t, kind)), sim: simulator.New(simulator.Config{ComponentAppID: "wxcomponent"}), sets: []int{1, 7, 18, 19, 89}}
	w.users.Kind = func(ctx context.Context, code string) (string, error) {
		_, kind, _, err := w.senders.Find(ctx, code)
		return kind, err
	}
	server := httptest.NewServer(w.sim)
	t.Cleanup(server.Close)
	const secret = "0123456789abcdef0123456789abcdef"
	templates := []simulator.Template{
		{ID: "TPL", Content: "物品:{{thing1.DATA}}"},
		{ID: "PRI", Type: 2, Content: "物品:{{thing1.DATA}}\n时间:{{time2.DATA}}"},
	}
	for _, a := range []simulator.Account{
		{AppID: "wxapp1", UserName: "gh_1", OneTime: "OTS"}, {AppID: "wxmobile", MobileApp: true, OneTime: "OTS"},
		{AppID: "wxapp2", UserName: "gh_2"}, {AppID: "wxmini1", UserName: "gh_3", MiniProgram: true, Pages: []string{"pages/order"}},
	} {
		a.Secret, a.Templates = secret, templates
		if !a.MobileApp {
			a.Followers = []string{subscriber, refuser}
		}
		if err := w.sim.AddAccount(a); err != nil {
			t.Fatal(err)
		}
	}
	api := wechat.API{Base: server.URL}
	w.senders.API = api
	w.senders.Tokens = func(s sender.Sender) wechat.TokenSource {
		lent, err := api.StableToken(context.Background(), s.AppID, secret)
		if err != nil {
			t.Errorf("token of %s: %v", s.AppID, err)
		}
		return wechat.FixedToken(lent.Access)
	}
	w.senders.Account = func(context.Context, string) (sender.Status, error) {
		return sender.Status{Authorized: true, Sets: w.sets}, nil
	}
	w.add("mp1", "wechatmp", "wxmini1")
	w.addOwn("app1", "wechatapp", "wxmobile", secret)
	return w
}

func (w *world) add(code, kind, appID string) {
	w.t.Helper()
	if _, err := w.senders.Create(context.Background(), sender.Sender{Code: code, Kind: kind, AppID: appID}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) addOwn(code, kind, appID, secret string) {
	w.t.Helper()
	s := sender.Sender{Code: code, Kind: kind, AppID: appID, Credentials: sender.Secret, Secrets: sender.Secrets{AppSecret: secret}}
	if _, err := w.senders.Create(context.Background(), s); err != nil {
		w.t.Fatal(err)
	}
}

// agrees lets a user accept one message of template PRI.
func (w *world) agrees(appID, openid string) {
	w.t.Helper()
	if err := w.sim.Subscribe(context.Background(), simulator.Subscription{AppID: appID, OpenID: openid, TemplateID: "PRI", Silent: true}); err != nil {
		w.t.Fatal(err)
	}
}

// sent accepts and sends a request, and gives its recipients by identity.
func (w *world) sent(body string) map[string]notify.Recipient {
	w.t.Helper()
	msgID := w.taken(body)
	w.send()
	found := map[string]notify.Recipient{}
	for _, r := range w.recipients(msgID) {
		found[r.Identity] = r
	}
	w.adds(msgID)
	return found
}

func (w *world) taken(body string) string {
	w.t.Helper()
	r, err := w.room.Accept(context.Background(), everybody, "/v1/sent", "", []byte(body))
	if err != nil {
		w.t.Fatalf("accept: %v", err)
	}
	return r.MsgID
}

// refused holds what is said of an element of a message against the words that
// are wanted; empty: it is to be accepted.
func (w *world) refused(kind, fields, words string) {
	w.t.Helper()
	body := `{"aud_` + kind + `":[{"data":["oX"]}],"msg_` + kind + `":[{` + fields + `}]}`
	if kind == "wechatoa" {
		body = strings.Replace(strings.Replace(body, `"data":["oX"]`, `"sender":"oa1","data":["oX"]`, 1), `[{`+fields, `[{"sender":"oa1",`+fields, 1)
	}
	_, err := w.room.Accept(context.Background(), everybody, "/v1/sent", "", []byte(body))
	switch {
	case words == "" && err != nil:
		w.t.Errorf("%.200s was refused: %v", fields, err)
	case words != "" && (err == nil || !strings.Contains(err.Error(), words)):
		w.t.Errorf("%.200s gave %v, want words of %q", fields, err, words)
	}
}
