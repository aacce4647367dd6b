package sender_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"wechattpp/sender"
	"wechattpp/simulator"
	"wechattpp/sql"
	"wechattpp/sql/sqltest"
	"wechattpp/wechat"
)

const addPath = "/wxaapi/newtmpl/addtemplate"

// eachPair plays f on both databases, with a second replica.
func eachPair(t *testing.T, f func(t *testing.T, sim *simulator.Simulator, here, there *sender.Templates, source string)) {
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			source := sqltest.Source(t, kind)
			db := sqltest.Open(t, source)
			sim, r := world(t, db)
			there := &sender.Room{Store: r.Store, API: r.API, Tokens: r.Tokens, Account: r.Account}
			f(t, sim, &sender.Templates{Store: db.Templates(), Senders: r, Log: slog.New(slog.DiscardHandler)}, &sender.Templates{Store: sqltest.Raw(t, source, 0).Templates(), Senders: there, Log: slog.New(slog.DiscardHandler)}, source)
		})
	}
}

func must(t *testing.T, tm *sender.Templates, c wechat.Choice) wechat.Form {
	t.Helper()
	f, reason, err := tm.Ensure(context.Background(), "oa", c)
	if err != nil || reason != "" || f.ID == "" || len(f.Parameters) == 0 {
		t.Fatalf("%+v %q %v", f, reason, err)
	}
	return f
}

func adds(sim *simulator.Simulator) int { return sim.Calls().Paths[addPath] }

func TestAChoiceIsAddedOnceHoweverManyAskForIt(t *testing.T) {
	t.Parallel()
	eachPair(t, func(t *testing.T, sim *simulator.Simulator, here, there *sender.Templates, _ string) {
		var all sync.WaitGroup
		got := make([]wechat.Form, 16)
		for i := range got {
			room := here
			if i%2 == 1 {
				room = there
			}
			all.Go(func() { got[i], _, _ = room.Ensure(context.Background(), "oa", parcel) })
		}
		all.Wait()
		for _, f := range got {
			if f.ID == "" || f.ID != got[0].ID || len(f.Parameters) != 2 || f.Parameters[0].Name != "enum_string6" {
				t.Errorf("%+v", f)
			}
		}
		if n := adds(sim); n != 1 {
			t.Errorf("added %d times", n)
		}
		other := parcel
		other.Scene = "别的提醒"
		if f := must(t, here, other); f.ID == got[0].ID || adds(sim) != 2 {
			t.Errorf("another choice: %+v", f)
		}
	})
}

// dying is a store whose process dies before it can write what WeChat answered.
type dying struct {
	sender.TemplateStore
	finished bool
}

var errDied = errors.New("died")

func (d dying) FinishAddition(ctx context.Context, a sender.Addition, id string) error {
	if d.finished {
		return errors.Join(d.TemplateStore.FinishAddition(ctx, a, id), errDied)
	}
	return errDied
}

func TestWhoeverDiesWhileAddingLeavesNoSecondCopy(t *testing.T) {
	t.Parallel()
	message := wechat.Choice{Short: "43216", Names: []string{"订单编号", "商品名称"}}
	for name, c := range map[string]struct {
		choice   wechat.Choice
		finished bool
	}{"before the answer is written": {parcel, false}, "after it": {parcel, true}, "of template messages": {message, false}, "an older one": {wechat.Choice{Short: "TM00015"}, false}} {
		t.Run(name, func(t *testing.T) {
			eachPair(t, func(t *testing.T, sim *simulator.Simulator, here, there *sender.Templates, source string) {
				var told []string
				here.Added = func(_ context.Context, code, id string, made wechat.Choice) error {
					told = append(told, strings.Join([]string{code, id, made.Key()}, " "))
					return nil
				}
				there.Added = here.Added
				store := here.Store
				here.Store = dying{store, c.finished}
				if _, _, err := here.Ensure(context.Background(), "oa", c.choice); !errors.Is(err, errDied) {
					t.Fatal(err)
				}
				sqltest.Exec(t, source, `UPDATE template_addition SET until = 0`) // the lease is over
				here.Store = store
				other := parcel
				other.Kids = []int64{1, 2}
				one, second := must(t, there, other), must(t, there, c.choice)
				if again := must(t, here, c.choice); again.ID != second.ID || one.ID == second.ID {
					t.Errorf("%s, then %s; another %s", second.ID, again.ID, one.ID)
				}
				for id, made := range map[string]wechat.Choice{one.ID: other, second.ID: c.choice} {
					if line := "oa " + id + " " + made.Key(); !slices.Contains(told, line) {
						t.Errorf("%q is not told, but %q", line, told)
					}
				}
				calls := sim.Calls().Paths
				if n := calls[addPath] + calls["/cgi-bin/template/api_add_template"]; n != 2 {
					t.Errorf("added %d times, want one for each choice", n)
				}
			})
		})
	}
}

