package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"wechattpp/crypto"
	"wechattpp/simulator"
)

// without drops a variable from an environment.
func without(env []string, name string) (rest []string) {
	for _, e := range env {
		if !strings.HasPrefix(e, name+"=") {
			rest = append(rest, e)
		}
	}
	return rest
}

// keys runs `keys ...` beside the services of a world.
func (w *world) keys(t *testing.T, args ...string) (out string, status int) {
	t.Helper()
	return shell(t, t.TempDir(), w.env, append([]string{"keys"}, args...)...)
}

// rotateKilled starts rotations and kills each after a while.
func (w *world) rotateKilled(t *testing.T, times int) {
	t.Helper()
	for n := range times {
		c := command(t, w.env, "keys", "rotate")
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		end := time.AfterFunc(time.Duration(n*40)*time.Millisecond, func() { _ = c.Process.Kill() })
		_ = c.Wait() // killed, or done before
		end.Stop()
	}
}

func TestAKeyFileIsRotatedUnderARunningService(t *testing.T) {
	t.Parallel()
	w := newWorldOf(t, "sqlite", func(c *simulator.Config) { c.TokenLife = 20 * time.Second })
	w.env = without(w.env, "WECHATTPP_MASTER_KEY")
	file := strings.TrimPrefix(w.source, "sqlite:") + ".key"
	r := w.start(t)
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	j := &mainJob{t, w, r, ctx, simulator.SampleWorld()[0]}
	admin := r.admin()
	j.authorize(admin)
	business := j.client(admin)
	first, err := readKeyFile(file)
	if err != nil || len(first) != 1 {
		t.Fatalf("%d keys, %v", len(first), err)
	}
	w.rotateKilled(t, 5)
	out, status := w.keys(t, "rotate")
	if status != 0 || !strings.Contains(out, "The previous key may be removed") || !strings.Contains(out, "administration tokens and invitations") {
		t.Fatalf("status %d:\n%s", status, out)
	}
	keys, err := readKeyFile(file)
	if info, e := os.Stat(file); err != nil || e != nil || len(keys) != 2 || info.Mode().Perm() != 0o600 || string(keys[0]) == string(first[0]) {
		t.Fatalf("afterwards: %d keys, %v, %v", len(keys), err, e)
	}
	if out, status := w.keys(t, "status"); status != 0 || strings.Contains(out, "previous") || !strings.Contains(out, "token.refresh") {
		t.Errorf("status %d:\n%s", status, out)
	}
	j.delivered(business, j.send(business))
	if err := admin.call(ctx, http.MethodGet, "/v1/senders", nil, nil); err != nil {
		t.Errorf("a token from before the rotation: %v", err)
	}
	if out, status := w.keys(t, "forget"); status != 0 {
		t.Errorf("forget: status %d, %s", status, out)
	}
	r.kill()
	r.run()
	r.ready()
	var list any
	if err := r.admin().call(ctx, http.MethodGet, "/v1/authorizers", nil, &list); err != nil {
		t.Errorf("with the new key alone: %v", err)
	}
	if admin.call(ctx, http.MethodGet, "/v1/senders", nil, nil) == nil {
		t.Error("a token that the forgotten key signed is still good")
	}
	mints := w.Mints(j.shop.AppID)
	j.again("a renewal under the new key", func() error {
		if n := w.Mints(j.shop.AppID); n <= mints {
			return fmt.Errorf("%d renewals", n)
		}
		return nil
	})
	if strings.Contains(r.log.String(), "panic") || strings.Contains(r.log.String(), "changed, cut or moved") {
		t.Error("the log tells of damage")
	}
}

// keyFiles are wechattpp_master_key_file and wechattpp_master_key_previous_file.
type keyFiles struct{ dir string }

func (k keyFiles) env(w *world) []string {
	return append(without(w.env, "WECHATTPP_MASTER_KEY"), "WECHATTPP_MASTER_KEY_FILE="+filepath.Join(k.dir, "key"), "WECHATTPP_MASTER_KEY_PREVIOUS_FILE="+filepath.Join(k.dir, "previous"))
}

