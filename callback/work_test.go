package callback_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"wechattpp/callback"
	"wechattpp/sql"
	"wechattpp/sql/sqltest"
)

func authorization(kind string) string {
	return "<xml><AppId>" + componentID + "</AppId><CreateTime>1760000100</CreateTime><InfoType>" + kind + "</InfoType><AuthorizerAppid>" + shopID +
		"</AuthorizerAppid><AuthorizationCode>queryauthcode@@@C</AuthorizationCode><AuthorizationCodeExpiredTime>1760003700</AuthorizationCodeExpiredTime><PreAuthCode>preauthcode@@@P</PreAuthCode></xml>"
}

func TestEachEventGoesToItsEffect(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		of   push
		want string
	}{
		"a ticket":             {component(ticket("ticket@@@A", 1760000000)), "ticket ticket@@@A 1760000000"},
		"an authorization":     {component(authorization("authorized")), "authorized " + shopID + " queryauthcode@@@C preauthcode@@@P 1760003700 false"},
		"a changed one":        {component(authorization("updateauthorized")), "authorized " + shopID + " queryauthcode@@@C preauthcode@@@P 1760003700 true"},
		"one taken back":       {component(authorization("unauthorized")), "unauthorized " + shopID + " 1760000100"},
		"an outcome":           {message(finished("3487542469355618313", "failed: system failed")), "outcome " + shopID + " 3487542469355618313 failed:system failed"},
		"a message does none":  {message(text("1", "hi")), ""},
		"an unknown info type": {component(authorization("notify_new")), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, sqltest.Open(t, sqltest.Source(t, "sqlite")))
			if _, err := h.door.Receive(c.of.request(t)); err != nil {
				t.Fatal(err)
			}
			if (h.nudges.Load() == 1) != (c.want != "") {
				t.Errorf("nudged %d times", h.nudges.Load())
			}
			h.all()
			h.all()
			if got := h.called(); got != c.want {
				t.Errorf("did %q, want %q", got, c.want)
			}
		})
	}
}

// hasty makes the store's put-off events due soon, whatever the pause.
type hasty struct {
	callback.Store
	mu       *sync.Mutex // keeps the two in step
	problems chan string
	pauses   chan time.Duration
}

func (s hasty) Retry(ctx context.Context, j *callback.Job, after time.Duration, problem string) error {
	s.mu.Lock()
	s.problems <- problem
	s.pauses <- after
	s.mu.Unlock()
	return s.Store.Retry(ctx, j, 0, problem)
}

func newHasty(t *testing.T, db *sql.DB) (*house, hasty) {
	s := hasty{mu: &sync.Mutex{}, problems: make(chan string, 100), pauses: make(chan time.Duration, 100)}
	return newHouse(t, db, func(c *callback.Config) {
		s.Store = c.Store
		c.Store = s
	}), s
}

func TestAFailingEffectIsTriedAgainAndCostsNoOther(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		h, s := newHasty(t, db)
		left := map[string]int{"1": 2, "2": 1, "3": 1}
		h.answer = func(call string) error {
			h.mu.Lock()
			defer h.mu.Unlock()
			id := strings.Fields(call)[2]
			if left[id]--; left[id] < 0 {
				return nil
			}
			switch id {
			case "1":
				return errors.New("the database stumbled")
			case "2":
				panic("a mistake")
			}
			return callback.Later{After: 3 * time.Second}
		}
		for _, id := range []string{"1", "2", "3", "4"} {
			if _, err := h.door.Receive(message(finished(id, "success")).request(t)); err != nil {
				t.Fatal(err)
			}
		}
		h.all()
		if got := len(h.calls); got != 3+2+2+1 {
			t.Errorf("%d calls: %s", got, h.called())
		}
		want := map[string]time.Duration{"the database stumbled": time.Second, "panic: a mistake": time.Second, "not yet: again in 3s": 3 * time.Second}
		for range len(s.problems) {
			problem, pause := <-s.problems, <-s.pauses
			if base, ok := want[problem]; !ok || pause < base*9/10 || pause > base*22/10 {
				t.Errorf("put off by %v for %q", pause, problem)
			}
		}
	})
}

