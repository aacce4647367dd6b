package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"wechattpp/sql/sqltest"
)

// checkRelease runs release-check against an address.
func (w *world) checkRelease(t *testing.T, env []string, args ...string) (out releaseResult, status int) {
	t.Helper()
	c := command(t, append(append([]string{}, w.env...), env...), append([]string{"release-check", "--json"}, args...)...)
	text, err := c.Output()
	if err != nil {
		status = c.ProcessState.ExitCode()
	}
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatalf("%v: %s %s", err, text, errorText(err))
	}
	return out, status
}

// failed gives the steps that fail, with what they say.
func (r *releaseResult) failed() (texts []string) {
	for _, s := range r.Steps {
		if s.Status == stepFails {
			texts = append(texts, s.Name+": "+s.Found+" → "+s.Remedy)
		}
	}
	return texts
}

func TestReleaseCheckPassesAHealthyServiceAndChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite")
	r := w.start(t)
	if _, err := w.ReleaseCode("wx570bc396a51b8ff8", "oWaits"); err != nil {
		t.Fatal(err)
	}
	awaitComponentToken(t, w)
	tickets := sqltest.Number(t, w.source, `SELECT created_at FROM ticket`)
	out, status := w.checkRelease(t, nil, "--url", r.url())
	if status != exitDone || !out.OK || !out.Simulator || len(out.Steps) != 4+5*9 {
		t.Errorf("status %d, %d steps, failed %q", status, len(out.Steps), out.failed())
	}
	for _, s := range out.Steps {
		if s.Status != stepPasses || s.TookMS > 5000 {
			t.Errorf("%+v", s)
		}
	}
	if n := sqltest.Number(t, w.source, `SELECT created_at FROM ticket`); n != tickets {
		t.Error("the ticket is another one")
	}
	if n := sqltest.Number(t, w.source, `SELECT COUNT(*) FROM authorizer`); n != 0 {
		t.Errorf("%d accounts were stored", n)
	}
	one, status := w.checkRelease(t, nil, "--url", r.url(), "--group", "4")
	if status != exitDone || len(one.Steps) != 4+9 || one.Steps[4].AppID != "wx14550af28c71a144" {
		t.Errorf("group 4: status %d, %+v", status, one.Steps)
	}
}

func awaitComponentToken(t *testing.T, w *world) {
	t.Helper()
	if err := until(timed(t, 20*time.Second), "the component's token", func() (bool, error) { return w.State().Component.Mints > 0, nil }); err != nil {
		t.Fatal(err)
	}
}

func TestReleaseCheckSaysWhatToMend(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite")
	r := w.start(t)
	awaitComponentToken(t, w)
	target, err := url.Parse(r.url())
	if err != nil {
		t.Fatal(err)
	}
	behind := httputil.NewSingleHostReverseProxy(target)
	for name, c := range map[string]struct {
		front http.HandlerFunc // nil: the service itself
		env   []string
		args  []string
		wants string
	}{
		"another key":   {env: []string{"WECHATTPP_ENCODING_AES_KEY=" + random(22)[:43]}, wants: "wechattpp_encoding_aes_key"},
		"another token": {env: []string{"WECHATTPP_ENCODING_TOKEN=another"}, wants: "wechattpp_encoding_token"},
		"a proxy that redirects to TLS": {front: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://wechat.example.com"+r.URL.RequestURI(), http.StatusMovedPermanently)
		}, wants: "WeChat follows no redirect"},
		"a proxy that does not forward the message path": {front: func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/message") {
				http.NotFound(w, r)
				return
			}
			behind.ServeHTTP(w, r)
		}, wants: "nginx must forward it"},
		"a proxy with no service behind it":       {front: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, wants: "the service behind it is not"},
		"a program that answers JSON to anything": {front: func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"code":0}`)) }, wants: "another program"},
		"a proxy that adds a line end": {front: func(w http.ResponseWriter, r *http.Request) {
			behind.ServeHTTP(&appends{w}, r)
		}, wants: "nothing else"},
		"a service that is down": {args: []string{"--url", "http://" + freeAddress(t)}, wants: "no connection"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"--url", r.url()}, c.args...)
			if c.front != nil {
				proxy := httptest.NewServer(c.front)
				defer proxy.Close()
				args[1] = proxy.URL
			}
			out, status := w.checkRelease(t, c.env, append(args, "--group", "1", "--ready-url", r.url())...)
			if said := strings.Join(out.failed(), "\n"); status != exitFailed || out.OK || !strings.Contains(said, c.wants) {
				t.Errorf("exit status %d, said:\n%s\nwant %q", status, said, c.wants)
			}
		})
	}
}

// appends puts a line end behind every 200.
type appends struct{ http.ResponseWriter }

func (a *appends) WriteHeader(status int) {
	a.Header().Del("Content-Length")
	a.ResponseWriter.WriteHeader(status)
}

func (a *appends) Write(b []byte) (int, error) {
	_, err := io.WriteString(a.ResponseWriter, string(b)+"\n")
	return len(b), err
}

func TestReleaseCheckSeesThatTicketsStayAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite")
	r := w.start(t)
	awaitComponentToken(t, w)
	sqltest.Exec(t, w.source, `UPDATE ticket SET created_at = created_at - 3600000`)
	w.SetURLs("", r.url()+"/wechattpp/$APPID$/message") // so that no other ticket comes
	ready := newCaller(r.url(), "")
	err := until(timed(t, 40*time.Second), "the service's own notice", func() (bool, error) {
		var answer struct{ Reasons []string }
		err := ready.call(t.Context(), http.MethodGet, "/readyz", nil, &answer)
		return len(aboutTicket(answer.Reasons)) > 0, err
	})
	if err != nil {
		t.Fatal(err)
	}
	out, status := w.checkRelease(t, nil, "--url", r.url(), "--group", "1")
	if failed := out.failed(); status != exitFailed || len(failed) != 1 || !strings.HasPrefix(failed[0], "ticket: ") {
		t.Errorf("status %d, %q", status, failed)
	}
}

func TestReleaseCheckRefusesWrongUsage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite")
	for _, args := range [][]string{{"--group", "6"}, {"--group", "-1"}, {"--url", "wechat.example.com"}, {"--url", "https://api.weixin.qq.com"}, {"more"}} {
		c := command(t, w.env, append([]string{"release-check"}, args...)...)
		if _, err := c.Output(); c.ProcessState.ExitCode() != exitUsage {
			t.Errorf("%v: status %d, %s", args, c.ProcessState.ExitCode(), errorText(err))
		}
	}
	c := command(t, nil, "release-check")
	if _, err := c.Output(); c.ProcessState.ExitCode() != exitFailed || !strings.Contains(errorText(err), "no component is configured") {
		t.Errorf("without a component: status %d, %s", c.ProcessState.ExitCode(), errorText(err))
	}
}

// timed is the test's context with an end.
func timed(t *testing.T, patience time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}
