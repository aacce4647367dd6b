package sender

import (
	"context"
	"errors"
	"io/fs"

	"wechattpp/wechat"
)

// KindOf is the kind of template, or of a choice of the library.
func KindOf(t interface{ Subscription() bool }) string {
	if t.Subscription() {
		return Subscriptions
	}
	return TemplateMessages
}

// Add takes a template of the public library into the account's list and gives
// its id, and the template as WeChat's list shows it. unread is why the list
// could not be read afterwards; the template is there all the same.
func (t *Templates) Add(ctx context.Context, code string, c wechat.Choice) (made wechat.Template, unread, err error) {
	if field, problem := c.Check(); field != "" {
		return made, nil, &InputError{field, problem}
	}
	a, err := t.account(ctx, code, KindOf(c))
	if err != nil {
		return made, nil, err
	}
	id, err := add(ctx, a, c)
	if err != nil {
		return made, nil, err
	}
	ctx = context.WithoutCancel(ctx) // it is there: each call is bounded
	unread = t.Store.RecordAddition(ctx, a.AppID(), c.Key(), id)
	list, _, err := t.read(ctx, a, KindOf(c))
	for _, o := range list {
		if o.ID == id {
			return o, unread, nil
		}
	}
	if err == nil {
		err = errUnlisted
	}
	return wechat.Template{ID: id}, errors.Join(unread, err), nil
}

func add(ctx context.Context, a *wechat.Account, c wechat.Choice) (id string, err error) {
	if c.Subscription() {
		return a.AddSubscription(ctx, c.TID, c.Kids, c.Scene)
	}
	return a.AddTemplate(ctx, c.Short, c.Names)
}

// ErrNotKept: whether the account has such a template is not known here.
var ErrNotKept = errors.New("the template is not in what is kept of the account's lists: see GET /v1/senders/{code}/templates, or refresh them first")

// Delete takes a template out of the account's list. One that WeChat does not
// have any more is forgotten. ErrNotKept.
func (t *Templates) Delete(ctx context.Context, code, id string) error {
	s, _, err := t.owner(ctx, code, "")
	if err != nil {
		return err
	}
	known, err := t.Store.Template(ctx, s.AppID, id)
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNotKept
	}
	if err != nil {
		return err
	}
	a, err := t.account(ctx, code, KindOf(known))
	if err != nil {
		return err
	}
	if known.Subscription() {
		err = a.DeleteSubscription(ctx, id)
	} else {
		err = a.DeleteTemplate(ctx, id)
	}
	if err != nil && !errors.Is(err, wechat.ErrMessage) {
		return err
	}
	err = t.Store.DropTemplate(context.WithoutCancel(ctx), s.AppID, id)
	t.forget()
	return err
}
