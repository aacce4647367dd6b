package main

import (
	"context"
	"net/http"
	"testing"
	"time"

	"wechattpp/simulator"
)

// Whatever an account takes away without a push that says so is found out by the
// first call that is refused, also by one that goes through the proxy.
func TestARefusedCallThroughTheProxyHasTheAccountAskedAfter(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite")
	r := w.start(t)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	admin := r.admin()
	shop, clinic := simulator.SampleWorld()[0], simulator.SampleWorld()[1]
	(&mainJob{t, w, r, ctx, shop}).authorize(admin)
	(&mainJob{t, w, r, ctx, clinic}).authorizeAs(admin, "clinic", "wechatoa")
	if err := w.ChangeSets(ctx, simulator.SetsChange{AppID: shop.AppID, Sets: []int{1, 2, 89}, NoEvent: true}); err != nil {
		t.Fatal(err)
	}
	if err := w.Unauthorize(simulator.Unauthorization{AppID: clinic.AppID, NoEvent: true}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ sender, appID, path, finding string }{
		{jobSender, shop.AppID, "/cgi-bin/template/get_all_private_template", "permission_missing"},
		{"clinic", clinic.AppID, "/cgi-bin/user/get", "needs_reauthorization"},
	} {
		err := until(ctx, c.finding, func() (bool, error) {
			_ = admin.call(ctx, http.MethodGet, "/v1/senders/"+c.sender+"/proxy"+c.path, nil, nil)
			var a struct{ Findings []struct{ Code string } }
			err := admin.call(ctx, http.MethodGet, "/v1/authorizers/"+c.appID, nil, &a)
			return err == nil && len(a.Findings) > 0 && a.Findings[0].Code == c.finding, err
		})
		var listed struct{ Items []struct{ Code string } }
		if err := admin.call(ctx, http.MethodGet, "/v1/senders?finding="+c.finding, nil, &listed); err != nil || len(listed.Items) != 1 || listed.Items[0].Code != c.sender {
			t.Errorf("senders with %s: %+v, %v", c.finding, listed, err)
		}
		if err != nil {
			t.Error(err)
		}
	}
}
