package authorizer_test

import (
	"testing"
	"testing/synctest"
	"time"

	"wechattpp/authorizer"
	"wechattpp/wechat"
)

// WeChat's ten accounts stay in its list after the release test, and their
// tokens cannot be renewed.
func TestAccountsOfTheReleaseTestAreNeverKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		var codes []string
		for _, p := range wechat.ReleasePairs() {
			for _, appID := range []string{p.OA.AppID, p.MP.AppID} {
				code, err := w.sim.ReleaseCode(appID, "oUser")
				if err != nil {
					t.Fatal(err)
				}
				codes = append(codes, code)
				if err := w.room.Authorized(t.Context(), authorizer.Event{AppID: appID, Code: code, Created: time.Now()}); err != nil {
					t.Fatal(err)
				}
			}
		}
		if _, err := w.sim.Grant(shop); err != nil {
			t.Fatal(err)
		}
		w.work(t)
		if r := w.reconcile(t, false); r.Seen != 1 || r.Adopted != 1 {
			t.Errorf("%+v; want only the shop", r)
		}
		w.work(t)
		accounts, _, err := w.room.List(t.Context(), authorizer.Filter{}, "", 100)
		if err != nil || len(accounts) != 1 || accounts[0].AppID != shop || len(codes) != 10 {
			t.Errorf("keeps %+v, %v", accounts, err)
		}
		if n := w.sim.Calls().Paths["/cgi-bin/component/api_get_authorizer_info"]; n != 1 {
			t.Errorf("asked for %d profiles, want that of the shop", n)
		}
	})
}
