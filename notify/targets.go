package notify

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
)

// parts finds the sender of each message and checks its content.
func (r *Room) parts(ctx context.Context, c Client, q *request) ([]Part, error) {
	parts := make([]Part, 0, len(q.says))
	size := 0
	for _, m := range q.says {
		p, err := r.part(ctx, c, m)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(parts, func(o Part) bool { return o.Sender == p.Sender }) {
			return nil, invalid(m.path+".sender", "is %q a second time: one message per sender and request", p.Sender)
		}
		if err := q.guard.clean(m); err != nil {
			return nil, err
		}
		if m.raw, err = r.logical(ctx, c, m, p.Sender); err != nil {
			return nil, err
		}
		says, err := r.parse(ctx, m.path, m, p.Sender, q)
		if err != nil {
			return nil, err
		}
		if err := r.permitted(ctx, m, p.Sender, says.needs()); err != nil {
			return nil, err
		}
		if err := r.filled(ctx, m.path, p.Sender, says, q); err != nil {
			return nil, err
		}
		says.put(&p)
		if err := r.freshTask(ctx, m, p); err != nil {
			return nil, err
		}
		if size += says.size(); size > mostContent {
			return nil, invalid(m.path, "is too much: the messages of one request hold at most %d bytes of values", mostContent)
		}
		parts = append(parts, p)
	}
	return parts, nil
}

// permitted refuses what needs a permission set that the account did not grant.
func (r *Room) permitted(ctx context.Context, m said, sender string, set int) error {
	if set == 0 {
		return nil
	}
	why, err := r.Senders.Lacks(ctx, sender, set)
	if err == nil && why != "" {
		err = &Refusal{m.kind.code, m.path, "cannot be sent now: " + why}
	}
	return err
}

// part finds the sender that a message goes by.
func (r *Room) part(ctx context.Context, c Client, m said) (Part, error) {
	code, path := m.sender, m.path
	if code == "" {
		mine, err := r.mine(ctx, c, m.kind.name)
		if err != nil {
			return Part{}, err
		}
		if len(mine) > 1 {
			return Part{}, invalid(path+".sender", "is needed: you may use several senders of kind %s: %s", m.kind.name, few(mine))
		}
		if len(mine) == 0 {
			return Part{}, &Refusal{m.kind.code, path, "has no sender: no " + m.kind.people + " is granted to you"}
		}
		code = mine[0]
	}
	id, found, appID, err := r.Senders.Find(ctx, code)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !c.All && !slices.Contains(c.Senders, code) {
		return Part{}, &Refusal{m.kind.code, path + ".sender", "does not exist or is not granted to you: use the code of a sender that is"}
	}
	if err != nil {
		return Part{}, err
	}
	if found != m.kind.name {
		return Part{}, invalid(path+".sender", "is of kind %s: use one of kind %s", found, m.kind.name)
	}
	why, err := r.Senders.Why(ctx, code)
	if err != nil {
		return Part{}, err
	}
	if why != "" {
		return Part{}, &Refusal{m.kind.code, path, "cannot be sent now: " + why}
	}
	return Part{Sender: code, SenderID: id, SenderKind: found, AppID: appID}, nil
}

// mine lists the senders of a kind that the client may use.
func (r *Room) mine(ctx context.Context, c Client, kind string) (codes []string, err error) {
	if c.All {
		return r.Senders.Codes(ctx, kind)
	}
	for _, code := range c.Senders {
		_, found, _, err := r.Senders.Find(ctx, code)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err == nil && found == kind {
			codes = append(codes, code)
		}
	}
	return codes, nil
}

func few(codes []string) string {
	if len(codes) > 5 {
		return strings.Join(codes[:5], ", ") + " ..."
	}
	return strings.Join(codes, ", ")
}

