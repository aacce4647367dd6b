package sender_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wechattpp/sender"
	"wechattpp/sql"
	"wechattpp/sql/sqltest"
)

// Sleeps in this file pass on the clock of a synctest bubble: nobody waits for them.

const (
	appSecret = "0123456789abcdef0123456789abcdef"
	aesKey    = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
	otherKey  = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
)

// own are senders with a secret of their own, one of each kind, complete.
var own = map[string]sender.Sender{
	"oa": {Code: "oa", Kind: "wechatoa", Credentials: "secret", AppID: "wx1", Secrets: sender.Secrets{AppSecret: appSecret, Token: "spamtest", AESKey: aesKey}},
	"mp": {Code: "mp", Kind: "wechatmp", Credentials: "secret", AppID: "wx2", Secrets: sender.Secrets{AppSecret: appSecret, Token: "spamtest", AESKey: aesKey}},
	"wk": {Code: "wk", Kind: "wechatwk", CorpID: "ww3", AgentID: 1000002, Secrets: sender.Secrets{Secret: appSecret, Token: "spamtest", AESKey: aesKey}},
	"ap": {Code: "ap", Kind: "wechatapp", AppID: "wx4", Secrets: sender.Secrets{AppSecret: appSecret}},
}

func TestWhichFieldsAKindTakes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		base   string
		change func(*sender.Sender)
		want   string // "": taken
	}{
		"without any secret":              {"oa", func(s *sender.Sender) { s.Secrets = sender.Secrets{} }, ""},
		"an OA without AppID":             {"oa", func(s *sender.Sender) { s.AppID = "" }, "app_id is missing"},
		"a corp id on an OA":              {"oa", func(s *sender.Sender) { s.CorpID = "ww1" }, "corp_id is WeCom's"},
		"an agent id on an OA":            {"oa", func(s *sender.Sender) { s.AgentID = 1 }, "agent_id is WeCom's"},
		"WeCom's secret on an OA":         {"oa", func(s *sender.Sender) { s.Secrets.Secret = appSecret }, `give the AppSecret as "app_secret"`},
		"a secret on a component's":       {"oa", func(s *sender.Sender) { s.Credentials = "component" }, `app_secret must be left out`},
		"credentials nobody knows":        {"oa", func(s *sender.Sender) { s.Credentials = "scan" }, `credentials must be "component" or "secret"`},
		"WeCom without corp id":           {"wk", func(s *sender.Sender) { s.CorpID = "" }, "corp_id is missing"},
		"WeCom without agent id":          {"wk", func(s *sender.Sender) { s.AgentID = 0 }, "agent_id is missing"},
		"WeCom's agent -1":                {"wk", func(s *sender.Sender) { s.AgentID = -1 }, "agent_id must be"},
		"WeCom's last agent":              {"wk", func(s *sender.Sender) { s.AgentID = 2147483647 }, ""},
		"an agent beyond":                 {"wk", func(s *sender.Sender) { s.AgentID = 2147483648 }, "agent_id must be"},
		"an AppID on WeCom":               {"wk", func(s *sender.Sender) { s.AppID = "wx1" }, "app_id is not WeCom's"},
		"an AppSecret on WeCom":           {"wk", func(s *sender.Sender) { s.Secrets.AppSecret = appSecret }, `app_secret is not WeCom's: give the app's secret as "secret"`},
		"WeCom that authorizes":           {"wk", func(s *sender.Sender) { s.Credentials = "component" }, "only Official Accounts and Mini Programs"},
		"a mobile app that authorizes":    {"ap", func(s *sender.Sender) { s.Credentials = "component" }, "only Official Accounts and Mini Programs"},
		"a mobile app with a token":       {"ap", func(s *sender.Sender) { s.Secrets.Token = "spamtest" }, "token must be left out"},
		"a secret with a blank":           {"oa", func(s *sender.Sender) { s.Secrets.AppSecret = "0123 4567" }, "copy it again"},
		"a secret with a line's end":      {"wk", func(s *sender.Sender) { s.Secrets.Secret = appSecret + "\n" }, "copy it again"},
		"a secret of 7":                   {"oa", func(s *sender.Sender) { s.Secrets.AppSecret = "0123456" }, "app_secret has 7 characters"},
		"a secret of 8":                   {"oa", func(s *sender.Sender) { s.Secrets.AppSecret = "01234567" }, ""},
		"a secret of 128":                 {"oa", func(s *sender.Sender) { s.Secrets.AppSecret = strings.Repeat("a", 128) }, ""},
		"a secret of 129":                 {"oa", func(s *sender.Sender) { s.Secrets.AppSecret = strings.Repeat("a", 129) }, "app_secret has 129 characters"},
		"a token of 2":                    {"oa", func(s *sender.Sender) { s.Secrets.Token = "ab" }, "token must be 3 to 32"},
		"a token of 32":                   {"oa", func(s *sender.Sender) { s.Secrets.Token = strings.Repeat("a", 32) }, ""},
		"a token of 33":                   {"oa", func(s *sender.Sender) { s.Secrets.Token = strings.Repeat("a", 33) }, "token must be 3 to 32"},
		"a token with a dash":             {"oa", func(s *sender.Sender) { s.Secrets.Token = "spam-test" }, "letters and digits"},
		"an AES key of 42":                {"oa", func(s *sender.Sender) { s.Secrets.AESKey = aesKey[:42] }, "has 42 characters"},
		"an AES key that is base64's":     {"oa", func(s *sender.Sender) { s.Secrets.AESKey = aesKey[:42] + "+" }, "encoding_aes_key must be letters and digits"},
		"a token without an AES key":      {"oa", func(s *sender.Sender) { s.Secrets.AESKey = "" }, "encoding_aes_key is missing"},
		"an AES key without a token":      {"mp", func(s *sender.Sender) { s.Secrets.Token = "" }, "token is missing"},
		"a corp id of 65":                 {"wk", func(s *sender.Sender) { s.CorpID = strings.Repeat("w", 65) }, "corp_id is too long"},
		"an AppID that is an address":     {"ap", func(s *sender.Sender) { s.AppID = "wx4@host" }, "app_id must be letters and digits"},
		"a kind in capitals":              {"oa", func(s *sender.Sender) { s.Kind = "WECHATOA" }, "kind must be"},
		"one of each kind, as it must be": {"mp", func(*sender.Sender) {}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := own[c.base]
			c.change(&s)
			_, err := newRoom(takesAll{}, nil).Create(context.Background(), s)
			if c.want == "" && err == nil {
				return
			}
			if in, ok := errors.AsType[*sender.InputError](err); !ok || c.want == "" || !strings.Contains(in.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if strings.Contains(err.Error(), s.Secrets.AppSecret) && s.Secrets.AppSecret != "" {
				t.Errorf("the error repeats the secret: %v", err)
			}
		})
	}
}

