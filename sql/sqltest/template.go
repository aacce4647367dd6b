package sqltest

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"wechattpp/crypto"
	"wechattpp/sql"
)

// fill makes an empty database what the migrations would make of it.
func fill(t testing.TB, source string) {
	t.Helper()
	kind, place, _ := strings.Cut(source, ":")
	from := fillSQLite
	if kind == "mysql" {
		from = fillMySQL
	}
	if err := from(place); err != nil {
		t.Fatalf("filling %s from a template: %v", kind, err)
	}
}

func fillSQLite(file string) error {
	if _, err := os.Stat(file); err == nil {
		return nil // it is not empty
	}
	template, err := sqliteTemplate()
	if err != nil {
		return err
	}
	return os.WriteFile(file, template, 0o600)
}

// sqliteTemplate is a migrated database, once a process.
var sqliteTemplate = sync.OnceValues(func() (_ []byte, err error) {
	dir, err := os.MkdirTemp("", "wechattpp-template-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	file := filepath.Join(dir, "template.db")
	if err := migrate("sqlite:" + file); err != nil {
		return nil, err
	}
	return os.ReadFile(file) // closing it left nothing in the write-ahead log
})

func migrate(source string) error {
	vault, err := crypto.NewVault(MasterKey)
	if err != nil {
		return err
	}
	db, err := sql.Open(context.Background(), sql.Options{Source: source, Vault: vault})
	if err != nil {
		return err
	}
	return errors.Join(db.Migrate(context.Background()), db.Close())
}

func fillMySQL(place string) error {
	template, err := mysqlTemplate()
	if err != nil {
		return err
	}
	db, err := stdsql.Open("mysql", place)
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // nothing is written by closing
	made, err := tables(db, "DATABASE()")
	if err != nil || len(made) > 0 {
		return err
	}
	names, err := tables(db, "'"+template+"'")
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, err := db.Exec("CREATE TABLE `" + name + "` LIKE " + template + ".`" + name + "`"); err != nil {
			return err
		}
		if _, err := db.Exec("INSERT INTO `" + name + "` SELECT * FROM " + template + ".`" + name + "`"); err != nil {
			return err
		}
	}
	return nil
}

func tables(db *stdsql.DB, schema string) ([]string, error) {
	return column[string](db, "SELECT table_name FROM information_schema.tables WHERE table_schema = "+schema)
}

// mysqlTemplate names a migrated database on the server. All processes share it,
// and those of another state of the migrations have another: the name holds
// their hash. A last table says that it is whole, so that a process that died
// meanwhile leaves no half of it.
var mysqlTemplate = sync.OnceValues(func() (name string, err error) {
	sum, err := migrations()
	if err != nil {
		return "", err
	}
	name = fmt.Sprintf("wechattpp_template_%016x", sum)
	server := strings.TrimSuffix(os.Getenv("WECHATTPP_TEST_MYSQL"), "/") + "/"
	db, err := stdsql.Open("mysql", server)
	if err != nil {
		return "", err
	}
	defer db.Close() //nolint:errcheck // nothing is written by closing
	ctx := context.Background()
	c, err := db.Conn(ctx)
	if err != nil {
		return "", err
	}
	defer c.Close() //nolint:errcheck // it ends the lock
	var locked, whole int
	if err := c.QueryRowContext(ctx, "SELECT COALESCE(GET_LOCK(?, 300), 0)", name).Scan(&locked); err != nil || locked == 0 {
		return "", errors.Join(errors.New("another process has been making "+name+" for five minutes"), err)
	}
	if err := c.QueryRowContext(ctx, "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = ? AND table_name = 'template_is_whole'", name).Scan(&whole); err != nil || whole == 1 {
		return name, err
	}
	for _, query := range []string{"DROP DATABASE IF EXISTS " + name, "CREATE DATABASE " + name + " CHARACTER SET utf8mb4"} {
		if _, err := c.ExecContext(ctx, query); err != nil {
			return "", err
		}
	}
	if err := migrate("mysql:" + server + name); err != nil {
		return "", err
	}
	_, err = c.ExecContext(ctx, "CREATE TABLE "+name+".template_is_whole (id INT)")
	return name, err
})

// migrations is a number for all that the files of the migrations say.
func migrations() (uint64, error) {
	_, here, _, ok := runtime.Caller(0)
	if !ok {
		return 0, errors.New("this file does not know where it is")
	}
	h := fnv.New64a()
	root := filepath.Join(filepath.Dir(here), "..", "migrations", "mysql")
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(filepath.Join(root, path))
		_, _ = h.Write(append([]byte(path), text...)) // never fails
		return err
	})
	return h.Sum64(), err
}
