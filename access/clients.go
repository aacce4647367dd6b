package access

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// KeepMost is how long a rotation may leave the old secret good.
const KeepMost = 24 * time.Hour

// Limits of a client's fields.
const (
	nameMost    = 64
	keyMost     = 64
	sendersMost = 1000
	ownersMost  = 1000
	secretLeast = 20
	secretMost  = 128
)

// channelKey is what may be imported: anything that Basic authentication can
// carry as a name. JUMS's own have 24 lower-case hex digits.
var channelKey = regexp.MustCompile(`^[A-Za-z0-9._-]{8,64}$`)

// Create makes a client. Empty ChannelKey and Secret are made anew; given ones
// are taken over from JUMS, so that a business system needs only a new address.
// The answer holds the secret, this once. Errors: *InputError, fs.ErrExist.
func (r *Room) Create(ctx context.Context, c Client) (Client, error) {
	if c.Kind == "" {
		c.Kind = Channel
	}
	if c.Kind == AccessKey && len(c.Scopes) == 0 {
		c.Scopes = []string{Users, UsersDelete}
	}
	if err := checkNew(c); err != nil {
		return Client{}, err
	}
	if c.ChannelKey == "" {
		c.ChannelKey = randomHex(12)
	}
	if c.Secret == "" {
		c.Secret = randomHex(24)
	}
	defer r.byKey.forget(c.ChannelKey)
	return r.store.CreateClient(ctx, c)
}

// Find answers a client without its secrets; fs.ErrNotExist if there is none.
func (r *Room) Find(ctx context.Context, id int64) (Client, error) {
	c, err := r.store.Client(ctx, id)
	c.Secret, c.Previous = "", ""
	return c, err
}

// Clients lists up to limit clients with ids above after, by id, without
// secrets.
func (r *Room) Clients(ctx context.Context, after int64, limit int) ([]Client, error) {
	return r.store.Clients(ctx, after, limit)
}

// Update changes whatever of a client can change. Errors: *InputError,
// fs.ErrNotExist.
func (r *Room) Update(ctx context.Context, id int64, change func(*Client)) (Client, error) {
	c, err := r.store.UpdateClient(ctx, id, func(c *Client) error {
		change(c)
		return checkClient(*c)
	})
	r.forget(id, c.ChannelKey)
	return c, err
}

// Rotate gives a client a new secret, answered this once. The old one stays
// good for keep, at most KeepMost; with 0 it ends at once, and with it every
// token made with it.
func (r *Room) Rotate(ctx context.Context, id int64, keep time.Duration) (Client, error) {
	if keep < 0 || keep > KeepMost {
		return Client{}, &InputError{"keep_old", `must be a time from "0s" to "24h": the old secret cannot stay longer`}
	}
	secret := randomHex(24)
	c, err := r.store.Rotate(ctx, id, secret, keep)
	r.forget(id, c.ChannelKey)
	c.Secret, c.Previous = secret, ""
	return c, err
}

// Delete ends a client; its tokens are refused by every replica within 2 s.
func (r *Room) Delete(ctx context.Context, id int64) error {
	c, err := r.Find(ctx, id)
	if err != nil {
		return err
	}
	defer r.forget(id, c.ChannelKey)
	return r.store.DeleteClient(ctx, id)
}

func (r *Room) forget(id int64, key string) {
	r.clients.forget(id)
	r.byKey.forget(key)
}

func checkNew(c Client) error {
	switch {
	case c.Kind != Channel && c.Kind != AccessKey:
		return &InputError{"kind", "must be channel or access_key"}
	case (c.ChannelKey == "") != (c.Secret == ""):
		return &InputError{"channel_key", "and master_secret must be given together, or neither: then both are made"}
	case c.ChannelKey != "" && !channelKey.MatchString(c.ChannelKey):
		return &InputError{"channel_key", "must have 8 to 64 letters, digits, dots, dashes or underscores"}
	case c.Secret != "" && !goodSecret(c.Secret):
		return &InputError{"master_secret", fmt.Sprintf("must have %d to %d printable ASCII characters: rotate to get a better one", secretLeast, secretMost)}
	}
	return checkClient(c)
}

func goodSecret(s string) bool {
	strange := func(r rune) bool { return r < '!' || r > '~' }
	return len(s) >= secretLeast && len(s) <= secretMost && !strings.ContainsFunc(s, strange)
}

func checkClient(c Client) error {
	switch {
	case strings.TrimSpace(c.Name) == "" || utf8.RuneCountInString(c.Name) > nameMost:
		return &InputError{"name", fmt.Sprintf("must have 1 to %d characters", nameMost)}
	case len(c.Senders) > sendersMost:
		return &InputError{"senders", fmt.Sprintf("has %d codes: at most %d are possible", len(c.Senders), sendersMost)}
	}
	for i, s := range c.Senders {
		if s == "" || len(s) > 64 || slices.Contains(c.Senders[:i], s) {
			return &InputError{fmt.Sprintf("senders[%d]", i), "must be a sender's code of 1 to 64 bytes, named once"}
		}
	}
	if c.Kind == AccessKey && len(c.Senders) > 0 {
		return &InputError{"senders", "must be empty for an access_key: it cannot send"}
	}
	if err := checkPrefixes(c.ProxyPrefixes, c.Kind == AccessKey); err != nil {
		return err
	}
	if err := checkRate("calls_per_second", c.CallsPerSecond); err != nil {
		return err
	}
	if err := checkOwners(c); err != nil {
		return err
	}
	return checkScopes(c.Scopes, c.Kind == AccessKey)
}

// checkScopes holds scopes to what there is, and an access key to users.
func checkScopes(given []string, accessKey bool) error {
	if len(given) == 0 {
		return &InputError{"scopes", "is empty: name at least one of " + strings.Join(scopes, ", ")}
	}
	for i, s := range given {
		at := fmt.Sprintf("scopes[%d]", i)
		switch {
		case !slices.Contains(scopes, s):
			return &InputError{at, "must be one of " + strings.Join(scopes, ", ")}
		case slices.Contains(given[:i], s):
			return &InputError{at, "names " + s + " again: name each once"}
		case s == UsersDelete && !accessKey:
			return &InputError{at, "users:delete is given to clients of kind access_key only"}
		case accessKey && s != Users && s != UsersDelete:
			return &InputError{at, "must be users or users:delete for an access_key"}
		}
	}
	return nil
}

// randomHex makes 2n lower-case hex digits, as JUMS's keys look.
func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails, says crypto/rand
	return hex.EncodeToString(b)
}
