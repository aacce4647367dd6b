package sender

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"wechattpp/wechat"
)

// Templates keeps the accounts' own lists of templates, and reads the public
// library. Lists are read from WeChat only on request, and after a change by
// us, for it allows few such calls a day. Its fields are needed, but for Added.
// Safe for concurrent use.
type Templates struct {
	Store   TemplateStore
	Senders *Room
	Log     *slog.Logger // of what is added without a person asking
	// Added is told of that, too, and keeps it for good before it returns. It may
	// be told twice: who dies on the way is followed by another.
	Added func(ctx context.Context, code, template string, c wechat.Choice) error
}

// ErrNoTemplates: other kinds of sender have none.
var ErrNoTemplates = errors.New("only Official Accounts (wechatoa) and Mini Programs (wechatmp) have templates")

// kindsOf are the kinds of template that a kind of sender has.
var kindsOf = map[string][]string{OfficialAccount: {TemplateMessages, Subscriptions}, MiniProgram: {Subscriptions}}

// account gives what makes the calls about a kind of template: errors as of
// Room.With, ErrNoTemplates, *InputError.
func (t *Templates) account(ctx context.Context, code, kind string) (*wechat.Account, error) {
	s, err := t.Senders.Read(ctx, code)
	if err != nil {
		return nil, err
	}
	if err := s.has(kind); err != nil {
		return nil, err
	}
	set := needed[s.Kind]
	if s.Kind == OfficialAccount && kind == Subscriptions {
		set = SetNotices
	}
	s, tokens, err := t.Senders.With(ctx, code, set)
	if err != nil {
		return nil, err
	}
	return t.Senders.API.Account(s.AppID, tokens), nil
}

// has tells whether accounts like the sender's have templates of a kind, or any if
// none is named; ErrNoTemplates, *InputError.
func (s Sender) has(kind string) error {
	switch {
	case kindsOf[s.Kind] == nil:
		return ErrNoTemplates
	case kind == "" || slices.Contains(kindsOf[s.Kind], kind):
		return nil
	case kind == TemplateMessages:
		return &InputError{"kind", "must be subscribe: a Mini Program has no template messages"}
	}
	return &InputError{"kind", "must be template (template messages) or subscribe (subscriptions)"}
}

// owner gives the sender whose account's lists are asked for.
func (t *Templates) owner(ctx context.Context, code, kind string) (Sender, []string, error) {
	s, err := t.Senders.Read(ctx, code)
	if err == nil {
		err = s.has(kind)
	}
	switch {
	case err != nil:
		return s, nil, err
	case s.AppID == "":
		return s, nil, ErrUnbound
	case kind == "":
		return s, kindsOf[s.Kind], nil
	}
	return s, []string{kind}, nil
}

// List gives templates that are kept of the sender's account, of a kind or of
// any, and how full its lists are.
func (t *Templates) List(ctx context.Context, code, kind, after string, limit int) ([]wechat.Template, []TemplateList, error) {
	s, kinds, err := t.owner(ctx, code, kind)
	if err != nil {
		return nil, nil, err
	}
	known, err := t.Store.TemplateLists(ctx, s.AppID)
	if err != nil {
		return nil, nil, err
	}
	var lists []TemplateList
	for _, k := range kinds {
		l := TemplateList{Kind: k}
		for _, o := range known {
			if o.Kind == k {
				l = o
			}
		}
		l.Limit, l.Applications = limits(s.Kind, k)
		lists = append(lists, l)
	}
	all, err := t.Store.Templates(ctx, s.AppID, kind, after, limit)
	return all, lists, err
}

func limits(sender, kind string) (limit, applications int) {
	switch {
	case kind == TemplateMessages:
		return wechat.MostTemplates, wechat.TemplateApplications
	case sender == OfficialAccount:
		return wechat.MostSubscriptions, wechat.SubscriptionApplications
	}
	return wechat.MostSubscriptions, 0
}

// Refreshed is what reading a list came to.
type Refreshed struct {
	Kind string
	TemplateChange
	Err error // the list could not be read: what is kept of it stays
}

// Refresh reads the account's lists, of a kind or of all it has, and tells what
// changed. err only if none was read.
func (t *Templates) Refresh(ctx context.Context, code, kind string) ([]Refreshed, error) {
	_, kinds, err := t.owner(ctx, code, kind)
	if err != nil {
		return nil, err
	}
	all, failed := make([]Refreshed, len(kinds)), 0
	for i, k := range kinds {
		all[i].Kind = k
		account, err := t.account(ctx, code, k)
		if err == nil {
			_, all[i].TemplateChange, err = t.read(ctx, account, k)
		}
		if err != nil {
			all[i].Err = err
			failed++
		}
	}
	if failed == len(all) {
		return nil, all[0].Err
	}
	return all, nil
}

// read asks WeChat for a list and keeps it.
func (t *Templates) read(ctx context.Context, a *wechat.Account, kind string) (list []wechat.Template, change TemplateChange, err error) {
	if kind == TemplateMessages {
		list, err = a.Templates(ctx)
	} else {
		list, err = a.Subscriptions(ctx)
	}
	if err != nil {
		return nil, change, err
	}
	change, err = t.Store.SaveTemplates(ctx, a.AppID(), kind, list)
	t.forget()
	return list, change, err
}

// Form gives a template of the sender's account as sends fill it, from what is
// kept and at most a second old. fs.ErrNotExist: it is not in the list.
func (t *Templates) Form(ctx context.Context, code, id string) (wechat.Form, error) {
	s, err := t.Senders.find(ctx, code, fresh)
	if err != nil {
		return wechat.Form{}, err
	}
	return recall(t.Senders, &t.Senders.forms, s.AppID+" "+id, fresh, func() (wechat.Form, error) {
		found, err := t.Store.Template(ctx, s.AppID, id)
		return found.Form(), err
	})
}

// forget lets a change be seen at once.
func (t *Templates) forget() {
	t.Senders.mu.Lock()
	defer t.Senders.mu.Unlock()
	t.Senders.forms = nil
}
