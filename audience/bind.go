package audience

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"time"
)

// Link binds the openid of whoever opens it inside WeChat, or the userid of a
// member inside WeCom, to a user.
type Link struct {
	ID      string
	Sender  string
	UserID  string
	Replace bool // an identity that the user has, or that another one has, gives way
	Left    time.Duration
	Used    bool
	Result  string // of what it was used for
	Code    string // hash of the code it was last returned with
}

// What a link came to.
const (
	Bound    = "bound"
	Kept     = "kept"     // the user has another identity there, which stays
	Taken    = "taken"    // the identity is another user's
	Snapshot = "snapshot" // the visitor's openid was made up; the link can be opened again
	Declined = "declined" // WeChat brought no code; the link can be opened again
	Outsider = "outsider" // the visitor is no member of the WeCom app's company; the link can be opened again
)

// LinkStore keeps links.
type LinkStore interface {
	AddLink(ctx context.Context, l Link, life time.Duration) (expires time.Time, err error)
	// Link reads one; fs.ErrNotExist.
	Link(ctx context.Context, id string) (Link, error)
	// ClaimLink lets one caller exchange a code of WeChat's: false if the link is
	// used, has expired, had this code before, or another caller is at it.
	ClaimLink(ctx context.Context, id, codeHash string, lease time.Duration) (bool, error)
	FreeLink(ctx context.Context, id string) error
	// Bind writes the identity, unless it or the user's own stand against it, and
	// uses the link up, in one transaction.
	Bind(ctx context.Context, l Link, v Value) (result string, err error)
	// ForgetLinks deletes up to limit links that ended an hour ago.
	ForgetLinks(ctx context.Context, limit int) (int, error)
}

// Links makes links and takes their visitors. Its fields are needed. Safe for
// concurrent use.
type Links struct {
	Store     LinkStore
	PublicURL string
	Keys      Keys
	// Address gives WeChat's page that returns with a code for the sender.
	Address func(ctx context.Context, sender, redirect, state string) (string, error)
	// Visitor exchanges the code.
	Visitor func(ctx context.Context, sender, code string) (Guest, error)
}

// Guest is a visitor as the vendor names them.
type Guest struct {
	Kind     string // of the sender, such as wechatoa
	ID       string // openid, or WeCom's userid; of a linked company's member CorpId/userid
	Snapshot bool   // the openid is made up
	Outside  bool   // of WeCom: no member, there is no ID
}

// identity is what the guest is known by at a sender; ok is false if the ID has
// not the form.
func (g Guest) identity(sender string) (v Value, ok bool) {
	v = Value{g.Kind, sender, g.ID}
	if g.Kind == weCom && strings.Contains(g.ID, "/") {
		v.Kind = weComLinked
	}
	f, known := fields[v.Kind]
	if f.binds == "all" {
		v.BindID = "all"
	}
	return v, known && f.check(g.ID) == ""
}

const (
	linkLife  = 10 * time.Minute
	linkLease = 20 * time.Second // longer than the exchange may take
)

// Errors a visitor meets.
var (
	ErrLink    = errors.New("there is no such link, or it has expired: ask for a new one")
	ErrUsed    = errors.New("this link has been used: ask for a new one")
	ErrBrowser = errors.New("this return belongs to no page that was opened in this browser: open the link again")
	ErrCode    = errors.New("WeChat did not confirm who you are: open the link again")
)

// Make makes a link for a user at a sender; it is good for ten minutes and for
// one binding. *InputError for a userid that is none.
func (l *Links) Make(ctx context.Context, sender, userid string, replace bool) (url string, expires time.Time, err error) {
	if err := CheckUserID(userid); err != nil {
		return "", expires, err
	}
	id := random()
	expires, err = l.Store.AddLink(ctx, Link{ID: id, Sender: sender, UserID: userid, Replace: replace}, linkLife)
	return l.PublicURL + "/bind/" + l.Keys.sign("link", id), expires, err
}

// Open sends a visitor on to WeChat with a state that the browser must bring
// back, too. state is what the browser holds already; it is kept if it is this
// link's, for WeChat opens pages twice.
func (l *Links) Open(ctx context.Context, token, state string) (address, newState string, err error) {
	link, err := l.find(ctx, token)
	if err != nil {
		return "", "", err
	}
	if id, ok := l.Keys.verify("state", state); !ok || id[:idLength] != link.ID {
		state = l.Keys.sign("state", link.ID+random())
	}
	address, err = l.Address(ctx, link.Sender, l.PublicURL+"/bind/callback", state)
	return address, state, err
}

// Known tells whether a link can be opened.
func (l *Links) Known(ctx context.Context, token string) error {
	_, err := l.find(ctx, token)
	return err
}

func (l *Links) find(ctx context.Context, token string) (Link, error) {
	id, ok := l.Keys.verify("link", token)
	if !ok || len(id) != idLength {
		return Link{}, ErrLink
	}
	return l.read(ctx, id)
}

func (l *Links) read(ctx context.Context, id string) (Link, error) {
	link, err := l.Store.Link(ctx, id)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return link, ErrLink
	case err == nil && link.Used:
		return link, ErrUsed
	case err == nil && link.Left <= 0:
		return link, ErrLink
	}
	return link, err
}

// Return takes a visitor back and tells what came of it. A second return with
// the same code, which browsers make, is answered as the first.
func (l *Links) Return(ctx context.Context, state, browser, code string) (string, error) {
	id, ok := l.Keys.verify("state", state)
	if !ok || len(id) != 2*idLength || state != browser {
		return "", ErrBrowser
	}
	link, err := l.read(ctx, id[:idLength])
	codeHash := digest(code)
	if errors.Is(err, ErrUsed) && link.Code == codeHash {
		return link.Result, nil
	}
	if err != nil {
		return "", err
	}
	if code == "" {
		return Declined, nil
	}
	mine, err := l.Store.ClaimLink(ctx, link.ID, codeHash, linkLease)
	if err != nil {
		return "", err
	}
	if !mine {
		return l.await(ctx, link.ID, codeHash)
	}
	return l.exchange(ctx, link, code)
}

func (l *Links) exchange(ctx context.Context, link Link, code string) (string, error) {
	g, err := l.Visitor(ctx, link.Sender, code)
	if err != nil || g.Snapshot || g.Outside {
		if free := l.Store.FreeLink(ctx, link.ID); free != nil {
			return "", free
		}
		if g.Outside {
			return Outsider, err
		}
		return Snapshot, err
	}
	v, ok := g.identity(link.Sender)
	if !ok {
		return "", ErrCode
	}
	return l.Store.Bind(ctx, link, v)
}

// await waits a little for the other return that carries the code.
func (l *Links) await(ctx context.Context, id, codeHash string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		link, err := l.Store.Link(ctx, id)
		if err == nil && link.Used && link.Code == codeHash {
			return link.Result, nil
		}
		select {
		case <-ctx.Done():
			return "", ErrCode
		case <-tick.C:
		}
	}
}

// Forget deletes links of the past and answers how many.
func (l *Links) Forget(ctx context.Context) (int, error) { return l.Store.ForgetLinks(ctx, 1000) }
