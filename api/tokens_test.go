package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"wechattpp/access"
	"wechattpp/health"
	"wechattpp/sender"
	"wechattpp/sql"
	"wechattpp/sql/sqltest"
	"wechattpp/token"
	"wechattpp/wechat"
)

// pool is the API over a keeper and a WeChat that takes the tokens it is told to.
type pool struct {
	*house
	store  token.Store
	minted atomic.Int64 // renewals
	asked  atomic.Int64 // calls of get_api_domain_ip
	calls  atomic.Int64 // any other
	taken  atomic.Pointer[string]
	answer atomic.Pointer[http.HandlerFunc] // of other calls; nil: an echo
}

var wxShop = token.Owner{Kind: token.Authorizer, ID: "wxshop"}

func newPool(t *testing.T) *pool {
	t.Helper()
	return servePool(t, sqltest.Open(t, sqltest.Source(t, "sqlite")), &pool{})
}

// servePool is a replica; p holds the vendor's side, which replicas share.
func servePool(t *testing.T, db *sql.DB, p *pool) *pool {
	t.Helper()
	vendor := httptest.NewServer(p)
	t.Cleanup(vendor.Close)
	p.store = db.Token("wxcomponent")
	p.house = serveHouse(t, db, func(cfg *Config, db *sql.DB) {
		keeper := token.New(token.Config{Store: p.store, Log: cfg.Log, Minters: map[string]token.Minter{token.Authorizer: token.MinterFunc(p.mint)}})
		t.Cleanup(keeper.Close)
		owner := func(s sender.Sender) token.Owner { return token.Owner{Kind: token.Authorizer, ID: s.AppID} }
		cfg.Health = &health.Room{Store: db.Health("wxcomponent")}
		cfg.Lender = func(s sender.Sender) *token.Source { return keeper.Source(owner(s)) }
		cfg.Senders = &sender.Room{Store: db.Sender("wxcomponent"), API: wechat.API{Base: vendor.URL},
			Tokens: func(s sender.Sender) wechat.TokenSource { return keeper.Source(owner(s)) },
			Account: func(_ context.Context, appID string) (sender.Status, error) {
				return sender.Status{Authorized: appID == "wxshop", Sets: []int{1, 2}}, nil // without 7
			}}
	})
	return p
}

// world makes the senders shop (authorized) and other, and gives the first a token of the age.
func (p *pool) world(age time.Duration) *pool {
	p.t.Helper()
	for code, app := range map[string]string{"shop": "wxshop", "shop2": "wxshop", "mini": "wxmini", "unbound": ""} {
		kind := "wechatoa"
		if code == "mini" {
			kind = "wechatmp"
		}
		p.json(p.call("POST", "/v1/senders", p.admin, map[string]any{"code": code, "kind": kind, "name": code, "app_id": app}), http.StatusCreated)
	}
	p.put("T0", age)
	return p
}

func (p *pool) put(access string, age time.Duration) {
	p.t.Helper()
	p.taken.Store(&access)
	if err := p.store.Put(p.t.Context(), wxShop, wechat.Lent{Access: access, Refresh: "r", Life: 2 * time.Hour}, age, 80*time.Minute-age); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pool) mint(context.Context, token.Owner, string) (wechat.Lent, error) {
	access := fmt.Sprint("T", p.minted.Add(1))
	p.taken.Store(&access)
	return wechat.Lent{Access: access, Refresh: "r", Life: 2 * time.Hour}, nil
}

