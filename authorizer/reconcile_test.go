package authorizer_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"wechattpp/authorizer"
	"wechattpp/health"
	"wechattpp/simulator"
	"wechattpp/token"
)

// Sleeps in this file pass on the clock of a synctest bubble: nobody waits for them.

const (
	infoPath  = "/cgi-bin/component/api_get_authorizer_info"
	listPath  = "/cgi-bin/component/api_get_authorizer_list"
	tokenPath = "/cgi-bin/component/api_authorizer_token"
)

// adopt makes n accounts that authorized, known here by the list.
func (w *world) adopt(t *testing.T, n int) (appIDs []string) {
	t.Helper()
	for _, g := range w.sim.AddAccounts(n, "wxmany") {
		appIDs = append(appIDs, g.AppID)
	}
	if r := w.reconcile(t, false); r.Adopted != n || r.Seen != n || r.Absent != 0 {
		t.Fatalf("%+v", r)
	}
	return appIDs
}

// ended counts the accounts that no longer authorize us.
func (w *world) ended(t *testing.T, appIDs []string) (n int) {
	t.Helper()
	for _, id := range appIDs {
		if w.account(t, id).Status != authorizer.Authorized {
			n++
		}
	}
	return n
}

func (w *world) fail(t *testing.T, f simulator.Fault) {
	t.Helper()
	if err := w.sim.Fail(f); err != nil {
		t.Fatal(err)
	}
}

// lends tells whether there is a token of an account.
func (w *world) lends(appID string) bool {
	_, err := w.keeper.Source(token.Owner{Kind: token.Authorizer, ID: appID}).Token(context.Background())
	return err == nil
}

// alarmed tells whether the platform has the finding.
func (w *world) alarmed(t *testing.T) bool {
	t.Helper()
	found, err := w.db.Health(us).Of(t.Context(), health.Component, []string{us})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found[us] {
		if f.Code == health.ListImplausible {
			return true
		}
	}
	return false
}

func TestAnIncidentOfTheVendorEndsNoAuthorizationThatTheListKnows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		all := w.adopt(t, 12)
		for _, path := range []string{infoPath, tokenPath} {
			w.fail(t, simulator.Fault{Path: path, Code: 61003, Times: -1})
		}
		before := w.sim.Calls().Paths[listPath]
		for range 180 {
			time.Sleep(time.Minute)
			w.work(t)
		}
		if n := w.ended(t, all); n != 0 {
			t.Errorf("%d of 12 accounts were concluded to have ended", n)
		}
		if n := w.sim.Calls().Paths[listPath] - before; n == 0 || n > 2*180 {
			t.Errorf("the list was read %d times in three hours", n)
		}
		w.sim.ClearFaults()
		for range 30 { // they have backed off
			time.Sleep(time.Minute)
			w.work(t)
		}
		if !w.lends(all[0]) || !w.lends(all[11]) {
			t.Error("the tokens do not work again within half an hour")
		}
	})
}

func TestAnIncidentThatEmptiesTheListTooEndsAFewAndIsUndoneByTheList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		all := w.adopt(t, 12)
		for _, path := range []string{infoPath, tokenPath} {
			w.fail(t, simulator.Fault{Path: path, Code: 61003, Times: -1})
		}
		w.fail(t, simulator.Fault{Path: listPath, Mode: simulator.ModeEmptyList, Times: -1})
		for range 50 {
			time.Sleep(time.Minute)
			w.keeperFails(t, all)
			w.work(t)
		}
		if n := w.ended(t, all); n == 0 || n > 3 || !w.alarmed(t) {
			t.Errorf("%d of 12 accounts ended, alarm %t", n, w.alarmed(t))
		}
		if r := w.reconcile(t, false); r.Alarm == "" || r.Ended != 0 || r.Absent < 9 {
			t.Errorf("an empty list is believed: %+v", r)
		}
		w.sim.ClearFaults()
		if r := w.reconcile(t, false); r.Seen != 12 || r.Absent != 0 || r.Alarm != "" || w.alarmed(t) || w.ended(t, all) != 0 {
			t.Errorf("afterwards: %+v, %d ended", r, w.ended(t, all))
		}
		w.until(t, "the tokens to work again", func() bool { return w.lends(all[0]) && w.lends(all[11]) })
	})
}

