package sql_test

import (
	"context"
	"errors"
	"io/fs"
	"sync"
	"testing"
	"time"

	"wechattpp/sql"
	"wechattpp/sql/sqltest"
	"wechattpp/token"
	"wechattpp/wechat"
)

var shop = token.Owner{Kind: token.Authorizer, ID: "wxShop"}

func lent(access, refresh string) wechat.Lent {
	return wechat.Lent{Access: access, Refresh: refresh, Life: 2 * time.Hour}
}

// dueToken stores a token that is due and claims it.
func dueToken(t *testing.T, s *sql.Token) token.Kept {
	t.Helper()
	ctx := context.Background()
	if err := s.Put(ctx, shop, lent("a0", "r0"), 0, 0); err != nil {
		t.Fatal(err)
	}
	rows, err := s.ClaimDue(ctx, token.Authorizer, 10, 15*time.Second)
	if err != nil || len(rows) != 1 || rows[0].Refresh != "r0" {
		t.Fatalf("claiming the due one: %v, %v", rows, err)
	}
	return rows[0]
}

func load(t *testing.T, s *sql.Token) token.Kept {
	t.Helper()
	k, err := s.Load(context.Background(), shop)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestTokenStore(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	cases := map[string]func(*testing.T, *sql.Token){
		"nothing stored is fs.ErrNotExist": func(t *testing.T, s *sql.Token) {
			if _, err := s.Load(ctx, shop); !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
		},
		"a saved token is there, with its times, and not due": func(t *testing.T, s *sql.Token) {
			k := dueToken(t, s)
			if err := s.Save(ctx, k, lent("a1", "r1"), time.Minute, time.Hour); err != nil {
				t.Fatal(err)
			}
			got := load(t, s)
			if got.Access != "a1" || got.Refresh != "r1" || got.Held || got.Life != 2*time.Hour || !near(got.Left, 119*time.Minute) || !near(got.Due, 59*time.Minute) || !near(got.Age, time.Minute) {
				t.Fatalf("%+v %v %v %v", got, got.Life, got.Left, got.Due)
			}
		},
		"an empty refresh token never overwrites": func(t *testing.T, s *sql.Token) {
			if err := s.Save(ctx, dueToken(t, s), lent("a1", ""), 0, time.Hour); err != nil {
				t.Fatal(err)
			}
			if err := s.Put(ctx, shop, lent("a2", ""), 0, time.Hour); err != nil {
				t.Fatal(err)
			}
			if got := load(t, s); got.Refresh != "r0" || got.Access != "a2" {
				t.Fatalf("refresh %q, access %q", got.Refresh, got.Access)
			}
		},
		"a late answer overwrites nothing, but its rotated refresh token stays": func(t *testing.T, s *sql.Token) {
			frozen := dueToken(t, s)
			other := takeOver(t, s, frozen)
			if err := s.Save(ctx, frozen, lent("late", "r1"), 0, time.Hour); !errors.Is(err, token.ErrLost) {
				t.Fatal(err)
			}
			if got := load(t, s); got.Access != "a0" || got.Refresh != "r1" || got.Claim != other.Claim {
				t.Fatalf("%q %q", got.Access, got.Refresh)
			}
			if err := s.Save(ctx, other, lent("a2", "r0"), 0, time.Hour); err != nil { // its vendor saw no rotation
				t.Fatal(err)
			}
			if got := load(t, s); got.Access != "a2" || got.Refresh != "r1" {
				t.Fatalf("%q %q", got.Access, got.Refresh)
			}
		},
		"a late rotation after another's save makes the row due": func(t *testing.T, s *sql.Token) {
			frozen := dueToken(t, s)
			if err := s.Save(ctx, takeOver(t, s, frozen), lent("a2", "r2"), 0, time.Hour); err != nil {
				t.Fatal(err)
			}
			if err := s.Save(ctx, frozen, lent("late", "r1"), 0, time.Hour); !errors.Is(err, token.ErrLost) {
				t.Fatal(err)
			}
			if got := load(t, s); got.Access != "a2" || got.Refresh != "r2" || got.Due > 0 {
				t.Fatalf("%q %q due %v", got.Access, got.Refresh, got.Due)
			}
		},
		"a claim needs the version that was read": func(t *testing.T, s *sql.Token) {
			k := dueToken(t, s)
			if err := s.Save(ctx, k, lent("a1", "r0"), 0, time.Hour); err != nil {
				t.Fatal(err)
			}
			if _, won, err := s.Claim(ctx, k, time.Second); won || err != nil {
				t.Fatalf("with an old version: %v, %v", won, err)
			}
			now, won, err := s.Claim(ctx, load(t, s), time.Second)
			if !won || err != nil || now.Refresh != "r0" {
				t.Fatalf("with the current one: %v, %v", won, err)
			}
			if _, won, _ := s.Claim(ctx, load(t, s), time.Second); won {
				t.Fatal("claimed twice")
			}
		},
		"a failed one waits, a stopped one rests, an authorization revives it": func(t *testing.T, s *sql.Token) {
			if err := s.Release(ctx, dueToken(t, s), token.Verdict{Due: time.Hour, Failures: 3, Problem: "忙"}); err != nil {
				t.Fatal(err)
			}
			if _, won, _ := s.Claim(ctx, load(t, s), time.Second); won {
				t.Fatal("claimed during its back-off")
			}
			if err := s.Stop(ctx, shop, "cancelled"); err != nil {
				t.Fatal(err)
			}
			if got := load(t, s); !got.Resting || got.Access != "" || got.Refresh != "r0" || got.Problem != "cancelled" || got.Failures != 3 {
				t.Fatalf("%+v", got)
			}
			if err := s.Put(ctx, shop, lent("a3", "r3"), 0, time.Hour); err != nil {
				t.Fatal(err)
			}
			if got := load(t, s); got.Resting || got.Access != "a3" || got.Failures != 0 || got.Problem != "" {
				t.Fatalf("%+v", got)
			}
		},
		"an authorization ends the renewal that runs": func(t *testing.T, s *sql.Token) {
			k := dueToken(t, s)
			if err := s.Put(ctx, shop, lent("a9", "r9"), 0, time.Hour); err != nil {
				t.Fatal(err)
			}
			if err := s.Save(ctx, k, lent("a1", "r0"), 0, time.Hour); !errors.Is(err, token.ErrLost) {
				t.Fatal(err)
			}
			if got := load(t, s); got.Access != "a9" || got.Refresh != "r9" {
				t.Fatalf("%q %q", got.Access, got.Refresh)
			}
		},
		"an authorization asked for before the stored one does not overwrite it": func(t *testing.T, s *sql.Token) {
			if err := s.Put(ctx, shop, lent("new", "new"), 0, time.Hour); err != nil {
				t.Fatal(err)
			}
			if err := s.Put(ctx, shop, lent("old", "old"), 5*time.Second, time.Hour); err != nil {
				t.Fatal(err)
			}
			if got := load(t, s); got.Access != "new" || got.Refresh != "new" || got.Due > 0 {
				t.Fatalf("%q %q due %v", got.Access, got.Refresh, got.Due)
			}
		},
	}
	for name, f := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sqltest.Each(t, func(t *testing.T, db *sql.DB) { f(t, db.Token("wxComponent")) })
		})
	}
}