func TestATemplateThatNobodyCouldBeToldOfIsAddedOnceAndToldLater(t *testing.T) {
	t.Parallel()
	eachPair(t, func(t *testing.T, sim *simulator.Simulator, here, _ *sender.Templates, source string) {
		away, told := errors.New("the trail is away"), 0
		here.Added = func(context.Context, string, string, wechat.Choice) error { return away }
		if _, _, err := here.Ensure(context.Background(), "oa", parcel); !errors.Is(err, away) {
			t.Fatal(err)
		}
		sqltest.Exec(t, source, `UPDATE template_addition SET until = 0`) // the lease is over
		here.Added = func(context.Context, string, string, wechat.Choice) error { told++; return nil }
		must(t, here, parcel)
		must(t, here, parcel)
		if n := adds(sim); n != 1 || told != 1 {
			t.Errorf("added %d times, told %d times", n, told)
		}
	})
}

func TestAnAnswerThatGotLostIsLookedForBeforeItIsAddedAgain(t *testing.T) {
	t.Parallel()
	eachPair(t, func(t *testing.T, sim *simulator.Simulator, here, _ *sender.Templates, source string) {
		for mode, want := range map[simulator.Mode]int{simulator.ModeResetAfter: 1, simulator.ModeResetBefore: 2} {
			c, began := parcel, adds(sim)
			c.Scene = string(mode)
			if err := sim.Fail(simulator.Fault{Path: addPath, Mode: mode}); err != nil {
				t.Fatal(err)
			}
			if _, reason, err := here.Ensure(context.Background(), "oa", c); err != nil || reason == "" {
				t.Fatalf("%q %v", reason, err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			if f, _, _ := here.Ensure(ctx, "oa", c); f.ID != "" {
				t.Error("added again at once, while WeChat may still be at it")
			}
			sqltest.Exec(t, source, `UPDATE template_addition SET until = 0`)
			must(t, here, c)
			if n := adds(sim) - began; n != want {
				t.Errorf("%s: asked to add %d times, want %d", mode, n, want)
			}
		}
	})
}

func TestWhyATemplateCannotBeHadOnDemand(t *testing.T) {
	t.Parallel()
	eachPair(t, func(t *testing.T, sim *simulator.Simulator, here, _ *sender.Templates, source string) {
		ctx := context.Background()
		why := func(code string, c wechat.Choice, words string) {
			t.Helper()
			f, reason, err := here.Ensure(ctx, code, c)
			if err != nil || f.ID != "" || !strings.Contains(reason, words) {
				t.Errorf("%+v %q %v, want %q", f, reason, err, words)
			}
		}
		fail := func(path string, code int) {
			t.Helper()
			if err := sim.Fail(simulator.Fault{Path: path, Code: code}); err != nil {
				t.Fatal(err)
			}
		}
		why("oa", wechat.Choice{TID: "9", Kids: []int64{1, 2}, Scene: "x"}, "wrong template number")
		fail("/wxaapi/newtmpl/gettemplate", 45009)
		why("oa", parcel, "quota of the day")
		fail(addPath, 200012)
		why("oa", parcel, "delete a template that the account needs no longer")
		fail(addPath, 43106)
		why("oa", parcel, "as a punishment")
		why("mp", wechat.Choice{Short: "TM00015"}, "Mini Program has no template messages")
		if err := sim.Fail(simulator.Fault{Path: "/wxaapi/newtmpl/gettemplate", Mode: simulator.ModeDelay}); err != nil {
			t.Fatal(err)
		}
		fail("/wxaapi/newtmpl/gettemplate", 45009) // the second reading, after it was added
		why("oa", parcel, "was added to the account's list as ")
		n := adds(sim)
		f := must(t, here, parcel)
		if adds(sim) != n {
			t.Error("added a second time, for it could not be read")
		}
		if err := here.Senders.API.Account(shop, here.Senders.Tokens(sender.Sender{AppID: shop})).DeleteSubscription(ctx, f.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := here.Refresh(ctx, "oa", ""); err != nil {
			t.Fatal(err)
		}
		why("oa", parcel, "does not show it yet") // it may be new to WeChat's list
		if adds(sim) != n {
			t.Error("added a second time, for the list did not show it yet")
		}
		sqltest.Exec(t, source, `UPDATE template_addition SET until = 0`) // minutes later it was deleted
		if again := must(t, here, parcel); again.ID == f.ID || adds(sim) != n+1 {
			t.Errorf("deleted in the console: %+v, was %+v", again, f)
		}
	})
}

func TestWhatWasAddedByHandServesOnDemand(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		sim, r := world(t, db)
		tm := &sender.Templates{Store: db.Templates(), Senders: r, Log: slog.New(slog.DiscardHandler)}
		made, _, err := tm.Add(context.Background(), "oa", parcel)
		if err != nil {
			t.Fatal(err)
		}
		if f := must(t, tm, parcel); f.ID != made.ID || adds(sim) != 1 {
			t.Errorf("%+v, %d adds", f, adds(sim))
		}
	})
}