// keeperFails asks after every account, as failed sends do.
func (w *world) keeperFails(t *testing.T, appIDs []string) {
	for _, id := range appIDs {
		if err := w.room.Suspect(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhoLeftWithoutAnEventIsFoundOutByTheListAndNothingIsDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		all := w.adopt(t, 10)
		leave := func(ids ...string) {
			for _, id := range ids {
				if err := w.sim.Unauthorize(simulator.Unauthorization{AppID: id, NoEvent: true}); err != nil {
					t.Fatal(err)
				}
			}
		}
		leave(all[3])
		if err := w.sim.SetStatus(simulator.AccountStatus{AppID: all[5], Status: 19}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		r := w.reconcile(t, false)
		if r.Absent != 2 || r.Ended != 1 || w.account(t, all[3]).Status != authorizer.Unauthorized || w.account(t, all[5]).Status != authorizer.Authorized {
			t.Errorf("one left, one is frozen: %+v", r)
		}
		if a := w.account(t, all[3]); a.Cause.Code != 61003 || a.Cause.RID == "" {
			t.Errorf("%+v", a.Cause)
		}
		leave(all[:3]...)
		leave(all[4], all[6])
		if r := w.reconcile(t, false); r.Alarm == "" || r.Ended != 0 || w.ended(t, all) != 1 || !w.alarmed(t) {
			t.Errorf("an implausible share is believed: %+v", r)
		}
		if r := w.reconcile(t, true); r.Alarm != "" || r.Ended != 5 || w.ended(t, all) != 6 || w.alarmed(t) {
			t.Errorf("though confirmed: %+v, %d ended", r, w.ended(t, all))
		}
		calls := w.sim.Calls().Paths[tokenPath]
		time.Sleep(3 * time.Hour)
		w.work(t)
		if n := w.sim.Calls().Paths[tokenPath] - calls; n > 2*4 {
			t.Errorf("%d renewals, of accounts that left, too", n)
		}
	})
}

func TestALongListThatShiftsIsGoneThroughAndResumed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		const n = 1230
		all := w.sim.AddAccounts(n, "wxmany")
		var once sync.Once
		w.sim.AfterCall(func(c simulator.Call) {
			if c.Path != listPath {
				return
			}
			once.Do(func() { // forty leave after the first page, and the quota ends
				for _, g := range all[:40] {
					_ = w.sim.Unauthorize(simulator.Unauthorization{AppID: g.AppID, NoEvent: true})
				}
				_ = w.sim.Fail(simulator.Fault{Path: listPath, Code: 45009})
			})
		})
		began := time.Now()
		if err := w.room.Reconcile(t.Context(), false, 0); err != nil {
			t.Fatal(err)
		}
		for did := 1; did > 0; {
			did, _ = w.room.ReconcileDue(t.Context())
		}
		r, err := w.room.Run(t.Context())
		if err != nil || r.Place != 500 || !strings.Contains(r.Problem, "45009") || r.Due < 50*time.Minute {
			t.Fatalf("after the quota ended: %+v, %v", r, err)
		}
		w.open(w.db.Authorizer(us)) // the process dies
		for r.Phase != authorizer.Rest && time.Since(began) < 3*time.Hour {
			time.Sleep(time.Minute)
			if _, err := w.room.ReconcileDue(t.Context()); err != nil {
				t.Fatal(err)
			}
			if r, err = w.room.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if r.Seen < n-40 || r.Adopted != r.Seen || r.Pass != 2 || r.Alarm != "" {
			t.Errorf("%+v", r)
		}
		if left := w.sim.Calls().Paths[listPath]; left > 9 {
			t.Errorf("%d pages were read: it began anew", left)
		}
		if a := w.account(t, all[520].AppID); a.Status != authorizer.Authorized {
			t.Errorf("skipped: %+v", a)
		}
	})
}

func TestAnAccountWhoseCodeWasNeverExchangedIsShownWithItsRemedy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		_, page := w.invite(t, "oa1", "wechatoa")
		w.scan(t, simulator.Authorization{AppID: shop, Link: page.Desktop, NoEvent: true}) // nobody returns
		time.Sleep(2 * time.Hour)
		if r := w.reconcile(t, false); r.Unexchanged != 1 || r.Adopted != 1 {
			t.Errorf("%+v", r)
		}
		w.work(t)
		found, err := w.db.Health(us).Of(t.Context(), health.Account, []string{shop})
		if err != nil || len(found[shop]) == 0 || found[shop][0].Code != health.NoRefreshToken || !strings.Contains(found[shop][0].Remedy("oa1"), "/v1/senders/oa1/invitations") {
			t.Errorf("%+v, %v", found, err)
		}
		w.reconcile(t, false)
		w.rejoin(t)
		if found, err := w.db.Health(us).Of(t.Context(), health.Account, []string{shop}); err != nil || len(found[shop]) != 0 {
			t.Errorf("afterwards: %+v, %v", found, err)
		}
	})
}

// rejoin cancels the shop's authorization and lets it authorize again.
func (w *world) rejoin(t *testing.T) {
	t.Helper()
	w.unauthorize(t, simulator.Unauthorization{AppID: shop})
	time.Sleep(time.Second)
	w.join(t)
	w.work(t)
}

func TestSetsThatAreTakenAwayAreNoticed(t *testing.T) {
	for name, c := range map[string]struct {
		quiet bool
		wait  time.Duration
	}{
		"by the event":               {false, time.Second},
		"within a day, without one":  {true, 30 * time.Hour},
		"at once, by a refused send": {true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				w.join(t)
				time.Sleep(2 * time.Minute)
				if err := w.sim.ChangeSets(t.Context(), simulator.SetsChange{AppID: shop, Sets: []int{1, 89}, NoEvent: c.quiet}); err != nil {
					t.Fatal(err)
				}
				time.Sleep(c.wait)
				if c.wait == 0 {
					if err := w.room.Suspect(t.Context(), shop); err != nil {
						t.Fatal(err)
					}
				}
				w.work(t)
				found, err := w.db.Health(us).Of(t.Context(), health.Account, []string{shop})
				if err != nil || len(found[shop]) == 0 || found[shop][0].Code != health.PermissionMissing || found[shop][0].Sets[0] != 7 {
					t.Errorf("%+v, %v", found, err)
				}
			})
		})
	}
}

func TestAUsedUpQuotaOfTheComponentsTokenIsClearedOnceADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(c *simulator.Config) { c.MintQuota = 2 })
		const clearPath = "/cgi-bin/component/clear_quota/v2"
		for range 4 { // a token lives two hours
			time.Sleep(2 * time.Hour)
			w.work(t)
		}
		if n := w.sim.Calls().Paths[clearPath]; n != 1 {
			t.Errorf("cleared %d times in eight hours", n)
		}
		for range 22 {
			time.Sleep(time.Hour)
			w.work(t)
		}
		if n := w.sim.Calls().Paths[clearPath]; n != 2 {
			t.Errorf("cleared %d times in thirty hours", n)
		}
	})
}
