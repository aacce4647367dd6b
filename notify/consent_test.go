package notify_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"wechattpp/audience"
	"wechattpp/notify"
	"wechattpp/simulator"
	"wechattpp/sql/sqltest"
)

// consenting is a world whose room knows the ledger.
type consenting struct {
	*world
	ledger *audience.Ledger
	events int64
}

func newConsenting(t *testing.T, kind string) *consenting {
	w := &consenting{world: played(t, kind)}
	w.ledger = &audience.Ledger{Store: w.db.Audience()}
	w.room = w.replica(func(c *notify.Config) { c.Rights = w.ledger })
	return w
}

// eachConsenting runs a test on both databases.
func eachConsenting(t *testing.T, f func(t *testing.T, w *consenting)) {
	t.Helper()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			f(t, newConsenting(t, kind))
		})
	}
}

// says lets a user answer a popup, for WeChat and for the ledger.
func (w *consenting) says(appID, openid string, word audience.Word) {
	w.t.Helper()
	w.agrees(appID, openid)
	w.events++
	e := audience.Entry{Account: appID, OpenID: openid, Template: "PRI", Scene: audience.NoScene, Word: word, At: time.Now().Truncate(time.Second)}
	if err := w.ledger.Enter(context.Background(), audience.Source{Event: w.events}, []audience.Entry{e}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *consenting) warned(path, body string) string {
	w.t.Helper()
	r, err := w.room.Accept(context.Background(), everybody, path, "", []byte(body))
	if err != nil {
		w.t.Fatal(err)
	}
	w.send()
	w.counts()
	return strings.Join(r.Warnings, "\n")
}

// counts takes what sending told, as several replicas do at once.
func (w *consenting) counts() {
	w.t.Helper()
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			if _, err := w.ledger.EnterSent(context.Background()); err != nil {
				w.t.Error(err)
			}
		})
	}
	all.Wait()
}

// left gives what is left of a user's right.
func (w *consenting) left(appID, template string, scene int, openid string) int {
	w.t.Helper()
	known, err := w.db.Audience().RightsOf(context.Background(), appID, template, scene, []string{openid})
	if err != nil || len(known) != 1 {
		w.t.Fatalf("%s of %s: %+v, %v", openid, appID, known, err)
	}
	return known[0].Left
}

func TestTheLedgerFollowsWhatIsSentAndWarnsBefore(t *testing.T) {
	t.Parallel()
	eachConsenting(t, func(t *testing.T, w *consenting) {
		if got := w.warned("/v1/sent", miniBody); !strings.Contains(got, "for 2 of 2 recipients (oSubscriber, oRefuser)") || !strings.Contains(got, "43101") {
			t.Errorf("nobody agreed: %q", got)
		}
		w.says("wxmini1", subscriber, audience.Accept)
		w.says("wxmini1", subscriber, audience.Accept)
		if got := w.warned("/v1/sent", miniBody); !strings.Contains(got, "for 1 of 2 recipients (oRefuser)") {
			t.Errorf("one agreed: %q", got)
		}
		if n := w.left("wxmini1", "PRI", audience.NoScene, subscriber); n != 1 {
			t.Errorf("%d left of two after a message", n)
		}
		w.says("wxmini1", refuser, audience.Accept)
		if got := w.warned("/v1/sent", miniBody); got != "" {
			t.Errorf("both agreed: %q", got)
		}
		if a, b := w.left("wxmini1", "PRI", audience.NoScene, subscriber), w.left("wxmini1", "PRI", audience.NoScene, refuser); a != 0 || b != 0 {
			t.Errorf("left %d and %d of one each", a, b)
		}
		if n := sqltest.Number(t, w.source, `SELECT COUNT(*) FROM consent_news`); n != 0 {
			t.Errorf("%d lines of news were counted and stay", n)
		}
		if got := w.warned("/v1/sent", `{"aud_wechatoa":[{"sender":"oa1","data":["oSubscriber"]}],"msg_wechatoa":[{"sender":"oa1","template_id":"TPL","data":{"thing1":{"value":"x"}}}]}`); got != "" {
			t.Errorf("a template message needs no consent: %q", got)
		}
	})
}

