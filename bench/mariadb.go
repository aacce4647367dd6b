package main

import (
	"bytes"
	"context"
	stdsql "database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	_ "wechattpp/sql" // registers the driver
)

// server is a MariaDB of our own, durable as in production, in a folder of its own.
type server struct {
	dir, dsn string
	pid      int
	admin    *stdsql.DB
}

// startMariaDB starts one through the script that tests use too. A temporary
// file system would make flushes free, so it is refused.
func startMariaDB(root, dir string, env ...string) (*server, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil || fs.Type == unix.TMPFS_MAGIC {
		return nil, fmt.Errorf("%s lies in memory (or: %v): flushes cost nothing there; give -dir on a disk", dir, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(root, ".ci/mariadb"), "start", dir)
	cmd.Env = append(append(os.Environ(), "MARIADB_EXTRA="), env...) // nothing that makes tests quick
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf(".ci/mariadb start: %w: %s", err, log.String())
	}
	s := &server{dir: dir, dsn: strings.TrimSpace(out.String())}
	text, err := os.ReadFile(filepath.Join(dir, "pid"))
	if err != nil {
		return nil, err
	}
	if s.pid, err = strconv.Atoi(strings.TrimSpace(string(text))); err != nil {
		return nil, err
	}
	s.admin, err = stdsql.Open("mysql", s.dsn)
	return s, err
}

func (b *bench) stopDB(s *server) {
	if s == nil {
		return
	}
	if used, err := cpu(s.pid); err == nil {
		b.ended += used
	}
	_ = s.admin.Close()
	if out, err := exec.Command(filepath.Join(b.root, ".ci/mariadb"), "stop", s.dir).CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, ".ci/mariadb stop: %v: %s\n", err, out)
	}
}

// fresh makes an empty database and answers its address as the configuration takes it.
func (s *server) fresh(name string) (string, error) {
	for _, q := range []string{"DROP DATABASE IF EXISTS " + name, "CREATE DATABASE " + name + " CHARACTER SET utf8mb4"} {
		if _, err := s.admin.Exec(q); err != nil {
			return "", err
		}
	}
	return "mysql:" + s.dsn + name, nil
}

// durability tells the settings that a figure without them would be worthless.
func (s *server) durability() (string, error) {
	var version, flush, method, binlog string
	err := s.admin.QueryRow(`SELECT @@version, @@innodb_flush_log_at_trx_commit, @@innodb_flush_method, @@log_bin`).Scan(&version, &flush, &method, &binlog)
	if err == nil && flush != "1" {
		err = fmt.Errorf("innodb_flush_log_at_trx_commit is %s, want 1", flush)
	}
	return fmt.Sprintf("MariaDB %s, innodb_flush_log_at_trx_commit=%s, innodb_flush_method=%s, log_bin=%s", version, flush, method, binlog), err
}

// commits makes n single commits, one after the other, and tells what one took.
func (s *server) commits(n int) (time.Duration, error) {
	if _, err := s.fresh("bench_commits"); err != nil {
		return 0, err
	}
	if _, err := s.admin.Exec("CREATE TABLE bench_commits.line (n BIGINT) ENGINE=InnoDB"); err != nil {
		return 0, err
	}
	begin := time.Now()
	for i := range n {
		if _, err := s.admin.Exec("INSERT INTO bench_commits.line VALUES (?)", i); err != nil {
			return 0, err
		}
	}
	return time.Since(begin) / time.Duration(n), nil
}

// statements counts what clients have asked of the server so far.
func (s *server) statements() (n float64, err error) {
	var name string
	err = s.admin.QueryRow(`SHOW GLOBAL STATUS LIKE 'Questions'`).Scan(&name, &n)
	return n, err
}

// diskFlush is the median time of a 4 KiB append made durable, the floor of
// every single commit on this disk.
func diskFlush(dir string) (time.Duration, error) {
	f, err := os.CreateTemp(dir, "flush-*")
	if err != nil {
		return 0, err
	}
	defer func() { _, _ = f.Close(), os.Remove(f.Name()) }()
	var times []float64
	page := make([]byte, 4096)
	for range 200 {
		start := time.Now()
		if _, err := f.Write(page); err != nil {
			return 0, err
		}
		if err := unix.Fdatasync(int(f.Fd())); err != nil {
			return 0, err
		}
		times = append(times, float64(time.Since(start)))
	}
	return time.Duration(median(times)), nil
}
