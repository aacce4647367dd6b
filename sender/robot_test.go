package sender_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"wechattpp/sender"
	"wechattpp/sql/sqltest"
)

const groupKey = "693a91f6-7abc-4bc4-97a0-0ec2sifa5aaa"

func TestTheWebhookOfAGroupIsASenderThatHasNothingButItsKey(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		source := sqltest.Source(t, kind)
		db := sqltest.Open(t, source)
		ctx, store := context.Background(), db.Sender("wxcomponent")
		r := newRoom(store, nil)
		made, err := r.Create(ctx, sender.Sender{Code: "grp", Kind: "wechatwk", Credentials: "webhook", Secrets: sender.Secrets{Secret: groupKey}})
		if err != nil || !made.SecretSet || made.HasToken() {
			t.Fatalf("made %+v, %v", made, err)
		}
		if why, err := r.Why(ctx, "grp"); why != "" || err != nil {
			t.Errorf("it is not ready: %q, %v", why, err)
		}
		if is, err := r.Robot(ctx, "grp"); !is || err != nil {
			t.Errorf("it is no webhook: %v", err)
		}
		if c, err := r.Client(ctx, "grp"); err != nil || c.Robot == nil || c.WeCom != nil || c.Account != nil {
			t.Errorf("client %+v, %v", c, err)
		}
		for name, ask := range map[string]func() error{
			"Speaker": func() error { _, err := r.Speaker(ctx, "grp"); return err },
			"Source":  func() error { _, _, err := r.Source(ctx, "grp"); return err },
			"With":    func() error { _, _, err := r.With(ctx, "grp", sender.SetUsers); return err },
			"Caller":  func() error { _, err := r.Caller(ctx, "grp", "/cgi-bin/message/send"); return err },
		} {
			if err := ask(); !errors.Is(err, sender.ErrNoToken) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := store.BeginTokens(ctx); err != nil {
			t.Fatal(err)
		}
		if n := sqltest.Number(t, source, `SELECT COUNT(*) FROM token`); n != 0 {
			t.Errorf("%d tokens are kept for it", n)
		}
		secret, other, none := "secret", "an-other-key", ""
		if _, err := r.Update(ctx, "grp", sender.Change{Credentials: &secret}); err == nil || !strings.Contains(err.Error(), "make another sender") {
			t.Errorf("it became an app: %v", err)
		}
		if _, err := r.Update(ctx, "grp", sender.Change{Secret: &other}); err != nil {
			t.Fatal(err)
		}
		if _, key, err := store.Secret(ctx, "grp"); key != other || err != nil {
			t.Errorf("the key is not the new one: %v", err)
		}
		if _, err := r.Update(ctx, "grp", sender.Change{Secret: &none}); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Client(ctx, "grp"); !errors.Is(err, sender.ErrNoSecret) {
			t.Errorf("without a key: %v", err)
		}
	}
}

func TestWhatAWebhookTakes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		change func(*sender.Sender)
		want   string
	}{
		{func(*sender.Sender) {}, ""},
		{func(s *sender.Sender) { s.Kind = "wechatoa" }, `"webhook" is for group chats of WeCom`},
		{func(s *sender.Sender) { s.CorpID = "ww1" }, "corp_id must be left out"},
		{func(s *sender.Sender) { s.AgentID = 1 }, "agent_id must be left out"},
		{func(s *sender.Sender) { s.Secrets.Token, s.TokenSet = "spamtest", true }, "token must be left out"},
		{func(s *sender.Sender) {
			s.Secrets.Secret = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=" + groupKey
		}, "the key alone"},
		{func(s *sender.Sender) { s.Secrets.Secret = "1234567" }, "8 to 128"},
		{func(s *sender.Sender) { s.Secrets.Secret = strings.Repeat("a", 128) }, ""},
		{func(s *sender.Sender) { s.Secrets.Secret = strings.Repeat("a", 129) }, "8 to 128"},
	} {
		s := sender.Sender{Code: "grp", Kind: "wechatwk", Credentials: "webhook", Secrets: sender.Secrets{Secret: groupKey}}
		c.change(&s)
		_, err := newRoom(takesAll{}, nil).Create(context.Background(), s)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("got %v, want %q", err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), groupKey) {
			t.Errorf("the error tells the key: %v", err)
		}
	}
}
