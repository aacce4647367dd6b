package simulator

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Account is an Official Account or Mini Program of the simulated world.
type Account struct {
	AppID       string     `json:"appid"`     // wx + 16 characters
	UserName    string     `json:"user_name"` // gh_…, the ToUserName of its pushes
	NickName    string     `json:"nick_name"`
	Principal   string     `json:"principal_name,omitempty"`
	MiniProgram bool       `json:"mini_program,omitempty"`
	MobileApp   bool       `json:"mobile_app,omitempty"` // registered on the open platform; has no user_name, followers or sets
	Sets        []int      `json:"sets,omitempty"`       // permission sets it can grant
	Followers   []string   `json:"followers,omitempty"`  // openids
	Former      []string   `json:"former,omitempty"`     // followed once: a send is refused with 43004
	Blocking    []string   `json:"blocking,omitempty"`   // followers whose outcome is "failed:user block"
	Templates   []Template `json:"templates,omitempty"`
	OneTime     string     `json:"one_time,omitempty"`         // template of one-time subscriptions
	Domains     []string   `json:"business_domains,omitempty"` // hosts that its pages may lead back to; none = any
	Pages       []string   `json:"pages,omitempty"`            // published pages of a Mini Program; none = any

	Tags        map[string][]string `json:"tags,omitempty"`         // openids by WeChat's number of a tag, for mass sends
	WeChatNames []string            `json:"wechat_names,omitempty"` // to whom a mass send may be previewed by name

	Secret string   `json:"secret,omitempty"`  // AppSecret; "" = nobody was given one
	IPList []string `json:"ip_list,omitempty"` // addresses that may ask for tokens with the secret; none = every one
}

// Template is one message template of an account. The parameter names are read
// from Content's {{name.DATA}}.
type Template struct {
	ID      string              `json:"template_id"`
	Type    int                 `json:"type,omitempty"` // 0 template message, 2 one-time and 3 long-term subscription
	Title   string              `json:"title"`
	Content string              `json:"content"`
	Example string              `json:"example,omitempty"`
	Values  map[string][]string `json:"values,omitempty"` // the approved values of const and enum parameters; none = any
}

// Grant is what a platform has stored of an account that authorized it.
type Grant struct {
	AppID        string `json:"appid"`
	RefreshToken string `json:"refresh_token"`
}

type following byte

const (
	follows following = iota + 1
	followedOnce
	blocks
)

// catalog is the part of an account that many bulk accounts share; templates
// are those they begin with.
type catalog struct {
	templates *stock

	mu     sync.RWMutex
	people map[string]following
}

func (c *catalog) person(openID string) following {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.people[openID]
}

type account struct {
	index     int
	profile   Account // Followers and the like are in catalog
	catalog   *catalog
	templates shelf
	reads     atomic.Int32    // of lists of templates
	calls     []atomic.Uint32 // by endpoint
	mints     atomic.Uint32
	own       own
	rights    rights
	pages     pageTickets
	chats     chats

	articles articles

	mu         sync.Mutex
	granted    []int // sorted; only while authorized
	authorized bool
	exchanged  bool // the platform has seen the refresh token
	generation int  // of the authorization; codes of an older one are void
	status     int  // account_status, 0 is 1: normal
	authTime   time.Time
	refresh    string
	oldRefresh fading
	token      fading
	previous   fading
}

// fading is a word that is good until its time.
type fading struct {
	value string
	until time.Time
}

func (f fading) is(value string, now time.Time) bool {
	return f.value != "" && f.value == value && now.Before(f.until)
}

func (a *account) kind() string {
	if a.profile.MobileApp {
		return "mobile app"
	}
	if a.profile.MiniProgram {
		return "Mini Program"
	}
	return "Official Account"
}

// AddAccount puts accounts into the world, not yet authorized. An AppID that
// is there already is an error and changes nothing of it.
func (s *Simulator) AddAccount(accounts ...Account) error {
	for _, a := range accounts {
		if a.AppID == "" || a.UserName == "" && !a.MobileApp {
			return fmt.Errorf("account %q: appid and user_name must not be empty", a.AppID)
		}
		if a.MobileApp && (a.MiniProgram || a.UserName != "" || len(a.Sets) > 0) {
			return fmt.Errorf("account %q: a mobile app has no user_name and no sets, and is no Mini Program", a.AppID)
		}
		if err := checkIPs(a.IPList); err != nil {
			return fmt.Errorf("account %q: %w", a.AppID, err)
		}
		if _, added := s.world.add(a, newCatalog(a)); !added {
			return fmt.Errorf("account %q exists already; use another appid", a.AppID)
		}
	}
	return nil
}

