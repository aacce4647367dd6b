package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wechattpp/simulator"
)

// TestTheCallsOfThePageOnArticlesAnswerAsItShows runs them in their order.
func TestTheCallsOfThePageOnArticlesAnswerAsItShows(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite")
	r := w.start(t)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	j := &mainJob{t, w, r, ctx, simulator.SampleWorld()[0]}
	j.authorize(r.admin())
	env := map[string]string{"base": r.url(), "dir": t.TempDir()}
	if err := os.WriteFile(filepath.Join(env["dir"], "cover.jpg"), []byte("\xff\xd8\xff\xe0cover"), 0o600); err != nil {
		t.Fatal(err)
	}
	const key, secret = "7d00c0ffee7d00c0ffee7d00", "5ec2e7c0ffee5ec2e7c0ffee"
	r.takeOver("Press", key, secret, "--sender", jobSender, "--scope", "send,messages:read")
	press := newCaller(r.url(), "")
	if err := press.login(ctx, key, secret); err != nil {
		t.Fatal(err)
	}
	env["TOKEN"] = strings.TrimPrefix(press.auth, "Bearer ")
	calls := docCalls(t, filepath.Join("..", "..", "docs", "articles.md"))
	if len(calls) < 8 {
		t.Errorf("%d calls", len(calls))
	}
	for _, c := range calls {
		if strings.Contains(c.command, "/mass-sends") { // which takes a moment
			j.state(press, env["msgid"], "delivered", 2)
		}
		c.run(t, env)
	}
	j.state(press, env["msgid"], "canceled", 2)
	j.published(press, env["publish_id"])
	if sends := w.MassSends(j.shop.AppID); len(sends) != 1 || !sends[0].Deleted || sends[0].Titles[0] != "五月新闻 📰" {
		t.Errorf("%+v", sends)
	}
}

// state waits until so many recipients of a message are in a state.
func (j *mainJob) state(business *caller, msgid, state string, n int) {
	j.t.Helper()
	var m struct{ Counts map[string]int }
	err := until(j.ctx, "recipients to be "+state, func() (bool, error) {
		err := business.call(j.ctx, "GET", "/v1/messages/"+msgid, nil, &m)
		return m.Counts[state] == n, err
	})
	if err != nil {
		j.t.Fatal(err, m.Counts)
	}
}

// published waits for WeChat's word on a publication.
func (j *mainJob) published(business *caller, id string) {
	j.t.Helper()
	var p struct {
		State    string
		Article  string `json:"article_id"`
		Articles []any
	}
	err := until(j.ctx, "the publication", func() (bool, error) {
		err := business.call(j.ctx, "GET", "/v1/senders/"+jobSender+"/publications/"+id, nil, &p)
		return p.State == "published", err
	})
	if err != nil || !strings.HasPrefix(p.Article, "ARTICLE_") || len(p.Articles) != 1 {
		j.t.Fatalf("%v %+v", err, p)
	}
}
