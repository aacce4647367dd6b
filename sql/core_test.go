package sql_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"wechattpp/crypto"
	"wechattpp/sql"
	"wechattpp/sql/sqltest"
)

func TestMigrations(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		ctx := context.Background()
		steps, err := db.Migrations(ctx)
		if err != nil || len(steps) == 0 {
			t.Fatalf("migrations: %v, %v", steps, err)
		}
		if done, err := db.Migrated(ctx); err != nil || !done {
			t.Fatalf("after migrating up: migrated %v, %v", done, err)
		}
		down := func(n int) {
			t.Helper()
			for range n {
				if err := db.MigrateDown(ctx); err != nil {
					t.Fatal(err)
				}
			}
		}
		fillSealed(t, db) // each way with rows in the tables
		down(len(steps) / 4)
		if err := db.Migrate(ctx); err != nil {
			t.Fatalf("up again: %v", err)
		}
		if kept, err := db.Access().Clients(ctx, 0, 10); err != nil || len(kept) != 1 {
			t.Errorf("after some steps back and up again: %d clients, %v", len(kept), err)
		}
		down(len(steps))
		if done, err := db.Migrated(ctx); err != nil || done {
			t.Fatalf("after migrating down: migrated %v, %v", done, err)
		}
		if err := db.Migrate(ctx); err != nil {
			t.Fatalf("up again: %v", err)
		}
	})
}

func TestAnotherMasterKeyIsRefusedAndChangesNothing(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			source := sqltest.Source(t, kind)
			sqltest.Open(t, source)
			vault, err := crypto.NewVault(make([]byte, 32))
			if err != nil {
				t.Fatal(err)
			}
			other, err := sql.Open(context.Background(), sql.Options{Source: source, Vault: vault})
			if err != nil {
				t.Fatal(err)
			}
			defer other.Close()
			if err := other.Migrate(context.Background()); !errors.Is(err, sql.ErrWrongKey) {
				t.Fatalf("migrating with another key: %v", err)
			}
		})
	}
}

func TestDurabilityNamesTheSettingToMend(t *testing.T) {
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		weak, err := db.Durability(context.Background())
		if err != nil || len(weak) != 0 {
			t.Fatalf("a durable database: %q, %v", weak, err)
		}
		if skew, err := db.ClockSkew(context.Background()); err != nil || skew.Abs() > 5*time.Second {
			t.Errorf("skew on one machine: %v, %v", skew, err)
		}
	})
}
