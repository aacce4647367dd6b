package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"wechattpp/simulator"
)

// subscribing is a service with an Official Account and a Mini Program, both of
// which authorized the platform.
type subscribing struct {
	*mainJob
	admin *caller
	mini  simulator.Account
}

func newSubscribing(t *testing.T, w *world) *subscribing {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	samples := simulator.SampleWorld()
	j := &mainJob{t, w, w.start(t), ctx, samples[0]}
	s := &subscribing{j, j.r.admin(), samples[2]}
	j.authorize(s.admin)
	(&mainJob{t, w, j.r, ctx, s.mini}).authorizeAs(s.admin, "mpQueue", "wechatmp")
	if err := s.admin.call(ctx, http.MethodPost, "/v1/senders/mpQueue/templates/refresh", nil, nil); err != nil { // else each send warns of that
		t.Fatal(err)
	}
	return s
}

type grant struct {
	OpenID string `json:"openid"`
	Left   int    `json:"left"`
	Word   string `json:"last_word"`
	Sent   int    `json:"sent"`
}

// grants waits until the ledger of a sender tells what is wanted of a template.
func (s *subscribing) grants(sender, template, want string) {
	s.t.Helper()
	got := ""
	err := until(s.ctx, "the ledger", func() (bool, error) {
		var page struct{ Items []grant }
		err := s.admin.call(s.ctx, http.MethodGet, "/v1/senders/"+sender+"/grants?template_id="+url.QueryEscape(template), nil, &page)
		var all []string
		for _, g := range page.Items {
			all = append(all, fmt.Sprintf("%s:%d %s, %d sent", g.OpenID, g.Left, g.Word, g.Sent))
		}
		got = strings.Join(all, "; ")
		return got == want, err
	})
	if err != nil {
		s.t.Fatalf("the ledger says %s, want %s (%v)", got, want, err)
	}
}

func (s *subscribing) subscribe(b simulator.Subscription) {
	s.t.Helper()
	b.AppID = s.mini.AppID
	if b.OpenID == "" {
		b.OpenID = s.mini.Followers[0]
	}
	b.TemplateID = s.mini.Templates[0].ID
	if err := s.w.Subscribe(s.ctx, b); err != nil {
		s.t.Fatal(err)
	}
}

// called sends a subscribe message to the Mini Program's first user.
func (s *subscribing) called() []string {
	s.t.Helper()
	var sent struct{ Warnings []string }
	err := s.admin.call(s.ctx, http.MethodPost, "/v1/sent", map[string]any{
		"aud_wechatmp": []any{map[string]any{"sender": "mpQueue", "data": []string{s.mini.Followers[0]}}},
		"msg_wechatmp": []any{map[string]any{"sender": "mpQueue", "template_id": s.mini.Templates[0].ID, "data": map[string]any{
			"phrase1": map[string]any{"value": "已叫号"}, "character_string2": map[string]any{"value": "A012"}, "date3": map[string]any{"value": "2026-06-01 10:10"}}}},
	}, &sent)
	if err != nil {
		s.t.Fatal(err)
	}
	return sent.Warnings
}

// nextSecond waits for another second to be told: by it alone WeChat tells two
// answers of a user from one that it pushes twice.
func nextSecond() { time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second))) }

// TestACustomerMessageWarnsUntilTheUserHasWritten holds what the vendor's windows
// mean before sending: the events that came are looked at, and refuse nothing.
func TestACustomerMessageWarnsUntilTheUserHasWritten(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := newSubscribing(t, newWorld(t, kind))
			who := s.shop.Followers[0]
			answer := func() string {
				var sent struct{ Warnings []string }
				err := s.admin.call(s.ctx, http.MethodPost, "/v1/sent", map[string]any{
					"aud_wechatoa": []any{map[string]any{"sender": jobSender, "data": []string{who}}},
					"msg_wechatoa": []any{map[string]any{"sender": jobSender, "type": 3, "msgtype": "text", "text": map[string]any{"content": "您好"}}},
				}, &sent)
				if err != nil {
					t.Fatal(err)
				}
				return strings.Join(sent.Warnings, "; ")
			}
			if got := answer(); !strings.Contains(got, who) || !strings.Contains(got, "45015") {
				t.Errorf("before: %q", got)
			}
			if _, err := s.w.Say(s.ctx, simulator.Message{AppID: s.shop.AppID, OpenID: who, Content: "在吗"}); err != nil {
				t.Fatal(err)
			}
			if got := answer(); got != "" {
				t.Errorf("after a message: %q", got)
			}
		})
	}
}

func TestTheLedgerFollowsWhatWeChatTellsAndWhatIsSent(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := newSubscribing(t, newWorld(t, kind))
			template, who := s.mini.Templates[0].ID, s.mini.Followers[0]
			s.subscribe(simulator.Subscription{})
			nextSecond()
			s.subscribe(simulator.Subscription{})
			s.grants("mpQueue", template, who+":2 accept, 0 sent")
			if got := s.called(); len(got) != 0 {
				t.Errorf("warned of %v", got)
			}
			s.grants("mpQueue", template, who+":1 accept, 1 sent") // once, though its event comes, too
			if err := s.w.SentElsewhere(s.ctx, s.mini.AppID, who, template); err != nil {
				t.Fatal(err)
			}
			s.grants("mpQueue", template, who+":0 accept, 2 sent")
			if got := s.called(); len(got) != 1 || !strings.Contains(got[0], who) {
				t.Errorf("warned of %v", got)
			}
			s.grants("mpQueue", template, who+":0 no_right, 2 sent")
			nextSecond()
			s.subscribe(simulator.Subscription{})
			s.grants("mpQueue", template, who+":1 accept, 2 sent")
			s.r.killAndRestart()
			s.r.ready()
			nextSecond()
			s.subscribe(simulator.Subscription{Action: "refuse"})
			s.grants("mpQueue", template, who+":0 refused, 2 sent")
		})
	}
}

