package sql_test

import (
	"testing"
	"time"

	"wechattpp/authorizer"
	"wechattpp/sql"
	"wechattpp/sql/sqltest"
	"wechattpp/token"
	"wechattpp/wechat"
)

func TestATokenOfTheReleaseTestIsKeptSealedUntilItWasUsed(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			source, ctx := sqltest.Source(t, kind), t.Context()
			r := sqltest.Open(t, source).Release("wxComponent")
			progress := func(want string, sent bool) {
				t.Helper()
				if got, done, err := r.Progress(ctx, "hash"); got != want || done != sent || err != nil {
					t.Errorf("progress %q, %v, %v; want %q, %v", got, done, err, want, sent)
				}
			}
			progress("", false)
			for _, access := range []string{"61_FIRST", "61_SECOND"} {
				if err := r.Keep(ctx, "hash", access); err != nil {
					t.Fatal(err)
				}
			}
			progress("61_FIRST", false)
			if n := sqltest.Number(t, source, `SELECT COUNT(*) FROM release_code WHERE access LIKE '%61_FIRST%'`); n != 0 {
				t.Error("the token lies in clear")
			}
			if err := r.Sent(ctx, "hash"); err != nil {
				t.Fatal(err)
			}
			progress("", true)
			if n, err := r.Forget(ctx, time.Hour); n != 0 || err != nil {
				t.Errorf("forgot %d young rows, %v", n, err)
			}
			sqltest.Exec(t, source, `UPDATE release_code SET created_at = created_at - 7200000`)
			if n, err := r.Forget(ctx, time.Hour); n != 1 || err != nil {
				t.Errorf("forgot %d old rows, %v", n, err)
			}
		})
	}
}

func TestADroppedAccountLeavesNothingAndTheOthersStay(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		ctx, store := t.Context(), db.Authorizer("wxComponent")
		for _, appID := range []string{"wxTest", "wxShop"} {
			if _, err := store.Adopt(ctx, wechat.Listed{AppID: appID, Refresh: "refreshtoken@@@R", AuthorizedAt: time.Now()}, false); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := store.Drop(ctx, []string{"wxTest", "wxNobody"}); n != 3 || err != nil {
			t.Errorf("dropped %d rows, %v", n, err)
		}
		if n, err := store.Drop(ctx, []string{"wxTest", "wxNobody"}); n != 0 || err != nil {
			t.Errorf("dropped %d rows again, %v", n, err)
		}
		left, err := store.List(ctx, authorizer.Filter{}, "", 10)
		if err != nil || len(left) != 1 || left[0].AppID != "wxShop" {
			t.Errorf("left %+v, %v", left, err)
		}
		tokens := db.Token("wxComponent")
		if _, err := tokens.Load(ctx, token.Owner{Kind: token.Authorizer, ID: "wxTest"}); err == nil {
			t.Error("the token is still there")
		}
		if _, err := tokens.Load(ctx, token.Owner{Kind: token.Authorizer, ID: "wxShop"}); err != nil {
			t.Error(err)
		}
	})
}
