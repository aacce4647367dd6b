package authorizer

import (
	"context"
	"errors"
	"time"

	"wechattpp/wechat"
)

const (
	pageSize = wechat.MaxListCount
	// The vendor's clock and ours may differ.
	skew = 2 * time.Minute
)

// usedUp decides what a used or expired code means: somebody else was faster
// and all is well; or we were, and died before we wrote it down; or the account
// must authorize again.
func (a *Authorizers) usedUp(ctx context.Context, x Exchange, cause error) (string, error) {
	if settled, err := a.Store.Settled(ctx, x); err != nil {
		return "retried", a.later(ctx, x, err)
	} else if settled {
		return "overtaken", nil
	}
	start := time.Now()
	g, err := a.lookUp(ctx, x)
	switch {
	case err == nil && g.AppID != "":
		if err := a.grant(ctx, x, g, time.Since(start)); err != nil {
			return "retried", a.later(ctx, x, err)
		}
		return "recovered", nil
	case err == nil || errors.Is(err, wechat.ErrNotAuthorized):
		text := "the authorization code is used up or expired; open the invitation again and authorize once more"
		return "failed", errors.Join(cause, a.Store.FailExchange(ctx, x, text))
	}
	return "retried", a.later(ctx, x, err)
}

// lookUp asks the vendor for the refresh token that an exchange must have
// answered. No AppID: there is none to be had.
func (a *Authorizers) lookUp(ctx context.Context, x Exchange) (wechat.Authorization, error) {
	appID := x.AppID
	if appID == "" {
		var err error
		if appID, err = a.newcomer(ctx, x.Began); err != nil || appID == "" {
			return wechat.Authorization{}, err
		}
	}
	p, err := a.Vendor.AuthorizerInfo(ctx, appID)
	if err != nil || p.Refresh == "" {
		return wechat.Authorization{}, err
	}
	return wechat.Authorization{AppID: appID, Refresh: p.Refresh, Sets: p.Sets}, nil
}

// newcomer finds the one account on the vendor's list that has authorized since
// the attempt began and of which nothing newer is stored. If there are several,
// nobody can tell which one the visitor meant: all are adopted, unclaimed.
func (a *Authorizers) newcomer(ctx context.Context, began time.Time) (string, error) {
	var found []wechat.Listed
	err := a.list(ctx, func(l wechat.Listed) error {
		if l.AuthorizedAt.Before(began.Add(-skew)) || l.Refresh == "" {
			return nil
		}
		known, err := a.Store.Account(ctx, l.AppID)
		if err != nil || known.Status != Authorized || known.AuthorizedAt.Before(began.Add(-skew)) {
			found = append(found, l)
		}
		return nil
	})
	if err != nil || len(found) == 0 {
		return "", err
	}
	if len(found) == 1 {
		return found[0].AppID, nil
	}
	for _, l := range found {
		if _, err := a.Store.Adopt(ctx, l, false); err != nil {
			return "", err
		}
	}
	return "", nil
}

// list goes through the vendor's list of authorizers, page by page, but for the
// accounts of the release test, which stay in it for ever.
func (a *Authorizers) list(ctx context.Context, f func(wechat.Listed) error) error {
	for offset := 0; ; offset += pageSize {
		page, err := a.Vendor.AuthorizerList(ctx, offset, pageSize)
		if err != nil {
			return err
		}
		for _, l := range page.Items {
			if wechat.IsReleaseTest(l.AppID) {
				continue
			}
			if err := f(l); err != nil {
				return err
			}
		}
		if len(page.Items) == 0 || offset+pageSize >= page.Total {
			return nil
		}
	}
}
