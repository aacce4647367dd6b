package notify

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Limits of one request (docs.jiguang.cn/jums/server/rest_api_jums_custom_message).
const (
	mostUsers   = 1000
	mostIDs     = 1000 // per sender
	mostContent = 1 << 20
	mostKey     = 255
)

// keyWait is how long a call waits for one with the same Idempotency-Key.
const keyWait = 5 * time.Second

// Accept checks and stores the body of a send request to the given path, and
// answers once it is durable. key is the Idempotency-Key, empty for none.
//
// *Refusal: the request is wrong; nothing was stored or remembered.
// ErrOtherBody, ErrInProgress: about the key.
func (r *Room) Accept(ctx context.Context, c Client, path, key string, body []byte) (Receipt, error) {
	if len(key) > mostKey || strings.ContainsFunc(key, func(c rune) bool { return c < ' ' || c > '~' }) {
		return Receipt{}, invalid("Idempotency-Key", "must be at most %d printable ASCII characters", mostKey)
	}
	d := &Draft{ClientID: c.ID, Path: path, Key: key}
	if key == "" {
		return r.accept(ctx, c, d, body)
	}
	d.Hash = sha256.Sum256(body)
	ctx, cancel := context.WithTimeout(ctx, keyWait)
	defer cancel()
	leave, err := r.enter(ctx, fmt.Sprint(c.ID, path, " ", key))
	if err != nil {
		return Receipt{}, ErrInProgress
	}
	defer leave()
	id, sendNo, err := r.Store.Find(ctx, d)
	switch {
	case err == nil:
		return Receipt{MsgID: id.String(), SendNo: sendNo, Again: true}, nil
	case errors.Is(err, fs.ErrNotExist):
	default:
		return Receipt{}, err
	}
	receipt, err := r.accept(ctx, c, d, body)
	if errors.Is(err, context.DeadlineExceeded) {
		err = ErrInProgress // it may yet be stored: the same key tells
	}
	return receipt, err
}

// enter lets one call with a key in at a time. Other replicas are kept out by
// the key's row.
func (r *Room) enter(ctx context.Context, key string) (leave func(), err error) {
	mine := make(chan struct{})
	for {
		r.mu.Lock()
		other := r.keys[key]
		if other == nil {
			r.keys[key] = mine
			r.mu.Unlock()
			return func() {
				r.mu.Lock()
				delete(r.keys, key)
				r.mu.Unlock()
				close(mine)
			}, nil
		}
		r.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (r *Room) accept(ctx context.Context, c Client, d *Draft, body []byte) (Receipt, error) {
	q, err := parse(body)
	if err != nil {
		return Receipt{}, err
	}
	if err := r.draft(ctx, c, q, d); err != nil {
		return Receipt{}, err
	}
	id, again, err := r.Store.Add(ctx, d)
	if err != nil {
		return Receipt{}, err
	}
	if !again {
		r.metrics.accepted.Inc()
		if d.SendAt.IsZero() {
			r.nudge()
		}
	}
	return Receipt{MsgID: id.String(), SendNo: q.sendNo, Warnings: q.warnings, Again: again}, nil
}

// draft turns the request into what is stored.
func (r *Room) draft(ctx context.Context, c Client, q *request, d *Draft) (err error) {
	if err := q.times(time.Now()); err != nil {
		return err
	}
	if err := q.audience(); err != nil {
		return err
	}
	d.SendNo, d.SendAt, d.ExpireAt, d.Resend = q.sendNo, q.sendAt, q.expireAt, q.resend
	d.Shift = map[int]time.Duration{1: -time.Minute, 3: 5 * time.Second}[q.priority]
	if d.Params, err = q.kept(); err != nil {
		return err
	}
	if d.Parts, err = r.parts(ctx, c, q); err != nil {
		return err
	}
	if len(q.users) > 0 {
		d.Targets, err = r.resolve(ctx, q.users, d.Parts)
		return err
	}
	d.Targets, err = assign(q.official, d.Parts)
	return err
}

func (q *request) times(now time.Time) error {
	if q.sendAt.After(now.AddDate(1, 0, 0)) {
		return invalid("send_at", "is more than a year ahead")
	}
	if !q.sendAt.After(now) {
		q.sendAt = time.Time{}
	}
	if !q.expireAt.IsZero() && (!q.expireAt.After(now) || !q.expireAt.After(q.sendAt)) {
		return invalid("expire_at", "has passed, or is not after send_at: choose a later time")
	}
	return nil
}

// audience holds the targets against JUMS's limits.
func (q *request) audience() error {
	switch {
	case len(q.users) > mostUsers:
		return &Refusal{codeManyUsers, "aud_userid", fmt.Sprintf("has %d userids: at most %d a call", len(q.users), mostUsers)}
	case len(q.users) > 0 && len(q.official) > 0:
		return invalid("aud_wechatoa", "must not be mixed with aud_userid: send two requests")
	case len(q.users) == 0 && len(q.official) == 0:
		return invalid("aud_wechatoa", "is missing: name targets in aud_wechatoa or aud_userid")
	case len(q.messages) == 0:
		return invalid("msg_wechatoa", "is missing: every aud_xxx needs its msg_xxx")
	}
	for i, u := range q.users {
		if n := len([]rune(u)); n == 0 || n > 64 || strings.ContainsFunc(u, unicode.IsControl) {
			return invalid(at("aud_userid", i), "has %d characters: 1 to 64, no control characters", n)
		}
	}
	for i, t := range q.official {
		if len(t.Data) == 0 || len(t.Data) > mostIDs {
			return invalid(at("aud_wechatoa", i)+".data", "has %d openids: 1 to %d per sender and call", len(t.Data), mostIDs)
		}
		for j, id := range t.Data {
			if !isIdentity(id) {
				return invalid(at(at("aud_wechatoa", i)+".data", j), "is no openid: 1 to 128 ASCII letters, digits, - and _")
			}
		}
	}
	return nil
}

func isIdentity(id string) bool {
	bad := func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_'
	}
	return id != "" && len(id) <= 128 && !strings.ContainsFunc(id, bad)
}

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