// resolve makes a recipient of each user at each sender, once per identity. A
// user without an identity counts, to be skipped. By a rule the lists of all
// parts hold the same users at the same places.
func (r *Room) resolve(ctx context.Context, users []string, parts []Part) ([][]Target, error) {
	users = unique(users)
	all := make([][]Target, len(parts))
	for i, p := range parts {
		found, err := r.Audience.Resolve(ctx, p.SenderKind, p.Sender, users)
		if err != nil {
			return nil, err
		}
		seen := make(map[string]bool, len(users))
		for _, u := range users {
			id := found[u]
			if k := kindNamed(p.SenderKind); k != nil && !k.fits(id) { // kept before its form was looked at
				id = ""
			}
			same := p.same(id)
			switch t := (Target{UserID: u, Identity: id}); {
			case id == "" || !seen[same]:
				all[i] = append(all[i], t)
			case Parts(parts).Ruled():
				t.Skip = SameIdentity
				all[i] = append(all[i], t)
			}
			seen[same] = true
		}
	}
	return all, nil
}

// SameIdentity is why a recipient is skipped whose place a rule needs.
const SameIdentity = "another user of this message has the same identity"

// assign gives each list of identities to the part of its sender: the one it
// names, else the only one of its kind. Those of linked companies get a part of
// their own.
func (q *request) assign(parts []Part) ([]Part, [][]Target, error) {
	ids, linked := make([][]string, len(parts)), make([][]string, len(parts))
	for _, t := range q.targets {
		part, found := -1, 0
		for i, p := range parts {
			if p.SenderKind == t.kind.name && (t.Sender == "" || t.Sender == p.Sender) {
				part = i
				found++
			}
		}
		if found != 1 {
			return nil, nil, invalid(t.path+".sender", "must be the sender of one of the messages in msg_%s", t.kind.name)
		}
		into := ids
		if t.group != nil && t.group.linked {
			into = linked
		}
		if into[part] = append(into[part], t.recipients()...); len(into[part]) > mostIDs {
			return nil, nil, invalid("aud_"+t.kind.name, "has more than %d %ss for sender %s: send several requests", mostIDs, t.kind.ids, parts[part].Sender)
		}
	}
	var kept []Part
	var all [][]Target
	for i, p := range parts {
		path := q.says[i].path
		if len(ids[i])+len(linked[i]) == 0 {
			return nil, nil, invalid(path, "has no targets: every msg_xxx needs its aud_xxx")
		}
		if len(ids[i]) > 0 {
			targets, err := p.targets(path, ids[i])
			if err != nil {
				return nil, nil, err
			}
			kept, all = append(kept, p), append(all, targets)
		}
		if len(linked[i]) > 0 {
			p, err := q.linked(path, p)
			if err != nil {
				return nil, nil, err
			}
			targets, err := p.targets(path, linked[i])
			if err != nil {
				return nil, nil, err
			}
			kept, all = append(kept, p), append(all, targets)
		}
	}
	return kept, all, nil
}

// choosy is a content that not everybody may get.
type choosy interface {
	suits(path string, ids []string) error
}

// targets are the recipients of a part, each once.
func (p Part) targets(path string, list []string) ([]Target, error) {
	list = uniqueBy(list, p.same)
	if c, ok := p.content().(choosy); ok {
		if err := c.suits(path, list); err != nil {
			return nil, err
		}
	}
	if at := slices.IndexFunc(list, IsCrowd); at >= 0 && p.SenderKind == official.name && p.Mass == nil {
		return nil, invalid("aud_"+official.name, "has %s, whom an article reaches (type 4) and no other message: name openids", list[at])
	}
	all := make([]Target, len(list))
	for i, id := range list {
		all[i] = Target{Identity: id}
	}
	return all, nil
}

// same is what two names of one recipient have in common: userids of WeCom are
// not case sensitive.
func (p Part) same(id string) string {
	if p.App != nil || p.Linked != nil {
		return strings.ToLower(id)
	}
	return id
}

// unique drops doubles and keeps the order.
func unique(list []string) []string { return uniqueBy(list, func(s string) string { return s }) }

func uniqueBy(list []string, same func(string) string) []string {
	seen := make(map[string]bool, len(list))
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool {
		double := seen[same(s)]
		seen[same(s)] = true
		return double
	})
}
