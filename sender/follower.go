package sender

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"wechattpp/wechat"
)

// Follower is somebody who follows an account.
type Follower struct {
	OpenID string
	Since  time.Time // when we learned of it
	New    bool      // since the pull before the last
}

// Pull is the state of fetching an account's followers, a page at a time.
// Rounds are numbered; a round that failed is begun again under its number, so
// that those it found stay new.
type Pull struct {
	ID       int64
	AppID    string
	Sender   string // who speaks
	Round    int64
	Next     string // openid after which the next page begins
	Total    int    // as WeChat counts
	Seen     int    // in this round so far
	Running  bool
	Done     bool // the round is complete
	Failures int
	Problem  string
	Started  time.Time
	Finished time.Time // of the last complete round
	Claim    int64
}

// FollowerStore keeps who follows.
type FollowerStore interface {
	// BeginPull makes the account's pull due, from the beginning, unless it runs.
	BeginPull(ctx context.Context, appID, sender string) (Pull, error)
	// Pull reads the state; fs.ErrNotExist before the first.
	Pull(ctx context.Context, appID string) (Pull, error)
	// ClaimPulls takes the leases of due pulls.
	ClaimPulls(ctx context.Context, limit int, lease time.Duration) ([]Pull, error)
	// SavePage adds a page and makes the next one due; page.Next "" ends the
	// round: who was not seen in it, nor followed since it began, follows no more.
	// It changes nothing if the claim was lost.
	SavePage(ctx context.Context, p Pull, page wechat.FollowerPage) error
	// PutOff makes the page due again after a while; FailPull ends the pull.
	PutOff(ctx context.Context, p Pull, after time.Duration, problem string) error
	FailPull(ctx context.Context, p Pull, problem string) error
	// Follow keeps what an event of the given time told, unless a later one is known.
	Follow(ctx context.Context, appID, openID string, following bool, at time.Time) error
	// Followers lists up to limit followers after an openid, in order; fresh: those
	// that are new since the pull before the last.
	Followers(ctx context.Context, appID, after string, limit int, fresh bool) ([]Follower, error)
}

// Followers keeps the lists of followers. Its fields are needed. Safe for
// concurrent use.
type Followers struct {
	Store   FollowerStore
	Senders *Room
	Nudge   func() // a pull is due
	Log     *slog.Logger
}

// ErrNoFollowers: only Official Accounts have followers.
var ErrNoFollowers = errors.New("only Official Accounts (wechatoa) have followers")

// speaker gives the sender, if it may list its followers.
func (f *Followers) speaker(ctx context.Context, code string) (Sender, wechat.TokenSource, error) {
	s, tokens, err := f.Senders.With(ctx, code, SetUsers)
	if err == nil && s.Kind != OfficialAccount {
		err = ErrNoFollowers
	}
	return s, tokens, err
}

// Begin starts a pull, or finds the one that runs. Errors as those of Room.With,
// ErrNoFollowers.
func (f *Followers) Begin(ctx context.Context, code string) (Pull, error) {
	s, _, err := f.speaker(ctx, code)
	if err != nil {
		return Pull{}, err
	}
	p, err := f.Store.BeginPull(ctx, s.AppID, s.Code)
	if err == nil {
		f.Nudge()
	}
	return p, err
}

// List gives followers that are known of the sender's account, and how the last
// pull stands (zero before the first).
func (f *Followers) List(ctx context.Context, code, after string, limit int, fresh bool) ([]Follower, Pull, error) {
	s, err := f.Senders.Read(ctx, code)
	if err != nil {
		return nil, Pull{}, err
	}
	if s.Kind != OfficialAccount {
		return nil, Pull{}, ErrNoFollowers
	}
	if s.AppID == "" {
		return nil, Pull{}, ErrUnbound
	}
	p, err := f.Store.Pull(ctx, s.AppID)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, p, err
	}
	all, err := f.Store.Followers(ctx, s.AppID, after, limit, fresh)
	return all, p, err
}

// Follow keeps what a subscribe or unsubscribe event told.
func (f *Followers) Follow(ctx context.Context, appID, openID string, following bool, at time.Time) error {
	return f.Store.Follow(ctx, appID, openID, following, at)
}

const (
	pullsAtOnce = 4
	// pullLease is longer than a call and the writing of its page.
	pullLease = time.Minute
)

// PullDue fetches the next page of each due pull and answers how many there
// were. Any number of replicas may call it.
func (f *Followers) PullDue(ctx context.Context) (int, error) {
	due, err := f.Store.ClaimPulls(ctx, pullsAtOnce, pullLease)
	if err != nil {
		return 0, err
	}
	for _, p := range due {
		err = errors.Join(err, f.page(ctx, p))
	}
	return len(due), err
}

func (f *Followers) page(ctx context.Context, p Pull) error {
	s, tokens, err := f.speaker(ctx, p.Sender)
	if err == nil && s.AppID != p.AppID {
		err = errors.New("the sender speaks for another account now")
	}
	if err != nil {
		return f.ended(ctx, p, err)
	}
	page, err := f.Senders.API.Account(s.AppID, tokens).Followers(ctx, p.Next)
	if err != nil {
		return f.ended(ctx, p, err)
	}
	return f.Store.SavePage(ctx, p, page)
}

// ended decides what becomes of a page that was not had.
func (f *Followers) ended(ctx context.Context, p Pull, err error) error {
	if ctx.Err() != nil {
		return nil // we are stopping: the lease brings it back
	}
	f.Log.Warn("followers were not fetched", "app_id", p.AppID, "sender", p.Sender, "attempt", p.Failures+1, "err", err)
	const patient = 100 // failures: a day or so
	switch {
	case p.Failures >= patient, final(err):
		return f.Store.FailPull(ctx, p, problemOf(err))
	case errors.Is(err, wechat.ErrThrottledDay): // 500 calls a day; the day is Beijing's
		return f.Store.PutOff(ctx, p, time.Hour, problemOf(err))
	case errors.Is(err, wechat.ErrThrottledMinute):
		return f.Store.PutOff(ctx, p, time.Minute, problemOf(err))
	}
	return f.Store.PutOff(ctx, p, min(time.Second<<min(p.Failures, 12), 15*time.Minute), problemOf(err))
}

// final tells what waiting does not mend.
func final(err error) bool {
	for _, is := range []error{fs.ErrNotExist, ErrNoFollowers, ErrUnbound, ErrUnauthorized, ErrPermission, ErrNoSecret, ErrResting,
		wechat.ErrPermission, wechat.ErrNotAuthorized, wechat.ErrAccount, wechat.ErrSecret, wechat.ErrRecipient, wechat.ErrRequest} {
		if errors.Is(err, is) {
			return true
		}
	}
	return false
}

func problemOf(err error) string {
	const most = 400
	text := err.Error()
	if errors.Is(err, wechat.ErrPermission) {
		text = fmt.Sprintf("%s; followers need permission set %s, and an account that is verified", text, SetUsers.name)
	}
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most])
	}
	return text
}
