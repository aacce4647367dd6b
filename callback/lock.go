package callback

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"reflect"
	"strconv"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"wechattpp/crypto"
)

// Keys is what a sender that is pushed to at an address of its own has entered
// in the vendor's console.
type Keys struct {
	Code, Kind string
	ID         string   // closes the plaintext: AppID or CorpID
	AgentID    int64    // of a WeCom app
	Token      string   // empty: none is set yet
	AES        []string // EncodingAESKeys, the one before a change last
}

// Senders knows the senders with a secret of their own. What it says may be a
// second old.
type Senders interface {
	// Keys answers for one sender; fs.ErrNotExist if there is none of the code.
	Keys(ctx context.Context, code string) (Keys, error)
	// KeysOf answers for all senders of a kind that have a token and a key.
	KeysOf(ctx context.Context, kind string) ([]Keys, error)
}

// lock is what pushes to an address are verified and opened with, and what a
// reply to them is closed with.
type lock struct {
	ID    string // at the end of every plaintext: AppID or CorpID; the component's own, whichever account the push is about
	Token string
	Keys  []*crypto.Key // the one before a change last

	sender  string   // code; empty for the component
	kind    string   // of the sender
	agentID string   // of a WeCom app
	missing *Refusal // answered in place of every other refusal: nothing opens this lock
}

// The kinds of senders with an address of their own.
const (
	officialAccount = "wechatoa"
	miniProgram     = "wechatmp"
	weCom           = "wechatwk"
)

// lock answers the one of a request's address. The component's is made once.
func (d *Door) lock(ctx context.Context, r *Request) (*lock, *Refusal) {
	switch {
	case r.Source == Component || r.Source == Message:
		return d.component, nil
	case r.Sender == "":
		return d.fitting(ctx, r)
	}
	return d.lockOf(ctx, r.Source, r.Sender)
}

// lockOf answers a sender's lock; for one that does not exist a lock that
// costs as much and fits nothing.
func (d *Door) lockOf(ctx context.Context, s Source, code string) (*lock, *Refusal) {
	k, err := asked(ctx, func() (Keys, error) { return d.Senders.Keys(ctx, code) })
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && k.Kind != s.String():
		return &lock{Token: d.nobody, missing: errNoSender}, nil
	case err != nil:
		d.gaps.begin(time.Now(), err)
		return nil, errStoreAway
	case k.Token == "" || len(k.AES) == 0:
		return &lock{Token: d.nobody, sender: k.Code, kind: k.Kind, missing: errNoKeys}, nil
	}
	return d.locks.of(&k), nil
}

// asked asks again while the database is away and the push has time.
func asked[T any](ctx context.Context, ask func() (T, error)) (T, error) {
	for {
		v, err := ask()
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			return v, err
		}
		select {
		case <-ctx.Done():
			return v, err
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// every answers the locks of all senders of an address without a code.
func (d *Door) every(ctx context.Context, s Source) ([]*lock, *Refusal) {
	all, err := asked(ctx, func() ([]Keys, error) { return d.Senders.KeysOf(ctx, s.String()) })
	if err != nil {
		d.gaps.begin(time.Now(), err)
		return nil, errStoreAway
	}
	locks := make([]*lock, 0, len(all))
	for i := range all {
		if all[i].Token != "" && len(all[i].AES) > 0 {
			locks = append(locks, d.locks.of(&all[i]))
		}
	}
	return locks, nil
}

// locks remembers parsed keys, so that a push parses none.
type locks struct{ kept *lru.Cache[string, keyed] }

type keyed struct {
	keys Keys
	lock *lock
}

const locksKept = 20_000

func newLocks() locks {
	kept, _ := lru.New[string, keyed](locksKept) // fails on sizes below 1 only
	return locks{kept}
}

func (l locks) of(k *Keys) *lock {
	if was, ok := l.kept.Get(k.Code); ok && reflect.DeepEqual(was.keys, *k) {
		return was.lock
	}
	made := &lock{ID: k.ID, Token: k.Token, sender: k.Code, kind: k.Kind}
	if k.Kind == weCom {
		made.agentID = strconv.FormatInt(k.AgentID, 10)
	}
	for _, text := range k.AES {
		if key, err := crypto.ParseKey(text); err == nil { // one that is none was refused when it was entered
			made.Keys = append(made.Keys, key)
		}
	}
	l.kept.Add(k.Code, keyed{*k, made})
	return made
}

// nobody is a token that nobody knows.
func nobody() string { return rand.Text() }