// ServeHTTP is the vendor.
func (p *pool) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	probe := r.URL.Path == "/cgi-bin/get_api_domain_ip"
	if probe {
		p.asked.Add(1)
	} else {
		p.calls.Add(1)
	}
	switch answer := p.answer.Load(); {
	case r.URL.Query().Get("access_token") != *p.taken.Load():
		_, _ = io.WriteString(w, `{"errcode":40001,"errmsg":"invalid credential rid: 1-2-3"}`)
	case probe:
		_, _ = io.WriteString(w, `{"ip_list":["192.0.2.1"]}`)
	case answer != nil:
		(*answer)(w, r)
	default:
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"errcode":0,"method":%q,"uri":%q,"body":%q}`, r.Method, r.URL.RequestURI(), body)
	}
}

func (p *pool) entries(action string) (found []access.Entry) {
	p.t.Helper()
	all, err := p.room.Audit(p.t.Context(), 0, 500)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, e := range all {
		if e.Action == action {
			found = append(found, e)
		}
	}
	return found
}

func TestATokenIsLentUntilItsPlannedRenewalAndEnteredOnce(t *testing.T) {
	t.Parallel()
	p := newPool(t).world(10 * time.Minute)
	_, jwt := p.client([]string{access.Tokens}, "shop")
	for range 20 {
		r := p.call("GET", "/v1/senders/shop/access-token", jwt, nil)
		m := p.json(r, http.StatusOK)
		if m["access_token"] != "T0" || m["expires_in"].(float64) < 69*60 || m["expires_in"].(float64) > 70*60 || r.header.Get("Cache-Control") != "no-store" {
			t.Fatalf("%v %v", m, r.header)
		}
	}
	if n := len(p.entries("token.reveal")); n != 1 {
		t.Errorf("%d audit entries for one token", n)
	}
}

func TestATokenAboutToBeRenewedIsRenewedBeforeItIsLent(t *testing.T) {
	t.Parallel()
	for age, want := range map[time.Duration]string{78*time.Minute + 50*time.Second: "T0", 79*time.Minute + 5*time.Second: "T1", 3 * time.Hour: "T1"} {
		p := newPool(t).world(age)
		_, jwt := p.client([]string{access.Tokens}, "shop")
		m := p.json(p.call("GET", "/v1/senders/shop/access-token", jwt, nil), http.StatusOK)
		if m["access_token"] != want || m["expires_in"].(float64) < 59 {
			t.Errorf("%s old: %v, want %s", age, m, want)
		}
	}
}

func TestTokensOfOthersAreNotThere(t *testing.T) {
	t.Parallel()
	p := newPool(t).world(0)
	_, jwt := p.client([]string{access.Tokens, access.Proxy}, "shop", "unbound", "gone")
	var answers []string
	for _, code := range []string{"mini", "nosuch"} {
		for _, path := range []string{"/access-token", "/proxy/cgi-bin/user/info"} {
			r := p.call("GET", "/v1/senders/"+code+path, jwt, nil)
			p.refused(r, http.StatusNotFound, codeNotFound, code)
			answers = append(answers, strings.ReplaceAll(string(r.body), code, "?"))
		}
		p.refused(p.call("POST", "/v1/senders/"+code+"/access-token/report", jwt, `{"access_token":"T0"}`), http.StatusNotFound, codeNotFound)
	}
	for _, a := range answers {
		if a != answers[0] {
			t.Errorf("what is not granted is told apart from what is not there: %v", answers)
		}
	}
	p.refused(p.call("GET", "/v1/senders/gone/access-token", jwt, nil), http.StatusNotFound, codeNotFound)
	p.refused(p.call("GET", "/v1/senders/unbound/access-token", jwt, nil), http.StatusConflict, codeConflict, "invitation")
}

func TestAReportRenewsOnlyWhatTheVendorRefuses(t *testing.T) {
	t.Parallel()
	p := newPool(t).world(time.Minute)
	_, jwt := p.client([]string{access.Tokens}, "shop")
	report := func(refused string) map[string]any {
		t.Helper()
		return p.json(p.call("POST", "/v1/senders/shop/access-token/report", jwt, map[string]any{"access_token": refused}), http.StatusOK)
	}
	if m := report("older"); m["result"] != "superseded" || m["access_token"] != "T0" || p.asked.Load() != 0 {
		t.Errorf("not the current one: %v, %d asked", m, p.asked.Load())
	}
	if m := report("T0"); m["result"] != "still_taken" || m["access_token"] != "T0" || p.minted.Load() != 0 || p.asked.Load() != 1 {
		t.Errorf("one that is fine: %v", m)
	}
	report("T0")
	if p.asked.Load() != 1 {
		t.Errorf("the vendor was asked %d times within five seconds", p.asked.Load())
	}
	p.refused(p.call("POST", "/v1/senders/shop/access-token/report", jwt, `{}`), http.StatusBadRequest, codeInvalid, "access_token")
	p.refused(p.call("POST", "/v1/senders/shop/access-token/report", jwt, `{"access_token":"T0","force":true}`), http.StatusBadRequest, codeInvalid, "force")
}

func TestAThousandReportsAtThreeReplicasRenewOnce(t *testing.T) {
	t.Parallel()
	source := sqltest.Source(t, "mysql")
	vendor := &pool{}
	first := servePool(t, sqltest.Open(t, source), vendor).world(time.Minute)
	c, jwt := first.client([]string{access.Tokens}, "shop")
	_ = c
	houses := []*house{first.house}
	for range 2 {
		houses = append(houses, servePool(t, sqltest.Raw(t, source, 0), vendor).house)
	}
	other := "the vendor knows another one only"
	vendor.taken.Store(&other)
	var all sync.WaitGroup
	slots := make(chan struct{}, 100)
	var renewed atomic.Int64
	for i := range 1000 {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			r := houses[i%3].call("POST", "/v1/senders/shop/access-token/report", jwt, map[string]any{"access_token": "T0"})
			if r.status != http.StatusOK || !strings.Contains(string(r.body), `"T1"`) {
				t.Errorf("%d %s", r.status, r.body)
			}
			if strings.Contains(string(r.body), `"renewed"`) {
				renewed.Add(1)
			}
		})
	}
	all.Wait()
	if vendor.minted.Load() != 1 || renewed.Load() == 0 {
		t.Errorf("%d renewals, %d told of it", vendor.minted.Load(), renewed.Load())
	}
	gone := "gone again"
	vendor.taken.Store(&gone)
	again := first.call("POST", "/v1/senders/shop/access-token/report", jwt, map[string]any{"access_token": "T1"})
	first.refused(again, http.StatusServiceUnavailable, codeAway, "30 s")
	if again.header.Get("Retry-After") == "" || vendor.minted.Load() != 1 {
		t.Errorf("refused within 30 s: %v, %d renewals", again.header, vendor.minted.Load())
	}
}

func TestReportsAreLimitedPerClient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // a second here refills the bucket, however slow the machine
		n := 0
		reports := route{who: public, do: func(s *server, c *call) error {
			if n++; n > reportsAtOnce+1 {
				c.who = access.Principal{ClientID: 2}
			}
			return s.reportToken(c) // which would find that the body names no token
		}}
		for calls, want := range map[int]int{reportsAtOnce: http.StatusBadRequest, reportsAtOnce + 1: http.StatusTooManyRequests, reportsAtOnce + 2: http.StatusBadRequest} {
			n = 0
			if last, _ := answerOf(reports, calls); last.Code != want || want == http.StatusTooManyRequests && last.Header().Get("Retry-After") == "" {
				t.Errorf("after %d: %d %v %s", calls, last.Code, last.Header(), last.Body)
			}
		}
	})
}

func TestTheTokenPoolAnswersAsJUMSDoes(t *testing.T) {
	t.Parallel()
	p := newPool(t).world(10 * time.Minute)
	one, jwt := p.client([]string{access.Tokens}, "shop")
	for _, r := range []reply{p.call("GET", "/v1/token?type=wechatoa", jwt, nil), p.call("GET", "/v1/token?type=wechatoa&sender=shop", "", nil, basic(one.ChannelKey, one.Secret))} {
		m := p.json(r, http.StatusOK)
		left, isText := m["expires_in"].(string)
		if m["code"] != 0.0 || m["token"] != "T0" || !isText || len(left) != 4 {
			t.Errorf("%s", r.body)
		}
	}
	p.refused(p.call("GET", "/v1/token", jwt, nil), http.StatusBadRequest, codeInvalid, "type")
	p.refused(p.call("GET", "/v1/token?type=sms", jwt, nil), http.StatusBadRequest, codeInvalid, "type")
	p.refused(p.call("GET", "/v1/token?type=dingtalkcc", jwt, nil), http.StatusBadRequest, 1015012)
	p.refused(p.call("GET", "/v1/token?type=wechatmp", jwt, nil), http.StatusBadRequest, 1015009, "granted")
	p.refused(p.call("GET", "/v1/token?type=wechatoa&sender=shop2", jwt, nil), http.StatusBadRequest, 1015008, "shop2")
	_, two := p.client([]string{access.Tokens}, "shop", "shop2", "unbound")
	p.refused(p.call("GET", "/v1/token?type=wechatoa", two, nil), http.StatusBadRequest, codeInvalid, "sender", "shop2")
	if m := p.json(p.call("GET", "/v1/token?type=wechatoa&sender=shop2", two, nil), http.StatusOK); m["token"] != "T0" {
		t.Errorf("%v", m)
	}
	p.refused(p.call("GET", "/v1/token?type=wechatoa&sender=unbound", two, nil), http.StatusBadRequest, 1015008, "invitation")
	none, _ := p.client([]string{access.Send}, "shop")
	p.refused(p.call("GET", "/v1/token?type=wechatoa", "", nil, basic(none.ChannelKey, none.Secret)), http.StatusForbidden, codeForbidden, access.Tokens)
}
