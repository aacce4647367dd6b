package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"wechattpp/simulator"
	"wechattpp/sql/sqltest"
	"wechattpp/token"
	"wechattpp/wechat"
)

// TestTwoReplicasRenewEachAccountOncePerPeriod runs two services on one
// MariaDB with 1,000 accounts whose tokens are due at once, and then, as they
// live a minute, due again 30 to 45 seconds later: the time in which a busy
// machine must have renewed them all.
func TestTwoReplicasRenewEachAccountOncePerPeriod(t *testing.T) {
	t.Parallel()
	w := newWorldOf(t, "mysql", func(c *simulator.Config) { c.TokenLife = time.Minute })
	grants := w.AddAccounts(1000, "wx")
	w.start(t)
	w.start(t)
	db := sqltest.Raw(t, w.source, 0)
	store := db.Token(w.cfg.ComponentAppID)
	due := time.Now().Add(5 * time.Second)
	var filling sync.WaitGroup
	for part := range slices.Chunk(grants, 100) {
		filling.Go(func() {
			for _, g := range part {
				err := store.Put(context.Background(), token.Owner{Kind: token.Authorizer, ID: g.AppID}, wechat.Lent{Access: "old", Refresh: g.RefreshToken, Life: time.Hour}, 0, time.Until(due))
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	filling.Wait()
	awaitMints(t, w, grants, 1)
	renewedFirst := time.Now()
	awaitMints(t, w, grants, 2)
	if since := time.Since(renewedFirst); since < 15*time.Second {
		t.Errorf("the second period came after %s: too early", since)
	}
}

// awaitMints waits until every account has been renewed n times, and none
// more often.
func awaitMints(t *testing.T, w *world, grants []simulator.Grant, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	err := until(ctx, fmt.Sprintf("renewal %d of every account", n), func() (bool, error) {
		for _, g := range grants {
			switch m := w.Mints(g.AppID); {
			case m > n:
				t.Fatalf("account %s was renewed %d times in %d periods", g.AppID, m, n)
			case m < n:
				return false, nil
			}
		}
		return true, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestTheSamePushAtTwoReplicasAtOnceIsOneEvent sends three copies of a push to
// each of two services at the same time.
func TestTheSamePushAtTwoReplicasAtOnceIsOneEvent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "mysql")
	replicas := []*replica{w.start(t), w.start(t)}
	for n := range 20 {
		inner := fmt.Sprintf(`<xml><ToUserName>gh_x</ToUserName><FromUserName>oUser</FromUserName><CreateTime>%d</CreateTime><MsgType>text</MsgType><Content>你好 😀</Content><MsgId>%d</MsgId></xml>`, time.Now().Unix(), 1000+n)
		query, body, err := w.Envelope("gh_x", "oUser", []byte(inner))
		if err != nil {
			t.Fatal(err)
		}
		var copies sync.WaitGroup
		for i := range 6 {
			copies.Go(func() {
				res, err := http.Post(replicas[i%2].url()+"/wechattpp/wx00000000000000aa/message?"+query, "text/xml", bytes.NewReader(body))
				if err != nil {
					t.Error(err)
					return
				}
				defer res.Body.Close()
				if answer, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusOK || string(answer) != "success" {
					t.Errorf("a copy was answered %d %q", res.StatusCode, answer)
				}
			})
		}
		copies.Wait()
	}
	if n := sqltest.Number(t, w.source, `SELECT COUNT(*) FROM event WHERE type = 'wechat.text'`); n != 20 {
		t.Errorf("20 pushes of six copies each became %d events", n)
	}
}
