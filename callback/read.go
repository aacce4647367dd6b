package callback

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math"
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
	if a.lock, refusal = d.lock(ctx, r); refusal != nil {
		return a, refusal
	}
	plain, key, refusal := d.open(r, a.lock)
	if refusal != nil {
		d.tell(a.lock, refusal, r.Timestamp, r.At)
		return a, refusal
	}
	a.key = key
	push, err := wechat.ParsePush(plain)
	switch r.Source {
	case Component:
		a.event, refusal = d.componentEvent(r, &push, plain, err)
	case Message:
		a.event, refusal = d.messageEvent(ctx, r, &push, plain, err)
		a.reply = releaseReply(r.AppID, &push)
	default:
		a.event, refusal = d.ownEvent(r, a.lock, &push, plain, err)
	}
	return a, refusal
}

// open verifies before it decrypts, and tells which of the lock's keys fitted.
func (d *Door) open(r *Request, l *lock) (plain []byte, key *crypto.Key, refusal *Refusal) {
	plain, key, refusal = d.unlock(r, l)
	if refusal != nil && l.missing != nil {
		refusal = l.missing
	}
	return plain, key, refusal
}

func (d *Door) unlock(r *Request, l *lock) (plain []byte, key *crypto.Key, _ *Refusal) {
	env, err := wechat.ParseEnvelope(r.Body)
	switch {
	case errors.Is(err, wechat.ErrNoEnvelope):
		return nil, nil, errCleartext
	case err != nil, env.JSON && !l.takesJSON():
		return nil, nil, errEnvelope
	}
	if !crypto.Verify(r.Signature, l.Token, r.Timestamp, r.Nonce, env.Encrypt) {
		if !isBase64(env.Encrypt) {
			return nil, nil, errBase64
		}
		return nil, nil, errSignature
	}
	if !d.timely(r.Timestamp, r.At) {
		return nil, nil, errStale
	}
	plain, i, err := crypto.Open(env.Encrypt, l.ID, l.Keys...)
	switch {
	case err == nil && l.agent(&env):
		return plain, l.Keys[i], nil
	case err == nil:
		return nil, nil, errWrongAccount
	case errors.Is(err, crypto.ErrNotBase64):
		return nil, nil, errBase64
	case !l.names(&env):
		return nil, nil, errWrongAppID // another one's push at our address, with our token
	}
	return nil, nil, errWrongKey
}

// takesJSON tells whose pushes may be JSON; a component cannot choose it.
func (l *lock) takesJSON() bool { return l.kind == officialAccount || l.kind == miniProgram }

// names tells whether what an envelope says of whom it is for, in clear, is
// the lock's.
func (l *lock) names(env *wechat.Envelope) bool {
	if l.kind == weCom {
		return env.ToUserName == l.ID
	}
	return env.AppID == "" || env.AppID == l.ID
}

// agent tells whether the outside of a WeCom push names our company's app.
func (l *lock) agent(env *wechat.Envelope) bool {
	return l.kind != weCom || l.names(env) && (env.AgentID == "" || env.AgentID == l.agentID)
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
func (d *Door) timely(timestamp string, at time.Time) bool {
	return d.MaxAge == 0 || offBy(timestamp, at).Abs() <= d.MaxAge
}

// offBy is how long before its arrival a push was signed; one whose timestamp is
// no number was signed long ago.
func offBy(timestamp string, at time.Time) time.Duration {
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return math.MaxInt64
	}
	return at.Sub(time.Unix(seconds, 0))
}

// componentEvent takes what only WeChat can have written. What cannot be read
// is kept as it is; what reads as a message was sent to the wrong address.
func (d *Door) componentEvent(r *Request, p *wechat.Push, plain []byte, unread error) (*Event, *Refusal) {
	e := d.event(r, r.AppID, p, plain)
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
	e.Due = d.Effects.of(e, p, plain) != nil
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
	e := d.event(r, r.AppID, p, plain)
	e.Secret = releaseCode(r.AppID, p) != ""
	e.Held = !known
	e.Due = e.Held || d.Effects.of(e, p, plain) != nil
	return e, nil
}

// ownEvent takes what an account with a secret of its own pushes: it was closed
// with the account's id, so only the WeCom app must still be the sender's. What
// cannot be read is kept as it is.
func (d *Door) ownEvent(r *Request, l *lock, p *wechat.Push, plain []byte, unread error) (*Event, *Refusal) {
	p.InfoType = "" // a component's word
	if l.kind == weCom && unread == nil && !l.concerns(p) {
		return nil, errWrongAccount
	}
	family, about, kind := "wechat", l.ID, p.Type()
	if l.kind == weCom {
		family, about, kind = "wecom", l.ID+"/"+l.agentID, p.WeComType()
	}
	e := d.event(r, about, p, plain)
	e.AppID, e.Sender, e.Type = l.ID, l.sender, kind
	if unread != nil {
		e.Type, e.Dedup = family+".unreadable", sum("unreadable "+about, plain)
		return e, nil
	}
	e.Secret = e.CardCode() != ""
	e.Due = d.Effects.of(e, p, plain) != nil
	return e, nil
}

// concerns tells whether a push is for the WeCom app. Events of the address
// book name none.
func (l *lock) concerns(p *wechat.Push) bool {
	return p.ToUserName == l.ID && (p.AgentID == l.agentID || p.AgentID == "" && p.Event != "")
}

// event makes one; about is what tells its copies from another account's.
func (d *Door) event(r *Request, about string, p *wechat.Push, plain []byte) *Event {
	return &Event{
		ComponentAppID: d.ComponentAppID, AppID: r.AppID, Source: r.Source, Type: p.Type(), User: plainID(p.FromUserName),
		CreatedAt: time.Unix(p.CreateTime, 0), ReceivedAt: r.At, Body: plain,
		Dedup: dedup(p, about, plain),
	}
}

// dedup is the push's key as columns hold it.
func dedup(p *wechat.Push, appID string, plain []byte) (d [16]byte) {
	key := p.DedupKey(appID, plain)
	if n, err := hex.Decode(d[:], []byte(key)); err != nil || n != len(d) {
		d = sum("key", []byte(key))
	}
	return d
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