// takesAll is a store that keeps nothing: what reaches it was acceptable.
type takesAll struct{ sender.Store }

func (takesAll) Create(_ context.Context, s sender.Sender) (sender.Sender, error) { return s, nil }

// make creates the senders of own.
func makeOwn(t *testing.T, r *sender.Room) {
	t.Helper()
	for _, s := range own {
		if _, err := r.Create(context.Background(), s); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSecretsGoInAndComeOutOnlyToTheirUse(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		ctx, store := context.Background(), db.Sender("wxcomponent")
		r := newRoom(store, nil)
		makeOwn(t, r)
		for code, want := range own {
			got, err := r.Read(ctx, code)
			if err != nil || !got.SecretSet || got.TokenSet != (code != "ap") || got.AESKeySet != got.TokenSet || got.Secrets != (sender.Secrets{}) {
				t.Errorf("read %+v, %v", got, err)
			}
			if got.AppID != want.AppID || got.CorpID != want.CorpID || got.AgentID != want.AgentID || got.Credentials != "secret" {
				t.Errorf("read %+v", got)
			}
			if _, secret, err := store.Secret(ctx, code); err != nil || secret != appSecret {
				t.Errorf("secret of %s: %q, %v", code, secret, err)
			}
		}
		k, err := r.Keys(ctx, "wk")
		if err != nil || k.ID != "ww3" || k.AgentID != 1000002 || k.Token != "spamtest" || !slices.Equal(k.AES, []string{aesKey}) {
			t.Errorf("keys of %s, %v", k.ID, err)
		}
		for _, code := range []string{"ap", "nobody"} {
			if _, err := r.Keys(ctx, code); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("keys of %s: %v", code, err)
			}
		}
		if text := fmt.Sprintf("%v %+v %#v %s", k, k, own["oa"], own["oa"].Secrets); strings.Contains(text, appSecret) || strings.Contains(text, aesKey) || strings.Contains(text, "spamtest") {
			t.Errorf("printed: %s", text)
		}
	})
}