func TestAnEventOfAnUnknownAccountIsKeptAndItsEffectHeld(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			source := sqltest.Source(t, kind)
			h, _ := newHasty(t, sqltest.Open(t, source))
			mine, foreign := message(finished("1", "success")), message(strings.ReplaceAll(finished("2", "success"), shopName, "gh_ffffffffffff"))
			mine.appID, foreign.appID = "wx0000000000000001", "wx0000000000000001"
			for _, p := range []push{mine, foreign} {
				if _, err := h.door.Receive(p.request(t)); err != nil {
					t.Fatal(err)
				}
			}
			for range 3 {
				if _, err := h.door.WorkDue(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if h.called() != "" || len(sqltest.EventsInFeed(t, source)) != 0 {
				t.Fatalf("before the profile is known: %s, %d in the feed", h.called(), len(sqltest.EventsInFeed(t, source)))
			}
			h.know("wx0000000000000001", shopName)
			h.all()
			if got := h.called(); got != "outcome wx0000000000000001 1 success" || len(sqltest.EventsInFeed(t, source)) != 1 {
				t.Errorf("did %q", got)
			}
			told := sqltest.EventsInFeed(t, source)
			for id, times := range told {
				if len(told) != 1 || times != 1 {
					t.Errorf("the feed tells %d times of event %d, and of %d in all: want once, of the one that was for the account", times, id, len(told))
				}
			}
			if h.counter("wechattpp_event_effects_total", "hold", "given_up") != 1 {
				t.Error("the foreign event is not counted as given up")
			}
		})
	}
}

// A worker that dies leaves its claim to lapse; if it was only frozen, what it
// writes later changes nothing.
func TestWhatADeadWorkerHadClaimedIsTakenOver(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			source := sqltest.Source(t, kind)
			a, b := newHouse(t, sqltest.Open(t, source)), newHouse(t, sqltest.Open(t, source))
			if _, err := a.door.Receive(component(ticket("ticket@@@A", 1)).request(t)); err != nil {
				t.Fatal(err)
			}
			dead, err := a.store.Claim(t.Context(), 10, 50*time.Millisecond)
			if err != nil || len(dead) != 1 || string(dead[0].Body) != ticket("ticket@@@A", 1) {
				t.Fatalf("claimed %d, %v", len(dead), err)
			}
			for end := time.Now().Add(30 * time.Second); b.called() == "" && time.Now().Before(end); {
				if _, err := b.door.WorkDue(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if b.called() != "ticket ticket@@@A 1" {
				t.Fatalf("the other worker did %q", b.called())
			}
			if err := a.store.Retry(t.Context(), &dead[0], 0, "late"); err != nil {
				t.Fatal(err)
			}
			if n, err := a.door.WorkDue(t.Context()); err != nil || n != 0 {
				t.Errorf("a late write made %d events due again, %v", n, err)
			}
		})
	}
}

func TestOldEventsAreForgottenButNotWhatIsDueOrYoung(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		h := newHouse(t, db)
		old := time.Now().Add(-72 * time.Hour)
		for i, p := range []push{message(text("1", "")), message(text("2", "")), message(finished("3", "success")), message(text("4", ""))} {
			r := p.request(t)
			e := &callback.Event{ComponentAppID: componentID, AppID: shopID, Source: callback.Message, Type: "wechat.text", ReceivedAt: old,
				Dedup: [16]byte{byte(i)}, Body: r.Body, Due: i == 2}
			if i == 3 {
				e.ReceivedAt = time.Now()
			}
			if _, err := h.store.Append(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := h.door.ForgetOld(t.Context(), 0); err != nil || n != 2 {
			t.Fatalf("forgot %d, %v: want the two old ones that are done with", n, err)
		}
		if n, err := h.door.WorkDue(t.Context()); err != nil || n != 1 {
			t.Errorf("%d due, %v", n, err)
		}
	})
}
