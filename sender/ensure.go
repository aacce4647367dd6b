package sender

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"wechattpp/wechat"
)

const (
	// additionLease is longer than additionTime, and that than the few calls it
	// bounds, so that an owner who lives never loses the lease.
	additionLease = 40 * time.Second
	additionTime  = 25 * time.Second
	// additionRest is how long nobody adds a choice again of which WeChat did not
	// say whether it took it: until then its list may not show it.
	additionRest = 10 * time.Second
	// leasePoll is how often it is looked whether another has finished.
	leasePoll = 100 * time.Millisecond
)

// Ensure gives the template that a choice of the library became in the account's
// list, and adds it if it never did: once over all replicas, also if whoever
// adds it dies on the way. reason is why it cannot be had, for people.
//
// Failure policy: what WeChat refused may be asked for again; what it did not
// answer is looked for in the list before it is added again.
func (t *Templates) Ensure(ctx context.Context, code string, c wechat.Choice) (f wechat.Form, reason string, err error) {
	a, err := t.account(ctx, code, KindOf(c))
	if err != nil {
		reason, err = whyNot(err)
		return f, reason, err
	}
	for {
		way, err := t.Store.ClaimAddition(ctx, a.AppID(), c.Key(), additionLease)
		switch {
		case errors.Is(err, ErrLeased):
			if wait(ctx, leasePoll) {
				continue
			}
			return f, ErrLeased.Error(), nil
		case err != nil:
			return f, "", err
		}
		own, cancel := context.WithTimeout(context.WithoutCancel(ctx), additionTime) // who waits may leave: what is begun is finished
		e := &ensuring{t, code, a, c, way}
		found, err := e.do(own)
		cancel()
		if errors.Is(err, errGone) {
			continue
		}
		reason, err := whyNot(err)
		return found.Form(), reason, err
	}
}

// whyNot parts what can be told to people from what failed here.
func whyNot(err error) (reason string, _ error) {
	if _, refused := errors.AsType[*wechat.Error](err); refused {
		return err.Error(), nil
	}
	if _, wrong := errors.AsType[*InputError](err); wrong {
		return err.Error(), nil
	}
	for _, known := range []error{wechat.ErrUnanswered, wechat.ErrNotSent, ErrNoTemplates, ErrLeased, errUnlisted} {
		if errors.Is(err, known) {
			return err.Error(), nil
		}
	}
	return reasonOf(err)
}

// wait tells whether the time passed with the caller still there.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

var (
	// errGone: the template was deleted at WeChat, and the choice is free again.
	errGone     = errors.New("the template was deleted")
	errUnlisted = errors.New("WeChat's list does not show it yet: try again")
)

// ensuring is a choice under way into an account's list.
type ensuring struct {
	room    *Templates
	code    string // of the sender
	account *wechat.Account
	choice  wechat.Choice
	way     Addition
}

func (e *ensuring) do(ctx context.Context) (wechat.Template, error) {
	if e.way.TemplateID == "" {
		return e.take(ctx)
	}
	found, err := e.room.Store.Template(ctx, e.way.AppID, e.way.TemplateID)
	if !errors.Is(err, fs.ErrNotExist) {
		return found, err
	}
	list, err := e.list(ctx)
	if err != nil {
		return found, e.added(err)
	}
	for _, o := range list {
		if o.ID == e.way.TemplateID {
			return o, nil
		}
	}
	if e.way.Young {
		return found, e.added(errUnlisted)
	}
	if err := e.room.Store.DropTemplate(ctx, e.way.AppID, e.way.TemplateID); err != nil {
		return found, err
	}
	return found, errGone
}

func (e *ensuring) list(ctx context.Context) ([]wechat.Template, error) {
	list, _, err := e.room.read(ctx, e.account, KindOf(e.choice))
	return list, err
}

// added says of an error that the template is there all the same.
func (e *ensuring) added(err error) error {
	return fmt.Errorf("the template was added to the account's list as %s, but what it takes could not be read: %w", e.way.TemplateID, err)
}

