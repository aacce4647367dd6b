package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// shell runs one command to its end and answers what it printed and its exit
// status.
func shell(t *testing.T, dir string, env []string, args ...string) (out string, status int) {
	t.Helper()
	c := command(t, env, args...)
	c.Dir = dir
	b, err := c.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(b), c.ProcessState.ExitCode()
}

func TestAStartThatCannotWorkSaysWhatToMend(t *testing.T) {
	t.Parallel()
	unwritable := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(unwritable, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		env    []string
		args   []string
		status int
		says   string
	}{
		"a wrong database address":        {[]string{"WECHATTPP_DATABASE=mysql:root@tcp(127.0.0.1:1)/x", "WECHATTPP_MASTER_KEY=" + goodMaster}, []string{"serve"}, 1, "wechattpp_database: database does not answer"},
		"MySQL without a master key":      {[]string{"WECHATTPP_DATABASE=mysql:root@tcp(127.0.0.1:1)/x"}, []string{"serve"}, 1, "wechattpp_master_key: required with MySQL"},
		"a folder that cannot be written": {[]string{"WECHATTPP_DATABASE=sqlite:" + unwritable + "/x.db"}, []string{"serve"}, 1, "cannot be made"},
		"a key of 42 characters":          {[]string{"WECHATTPP_ENCODING_AES_KEY=" + goodAES[:42]}, []string{"serve"}, 1, "42 characters, want 43"},
		"an example secret":               {[]string{"WECHATTPP_ADMIN_PASSWORD=example-password"}, []string{"serve"}, 1, "wechattpp_admin_password: still the value of the example file"},
		"the version":                     {nil, []string{"--version"}, 0, "wechattpp version "},
		"an unknown flag":                 {nil, []string{"serve", "--lissten", ":1"}, 2, "unknown flag: --lissten"},
		"an unknown command":              {nil, []string{"server"}, 2, `unknown command "server"`},
		"an argument too many":            {nil, []string{"serve", "now"}, 2, "accepts 0 arg"},
		"a demo for everybody":            {nil, []string{"demo", "--listen", "0.0.0.0:0"}, 2, "want one of this machine alone"},
		"a simulator against the vendor":  {nil, []string{"sim", "--push-to", "https://api.weixin.qq.com"}, 2, "the vendor's own"},
		"a token for too long":            {nil, []string{"token", "issue", "--ttl", "721h"}, 2, "ttl"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, status := shell(t, t.TempDir(), c.env, c.args...)
			if status != c.status || !strings.Contains(out, c.says) {
				t.Errorf("exit status %d, said %q; want %d and %q", status, out, c.status, c.says)
			}
			if lines := strings.Count(strings.TrimSpace(out), "\n") + 1; lines > 2 {
				t.Errorf("said %d lines:\n%s", lines, out)
			}
		})
	}
}

func TestAWrongMasterKeyChangesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if out, status := shell(t, dir, nil, "migrate", "up"); status != 0 {
		t.Fatal(out)
	}
	before, err := os.ReadFile(filepath.Join(dir, "data/wechattpp.db"))
	if err != nil {
		t.Fatal(err)
	}
	out, status := shell(t, dir, []string{"WECHATTPP_MASTER_KEY=" + goodMaster}, "serve")
	if status != 1 || !strings.Contains(out, "does not open this database") {
		t.Errorf("another key: status %d, %q", status, out)
	}
	if err := os.Rename(filepath.Join(dir, "data/wechattpp.db.key"), filepath.Join(dir, "key")); err != nil {
		t.Fatal(err)
	}
	out, status = shell(t, dir, nil, "serve")
	if status != 1 || !strings.Contains(out, "is sealed, but its master key") {
		t.Errorf("no key: status %d, %q", status, out)
	}
	after, err := os.ReadFile(filepath.Join(dir, "data/wechattpp.db"))
	if err != nil || string(after) != string(before) {
		t.Errorf("the database has changed (%v)", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "data/wechattpp.db.key")); err == nil {
		t.Error("a key was made for a sealed database")
	}
}

func TestOneProcessServesASQLiteFileAndSIGTERMStopsItCleanly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	address := freeAddress(t)
	c := command(t, nil, "serve", "--listen", address, "--log-format", "json")
	log := &syncBuffer{}
	c.Dir, c.Stderr = dir, log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Process.Kill() }()
	awaitReady(t, address, log)
	for _, name := range []string{"", "-wal", "-shm", ".key", ".lock"} { // whatever the umask
		info, err := os.Stat(filepath.Join(dir, "data/wechattpp.db"+name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("wechattpp.db%s: %v, %v", name, info, err)
		}
	}
	out, status := shell(t, dir, nil, "serve", "--listen", "127.0.0.1:0")
	if status != 1 || !strings.Contains(out, "is served by process "+strconv.Itoa(c.Process.Pid)) {
		t.Errorf("the second: status %d, %q; want the id %d", status, out, c.Process.Pid)
	}
	if out, status := shell(t, dir, nil, "token", "issue"); status != 0 || !strings.HasPrefix(out, "eyJ") {
		t.Errorf("token issue beside it: status %d, %q", status, out)
	}
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	stopped := time.AfterFunc(30*time.Second, func() { _ = c.Process.Kill() }) // a machine under load, too
	defer stopped.Stop()
	if err := c.Wait(); err != nil || !strings.Contains(log.String(), `"msg":"stopped"`) {
		t.Errorf("after SIGTERM: %v\n%s", err, log.String())
	}
	if out, status := shell(t, dir, nil, "migrate", "status"); status != 0 || strings.Contains(out, "pending") {
		t.Errorf("afterwards: status %d, %q", status, out)
	}
}

func TestTheDemoEndsWithStatusZero(t *testing.T) {
	t.Parallel()
	out, status := shell(t, t.TempDir(), nil, "demo", "--once", "--listen", "127.0.0.1:0", "--sim-listen", "127.0.0.1:0")
	if status != 0 || !strings.Contains(out, "exactly one message in WeChat's ledger") {
		t.Errorf("status %d:\n%s", status, out)
	}
}

// ports are handed out once each, below those that the system gives to
// clients: a service that is killed finds its own free again.
var ports = func() *atomic.Int32 {
	var n atomic.Int32
	n.Store(20000 + int32(os.Getpid()%100)*100)
	return &n
}()

func freeAddress(t *testing.T) string {
	t.Helper()
	for range 1000 {
		ln, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(int(ports.Add(1))))
		if err == nil {
			defer ln.Close()
			return ln.Addr().String()
		}
	}
	t.Fatal("no free port")
	return ""
}

func awaitReady(t *testing.T, address string, log *syncBuffer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := until(ctx, "readiness", func() (bool, error) {
		res, err := http.Get("http://" + address + "/readyz")
		if err != nil {
			return false, err
		}
		return res.StatusCode == http.StatusOK, res.Body.Close()
	}); err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
}
