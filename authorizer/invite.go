package authorizer

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io/fs"
	"net/url"
	"strings"
	"time"

	"wechattpp/wechat"
)

const (
	invitationLife = 7 * 24 * time.Hour
	// A visitor who scans at the last moment still comes back.
	stateSlack = time.Hour
)

// Errors a visitor meets.
var (
	ErrInvitation = errors.New("there is no such invitation; ask for a new link")
	ErrUsed       = errors.New("this invitation has been used; ask for a new link to authorize again")
	ErrExpired    = errors.New("this invitation has expired; ask for a new link")
	ErrUnreleased = errors.New("the platform is not released yet: put the account on its test list, then open this page again")
	ErrAway       = errors.New("WeChat cannot be asked right now: open this page again in some minutes")
	ErrState      = errors.New("this return belongs to no opened authorization page; open the invitation again and start from there")
)

// Invited is an invitation as its sender hands it on.
type Invited struct {
	URL     string
	Expires time.Time
}

// Invite makes an invitation to authorize an account for a sender. kind is the
// sender's: wechatoa or wechatmp. It ends after a week, or when it succeeded.
func (a *Authorizers) Invite(ctx context.Context, sender, kind string) (Invited, error) {
	i := Invitation{ID: random(), Sender: sender, Kind: kind}
	expires, err := a.Store.AddInvitation(ctx, i, invitationLife)
	return Invited{URL: a.PublicURL + "/authorize/" + a.sign(i.ID), Expires: expires}, err
}

// sign appends a signature, so that guesses never reach the database.
func (a *Authorizers) sign(id string) string { return id + "." + signature((*a.keys.Load())[0], id) }

func signature(key []byte, id string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("invitation " + id))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16])
}

func (a *Authorizers) verify(signed string) (id string, ok bool) {
	id, sig, _ := strings.Cut(signed, ".")
	for _, key := range *a.keys.Load() {
		if hmac.Equal([]byte(sig), []byte(signature(key, id))) {
			return id, true
		}
	}
	return "", false
}

// Page is what the authorization page shows.
type Page struct {
	Sender, Kind    string
	Address         string // of the page itself, to be opened on a phone
	Desktop, Mobile string // WeChat's pages
	Expires         time.Time
}

// Open begins a new attempt: WeChat's links, which are good for some minutes,
// with a state that only this visitor's return will carry. Errors:
// ErrInvitation, ErrUsed, ErrExpired, ErrUnreleased, ErrAway, or the store's.
func (a *Authorizers) Open(ctx context.Context, signed string) (Page, error) {
	i, err := a.invitation(ctx, signed)
	if err != nil {
		return Page{}, err
	}
	state := random()
	links, err := a.Links(ctx, a.PublicURL+"/authorize/callback?state="+url.QueryEscape(state), i.Kind)
	if err != nil {
		return Page{}, a.away(err)
	}
	attempt := Attempt{CodeHash: hash(links.PreAuthCode), StateHash: hash(state), Invitation: i.ID}
	if err := a.Store.AddAttempt(ctx, attempt, links.Life+stateSlack); err != nil {
		return Page{}, err
	}
	return Page{Sender: i.Sender, Kind: i.Kind, Address: a.PublicURL + "/authorize/" + signed,
		Desktop: links.Desktop, Mobile: links.Mobile, Expires: i.Expires}, nil
}

func (a *Authorizers) invitation(ctx context.Context, signed string) (Invitation, error) {
	id, ok := a.verify(signed)
	if !ok {
		return Invitation{}, ErrInvitation
	}
	i, err := a.Store.Invitation(ctx, id)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return i, ErrInvitation
	case err != nil:
		return i, err
	case i.Used:
		return i, ErrUsed
	case i.Left <= 0:
		return i, ErrExpired
	}
	return i, nil
}

// away tells the log why, and the visitor what to do.
func (a *Authorizers) away(err error) error {
	a.Log.Warn("no link to WeChat's authorization page", "err", err)
	if errors.Is(err, wechat.ErrUnpublished) {
		return ErrUnreleased
	}
	return ErrAway
}
