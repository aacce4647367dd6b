// Package sqltest gives tests real databases: SQLite in a temporary folder and
// a fresh database on the MariaDB that WECHATTPP_TEST_MYSQL names
// (`make mariadb` starts one). Both, always.
package sqltest

import (
	"bytes"
	"context"
	stdsql "database/sql"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"wechattpp/crypto"
	"wechattpp/sql"
)

// MasterKey seals the secrets of test databases.
var MasterKey = bytes.Repeat([]byte{7}, 32)

// Each runs f once on every database, migrated and empty.
func Each(t *testing.T, f func(t *testing.T, db *sql.DB)) {
	t.Helper()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) { f(t, Open(t, Source(t, kind))) })
	}
}

// Source makes an empty database of its own for the test and answers its
// address as the configuration takes it.
func Source(t testing.TB, kind string) string {
	t.Helper()
	if kind == "sqlite" {
		return "sqlite:" + t.TempDir() + "/test.db"
	}
	return "mysql:" + fresh(t)
}

// Open opens and migrates a database and closes it after the test. An empty one
// is filled from a template: the migrations take seconds on MariaDB, the copy of
// what they make does not.
func Open(t testing.TB, source string) *sql.DB {
	t.Helper()
	fill(t, source)
	db := Raw(t, source, 0)
	if err := db.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	return db
}

// Raw opens without migrating; batch as in sql.Options.CommitBatch.
func Raw(t testing.TB, source string, batch int) *sql.DB {
	t.Helper()
	vault, err := crypto.NewVault(MasterKey)
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open(context.Background(), sql.Options{Source: source, Vault: vault, CommitBatch: batch})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

var made atomic.Int64

func fresh(t testing.TB) string {
	t.Helper()
	server := os.Getenv("WECHATTPP_TEST_MYSQL") // e.g. root@unix(/tmp/m.sock)/
	if server == "" {
		t.Fatal("no MariaDB to test on: run `make test`, or set WECHATTPP_TEST_MYSQL to what `.ci/mariadb` prints")
	}
	admin, err := stdsql.Open("mysql", server)
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("wechattpp_%d_%d_%d", os.Getpid(), time.Now().UnixNano(), made.Add(1))
	if _, err := admin.Exec("CREATE DATABASE " + name + " CHARACTER SET utf8mb4"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.Exec("DROP DATABASE IF EXISTS " + name); err != nil {
			t.Error(err)
		}
		if err := admin.Close(); err != nil {
			t.Error(err)
		}
	})
	return strings.TrimSuffix(server, "/") + "/" + name
}
