package sql_test

import (
	"context"
	"errors"
	"io/fs"
	"reflect"
	"sync"
	"testing"
	"time"

	"wechattpp/access"
	"wechattpp/sql"
	"wechattpp/sql/sqltest"
)

var aShop = access.Client{Name: "店铺 🛍", Kind: access.Channel, ChannelKey: "3f0c9a1d5b7e2468ace01357", Secret: "first-secret-of-the-shop",
	Senders: []string{"wechatoa123"}, Scopes: []string{access.Send, access.Users}, ProxyPrefixes: []string{"/cgi-bin/user"},
	CallsPerSecond: 50, Approval: true, Owners: []string{"chen"}}

func TestClients(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		ctx, s := context.Background(), db.Access()
		made, err := s.CreateClient(ctx, aShop)
		if err != nil || made.ID == 0 || time.Since(made.CreatedAt).Abs() > time.Minute {
			t.Fatalf("created %+v, %v", made, err)
		}
		want := aShop
		want.ID, want.CreatedAt, want.Generation = made.ID, made.CreatedAt, 1
		for name, read := range map[string]func() (access.Client, error){
			"by id":  func() (access.Client, error) { return s.Client(ctx, made.ID) },
			"by key": func() (access.Client, error) { return s.ClientByKey(ctx, aShop.ChannelKey) },
		} {
			if got, err := read(); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %+v, %v; want %+v", name, got, err, want)
			}
		}
		if _, err := s.CreateClient(ctx, aShop); !errors.Is(err, fs.ErrExist) {
			t.Errorf("the same key again: %v", err)
		}
		for _, key := range []string{"3F0C9A1D5B7E2468ACE01357", "店铺", ""} {
			if _, err := s.ClientByKey(ctx, key); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("key %q: %v", key, err)
			}
		}
		if err := s.DeleteClient(ctx, made.ID); err != nil {
			t.Fatal(err)
		}
		if err := s.DeleteClient(ctx, made.ID); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("deleted twice: %v", err)
		}
		if _, err := s.Client(ctx, made.ID); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("read after deletion: %v", err)
		}
	})
}

func TestClientsAreListedByIDWithoutSecrets(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		ctx, s := context.Background(), db.Access()
		var ids []int64
		for _, key := range []string{"key-00001", "key-00002", "key-00003"} {
			c := aShop
			c.ChannelKey = key
			made, err := s.CreateClient(ctx, c)
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, made.ID)
		}
		got, err := s.Clients(ctx, ids[0], 1)
		if err != nil || len(got) != 1 || got[0].ID != ids[1] || got[0].Secret != "" {
			t.Errorf("after the first, one: %+v, %v", got, err)
		}
	})
}

func TestAnUpdateThatIsRefusedChangesNothing(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		ctx, s := context.Background(), db.Access()
		made, err := s.CreateClient(ctx, aShop)
		if err != nil {
			t.Fatal(err)
		}
		refusal := errors.New("no")
		if _, err := s.UpdateClient(ctx, made.ID, func(c *access.Client) error { c.Name = "other"; return refusal }); !errors.Is(err, refusal) {
			t.Errorf("update: %v", err)
		}
		if got, err := s.Client(ctx, made.ID); err != nil || got.Name != aShop.Name {
			t.Errorf("name %q, %v", got.Name, err)
		}
		if _, err := s.UpdateClient(ctx, made.ID+1, func(*access.Client) error { return nil }); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("no such client: %v", err)
		}
	})
}

func TestParallelUpdatesLoseNothing(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		ctx, s := context.Background(), db.Access()
		made, err := s.CreateClient(ctx, aShop)
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				_, err := s.UpdateClient(ctx, made.ID, func(c *access.Client) error { c.Senders = append(c.Senders, "x"); return nil })
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if got, err := s.Client(ctx, made.ID); err != nil || len(got.Senders) != 9 {
			t.Errorf("%d senders after 8 additions, %v", len(got.Senders), err)
		}
	})
}