// takeOver lets the lease end and claims the row for somebody else.
func takeOver(t *testing.T, s *sql.Token, k token.Kept) token.Kept {
	t.Helper()
	ctx := context.Background()
	if err := s.Refresh(ctx, k, "", 0); err != nil {
		t.Fatal(err)
	}
	rows, err := s.ClaimDue(ctx, token.Authorizer, 1, 15*time.Second)
	if err != nil || len(rows) != 1 {
		t.Fatalf("%v, %v", rows, err)
	}
	return rows[0]
}

func TestOneLostSaveDoesNotSpoilItsNeighbours(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		ctx, s := context.Background(), db.Token("wxComponent")
		for i := range 40 {
			if err := s.Put(ctx, token.Owner{Kind: token.Authorizer, ID: string(rune('A' + i))}, lent("a", "r"), 0, 0); err != nil {
				t.Fatal(err)
			}
		}
		rows, err := s.ClaimDue(ctx, token.Authorizer, 100, time.Minute)
		if err != nil || len(rows) != 40 {
			t.Fatal(len(rows), err)
		}
		rows[7].Claim++
		errs := make([]error, len(rows))
		var all sync.WaitGroup
		for i, k := range rows {
			all.Go(func() { errs[i] = s.Save(ctx, k, lent("b", "r"), 0, time.Hour) })
		}
		all.Wait()
		for i, err := range errs {
			if (i == 7) != errors.Is(err, token.ErrLost) || i != 7 && err != nil {
				t.Errorf("%d: %v", i, err)
			}
		}
		h, err := s.Health(ctx)
		if err != nil || h.Resting != 0 {
			t.Fatal(h, err)
		}
	})
}

func near(got, want time.Duration) bool { return (got - want).Abs() < 5*time.Second }
