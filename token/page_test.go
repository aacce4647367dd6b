package token_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"wechattpp/sql"
	"wechattpp/sql/sqltest"
	"wechattpp/token"
	"wechattpp/wechat"
)

func TestAPagesTicketIsFetchedOnceForAllReplicasWhenItIsAskedFor(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		o := token.Owner{Kind: token.Page, ID: "shop"}
		v := &vendor{err: func(int64) error { return nil }}
		with := func(c *token.Config) { c.Minters[token.Page] = v }
		replicas := []*token.Keeper{keeper(t, db, v, with), keeper(t, db, v, with)}
		if err := replicas[0].Begin(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for i := range 100 {
			all.Go(func() {
				if got, err := replicas[i%2].Source(o).Token(t.Context()); err != nil || got != "access-1" {
					t.Errorf("%s, %v", got, err)
				}
			})
		}
		all.Wait()
		if n := v.calls.Load(); n != 1 {
			t.Errorf("%d calls", n)
		}
	})
}

func TestAPagesTicketIsNeverRenewedAheadAndNeverRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := sqltest.Open(t, sqltest.Source(t, "sqlite"))
		o := token.Owner{Kind: token.Page, ID: "shop"}
		var refuse error
		v := &vendor{life: 2 * time.Hour, err: func(int64) error { return refuse }}
		k := keeper(t, db, v, func(c *token.Config) { c.Minters[token.Page] = v })
		if err := k.Begin(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		ask := func() error { _, err := k.Source(o).Token(t.Context()); return err }
		if err := ask(); err != nil {
			t.Fatal(err)
		}
		for range 12 { // a day in which nobody asks
			time.Sleep(2 * time.Hour)
			if _, err := k.RenewDue(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if n := v.calls.Load(); n != 1 {
			t.Errorf("%d calls though nobody asked", n)
		}
		if h, err := db.Token(app).Health(t.Context()); err != nil || h.Oldest != 0 {
			t.Errorf("it counts as a token of age %v, %v", h.Oldest, err)
		}
		refuse = wechat.ErrNotAuthorized
		if err := ask(); err == nil {
			t.Error("a ticket that is over was given")
		}
		refuse = nil
		time.Sleep(10 * time.Minute)
		if err := ask(); err != nil {
			t.Errorf("after the refusal: %v", err)
		}
	})
}