func TestRotation(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		ctx, s := context.Background(), db.Access()
		made, err := s.CreateClient(ctx, aShop)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Rotate(ctx, made.ID, "second-secret-of-the-shop", time.Hour); err != nil {
			t.Fatal(err)
		}
		c, err := s.Client(ctx, made.ID)
		if err != nil || c.Secret != "second-secret-of-the-shop" || c.Previous != aShop.Secret || c.Generation != 1 {
			t.Errorf("kept: %+v, %v", c, err)
		}
		if c.PreviousLife <= 59*time.Minute || c.PreviousLife > time.Hour {
			t.Errorf("the old secret lives for %v, want an hour", c.PreviousLife)
		}
		if _, err := s.Rotate(ctx, made.ID, "third-secret-of-the-shop", 0); err != nil {
			t.Fatal(err)
		}
		c, err = s.Client(ctx, made.ID)
		if err != nil || c.Secret != "third-secret-of-the-shop" || c.Previous != "" || c.PreviousLife != 0 || c.Generation != 2 {
			t.Errorf("not kept: %+v, %v", c, err)
		}
		if _, err := s.Rotate(ctx, made.ID+1, "x", 0); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("no such client: %v", err)
		}
	})
}

func TestAdministratorsTokens(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		ctx, s := context.Background(), db.Access()
		for _, id := range []string{"A", "B", "C"} {
			got, err := s.IssueToken(ctx, access.Token{ID: id, Subject: "root", Scopes: []string{access.Admin}, Life: time.Hour})
			if err != nil || got.Life <= 59*time.Minute || got.Life > time.Hour || got.Revoked {
				t.Fatalf("issued %+v, %v", got, err)
			}
		}
		if _, err := s.IssueToken(ctx, access.Token{ID: "A", Life: time.Hour}); !errors.Is(err, fs.ErrExist) {
			t.Errorf("the same id again: %v", err)
		}
		for range 2 {
			if err := s.RevokeToken(ctx, "B"); err != nil {
				t.Error(err)
			}
		}
		if err := s.RevokeToken(ctx, "b"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("an id that differs in case: %v", err)
		}
		first, err := s.Tokens(ctx, 0, 2)
		if err != nil || len(first) != 2 || first[0].ID != "C" || first[1].ID != "B" || !first[1].Revoked {
			t.Fatalf("newest: %+v, %v", first, err)
		}
		rest, err := s.Tokens(ctx, first[1].Seq, 2)
		if err != nil || len(rest) != 1 || rest[0].ID != "A" || rest[0].Revoked {
			t.Errorf("the rest: %+v, %v", rest, err)
		}
	})
}

func TestTheTrail(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		ctx, s := context.Background(), db.Access()
		for _, action := range []string{"client.create", "client.rotate", "client.delete"} {
			e := access.Entry{Actor: "admin/根", Action: action, Target: "client/1", Detail: map[string]any{"name": "店铺 🛍"}}
			if err := s.Record(ctx, e); err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.Audit(ctx, 0, 2)
		if err != nil || len(got) != 2 || got[0].Action != "client.delete" || got[0].Actor != "admin/根" || got[0].Detail["name"] != "店铺 🛍" {
			t.Fatalf("newest: %+v, %v", got, err)
		}
		if rest, err := s.Audit(ctx, got[1].ID, 2); err != nil || len(rest) != 1 || rest[0].Action != "client.create" {
			t.Errorf("the rest: %+v, %v", rest, err)
		}
		if n, err := s.Prune(ctx, time.Hour, time.Hour, 10); err != nil || n != 0 {
			t.Errorf("pruned %d entries that are young, %v", n, err)
		}
		if n, err := s.Prune(ctx, time.Hour, -time.Hour, 2); err != nil || n != 2 {
			t.Errorf("pruned %d old entries of a batch of 2, %v", n, err)
		}
	})
}
