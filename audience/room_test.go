package audience_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"

	"wechattpp/audience"
	"wechattpp/sql"
	"wechattpp/sql/sqltest"
)

const key = "7d00examplechannelkey00"

var kinds = map[string]string{"oaShop": "wechatoa", "oaOther": "wechatoa", "mpShop": "wechatmp"}

var channel = audience.Writer{ChannelKey: key, Senders: []string{"oaShop", "mpShop"}}

func newRoom(db *sql.DB) *audience.Room {
	return &audience.Room{Store: db.Audience(), Kind: func(_ context.Context, code string) (string, error) { return kinds[code], nil },
		Codes: func(_ context.Context, kind string) (codes []string, err error) {
			for code, k := range kinds {
				if k == kind {
					codes = append(codes, code)
				}
			}
			return codes, nil
		}}
}

func opt(t *testing.T, r *audience.Room, w audience.Writer, body string) audience.Report {
	t.Helper()
	report, err := r.Opt(context.Background(), w, []byte(body))
	if err != nil {
		t.Fatalf("opt %s: %v", body, err)
	}
	return report
}

func known(t *testing.T, r *audience.Room, userid string) string {
	t.Helper()
	u, err := r.User(context.Background(), audience.Writer{All: true}, userid)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	words := make([]string, len(u.Values))
	for i, v := range u.Values {
		words[i] = v.Kind + "/" + v.BindID + "=" + v.Value
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}

func TestUsersAreWrittenInEveryShapeOfJUMS(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, body, want string }{
		{"nested", `[{"userid":"u-1","set":{"wechatoa":{"oaShop":"oA1"},"wechatwk":"li.na","tag":{"all":["vip","north"]}},"add":{"wechatwk_linkedcorp":["ww1/li"]}}]`,
			"tag/all=north tag/all=vip wechatoa/oaShop=oA1 wechatwk/all=li.na wechatwk_linkedcorp/all=ww1/li"},
		{"flat", `[{"userid":"u-1","set":{"oaShop":"oA1","mpShop":"oB2"}}]`, "wechatmp/mpShop=oB2 wechatoa/oaShop=oA1"},
		{"bare phone and e-mail", `[{"userid":"u-1","phone":"13800000000","email":"a@example.com"}]`, "email/all=a@example.com phone/all=13800000000"},
		{"under the own key", `[{"userid":"u-1","set":{"phone":{"` + key + `":"1"},"tag":{"` + key + `":["vip"]}}}]`, "phone/" + key + "=1 tag/" + key + "=vip"},
		{"del before set before add", `[{"userid":"u-1","add":{"tag":{"all":["c"]}},"set":{"tag":{"all":["b"]}},"del":{"tag":{"all":["b"]}}}]`, "tag/all=b tag/all=c"},
		{"the same user twice in a call", `[{"userid":"u-1","set":{"oaShop":"oA1"}},{"userid":"u-1","set":{"oaShop":"oA2"}}]`, "wechatoa/oaShop=oA2"},
		{"openids that differ in case", `[{"userid":"u-1","add":{"tag":{"all":["Vip","vip"]}},"set":{"oaShop":"oABC"}}]`, "tag/all=Vip tag/all=vip wechatoa/oaShop=oABC"},
	}
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		r := newRoom(db)
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				if report := opt(t, r, channel, c.body); len(report.Fail) > 0 {
					t.Fatalf("refused: %+v", report)
				}
				if got := known(t, r, "u-1"); got != c.want {
					t.Errorf("known: %s\nwant:  %s", got, c.want)
				}
				if _, err := r.Delete(context.Background(), []string{"u-1"}); err != nil {
					t.Fatal(err)
				}
				if got := known(t, r, "u-1"); got != "" {
					t.Errorf("after deleting: %s", got)
				}
			})
		}
	})
}