func TestTheAESKeyBeforeAChangeIsKept(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		ctx := context.Background()
		r := newRoom(db.Sender("wxcomponent"), nil)
		makeOwn(t, r)
		change := func(c sender.Change) {
			t.Helper()
			if _, err := r.Update(ctx, "oa", c); err != nil {
				t.Fatal(err)
			}
		}
		want := func(step string, keys ...string) {
			t.Helper()
			all, err := r.KeysOf(ctx, "wechatoa")
			if err != nil || len(keys) == 0 && len(all) != 0 || len(keys) > 0 && (len(all) != 1 || !slices.Equal(all[0].AES, keys)) {
				t.Fatalf("%s: %d senders with keys, %v", step, len(all), err)
			}
		}
		want("at first", aesKey)
		other, first, none := otherKey, aesKey, ""
		change(sender.Change{AESKey: &other})
		want("changed", otherKey, aesKey)
		change(sender.Change{AESKey: &other})
		want("the same again", otherKey, aesKey)
		change(sender.Change{AESKey: &first})
		want("back", aesKey, otherKey)
		if _, err := r.Update(ctx, "oa", sender.Change{AESKey: &none}); err == nil || !strings.Contains(err.Error(), "encoding_aes_key is missing") {
			t.Fatalf("the key alone taken away: %v", err)
		}
		change(sender.Change{AESKey: &none, Token: &none})
		want("taken away")
	})
}

func TestCredentialsAreSwitched(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		ctx, store := context.Background(), db.Sender("wxcomponent")
		r := newRoom(store, nil)
		makeOwn(t, r)
		component, secret, value := sender.Component, sender.Secret, "fedcba9876543210"
		if _, err := r.Update(ctx, "oa", sender.Change{Credentials: &component, AppSecret: &value}); err == nil || !strings.Contains(err.Error(), "app_secret must be left out") {
			t.Fatalf("a secret for the platform's: %v", err)
		}
		got, err := r.Update(ctx, "oa", sender.Change{Credentials: &component})
		if err != nil || got.SecretSet || got.TokenSet || got.AESKeySet || got.AppID != "wx1" {
			t.Fatalf("to the platform: %+v, %v", got, err)
		}
		if _, old, err := store.Secret(ctx, "oa"); err != nil || old != "" {
			t.Fatalf("the secret stayed: %v", err)
		}
		got, err = r.Update(ctx, "oa", sender.Change{Credentials: &secret, AppSecret: &value})
		if err != nil || !got.SecretSet || got.TokenSet || got.AppID != "wx1" {
			t.Fatalf("and back: %+v, %v", got, err)
		}
		if _, err := r.Update(ctx, "wk", sender.Change{Credentials: &component}); err == nil {
			t.Fatal("WeCom became a platform's")
		}
		if got, err := r.Read(ctx, "wk"); err != nil || !got.SecretSet {
			t.Fatalf("a refused change was made: %+v, %v", got, err)
		}
	})
}

func TestASenderWithASecretIsReadyUnlessItsTokenRests(t *testing.T) {
	t.Parallel()
	dir := sqltest.Source(t, "sqlite")
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		db := sqltest.Raw(t, dir, 0)
		if err := db.Migrate(ctx); err != nil {
			t.Fatal(err)
		}
		r := newRoom(db.Sender("wxcomponent"), nil)
		problem := ""
		r.Rests = func(context.Context, sender.Sender) (string, error) { return problem, nil }
		bare := own["oa"]
		bare.Secrets = sender.Secrets{}
		if _, err := r.Create(ctx, bare); err != nil {
			t.Fatal(err)
		}
		if why, err := r.Why(ctx, "oa"); err != nil || !strings.Contains(why, "set it as app_secret") {
			t.Fatalf("without a secret: %q, %v", why, err)
		}
		value := appSecret
		if _, err := r.Update(ctx, "oa", sender.Change{AppSecret: &value}); err != nil {
			t.Fatal(err)
		}
		if client, err := r.Client(ctx, "oa"); err != nil || client.Account.AppID() != "wx1" {
			t.Fatalf("with a secret: %v", err)
		}
		problem = "errcode 40125"
		time.Sleep(time.Second)
		if why, err := r.Why(ctx, "oa"); err != nil || !strings.Contains(why, "until app_secret is set anew: errcode 40125") {
			t.Fatalf("resting: %q, %v", why, err)
		}
		if _, err := r.Client(ctx, "oa"); !errors.Is(err, sender.ErrResting) {
			t.Fatalf("resting: %v", err)
		}
	})
}
