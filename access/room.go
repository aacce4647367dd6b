package access

import (
	"log/slog"

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
	signer   *signer
	clients  *cache[int64, Client]
	byKey    *cache[string, Client]
	tokens   *cache[string, Token]
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
	return &Room{
		store:    c.Store,
		log:      c.Log,
		signer:   s,
		clients:  newCache(c.Store.Client),
		byKey:    newCache(c.Store.ClientByKey),
		tokens:   newCache(c.Store.Token),
		failures: newFailures(),
		revealed: known,
	}, nil
}