// take adds the choice under the lease, unless it was added by somebody who
// could not tell.
func (e *ensuring) take(ctx context.Context) (none wechat.Template, err error) {
	begun := e.way.Before != nil
	list, err := e.list(ctx)
	if err != nil {
		return none, e.leave(ctx, begun, 0, err)
	}
	if begun {
		lost, err := e.lost(ctx, list)
		if err != nil {
			return none, e.leave(ctx, true, 0, err)
		}
		if lost.ID != "" {
			return lost, e.record(ctx, lost.ID)
		}
	}
	before := make([]string, len(list))
	for i, o := range list {
		before[i] = o.ID
	}
	if err := e.room.Store.PlanAddition(ctx, e.way, before); err != nil {
		return none, err
	}
	id, err := add(ctx, e.account, e.choice)
	switch {
	case errors.Is(err, wechat.ErrUnanswered):
		return none, e.leave(ctx, true, additionRest, err)
	case err != nil:
		return none, e.leave(ctx, false, 0, err)
	}
	return e.finish(ctx, id)
}

// leave lets go, for others to try.
func (e *ensuring) leave(ctx context.Context, begun bool, after time.Duration, why error) error {
	if err := e.room.Store.LeaveAddition(ctx, e.way, begun, after); err != nil {
		return errors.Join(why, err) // the lease ends by itself
	}
	return why
}

// record tells of the template, and then writes down what the choice became:
// until that is done, whoever asks next finds it in the list and comes here, too.
func (e *ensuring) record(ctx context.Context, id string) error {
	if e.room.Added != nil {
		if err := e.room.Added(ctx, e.code, id, e.choice); err != nil {
			return err
		}
	}
	if err := e.room.Store.FinishAddition(ctx, e.way, id); err != nil {
		return err
	}
	e.way.TemplateID = id
	e.room.Log.Info("template of the library added on demand", "app_id", e.way.AppID, "template", id)
	return nil
}

// finish is record, and reads what the template takes.
func (e *ensuring) finish(ctx context.Context, id string) (wechat.Template, error) {
	if err := e.record(ctx, id); err != nil {
		return wechat.Template{}, err
	}
	list, err := e.list(ctx)
	for _, o := range list {
		if o.ID == id {
			return o, nil
		}
	}
	if err == nil {
		err = errUnlisted
	}
	return wechat.Template{}, e.added(err)
}

// lost finds what somebody added without telling: what has come since, is no
// other choice's, and has the keywords of this one.
func (e *ensuring) lost(ctx context.Context, list []wechat.Template) (none wechat.Template, err error) {
	var fresh []wechat.Template
	for _, o := range list {
		if !slices.Contains(e.way.Before, o.ID) && !slices.Contains(e.way.Others, o.ID) {
			fresh = append(fresh, o)
		}
	}
	if len(fresh) == 0 {
		return none, nil
	}
	labels, err := e.labels(ctx)
	if err != nil {
		return none, err
	}
	for _, o := range fresh {
		if labels == nil || slices.Equal(labels, labelsOf(o)) {
			return o, nil
		}
	}
	return none, nil
}

// labels are the keywords of the choice; nil: an older template, which has none
// to choose.
func (e *ensuring) labels(ctx context.Context) (labels []string, err error) {
	if !e.choice.Subscription() {
		return e.choice.Names, nil
	}
	keywords, err := e.account.Keywords(ctx, e.choice.TID)
	if err != nil {
		return nil, err
	}
	for _, kid := range e.choice.Kids {
		for _, k := range keywords {
			if k.KID == kid {
				labels = append(labels, k.Name)
			}
		}
	}
	return labels, nil
}

func labelsOf(t wechat.Template) (labels []string) {
	for _, p := range t.Parameters() {
		labels = append(labels, p.Label)
	}
	return labels
}
