package health_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"wechattpp/health"
	"wechattpp/wechat"
)

// well is an account of which nothing is wrong.
func well() health.Facts {
	return health.Facts{Kind: health.Account,
		Account: health.AccountFacts{Exists: true, Bound: true, Known: true, Status: 1}, Token: health.TokenFacts{Kept: true, Refresh: true}}
}

func TestEachFactBecomesItsFinding(t *testing.T) {
	t.Parallel()
	refused := func(class string, code int) wechat.Cause { return wechat.Cause{Class: class, Code: code, RID: "r-1"} }
	for name, c := range map[string]struct {
		change func(*health.Facts)
		want   string // codes with levels, the worst first
	}{
		"nothing is wrong": {func(*health.Facts) {}, ""},
		"a bound account that ended is missed": {func(f *health.Facts) {
			f.Account.Ended, f.Account.Cause = true, refused(wechat.ClassAuthorization, 61003)
		},
			"needs_reauthorization error"},
		"of one that ended nothing else is told": {func(f *health.Facts) { f.Account.Ended, f.Account.Required, f.Token.Refresh = true, []int{7}, false },
			"needs_reauthorization error"},
		"nobody misses one that was not bound":        {func(f *health.Facts) { f.Account.Ended, f.Account.Bound = true, false }, "needs_reauthorization info"},
		"no refresh token":                            {func(f *health.Facts) { f.Token.Refresh = false }, "no_refresh_token error"},
		"required and advised sets are apart":         {func(f *health.Facts) { f.Account.Required, f.Account.Advised = []int{7, 89}, []int{11} }, "permission_missing error, permission_advised info"},
		"an unknown profile says nothing of the sets": {func(f *health.Facts) { f.Account.Known, f.Account.Required = false, []int{7} }, ""},
		"a profile that cannot be fetched":            {func(f *health.Facts) { f.Account.Known, f.Account.Failures = false, 1 }, "profile_missing warning"},
		"an account outside of the test list": {func(f *health.Facts) {
			f.Account.Known, f.Account.Failures, f.Account.Cause = false, 1, refused(wechat.ClassUnpublished, 61028)
		}, "not_released error"},
		"unclaimed":                             {func(f *health.Facts) { f.Account.Bound = false }, "unclaimed warning"},
		"wanted, and its profile on the way":    {func(f *health.Facts) { f.Account.Bound, f.Account.Wanted = false, true }, ""},
		"waiting for the administrator":         {func(f *health.Facts) { f.Account.Bound, f.Account.Wanted, f.Account.Waiting = false, true, "kind" }, "waiting_for_admin warning"},
		"warned":                                {func(f *health.Facts) { f.Account.Status = 18 }, "account_limited warning"},
		"frozen":                                {func(f *health.Facts) { f.Account.Status = 19 }, "account_limited error"},
		"a status that is not told":             {func(f *health.Facts) { f.Account.Status = 0 }, ""},
		"two failed renewals are nothing":       {func(f *health.Facts) { f.Token.Failures = 2 }, ""},
		"three are late":                        {func(f *health.Facts) { f.Token.Failures = 3 }, "token_late warning"},
		"a doubtful refusal is late, not ended": {func(f *health.Facts) { f.Token.Failures, f.Token.Cause = 3, refused(wechat.ClassAuthorization, 61003) }, "token_late warning"},
		"an address at once":                    {func(f *health.Facts) { f.Token.Failures, f.Token.Cause = 1, refused(wechat.ClassAddress, 40164) }, "address_not_allowed error"},
		"what a success left behind is nothing": {func(f *health.Facts) { f.Token.Cause = refused(wechat.ClassAddress, 40164) }, ""},
		"a refused send": {func(f *health.Facts) {
			f.Pauses = []health.PauseFacts{{Cause: refused(wechat.ClassPermission, 61007), Set: 7}}
		}, "permission_missing error"},
		"a quota":                         {func(f *health.Facts) { f.Pauses = []health.PauseFacts{{Cause: refused(wechat.ClassQuota, 45009)}} }, "quota_used_up warning"},
		"a pause of another kind is none": {func(f *health.Facts) { f.Pauses = []health.PauseFacts{{Detail: "45011"}} }, ""},
		"a secret, once tried": {func(f *health.Facts) {
			*f = health.Facts{Kind: health.Sender, Token: health.TokenFacts{Kept: true, Rests: true, Failures: 1, Problem: "x", Cause: refused(wechat.ClassSecret, 40125)}}
		}, "wrong_secret error"},
		"a secret that rests for a reason that is not told": {func(f *health.Facts) {
			*f = health.Facts{Kind: health.Sender, Token: health.TokenFacts{Kept: true, Rests: true, Failures: 1, Problem: "x"}}
		}, "wrong_secret error"},
		"the platform": {func(f *health.Facts) {
			*f = health.Facts{Kind: health.Component, Alarm: "9 of 10", Token: health.TokenFacts{Kept: true, Failures: 1, Cause: refused(wechat.ClassTicket, 61006)}}
		}, "list_implausible error, ticket_missing error"},
		"an AppID that never authorized": {func(f *health.Facts) { f.Account.Exists, f.Token.Refresh = false, false }, ""},
	} {
		f := well()
		c.change(&f)
		var got []string
		for _, x := range health.Assess(f) {
			got = append(got, fmt.Sprintf("%s %s", x.Code, x.Level))
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%s: %v, want %q", name, got, c.want)
		}
	}
}

