package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"wechattpp/simulator"
)

var shBlock = regexp.MustCompile("(?ms)^```sh\n(.*?)^```$")

// docCall is a curl of a page, and the answer that is shown under it.
type docCall struct{ command, answer string }

// docCalls reads the blocks of a page: an answer is a line that begins with {
// and ends the call before it.
func docCalls(t *testing.T, file string) (calls []docCall) {
	t.Helper()
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range shBlock.FindAllStringSubmatch(string(page), -1) {
		command := ""
		for line := range strings.Lines(block[1]) {
			if !strings.HasPrefix(line, "{") {
				command += line
				continue
			}
			calls = append(calls, docCall{command, line})
			command = ""
		}
		if command != "" {
			t.Errorf("a call without an answer: %s", command)
		}
	}
	return calls
}

// TestTheCallsOfThePageOnJUMSAnswerAsItShows runs them in their order with the
// real curl: what one answers as msgid or id is there for the next.
func TestTheCallsOfThePageOnJUMSAnswerAsItShows(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite")
	r := w.start(t)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	j := &mainJob{t, w, r, ctx, simulator.SampleWorld()[0]}
	j.authorize(r.admin())
	env := map[string]string{"base": r.url(), "key": "7d00c0ffee7d00c0ffee7d00", "secret": "5ec2e7c0ffee5ec2e7c0ffee",
		"access_key": "acce55c0ffeeacce55c0ffee", "access_secret": "5ec2e7acce555ec2e7acce55"}
	r.takeOver("Orders", env["key"], env["secret"], "--sender", jobSender, "--scope", "send,users,tokens,templates,messages:read")
	r.takeOver("Users", env["access_key"], env["access_secret"], "--kind", "access_key")
	business := newCaller(r.url(), "")
	if err := business.login(ctx, env["key"], env["secret"]); err != nil {
		t.Fatal(err)
	}
	env["TOKEN"] = strings.TrimPrefix(business.auth, "Bearer ")
	calls := docCalls(t, filepath.Join("..", "..", "docs", "jums.md"))
	if len(calls) < 15 {
		t.Errorf("%d calls", len(calls))
	}
	for _, c := range calls {
		c.run(t, env)
	}
}

// takeOver makes a client with the keys it had elsewhere.
func (r *replica) takeOver(name, key, secret string, more ...string) {
	r.t.Helper()
	file := filepath.Join(r.t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(secret+"\n"), 0o600); err != nil {
		r.t.Fatal(err)
	}
	c := command(r.t, append(r.w.env, "WECHATTPP_PUBLIC_URL="+r.url()), append([]string{"client", "create", name, "--channel-key", key, "--master-secret-file", file}, more...)...)
	if out, err := c.CombinedOutput(); err != nil {
		r.t.Fatalf("client create: %v %s", err, out)
	}
}

// run makes the call; one that only reads is made again until it answers as
// shown: effects follow their causes within a second or so, in another process,
// which can only be asked. After 40 s it is an error.
func (c docCall) run(t *testing.T, env map[string]string) {
	t.Helper()
	for end := time.Now().Add(40 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		problem := c.once(t, env)
		if problem == "" {
			return
		}
		if strings.Contains(c.command, "-d ") || strings.Contains(c.command, "-X ") || time.Now().After(end) {
			t.Error(problem)
			return
		}
	}
}

// once gives what is wrong with the answer.
func (c docCall) once(t *testing.T, env map[string]string) (problem string) {
	t.Helper()
	cmd := exec.Command("sh", "-c", c.command)
	cmd.Env, cmd.Dir = append(os.Environ(), "no_proxy=*"), env["dir"] // curl would ask a proxy even for this machine
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	out, err := cmd.CombinedOutput()
	var want, got map[string]any
	if err := json.Unmarshal([]byte(c.answer), &want); err != nil {
		t.Fatalf("the page shows %s: %v", c.answer, err)
	}
	if bad := json.Unmarshal(out, &got); err != nil || bad != nil {
		t.Fatalf("%s\nanswers %s: %v, %v", c.command, out, err, bad)
	}
	if !shows(want, got) {
		problem = fmt.Sprintf("%s\nanswers %sthe page shows %s", c.command, out, c.answer)
	}
	for _, name := range []string{"msgid", "id", "url", "location", "media_id", "publish_id"} {
		if v, ok := got[name]; ok {
			env[name] = fmt.Sprint(v)
		}
	}
	return problem
}

// shows tells whether an answer is as the page shows it; … is anything.
func shows(want, got any) bool {
	if want == "…" {
		return true
	}
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok || len(g) != len(w) {
			return false
		}
		for name := range w {
			if v, there := g[name]; !there || !shows(w[name], v) {
				return false
			}
		}
		return true
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return false
		}
		for i := range w {
			if !shows(w[i], g[i]) {
				return false
			}
		}
		return true
	}
	return want == got
}
