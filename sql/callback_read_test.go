package sql_test

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"wechattpp/callback"
	"wechattpp/sender"
	"wechattpp/sql"
	"wechattpp/sql/sqltest"
)

// pushed keeps events of two component accounts, one with a secret and two
// apps of one company, and answers their store.
func pushed(t *testing.T, db *sql.DB) *sql.Callback {
	t.Helper()
	senders := db.Sender("wxcomponent")
	for _, s := range []sender.Sender{
		{Code: "shop", Kind: sender.OfficialAccount, Credentials: sender.Component, AppID: "wxShop"},
		{Code: "empty", Kind: sender.OfficialAccount, Credentials: sender.Component},
		{Code: "clinic", Kind: sender.OfficialAccount, Credentials: sender.Secret, AppID: "wxClinic"},
		{Code: "hr", Kind: sender.WeCom, Credentials: sender.Secret, CorpID: "wwCorp", AgentID: 1},
		{Code: "it", Kind: sender.WeCom, Credentials: sender.Secret, CorpID: "wwCorp", AgentID: 2},
	} {
		if _, err := senders.Create(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	store := db.Callback()
	start := time.Now().Add(-time.Hour)
	for i, e := range []callback.Event{
		{AppID: "wxShop", Type: "wechat.text", User: "oA"},
		{AppID: "wxShop", Type: "wechat.subscribe", User: "oB"},
		{AppID: "wxOther", Type: "wechat.text", User: "oA"},
		{AppID: "wxClinic", Sender: "clinic", Type: "wechat.text", User: "oA"},
		{AppID: "wwCorp", Sender: "hr", Type: "wecom.text", User: "liwei"},
		{AppID: "wwCorp", Sender: "it", Type: "wecom.enter_agent", User: "liwei"},
		{AppID: "wxShop", Type: "component.authorized", Secret: true},
		{AppID: "wxShop", Type: "wechat.user_info_modified", User: "oa"}, // another openid than oA
		{AppID: "wxShop", Type: "wechat.text", User: "oA", Held: true},
	} {
		e.ComponentAppID, e.Source, e.Body = "wxcomponent", callback.Message, []byte("<xml/>")
		e.Dedup[0], e.CreatedAt, e.ReceivedAt = byte(i+1), start, start.Add(time.Duration(i)*5*time.Minute)
		if _, err := store.Append(t.Context(), &e); err != nil {
			t.Fatal(err)
		}
	}
	return store
}

// told names events by the minute they came.
func told(events []callback.Event) string {
	var b strings.Builder
	for _, e := range events {
		fmt.Fprintf(&b, "%d:%s:%s ", e.Dedup[0], e.Sender, strings.TrimPrefix(e.Type, "wechat."))
	}
	return strings.TrimSpace(b.String())
}

func TestEventsAreFoundBySenderTypeUserAndTime(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		store := pushed(t, db)
		start := time.Now().Add(-time.Hour)
		for name, c := range map[string]struct {
			q    callback.Query
			want string
		}{
			"all":                           {callback.Query{}, "8:shop:user_info_modified 7:shop:component.authorized 6:it:wecom.enter_agent 5:hr:wecom.text 4:clinic:text 3::text 2:shop:subscribe 1:shop:text"},
			"a component's sender":          {callback.Query{Senders: []string{"shop"}}, "8:shop:user_info_modified 7:shop:component.authorized 2:shop:subscribe 1:shop:text"},
			"one with a secret":             {callback.Query{Senders: []string{"clinic"}}, "4:clinic:text"},
			"one app of a company":          {callback.Query{Senders: []string{"hr"}}, "5:hr:wecom.text"},
			"two senders":                   {callback.Query{Senders: []string{"it", "clinic"}}, "6:it:wecom.enter_agent 4:clinic:text"},
			"a sender without an account":   {callback.Query{Senders: []string{"empty"}}, ""},
			"no such sender":                {callback.Query{Senders: []string{"nobody"}}, ""},
			"an account":                    {callback.Query{AppID: "wwCorp"}, "6:it:wecom.enter_agent 5:hr:wecom.text"},
			"an account and its sender":     {callback.Query{AppID: "wwCorp", Senders: []string{"hr", "shop"}}, "5:hr:wecom.text"},
			"another's account":             {callback.Query{AppID: "wxShop", Senders: []string{"hr"}}, ""},
			"a type":                        {callback.Query{Type: "wechat.text"}, "4:clinic:text 3::text 1:shop:text"},
			"types of a kind":               {callback.Query{Type: "wecom.*"}, "6:it:wecom.enter_agent 5:hr:wecom.text"},
			"types that end alike":          {callback.Query{Type: "*.text"}, "5:hr:wecom.text 4:clinic:text 3::text 1:shop:text"},
			"_ is no wildcard":              {callback.Query{Type: "wechat_text", User: "oA"}, ""},
			"a type and a sender":           {callback.Query{Type: "*.subscribe", Senders: []string{"shop", "clinic"}}, "2:shop:subscribe"},
			"a user, by every letter":       {callback.Query{User: "oA"}, "4:clinic:text 3::text 1:shop:text"},
			"a user at a sender":            {callback.Query{User: "oA", Senders: []string{"shop"}}, "1:shop:text"},
			"a user and types":              {callback.Query{User: "liwei", Type: "*.enter_*"}, "6:it:wecom.enter_agent"},
			"from":                          {callback.Query{From: start.Add(29 * time.Minute)}, "8:shop:user_info_modified 7:shop:component.authorized"},
			"to":                            {callback.Query{To: start.Add(6 * time.Minute)}, "2:shop:subscribe 1:shop:text"},
			"from, to and a sender":         {callback.Query{From: start.Add(4 * time.Minute), To: start.Add(32 * time.Minute), Senders: []string{"shop"}}, "7:shop:component.authorized 2:shop:subscribe"},
			"a time before all":             {callback.Query{To: start.Add(-time.Hour)}, ""},
			"a time after all":              {callback.Query{From: start.Add(48 * time.Hour)}, ""},
			"a time that ends before begin": {callback.Query{From: start.Add(20 * time.Minute), To: start.Add(10 * time.Minute)}, ""},
		} {
			for _, limit := range []int{1, 2, 50} {
				q, got, pages := c.q, []callback.Event(nil), 0
				for q.Limit = limit; ; pages++ {
					list, next, err := store.List(t.Context(), q)
					if err != nil || len(list) > limit || pages > 20 {
						t.Fatalf("%s by %d: %d events, %v", name, limit, len(list), err)
					}
					if got = append(got, list...); next == 0 {
						break
					}
					q.Before = next
				}
				if told(got) != c.want {
					t.Errorf("%s by %d:\n got %s\nwant %s", name, limit, told(got), c.want)
				}
			}
		}
	})
}

