package notify

import (
	"errors"
	"time"

	"wechattpp/wechat"
)

// verdict is what to do after a call.
type verdict struct {
	to    State
	class string // for metrics
	code  int
	text  string
	stop  bool          // the message is wrong for everyone
	pause *pause        // the vendor may not be called for now
	hold  time.Duration // nor for these recipients
}

type pause struct {
	reason string
	length time.Duration
	one    bool // of the call that was refused; the sender's others go on
}

// judge reads the end of a call. The order matters: a call that found no token
// is also "not sent", but what is wrong with the token says more.
func judge(err error, now time.Time) verdict {
	if err == nil {
		return verdict{to: Sent, class: "ok"}
	}
	v := verdict{to: Failed, text: err.Error()}
	minute := nextMinute(now)
	if e, ok := errors.AsType[*wechat.Error](err); ok {
		if v.code = e.Code; e.WeCom() {
			minute = time.Minute // WeCom blocks for so long
		}
	}
	is := func(targets ...error) bool {
		for _, t := range targets {
			if errors.Is(err, t) {
				return true
			}
		}
		return false
	}
	switch {
	case is(wechat.ErrDuplicate):
		return verdict{to: Sent, class: "duplicate"}
	case is(wechat.ErrTooSoon): // a repeat that comes too soon is known, and so was the first
		v.to, v.class, v.hold = Queued, "throttled", tooSoon
	case is(wechat.ErrThrottledMinute):
		return v.wait("throttled", "minute", minute).ofOne(err)
	case is(wechat.ErrThrottledDay):
		return v.wait("throttled", "day", nextDay(now)).ofOne(err)
	case is(wechat.ErrNotAuthorized):
		return v.wait("account", "account", 10*time.Second)
	case is(wechat.ErrPermission, wechat.ErrBarred):
		return v.wait("account", "account", time.Minute).ofOne(err)
	case is(wechat.ErrAccount, wechat.ErrAddress, wechat.ErrSecret, wechat.ErrTicket, wechat.ErrComponent, wechat.ErrUnpublished):
		return v.wait("account", "account", time.Minute)
	case is(wechat.ErrTokenRefused):
		return v.wait("token", "account", 30*time.Second)
	case is(wechat.ErrNotSent):
		v.to, v.class = Queued, "not_sent"
	case is(wechat.ErrUnanswered):
		v.to, v.class = Sending, "unanswered"
	case is(wechat.ErrMessage):
		v.class, v.stop = "message", true
	case is(wechat.ErrValue):
		v.class = "value"
	case is(wechat.ErrRecipient):
		v.class = "recipient"
	default:
		v.class = "other" // undocumented codes: a failure of this recipient, not to be repeated
	}
	return v
}

func (v verdict) wait(class, reason string, length time.Duration) verdict {
	v.to, v.class, v.pause = Queued, class, &pause{reason: reason, length: length}
	return v
}

// ofOne makes the pause one of the call alone: the vendor grants and counts each
// of an account's calls apart. What was refused while a token was asked for
// holds up all of them.
func (v verdict) ofOne(err error) verdict {
	v.pause.one = !errors.Is(err, wechat.ErrNotSent)
	return v
}

// nextMinute is when a quota per minute is new.
func nextMinute(now time.Time) time.Duration {
	return now.Truncate(time.Minute).Add(time.Minute).Sub(now)
}

// tooSoon is how long to wait with what the vendor wants a minute later.
const tooSoon = time.Minute + time.Second

// china is UTC+8: when WeChat's daily quotas begin anew is not documented,
// midnight there is the common reading.
var china = time.FixedZone("UTC+8", 8*3600)

// nextDay is when a daily quota may be new: at China's midnight, but an
// operator may have cleared the quota, so one recipient is tried every hour.
func nextDay(now time.Time) time.Duration {
	t := now.In(china)
	midnight := time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, china).Sub(now)
	return min(midnight, time.Hour)
}

// again is how long to wait before the n-th further round for a chunk.
func again(n int) time.Duration {
	return min(time.Second<<min(n, 10), time.Minute)
}
