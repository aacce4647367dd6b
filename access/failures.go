package access

import (
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

// An address may fail this often at once, and then once in so many seconds.
// The limit is per address and never per key: else anybody could lock a client
// out by guessing at its key.
const (
	failuresAtOnce = 20
	failureEvery   = 3 * time.Second
)

// failures counts failed attempts of the last 10,000 addresses.
type failures struct {
	by *lru.Cache[string, *rate.Limiter]
}

func newFailures() *failures {
	by, err := lru.New[string, *rate.Limiter](10_000)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &failures{by}
}

// blocked refuses an address that has failed too often, whatever it brings now.
func (f *failures) blocked(address string) error {
	l, ok := f.by.Get(address)
	if !ok {
		return nil
	}
	if left := l.Tokens(); left < 1 {
		return &TooManyError{time.Duration((1 - left) * float64(failureEvery))}
	}
	return nil
}

// add counts a failure.
func (f *failures) add(address string) {
	l, ok := f.by.Get(address)
	if !ok {
		l = rate.NewLimiter(rate.Every(failureEvery), failuresAtOnce)
		if held, found, _ := f.by.PeekOrAdd(address, l); found {
			l = held
		}
	}
	l.Allow()
}
