package audience

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"strconv"
	"time"
)

// ConfirmLink asks one user for one message at a scene, on WeChat's page.
type ConfirmLink struct {
	Hash     string // of the value that the return must bring
	Sender   string
	Account  string // AppID whose page it is
	Template string
	Scene    int
	Redirect string // where the visitor is sent on to
	OpenID   string // for whom it was made, if that is known
	Left     time.Duration
	Used     bool
}

// ConfirmStore keeps links.
type ConfirmStore interface {
	AddConfirmLink(ctx context.Context, l ConfirmLink, life time.Duration) (expires time.Time, err error)
	// ConfirmLink reads one; fs.ErrNotExist.
	ConfirmLink(ctx context.Context, hash string) (ConfirmLink, error)
	// UseConfirmLink uses a link up and takes the answer it brought, in one
	// transaction. ErrUsed: it is used. ErrLink: it has expired, or its sender no
	// longer speaks for its account.
	UseConfirmLink(ctx context.Context, l ConfirmLink, e Entry) error
	// ForgetConfirmLinks deletes up to limit links that ended an hour ago.
	ForgetConfirmLinks(ctx context.Context, limit int) (int, error)
}

// Confirmations makes links for one-time subscriptions of Official Accounts, and
// takes their visitors back. Its fields are needed. Safe for concurrent use.
type Confirmations struct {
	Store     ConfirmStore
	PublicURL string
	Keys      Keys
	// Address gives WeChat's page that asks, and whose it is.
	Address func(ctx context.Context, sender string, scene int, template, back, reserved string) (address, account string, err error)
}

// confirmLife is how long a link is good: it may lie in a chat until the evening.
const confirmLife = 24 * time.Hour

// ErrAnswer: what came back is not what was asked, or no answer.
var ErrAnswer = errors.New("this return was changed on its way, or holds no answer: open the link again")

// Make makes a link to WeChat's page, which is good for one answer within a
// day, of what l holds: Sender, Template, Scene, Redirect, which was checked, and
// perhaps OpenID. *InputError for another one that is none.
func (c *Confirmations) Make(ctx context.Context, l ConfirmLink) (address string, expires time.Time, err error) {
	if err := CheckSubscription(l.Scene, l.Template); err != nil {
		return "", expires, err
	}
	if why := checkIdentity(l.OpenID); l.OpenID != "" && why != "" {
		return "", expires, &InputError{"openid", "must be the openid of whom the link is for: 1 to 128 ASCII letters, digits, - and _; leave it out if you do not know it"}
	}
	reserved := c.Keys.sign("confirm", random())
	l.Hash = digest(reserved)
	if address, l.Account, err = c.Address(ctx, l.Sender, l.Scene, l.Template, c.PublicURL+"/subscribe/callback", reserved); err != nil {
		return "", expires, err
	}
	expires, err = c.Store.AddConfirmLink(ctx, l, confirmLife)
	return address, expires, err
}

// Returned is what WeChat sends a visitor back with.
type Returned struct{ OpenID, Template, Action, Scene, Reserved string }

// Return takes a visitor's answer down, once, and tells where the visitor goes
// on to. ErrLink, ErrUsed, ErrAnswer: nothing was taken down.
func (c *Confirmations) Return(ctx context.Context, r Returned) (redirect string, err error) {
	if _, ok := c.Keys.verify("confirm", r.Reserved); !ok {
		return "", ErrLink
	}
	l, err := c.Store.ConfirmLink(ctx, digest(r.Reserved))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", ErrLink
	case err != nil:
		return "", err
	case l.Used:
		return "", ErrUsed
	case l.Left <= 0:
		return "", ErrLink
	}
	e, ok := l.answer(r)
	if !ok {
		return "", ErrAnswer
	}
	if err := c.Store.UseConfirmLink(ctx, l, e); err != nil {
		return "", err
	}
	return l.onward(r)
}

// answer reads what came back as an answer to the link. WeChat tells the openid
// of those only who confirm: another answer is of whom the link was made for, or
// nobody's.
func (l ConfirmLink) answer(r Returned) (e Entry, ok bool) {
	if r.Scene != strconv.Itoa(l.Scene) || r.Template != l.Template {
		return e, false
	}
	e = Entry{Account: l.Account, OpenID: r.OpenID, Template: l.Template, Scene: l.Scene, Word: Word(r.Action)}
	switch e.Word {
	case Confirm:
		return e, checkIdentity(r.OpenID) == ""
	case Cancel:
		if e.OpenID == "" {
			e.OpenID = l.OpenID
		}
		return e, r.OpenID == "" || checkIdentity(r.OpenID) == ""
	}
	return e, false
}

// onward adds what the visitor answered to the address.
func (l ConfirmLink) onward(r Returned) (string, error) {
	u, err := url.Parse(l.Redirect)
	if err != nil {
		return "", err
	}
	q := url.Values{"template_id": {l.Template}, "action": {r.Action}, "scene": {strconv.Itoa(l.Scene)}}
	if r.OpenID != "" {
		q.Set("openid", r.OpenID)
	}
	if u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += q.Encode()
	return u.String(), nil
}

// Forget deletes links of the past and answers how many.
func (c *Confirmations) Forget(ctx context.Context) (int, error) {
	return c.Store.ForgetConfirmLinks(ctx, 1000)
}
