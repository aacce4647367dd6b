package sql_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"wechattpp/audience"
	"wechattpp/sender"
	"wechattpp/sql"
	"wechattpp/sql/sqltest"
)

// consents is a ledger with senders of two accounts.
type consents struct {
	t       *testing.T
	db      *sql.DB
	ledger  *audience.Ledger
	senders *sql.Sender
}

func newConsents(t *testing.T, db *sql.DB) *consents {
	t.Helper()
	c := &consents{t, db, &audience.Ledger{Store: db.Audience()}, db.Sender("wxc")}
	for _, s := range []sender.Sender{
		{Code: "mp", Kind: sender.MiniProgram, Credentials: sender.Component, AppID: "wxmp"},
		{Code: "oa", Kind: sender.OfficialAccount, Credentials: sender.Component, AppID: "wxoa"},
	} {
		if _, err := c.senders.Create(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func (c *consents) enter(event int64, account, openid string, word audience.Word) {
	c.t.Helper()
	e := audience.Entry{Account: account, OpenID: openid, Template: "PRI", Scene: audience.NoScene, Word: word, At: time.UnixMilli(5000)}
	if err := c.ledger.Enter(context.Background(), audience.Source{Event: event}, []audience.Entry{e}); err != nil {
		c.t.Fatal(err)
	}
}

// left tells how many messages of PRI each user of an account may be sent.
func (c *consents) left(account string) string {
	c.t.Helper()
	all, err := c.ledger.Rights(context.Background(), audience.RightQuery{Account: account, Limit: 100, Kind: "wechatmp", BindID: "mp"})
	if err != nil {
		c.t.Fatal(err)
	}
	text := ""
	for _, r := range all {
		text += fmt.Sprintf("%s%s:%d ", r.OpenID, r.UserID, r.Left)
	}
	return text
}

func TestAnEventIsCountedOnceHoweverOftenItIsBrought(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		c := newConsents(t, db)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() { c.enter(1, "wxmp", "o1", audience.Accept) })
		}
		all.Wait()
		c.enter(2, "wxmp", "o1", audience.Accept)
		c.enter(3, "wxmp", "O1", audience.Accept) // openids differ in case
		c.enter(4, "wxstranger", "o1", audience.Accept)
		c.enter(5, "wxmp", "no openid", audience.Accept)
		if got := c.left("wxmp"); got != "O1:1 o1:2 " {
			t.Errorf("left %q", got)
		}
		if got := c.left("wxstranger"); got != "" {
			t.Errorf("of an account that is nobody's: %q", got)
		}
		c.enter(6, "wxmp", "o3", audience.Refused)
		for most, want := range map[int]string{1: "1 1", 100: "2 3"} {
			if n, looked, err := c.ledger.Granted(t.Context(), "mp", "wxmp", "PRI", audience.NoScene, most); err != nil || fmt.Sprint(n, looked) != want {
				t.Errorf("of up to %d: %d of %d, %v; want %s", most, n, looked, err, want)
			}
		}
		c.ledger.LongTerm = func(context.Context, string, string) (bool, error) { return true, nil }
		if n, _, err := c.ledger.Granted(t.Context(), "mp", "wxmp", "PRI", audience.NoScene, 100); err != nil || n != 2 {
			t.Errorf("of a long-term template: %d, %v", n, err)
		}
		c.ledger.LongTerm = nil
		if without, err := c.ledger.Without(t.Context(), "mp", "wxmp", "PRI", audience.NoScene, []string{"o1", "o2", "O1"}); err != nil || fmt.Sprint(without) != "[o2]" {
			t.Errorf("without a right: %v, %v", without, err)
		}
		if without, err := c.ledger.Without(t.Context(), "mp", "wxmp", "PRI", 7, []string{"o1"}); err != nil || fmt.Sprint(without) != "[o1]" {
			t.Errorf("at a scene: %v, %v", without, err)
		}
	})
}

