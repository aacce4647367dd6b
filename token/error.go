package token

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"wechattpp/wechat"
)

// ErrLost: the claim has passed to somebody else.
var ErrLost = errors.New("the claim has passed to another")

// ErrTooSoon: the vendor refuses a token that it gave less than 30 seconds
// ago. It comes inside an Unavailable: to callers it passes.
var ErrTooSoon = errors.New("the vendor refuses a token it gave less than 30 s ago; somebody else may renew the same account's")

// ErrSame: asked for another token than a refused one, the vendor gives the
// very same. It comes inside an Unavailable: to callers it passes.
var ErrSame = errors.New("the vendor refuses a token and gives the same one again: see that AppID and secret are this account's; it is asked again in 30 s at the earliest")

// Unavailable tells that there is no token now, and why. To errors.Is it is
// what that means for the caller: wechat.ErrNotSent if waiting helps;
// wechat.ErrNotAuthorized or wechat.ErrSecret if it does not.
type Unavailable struct {
	Owner   Owner
	Rests   bool // waiting does not help
	Problem string
	cause   error // the vendor's, if it was met just now, or of the waiting
}

// Error names the owner and the problem.
func (u *Unavailable) Error() string { return fmt.Sprintf("no token of %s: %s", u.Owner, u.Problem) }

// Unwrap is the vendor's error, if it was met just now by this process, or that
// of the context that ended while somebody renewed.
func (u *Unavailable) Unwrap() error { return u.cause }

// Is gives the error its meaning.
func (u *Unavailable) Is(target error) bool {
	switch {
	case !u.Rests:
		return target == wechat.ErrNotSent
	case u.Owner.Kind == Authorizer:
		return target == wechat.ErrNotAuthorized
	}
	return target == wechat.ErrSecret
}

// fault is whose fault a failed renewal is, and so what follows.
type fault int

const (
	passing    fault = iota // the network, a busy vendor: again, ever more slowly
	slow                    // an address that is not allowed, a quota: again, in minutes
	ours                    // the component's: authorizers pause, none counts a failure
	account                 // the account says no: verify, then rest
	credential              // a wrong secret: rest until it is edited
)

func faultOf(o Owner, err error) fault {
	var u *Unavailable
	switch {
	case o.Kind == Page && is(err, wechat.ErrNotAuthorized, wechat.ErrSecret): // the account's own token tells it, and rests for it
		return slow
	case o.Kind == Authorizer && (errors.As(err, &u) || is(err, wechat.ErrTicket, wechat.ErrSecret, wechat.ErrAddress, wechat.ErrTokenRefused, wechat.ErrComponent)):
		return ours
	case errors.Is(err, wechat.ErrNotAuthorized):
		return account
	case errors.Is(err, wechat.ErrSecret):
		return credential
	case is(err, wechat.ErrAddress, wechat.ErrThrottledDay, wechat.ErrUnpublished, wechat.ErrAccount, wechat.ErrPermission, wechat.ErrComponent):
		return slow
	}
	return passing
}

func is(err error, targets ...error) bool {
	for _, t := range targets {
		if errors.Is(err, t) {
			return true
		}
	}
	return false
}

// verdictOn plans what follows a failure, except for the account's, which is
// verified first.
func verdictOn(k Kept, err error, r float64) Verdict {
	v := Verdict{Failures: k.Failures + 1, Problem: shorten(err.Error()), Cause: wechat.CauseOf(err)}
	switch faultOf(k.Owner, err) {
	case ours:
		v.Failures, v.Due = k.Failures, jitter(pause, r)
	case credential:
		v.Rest = true
	case slow:
		v.Due = jitter(5*time.Minute, r)
	default:
		v.Due = backOff(v.Failures, r)
	}
	return v
}

// pause is how long authorizers wait for the component.
const pause = 15 * time.Second

// result names the outcome of a renewal for the metrics: the vendor's number,
// or a word.
func result(err error) string {
	var w *wechat.Error
	var u *Unavailable
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &u):
		return "no_component_token"
	case errors.As(err, &w):
		return strconv.Itoa(w.Code)
	case errors.Is(err, wechat.ErrUnanswered):
		return "unanswered"
	}
	return "not_sent"
}

func shorten(text string) string {
	if r := []rune(text); len(r) > 500 {
		text = string(r[:500])
	}
	return strings.ToValidUTF8(text, "?")
}
