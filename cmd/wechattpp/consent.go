package main

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"wechattpp/audience"
	"wechattpp/callback"
	"wechattpp/notify"
	"wechattpp/wechat"
)

// outcome brings WeChat's later word to whoever sent the message. A subscription
// message that somebody else sent in the account's name spent a consent, too;
// of ours, sending tells the ledger itself.
func (h *house) outcome(ctx context.Context, appID string, o wechat.Outcome, from callback.Origin) error {
	ours, err := h.messages.Outcome(ctx, notify.Outcome{AppID: appID, User: o.User, MsgID: o.MsgID, Template: o.Template, Delivered: o.Delivered, Status: o.Status, At: from.Created})
	switch {
	case errors.Is(err, notify.ErrTooEarly):
		return callback.Later{After: time.Second}
	case err != nil || ours || o.Template == "":
		return err
	}
	return h.ledger.Enter(ctx, source(from), []audience.Entry{
		{Account: appID, OpenID: o.User, Template: o.Template, Scene: audience.NoScene, Word: audience.Spent, At: from.Created}})
}

// answered brings what a user said about messages of templates to the ledger.
func (h *house) answered(ctx context.Context, appID string, all []wechat.Answer, from callback.Origin) error {
	entries := make([]audience.Entry, len(all))
	for i, a := range all {
		word := audience.Accept
		switch {
		case a.Setting:
			word = audience.Refused
		case !a.Accepted:
			word = audience.Reject
		}
		entries[i] = audience.Entry{Account: appID, OpenID: a.User, Template: a.Template, Scene: audience.NoScene, Word: word, At: from.Created}
	}
	return h.ledger.Enter(ctx, source(from), entries)
}

func source(o callback.Origin) audience.Source { return audience.Source{Event: o.Event, Part: o.Part} }

// longTerm tells whether a sender's template is known, by its account's list, to
// be one that a user agrees to for long.
func (h *house) longTerm(ctx context.Context, code, template string) (bool, error) {
	f, err := h.templates.Form(ctx, code, template)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return f.Type == wechat.TypeLongTerm, err
}
