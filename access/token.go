package access

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Grant is a client's token.
type Grant struct {
	Token  string
	Life   time.Duration
	Scopes []string
}

// Exchange gives a client a token for its key and secret (RFC 6749 4.4). scope
// is a space-separated part of what the client may; empty is all of it. The
// secret may come in several spellings. Errors: those of Basic, and ErrScope.
func (r *Room) Exchange(ctx context.Context, address, key, scope string, secret ...string) (Grant, error) {
	c, err := r.authenticate(ctx, address, key, secret...)
	if err != nil {
		return Grant{}, err
	}
	asked := strings.Fields(scope)
	if len(asked) == 0 {
		asked = c.Scopes
	}
	if len(narrowed(c.Scopes, asked)) != len(asked) {
		return Grant{}, ErrScope
	}
	slices.Sort(asked)
	asked = slices.Compact(asked)
	made := claims{Client: c.ID, Generation: c.Generation, Scope: strings.Join(asked, " ")}
	made.Subject = fmt.Sprint(c.ID)
	token, _, err := r.signer.Load().sign(made, TokenLife)
	return Grant{token, TokenLife, asked}, err
}

// Issue makes an administrator's token: for whom, with which scopes, for how
// long, at most AdminLife. Only its id is kept.
func (r *Room) Issue(ctx context.Context, subject string, scopes []string, life time.Duration) (token string, t Token, err error) {
	if err := checkIssue(subject, scopes, life); err != nil {
		return "", Token{}, err
	}
	made := claims{Scope: strings.Join(scopes, " ")}
	made.Subject = subject
	token, id, err := r.signer.Load().sign(made, life)
	if err != nil {
		return "", Token{}, err
	}
	t, err = r.store.IssueToken(ctx, Token{ID: id, Subject: subject, Scopes: scopes, Life: life})
	return token, t, err
}

func checkIssue(subject string, scopes []string, life time.Duration) error {
	switch {
	case subject == "" || len(subject) > 64:
		return &InputError{"subject", "must have 1 to 64 bytes: say for whom the token is"}
	case life < time.Second || life > AdminLife:
		return &InputError{"ttl", fmt.Sprintf("must be from 1s to %s (30 days): choose a shorter one", AdminLife)}
	}
	return checkScopes(scopes, false)
}

// Revoke ends an administrator's token; every replica refuses it within 2 s.
// fs.ErrNotExist: there is none with this id.
func (r *Room) Revoke(ctx context.Context, id string) error {
	defer r.tokens.forget(id)
	return r.store.RevokeToken(ctx, id)
}

// Issued lists administrators' tokens, newest first: up to limit with a Seq below
// before, 0 for the beginning.
func (r *Room) Issued(ctx context.Context, before int64, limit int) ([]Token, error) {
	return r.store.Tokens(ctx, before, limit)
}

// Record appends to the audit trail. Neither Target nor Detail may hold a
// secret.
func (r *Room) Record(ctx context.Context, e Entry) error {
	e.Target = cut(e.Target, targetMost)
	return r.store.Record(ctx, e)
}

// targetMost is how many characters of a target the trail keeps.
const targetMost = 200

func cut(text string, most int) string {
	if r := []rune(strings.ToValidUTF8(text, "?")); len(r) > most {
		return string(r[:most])
	}
	return text
}

// What is over is kept for a while, to be looked up.
const (
	tokensKept = 30 * 24 * time.Hour
	trailKept  = 400 * 24 * time.Hour
)

// PruneDue removes a batch of what has been over for long: tokens that ended 30
// days ago, audit entries of more than 400 days. It is for a nightly job, which
// goes on while n is above 0.
func (r *Room) PruneDue(ctx context.Context) (n int, err error) {
	gone, err := r.store.Prune(ctx, tokensKept, trailKept, 1000)
	return int(gone), err
}

// Audit lists the trail, newest first: up to limit entries with ids below
// before, 0 for the beginning.
func (r *Room) Audit(ctx context.Context, before int64, limit int) ([]Entry, error) {
	return r.store.Audit(ctx, before, limit)
}
