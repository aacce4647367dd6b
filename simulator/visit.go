package simulator

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// visitCodes are the codes of web authorizations and Mini Program logins, which
// work once for five minutes (messages 8.2, 8.3).
type visitCodes struct {
	mu     sync.Mutex
	byCode map[string]*visitCode
}

type visitCode struct {
	appID, openID string
	component     bool // it was asked for by the platform, so that only the platform can exchange it
	mini          bool
	snapshot      bool
	used          bool
	until         time.Time
}

const (
	visitLife    = 5 * time.Minute
	maxVisitCode = 10_000
)

func (c *visitCodes) add(v visitCode, now time.Time) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k, old := range c.byCode {
		if now.Sub(old.until) > visitLife || len(c.byCode) >= maxVisitCode {
			delete(c.byCode, k)
		}
	}
	if c.byCode == nil {
		c.byCode = map[string]*visitCode{}
	}
	v.until = now.Add(visitLife)
	code := word(24)
	c.byCode[code] = &v
	return code
}

func (c *visitCodes) take(code string, is func(*visitCode) bool, now time.Time) (*visitCode, *refusal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v := c.byCode[code]
	switch {
	case code == "":
		return nil, refuse(41008)
	case v == nil || !is(v):
		return nil, refuse(40029)
	case v.used:
		return nil, refuse(40163)
	case !now.Before(v.until):
		return nil, refuse(42003)
	}
	v.used = true
	return v, nil
}

// Visit is a person opening a web authorization link inside WeChat.
type Visit struct {
	Link     string `json:"link"`
	OpenID   string `json:"openid"`             // of a WeCom app's link the userid, or for somebody else anything
	Snapshot bool   `json:"snapshot,omitempty"` // the page is shown as a snapshot: the openid is made up
	Refuse   bool   `json:"refuse,omitempty"`
}

// Visit checks the link as WeChat does, the order of its parameters included,
// and answers where the browser is sent (component 6.1, messages 8.2).
func (s *Simulator) Visit(v Visit) (location string, err error) {
	q, err := s.checkLink(v.Link)
	if err != nil {
		return "", err
	}
	back := url.Values{"state": {q.Get("state")}}
	byComponent := q.Get("component_appid") != ""
	if byComponent {
		back.Set("appid", q.Get("appid"))
	}
	if !v.Refuse {
		if v.OpenID == "" {
			return "", errors.New("openid must not be empty")
		}
		back.Set("code", s.visits.add(visitCode{appID: q.Get("appid"), openID: v.OpenID, component: byComponent, snapshot: v.Snapshot}, time.Now()))
	}
	to, _ := url.Parse(q.Get("redirect_uri")) // checked
	all := to.Query()
	for k, values := range back {
		all[k] = values
	}
	to.RawQuery = all.Encode()
	return to.String(), nil
}

var linkOrders = [][]string{
	{"appid", "redirect_uri", "response_type", "scope", "state"},
	{"appid", "redirect_uri", "response_type", "scope", "state", "component_appid"},
}

func (s *Simulator) checkLink(link string) (url.Values, error) {
	u, err := url.Parse(link)
	if err != nil || !strings.HasSuffix(u.Path, "/connect/oauth2/authorize") || u.Fragment != "wechat_redirect" {
		return nil, errors.New("the link is no web authorization link, or lacks #wechat_redirect")
	}
	var names []string
	for part := range strings.SplitSeq(u.RawQuery, "&") {
		name, _, _ := strings.Cut(part, "=")
		names = append(names, name)
	}
	q := u.Query()
	if c := s.wecom.find(q.Get("appid")); c != nil {
		return q, c.checkLink(names, q)
	}
	a := s.world.find(q.Get("appid"))
	to, bad := url.Parse(q.Get("redirect_uri"))
	state := q.Get("state")
	switch {
	case !slices.ContainsFunc(linkOrders, func(o []string) bool { return slices.Equal(o, names) }):
		return nil, fmt.Errorf("the parameters are %v, which is not the documented order", names)
	case a == nil || a.profile.MiniProgram:
		return nil, errors.New("appid is no Official Account")
	case q.Get("response_type") != "code" || !slices.Contains([]string{"snsapi_base", "snsapi_userinfo"}, q.Get("scope")):
		return nil, errors.New("10005: Scope 参数错误或没有 Scope 权限")
	case bad != nil || to.Host == "":
		return nil, errors.New("redirect_uri 域名与后台配置不一致 (10003)")
	case len(state) > 128 || strings.ContainsFunc(state, func(c rune) bool { return !strings.ContainsRune(alphanumeric, c) }):
		return nil, errors.New("state must be letters and digits, at most 128")
	case len(names) == len(linkOrders[1]):
		return q, s.checkPlatform(a, q.Get("component_appid"))
	}
	return q, nil
}

const alphanumeric = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

func (s *Simulator) checkPlatform(a *account, component string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if component != s.cfg.ComponentAppID || !a.authorized || !slices.Contains(a.granted, setWeb) {
		return fmt.Errorf("the account did not grant set %d (web) to this component", setWeb)
	}
	return nil
}

