package sender

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"

	"wechattpp/wechat"
)

// Status is what the platform knows of an account.
type Status struct {
	Authorized bool
	Sets       []int // permission sets granted
}

// Why a sender cannot send now. Test with errors.Is; the text says what to do.
var (
	ErrUnbound      = errors.New("no account is bound to the sender yet: open its invitation")
	ErrUnauthorized = errors.New("the account no longer authorizes the platform: have its administrator authorize again")
	ErrPermission   = errors.New("the account did not grant a permission set")
)

// needed are the permission sets without which a kind cannot send: 7 is "mass
// send and notify" (message/template/send), 18 "development and data"
// (https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/product/offical_account_authority.html).
var needed = map[string]struct {
	set  int
	name string
}{
	OfficialAccount: {7, "7 (群发与通知, mass send and notify)"},
	MiniProgram:     {18, "18 (小程序开发与数据分析, development and data)"},
}

// Room answers for the senders. Store, Tokens and Account are needed. Safe for
// concurrent use.
type Room struct {
	Store Store
	API   wechat.API
	// Tokens gives the token that a sender's calls carry, whichever credentials it has.
	Tokens func(s Sender) wechat.TokenSource
	// Account tells how an account stands; fs.ErrNotExist: it never authorized.
	Account func(ctx context.Context, appID string) (Status, error)

	mu       sync.Mutex
	senders  map[string]seen[Sender]
	statuses map[string]seen[Status]
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

// Create makes a sender. Credentials default to "component". fs.ErrExist: the
// code is taken; *InputError.
func (r *Room) Create(ctx context.Context, s Sender) (Sender, error) {
	if err := s.check(); err != nil {
		return Sender{}, first(err)
	}
	defer r.forget()
	return r.Store.Create(ctx, s)
}

// Read gives one sender, never older than the database.
func (r *Room) Read(ctx context.Context, code string) (Sender, error) { return r.Store.Read(ctx, code) }

// List pages through the senders in the order of their codes: those after the
// given code, up to limit.
func (r *Room) List(ctx context.Context, after string, limit int) ([]Sender, error) {
	return r.Store.List(ctx, after, limit)
}

// Update changes what c holds. ErrInUse: the AppID would change while messages
// wait, whose openids belong to the old account.
func (r *Room) Update(ctx context.Context, code string, c Change) (Sender, error) {
	if c.Name != nil {
		if err := checkName(*c.Name); err != nil {
			return Sender{}, err
		}
	}
	if c.AppID != nil {
		if err := checkAppID(*c.AppID); err != nil {
			return Sender{}, err
		}
	}
	defer r.forget()
	return r.Store.Update(ctx, code, c)
}

// Delete removes a sender for which nothing waits, else ErrInUse, and the users'
// identities at it. Its messages stay.
func (r *Room) Delete(ctx context.Context, code string) error {
	defer r.forget()
	return r.Store.Delete(ctx, code)
}

// Find gives id, kind and AppID of a sender, at most a second old. That there
// is none, or no account, never rests on what is remembered.
func (r *Room) Find(ctx context.Context, code string) (id int64, kind, appID string, err error) {
	s, err := r.find(ctx, code, fresh)
	if err != nil || s.AppID == "" {
		s, err = r.find(ctx, code, 0)
	}
	return s.ID, s.Kind, s.AppID, err
}

// Codes lists up to a thousand codes of a kind, in order.
func (r *Room) Codes(ctx context.Context, kind string) ([]string, error) {
	return r.Store.Codes(ctx, kind, 1000)
}

// Ready tells why a sender cannot send now: ErrUnbound, ErrUnauthorized,
// ErrPermission (naming the set), fs.ErrNotExist; nil if it can.
func (r *Room) Ready(ctx context.Context, code string) error {
	_, err := r.ready(ctx, code)
	return err
}

// Why is Ready for those who tell it to people: the reason why a sender cannot
// send, "" if it can; err only if that could not be found out, or fs.ErrNotExist.
func (r *Room) Why(ctx context.Context, code string) (reason string, err error) {
	err = r.Ready(ctx, code)
	for _, known := range []error{ErrUnbound, ErrUnauthorized, ErrPermission} {
		if errors.Is(err, known) {
			return err.Error(), nil
		}
	}
	return "", err
}

// Client gives a client that speaks for the sender, or the errors of Ready.
func (r *Room) Client(ctx context.Context, code string) (*wechat.Account, error) {
	s, tokens, err := r.Source(ctx, code)
	if err != nil {
		return nil, err
	}
	return r.API.Account(s.AppID, tokens), nil
}

// Source gives a sender that can speak and the token of its calls, or the
// errors of Ready.
func (r *Room) Source(ctx context.Context, code string) (Sender, wechat.TokenSource, error) {
	s, err := r.ready(ctx, code)
	if err != nil {
		return Sender{}, nil, err
	}
	return s, r.Tokens(s), nil
}

// ready never refuses because of what is remembered: an account may just have
// been bound.
func (r *Room) ready(ctx context.Context, code string) (Sender, error) {
	s, err := r.look(ctx, code, fresh)
	if err != nil && ctx.Err() == nil {
		return r.look(ctx, code, 0)
	}
	return s, err
}

func (r *Room) look(ctx context.Context, code string, old time.Duration) (Sender, error) {
	s, err := r.find(ctx, code, old)
	if err != nil {
		return s, err
	}
	if s.AppID == "" {
		return s, fmt.Errorf("sender %s: %w", code, ErrUnbound)
	}
	st, err := recall(r, &r.statuses, s.AppID, old, func() (Status, error) { return r.Account(ctx, s.AppID) })
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && !st.Authorized:
		return s, fmt.Errorf("sender %s: %w", code, ErrUnauthorized)
	case err != nil:
		return s, err
	}
	if need := needed[s.Kind]; !slices.Contains(st.Sets, need.set) {
		return s, fmt.Errorf("sender %s: %w: grant set %s when authorizing again", code, ErrPermission, need.name)
	}
	return s, nil
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

func (r *Room) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.senders = nil
}

// first takes one of joined errors, so that an answer names one field.
func first(err error) error {
	if in, ok := errors.AsType[*InputError](err); ok {
		return in
	}
	return err
}
