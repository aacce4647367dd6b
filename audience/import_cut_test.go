package audience_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"wechattpp/audience"
	"wechattpp/sql"
	"wechattpp/sql/sqltest"
)

// padding is what does not get smaller when packed.
type padding struct{}

func (padding) Read(p []byte) (int, error) {
	x := uint32(len(p)) + 1
	for i := range p {
		x = x*1664525 + 1013904223
		p[i] = byte(x >> 24)
	}
	return len(p), nil
}

func TestAnImportThatIsCutOffSaysHowFarItCame(t *testing.T) {
	t.Parallel()
	var file strings.Builder
	file.WriteString("userid,wechatoa_openid\n")
	for i := range 5000 {
		fmt.Fprintf(&file, "u-%d,oA%d\n", i, i)
	}
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		r := newRoom(db)
		ctx, cancel := context.WithCancel(context.Background())
		cut := &cutting{Reader: strings.NewReader(file.String()), at: int64(file.Len() / 2), cancel: cancel}
		if _, err := r.Import(ctx, channel, audience.Upload{File: cut, Size: int64(file.Len())}); !errors.Is(err, context.Canceled) {
			t.Fatalf("cut off: %v", err)
		}
		all, err := r.Reports(context.Background(), nil, 0, 10)
		if err != nil || len(all) != 1 || all[0].State != audience.Interrupted || all[0].Good == 0 || all[0].Good >= 5000 {
			t.Fatalf("%v %+v", err, all)
		}
		users, err := r.Users(context.Background(), channel, audience.Filter{Limit: 6000})
		if err != nil || len(users) != all[0].Good {
			t.Errorf("%d users, the report says %d (%v)", len(users), all[0].Good, err)
		}
		i, err := r.Import(context.Background(), channel, upload([]byte(file.String())))
		if err != nil || i.Good != 5000 || i.Bad != 0 {
			t.Errorf("again: %v %s", err, told(t, r, i))
		}
	})
}

// cutting cancels the import while it is read for the second time, from the
// middle on: the first time finds the charset.
type cutting struct {
	*strings.Reader
	at     int64
	before int64
	again  bool
	cancel func()
}

func (c *cutting) ReadAt(p []byte, off int64) (int, error) {
	c.again = c.again || off < c.before
	c.before = off
	if c.again && off >= c.at {
		c.cancel()
	}
	return c.Reader.ReadAt(p, off)
}

func TestAReportOfADeadProcessIsToldAsInterruptedAndForgottenLater(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			source := sqltest.Source(t, kind)
			r := newRoom(sqltest.Open(t, source))
			ctx := context.Background()
			i, err := r.Store.BeginImport(ctx, audience.Import{Client: 3, Name: "x"})
			if err != nil {
				t.Fatal(err)
			}
			if got, err := r.Report(ctx, ptr(int64(3)), i.ID); err != nil || got.State != audience.Importing {
				t.Errorf("%v %+v", err, got)
			}
			age := func(d time.Duration) {
				sqltest.Exec(t, source, `UPDATE user_import SET updated_at = updated_at - ?`, d.Milliseconds())
			}
			age(3 * time.Minute)
			if got, err := r.Report(ctx, nil, i.ID); err != nil || got.State != audience.Interrupted || got.Problem == "" {
				t.Errorf("%v %+v", err, got)
			}
			if n, err := r.ForgetImports(ctx); n != 0 || err != nil {
				t.Errorf("forgot %d %v", n, err)
			}
			age(31 * 24 * time.Hour)
			if n, err := r.ForgetImports(ctx); n != 1 || err != nil {
				t.Errorf("forgot %d %v", n, err)
			}
		})
	}
}

func TestClientsSeeWhatIsGrantedToThem(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		r := newRoom(db)
		all := audience.Writer{All: true}
		opt(t, r, all, `[{"userid":"a-1","set":{"oaShop":"o1","oaOther":"o2","wechatwk":"li","tag":{"all":["vip"],"otherkey":["secret"],"`+key+`":["mine"]},"phone":{"otherkey":"1"}}},
			{"userid":"a-2","set":{"oaOther":"o3","tag":{"otherkey":["secret"]}}}, {"userid":"b-1","set":{"mpShop":"m1"}}, {"userid":"B-1"}]`)
		list := func(w audience.Writer, f audience.Filter) string {
			f.Limit = 10
			users, err := r.Users(context.Background(), w, f)
			if err != nil {
				return err.Error()
			}
			var ids []string
			for _, u := range users {
				ids = append(ids, u.UserID)
			}
			return strings.Join(ids, " ")
		}
		yes, no := true, false
		for _, c := range []struct {
			who  audience.Writer
			f    audience.Filter
			want string
		}{
			{channel, audience.Filter{}, "B-1 a-1 a-2 b-1"},
			{channel, audience.Filter{After: "a-1"}, "a-2 b-1"},
			{channel, audience.Filter{Prefix: "a-"}, "a-1 a-2"},
			{channel, audience.Filter{Prefix: "b"}, "b-1"},
			{channel, audience.Filter{Tag: "vip"}, "a-1"},
			{channel, audience.Filter{Tag: "mine"}, "a-1"},
			{channel, audience.Filter{Tag: "secret"}, ""},
			{all, audience.Filter{Tag: "secret"}, "a-1 a-2"},
			{channel, audience.Filter{Sender: "oaShop"}, "a-1"},
			{channel, audience.Filter{Sender: "oaShop", Bound: &no}, "B-1 a-2 b-1"},
			{channel, audience.Filter{Bound: &yes}, "a-1 b-1"},
			{channel, audience.Filter{Bound: &no}, "B-1 a-2"},
			{all, audience.Filter{Bound: &no}, "B-1"},
			{channel, audience.Filter{Sender: "oaOther"}, "sender does not exist or is not granted to you: use the code of one that is"},
		} {
			if got := list(c.who, c.f); got != c.want {
				t.Errorf("%+v: %q, want %q", c.f, got, c.want)
			}
		}
		u, err := r.User(context.Background(), channel, "a-1")
		if want := []audience.Value{{"tag", key, "mine"}, {"tag", "all", "vip"}, {"wechatoa", "oaShop", "o1"}}; err != nil || !slices.Equal(u.Values, want) {
			t.Errorf("%v, %v", u.Values, err)
		}
	})
}

func FuzzSpreadsheets(f *testing.F) {
	f.Add([]byte("userid,tags\nu-1,vip"))
	f.Add([]byte("\xEF\xBB\xBFuserid;tags\n\"u\";\"\"\"\n"))
	f.Add(xlsx(f, [][]any{{"userid", "tags"}, {"u-1", 1.5}}))
	f.Add(zipped(f, book(sheet(headRow))))
	f.Fuzz(func(t *testing.T, file []byte) {
		if err := audience.ReadAll(file); err != nil {
			var in *audience.InputError
			if !errors.As(err, &in) {
				t.Errorf("%T %v", err, err)
			}
		}
	})
}

func FuzzSheet(f *testing.F) {
	f.Add(sheet(headRow + `<row><c t="s"><v>0</v></c><c><f>1</f><v>2</v></c><c t="n"><v>1E9</v></c></row>`))
	f.Add(`<worksheet><!-- x --><row r="2"><c r="ZZ2" t="b"><v>1</v></c></row></worksheet>`)
	f.Fuzz(func(t *testing.T, xml string) {
		if err := audience.ReadAll(zipped(t, book(xml))); err != nil {
			var in *audience.InputError
			if !errors.As(err, &in) {
				t.Errorf("%T %v", err, err)
			}
		}
	})
}
