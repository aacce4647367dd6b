package sender_test

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wechattpp/sender"
	"wechattpp/sql"
	"wechattpp/sql/sqltest"
	"wechattpp/wechat"
)

type noTokens struct{}

func (noTokens) Token(context.Context) (string, error)           { return "t", nil }
func (noTokens) Replace(context.Context, string) (string, error) { return "t", nil }

func newRoom(store sender.Store, account func() (sender.Status, error)) *sender.Room {
	return &sender.Room{
		Store:   store,
		Tokens:  func(sender.Sender) wechat.TokenSource { return noTokens{} },
		Account: func(context.Context, string) (sender.Status, error) { return account() },
	}
}

func TestASenderIsCheckedBeforeItIsMade(t *testing.T) {
	t.Parallel()
	r := newRoom(nil, nil)
	for name, c := range map[string]struct {
		s    sender.Sender
		want string
	}{
		"a code with a dash":        {sender.Sender{Code: "wechat-oa", Kind: "wechatoa"}, "code must be"},
		"a code of 65":              {sender.Sender{Code: strings.Repeat("a", 65), Kind: "wechatoa"}, "code must be"},
		"the code all":              {sender.Sender{Code: "all", Kind: "wechatoa"}, "choose another code"},
		"no kind":                   {sender.Sender{Code: "a"}, "kind must be"},
		"a name of 31 characters":   {sender.Sender{Code: "a", Kind: "wechatoa", Name: strings.Repeat("名", 31)}, "at most 30"},
		"an AppID with a character": {sender.Sender{Code: "a", Kind: "wechatoa", AppID: "wx 1"}, "app_id must be"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := r.Create(context.Background(), c.s)
			var in *sender.InputError
			if !errors.As(err, &in) || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestSendersAreKept(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		ctx := context.Background()
		r := newRoom(db.Sender("wxcomponent"), nil)
		made, err := r.Create(ctx, sender.Sender{Code: "wechatoa1", Kind: "wechatoa", Name: strings.Repeat("名", 30)})
		if err != nil || made.ID == 0 || made.Credentials != "component" {
			t.Fatalf("made %+v, %v", made, err)
		}
		if _, err := r.Create(ctx, sender.Sender{Code: "wechatoa1", Kind: "wechatmp"}); !errors.Is(err, fs.ErrExist) {
			t.Fatalf("the same code again: %v", err)
		}
		if _, err := r.Create(ctx, sender.Sender{Code: "WechatOA1", Kind: "wechatoa"}); err != nil {
			t.Fatalf("a code that differs in case is another one: %v", err)
		}
		name := "New"
		if got, err := r.Update(ctx, "wechatoa1", sender.Change{Name: &name}); err != nil || got.Name != "New" || got.Kind != "wechatoa" {
			t.Fatalf("renamed %+v, %v", got, err)
		}
		page, err := r.List(ctx, sender.Filter{}, "", 1)
		if err != nil || len(page) != 1 || page[0].Code != "WechatOA1" {
			t.Fatalf("first page %+v, %v", page, err)
		}
		if page, err = r.List(ctx, sender.Filter{}, page[0].Code, 10); err != nil || len(page) != 1 || page[0].Code != "wechatoa1" {
			t.Fatalf("second page %+v, %v", page, err)
		}
		if err := r.Delete(ctx, "wechatoa1"); err != nil {
			t.Fatal(err)
		}
		for what, err := range map[string]error{
			"read":   func() error { _, err := r.Read(ctx, "wechatoa1"); return err }(),
			"delete": r.Delete(ctx, "wechatoa1"),
			"update": func() error { _, err := r.Update(ctx, "wechatoa1", sender.Change{Name: &name}); return err }(),
		} {
			if !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s of a deleted sender: %v", what, err)
			}
		}
	})
}

func TestASenderIsReadyOnlyWithAnAuthorizedAccountAndItsPermissionSets(t *testing.T) {
	t.Parallel()
	dir := sqltest.Source(t, "sqlite")
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		db := sqltest.Raw(t, dir, 0)
		if err := db.Migrate(ctx); err != nil {
			t.Fatal(err)
		}
		var answer sender.Status
		var fail error = fs.ErrNotExist
		r := newRoom(db.Sender("wxcomponent"), func() (sender.Status, error) { return answer, fail })
		if _, err := r.Create(ctx, sender.Sender{Code: "oa", Kind: "wechatoa"}); err != nil {
			t.Fatal(err)
		}
		want := func(step string, target error) {
			t.Helper()
			if _, err := r.Client(ctx, "oa"); !errors.Is(err, target) {
				t.Fatalf("%s: %v, want %v", step, err, target)
			}
		}
		want("nothing bound", sender.ErrUnbound)
		app := "wx1"
		if _, err := r.Update(ctx, "oa", sender.Change{AppID: &app}); err != nil {
			t.Fatal(err)
		}
		want("never authorized", sender.ErrUnauthorized)
		time.Sleep(time.Second)
		answer, fail = sender.Status{Authorized: true, Sets: []int{89}}, nil
		want("without set 7", sender.ErrPermission)
		time.Sleep(time.Second)
		answer.Sets = []int{7, 89}
		want("authorized", nil)
		answer.Authorized = false
		time.Sleep(time.Second)
		want("withdrawn a second ago", sender.ErrUnauthorized)
	})
}
