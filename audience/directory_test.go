package audience_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"wechattpp/audience"
	"wechattpp/sql"
	"wechattpp/sql/sqltest"
)

// looking is a directory that knows li.na alone.
func looking(why string, asked *[]string) func(context.Context, []string, []string) audience.Looked {
	return func(_ context.Context, senders, ids []string) (l audience.Looked) {
		*asked = append(*asked, fmt.Sprint(senders, ids))
		if why != "" {
			return audience.Looked{Unread: len(ids), Why: why}
		}
		l.Unknown = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == "li.na" })
		return l
	}
}

func TestMembersThatTheDirectoryDoesNotKnowAreToldAndTaken(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		ctx := context.Background()
		var asked []string
		r := newRoom(db)
		kind := r.Kind
		r.Kind = func(ctx context.Context, code string) (string, error) {
			if code == "wk" {
				return "wechatwk", nil
			}
			return kind(ctx, code)
		}
		r.Members = looking("", &asked)
		w := audience.Writer{ChannelKey: "key", Senders: []string{"wk", "oaShop"}}
		file := "userid,wechatwk_userid\nu-1,li.na\nu-2,wang.fang\nu-3,\n"
		i, err := r.Import(ctx, w, audience.Upload{File: bytes.NewReader([]byte(file)), Size: int64(len(file)), Name: "a.csv"})
		if err != nil || i.Good != 3 || i.Bad != 0 {
			t.Fatalf("%+v, %v", i, err)
		}
		problems, err := r.Problems(ctx, i.ID, 0, 10)
		at := slices.IndexFunc(problems, func(p audience.Problem) bool { return p.Taken })
		if err != nil || at < 0 || problems[at].Row != 3 || problems[at].Field != "wechatwk_userid" || !strings.Contains(problems[at].Text, "knows no such member") {
			t.Errorf("%+v, %v", problems, err)
		}
		if got := known(t, r, "u-2"); got != "wechatwk/all=wang.fang" {
			t.Errorf("u-2 is %s", got)
		}
		report, err := r.Opt(ctx, w, []byte(`[{"userid":"u-4","set":{"wechatwk":"zhao.min"}},{"userid":"u-5","set":{"wechatwk":"li.na"}}]`))
		if err != nil || len(report.Success) != 2 || len(report.Warnings) != 1 || !strings.HasPrefix(report.Warnings[0], "wechatwk zhao.min: taken") {
			t.Errorf("%+v, %v", report, err)
		}
		r.Members = looking("48009", &asked)
		report, err = r.Opt(ctx, w, []byte(`[{"userid":"u-4","set":{"wechatwk":"zhao.min"}}]`))
		if err != nil || len(report.Success) != 1 || len(report.Warnings) != 1 || !strings.Contains(report.Warnings[0], "were not looked up in WeCom's directory: 48009") {
			t.Errorf("%+v, %v", report, err)
		}
		before := len(asked)
		if _, err := r.Opt(ctx, audience.Writer{ChannelKey: "key", Senders: []string{"oaShop"}}, []byte(`[{"userid":"u-6","set":{"wechatwk":"zhao.min"}}]`)); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Opt(ctx, w, []byte(`[{"userid":"u-6","set":{"email":"a@b.example"}}]`)); err != nil {
			t.Fatal(err)
		}
		if len(asked) != before {
			t.Errorf("asked for nothing: %v", asked[before:])
		}
	})
}
