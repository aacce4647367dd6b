package api

import (
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

// rates limits calls per caller. It remembers the last 10,000 callers; one who
// fell out begins with a full bucket.
type rates struct {
	by *lru.Cache[string, *rate.Limiter]
}

func newRates() *rates {
	by, err := lru.New[string, *rate.Limiter](10_000)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &rates{by}
}

// minutes limits calls of a page: so many in a minute that begins with the
// first, and no more until it is over. A bucket that fills up again would let
// twice as many through in its first minute.
type minutes struct {
	mu sync.Mutex
	by *lru.Cache[string, minute]
}

type minute struct {
	start time.Time
	calls int
}

func newMinutes() *minutes {
	by, err := lru.New[string, minute](10_000)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &minutes{by: by}
}

// take counts a call; what it answers above 0 is how long to wait.
func (m *minutes) take(key string, most int) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	now, _ := m.by.Get(key)
	if time.Since(now.start) >= time.Minute {
		now = minute{start: time.Now()}
	}
	if now.calls >= most {
		return time.Until(now.start.Add(time.Minute))
	}
	now.calls++
	m.by.Add(key, now)
	return 0
}

// take counts a call; what it answers above 0 is how long to wait. The headers
// are those that Jiguang's clients read.
func (r *rates) take(key string, perSecond float64, burst int, h http.Header) time.Duration {
	l, ok := r.by.Get(key)
	if !ok {
		l = rate.NewLimiter(rate.Limit(perSecond), burst)
		if held, found, _ := r.by.PeekOrAdd(key, l); found {
			l = held
		}
	}
	if l.Limit() != rate.Limit(perSecond) { // the setting has changed
		l.SetLimit(rate.Limit(perSecond))
		l.SetBurst(burst)
	}
	allowed := l.Allow()
	left := math.Max(l.Tokens(), 0)
	h.Set("X-Rate-Limit-Limit", strconv.Itoa(burst))
	h.Set("X-Rate-Limit-Remaining", strconv.Itoa(int(left)))
	h.Set("X-Rate-Limit-Reset", strconv.Itoa(int(math.Ceil((float64(burst)-left)/perSecond))))
	if allowed {
		return 0
	}
	return time.Duration(math.Max((1-left)/perSecond*float64(time.Second), float64(time.Millisecond)))
}