func (k keyFiles) put(t *testing.T, current, previous string) {
	t.Helper()
	for name, text := range map[string]string{"key": current, "previous": previous} {
		if err := os.WriteFile(filepath.Join(k.dir, name), []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func keyText() (text, id string) {
	key := newMasterKey()
	id, _ = crypto.KeyIDOf(key)
	return base64.StdEncoding.EncodeToString(key), id
}

func TestConfiguredKeysAreRotatedOverReplicasStepByStep(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "mysql")
	files := keyFiles{t.TempDir()}
	older, olderID := keyText()
	newer, newerID := keyText()
	files.put(t, older, "")
	w.env = files.env(w)
	one, two := w.start(t), w.start(t)
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	j := &mainJob{t, w, one, ctx, simulator.SampleWorld()[0]}
	admin := one.admin()
	j.authorize(admin)
	business := j.client(admin)

	files.put(t, older, newer) // 1: all know it
	j.again("both keys known", func() error { return w.showsKeys(t, 2, olderID+" +"+olderID+","+newerID) })
	if out, status := shell(t, t.TempDir(), append(without(without(w.env, "WECHATTPP_MASTER_KEY_FILE"), "WECHATTPP_MASTER_KEY_PREVIOUS_FILE"),
		"WECHATTPP_MASTER_KEY="+newer, "WECHATTPP_MASTER_KEY_PREVIOUS="+older), "keys", "rotate", "--wait", "1s"); status != 1 || !strings.Contains(out, "still seals under "+olderID) {
		t.Errorf("rotated while replicas seal under the old key: status %d\n%s", status, out)
	}
	files.put(t, newer, older) // 2: the new one seals
	j.again("the new key seals", func() error { return w.showsKeys(t, 2, newerID+" +"+newerID+","+olderID) })
	lacking := strings.Join(without(without(w.env, "WECHATTPP_MASTER_KEY_FILE"), "WECHATTPP_MASTER_KEY_PREVIOUS_FILE"), "\n")
	for name, key := range map[string]string{"the old key alone": older, "the new key alone, too early": newer} {
		out, status := shell(t, t.TempDir(), append(strings.Split(lacking, "\n"), "WECHATTPP_MASTER_KEY="+key), "serve", "--listen", "127.0.0.1:0")
		want := map[string]string{older: newerID, newer: olderID}[key]
		if status != 1 || !strings.Contains(out, "sealed under key id "+want) {
			t.Errorf("a start with %s: status %d, %s", name, status, out)
		}
	}
	w.rotateKilled(t, 4)
	if out, status := w.keys(t, "rotate"); status != 0 || !strings.Contains(out, "Remove wechattpp_master_key_previous from every replica") { // 3
		t.Fatalf("status %d:\n%s", status, out)
	}
	j.delivered(business, j.send(business)) // with a token that the old key signed
	files.put(t, newer, "")                 // 4: the old one goes
	j.again("the new key alone", func() error { return w.showsKeys(t, 2, newerID+" +"+newerID) })
	two.kill()
	two.run()
	two.ready()
	if err := two.admin().call(ctx, http.MethodGet, "/v1/authorizers", nil, nil); err != nil {
		t.Error(err)
	}
	if err := w.showsKeys(t, 0, olderID); err != nil {
		t.Errorf("the old key shows: %v", err)
	}
}

// showsKeys wants n lines of `keys status` that match.
func (w *world) showsKeys(t *testing.T, n int, pattern string) error {
	t.Helper()
	out, _ := w.keys(t, "status")
	if got := len(regexp.MustCompile("(?m)"+pattern+"$").FindAllString(out, -1)); got != n {
		return fmt.Errorf("%d lines with %s, want %d:\n%s", got, pattern, n, out)
	}
	return nil
}

func TestAReplicaWhoseKeysWouldLockItOutKeepsThoseItHas(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite")
	files := keyFiles{t.TempDir()}
	older, olderID := keyText()
	newer, _ := keyText()
	files.put(t, older, "")
	w.env = files.env(w)
	r := w.start(t)
	for text, key := range map[string]string{"lack key id " + olderID: newer, "want 32 bytes in base64": "short"} {
		files.put(t, key, "")
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		err := until(ctx, "a line in the log", func() (bool, error) { return strings.Contains(r.log.String(), text), nil })
		cancel()
		if err != nil {
			t.Error(err)
		}
	}
	files.put(t, older, "")
	if err := r.admin().call(context.Background(), http.MethodGet, "/v1/senders", nil, nil); err != nil {
		t.Error(err)
	}
}

func TestKeysForTheConsoleAreTaken(t *testing.T) {
	t.Parallel()
	for range 200 {
		if _, err := crypto.ParseKey(newAESKey()); err != nil {
			t.Fatal(err)
		}
	}
	out, status := shell(t, t.TempDir(), nil, "keys", "aes")
	if !regexp.MustCompile(`^wechattpp_encoding_token: [A-Za-z0-9]{32}\nwechattpp_encoding_aes_key: [A-Za-z0-9]{43}\n$`).MatchString(out) || status != 0 {
		t.Errorf("status %d, %q", status, out)
	}
}