func TestValuesAreRemoved(t *testing.T) {
	t.Parallel()
	const before = `[{"userid":"u","set":{"wechatoa":{"oaShop":"oA1"},"phone":"1","tag":{"all":["a","b"]}}}]`
	cases := []struct{ name, del, want string }{
		{"an empty value removes the field", `{"wechatoa":{"oaShop":""}}`, "phone/all=1 tag/all=a tag/all=b"},
		{"an empty plain value too", `{"phone":""}`, "tag/all=a tag/all=b wechatoa/oaShop=oA1"},
		{"a list removes what it names", `{"tag":{"all":["a","x"]}}`, "phone/all=1 tag/all=b wechatoa/oaShop=oA1"},
		{"an empty list removes all", `{"tag":{"all":[]}}`, "phone/all=1 wechatoa/oaShop=oA1"},
		{"another value removes nothing", `{"oaShop":"oA2"}`, "phone/all=1 tag/all=a tag/all=b wechatoa/oaShop=oA1"},
		{"the stored value is removed", `{"oaShop":"oA1"}`, "phone/all=1 tag/all=a tag/all=b"},
	}
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		r := newRoom(db)
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				opt(t, r, channel, before)
				if report := opt(t, r, channel, `[{"userid":"u","del":`+c.del+`}]`); len(report.Fail) > 0 {
					t.Fatalf("refused: %+v", report)
				}
				if got := known(t, r, "u"); got != c.want {
					t.Errorf("known: %s\nwant:  %s", got, c.want)
				}
			})
		}
	})
}

func TestAUserWithAMistakeIsReportedAndTheOthersAreWritten(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, user, want string }{
		{"a userid with a blank", `{"userid":"bad id"}`, "userid has illegal characters"},
		{"a userid of 65 characters", `{"userid":"` + strings.Repeat("x", 65) + `"}`, "65 characters: 1 to 64"},
		{"no userid", `{"set":{}}`, "userid is missing"},
		{"an unknown field", `{"userid":"u","nick":"x"}`, "nick is no field"},
		{"an unknown field inside set", `{"userid":"u","set":{"nick":"x"}}`, "set.nick is neither"},
		{"a sender of another client", `{"userid":"u","set":{"oaOther":"o1"}}`, "not granted"},
		{"a sender that is not there", `{"userid":"u","set":{"wechatoa":{"nope":"o1"}}}`, "not granted"},
		{"a sender of another kind", `{"userid":"u","set":{"wechatoa":{"mpShop":"o1"}}}`, "kind wechatoa"},
		{"another ChannelKey", `{"userid":"u","set":{"tag":{"otherkey":["a"]}}}`, "your own ChannelKey"},
		{"WeCom under a key", `{"userid":"u","set":{"wechatwk":{"` + key + `":"li"}}}`, `"all" only`},
		{"add to a single value", `{"userid":"u","add":{"wechatoa":{"oaShop":"o"}}}`, "holds one value"},
		{"an openid with a slash", `{"userid":"u","set":{"oaShop":"o/1"}}`, "must be an id"},
		{"two openids", `{"userid":"u","set":{"oaShop":["o1","o2"]}}`, "must be one text"},
		{"a tag of 41 bytes", `{"userid":"u","add":{"tag":{"all":["` + strings.Repeat("x", 41) + `"]}}}`, "1 to 40"},
		{"a linked corp with a blank", `{"userid":"u","add":{"wechatwk_linkedcorp":["ww/a b"]}}`, "CorpId/userid"},
		{"a phone in two places", `{"userid":"u","phone":"1","set":{"phone":{"all":"2"}}}`, "phone stands beside userid and in set"},
		{"a linked corp without a slash", `{"userid":"u","add":{"wechatwk_linkedcorp":["x"]}}`, "CorpId/userid"},
		{"set of an empty identity", `{"userid":"u","set":{"oaShop":""}}`, "use del"},
	}
	db := sqltest.Open(t, sqltest.Source(t, "sqlite"))
	r := newRoom(db)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			report := opt(t, r, channel, `[`+c.user+`,{"userid":"good","set":{"oaShop":"oG"}}]`)
			if len(report.Fail) != 1 || report.Fail[0].Code != "4004" || !strings.Contains(report.Fail[0].Text, c.want) {
				t.Errorf("failures %+v, want %q", report.Fail, c.want)
			}
			if !slices.Equal(report.Success, []string{"good"}) {
				t.Errorf("written: %v", report.Success)
			}
		})
	}
}

