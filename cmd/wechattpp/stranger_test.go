package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"wechattpp/simulator"
)

// TestAClientThatAStrangerGeneratesWorks generates one from the description
// that the running program serves, in a module that has nothing of ours,
// compiles it and has it do the main job.
func TestAClientThatAStrangerGeneratesWorks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite")
	r := w.start(t)
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Minute) // the generator is compiled, once
	defer cancel()
	j := &mainJob{t, w, r, ctx, simulator.SampleWorld()[0]}
	j.authorize(r.admin())
	const key, secret = "7d00c0ffee7d00c0ffee7d00", "5ec2e7c0ffee5ec2e7c0ffee"
	r.takeOver("Orders", key, secret, "--sender", jobSender, "--scope", "send,users,messages:read")

	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "stranger"))); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "openapi.json"), served(ctx, t, r.url()+"/openapi.json"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"tool", "oapi-codegen", "-config", "oapi-codegen.yaml", "openapi.json"}, ""},
		{[]string{"run", ".", r.url(), key, secret, jobSender, j.shop.Followers[0]}, "delivered; of another message: 4004\n"},
	} {
		cmd := exec.CommandContext(ctx, "go", c.args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil || string(out) != c.want {
			t.Fatalf("go %v: %v\n%s", c.args[:2], err, out)
		}
	}
}

func served(ctx context.Context, t *testing.T, url string) []byte {
	t.Helper()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // it was only read
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatal(res.StatusCode, err)
	}
	return text
}
