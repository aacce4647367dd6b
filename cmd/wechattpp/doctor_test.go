package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"wechattpp/simulator"
	"wechattpp/sql/sqltest"
)

// doctorJSON runs `doctor --json` and answers its diagnoses by check.
func doctorJSON(t *testing.T, env []string) (map[string]diagnosis, int) {
	t.Helper()
	c := command(t, env, "doctor", "--json")
	var out, said bytes.Buffer
	c.Stdout, c.Stderr = &out, &said
	_ = c.Run() // the status says it
	var got struct{ Findings []diagnosis }
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("%v: %s%s", err, out.String(), said.String())
	}
	by := map[string]diagnosis{}
	for _, f := range got.Findings {
		if by[f.Check] = f; f.State != "ok" && f.Why == "" {
			t.Errorf("%s does not say why it matters", f.Check)
		}
	}
	return by, c.ProcessState.ExitCode()
}

func TestDoctorFindsAHealthyServiceHealthyAndABrokenOneNot(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, kind)
			r := w.start(t)
			play(t, w, r, time.Minute)
			env := append(w.env, "WECHATTPP_PUBLIC_URL="+r.url(), "WECHATTPP_WECOM_BASE_URL="+strings.TrimPrefix(w.env[4], "WECHATTPP_API_BASE_URL="))
			found, status := doctorJSON(t, env)
			for name, f := range found {
				if f.State != "ok" {
					t.Errorf("%s: %s %s", name, f.State, f.Found)
				}
			}
			if status != 0 || len(found) < 15 {
				t.Errorf("status %d, %d checks", status, len(found))
			}
			refusal := simulator.Fault{Path: "/cgi-bin/component/api_get_authorizer_list", Code: 61004, Times: -1,
				Message: "access clientip is not registered requestIP: 203.0.113.7 rid: 6b07f8fc-aafe0f91-73b69e35"}
			if err := w.Fail(refusal); err != nil {
				t.Fatal(err)
			}
			found, status = doctorJSON(t, env)
			if f := found["address lists"]; status != 1 || f.State != "mend" || !strings.Contains(f.Found, "WeChat saw 203.0.113.7") || !strings.Contains(f.Found, "publish the change") {
				t.Errorf("a refused address: %d %+v", status, f)
			}
			w.ClearFaults()
			sqltest.Exec(t, w.source, `UPDATE ticket SET created_at = created_at - 2000000`)
			sqltest.Exec(t, w.source, `UPDATE authorizer SET sets = '[1]'`)
			found, status = doctorJSON(t, append(env, "WECHATTPP_API_BASE_URL=http://127.0.0.1:1", "WECHATTPP_PUBLIC_URL=https://127.0.0.1:1"))
			for name, want := range map[string]string{
				"ticket": "the newest is", "permission sets": "did not grant 7", "API address": "cannot be reached", "public URL": "cannot be reached", "proxy": "wechattpp_trusted_proxies",
			} {
				if f := found[name]; f.State == "ok" || !strings.Contains(f.Found, want) {
					t.Errorf("%s: %+v, want %q", name, f, want)
				}
			}
			if status != 1 || found["proxy"].State != "warn" {
				t.Errorf("status %d, proxy %s", status, found["proxy"].State)
			}
		})
	}
}

func TestDoctorMissesNoComponentWhereAllAccountsHaveASecretOfTheirOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite")
	w.env = w.env[4:] // no component
	appSecret, _ := w.own(t)
	r := w.start(t)
	if err := r.admin().call(t.Context(), http.MethodPost, "/v1/senders", map[string]any{"code": "shop", "kind": "wechatoa", "credentials": "secret", "app_id": ownAppID, "app_secret": appSecret}, nil); err != nil {
		t.Fatal(err)
	}
	awaitSender(t, r.admin(), "shop", hasToken)
	found, status := doctorJSON(t, append(w.env, "WECHATTPP_PUBLIC_URL="+r.url()))
	if f := found["configuration"]; f.State != "warn" || !strings.Contains(f.Found, "no component is configured") {
		t.Errorf("%+v", f)
	}
	if status != 0 || found["ticket"].State != "ok" || !strings.Contains(found["address lists"].Found, "1 asked") {
		t.Errorf("status %d, %+v", status, found)
	}
}