func TestConsentsGoWithTheirUserAndTheirSender(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		c := newConsents(t, db)
		users := &audience.Room{Store: db.Audience(), Kind: func(context.Context, string) (string, error) { return "wechatmp", nil }}
		writer := audience.Writer{ChannelKey: "k", Senders: []string{"mp"}}
		const both = `[{"userid":"u-1","set":{"wechatmp":{"mp":"o1"}}},{"userid":"u-2","set":{"wechatmp":{"mp":"o2"}}},{"userid":"u-3","set":{"wechatmp":{"mp":"o2"}}}]`
		if r, err := users.Opt(t.Context(), writer, []byte(both)); err != nil || len(r.Success) != 3 {
			t.Fatalf("%+v %v", r, err)
		}
		for i, id := range []string{"o1", "o2", "o3"} {
			c.enter(int64(i+1), "wxmp", id, audience.Accept)
			c.enter(int64(i+11), "wxoa", id, audience.Accept)
		}
		if got := c.left("wxmp"); got != "o1u-1:1 o2u-2:1 o3:1 " {
			t.Errorf("before: %q", got)
		}
		if _, err := users.Delete(t.Context(), []string{"u-1", "u-2"}); err != nil {
			t.Fatal(err)
		}
		if got := c.left("wxmp"); got != "o2u-3:1 o3:1 " {
			t.Errorf("after two users went: %q", got)
		}
		if err := c.senders.Delete(t.Context(), "mp"); err != nil {
			t.Fatal(err)
		}
		if a, b := c.left("wxmp"), c.left("wxoa"); a != "" || b != "o1:1 o2:1 o3:1 " {
			t.Errorf("after the sender went: %q, of the other %q", a, b)
		}
		other := "wxother"
		if _, err := c.senders.Update(t.Context(), "oa", sender.Change{AppID: &other}); err != nil {
			t.Fatal(err)
		}
		if got := c.left("wxoa"); got != "" {
			t.Errorf("after the sender speaks for another account: %q", got)
		}
	})
}

func TestWhatAllowsNothingIsForgottenAfterItsTime(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		c := newConsents(t, db)
		c.enter(1, "wxmp", "o1", audience.Accept)
		c.enter(2, "wxmp", "o2", audience.Refused)
		if n, err := c.ledger.ForgetRights(t.Context(), time.Hour); n != 0 || err != nil {
			t.Errorf("forgot %d young ones, %v", n, err)
		}
		if n, err := c.ledger.ForgetRights(t.Context(), -time.Hour); n != 1 || err != nil {
			t.Errorf("forgot %d, %v", n, err)
		}
		if got := c.left("wxmp"); got != "o1:1 " {
			t.Errorf("left %q", got)
		}
		if n, err := db.Audience().ForgetSources(t.Context(), -time.Hour, 1); n != 1 || err != nil {
			t.Errorf("forgot %d sources, %v", n, err)
		}
		c.enter(2, "wxmp", "o1", audience.Accept)
		if got := c.left("wxmp"); got != "o1:1 " {
			t.Errorf("the younger source was forgotten first: %q", got)
		}
	})
}

func TestAPageOfConsentsGoesOnWhereTheLastEnded(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		c := newConsents(t, db)
		var want []string
		for _, template := range []string{"A", "B"} {
			for scene := range 3 {
				for _, id := range []string{"o1", "o2"} {
					if _, err := c.ledger.Report(t.Context(), audience.Entry{Account: "wxmp", OpenID: id, Template: template, Scene: scene, Word: audience.Confirm}); err != nil {
						t.Fatal(err)
					}
					want = append(want, fmt.Sprint(template, scene, id))
				}
			}
		}
		for size := 1; size < 6; size++ {
			var got []string
			for last := (audience.Right{}); ; {
				page, err := c.ledger.Rights(t.Context(), audience.RightQuery{Account: "wxmp", After: last, Limit: size, Kind: "wechatmp", BindID: "mp"})
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range page {
					got = append(got, fmt.Sprint(r.Template, r.Scene, r.OpenID))
				}
				if len(page) < size {
					break
				}
				last = page[len(page)-1]
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("pages of %d: %v", size, got)
			}
		}
	})
}