// AddAccounts adds n Official Accounts that have authorized the component and
// whose code was exchanged, with appids of prefix (default "wx") and a hex
// number, 18 characters together. They share one template and all followers.
// Called again with the same prefix it answers the accounts it made before.
func (s *Simulator) AddAccounts(n int, prefix string) []Grant {
	prefix = cmp.Or(prefix, "wx")
	shared := newCatalog(bulk)
	grants := make([]Grant, n)
	for i := range grants {
		p := bulk
		p.Followers, p.Templates = nil, nil
		p.AppID = fmt.Sprintf("%s%0*x", prefix, max(18-len(prefix), 1), i)
		p.UserName = fmt.Sprintf("gh_%s%x", prefix, i)
		p.NickName = fmt.Sprintf("账号 %d", i)
		a, added := s.world.add(p, shared)
		grants[i] = a.exchange(added, time.Now())
	}
	return grants
}

// Grant authorizes an account with all its sets and exchanges the code, in one
// step and without any push.
func (s *Simulator) Grant(appID string) (Grant, error) {
	a := s.world.find(appID)
	if a == nil {
		return Grant{}, noAccount(appID)
	}
	return a.exchange(true, time.Now()), nil
}

// AddFollowers gives an account n more followers, openids of 28 characters
// beginning with prefix (default "o"), and returns them.
func (s *Simulator) AddFollowers(appID string, n int, prefix string) ([]string, error) {
	a := s.world.find(appID)
	if a == nil {
		return nil, noAccount(appID)
	}
	prefix = cmp.Or(prefix, "o")
	openIDs := make([]string, n)
	a.catalog.mu.Lock()
	defer a.catalog.mu.Unlock()
	for i := range openIDs {
		openIDs[i] = fmt.Sprintf("%s%0*d", prefix, max(28-len(prefix), 1), i)
		a.catalog.people[openIDs[i]] = follows
	}
	return openIDs, nil
}

func noAccount(appID string) error {
	return fmt.Errorf("no account %q in the simulated world; add it first", appID)
}

func newCatalog(a Account) *catalog {
	c := &catalog{templates: newStock(a.Templates), people: map[string]following{}}
	for state, openIDs := range map[following][]string{follows: a.Followers, followedOnce: a.Former} {
		for _, id := range openIDs {
			c.people[id] = state
		}
	}
	for _, id := range a.Blocking {
		c.people[id] = blocks
	}
	return c
}

// grant starts an authorization: a new refresh token, and the stored access
// token dies at once (component 4.12). The caller holds a.mu.
func (a *account) grant(sets []int, now time.Time) {
	a.granted = sortedSets(sets)
	a.authorized, a.exchanged = true, false
	a.generation++
	a.authTime = now
	a.refresh = "refreshtoken@@@" + word(32)
	a.oldRefresh, a.token, a.previous = fading{}, fading{}, fading{}
}

// exchange is an authorization, if a new one is asked for, with its code used.
func (a *account) exchange(anew bool, now time.Time) Grant {
	a.mu.Lock()
	defer a.mu.Unlock()
	if anew {
		a.grant(a.profile.Sets, now)
	}
	a.exchanged = true
	return Grant{a.profile.AppID, a.refresh}
}

func sortedSets(sets []int) []int {
	sets = slices.Clone(sets)
	slices.Sort(sets)
	return slices.Compact(sets)
}

// world is all accounts, by appid and in the order they came.
type world struct {
	counters  int             // calls are counted by account and endpoint
	component []atomic.Uint32 // calls for no account

	mu    sync.RWMutex
	byID  map[string]*account
	order []*account
}

func (w *world) add(p Account, c *catalog) (*account, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if a, ok := w.byID[p.AppID]; ok {
		return a, false
	}
	p.Sets = sortedSets(p.Sets)
	secret, ips := p.Secret, p.IPList
	p.Secret, p.IPList = "", nil // the profile is shown
	a := &account{index: len(w.order), profile: p, catalog: c, calls: make([]atomic.Uint32, w.counters)}
	a.own.secret, a.own.ips = secret, ips
	a.templates.now.Store(c.templates)
	w.byID[p.AppID] = a
	w.order = append(w.order, a)
	return a, true
}

func (w *world) find(appID string) *account {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.byID[appID]
}

func (w *world) number(i int) *account {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if i < 0 || i >= len(w.order) {
		return nil
	}
	return w.order[i]
}

// all is a snapshot: the slice is only ever appended to.
func (w *world) all() []*account {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.order[:len(w.order):len(w.order)]
}
