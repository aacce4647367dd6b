package authorizer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"wechattpp/wechat"
)

// Phases of a run.
const (
	Rest      = ""       // it has ended
	Listing   = "list"   // goes through the vendor's list; Place is the offset
	Verifying = "verify" // asks after the accounts that the list lacked; Place is an id
)

// Run is one comparison with the vendor's list of authorizers, and how far it is.
type Run struct {
	Number      int64
	Phase       string
	Place       int64
	Total       int // length of the list, as its first page told
	Pass        int // 2 if the list changed while it was read
	Seen        int // accounts on the list
	Adopted     int // of them: unknown or ended here before
	Renewed     int // of them: with another refresh token than here
	Unexchanged int // of them: without a refresh token
	Absent      int // accounts here that the list lacked
	Ended       int // of them: that the vendor does not know
	Accept      bool
	Failures    int    // in a row
	Problem     string // why it waits
	Alarm       string // why the list is not believed
	Started     time.Time
	EndedAt     time.Time     // zero: it is under way
	Due         time.Duration // until it goes on

	Claim int64
}

const (
	runLease = time.Minute
	runTime  = 50 * time.Second
	// overlap is by how many accounts a page begins before the end of the one before: so many may leave the list between two
	// pages without one being skipped.
	overlap = 50
)

// Reconcile asks for a comparison with the vendor's list, unless one began less
// than unless ago; ReconcileDue does it. accept: accounts that the list lacks
// and the vendor does not know have ended, however many they are.
func (a *Authorizers) Reconcile(ctx context.Context, accept bool, unless time.Duration) error {
	if err := a.Store.RequestRun(ctx, accept, unless); err != nil {
		return err
	}
	a.nudge()
	return nil
}

// Run tells how far the comparison is; the zero Run: there never was one.
func (a *Authorizers) Run(ctx context.Context) (Run, error) { return a.Store.Run(ctx) }

// ReconcileDue takes the next page of the list, or the next accounts that it
// lacked, if that is due; it answers 1 if it was. Every account and refresh
// token that is missing here, or another one here, is stored, such as after an
// old backup was restored. An account that the list lacks is asked after, and
// only if the vendor does not know it does its authorization end; nothing is
// deleted. Of accounts that end between two pages, the ones behind them move
// up: pages overlap, and what is skipped nevertheless is asked after like an
// absent one. If the list's length changed, it is gone through once more.
//
// Safe to repeat, and resumed where it was after a crash. Failure policy: again
// from the same place, ever more slowly, at most every ten minutes; after the
// quota of the day was used up, every hour.
func (a *Authorizers) ReconcileDue(ctx context.Context) (int, error) {
	r, won, err := a.Store.ClaimRun(ctx, runLease)
	if err != nil || !won {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), runTime)
	defer cancel()
	took := a.advance
	if r.Phase == Verifying {
		took = a.verifyAbsent
	}
	var after time.Duration
	if err := took(ctx, &r); err != nil {
		after = a.postpone(&r, err)
	} else {
		r.Failures, r.Problem = 0, ""
	}
	if r.Phase == Rest {
		a.Log.Info("compared with WeChat's list of authorizers", "seen", r.Seen, "adopted", r.Adopted, "renewed", r.Renewed, "absent", r.Absent, "ended", r.Ended, "alarm", r.Alarm)
	}
	return 1, a.Store.SaveRun(context.WithoutCancel(ctx), r, after)
}

func (a *Authorizers) postpone(r *Run, err error) time.Duration {
	after := min(time.Second<<min(r.Failures, 10), 10*time.Minute)
	if errors.Is(err, wechat.ErrThrottledDay) {
		after = time.Hour
	}
	r.Failures, r.Problem = r.Failures+1, short(err.Error())
	a.Log.Warn("the comparison with WeChat's list waits", "place", r.Place, "for", after.String(), "err", err)
	return after
}

// advance takes the next page.
func (a *Authorizers) advance(ctx context.Context, r *Run) error {
	offset := max(int(r.Place)-overlap, 0)
	page, err := a.Vendor.AuthorizerList(ctx, offset, pageSize)
	if err != nil {
		return err
	}
	if r.Place == 0 {
		r.Total = page.Total
	}
	if err := a.adoptAll(ctx, r, page.Items); err != nil {
		return err
	}
	end := int64(offset + len(page.Items))
	more := end > r.Place && int(end) < page.Total
	r.Place = end
	switch {
	case more:
	case page.Total != r.Total && r.Pass < 2:
		r.Pass, r.Place = r.Pass+1, 0
	default:
		return a.compare(ctx, r)
	}
	return nil
}

