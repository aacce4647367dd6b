package simulator

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// page is mp.weixin.qq.com's and open.weixin.qq.com's part: pre-auth codes and
// the browsers that show the authorization page just now.
type page struct {
	mu     sync.Mutex
	codes  map[string]time.Time // pre-auth code → end of its life
	visits map[string]*visit    // by the word in the form
}

// visit is one opened authorization page.
type visit struct {
	preAuth    string
	redirect   *url.URL // nil when there is nowhere to return to
	authType   int
	bizAppID   string
	categories []int
	until      time.Time
}

const maxVisits = 10_000

func (p *page) init() {
	p.codes, p.visits = map[string]time.Time{}, map[string]*visit{}
}

func (p *page) newCode(life time.Duration, now time.Time) string {
	value := "preauthcode@@@" + word(48)
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.codes)%1000 == 999 {
		for k, until := range p.codes {
			if now.After(until) {
				delete(p.codes, k)
			}
		}
	}
	p.codes[value] = now.Add(life)
	return value
}

var errPreAuth = errors.New("pre_auth_code is invalid, expired or used; make a new one for every attempt")

func (p *page) alive(code string, now time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until, ok := p.codes[code]; !ok || !now.Before(until) {
		return errPreAuth
	}
	return nil
}

// use ends a code's life, for one authorization.
func (p *page) use(code string, now time.Time) error {
	if err := p.alive(code, now); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, still := p.codes[code]; !still {
		return errPreAuth
	}
	delete(p.codes, code)
	return nil
}

func (p *page) open(v *visit, now time.Time) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for k, old := range p.visits {
		if now.After(old.until) || len(p.visits) >= maxVisits {
			delete(p.visits, k)
		}
	}
	form := word(24)
	p.visits[form] = v
	return form
}

func (p *page) visit(form string, now time.Time) *visit {
	p.mu.Lock()
	defer p.mu.Unlock()
	if v := p.visits[form]; v != nil && now.Before(v.until) {
		return v
	}
	return nil
}

// checkVisit is WeChat's look at the link (component 5.2, 5.3).
func (s *Simulator) checkVisit(q url.Values, referer string, checkReferer bool) (*visit, error) {
	now := time.Now()
	if q.Get("component_appid") != s.cfg.ComponentAppID {
		return nil, errors.New("component_appid is not of a known component")
	}
	v := &visit{preAuth: q.Get("pre_auth_code"), bizAppID: q.Get("biz_appid"), until: now.Add(s.cfg.PreAuthLife)}
	if err := s.page.alive(v.preAuth, now); err != nil {
		return nil, err
	}
	var err error
	if v.authType, err = strconv.Atoi(q.Get("auth_type")); err != nil || !slices.Contains([]int{1, 2, 3, 4, 5, 6, 8}, v.authType) {
		return nil, fmt.Errorf("auth_type %q is none of 1 to 6 and 8", q.Get("auth_type"))
	}
	if v.categories, err = categories(q.Get("category_id_list")); err != nil {
		return nil, err
	}
	v.redirect, err = url.Parse(q.Get("redirect_uri"))
	if err != nil || v.redirect.Host == "" || v.redirect.Scheme != "https" && v.redirect.Scheme != "http" {
		return nil, errors.New("redirect_uri is missing or no address")
	}
	if checkReferer {
		return v, sameHost(referer, v.redirect)
	}
	return v, nil
}

func categories(list string) ([]int, error) {
	if list == "" {
		return nil, nil
	}
	var out []int
	for word := range strings.SplitSeq(list, "|") {
		n, err := strconv.Atoi(word)
		if err != nil {
			return nil, fmt.Errorf("category_id_list: %q is no number; join ids with |", word)
		}
		out = append(out, n)
	}
	return out, nil
}

// sameHost compares bare hosts, as the console's setting holds no port.
func sameHost(referer string, redirect *url.URL) error {
	from, err := url.Parse(referer)
	if err == nil && from.Hostname() != "" && from.Hostname() == redirect.Hostname() {
		return nil
	}
	host := "none"
	if err == nil && from.Hostname() != "" {
		host = from.Hostname()
	}
	return fmt.Errorf("请确认授权入口页所在域名，与授权后回调页所在域名相同 (the page that leads here is on host %s, redirect_uri on host %s; they must be the same, and the browser must send a Referer)", host, redirect.Hostname())
}

func (v *visit) shows(a *account) bool {
	if a.profile.MobileApp {
		return false
	}
	switch v.authType {
	case 1:
		return !a.profile.MiniProgram
	case 2:
		return a.profile.MiniProgram
	}
	return v.authType == 3 || v.authType == 6
}

// offered are the sets the page ticks for an account.
func (v *visit) offered(a *account) []int {
	if v.categories == nil {
		return a.profile.Sets
	}
	return slices.DeleteFunc(slices.Clone(a.profile.Sets), func(set int) bool { return !slices.Contains(v.categories, set) })
}

// openPage serves the authorization page, desktop and mobile.
func (s *Simulator) openPage(w http.ResponseWriter, r *http.Request) {
	v, err := s.checkVisit(r.URL.Query(), r.Referer(), true)
	if err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	view := pageView{Component: s.cfg.ComponentAppID, Form: s.page.open(v, time.Now()), Action: r.URL.Path}
	for _, a := range s.world.all() {
		if s.mayAuthorize(v, a, nil) == nil && len(view.Accounts) < maxShown {
			view.Accounts = append(view.Accounts, accountChoice{Account: a.profile, Kind: a.kind(), Offered: v.offered(a)})
		}
	}
	render(w, "page", view)
}

// submitPage is the administrator's click on Authorize or Cancel.
func (s *Simulator) submitPage(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxRequestBody)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form cannot be read", http.StatusBadRequest)
		return
	}
	v := s.page.visit(r.PostForm.Get("form"), time.Now())
	if v == nil {
		http.Error(w, "this page is too old; open the authorization link again", http.StatusForbidden)
		return
	}
	if r.PostForm.Get("do") == "cancel" {
		render(w, "cancelled", nil)
		return
	}
	appID := r.PostForm.Get("appid")
	sets, err := ticked(r.PostForm["set-"+appID])
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	out, err := s.authorize(r.Context(), v, Authorization{AppID: appID, Sets: sets})
	if err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	http.Redirect(w, r, out.Location, http.StatusFound)
}

func ticked(values []string) ([]int, error) {
	sets := []int{}
	for _, v := range values {
		n, err := strconv.Atoi(v)
		if err != nil {
			return nil, fmt.Errorf("permission set %q is no number", v)
		}
		sets = append(sets, n)
	}
	return sets, nil
}
