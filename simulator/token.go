package simulator

import (
	"crypto/rand"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// Tokens carry who they belong to, so that a foreign, an old and an expired
// one can be told apart without remembering every token ever made. To the
// platform they are opaque words of about the vendor's length.
const (
	componentMark  = "87_C"
	authorizerMark = "87_A"
	ownMark        = "87_O"
	refreshOverlap = 5 * time.Minute // a staff answer (component 4.5)
)

// word is n random bytes as text.
func word(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

func markedToken(mark string, a *account) string {
	return mark + strconv.FormatInt(int64(a.index), 36) + "-" + word(90)
}

// ownerOf finds the account a token was made for, also when it is no longer good.
func (s *Simulator) ownerOf(token string) *account {
	rest, ok := strings.CutPrefix(token, authorizerMark)
	if !ok {
		rest, ok = strings.CutPrefix(token, ownMark)
	}
	if !ok {
		return nil
	}
	number, _, ok := strings.Cut(rest, "-")
	if !ok {
		return nil
	}
	i, err := strconv.ParseInt(number, 36, 32)
	if err != nil {
		return nil
	}
	return s.world.number(int(i))
}

// checkComponentToken is the check of every component API but the two that
// take the secret.
func (s *Simulator) checkComponentToken(token string, now time.Time) *refusal {
	if token == "" {
		return refuse(41001)
	}
	if a := s.ownerOf(token); a != nil && a.checkToken(token, now) == nil {
		return refuse(61014)
	}
	return s.component.check(token, now)
}

// checkAccountToken is the check of every call on behalf of an account.
func (s *Simulator) checkAccountToken(token string, now time.Time) *refusal {
	if token == "" {
		return refuse(41001)
	}
	if s.component.check(token, now) == nil {
		return refuse(61015)
	}
	a := s.ownerOf(token)
	if a == nil {
		return refuse(40001)
	}
	return a.checkToken(token, now)
}

// isOwn tells whether a token was had with the account's secret.
func isOwn(token string) bool { return strings.HasPrefix(token, ownMark) }

func (a *account) checkToken(token string, now time.Time) *refusal {
	if isOwn(token) {
		return a.own.check(token, now)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case token != a.token.value && !a.previous.is(token, now):
		return refuse(40001)
	case !a.authorized:
		return refuse(61003)
	case token == a.token.value && !now.Before(a.token.until):
		return refuse(42001)
	}
	return nil
}

// mint makes the account's next token; the caller holds a.mu.
func (a *account) mint(life, overlap time.Duration, now time.Time) {
	a.previous = fading{}
	if overlap > 0 && now.Before(a.token.until) {
		a.previous = fading{a.token.value, earlier(a.token.until, now.Add(overlap))}
	}
	a.token = fading{markedToken(authorizerMark, a), now.Add(life)}
	a.mints.Add(1)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// seconds rounds up, so that a test's life of 300 ms is not announced as 0.
func seconds(d time.Duration) int64 {
	return int64((d + time.Second - 1) / time.Second)
}
