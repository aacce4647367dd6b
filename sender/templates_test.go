package sender_test

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"wechattpp/sender"
	"wechattpp/simulator"
	"wechattpp/sql"
	"wechattpp/sql/sqltest"
	"wechattpp/wechat"
)

// Templates of the sample world.
const (
	orderPaid  = "TPL-order-paid-0000000000000000000000000001"
	parcelHere = "PRI-parcel-here-00000000000000000000000007"
)

var parcel = wechat.Choice{TID: "401", Kids: []int64{6, 4}, Scene: "到站提醒"}

func ids(list []wechat.Template) (all []string) {
	for _, t := range list {
		all = append(all, t.ID)
	}
	slices.Sort(all)
	return all
}

func TestAListOfTemplatesIsReadOnRequestAndTellsWhatChanged(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		ctx := context.Background()
		sim, r := world(t, db)
		tm := &sender.Templates{Store: db.Templates(), Senders: r, Log: slog.New(slog.DiscardHandler)}
		all, lists, err := tm.List(ctx, "oa", "", "", 10)
		if err != nil || len(all) != 0 || len(lists) != 2 || !lists[0].RefreshedAt.IsZero() || lists[0].Limit != 25 || lists[0].Applications != 3 || lists[1].Limit != 50 || lists[1].Applications != 10 {
			t.Fatalf("before: %v %+v %v", all, lists, err)
		}
		read := func(kind string) []sender.Refreshed {
			t.Helper()
			got, err := tm.Refresh(ctx, "oa", kind)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		got := read("")
		if len(got) != 2 || len(got[0].Added) != 2 || len(got[1].Added) != 1 || got[1].Kind != "subscribe" || got[0].Err != nil {
			t.Fatalf("first: %+v", got)
		}
		if got = read(""); len(got[0].Added)+len(got[0].Removed)+len(got[0].Changed)+len(got[1].Added) != 0 {
			t.Errorf("again: %+v", got)
		}
		all, lists, err = tm.List(ctx, "oa", "", "", 2)
		if err != nil || len(all) != 2 || all[0].ID != parcelHere || lists[0].Used != 2 || lists[1].Used != 1 || lists[0].RefreshedAt.IsZero() {
			t.Errorf("first page: %v %+v %v", ids(all), lists, err)
		}
		if all, _, err = tm.List(ctx, "oa", "", all[1].ID, 2); err != nil || len(all) != 1 {
			t.Errorf("second page: %v %v", ids(all), err)
		}
		if all, lists, err = tm.List(ctx, "oa", "template", "", 10); err != nil || len(all) != 2 || len(lists) != 1 {
			t.Errorf("of a kind: %v %v", ids(all), err)
		}
		f, err := tm.Form(ctx, "oa", orderPaid)
		if err != nil || len(f.Parameters) != 4 || f.Parameters[2].Type != "amount" || f.Parameters[2].Label != "支付金额" || f.Subscription() || !f.Typed() {
			t.Errorf("%+v %v", f, err)
		}
		if err := r.API.Account(shop, r.Tokens(sender.Sender{AppID: shop})).DeleteTemplate(ctx, orderPaid); err != nil {
			t.Fatal(err)
		}
		if err := sim.Fail(simulator.Fault{Path: "/wxaapi/newtmpl/gettemplate", Code: 45009}); err != nil {
			t.Fatal(err)
		}
		if got = read(""); !slices.Equal(ids(got[0].Removed), []string{orderPaid}) || !errors.Is(got[1].Err, wechat.ErrThrottledDay) {
			t.Errorf("after it was deleted: %+v", got)
		}
		if _, err := tm.Form(ctx, "oa", orderPaid); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a deleted one: %v", err)
		}
		if _, err := tm.Form(ctx, "oa", parcelHere); err != nil {
			t.Errorf("one of the list that could not be read: %v", err)
		}
		if err := sim.Fail(simulator.Fault{Path: "/wxaapi/newtmpl/gettemplate", Code: 45009}); err != nil {
			t.Fatal(err)
		}
		if _, err := tm.Refresh(ctx, "mp", ""); !errors.Is(err, wechat.ErrThrottledDay) {
			t.Errorf("the only list: %v", err)
		}
	})
}