func (a *Authorizers) adoptAll(ctx context.Context, r *Run, items []wechat.Listed) error {
	var ids []string
	for _, l := range items {
		if l.AppID == "" || slices.Contains(ids, l.AppID) || wechat.IsReleaseTest(l.AppID) {
			continue
		}
		if err := a.adopt(ctx, r, l); err != nil {
			return err
		}
		ids = append(ids, l.AppID)
	}
	n, err := a.Store.Listed(ctx, r.Number, ids)
	r.Seen += n
	return err
}

// adopt takes one account of the list. One without a refresh token whose code
// may still be on its way is left to it.
func (a *Authorizers) adopt(ctx context.Context, r *Run, l wechat.Listed) error {
	if l.Refresh == "" && time.Since(l.AuthorizedAt) < codeLife {
		return nil
	}
	done, err := a.Store.Adopt(ctx, l, false)
	if err == nil && done == Ended {
		done, err = a.revive(ctx, l)
	}
	if err != nil {
		return err
	}
	if l.Refresh == "" {
		r.Unexchanged++
	}
	a.count(r, done)
	return nil
}

func (a *Authorizers) count(r *Run, done Adoption) {
	switch done {
	case Adopted:
		r.Adopted++
		a.nudge()
	case Renewed:
		r.Renewed++
		a.nudge()
	}
}

// revive asks after an account that said that it ended after the list says it
// authorized: its time may be missing, or a clock wrong.
func (a *Authorizers) revive(ctx context.Context, l wechat.Listed) (Adoption, error) {
	p, err := a.Vendor.AuthorizerInfo(ctx, l.AppID)
	if errors.Is(err, wechat.ErrNotAuthorized) {
		return Ended, nil // the list lags
	}
	if err != nil {
		return Ended, err
	}
	if p.Refresh != "" {
		l.Refresh = p.Refresh
	}
	return a.Store.Adopt(ctx, wechat.Listed{AppID: l.AppID, Refresh: l.Refresh}, true)
}

// compare counts what the list lacked, and goes on to ask after it unless that
// is too much to be true.
func (a *Authorizers) compare(ctx context.Context, r *Run) error {
	absent, of, err := a.Store.CountAbsent(ctx, *r)
	if err != nil {
		return err
	}
	r.Absent, r.Place = absent, 0
	if tooMany(absent, of) && !r.Accept {
		r.Phase, r.Alarm = Rest, fmt.Sprintf("%d of %d accounts are missing from WeChat's list, which holds %d", absent, of, r.Total)
		a.Log.Error("the list of authorizers is not believed: nothing was concluded from it", "err", r.Alarm)
		return nil
	}
	if r.Phase, r.Alarm = Verifying, ""; absent == 0 {
		r.Phase = Rest
	}
	return nil
}

// verifyAbsent asks after the next accounts that the list lacked.
func (a *Authorizers) verifyAbsent(ctx context.Context, r *Run) error {
	accounts, err := a.Store.Absent(ctx, *r, batch)
	if err != nil {
		return err
	}
	if len(accounts) == 0 {
		r.Phase = Rest
		return nil
	}
	outcomes := make([]outcome, len(accounts))
	var hands errgroup.Group
	hands.SetLimit(parallel)
	for i, acc := range accounts {
		hands.Go(func() (err error) {
			outcomes[i], err = a.askAfter(ctx, r.Number, acc)
			return err
		})
	}
	err = hands.Wait()
	for _, o := range outcomes {
		if o.ended {
			r.Ended++
		}
		a.count(r, o.adoption)
	}
	if err == nil {
		r.Place = accounts[len(accounts)-1].ID
	}
	return err
}

type outcome struct {
	ended    bool
	adoption Adoption
}

func (a *Authorizers) askAfter(ctx context.Context, run int64, acc Account) (o outcome, err error) {
	p, err := a.Vendor.AuthorizerInfo(ctx, acc.AppID)
	if errors.Is(err, wechat.ErrNotAuthorized) {
		o.ended, err = a.end(ctx, acc, err)
		return o, err
	}
	if err != nil {
		return o, err
	}
	if o.adoption, err = a.Store.Adopt(ctx, wechat.Listed{AppID: acc.AppID, Refresh: p.Refresh}, true); err != nil {
		return o, err
	}
	_, err = a.Store.Listed(ctx, run, []string{acc.AppID})
	return o, err
}