func TestWeChatsNoIsTheTruth(t *testing.T) {
	t.Parallel()
	eachConsenting(t, func(t *testing.T, w *consenting) {
		w.says("wxmini1", subscriber, audience.Accept)
		w.says("wxmini1", subscriber, audience.Accept)
		if err := w.sim.Subscribe(context.Background(), simulator.Subscription{AppID: "wxmini1", OpenID: subscriber, TemplateID: "PRI", Action: "reject", Silent: true}); err != nil {
			t.Fatal(err)
		}
		if got := w.warned("/v1/sent", strings.Replace(miniBody, `,"oRefuser"`, "", 1)); got != "" {
			t.Errorf("the ledger does not know of the refusal: %q", got)
		}
		if n := w.left("wxmini1", "PRI", audience.NoScene, subscriber); n != 0 {
			t.Errorf("%d left after 43101", n)
		}
	})
}

func TestASceneAllowsOneMessage(t *testing.T) {
	t.Parallel()
	eachConsenting(t, func(t *testing.T, w *consenting) {
		const scene = 10_000
		for _, openid := range []string{subscriber, subscriber} {
			if _, err := w.ledger.Report(context.Background(), audience.Entry{Account: "wxmobile", OpenID: openid, Template: "OTS", Scene: scene, Word: audience.Confirm}); err != nil {
				t.Fatal(err)
			}
			number := scene
			if err := w.sim.Subscribe(context.Background(), simulator.Subscription{AppID: "wxmobile", OpenID: openid, TemplateID: "OTS", Scene: &number}); err != nil {
				t.Fatal(err)
			}
		}
		body := func(scene int) string {
			return fmt.Sprintf(`{"aud_wechatapp":[{"data":["oSubscriber"]}],"msg_wechatapp":[{"template_id":"OTS","scene":%d,"title":"t","content":"c"}]}`, scene)
		}
		if got := w.warned("/v1/sent", body(scene)); got != "" {
			t.Errorf("confirmed twice: %q", got)
		}
		if n := w.left("wxmobile", "OTS", scene, subscriber); n != 0 {
			t.Errorf("%d left of a scene confirmed twice", n)
		}
		if got := w.warned("/v1/sent", body(scene)); !strings.Contains(got, "at scene 10000 is recorded for 1 of 1") {
			t.Errorf("the scene is spent: %q", got)
		}
		if got := w.warned("/v1/sent", body(9_999)); !strings.Contains(got, "at scene 9999") {
			t.Errorf("another scene: %q", got)
		}
	})
}

func TestForRecipientsWhoAreLookedForLaterTheCountIsTold(t *testing.T) {
	t.Parallel()
	w := newConsenting(t, "sqlite")
	w.says("wxmini1", subscriber, audience.Accept)
	got := w.warned("/v1/broadcast", strings.Replace(miniBody, `"aud_wechatmp":[{"data":["oSubscriber","oRefuser"]}],`, "", 1))
	if !strings.Contains(got, "is recorded for 1 users") || !strings.Contains(got, "GET /v1/senders/mp1/grants?template_id=PRI") {
		t.Errorf("warned %q", got)
	}
}

func TestASendIsTakenThoughTheLedgerDoesNotAnswer(t *testing.T) {
	t.Parallel()
	w := newConsenting(t, "sqlite")
	away := sqltest.Raw(t, w.source, 0)
	if err := away.Close(); err != nil {
		t.Fatal(err)
	}
	w.room = w.replica(func(c *notify.Config) { c.Rights = &audience.Ledger{Store: away.Audience()} })
	if got := w.warned("/v1/sent", miniBody); got != "" {
		t.Errorf("warned %q", got)
	}
	if got := w.warned("/v1/broadcast", strings.Replace(miniBody, `"aud_wechatmp":[{"data":["oSubscriber","oRefuser"]}],`, "", 1)); got != "" {
		t.Errorf("warned %q", got)
	}
}

func TestNewsThatSomebodyDiedOverAreCountedOnce(t *testing.T) {
	t.Parallel()
	eachConsenting(t, func(t *testing.T, w *consenting) {
		w.says("wxmini1", subscriber, audience.Accept)
		w.says("wxmini1", subscriber, audience.Accept)
		w.taken(miniBody)
		w.send()
		sqltest.Exec(t, w.source, `UPDATE consent_news SET claim = 7, due_at = due_at + 600000`) // claimed by who is gone
		w.counts()
		if n := w.left("wxmini1", "PRI", audience.NoScene, subscriber); n != 2 {
			t.Errorf("%d left while another counts", n)
		}
		sqltest.Exec(t, w.source, `UPDATE consent_news SET due_at = due_at - 600000`) // its lease is over
		w.counts()
		w.counts()
		if n := w.left("wxmini1", "PRI", audience.NoScene, subscriber); n != 1 {
			t.Errorf("%d left of two after a message", n)
		}
	})
}
