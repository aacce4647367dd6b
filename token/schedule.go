package token

import "time"

// Kinds of owner.
const (
	Component  = "component"
	Authorizer = "authorizer"
	Sender     = "sender" // an account with a secret of its own
	WeCom      = "wecom"  // an app of a company on WeCom, which has a secret of its own, too
	// Page is the ticket that a sender's web pages are signed with. It is renewed when
	// somebody asks, never ahead: most senders have no pages.
	Page = "page"
)

// OfSender is the owner of the token of a sender with a secret of its own; that
// of an app of WeCom is renewed by rules of its own.
func OfSender(code string, wecom bool) Owner {
	if wecom {
		return Owner{WeCom, code}
	}
	return Owner{Sender, code}
}

const (
	lease    = 15 * time.Second // longer than the vendor's call, which has 10 s
	callTime = 10 * time.Second
	stale    = 4 * time.Second  // a claimed row older than this is given back: its call might outlive the lease
	trust    = time.Second      // how long a token read from the database is handed out unseen
	between  = 30 * time.Second // at most one renewal per account in this time
	poll     = 50 * time.Millisecond
)

// window is how long before its end a token is renewed; less than nothing is
// after it.
type window struct{ latest, earliest time.Duration }

// Windows. Wide for authorizers: 100,000 of them in the same minute would be
// 1,667 calls a second at every peak, for ever; 20 to 60 minutes before make
// that 43, and 23 by evening. An own account's call (stable_token) answers the
// same token until five minutes before its end, and WeCom's until its end, so
// that asking earlier is idle:
// https://developers.weixin.qq.com/doc/service/api/base/api_getstableaccesstoken
// https://developer.work.weixin.qq.com/document/path/91039
var windows = map[string]window{
	Component:  {10 * time.Minute, 20 * time.Minute},
	Authorizer: {20 * time.Minute, 60 * time.Minute},
	Sender:     {time.Minute, 4 * time.Minute},
	WeCom:      {-3 * time.Second, -time.Second},
	Page:       {time.Minute, 4 * time.Minute},
}

// DueIn picks when to renew a token that is good for life: at a random moment
// (r in [0, 1)) of its kind's window. A token shorter than the window is
// renewed when a half to three quarters of its life have passed.
func DueIn(kind string, life time.Duration, r float64) time.Duration {
	w := windows[kind]
	due := life - w.latest - time.Duration(r*float64(w.earliest-w.latest))
	if due < life/2 {
		due = life/2 + time.Duration(r*float64(life/4))
	}
	return due
}

// backOff is the pause after the given number of failures in a row, from 1: 2 s,
// doubled up to 10 min, each half to one and a half of that.
func backOff(failures int, r float64) time.Duration {
	pause := 10 * time.Minute
	if failures < 10 {
		pause = min(pause, time.Second<<max(failures, 1))
	}
	return jitter(pause, r)
}

// jitter is between half and one and a half of d.
func jitter(d time.Duration, r float64) time.Duration {
	return d/2 + time.Duration(r*float64(d))
}

// margin is how long before its end a token is not handed out any more: the
// call that uses it takes time. WeCom's is used up: there is no other one yet.
func (k Kept) margin() time.Duration {
	most := 30 * time.Second
	if k.Owner.Kind == WeCom {
		most = time.Second
	}
	return min(most, k.Life/4)
}
