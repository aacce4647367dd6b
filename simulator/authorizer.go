package simulator

import (
	"sync"
	"time"
)

// codes are the authorization codes not yet exchanged. They work once; that
// the vendor says so nowhere is no reason to rely on more (component 4.4).
type codes struct {
	mu     sync.Mutex
	byCode map[string]*code
}

type code struct {
	account    *account
	generation int
	until      time.Time
}

// forgetAfter is how long an expired code still answers 61010 instead of 61009.
const forgetAfter = time.Hour

func (c *codes) add(a *account, generation int, life time.Duration, now time.Time) string {
	value := "queryauthcode@@@" + word(48)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.byCode)%1000 == 999 {
		for k, v := range c.byCode {
			if now.Sub(v.until) > forgetAfter {
				delete(c.byCode, k)
			}
		}
	}
	c.byCode[value] = &code{a, generation, now.Add(life)}
	return value
}

func (c *codes) owner(value string) *account {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.byCode[value]; e != nil {
		return e.account
	}
	return nil
}

func (c *codes) take(value string, now time.Time) (*code, *refusal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.byCode[value]
	if e == nil {
		return nil, refuse(61009)
	}
	if !now.Before(e.until) {
		return nil, refuse(61010)
	}
	delete(c.byCode, value)
	return e, nil
}

type authorizationInfo struct {
	AppID        string    `json:"authorizer_appid"`
	AccessToken  string    `json:"authorizer_access_token,omitempty"`
	ExpiresIn    int64     `json:"expires_in,omitempty"`
	RefreshToken string    `json:"authorizer_refresh_token,omitempty"`
	Sets         []funcSet `json:"func_info"`
}

type funcSet struct {
	Category struct {
		ID int `json:"id"`
	} `json:"funcscope_category"`
}

func funcInfo(sets []int) []funcSet {
	out := make([]funcSet, len(sets))
	for i, id := range sets {
		out[i].Category.ID = id
	}
	return out
}

// queryAuth exchanges a code. An account that granted nothing gets no tokens.
func (s *Simulator) queryAuth(q *request) (any, *refusal) {
	c, fail := s.codes.take(q.fields.Code, q.now)
	if fail != nil {
		return nil, fail
	}
	a := c.account
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.authorized || c.generation != a.generation {
		return nil, refuse(61009)
	}
	info := authorizationInfo{AppID: a.profile.AppID, Sets: funcInfo(a.granted)}
	if len(a.granted) > 0 {
		a.exchanged = true
		a.mint(s.cfg.TokenLife, s.cfg.TokenOverlap, q.now)
		info.AccessToken, info.RefreshToken, info.ExpiresIn = a.token.value, a.refresh, seconds(s.cfg.TokenLife)
	}
	return struct {
		Info authorizationInfo `json:"authorization_info"`
	}{info}, nil
}

func (s *Simulator) renewAuthorizerToken(q *request) (any, *refusal) {
	a := q.account
	if a == nil {
		return nil, refuse(61003)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.authorized || isTestAccount(a.profile.AppID) {
		return nil, refuse(61003)
	}
	given := q.fields.RefreshToken
	if given == "" || given != a.refresh && !a.oldRefresh.is(given, q.now) {
		return nil, refuse(61023)
	}
	if s.cfg.RotateRefresh && given == a.refresh {
		a.oldRefresh = fading{a.refresh, q.now.Add(refreshOverlap)}
		a.refresh = "refreshtoken@@@" + word(32)
	}
	a.exchanged = true
	a.mint(s.cfg.TokenLife, s.cfg.TokenOverlap, q.now)
	return struct {
		AccessToken  string `json:"authorizer_access_token"`
		ExpiresIn    int64  `json:"expires_in"`
		RefreshToken string `json:"authorizer_refresh_token"`
	}{a.token.value, seconds(s.cfg.TokenLife), a.refresh}, nil
}

// shownRefresh is what info and list tell: nothing before the code was
// exchanged (component 4.5). The caller holds a.mu.
func (a *account) shownRefresh() string {
	if a.exchanged {
		return a.refresh
	}
	return ""
}
