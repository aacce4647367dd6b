package audience

import "time"

// NoScene is the scene of subscription messages, which have none.
const NoScene = -1

// MostScene is the highest scene of a one-time subscription
// (https://developers.weixin.qq.com/doc/service/api/notify/subscribe/api_templatesubscribe).
const MostScene = 10_000

// Consenting are the kinds of sender whose users agree to messages of a template.
var Consenting = []string{"wechatoa", "wechatmp", "wechatapp"}

// Word is what was heard last of a user's consent to a template.
type Word string

// The words. Accept and Reject answer a popup, Refused is the user's setting;
// Confirm and Cancel answer for a scene; Spent is a message that WeChat took;
// NoRight is WeChat's refusal of one (43101), which always tells the truth.
const (
	Accept  Word = "accept"
	Reject  Word = "reject"
	Refused Word = "refused"
	Confirm Word = "confirm"
	Cancel  Word = "cancel"
	Spent   Word = "sent"
	NoRight Word = "no_right"
)

// Entry is one thing that happened to a right.
type Entry struct {
	Account  string // AppID, to which the openid belongs
	OpenID   string
	Template string
	Scene    int // NoScene but for a one-time subscription
	Word     Word
	At       time.Time // Accept, Reject and Refused: to the second
}

// Right is what is known of one user's consent to one template, and of a
// one-time subscription to one scene. It is a hint: WeChat tells of popups, not
// of every consent, and cannot be asked
// (https://developers.weixin.qq.com/doc/service/Subscription_Messages/intro.html).
type Right struct {
	OpenID   string
	Template string
	Scene    int
	Left     int       // messages that may be sent, if each spends one
	Accepted int64     // how often the user said yes
	Sent     int64     // how many messages WeChat took
	Word     Word      // what was heard last, but for Spent; empty: only messages are known
	WordAt   time.Time // of Word
	SentAt   time.Time // of the last message
	UserID   string    // who that is in the registry, if anybody

	// ResetAt is when Left was set, and not counted: older news changes it no more.
	ResetAt time.Time
	// Owed counts messages that overtook the event of their consent.
	Owed   int
	OwedAt time.Time
}

// Granted tells whether a message may be sent, as far as is known. A yes to a
// long-term template stays until a no.
func (r Right) Granted(longTerm bool) bool {
	if longTerm {
		return r.Word == Accept
	}
	return r.Left > 0
}

// second is how late an event may have happened that tells its second only.
const second = time.Second - time.Millisecond

// mostOwed bounds Owed: users who said "always" are asked without an event.
const mostOwed = 100

// Take gives the right after an entry. Entries come in any order; each only once.
func (r Right) Take(e Entry) Right {
	switch e.Word {
	case Accept:
		return r.accept(e.At)
	case Reject, Refused:
		return r.reset(e.Word, 0, e.At.Add(second))
	case Confirm:
		r.Accepted++
		return r.reset(e.Word, 1, e.At)
	case Cancel, NoRight:
		return r.reset(e.Word, 0, e.At)
	case Spent:
		return r.spend(e.At)
	}
	return r
}

// accept adds one message. The event may come behind a message that it allowed.
func (r Right) accept(at time.Time) Right {
	r.Accepted++
	if at.Add(second).Before(r.ResetAt) {
		return r
	}
	if r.Owed > 0 && !at.After(r.OwedAt) {
		r.Owed--
	} else {
		r.Left++
	}
	if !at.Add(second).Before(r.WordAt) {
		r.Word = Accept
		if at.After(r.WordAt) {
			r.WordAt = at
		}
	}
	return r
}

// reset sets what is left, unless something newer was heard.
func (r Right) reset(w Word, left int, at time.Time) Right {
	if at.Before(r.WordAt) || at.Before(r.ResetAt) {
		return r
	}
	r.Left, r.Owed, r.ResetAt, r.Word, r.WordAt = left, 0, at, w, at
	return r
}

func (r Right) spend(at time.Time) Right {
	r.Sent++
	if at.After(r.SentAt) {
		r.SentAt = at
	}
	switch {
	case at.Before(r.ResetAt):
	case r.Left > 0:
		r.Left--
	case r.Scene == NoScene && r.Owed < mostOwed:
		r.Owed++
		r.OwedAt = r.SentAt
	}
	return r
}