func TestARefusalAndTheRecordAreOneFindingWithTheSetsOfBoth(t *testing.T) {
	t.Parallel()
	f := well()
	f.Account.Required = []int{89}
	f.Pauses = []health.PauseFacts{{Cause: wechat.Cause{Class: wechat.ClassPermission, Code: 61007, RID: "r-7"}, Set: 7}}
	found := health.Assess(f)
	if len(found) != 1 || !slices.Equal(found[0].Sets, []int{7, 89}) || found[0].Cause.RID != "r-7" {
		t.Errorf("%+v", found)
	}
}

func TestOnlyWhatIsNewIsADifference(t *testing.T) {
	t.Parallel()
	at := func(code int, address, rid string) health.Finding {
		return health.Finding{Code: health.AddressNotAllowed, Level: health.Error, Cause: wechat.Cause{Code: code, Address: address, RID: rid}}
	}
	weCom := at(60020, "192.0.2.1", "a")
	weCom.Cause.WeCom = true
	unclaimed := health.Finding{Code: health.Unclaimed, Level: health.Warning}
	for name, c := range map[string]struct {
		before, now     []health.Finding
		appeared, ended int
	}{
		"nothing":         {nil, nil, 0, 0},
		"a new one":       {nil, []health.Finding{unclaimed}, 1, 0},
		"an ended one":    {[]health.Finding{unclaimed}, nil, 0, 1},
		"one for another": {[]health.Finding{unclaimed}, []health.Finding{at(61004, "192.0.2.1", "a")}, 1, 1},
		"the same again":  {[]health.Finding{at(61004, "192.0.2.1", "a")}, []health.Finding{at(61004, "192.0.2.1", "b")}, 0, 0},
		"one stored before WeCom's were told apart": {[]health.Finding{at(60020, "192.0.2.1", "a")}, []health.Finding{weCom}, 1, 0},
		"another address": {[]health.Finding{at(61004, "192.0.2.1", "a")}, []health.Finding{at(61004, "192.0.2.2", "a")}, 1, 0},
	} {
		appeared, ended := health.Diff(c.before, c.now)
		if len(appeared) != c.appeared || len(ended) != c.ended {
			t.Errorf("%s: appeared %v, ended %v", name, appeared, ended)
		}
	}
}

func TestARemedyNamesThePlaceAndTheAddress(t *testing.T) {
	t.Parallel()
	for code, place := range map[int]string{61004: "then publish", 40164: "account's own", 60020: "trusted IPs", 301042: "trusted IPs"} {
		f := health.Finding{Code: health.AddressNotAllowed, Cause: wechat.Cause{Code: code, Address: "192.0.2.9", WeCom: code == 60020 || code == 301042}}
		if !strings.Contains(f.Remedy("shop"), place) || !strings.Contains(f.Text(), "192.0.2.9") {
			t.Errorf("%d: %s; %s", code, f.Text(), f.Remedy("shop"))
		}
	}
	f := health.Finding{Code: health.NeedsReauthorization}
	if r := f.Remedy("shop"); !strings.Contains(r, "POST /v1/senders/shop/invitations") {
		t.Error(r)
	}
	for code := range health.Levels() {
		f := health.Finding{Code: code}
		if f.Text() == "" || f.Remedy("") == "" {
			t.Errorf("%s has no text or no remedy", code)
		}
	}
}

func TestWhatWeComRefusedIsMendedAtWeCom(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		class  string
		code   int
		remedy string
	}{
		{wechat.ClassSecret, 40056, "PATCH /v1/senders/office with corp_id, agent_id or secret"},
		{wechat.ClassPermission, 48001, "应用管理"},
		{wechat.ClassPermission, 84074, "客户联系"},
		{wechat.ClassAccount, 50003, "work.weixin.qq.com"},
		{wechat.ClassAccount, 93000, "PATCH /v1/senders/office with secret"},
		{wechat.ClassAddress, 840002, "企业可信IP"},
		{wechat.ClassQuota, 45009, "checkCorpSpamBlock"},
	} {
		found := health.Assess(health.Facts{Kind: health.WeCom, Pauses: []health.PauseFacts{{Cause: wechat.Cause{Class: c.class, Code: c.code, WeCom: true}, Detail: "x"}}})
		if len(found) != 1 {
			t.Fatalf("%d: %+v", c.code, found)
		}
		told := found[0].Text() + "; " + found[0].Remedy("office")
		if !strings.Contains(told, c.remedy) || !strings.Contains(told, "WeCom") && !strings.Contains(told, "company") || strings.Contains(told, "WeChat") || strings.Contains(told, "invitations") {
			t.Errorf("%d: %s", c.code, told)
		}
	}
}
