package sql_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"wechattpp/authorizer"
	"wechattpp/health"
	"wechattpp/sql"
	"wechattpp/sql/sqltest"
	"wechattpp/token"
	"wechattpp/wechat"
)

// healthHouse is an account that was granted, with its profile.
type healthHouse struct {
	t      *testing.T
	source string
	db     *sql.DB
	store  *sql.Authorizer
	tokens *sql.Token
}

func eachHealthHouse(t *testing.T, f func(*testing.T, *healthHouse)) {
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) { f(t, newHealthHouse(t, sqltest.Source(t, kind))) })
	}
}

func newHealthHouse(t *testing.T, source string) *healthHouse {
	db := sqltest.Open(t, source)
	h := &healthHouse{t, source, db, db.Authorizer("wxComponent"), db.Token("wxComponent")}
	attempt(t, h.store, "p")
	x := take(t, h.store, authorizer.Arrival{Code: "c", PreAuthHash: "p"})
	g := granted("r1")
	g.Sets = []int{1, 2, 4, 7, 8, 11, 89}
	if err := h.store.Grant(context.Background(), x, g, 0); err != nil {
		t.Fatal(err)
	}
	h.profile(g.Sets)
	return h
}

// profile fetches the profile.
func (h *healthHouse) profile(sets []int) {
	h.t.Helper()
	ctx := context.Background()
	if _, err := h.store.RefreshProfile(ctx, shop.ID, -time.Hour); err != nil {
		h.t.Fatal(err)
	}
	due, err := h.store.ClaimProfiles(ctx, 10, time.Minute)
	if err != nil || len(due) != 1 {
		h.t.Fatal(due, err)
	}
	due[0].Kind, due[0].UserName, due[0].Sets = authorizer.OfficialAccount, "gh_1", sets
	if err := h.store.SaveProfile(ctx, due[0], time.Hour); err != nil {
		h.t.Fatal(err)
	}
}

// fails lets one renewal end with a refusal.
func (h *healthHouse) fails(failures int, refusal error) {
	h.t.Helper()
	ctx := context.Background()
	sqltest.Exec(h.t, h.source, `UPDATE token SET due_at = 1, claim = 0 WHERE owner = ?`, shop.ID)
	due, err := h.tokens.ClaimDue(ctx, token.Authorizer, 1, time.Minute)
	if err != nil || len(due) != 1 {
		h.t.Fatal(due, err)
	}
	if refusal == nil {
		err = h.tokens.Save(ctx, due[0], wechat.Lent{Access: "a", Life: 2 * time.Hour}, 0, time.Hour)
	} else {
		err = h.tokens.Release(ctx, due[0], token.Verdict{Due: time.Hour, Failures: failures, Problem: refusal.Error(), Cause: wechat.CauseOf(refusal)})
	}
	if err != nil {
		h.t.Fatal(err)
	}
}

// want compares the findings, and the number of lines in the feed.
func (h *healthHouse) want(when string, lines int64, codes ...health.Code) {
	h.t.Helper()
	found, err := h.db.Health("wxComponent").Of(context.Background(), health.Account, []string{shop.ID})
	if err != nil {
		h.t.Fatal(err)
	}
	got := found[shop.ID]
	same := len(got) == len(codes)
	for i := range got {
		same = same && got[i].Code == codes[i] && time.Since(got[i].Since).Abs() < time.Minute
	}
	if !same {
		h.t.Errorf("%s: %+v, want %v", when, got, codes)
	}
	if n := sqltest.Number(h.t, h.source, `SELECT COUNT(*) FROM feed WHERE type = 'account.health'`); n != lines {
		h.t.Errorf("%s: %d lines in the feed, want %d", when, n, lines)
	}
}

func TestEachChangeOfHealthIsToldOnce(t *testing.T) {
	t.Parallel()
	eachHealthHouse(t, func(t *testing.T, h *healthHouse) {
		ctx := context.Background()
		h.want("when all is well", 0)
		address := errors.Join(&refused{}, wechat.ErrAddress)
		for i := range 3 {
			h.fails(i+1, address)
		}
		h.want("an address is refused three times", 1, health.AddressNotAllowed)
		h.fails(0, nil)
		h.want("it is allowed again", 2)
		h.profile([]int{7, 89})
		h.want("sets were taken away", 3, health.PermissionAdvised)
		h.profile([]int{89})
		h.want("and more", 4, health.PermissionMissing, health.PermissionAdvised)
		h.profile([]int{89})
		h.want("and nothing more", 4, health.PermissionMissing, health.PermissionAdvised)
		if counts, err := h.db.Health("wxComponent").Count(ctx); err != nil || counts[health.Mark{Code: health.PermissionMissing, Level: health.Error}] != 1 || len(counts) != 2 {
			t.Errorf("%v, %v", counts, err)
		}
		done, err := h.store.Unauthorize(ctx, read(t, h.store), authorizer.Ending{Problem: "x", Cause: wechat.Cause{Class: wechat.ClassAuthorization, Code: 61003}})
		if !done || err != nil {
			t.Fatal(done, err)
		}
		h.want("it ended", 5, health.NeedsReauthorization)
		for code, n := range map[string]int{"needs_reauthorization": 1, "unclaimed": 0} {
			if all, err := h.store.List(ctx, authorizer.Filter{Finding: code}, "", 10); err != nil || len(all) != n {
				t.Errorf("%s: %d accounts, %v", code, len(all), err)
			}
		}
		if err := h.store.Grant(ctx, take(t, h.store, authorizer.Arrival{Code: "d"}), granted("r2"), 0); err != nil {
			t.Fatal(err)
		}
		h.want("it authorized again, with some sets", 6, health.PermissionAdvised)
		if n := sqltest.Number(t, h.source, `SELECT COUNT(*) FROM feed WHERE data LIKE '%r1%' OR data LIKE '%r2%'`); n != 0 {
			t.Error("the feed holds a refresh token")
		}
	})
}

type refused struct{}

func (*refused) Error() string { return "refused" }

func TestWhatIsFreedOfASenderIsUnclaimed(t *testing.T) {
	t.Parallel()
	eachHealthHouse(t, func(t *testing.T, h *healthHouse) {
		ctx := context.Background()
		if a := read(t, h.store); a.Sender != "oa1" {
			t.Fatalf("%+v", a)
		}
		other := granted("r9")
		other.AppID = "wxother"
		if err := h.store.Grant(ctx, take(t, h.store, authorizer.Arrival{Code: "o"}), other, 0); err != nil {
			t.Fatal(err)
		}
		if err := h.store.Bind(ctx, "wxother", "oa1"); err != nil {
			t.Fatal(err)
		}
		h.want("its sender was given to another", 3, health.Unclaimed)
		no := false
		if all, err := h.store.List(ctx, authorizer.Filter{Claimed: &no}, "", 10); err != nil || len(all) != 1 || all[0].AppID != shop.ID {
			t.Error(all, err)
		}
	})
}