func TestAnAccessKeyWritesEverywhere(t *testing.T) {
	t.Parallel()
	r := newRoom(sqltest.Open(t, sqltest.Source(t, "sqlite")))
	report := opt(t, r, audience.Writer{All: true}, `[{"userid":"u","set":{"oaOther":"o1","tag":{"`+key+`":["a"]},"app":{"app1":["x"]}}}]`)
	if len(report.Fail) > 0 {
		t.Fatalf("refused: %+v", report)
	}
}

func TestOneCallTakesAThousandUsers(t *testing.T) {
	t.Parallel()
	body := func(n int) []byte {
		users := make([]map[string]any, n)
		for i := range users {
			users[i] = map[string]any{"userid": fmt.Sprintf("u%d", i), "set": map[string]any{"oaShop": fmt.Sprintf("o%d", i)}}
		}
		b, err := json.Marshal(users)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		r, ctx := newRoom(db), context.Background()
		report, err := r.Opt(ctx, channel, body(1000))
		if err != nil || len(report.Success) != 1000 {
			t.Fatalf("1000 users: %d written, %v", len(report.Success), err)
		}
		var in *audience.InputError
		if _, err := r.Opt(ctx, channel, body(1001)); !errors.As(err, &in) {
			t.Fatalf("1001 users: %v", err)
		}
		ids := make([]string, 1000)
		for i := range ids {
			ids[i] = fmt.Sprintf("u%d", i*2)
		}
		found, err := r.Resolve(ctx, "wechatoa", "oaShop", ids)
		if err != nil || len(found) != 500 || found["u2"] != "o2" {
			t.Fatalf("resolved %d, %v", len(found), err)
		}
		gone, err := r.Delete(ctx, ids)
		if err != nil || len(gone.Success) != 500 || len(gone.Fail) != 500 {
			t.Fatalf("deleted %d, missing %d, %v", len(gone.Success), len(gone.Fail), err)
		}
	})
}

func TestCallsOnTheSameUserTakeTurns(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		r := newRoom(db)
		var wait sync.WaitGroup
		for i := range 20 {
			wait.Go(func() {
				body := fmt.Sprintf(`[{"userid":"a","add":{"tag":{"all":["t%d"]}}},{"userid":"b","set":{"oaShop":"o%d"}}]`, i, i)
				if _, err := r.Opt(context.Background(), channel, []byte(body)); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		if got := strings.Count(known(t, r, "a"), "tag/"); got != 20 {
			t.Errorf("%d of 20 tags added", got)
		}
		if got := strings.Count(known(t, r, "b"), "wechatoa/"); got != 1 {
			t.Errorf("%d openids at one sender, want 1", got)
		}
	})
}

func FuzzOptNeverPanics(f *testing.F) {
	f.Add(`[{"userid":"u","set":{"oaShop":"o"}}]`)
	f.Add(`[{"userid":"u","add":{"tag":{"all":["x"]}},"del":null,"phone":1}]`)
	f.Add(`[null, 1, {"userid":null}]`)
	r := &audience.Room{Store: nothing{}, Kind: func(_ context.Context, code string) (string, error) { return kinds[code], nil }}
	f.Fuzz(func(t *testing.T, body string) {
		report, err := r.Opt(context.Background(), channel, []byte(body))
		var in *audience.InputError
		if err != nil && !errors.As(err, &in) {
			t.Fatalf("%v %v", report, err)
		}
	})
}

type nothing struct{ audience.Store }

func (nothing) Write(_ context.Context, c []audience.Change) ([]error, error) {
	for _, c := range c {
		_, _ = c.Apply(nil) // too many values is an error, not a fault
	}
	return make([]error, len(c)), nil
}
