package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestTheRingKeepsTheLastAndCountsAll(t *testing.T) {
	t.Parallel()
	r := ring[int]{max: 3}
	for i := range 8 {
		r.add(i)
	}
	if got := r.last(-1); !slices.Equal(got, []int{5, 6, 7}) || r.total != 8 {
		t.Errorf("kept %v of %d", got, r.total)
	}
	if got := r.last(2); !slices.Equal(got, []int{6, 7}) {
		t.Errorf("the last two are %v", got)
	}
	if r.at(4) != nil || r.at(8) != nil || *r.at(5) != 5 {
		t.Error("at finds what is gone or misses what is kept")
	}
}

func TestMemoryIsBoundedAndStillCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, func(c *Config) { c.KeepSends, c.KeepPushes, c.MaxQueued = 10, 10, 20; c.OutcomeAfter = time.Hour })
		access, _ := h.accountToken(shop)
		body := paid(customer)
		for i := range 50 {
			body["client_msg_id"] = fmt.Sprint(i)
			wantCode(t, h.send(access, body), 0)
		}
		state := h.sim.State()
		if e := h.sim.Ledger(); len(e.Sends) != 10 || e.Totals.Sends != 50 || e.Totals.Accounts[shop] != 50 || h.sim.Delivered(customer) != 50 {
			t.Errorf("%d sends kept, totals %+v", len(e.Sends), e.Totals)
		}
		if state.Waiting != 20 || state.Dropped != 30 || len(h.sim.Pushes()) != 10 {
			t.Errorf("waiting %d, dropped %d", state.Waiting, state.Dropped)
		}
		body["client_msg_id"] = "0" // its send is no longer kept
		if a := h.send(access, body); a["msgid"].(json.Number).String() != fmt.Sprint(firstMsgID) {
			t.Errorf("the repeat of a forgotten send got msgid %v", a["msgid"])
		}
	})
}

func TestABulkOfAccountsIsReadyToRenewAndSend(t *testing.T) {
	h := newHouse(t, nil)
	grants := h.sim.AddAccounts(1000, "wxb")
	if again := h.sim.AddAccounts(1000, "wxb"); !slices.Equal(grants, again) {
		t.Error("the same prefix gave other accounts")
	}
	token := h.componentToken()
	access := h.renew(token, grants[999].AppID, grants[999].RefreshToken)
	wantCode(t, h.send(access, paid(bulk.Followers[0])), 0)
	openIDs, err := h.sim.AddFollowers(grants[999].AppID, 3, "oMore")
	if err != nil || len(openIDs[2]) != 28 {
		t.Fatalf("followers %v, %v", openIDs, err)
	}
	wantCode(t, h.send(access, paid(openIDs[2])), 0)
	seen := map[string]bool{}
	for offset := 0; ; offset += 500 {
		page := h.component("api_get_authorizer_list", token, object{"offset": offset, "count": 500})
		for _, l := range page["list"].([]any) {
			seen[l.(map[string]any)["authorizer_appid"].(string)] = true
		}
		if len(page["list"].([]any)) < 500 {
			break
		}
	}
	if len(seen) != 1000 || h.sim.Mints(grants[999].AppID) != 1 || h.sim.Mints(testComponent) != 1 {
		t.Errorf("%d accounts listed, %d and %d tokens", len(seen), h.sim.Mints(grants[999].AppID), h.sim.Mints(testComponent))
	}
}

func FuzzSendAnswersAnyBodyWithAnErrcode(f *testing.F) {
	for _, seed := range []string{string(marshal(paid(customer))), "", "{", `{"data":{"":{}}}`, `{"touser":"\ud800"}`, `{"data":[1]}`, strings.Repeat("[", 10000), "\xff\\"} {
		f.Add(seed)
	}
	sim := New(testConfig())
	_ = sim.AddAccount(SampleWorld()...)
	_, _ = sim.Grant(shop)
	a := sim.world.find(shop)
	a.mint(24*time.Hour, 0, time.Now())
	f.Fuzz(func(t *testing.T, body string) {
		w := httptest.NewRecorder()
		sim.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/cgi-bin/message/template/send?access_token="+a.token.value, strings.NewReader(body)))
		var got struct {
			Code *int `json:"errcode"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got.Code == nil || w.Code != 200 {
			t.Errorf("answer %d %s", w.Code, w.Body)
		}
	})
}

func FuzzOpenReplyNeverPanics(f *testing.F) {
	sim := New(testConfig())
	f.Add([]byte("<xml><Encrypt>x</Encrypt></xml>"))
	f.Add([]byte("<xml>"))
	f.Add([]byte(`{"a":1}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if reply, err := sim.openReply(body); err == nil {
			t.Errorf("a stranger's reply was taken: %q", reply)
		}
	})
}

func BenchmarkSend(b *testing.B) {
	sim := New(testConfig())
	_ = sim.AddAccount(SampleWorld()...)
	_, _ = sim.Grant(shop)
	a := sim.world.find(shop)
	a.mint(24*time.Hour, 0, time.Now())
	body := string(marshal(paid(customer)))
	for b.Loop() {
		sim.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/cgi-bin/message/template/send?access_token="+a.token.value, strings.NewReader(body)))
	}
}

func BenchmarkRenew(b *testing.B) {
	sim := New(testConfig())
	g := sim.AddAccounts(100_000, "")
	token := sim.component.mint(24*time.Hour, 0, time.Now())
	n := 0
	for b.Loop() {
		body := marshal(object{"component_appid": testComponent, "authorizer_appid": g[n].AppID, "authorizer_refresh_token": g[n].RefreshToken})
		n = (n + 1) % len(g)
		sim.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/cgi-bin/component/api_authorizer_token?component_access_token="+token, strings.NewReader(string(body))))
	}
}

func BenchmarkAddAccounts(b *testing.B) {
	for b.Loop() {
		New(testConfig()).AddAccounts(100_000, "")
	}
}
