package authorizer

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"wechattpp/wechat"
)

// Unauthorized takes the event that an account cancelled. One older than the
// newest authorization harms nothing: events overtake each other, and an
// account may cancel and authorize again within seconds. Where our clock, not
// the vendor's, gave the time of the authorization, or both are of the same
// second, the vendor is asked; an error then means: try again later. Safe to
// repeat.
func (a *Authorizers) Unauthorized(ctx context.Context, appID string, created time.Time) error {
	for range 3 {
		acc, err := a.Store.Account(ctx, appID)
		if errors.Is(err, fs.ErrNotExist) || err == nil && acc.Status != Authorized {
			return nil
		}
		if err != nil || created.Before(acc.AuthorizedAt.Add(-skew)) {
			return err
		}
		if !created.After(acc.AuthorizedAt) {
			_, err := a.Verify(ctx, appID)
			if errors.Is(err, wechat.ErrNotAuthorized) {
				return nil
			}
			return err
		}
		if done, err := a.Store.Unauthorize(ctx, acc, Ending{At: created, Problem: "the account cancelled the authorization"}); err != nil || done {
			return err
		}
	}
	return errors.New("the account keeps authorizing while its cancellation is being worked off")
}