// LoginCode is what wx.login gives to a Mini Program of a person.
func (s *Simulator) LoginCode(appID, openID string) (string, error) {
	a := s.world.find(appID)
	if a == nil || !a.profile.MiniProgram {
		return "", fmt.Errorf("%q is no Mini Program of this world", appID)
	}
	return s.visits.add(visitCode{appID: appID, openID: openID, mini: true}, time.Now()), nil
}

// visitor answers all four calls that exchange such a code.
func (s *Simulator) visitor(q *request, code string, is func(*visitCode) bool) (any, *refusal) {
	v := q.URL.Query()
	if v.Get("grant_type") != "authorization_code" {
		return nil, refuse(40002)
	}
	c, fail := s.visits.take(code, func(c *visitCode) bool { return c.appID == v.Get("appid") && is(c) }, q.now)
	if fail != nil {
		return nil, fail
	}
	if c.mini {
		return map[string]any{"openid": c.openID, "session_key": word(16) + "=="}, nil
	}
	out := map[string]any{"access_token": "90_" + word(64), "expires_in": 7200, "refresh_token": "90_" + word(64), "openid": c.openID, "scope": "snsapi_base"}
	if c.snapshot {
		out["is_snapshotuser"] = 1
	}
	return out, nil
}

// componentVisitor and componentLogin are the platform's.
func (s *Simulator) componentVisitor(q *request) (any, *refusal) {
	if fail := s.authorizedSet(q, setWeb); fail != nil {
		return nil, fail
	}
	return s.visitor(q, q.URL.Query().Get("code"), func(c *visitCode) bool { return c.component && !c.mini })
}

func (s *Simulator) componentLogin(q *request) (any, *refusal) {
	if fail := s.authorizedSet(q, 0); fail != nil {
		return nil, fail
	}
	return s.visitor(q, q.URL.Query().Get("js_code"), func(c *visitCode) bool { return c.mini })
}

func (s *Simulator) authorizedSet(q *request, set int) *refusal {
	if q.account == nil {
		return refuse(40013)
	}
	q.account.mu.Lock()
	defer q.account.mu.Unlock()
	if !q.account.authorized {
		return refuse(61003)
	}
	if set != 0 && !slices.Contains(q.account.granted, set) {
		return refuse(61007)
	}
	return nil
}

// ownVisitor and ownLogin show the AppSecret.
func (s *Simulator) ownVisitor(q *request) (any, *refusal) {
	return s.visitor(q, q.URL.Query().Get("code"), func(c *visitCode) bool { return !c.component && !c.mini })
}

func (s *Simulator) ownLogin(q *request) (any, *refusal) {
	return s.visitor(q, q.URL.Query().Get("js_code"), func(c *visitCode) bool { return c.mini })
}

const followersPage = 10_000

// listFollowers pages through openids (messages 8.1).
func (s *Simulator) listFollowers(q *request) (any, *refusal) {
	if q.account.profile.MiniProgram {
		return nil, refuse(48001)
	}
	after := q.URL.Query().Get("next_openid")
	c := q.account.catalog
	var all []string
	c.mu.RLock()
	for id, state := range c.people {
		if state != followedOnce {
			all = append(all, id)
		}
	}
	c.mu.RUnlock()
	slices.Sort(all)
	if after != "" && !slices.Contains(all, after) && c.person(after) == 0 {
		return nil, refuse(40003)
	}
	i, found := slices.BinarySearch(all, after)
	if found {
		i++
	}
	page := all[i:min(i+followersPage, len(all))]
	out := map[string]any{"total": len(all), "count": len(page), "next_openid": ""}
	if len(page) > 0 {
		out["data"] = map[string]any{"openid": page}
		out["next_openid"] = page[len(page)-1]
	}
	return out, nil
}

func (s *Simulator) controlVisit(w http.ResponseWriter, r *http.Request) {
	var v Visit
	err := read(w, r, &v)
	location := ""
	if err == nil {
		location, err = s.Visit(v)
	}
	reply(w, map[string]string{"location": location}, err)
}

func (s *Simulator) controlLogin(w http.ResponseWriter, r *http.Request) {
	var l struct {
		AppID  string `json:"appid"`
		OpenID string `json:"openid"`
	}
	err := read(w, r, &l)
	code := ""
	if err == nil {
		code, err = s.LoginCode(l.AppID, l.OpenID)
	}
	reply(w, map[string]string{"code": code}, err)
}

// openConnect sends a browser on at once, as WeChat does for scope snsapi_base.
// Who it is, the header X-Simulated-OpenID says; by default a follower.
func (s *Simulator) openConnect(w http.ResponseWriter, r *http.Request) {
	link := "https://open.weixin.qq.com" + r.URL.RequestURI() + "#wechat_redirect" // no browser sends the fragment
	v := Visit{Link: link, OpenID: r.Header.Get("X-Simulated-OpenID")}
	if a := s.world.find(r.URL.Query().Get("appid")); v.OpenID == "" && a != nil && len(a.profile.Followers) > 0 {
		v.OpenID = a.profile.Followers[0]
	}
	if c := s.wecom.find(r.URL.Query().Get("appid")); v.OpenID == "" && c != nil && len(c.profile.Members) > 0 {
		v.OpenID = c.profile.Members[0]
	}
	to, err := s.Visit(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	http.Redirect(w, r, to, http.StatusFound)
}