func TestWhoHasNoTemplatesOrMayNotReadThem(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		ctx := context.Background()
		_, r := world(t, db)
		r.Account = func(context.Context, string) (sender.Status, error) {
			return sender.Status{Authorized: true, Sets: []int{7}}, nil
		}
		for code, s := range map[string]sender.Sender{"ap": {Kind: "wechatapp", AppID: "wx4", Credentials: "secret", Secrets: sender.Secrets{AppSecret: appSecret}},
			"new": {Kind: "wechatoa"}, "part": {Kind: "wechatoa", AppID: "wx9"}} {
			s.Code = code
			if _, err := r.Create(ctx, s); err != nil {
				t.Fatal(err)
			}
		}
		tm := &sender.Templates{Store: db.Templates(), Senders: r, Log: slog.New(slog.DiscardHandler)}
		add := func(code string, c wechat.Choice) error { _, _, err := tm.Add(ctx, code, c); return err }
		input := func(err error, field string) bool {
			in, ok := errors.AsType[*sender.InputError](err)
			return ok && in.Field == field
		}
		refresh := func(code, kind string) error { _, err := tm.Refresh(ctx, code, kind); return err }
		_, _, many := tm.Titles(ctx, "mp", make([]int64, 51), 0, 30)
		_, _, long := tm.Titles(ctx, "mp", []int64{2}, 0, 31)
		_, _, far := tm.Titles(ctx, "mp", []int64{2}, -1, 30)
		_, word := tm.Keywords(ctx, "mp", "x")
		for name, ok := range map[string]bool{
			"a mobile app":                       errors.Is(refresh("ap", ""), sender.ErrNoTemplates),
			"nobody":                             errors.Is(refresh("nobody", ""), fs.ErrNotExist),
			"an account that is not bound":       errors.Is(refresh("new", ""), sender.ErrUnbound),
			"an unknown kind":                    input(refresh("oa", "x"), "kind"),
			"template messages of MP":            input(refresh("mp", "template"), "kind"),
			"no set 89":                          errors.Is(refresh("part", "subscribe"), sender.ErrPermission),
			"an MP that adds template messages":  input(add("mp", wechat.Choice{Short: "TM00015"}), "kind"),
			"one keyword":                        input(add("mp", wechat.Choice{TID: "401", Kids: []int64{1}, Scene: "x"}), "kidList"),
			"a tid that the library has not":     errors.Is(add("mp", wechat.Choice{TID: "9", Kids: []int64{1, 2}, Scene: "x"}), wechat.ErrChoice),
			"51 categories":                      input(many, "ids"),
			"31 titles":                          input(long, "limit"),
			"start -1":                           input(far, "start"),
			"a tid of letters":                   input(word, "tid"),
			"a template that is not in the list": errors.Is(tm.Delete(ctx, "oa", "x"), sender.ErrNotKept),
		} {
			if !ok {
				t.Errorf("%s was not refused as it should be", name)
			}
		}
	})
}

func TestATemplateIsAddedAndDeleted(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		ctx := context.Background()
		sim, r := world(t, db)
		tm := &sender.Templates{Store: db.Templates(), Senders: r, Log: slog.New(slog.DiscardHandler)}
		made, unread, err := tm.Add(ctx, "oa", wechat.Choice{Short: "43216", Names: []string{"发货时间", "订单编号"}})
		if err != nil || unread != nil || made.Content != "发货时间:{{time3.DATA}}\n订单编号:{{character_string1.DATA}}\n" {
			t.Fatalf("%+v %v %v", made, unread, err)
		}
		sub, unread, err := tm.Add(ctx, "oa", parcel)
		if err != nil || unread != nil || sub.Type != 2 || !slices.Equal(sub.Values["enum_string6"], []string{"已到站", "即将超时"}) {
			t.Fatalf("%+v %v %v", sub, unread, err)
		}
		if err := sim.Fail(simulator.Fault{Path: "/wxaapi/newtmpl/gettemplate", Code: 45009}); err != nil {
			t.Fatal(err)
		}
		dark, unread, err := tm.Add(ctx, "oa", parcel)
		if err != nil || dark.ID == "" || !errors.Is(unread, wechat.ErrThrottledDay) {
			t.Errorf("added, and then not read: %+v %v %v", dark, unread, err)
		}
		account := r.API.Account(shop, r.Tokens(sender.Sender{AppID: shop}))
		if err := account.DeleteSubscription(ctx, sub.ID); err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{made.ID, sub.ID} { // the second is gone already
			if err := tm.Delete(ctx, "oa", id); err != nil {
				t.Errorf("delete: %v", err)
			}
			if _, err := tm.Form(ctx, "oa", id); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("deleted: %v", err)
			}
		}
		if list, err := account.Templates(ctx); err != nil || slices.Contains(ids(list), made.ID) {
			t.Errorf("at WeChat: %v %v", ids(list), err)
		}
		for range 49 {
			if _, err := account.AddSubscription(ctx, "401", []int64{1, 2}, "x"); err != nil && !errors.Is(err, wechat.ErrTemplatesFull) {
				t.Fatal(err)
			}
		}
		if _, _, err := tm.Add(ctx, "oa", parcel); !errors.Is(err, wechat.ErrTemplatesFull) || !strings.Contains(err.Error(), "delete a template") {
			t.Errorf("a full list: %v", err)
		}
		titles, n, err := tm.Titles(ctx, "oa", []int64{2, 616}, 0, 30)
		if err != nil || n != 3 || titles[0].TID != "401" {
			t.Errorf("titles: %+v %d %v", titles, n, err)
		}
		if words, err := tm.Keywords(ctx, "oa", "401"); err != nil || len(words) != 6 {
			t.Errorf("keywords: %+v %v", words, err)
		}
		if all, err := tm.Categories(ctx, "oa"); err != nil || len(all) != 3 {
			t.Errorf("categories: %+v %v", all, err)
		}
	})
}