func TestAOneTimeSubscriptionFromItsLinkToItsMessage(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := newSubscribing(t, newWorld(t, kind))
			public, _ := url.Parse(s.r.url())
			domains := map[string]any{"business_domains": []string{"shop.example.com", public.Hostname()}}
			if err := s.admin.call(s.ctx, http.MethodPatch, "/v1/senders/"+jobSender, domains, nil); err != nil {
				t.Fatal(err)
			}
			var made struct{ URL string }
			link := map[string]any{"scene": 1000, "template_id": s.shop.OneTime, "redirect_url": "https://shop.example.com/back"}
			if err := s.admin.call(s.ctx, http.MethodPost, "/v1/senders/"+jobSender+"/subscribe-links", link, &made); err != nil {
				t.Fatal(err)
			}
			who := s.shop.Followers[0]
			back, err := s.w.Confirm(simulator.Confirmation{Link: made.URL, OpenID: who, Action: "confirm"})
			if err != nil {
				t.Fatal(err)
			}
			s.r.killAndRestart()
			s.r.ready()
			res := s.open(&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, back)
			if to := res.Header.Get("Location"); res.StatusCode != http.StatusFound || !strings.HasPrefix(to, "https://shop.example.com/back?action=confirm&openid="+who) {
				t.Fatalf("%s to %s", res.Status, to)
			}
			s.grants(jobSender, s.shop.OneTime, who+":1 confirm, 0 sent")
			message := map[string]any{
				"aud_wechatoa": []any{map[string]any{"data": []string{who}}},
				"msg_wechatoa": []any{map[string]any{"type": 2, "template_id": s.shop.OneTime, "scene": 1000, "title": "预约结果", "content": "您的预约已确认"}},
			}
			if err := s.admin.call(s.ctx, http.MethodPost, "/v1/sent", message, nil); err != nil {
				t.Fatal(err)
			}
			s.grants(jobSender, s.shop.OneTime, who+":0 confirm, 1 sent")
			if sends := s.w.Ledger().Sends; len(sends) != 1 || sends[0].OpenID != who {
				t.Errorf("sent %v", sends)
			}
			if strings.Contains(s.r.log.String(), "reserved=") {
				t.Error("the log holds the value of a return")
			}
		})
	}
}

func TestPagesAreSignedWithOneTicketForAllReplicas(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "mysql")
	s := newSubscribing(t, w)
	other := w.start(t)
	const page = "https://shop.example.com/a?b=1&c=%E4%BD%A0"
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			base := []string{s.r.url(), other.url()}[i%2]
			signed := simulator.PageSignature{AppID: s.shop.AppID, URL: page}
			err := newCaller(base, s.admin.auth).call(s.ctx, http.MethodGet, "/v1/senders/"+jobSender+"/js-config?url="+url.QueryEscape(page+"#top"), nil, &signed)
			if err == nil {
				err = w.CheckPage(signed)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	const ticket = "/cgi-bin/ticket/getticket"
	if n := w.Calls().Paths[ticket]; n != 1 {
		t.Errorf("the ticket was fetched %d times", n)
	}
	s.r.killAndRestart()
	s.r.ready()
	config := func(query string) error {
		return s.admin.call(s.ctx, http.MethodGet, "/v1/senders/"+jobSender+"/js-config"+query, nil, nil)
	}
	if err := config("?url=" + page); err != nil || w.Calls().Paths[ticket] != 1 {
		t.Errorf("after a restart: %v, fetched %d times", err, w.Calls().Paths[ticket])
	}
	for _, bad := range []string{"", "?url=ftp%3A%2F%2Fshop.example.com", "?url=https%3A%2F%2Fa%40b.example.com", "?url=%23top"} {
		var refused *apiError
		if err := config(bad); !errors.As(err, &refused) || refused.Status != http.StatusBadRequest {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if err := w.ChangeSets(s.ctx, simulator.SetsChange{AppID: s.shop.AppID, Sets: []int{1, 7, 89}}); err != nil {
		t.Fatal(err)
	}
	err := until(s.ctx, "a refusal that names the set", func() (bool, error) {
		err := config("?url=" + page)
		return err != nil && strings.Contains(err.Error(), "4 (网页服务"), nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestARefusedTicketIsToldAndAskedForAgainAfterAWhile(t *testing.T) {
	t.Parallel()
	s := newSubscribing(t, newWorld(t, "sqlite"))
	const ticket = "/cgi-bin/ticket/getticket"
	if err := s.w.Fail(simulator.Fault{Path: ticket, Code: -1}); err != nil {
		t.Fatal(err)
	}
	config := func() *apiError {
		var refused *apiError
		err := s.admin.call(s.ctx, http.MethodGet, "/v1/senders/"+jobSender+"/js-config?url=https%3A%2F%2Fshop.example.com%2F", nil, nil)
		if err != nil && !errors.As(err, &refused) {
			t.Fatal(err)
		}
		return refused
	}
	if e := config(); e == nil || e.Status != http.StatusBadGateway {
		t.Errorf("WeChat is busy: %v", e)
	}
	if e := config(); e == nil || e.Status != http.StatusServiceUnavailable || !strings.Contains(e.Error(), "getticket") {
		t.Errorf("a moment later: %v", e)
	}
	if n := s.w.Calls().Paths[ticket]; n != 1 {
		t.Errorf("asked %d times", n)
	}
	if err := until(s.ctx, "a signature", func() (bool, error) { return config() == nil, nil }); err != nil {
		t.Error(err)
	}
}
