package simulator

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// What an account with a secret of its own has: the AppSecret and the tokens
// that are had with it, apart from those of an authorization (component 10,
// messages 10).
type own struct {
	mu     sync.Mutex
	secret string
	ips    []string // empty: every address may ask
	frozen bool

	stable, stablePrevious fading
	plain, plainPrevious   fading
	forced                 time.Time
	minute                 counted // calls of stable_token
	day                    counted // calls of token
	forces                 counted
}

const (
	stableEarly   = 5 * time.Minute // before its end a stable token is followed by a new one
	stablePerMin  = 10_000
	plainPerDay   = 2_000
	forcesPerDay  = 20
	betweenForces = 30 * time.Second
)

// counted is a number of calls in a period that begins with the first of them.
type counted struct {
	since time.Time
	n     int
}

// over books a call and tells whether it is one too many.
func (c *counted) over(most int, period time.Duration, now time.Time) bool {
	if now.Sub(c.since) >= period {
		c.since, c.n = now, 0
	}
	c.n++
	return c.n > most
}

// ownFields are what both calls take, one in its body, the other in its query.
type ownFields struct {
	Grant  string `json:"grant_type"`
	AppID  string `json:"appid"`
	Secret string `json:"secret"`
	Force  bool   `json:"force_refresh"`
}

// readOwn reads a call that shows a secret.
func (s *Simulator) readOwn(q *request) {
	if q.endpoint.method == http.MethodGet {
		v := q.URL.Query()
		q.own = ownFields{Grant: v.Get("grant_type"), AppID: v.Get("appid"), Secret: v.Get("secret")}
	} else if err := json.Unmarshal(q.body, &q.own); err != nil && q.bad == nil {
		q.bad = refuse(47001)
	}
	q.account = s.world.find(q.own.AppID)
}

// checkOwn is what both calls refuse. An account that authorized a platform and
// gave no secret away is no exception: nobody knows a right one.
func (s *Simulator) checkOwn(q *request) *refusal {
	switch f := q.own; {
	case f.Grant != "client_credential" && !strings.HasPrefix(q.endpoint.path, "/sns/"):
		return refuse(40002)
	case f.AppID == "":
		return refuse(41002)
	case q.account == nil:
		return refuse(40013)
	case f.Secret == "":
		return refuse(41004)
	}
	o := &q.account.own
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.secret == "" || q.own.Secret != o.secret:
		return refuse(40125)
	case o.frozen:
		return refuse(40243)
	case len(o.ips) > 0 && !slices.Contains(o.ips, clientIP(q.Request)):
		return refuse(40164)
	}
	return nil
}

// ownToken is the answer of both.
type ownToken struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   int64  `json:"expires_in"`
}

// stableToken gives the same token while it is good; in its last five minutes
// a new one, and both are good for those (messages 10.2).
func (s *Simulator) stableToken(q *request) (any, *refusal) {
	a, o := q.account, &q.account.own
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.minute.over(stablePerMin, time.Minute, q.now) {
		return nil, refuse(45011)
	}
	force := q.own.Force && q.now.Sub(o.forced) >= betweenForces
	if force && o.forces.over(forcesPerDay, 24*time.Hour, q.now) {
		return nil, refuse(45009)
	}
	early := min(stableEarly, s.cfg.TokenLife/4)
	if force || o.stable.until.Sub(q.now) <= early {
		o.stablePrevious = o.stable
		if force {
			o.stablePrevious, o.forced = fading{}, q.now
		}
		o.stable = fading{markedToken(ownMark, a), q.now.Add(s.cfg.TokenLife)}
		a.mints.Add(1)
	}
	return ownToken{o.stable.value, seconds(o.stable.until.Sub(q.now))}, nil
}

// plainToken makes a new token each time; the one before has five minutes
// left. Stable tokens know nothing of it (messages 10.1, 10.2).
func (s *Simulator) plainToken(q *request) (any, *refusal) {
	a, o := q.account, &q.account.own
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.day.over(plainPerDay, 24*time.Hour, q.now) {
		return nil, refuse(45009)
	}
	o.plainPrevious = fading{o.plain.value, earlier(o.plain.until, q.now.Add(max(s.cfg.TokenOverlap, 0)))}
	o.plain = fading{markedToken(ownMark, a), q.now.Add(s.cfg.TokenLife)}
	a.mints.Add(1)
	return ownToken{o.plain.value, seconds(s.cfg.TokenLife)}, nil
}

// check tells whether a token that was had with the secret is good.
func (o *own) check(token string, now time.Time) *refusal {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, t := range []fading{o.stable, o.stablePrevious, o.plain, o.plainPrevious} {
		switch {
		case t.is(token, now):
			return nil
		case t.value == token:
			return refuse(42001)
		}
	}
	return refuse(40001)
}
