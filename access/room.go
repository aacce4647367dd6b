package access

import (
	"context"
	"log/slog"
	"sync/atomic"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"
)

// Config is what the room needs.
type Config struct {
	Store Store
	// Keys sign and verify tokens: the first signs, all verify. 32 bytes or
	// more each, derived from the master keys.
	Keys [][]byte
	// Issuer is the iss claim: the service's public URL.
	Issuer string
	Log    *slog.Logger // nil means slog.Default()
}

// Room answers who may do what. Safe for concurrent use; it has no goroutine
// of its own.
type Room struct {
	store    Store
	log      *slog.Logger
	signer   atomic.Pointer[signer]
	clients  *cache[int64, Client]
	byKey    *cache[string, Client]
	tokens   *cache[string, Token]
	limits   *cache[struct{}, Limits]
	known    atomic.Pointer[Limits] // the last that the store answered
	failures *failures
	revealed *lru.Cache[revealed, struct{}]
	reveals  singleflight.Group
}

// New makes the room; keys that are missing or short are an error.
func New(c Config) (*Room, error) {
	s, err := newSigner(c.Keys, c.Issuer)
	if err != nil {
		return nil, err
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	known, err := lru.New[revealed, struct{}](cached)
	if err != nil {
		return nil, err
	}
	r := &Room{
		store:    c.Store,
		log:      c.Log,
		clients:  newCache(c.Store.Client),
		byKey:    newCache(c.Store.ClientByKey),
		tokens:   newCache(c.Store.Token),
		limits:   newCache(func(ctx context.Context, _ struct{}) (Limits, error) { return c.Store.Limits(ctx) }),
		failures: newFailures(),
		revealed: known,
	}
	r.signer.Store(s)
	return r, nil
}

// Rekey replaces the keys that sign and verify, as Config.Keys has them.
func (r *Room) Rekey(keys [][]byte) error {
	s, err := newSigner(keys, r.signer.Load().issuer)
	if err == nil {
		r.signer.Store(s)
	}
	return err
}
