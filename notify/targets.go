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
	const kind = "wechatoa"
	parts := make([]Part, 0, len(q.messages))
	size := 0
	for i := range q.messages {
		m := &q.messages[i]
		path := at("msg_wechatoa", i)
		p, err := r.part(ctx, c, kind, m.Sender, path)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(parts, func(o Part) bool { return o.Sender == p.Sender }) {
			return nil, invalid(path+".sender", "is %q a second time: one message per sender and request", p.Sender)
		}
		if p.Template, err = m.template(path, q); err != nil {
			return nil, err
		}
		for name, v := range p.Template.Data {
			size += len(name) + len(v)
		}
		parts = append(parts, p)
	}
	if size > mostContent {
		return nil, invalid("msg_wechatoa", "holds %d bytes of values: at most %d", size, mostContent)
	}
	return parts, nil
}

// part finds the sender that a message of the kind goes by.
func (r *Room) part(ctx context.Context, c Client, kind, code, path string) (Part, error) {
	if code == "" {
		mine, err := r.mine(ctx, c, kind)
		if err != nil {
			return Part{}, err
		}
		if len(mine) > 1 {
			return Part{}, invalid(path+".sender", "is needed: you may use several senders of kind %s: %s", kind, few(mine))
		}
		if len(mine) == 0 {
			return Part{}, &Refusal{codeNoOfficial, path, "has no sender: no Official Account is granted to you"}
		}
		code = mine[0]
	}
	id, found, appID, err := r.Senders.Find(ctx, code)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !c.All && !slices.Contains(c.Senders, code) {
		return Part{}, &Refusal{codeNoOfficial, path + ".sender", "does not exist or is not granted to you: use the code of a sender that is"}
	}
	if err != nil {
		return Part{}, err
	}
	if found != kind {
		return Part{}, invalid(path+".sender", "is of kind %s: use one of kind %s", found, kind)
	}
	why, err := r.Senders.Why(ctx, code)
	if err != nil {
		return Part{}, err
	}
	if why != "" {
		return Part{}, &Refusal{codeNoOfficial, path, "cannot be sent now: " + why}
	}
	return Part{Sender: code, SenderID: id, AppID: appID, Kind: "template"}, nil
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
// user without an identity counts, to be skipped.
func (r *Room) resolve(ctx context.Context, users []string, parts []Part) ([][]Target, error) {
	users = unique(users)
	all := make([][]Target, len(parts))
	for i, p := range parts {
		found, err := r.Audience.Resolve(ctx, "wechatoa", p.Sender, users)
		if err != nil {
			return nil, err
		}
		seen := make(map[string]bool, len(users))
		for _, u := range users {
			id := found[u]
			if id == "" || !seen[id] {
				all[i] = append(all[i], Target{u, id})
			}
			seen[id] = true
		}
	}
	return all, nil
}

// assign gives each list of openids to the part of its sender.
func assign(targets []target, parts []Part) ([][]Target, error) {
	ids := make([][]string, len(parts))
	for i, t := range targets {
		part := slices.IndexFunc(parts, func(p Part) bool { return p.Sender == t.Sender })
		if t.Sender == "" && len(parts) == 1 {
			part = 0
		}
		if part < 0 {
			return nil, invalid(at("aud_wechatoa", i)+".sender", "must be the sender of one of the messages in msg_wechatoa")
		}
		if ids[part] = append(ids[part], t.Data...); len(ids[part]) > mostIDs {
			return nil, invalid("aud_wechatoa", "has more than %d openids for sender %s: send several requests", mostIDs, parts[part].Sender)
		}
	}
	all := make([][]Target, len(parts))
	for i, list := range ids {
		if len(list) == 0 {
			return nil, invalid(at("msg_wechatoa", i), "has no targets: every msg_xxx needs its aud_xxx")
		}
		for _, id := range unique(list) {
			all[i] = append(all[i], Target{Identity: id})
		}
	}
	return all, nil
}

// unique drops doubles and keeps the order.
func unique(list []string) []string {
	seen := make(map[string]bool, len(list))
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool {
		double := seen[s]
		seen[s] = true
		return double
	})
}
