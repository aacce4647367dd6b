package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	lru "github.com/hashicorp/golang-lru/v2"
)

const (
	audience = "wechattpp"
	// TokenLife is how long a client's token is good.
	TokenLife = time.Hour
	// AdminLife is how long an administrator's token is good at most.
	AdminLife = 30 * 24 * time.Hour
)

// claims of a token. A client's has Client and its generation; an
// administrator's is a row, found by its jti.
type claims struct {
	jwt.RegisteredClaims
	Client     int64  `json:"client_id,omitempty"`
	Generation int64  `json:"gen,omitempty"`
	Scope      string `json:"scope"`
}

// signer signs with its first key and verifies with all. Each key is known by
// a kid and good for HS256 only: the algorithm a token names decides nothing.
type signer struct {
	issuer string
	first  string
	keys   map[string][]byte
	parser *jwt.Parser
	// known are the claims of tokens that were verified, by the tokens' digests:
	// a busy client shows the same one thousands of times a second.
	known *lru.Cache[[sha256.Size]byte, claims]
}

func newSigner(keys [][]byte, issuer string) (*signer, error) {
	s := &signer{issuer: issuer, keys: map[string][]byte{}}
	for i, key := range keys {
		if len(key) < 32 {
			return nil, fmt.Errorf("token key %d has %d bytes: at least 32 are needed", i, len(key))
		}
		kid := keyID(key)
		s.keys[kid] = key
		if i == 0 {
			s.first = kid
		}
	}
	if s.first == "" {
		return nil, errors.New("no token key is given")
	}
	known, err := lru.New[[sha256.Size]byte, claims](cached)
	if err != nil {
		return nil, err
	}
	s.known = known
	s.parser = jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithAudience(audience),
		jwt.WithExpirationRequired(), jwt.WithStrictDecoding())
	return s, nil
}

// keyID names a key by a digest that tells nothing else about it.
func keyID(key []byte) string {
	sum := sha256.Sum256(append([]byte("wechattpp kid "), key...))
	return hex.EncodeToString(sum[:8])
}

// sign makes a token and answers its id.
func (s *signer) sign(c claims, life time.Duration) (token, id string, err error) {
	now := time.Now()
	c.RegisteredClaims = jwt.RegisteredClaims{
		Issuer:    s.issuer,
		Subject:   c.Subject,
		Audience:  jwt.ClaimStrings{audience},
		ExpiresAt: jwt.NewNumericDate(now.Add(life)),
		IssuedAt:  jwt.NewNumericDate(now),
		ID:        rand.Text(),
	}
	t := jwt.NewWithClaims(jwt.SigningMethodHS256, c)
	t.Header["kid"] = s.first
	token, err = t.SignedString(s.keys[s.first])
	return token, c.ID, err
}

// verify answers the claims of a token that is ours, whole and in time; else
// ErrDenied. The cause is not told: it helps only who forges.
func (s *signer) verify(token string) (claims, error) {
	var c claims
	if len(token) > 4096 {
		return c, ErrDenied
	}
	digest := sha256.Sum256([]byte(token))
	if c, ok := s.known.Get(digest); ok {
		if !time.Now().Before(c.ExpiresAt.Time) {
			return claims{}, ErrDenied
		}
		return c, nil
	}
	_, err := s.parser.ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) {
		kid, _ := t.Header["kid"].(string)
		key, ok := s.keys[kid]
		if !ok {
			return nil, errors.New("unknown kid")
		}
		return key, nil
	})
	if err != nil || c.ID == "" {
		return claims{}, ErrDenied
	}
	s.known.Add(digest, c)
	return c, nil
}

func (c claims) scopes() []string { return strings.Fields(c.Scope) }
