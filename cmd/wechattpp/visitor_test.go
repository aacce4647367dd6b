package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"testing"
	"time"

	"wechattpp/simulator"
)

// TestAccountsThatAuthorizedBindTheirVisitors follows a bind link of an Official
// Account and logs a user of a Mini Program in, both of which authorized the
// platform and so lend no secret.
func TestAccountsThatAuthorizedBindTheirVisitors(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, kind)
			r := w.start(t)
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			samples := simulator.SampleWorld()
			j := &mainJob{t, w, r, ctx, samples[0]}
			admin := r.admin()
			j.authorize(admin)
			(&mainJob{t, w, r, ctx, samples[2]}).authorizeAs(admin, "mini1", "wechatmp")

			const visitor = "oVisitor00000000000000000001"
			j.bind(admin, "u-7", visitor)
			var user struct{ Identities map[string]string }
			if err := admin.call(ctx, http.MethodGet, "/v1/users/u-7", nil, &user); err != nil || user.Identities[jobSender] != visitor {
				t.Errorf("bound: %v, %v", user.Identities, err)
			}

			code, err := w.LoginCode(samples[2].AppID, "oMini00000000000000000000001")
			if err != nil {
				t.Fatal(err)
			}
			var login struct{ OpenID string }
			if err := admin.call(ctx, http.MethodPost, "/v1/senders/mini1/login", map[string]any{"code": code}, &login); err != nil || login.OpenID != "oMini00000000000000000000001" {
				t.Errorf("login: %q, %v", login.OpenID, err)
			}
			if err := admin.call(ctx, http.MethodPost, "/v1/senders/mini1/login", map[string]any{"code": code}, nil); err == nil {
				t.Error("a code logged in twice")
			}
		})
	}
}

// bind opens a new link in WeChat's browser and comes back.
func (j *mainJob) bind(admin *caller, userid, openID string) {
	j.t.Helper()
	var made struct{ URL string }
	if err := admin.call(j.ctx, http.MethodPost, "/v1/senders/"+jobSender+"/bind-links", map[string]any{"userid": userid}, &made); err != nil {
		j.t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		j.t.Fatal(err)
	}
	phone := &http.Client{Jar: jar, Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res := j.open(phone, made.URL)
	if res.StatusCode != http.StatusFound {
		j.t.Fatalf("the link answered %s", res.Status)
	}
	back, err := j.w.Visit(simulator.Visit{Link: res.Header.Get("Location"), OpenID: openID})
	if err != nil {
		j.t.Fatal(err)
	}
	if res := j.open(phone, back); res.StatusCode != http.StatusOK {
		j.t.Fatalf("the return answered %s", res.Status)
	}
}

func (j *mainJob) open(phone *http.Client, address string) *http.Response {
	j.t.Helper()
	req, err := http.NewRequestWithContext(j.ctx, http.MethodGet, address, nil)
	if err != nil {
		j.t.Fatal(err)
	}
	req.Header.Set("User-Agent", "Mozilla/5.0 (iPhone) MicroMessenger/8.0.50")
	res, err := phone.Do(req)
	if err != nil {
		j.t.Fatal(fmt.Errorf("%s: %w", address, err))
	}
	_ = res.Body.Close()
	return res
}