func TestDoctorTellsOfAConfigurationOrADatabaseThatCannotWork(t *testing.T) {
	t.Parallel()
	short := write(t, "key", "AAAA\n")
	for name, c := range map[string]struct {
		env   []string
		check string
		says  string
	}{
		"an AES key of 42 characters":  {[]string{"WECHATTPP_ENCODING_AES_KEY=" + goodAES[:42]}, "configuration", "42 characters, want 43"},
		"a short master key in a file": {[]string{"WECHATTPP_MASTER_KEY_FILE=" + short}, "configuration", "3 bytes found"},
		"a database that is away":      {[]string{"WECHATTPP_DATABASE=mysql:root@tcp(127.0.0.1:1)/x", "WECHATTPP_MASTER_KEY=" + goodMaster}, "database", "does not answer"},
		"a database that is not there": {[]string{"WECHATTPP_DATABASE=sqlite:" + t.TempDir() + "/none.db"}, "database", "is not there yet"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			away := []string{"WECHATTPP_API_BASE_URL=http://127.0.0.1:1", "WECHATTPP_MP_BASE_URL=http://127.0.0.1:1", "WECHATTPP_OPEN_BASE_URL=http://127.0.0.1:1", "WECHATTPP_WECOM_BASE_URL=http://127.0.0.1:1", "WECHATTPP_PUBLIC_URL=http://127.0.0.1:1"}
			found, status := doctorJSON(t, append(away, c.env...))
			if f := found[c.check]; status != 1 || f.State != "mend" || !strings.Contains(f.Found, c.says) {
				t.Errorf("status %d, %+v", status, f)
			}
		})
	}
}

// before is a server that stands where the service should be reached.
func before(t *testing.T, h http.HandlerFunc) *Config {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return &Config{PublicURL: u, ComponentPath: "/wechattpp/component"}
}

func TestDoctorTellsAProxysAnswerFromOurs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		says   string // "" is well
	}{
		"ours": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"code":4000,"message":"the body is no encrypted push of WeChat"}`))
		}, ""},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusMovedPermanently)
		}, "redirects"},
		"nginx's own page":  {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }, "something else (status 404"},
		"a page for anyone": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }, "something else (status 200"},
		"a refusal in HTML": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) }, "something else (status 403"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := before(t, c.answer)
			_, err := checkPath(context.Background(), cfg, cfg.ComponentPath)
			if (c.says == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q", err, c.says)
			}
		})
	}
	small := before(t, func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > 1000 {
			http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		}
	})
	if _, err := checkBody(context.Background(), small); err == nil || !strings.Contains(err.Error(), "client_max_body_size") {
		t.Errorf("a proxy with a small limit: %v", err)
	}
}

func TestDoctorNoticesClocksAndCertificates(t *testing.T) {
	t.Parallel()
	late := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
	}))
	t.Cleanup(late.Close)
	if _, err := checkVendor(context.Background(), late.URL, "wechattpp_api_base_url"); err == nil || !strings.Contains(err.Error(), "1h0m") {
		t.Errorf("a clock an hour off: %v", err)
	}
	own := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(own.Close)
	if _, err := checkVendor(context.Background(), own.URL, "wechattpp_api_base_url"); err == nil || !strings.Contains(err.Error(), "certificate is not valid") {
		t.Errorf("a certificate nobody signed: %v", err)
	}
}

func TestDatabaseVersionsThatAreTooOldAreKnown(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]bool{"8.0.36": true, "5.7.44-log": false, "10.6.0-MariaDB": true, "10.5.23-MariaDB": false, "11.8.2-MariaDB-ubu": true, "9.1.0": true, "tidb": true} {
		if got := supported(version); got != want {
			t.Errorf("%s: %v", version, got)
		}
	}
}
