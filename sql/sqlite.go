package sql

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/jmoiron/sqlx"
	_ "modernc.org/sqlite" // the embedded database, no cgo
)

// openSQLite gives SQLite one connection: it has one writer anyway, and a
// second connection would only wait for the first. synchronous=FULL because
// what was answered "success" must survive a power cut; in WAL mode NORMAL
// loses the last commits.
func openSQLite(path string) (*sqlx.DB, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("database path: %w", err)
	}
	if err := writable(filepath.Dir(abs)); err != nil {
		return nil, err
	}
	if err := private(abs); err != nil {
		return nil, err
	}
	q := url.Values{"_txlock": {"immediate"}}
	for _, p := range []string{"journal_mode(WAL)", "synchronous(FULL)", "busy_timeout(5000)", "foreign_keys(ON)", "journal_size_limit(67108864)"} {
		q.Add("_pragma", p)
	}
	x, err := sqlx.Open("sqlite", "file:"+(&url.URL{Path: abs}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, fmt.Errorf("database %s: %w", abs, err)
	}
	x.SetMaxOpenConns(1)
	return x, nil
}

// private makes a new database file that its owner alone reads, whatever the
// umask: names and messages are not sealed. SQLite gives the mode to the files
// it puts beside it.
func private(file string) error {
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("database %s: %w", file, err)
	}
	return f.Close()
}

func writable(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("database folder %s cannot be made: %w", dir, err)
	}
	f, err := os.CreateTemp(dir, ".writable-*")
	if err != nil {
		return fmt.Errorf("database folder %s is not writable: %w", dir, err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// Lock is held by the one process that may serve a SQLite file.
type Lock struct{ f *os.File }

// LockFile takes the lock of a SQLite file, kept by the system, so that it
// ends with the process however it dies. If another process holds it, the
// error names that process's id.
func LockFile(database string) (*Lock, error) {
	if err := writable(filepath.Dir(database)); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(database+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("database lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		held, _ := os.ReadFile(f.Name())
		return nil, errors.Join(fmt.Errorf("%s is served by process %s already: stop that one, or use MySQL for several replicas",
			database, strings.TrimSpace(string(held))), f.Close())
	}
	if err := f.Truncate(0); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if _, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &Lock{f}, nil
}

// Release gives the lock back.
func (l *Lock) Release() error { return l.f.Close() }