func TestOneEventIsReadByThoseItIsFor(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		store := pushed(t, db)
		all, _, err := store.List(t.Context(), callback.Query{Limit: 50})
		if err != nil || len(all) != 8 {
			t.Fatalf("%d events, %v", len(all), err)
		}
		for i, senders := range map[int][]string{0: nil, 1: {"shop"}, 2: {"hr", "it"}, 4: {"clinic"}} {
			e, err := store.Read(t.Context(), all[i].ID, senders)
			if err != nil || e.Type != all[i].Type || e.Sender != all[i].Sender || string(e.Body) != "<xml/>" {
				t.Errorf("event %d for %v: %+v, %v", i, senders, e, err)
			}
		}
		for i, senders := range map[int][]string{0: {"hr"}, 2: {"hr"}, 5: {"shop"}, 4: {}} {
			if _, err := store.Read(t.Context(), all[i].ID, senders); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("event %d for %v: %v", i, senders, err)
			}
		}
		held := all[0].ID + 1
		for _, id := range []int64{held, 1 << 40} {
			if _, err := store.Read(t.Context(), id, nil); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("event %d: %v", id, err)
			}
		}
	})
}

// With many of one type and few of another the rare ones are still found, and
// a page of long bodies ends early without a loss.
func TestRareEventsAndLongOnesArePagedWithoutALoss(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		store := db.Callback()
		for i := range 60 {
			e := event(i)
			if i%20 == 0 {
				e.Type = "wechat.rare"
			}
			e.Body = []byte("<xml>" + strings.Repeat("x", 200<<10) + "</xml>")
			if _, err := store.Append(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
		rare, next, err := store.List(t.Context(), callback.Query{Type: "*.r*", Limit: 50})
		if err != nil || len(rare) != 3 || next != 0 {
			t.Errorf("%d rare events, next %d, %v", len(rare), next, err)
		}
		var ids []int64
		pages := 0
		for q := (callback.Query{Limit: 50}); ; pages++ {
			list, next, err := store.List(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range list {
				ids = append(ids, e.ID)
			}
			if q.Before = next; next == 0 {
				break
			}
		}
		if slices.Sort(ids); len(slices.Compact(ids)) != 60 || pages < 1 {
			t.Errorf("%d events in %d pages", len(ids), pages+1)
		}
	})
}
