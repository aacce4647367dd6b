package simulator

import (
	"sync"
	"time"
)

// component is the platform's own state: tickets and its token.
type component struct {
	mu       sync.RWMutex
	tickets  []fading // oldest first, at most maxTickets
	healthy  bool     // the last ticket push was answered
	token    fading
	previous fading
	mints    int
	minted   int // since the quota was cleared
	cleared  int // times this month; the simulator's month does not end
}

const maxTickets = 1000

// newTicket makes the ticket of one push. Each push carries a new value; the
// vendor does not say whether it does, and a platform must take either.
func (c *component) newTicket(life time.Duration, now time.Time) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.tickets) >= maxTickets {
		c.tickets = append(c.tickets[:0], c.tickets[1:]...)
	}
	t := fading{"ticket@@@" + word(66), now.Add(life)}
	c.tickets = append(c.tickets, t)
	return t.value
}

func (c *component) checkTicket(value string, now time.Time) *refusal {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for _, t := range c.tickets {
		if value != "" && t.value == value {
			if now.Before(t.until) {
				return nil
			}
			return refuse(61005)
		}
	}
	return refuse(61006)
}

func (c *component) check(token string, now time.Time) *refusal {
	c.mu.RLock()
	defer c.mu.RUnlock()
	switch {
	case token != "" && token == c.token.value:
		if now.Before(c.token.until) {
			return nil
		}
		return refuse(42001)
	case c.previous.is(token, now):
		return nil
	}
	return refuse(40001)
}

func (c *component) mint(life, overlap time.Duration, now time.Time) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.previous = fading{}
	if overlap > 0 && now.Before(c.token.until) {
		c.previous = fading{c.token.value, earlier(c.token.until, now.Add(overlap))}
	}
	c.token = fading{componentMark + word(96), now.Add(life)}
	c.mints++
	c.minted++
	return c.token.value
}

func (c *component) answered(ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.healthy = ok
}

// componentFields are the members of all component API bodies together.
type componentFields struct {
	ComponentAppID  string `json:"component_appid"`
	AppSecret       string `json:"component_appsecret"`
	Secret          string `json:"component_secret"`
	PlainSecret     string `json:"appsecret"`
	PlainAppID      string `json:"appid"`
	Ticket          string `json:"component_verify_ticket"`
	Code            string `json:"authorization_code"`
	AuthorizerAppID string `json:"authorizer_appid"`
	RefreshToken    string `json:"authorizer_refresh_token"`
	Offset          int    `json:"offset"`
	Count           *int   `json:"count"`
}

func (s *Simulator) mintComponentToken(q *request) (any, *refusal) {
	if q.fields.AppSecret != s.cfg.ComponentSecret {
		return nil, refuse(40125)
	}
	if fail := s.component.checkTicket(q.fields.Ticket, q.now); fail != nil {
		return nil, fail
	}
	if s.cfg.MintQuota > 0 && s.component.mintedSince() >= s.cfg.MintQuota {
		return nil, refuse(45009)
	}
	return struct {
		Token     string `json:"component_access_token"`
		ExpiresIn int64  `json:"expires_in"`
	}{s.component.mint(s.cfg.TokenLife, s.cfg.ComponentOverlap, q.now), seconds(s.cfg.TokenLife)}, nil
}

func (c *component) mintedSince() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.minted
}

// clearQuota gives the platform's quota back, ten times a month (component 4.9).
func (s *Simulator) clearQuota(q *request) (any, *refusal) {
	switch {
	case q.fields.PlainSecret != s.cfg.ComponentSecret:
		return nil, refuse(40125)
	case q.fields.PlainAppID != s.cfg.ComponentAppID:
		return nil, refuse(40013)
	}
	s.component.mu.Lock()
	defer s.component.mu.Unlock()
	if s.component.cleared >= 10 {
		return nil, refuse(48006)
	}
	s.component.cleared++
	s.component.minted = 0
	return errorAnswer{0, "ok"}, nil
}

// startPushTicket answers "ok" if pushing was broken; that it tells a healthy
// push apart by its text is from staff and community (component 2.1).
func (s *Simulator) startPushTicket(q *request) (any, *refusal) {
	if q.fields.Secret != s.cfg.ComponentSecret {
		return nil, refuse(40125)
	}
	s.component.mu.RLock()
	healthy := s.component.healthy
	s.component.mu.RUnlock()
	s.PushTicket()
	if healthy {
		return errorAnswer{0, "ok, the push of component_verify_ticket is in a normal state"}, nil
	}
	return errorAnswer{0, "ok"}, nil
}

func (s *Simulator) createPreAuthCode(q *request) (any, *refusal) {
	return struct {
		Code      string `json:"pre_auth_code"`
		ExpiresIn int64  `json:"expires_in"`
	}{s.page.newCode(s.cfg.PreAuthLife, q.now), seconds(s.cfg.PreAuthLife)}, nil
}
