package main

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wechattpp/simulator"
)

// TestTheCallsOfThePageOnTemplatesAnswerAsItShows runs them in their order with
// the real curl, as those of the page on JUMS.
func TestTheCallsOfThePageOnTemplatesAnswerAsItShows(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, kind)
			r := w.start(t)
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			j := &mainJob{t, w, r, ctx, simulator.SampleWorld()[0]}
			j.authorize(r.admin())
			const key, secret = "7d00c0ffee7d00c0ffee7d00", "5ec2e7c0ffee5ec2e7c0ffee"
			r.takeOver("Orders", key, secret, "--sender", jobSender, "--scope", "send,templates")
			business := newCaller(r.url(), "")
			if err := business.login(ctx, key, secret); err != nil {
				t.Fatal(err)
			}
			env := map[string]string{"base": r.url(), "TOKEN": strings.TrimPrefix(business.auth, "Bearer ")}
			calls := docCalls(t, filepath.Join("..", "..", "docs", "templates.md"))
			if len(calls) < 15 {
				t.Errorf("%d calls", len(calls))
			}
			for _, c := range calls {
				c.run(t, env)
			}
			var trail struct {
				Items []struct {
					Actor, Action, Target string
					Detail                map[string]any
				}
			}
			if err := r.admin().call(ctx, http.MethodGet, "/v1/audit?limit=200", nil, &trail); err != nil {
				t.Fatal(err)
			}
			found := 0
			for _, e := range trail.Items {
				if e.Actor == "system" && e.Action == "account-template.add" && e.Target == "sender/"+jobSender && e.Detail["tid"] == "401" && e.Detail["template"] != "" {
					found++
				}
			}
			if found != 1 {
				t.Errorf("%d entries of the template that a message had added in %+v", found, trail.Items)
			}
		})
	}
}
