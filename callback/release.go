package callback

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"wechattpp/wechat"
)

// releasePush tells whether a push is one of the full-network release test: it
// came to the message address, for one of WeChat's ten accounts by the path and
// by the signed ToUserName. What it says means something only then; any other
// account's user may write the same words.
func releasePush(appID string, p *wechat.Push) bool {
	name, ok := wechat.ReleaseUserName(appID)
	return ok && p.ToUserName == name
}

// releaseReply is the answer to a push of the release test. It follows from the
// push, so that every copy at every replica reads the same.
func releaseReply(appID string, p *wechat.Push) *Reply {
	if !releasePush(appID, p) {
		return nil
	}
	text := func(content string) *Reply {
		return &Reply{wechat.TextReply{ToUserName: p.FromUserName, FromUserName: p.ToUserName, CreateTime: p.CreateTime, Content: content}.XML()}
	}
	switch {
	case p.MsgType == "event" && p.Event != "":
		return text(p.Event + wechat.ReleaseEventSuffix)
	case p.MsgType == "text" && p.Content == wechat.ReleaseText:
		return text(wechat.ReleaseTextReply)
	case releaseCode(appID, p) != "":
		return &Reply{}
	}
	return nil
}

// releaseCode is the authorization code that the release test gives in a text
// message, "" if the push is none of those.
func releaseCode(appID string, p *wechat.Push) string {
	if p.MsgType != "text" || !releasePush(appID, p) {
		return ""
	}
	code, ok := strings.CutPrefix(p.Content, wechat.ReleaseCodePrefix)
	if !ok {
		return ""
	}
	return code
}

// ReleaseCode is a text message of the release test with an authorization code
// of the account it was written to.
type ReleaseCode struct {
	AppID   string
	OpenID  string // who wrote it
	Code    string
	Created time.Time
}

// Format hides the code.
func (c ReleaseCode) Format(s fmt.State, _ rune) {
	_, _ = fmt.Fprintf(s, "code of the release test for %s", c.AppID)
}

// ReleaseStore remembers how far the answer to a code is. Methods are atomic.
type ReleaseStore interface {
	// Progress answers the token that a code brought, "" if none is kept, and
	// whether the customer message went out.
	Progress(ctx context.Context, codeHash string) (token string, sent bool, err error)
	// Keep makes the token of a code durable.
	Keep(ctx context.Context, codeHash, token string) error
	// Sent notes that the customer message went out, and forgets the token.
	Sent(ctx context.Context, codeHash string) error
	// Forget deletes what began longer than age ago.
	Forget(ctx context.Context, age time.Duration) (int, error)
}

// Release answers codes of the release test.
type Release struct {
	Vendor *wechat.Component
	API    wechat.API
	Store  ReleaseStore
}

// releasePatience is how long an answer is of any use: the test's deadline is
// not documented, but short.
const releasePatience = 10 * time.Minute

// Answer exchanges the code and writes a customer message by the token of that
// very answer: the account's own may not have come yet
// (https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/operation/thirdparty/releases_instructions.html).
//
// Failure policy: the code is good once, so its token is durable before it is
// used. After that, whatever is not known to have failed for good is tried
// again: WeChat notices no repeat of a customer message, but a message too many
// harms nobody here, and one too few fails the test.
func (r *Release) Answer(ctx context.Context, c ReleaseCode) error {
	sum := sha256.Sum256([]byte(c.Code))
	hash := hex.EncodeToString(sum[:])
	token, sent, err := r.Store.Progress(ctx, hash)
	if err != nil || sent {
		return err
	}
	if time.Since(c.Created) > releasePatience {
		return fmt.Errorf("nobody waits for it any more: %w", errHopeless)
	}
	if token == "" {
		if token, err = r.exchange(ctx, c, hash); err != nil {
			return err
		}
	}
	text := c.Code + wechat.ReleaseCodeSuffix
	if err := r.API.Account(c.AppID, wechat.FixedToken(token)).SendText(ctx, c.OpenID, text); err != nil {
		return lasting(err)
	}
	return r.Store.Sent(ctx, hash)
}

// exchange gets the token and makes it durable.
func (r *Release) exchange(ctx context.Context, c ReleaseCode, hash string) (string, error) {
	granted, err := r.Vendor.QueryAuth(ctx, c.Code)
	switch {
	case err != nil:
		return "", lasting(err)
	case granted.AppID != c.AppID:
		return "", fmt.Errorf("the code is of another account, %s: %w", granted.AppID, errHopeless)
	case granted.Access == "":
		return "", fmt.Errorf("the code brought no token: %w", errHopeless)
	}
	return granted.Access, r.keep(ctx, hash, granted.Access)
}

// keep tries again while the database is away: the token is to be had once.
func (r *Release) keep(ctx context.Context, hash, token string) error {
	for {
		err := r.Store.Keep(ctx, hash, token)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// lasting marks an error that another try would meet again.
func lasting(err error) error {
	var verdict *wechat.Error
	if !errors.As(err, &verdict) || errors.Is(err, wechat.ErrNotSent) || errors.Is(err, wechat.ErrUnanswered) || errors.Is(err, wechat.ErrThrottledMinute) {
		return err
	}
	return fmt.Errorf("%w: %w", errHopeless, err)
}
