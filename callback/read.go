package callback

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"

	"wechattpp/crypto"
	"wechattpp/wechat"
)

// arrival is a push that came in: what to keep and what to answer.
type arrival struct {
	event *Event
	reply *Reply      // nil: success
	lock  *lock       // that it fitted
	key   *crypto.Key // of the lock, the one that opened it
}

// read makes an event of a request, or says why not.
func (d *Door) read(ctx context.Context, r *Request) (a arrival, refusal *Refusal) {
	a.lock = d.lock(r)
	plain, key, refusal := d.open(r, a.lock)
	if refusal != nil {
		return a, refusal
	}
	a.key = key
	push, err := wechat.ParsePush(plain)
	if r.Source == Component {
		a.event, refusal = d.componentEvent(r, &push, plain, err)
		return a, refusal
	}
	a.event, refusal = d.messageEvent(ctx, r, &push, plain, err)
	a.reply = releaseReply(r.AppID, &push)
	return a, refusal
}

// open verifies before it decrypts, and tells which of the lock's keys fitted.
func (d *Door) open(r *Request, l *lock) (plain []byte, key *crypto.Key, _ *Refusal) {
	env, err := wechat.ParseEnvelope(r.Body)
	if errors.Is(err, wechat.ErrNoEnvelope) {
		return nil, nil, errCleartext
	}
	if err != nil {
		return nil, nil, errEnvelope
	}
	if !crypto.Verify(r.Signature, l.Token, r.Timestamp, r.Nonce, env.Encrypt) {
		if !isBase64(env.Encrypt) {
			return nil, nil, errBase64
		}
		return nil, nil, errSignature
	}
	if !d.timely(r) {
		return nil, nil, errStale
	}
	plain, i, err := crypto.Open(env.Encrypt, l.ID, l.Keys...)
	switch {
	case err == nil:
		return plain, l.Keys[i], nil
	case errors.Is(err, crypto.ErrNotBase64):
		return nil, nil, errBase64
	case env.AppID != "" && env.AppID != l.ID:
		return nil, nil, errWrongAppID // another platform's push at our address, with our token
	}
	return nil, nil, errWrongKey
}

func isBase64(text []byte) bool {
	for _, c := range text {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '+', c == '/', c == '=', c == '\n', c == '\r':
		default:
			return false
		}
	}
	return true
}

// timely tells whether the signed timestamp is near the time of arrival.
func (d *Door) timely(r *Request) bool {
	if d.MaxAge == 0 {
		return true
	}
	seconds, err := strconv.ParseInt(r.Timestamp, 10, 64)
	if err != nil {
		return false
	}
	off := r.At.Sub(time.Unix(seconds, 0))
	return off.Abs() <= d.MaxAge
}

// componentEvent takes what only WeChat can have written. What cannot be read
// is kept as it is; what reads as a message was sent to the wrong address.
func (d *Door) componentEvent(r *Request, p *wechat.Push, plain []byte, unread error) (*Event, *Refusal) {
	e := d.event(r, p, plain)
	e.Secret = true
	e.AppID = d.ComponentAppID
	if unread != nil {
		e.Type, e.Dedup = "component.unreadable", sum("unreadable", plain)
		return e, nil
	}
	if p.AppID != d.ComponentAppID || p.InfoType == "" {
		return nil, errWrongAppID
	}
	if p.AuthorizerAppID != "" {
		e.AppID = plainID(p.AuthorizerAppID)
	}
	e.Due = d.Effects.of(e.AppID, p) != nil
	return e, nil
}

// messageEvent checks that the path, which nothing signs, names the account
// that the push is for.
func (d *Door) messageEvent(ctx context.Context, r *Request, p *wechat.Push, plain []byte, unread error) (*Event, *Refusal) {
	if unread != nil || p.ToUserName == "" || p.InfoType != "" || plainID(r.AppID) != r.AppID || r.AppID == "" {
		return nil, errWrongAccount
	}
	known, fits := d.names.check(ctx, r.AppID, p.ToUserName)
	if known && !fits {
		return nil, errWrongAccount
	}
	e := d.event(r, p, plain)
	e.Secret = releaseCode(r.AppID, p) != ""
	e.Held = !known
	e.Due = e.Held || d.Effects.of(e.AppID, p) != nil
	return e, nil
}

func (d *Door) event(r *Request, p *wechat.Push, plain []byte) *Event {
	e := &Event{
		ComponentAppID: d.ComponentAppID, AppID: r.AppID, Source: r.Source, Type: p.Type(), User: plainID(p.FromUserName),
		CreatedAt: time.Unix(p.CreateTime, 0), ReceivedAt: r.At, Body: plain,
	}
	key := p.DedupKey(r.AppID, plain)
	if n, err := hex.Decode(e.Dedup[:], []byte(key)); err != nil || n != len(e.Dedup) {
		e.Dedup = sum("key", []byte(key))
	}
	return e
}

func sum(kind string, b []byte) (d [16]byte) {
	h := sha256.New()
	_, _ = h.Write([]byte(kind))
	_, _ = h.Write(b)
	copy(d[:], h.Sum(nil))
	return d
}

// longestID is what columns of ids hold.
const longestID = 64

// plainID is an app id or openid as it may be stored: one that is none, with
// odd characters or too long, is nothing.
func plainID(id string) string {
	if len(id) > longestID || strings.ContainsFunc(id, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return ""
	}
	return id
}
