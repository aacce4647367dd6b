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
)

// Limits of one request (docs.jiguang.cn/jums/server/rest_api_jums_custom_message).
const (
	mostTags     = 20
	mostUsers    = 1000
	mostIDs      = 1000 // per sender
	mostContent  = 1 << 20
	mostMessages = 100 // per kind of sender
	mostKey      = 255
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
	q, err := parse(body, strings.HasPrefix(d.Path, "/v1/template/"))
	if err != nil {
		return Receipt{}, err
	}
	if q.general {
		if err := r.general(ctx, c, q); err != nil {
			return Receipt{}, err
		}
	}
	q.everyone = strings.HasSuffix(d.Path, "/broadcast")
	if q.guard, err = r.protect(ctx); err != nil {
		return Receipt{}, err
	}
	if err := r.draft(ctx, c, q, d); err != nil {
		return Receipt{}, err
	}
	if d.Waits() {
		q.warnings = append(q.warnings, "the message waits for an administrator's approval: see approval in GET /v1/messages/{msgid}")
	}
	r.hint(ctx, q, d)
	id, again, err := r.Store.Add(ctx, d)
	if errors.Is(err, ErrQuota) {
		err = &Refusal{codeBroadcasts, "", fmt.Sprintf("%s: a client may send %d a day", ErrQuota, d.Quota)}
	}
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
	if err := q.audience(r.Audience); err != nil {
		return err
	}
	if err := r.registered(ctx, c, q.receipts); err != nil {
		return err
	}
	if err := q.guard.awake(q, time.Now()); err != nil {
		return err
	}
	q.guard.quota(d)
	if d.Held = c.Approval; d.Held && !slices.Contains(c.Owners, q.owner) {
		return &Refusal{codeOwner, "option.owner", "is needed: name one of the client's owners, for what it sends waits for approval"}
	}
	d.SendNo, d.SendAt, d.ExpireAt, d.Resend = q.sendNo, q.sendAt, q.expireAt, q.resend
	d.Shift = map[int]time.Duration{1: -time.Minute, 3: 5 * time.Second}[q.priority]
	if d.Params, err = q.kept(); err != nil {
		return err
	}
	if d.Parts, err = r.parts(ctx, c, q); err != nil {
		return err
	}
	if d.Parts, err = r.ruled(ctx, c, q, d.Parts); err != nil {
		return err
	}
	if err := r.known(ctx, q); err != nil {
		return err
	}
	switch {
	case q.everyone || len(q.tags) > 0 || q.segment != 0:
		d.For = &Selection{All: q.everyone, UserIDs: unique(q.users), Tags: unique(q.tags), Segment: q.segment, ChannelKey: c.ChannelKey,
			Black: q.black, White: q.white}
		return q.masses(d)
	case len(q.users) > 0:
		d.Targets, err = r.resolve(ctx, q.users, d.Parts)
	default:
		d.Parts, d.Targets, err = q.assign(d.Parts)
	}
	if err == nil {
		err = r.sift(ctx, q.black, q.white, d.Targets)
	}
	if err == nil {
		err = q.masses(d)
	}
	return err
}

// registered holds callback.url against the client's receipt addresses: as in
// JUMS it must be one of them (docs.jiguang.cn/jums/advanced/callback).
func (r *Room) registered(ctx context.Context, c Client, url string) error {
	if url == "" {
		return nil
	}
	if r.Receipts != nil {
		if ok, err := r.Receipts(ctx, c.ID, url); ok || err != nil {
			return err
		}
	}
	return invalid("callback.url", "is no receipt address of this client: register it by POST /v1/clients/{id}/callbacks first, or leave it out")
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

// toUsers tells whether targets are named as users of the registry.
func (q *request) toUsers() bool { return len(q.users)+len(q.tags) > 0 || q.segment != 0 }

// audience holds the targets against JUMS's limits.
func (q *request) audience(a Audience) error {
	switch {
	case len(q.users) > mostUsers:
		return &Refusal{codeManyUsers, "aud_userid", fmt.Sprintf("has %d userids: at most %d a call", len(q.users), mostUsers)}
	case q.everyone && (q.toUsers() || len(q.targets) > 0):
		return invalid("aud_xxx", "must be left out: a broadcast goes to everyone")
	case len(q.tags) > mostTags:
		return invalid("aud_tag", "has %d tags: at most %d a call", len(q.tags), mostTags)
	case q.toUsers() && len(q.targets) > 0:
		return invalid("aud_"+q.targets[0].kind.name, "must not be mixed with aud_userid, aud_tag or aud_segment: send two requests")
	case len(q.says) == 0 && len(q.targets) == 0:
		return invalid("msg_xxx", "is missing: say what to send, in %s", kindNames())
	case !q.everyone && !q.toUsers() && len(q.targets) == 0:
		return invalid("aud_"+q.says[0].kind.name, "is missing: name targets in it, or in aud_userid, aud_tag or aud_segment")
	}
	for i, tag := range q.tags {
		if wrong := a.WrongTag(tag); wrong != "" {
			return invalid(at("aud_tag", i), "%s", wrong)
		}
	}
	for i, u := range q.users {
		if wrong := a.WrongUserID(u); wrong != "" {
			return invalid(at("aud_userid", i), "%s", wrong)
		}
	}
	for _, t := range q.targets {
		if !slices.ContainsFunc(q.says, func(m said) bool { return m.kind == t.kind }) {
			return invalid("msg_"+t.kind.name, "is missing: every aud_xxx needs its msg_xxx")
		}
		if len(t.Data) == 0 || len(t.Data) > mostIDs {
			return invalid(t.path+".data", "has %d %ss: 1 to %d per sender and call", len(t.Data), t.ids(), mostIDs)
		}
		for j, id := range t.Data {
			if ok, form := t.fits(id); !ok {
				return invalid(at(t.path+".data", j), "is no %s: %s", t.ids(), form)
			}
		}
	}
	return nil
}

const openIDForm = "1 to 128 ASCII letters, digits, - and _"

// isOpenID: WeChat documents no form; every openid seen fits this one.
func isOpenID(id string) bool {
	bad := func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_'
	}
	return id != "" && len(id) <= 128 && !strings.ContainsFunc(id, bad)
}
