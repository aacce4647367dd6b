package sql_test

import (
	"context"
	"errors"
	"io/fs"
	"testing"
	"time"

	"wechattpp/sender"
	"wechattpp/sql"
	"wechattpp/sql/sqltest"
	"wechattpp/token"
	"wechattpp/wechat"
)

const component = "wxcomponent"

func ptr[T any](v T) *T { return &v }

var ownShop = sender.Sender{Code: "shop", Kind: "wechatoa", Credentials: "secret", AppID: "wx1", SecretSet: true, Secrets: sender.Secrets{AppSecret: "secret-one"}}

// holding makes a sender whose token was renewed, and claims it for the next renewal.
func holding(t *testing.T, db *sql.DB) (*sql.Sender, *sql.Token, token.Kept) {
	t.Helper()
	ctx, senders, tokens := context.Background(), db.Sender(component), db.Token(component)
	if _, err := senders.Create(ctx, ownShop); err != nil {
		t.Fatal(err)
	}
	if err := tokens.Put(ctx, token.OfSender("shop", false), wechat.Lent{Access: "first", Life: time.Hour}, 0, 0); err != nil {
		t.Fatal(err)
	}
	due, err := tokens.ClaimDue(ctx, token.Sender, 10, 15*time.Second)
	if err != nil || len(due) != 1 {
		t.Fatalf("the token of a new sender is not due: %v, %v", due, err)
	}
	return senders, tokens, due[0]
}

func TestASecretEditedWhileItsTokenIsRenewedWins(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, change := range map[string]sender.Change{
		"another secret":       {AppSecret: ptr("secret-two")},
		"the same secret anew": {AppSecret: ptr("secret-one")},
		"another account":      {AppID: ptr("wx2")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sqltest.Each(t, func(t *testing.T, db *sql.DB) {
				senders, tokens, renewing := holding(t, db)
				if _, err := senders.Update(ctx, "shop", change); err != nil {
					t.Fatal(err)
				}
				if err := tokens.Save(ctx, renewing, wechat.Lent{Access: "late", Life: time.Hour}, 0, time.Hour); !errors.Is(err, token.ErrLost) {
					t.Errorf("the late token: %v", err)
				}
				if err := tokens.Release(ctx, renewing, token.Verdict{Rest: true, Failures: 1, Problem: "the old secret is wrong"}); !errors.Is(err, token.ErrLost) {
					t.Errorf("the late verdict: %v", err)
				}
				got, err := tokens.Load(ctx, renewing.Owner)
				if err != nil || got.Access != "" || got.Resting || got.Held || got.Due > 0 || got.Problem != "" {
					t.Errorf("after the edit: resting %v, held %v, due %v, %q, %v", got.Resting, got.Held, got.Due, got.Problem, err)
				}
			})
		})
	}
}

func TestWhatDoesNotConcernTheTokenLeavesItAlone(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		ctx := context.Background()
		senders, tokens, renewing := holding(t, db)
		for _, c := range []sender.Change{{Name: ptr("Shop")}, {Token: ptr("spamtest"), AESKey: ptr("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG")}, {AppID: ptr("wx1")}} {
			if _, err := senders.Update(ctx, "shop", c); err != nil {
				t.Fatal(err)
			}
		}
		if err := tokens.Save(ctx, renewing, wechat.Lent{Access: "next", Life: time.Hour}, 0, time.Hour); err != nil {
			t.Error(err)
		}
	})
}

func TestATokenGoesWithItsSenderAndItsSecret(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, end := range map[string]func(*sql.Sender) error{
		"deleted": func(s *sql.Sender) error { return s.Delete(ctx, "shop") },
		"secret taken away": func(s *sql.Sender) error {
			_, err := s.Update(ctx, "shop", sender.Change{AppSecret: ptr("")})
			return err
		},
		"the platform's": func(s *sql.Sender) error {
			_, err := s.Update(ctx, "shop", sender.Change{Credentials: ptr(sender.Component)})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sqltest.Each(t, func(t *testing.T, db *sql.DB) {
				senders, tokens, renewing := holding(t, db)
				if err := end(senders); err != nil {
					t.Fatal(err)
				}
				if _, err := tokens.Load(ctx, renewing.Owner); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("the token is still there: %v", err)
				}
				if err := tokens.Save(ctx, renewing, wechat.Lent{Access: "late", Life: time.Hour}, 0, time.Hour); !errors.Is(err, token.ErrLost) {
					t.Errorf("the late token: %v", err)
				}
			})
		})
	}
}

func TestMissingTokensBeginAndRestingOnesGoOnResting(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		ctx := context.Background()
		senders, tokens, renewing := holding(t, db)
		app := sender.Sender{Code: "app", Kind: "wechatwk", Credentials: "secret", CorpID: "ww1", AgentID: 7, SecretSet: true, Secrets: sender.Secrets{Secret: "secret-two"}}
		bare := sender.Sender{Code: "bare", Kind: "wechatoa", Credentials: "secret", AppID: "wx3"}
		for _, s := range []sender.Sender{app, bare} {
			if _, err := senders.Create(ctx, s); err != nil {
				t.Fatal(err)
			}
		}
		if err := tokens.Release(ctx, renewing, token.Verdict{Rest: true, Problem: "wrong"}); err != nil {
			t.Fatal(err)
		}
		if err := senders.BeginTokens(ctx); err != nil {
			t.Fatal(err)
		}
		if got, err := tokens.Load(ctx, renewing.Owner); err != nil || !got.Resting {
			t.Errorf("one that rests was woken: %v", err)
		}
		later := db.Sender("wxconfiguredlater")
		for range 2 {
			if err := later.BeginTokens(ctx); err != nil {
				t.Fatal(err)
			}
		}
		for kind, want := range map[string]string{token.Sender: "shop", token.WeCom: "app"} {
			due, err := db.Token("wxconfiguredlater").ClaimDue(ctx, kind, 10, time.Second)
			if err != nil || len(due) != 1 || due[0].Owner.ID != want {
				t.Errorf("%s: due %v, %v", kind, due, err)
			}
		}
	})
}
