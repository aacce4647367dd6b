package access

import (
	"context"
	"crypto/subtle"
	"errors"
	"io/fs"
	"slices"
)

// nobody is compared with when there is no such client, so that the answer
// takes the same time.
var nobody = Client{Secret: "0000000000000000000000000000000000000000", Previous: "0000000000000000000000000000000000000000"}

// Basic tells who holds this key and secret. address is who is counted when it
// fails. Errors: ErrDenied, ErrDisabled, *TooManyError; others are the store's.
func (r *Room) Basic(ctx context.Context, address, key, secret string) (Principal, error) {
	c, err := r.authenticate(ctx, address, key, secret)
	if err != nil {
		return Principal{}, err
	}
	return principal(c, c.Scopes), nil
}

// authenticate takes the secret in any of the spellings given.
func (r *Room) authenticate(ctx context.Context, address, key string, spellings ...string) (Client, error) {
	if err := r.failures.blocked(address); err != nil {
		return Client{}, err
	}
	c, err := r.byKey.get(ctx, cut(key, keyMost+1)) // a longer one is nobody's, and shall not fill the memory
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Client{}, err
	}
	if err != nil {
		c = nobody
	}
	if !matches(c, spellings) || c.ID == 0 {
		r.failures.add(address)
		return Client{}, ErrDenied
	}
	if c.Disabled {
		return Client{}, ErrDisabled
	}
	return c, nil
}

// matches compares both secrets always, in constant time.
func matches(c Client, spellings []string) bool {
	now, before := 0, 0
	for _, s := range spellings {
		now |= subtle.ConstantTimeCompare([]byte(c.Secret), []byte(s))
		before |= subtle.ConstantTimeCompare([]byte(c.Previous), []byte(s))
	}
	return c.Secret != "" && now == 1 || c.Previous != "" && c.PreviousLife > 0 && before == 1
}

// Bearer tells who holds this token. Errors: ErrDenied, ErrDisabled; others are
// the store's. What the client's row allows now counts, not what it allowed
// when the token was made.
func (r *Room) Bearer(ctx context.Context, token string) (Principal, error) {
	c, err := r.signer.Load().verify(token)
	if err != nil {
		return Principal{}, err
	}
	if c.Client == 0 {
		return r.administrator(ctx, c)
	}
	row, err := r.clients.get(ctx, c.Client)
	if errors.Is(err, fs.ErrNotExist) || err == nil && row.Generation != c.Generation {
		return Principal{}, ErrDenied
	}
	if err != nil {
		return Principal{}, err
	}
	if row.Disabled {
		return Principal{}, ErrDisabled
	}
	return principal(row, narrowed(row.Scopes, c.scopes())), nil
}

func (r *Room) administrator(ctx context.Context, c claims) (Principal, error) {
	t, err := r.tokens.get(ctx, c.ID)
	if errors.Is(err, fs.ErrNotExist) || err == nil && (t.Revoked || t.Life <= 0) {
		return Principal{}, ErrDenied
	}
	return Principal{Name: t.Subject, Scopes: t.Scopes}, err
}

func principal(c Client, scopes []string) Principal {
	return Principal{ClientID: c.ID, Name: c.Name, Kind: c.Kind, ChannelKey: c.ChannelKey, Scopes: scopes, Senders: c.Senders, Prefixes: c.ProxyPrefixes,
		Rate: c.CallsPerSecond, Approval: c.Approval, Owners: c.Owners}
}

// narrowed is what both the client and its token allow.
func narrowed(allowed, asked []string) []string {
	var both []string
	for _, s := range asked {
		if slices.Contains(allowed, s) || slices.Contains(allowed, Admin) && s != UsersDelete {
			both = append(both, s)
		}
	}
	return both
}
