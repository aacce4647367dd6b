package sender

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"wechattpp/wechat"
)

// Room answers for the senders. Store, Tokens and Account are needed. Safe for
// concurrent use.
type Room struct {
	Store Store
	API   wechat.API
	// Platform makes the calls that only the component may make, for accounts that authorized it.
	Platform *wechat.Component
	// Tokens gives the token that a sender's calls carry, whichever credentials it has.
	Tokens func(s Sender) wechat.TokenSource
	// Account tells how an account stands; fs.ErrNotExist: it never authorized.
	Account func(ctx context.Context, appID string) (Status, error)
	// Ticket gives the ticket that the sender's web pages are signed with; MintTicket mints it.
	Ticket func(ctx context.Context, s Sender) (string, error)
	// Rests tells why the token of a sender's own is renewed no more, "" while it is; nil: not known.
	Rests func(ctx context.Context, s Sender) (problem string, err error)
	// WrongNumbers is how many mobile numbers without a member each company is asked for on a day; 0: UsualWrongNumbers.
	WrongNumbers int
	// NumberKey hides the numbers that are remembered.
	NumberKey []byte
	// Changed is told of each sender that was made, changed or deleted here, as it was or is; nil: nobody asks.
	Changed func(s Sender)

	mu       sync.Mutex
	senders  map[string]seen[Sender]
	statuses map[string]seen[Status]
	resting  map[string]seen[string]
	keys     map[string]seen[Keys]
	robots   map[string]seen[string] // keys of webhooks
	kinds    map[string]seen[[]Keys]
	forms    map[string]seen[wechat.Form]
}

// seen is an answer of the store and when it was asked for.
type seen[T any] struct {
	value T
	err   error // nil or fs.ErrNotExist
	at    time.Time
}

// fresh is how long what was read is believed. Half of the two seconds in
// which an account that withdrew must be quiet on every replica.
const fresh = time.Second

// most bounds what the room remembers of senders, and of accounts.
const most = 20_000

// Create makes a sender with the Secrets it is given. Credentials default to
// "component" where the kind allows that. fs.ErrExist: the code is taken;
// *InputError.
func (r *Room) Create(ctx context.Context, s Sender) (Sender, error) {
	s.SecretSet = s.Secrets.AppSecret != "" || s.Secrets.Secret != ""
	s.TokenSet, s.AESKeySet = s.Secrets.Token != "", s.Secrets.AESKey != ""
	if err := s.check(); err != nil {
		return Sender{}, err
	}
	made, err := r.Store.Create(ctx, s)
	return made, r.changed(made, err)
}

// Read gives one sender, never older than the database.
func (r *Room) Read(ctx context.Context, code string) (Sender, error) { return r.Store.Read(ctx, code) }

// List pages through the senders in the order of their codes: those after the
// given code, up to limit.
func (r *Room) List(ctx context.Context, f Filter, after string, limit int) ([]Sender, error) {
	return r.Store.List(ctx, f, after, limit)
}

// Update changes what c holds. ErrInUse: the account would change while
// messages wait, whose openids belong to the old one; *InputError.
func (r *Room) Update(ctx context.Context, code string, c Change) (Sender, error) {
	now, err := r.Store.Update(ctx, code, c)
	return now, r.changed(now, err)
}

// Delete removes a sender for which nothing waits, else ErrInUse, and the users'
// identities at it. Its messages stay.
func (r *Room) Delete(ctx context.Context, code string) error {
	old, err := r.Store.Read(ctx, code)
	if err != nil {
		return err
	}
	return r.changed(old, r.Store.Delete(ctx, code))
}

// changed forgets what is remembered, whatever came of the change, and tells
// of one that was made.
func (r *Room) changed(s Sender, err error) error {
	r.mu.Lock()
	r.senders, r.resting, r.keys, r.kinds, r.robots = nil, nil, nil, nil, nil
	r.mu.Unlock()
	if err == nil && r.Changed != nil {
		r.Changed(s)
	}
	return err
}

// Find gives id, kind and account (AppID, CorpID) of a sender, at most a second
// old. That there is none, or no account, never rests on what is remembered.
func (r *Room) Find(ctx context.Context, code string) (id int64, kind, account string, err error) {
	s, err := r.find(ctx, code, fresh)
	if err != nil || s.Account() == "" {
		s, err = r.find(ctx, code, 0)
	}
	return s.ID, s.Kind, s.Account(), err
}

// Codes lists up to a thousand codes of a kind, in order.
func (r *Room) Codes(ctx context.Context, kind string) ([]string, error) {
	return r.Store.Codes(ctx, kind, 1000)
}

// Client gives a client that speaks for the sender, or the errors of Ready.
func (r *Room) Client(ctx context.Context, code string) (wechat.Client, error) {
	s, err := r.ready(ctx, code)
	switch {
	case err != nil:
		return wechat.Client{}, err
	case s.Credentials == Webhook:
		robot, err := r.robot(ctx, s)
		return wechat.Client{Robot: robot}, err
	case s.Kind == WeCom:
		return wechat.Client{WeCom: r.API.WeCom(s.CorpID, s.AgentID, r.Tokens(s))}, nil
	}
	return wechat.Client{Account: r.API.Account(s.AppID, r.Tokens(s))}, nil
}

// Source gives a sender that can speak and the token of its calls, or the
// errors of Ready.
func (r *Room) Source(ctx context.Context, code string) (Sender, wechat.TokenSource, error) {
	s, err := r.ready(ctx, code)
	if err = s.hasNone(err); err != nil {
		return Sender{}, nil, err
	}
	return s, r.Tokens(s), nil
}

func (r *Room) find(ctx context.Context, code string, old time.Duration) (Sender, error) {
	s, err := recall(r, &r.senders, code, old, func() (Sender, error) { return r.Store.Read(ctx, code) })
	if err != nil {
		return s, fmt.Errorf("sender %q: %w", code, err)
	}
	return s, nil
}

// recall answers from what is not older than old, else asks and remembers.
// When it has too much to remember it forgets all: what matters comes back.
func recall[T any](r *Room, kept *map[string]seen[T], key string, old time.Duration, ask func() (T, error)) (T, error) {
	r.mu.Lock()
	k, ok := (*kept)[key]
	r.mu.Unlock()
	if ok && time.Since(k.at) < old {
		return k.value, k.err
	}
	at := time.Now()
	v, err := ask()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return v, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if *kept == nil || len(*kept) >= most {
		*kept = map[string]seen[T]{}
	}
	(*kept)[key] = seen[T]{v, err, at}
	return v, err
}
