package authorizer

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"time"

	"golang.org/x/sync/errgroup"

	"wechattpp/wechat"
)

// ProfileDue fetches the profiles that are due, which is after each
// authorization, and binds accounts to the senders they were invited for. It
// answers how many it took.
func (a *Authorizers) ProfileDue(ctx context.Context) (int, error) {
	due, err := a.Store.ClaimProfiles(ctx, batch, lease)
	var hands errgroup.Group
	hands.SetLimit(parallel)
	for _, acc := range due {
		hands.Go(func() error {
			a.profile(ctx, acc)
			return nil
		})
	}
	_ = hands.Wait()
	return len(due), err
}

// profile works off one claimed account.
//
// Failure policy: again, ever more slowly, at most every half hour; meanwhile
// the account's pushes are kept with their effects held.
func (a *Authorizers) profile(ctx context.Context, acc Account) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), workTime)
	defer cancel()
	err := a.fetch(ctx, acc)
	if err == nil {
		a.nudge()
		return
	}
	if errors.Is(err, wechat.ErrNotAuthorized) {
		err = errors.Join(err, a.conclude(ctx, acc, err))
	}
	pause := min(time.Second<<min(acc.Failures, 11), 30*time.Minute)
	pause = pause/2 + time.Duration(rand.Float64()*float64(pause))
	text := err.Error()
	if errors.Is(err, wechat.ErrUnpublished) {
		text = testList
	}
	a.Log.Warn("profile not fetched", "app_id", acc.AppID, "attempt", acc.Failures+1, "err", err)
	if err := a.Store.RetryProfile(ctx, acc, pause, short(text), wechat.CauseOf(err)); err != nil {
		a.Log.Warn("failed profile not stored", "app_id", acc.AppID, "err", err)
	}
}

func (a *Authorizers) fetch(ctx context.Context, acc Account) error {
	p, err := a.Vendor.AuthorizerInfo(ctx, acc.AppID)
	if err != nil {
		return err
	}
	acc.Kind, acc.UserName, acc.Sets = OfficialAccount, p.UserName, p.Sets
	if p.MiniProgram {
		acc.Kind = MiniProgram
	}
	acc.Profile = Profile{NickName: p.NickName, HeadImage: p.HeadImage, Principal: p.Principal,
		ServiceType: p.ServiceType, VerifyType: p.VerifyType, AccountStatus: p.AccountStatus}
	if acc.Waiting, err = a.waiting(ctx, acc); err != nil {
		return err
	}
	return a.Store.SaveProfile(ctx, acc, again())
}

// again is when a profile is fetched anew: after about a day, spread out, for
// sets are taken away and accounts are limited without a push that says so.
func again() time.Duration { return time.Duration((0.8 + 0.4*rand.Float64()) * float64(24*time.Hour)) }

// waiting tells why an account must not be bound yet to the sender it is wanted
// for, if it must not.
func (a *Authorizers) waiting(ctx context.Context, acc Account) (string, error) {
	if acc.Wanted == "" {
		return "", nil
	}
	taken, err := a.taken(ctx, acc)
	if err != nil {
		return "", err
	}
	return acc.fits(taken), nil
}

// taken is the AppID that the wanted sender has already, by its configuration
// or by an earlier authorization.
func (a *Authorizers) taken(ctx context.Context, acc Account) (string, error) {
	if a.SenderAppID != nil {
		appID, err := a.SenderAppID(ctx, acc.Wanted)
		if err != nil && !errors.Is(err, fs.ErrNotExist) || appID != "" {
			return appID, err
		}
	}
	bound, err := a.Store.BySender(ctx, acc.Wanted)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return bound.AppID, err
}
