package sender

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"time"

	"wechattpp/wechat"
)

// Status is what the platform knows of an account.
type Status struct {
	Authorized bool
	Sets       []int // permission sets granted
}

// Why a sender cannot send now. Test with errors.Is; the text says what to do.
var (
	ErrUnbound      = errors.New("no account is bound to the sender yet: open its invitation")
	ErrUnauthorized = errors.New("the account no longer authorizes the platform: have its administrator authorize again")
	ErrPermission   = errors.New("the account did not grant a permission set")
	ErrNoSecret     = errors.New("the sender has no secret yet: set it")
	ErrResting      = errors.New("the sender's token is not renewed any more")
	// ErrNoToken is no reason against sending, but against all else.
	ErrNoToken = errors.New("the sender is the webhook of a group chat: it has no access token, and sends messages and files only")
)

// Set is a permission set of a component, by its number and its name for people.
type Set struct {
	id   int
	name string
}

// Sets that features need
// (https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/product/offical_account_authority.html).
var (
	SetMessages = Set{1, "1 (消息管理, messages)"}
	SetUsers    = Set{2, "2 (用户管理, users)"}
	SetArticles = Set{11, "11 (素材管理, material and articles)"}
	SetWeb      = Set{4, "4 (网页服务, web pages)"}
	SetService  = Set{19, "19 (客服管理, customer service)"}
	SetNotices  = Set{89, "89 (服务号订阅通知, subscribe notifications)"}
)

// needed are the permission sets without which a kind cannot send: 7 is "mass
// send and notify" (message/template/send), 18 "development and data"
// (https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/product/offical_account_authority.html).
var needed = map[string]Set{
	OfficialAccount: {7, "7 (群发与通知, mass send and notify)"},
	MiniProgram:     {18, "18 (小程序开发与数据分析, development and data)"},
}

// Ready tells why a sender cannot send now: ErrUnbound, ErrUnauthorized,
// ErrPermission (naming the set), ErrNoSecret, ErrResting (naming the problem),
// fs.ErrNotExist; nil if it can.
func (r *Room) Ready(ctx context.Context, code string) error {
	_, err := r.ready(ctx, code)
	return err
}

// Why is Ready for those who tell it to people: the reason why a sender cannot
// send, "" if it can; err only if that could not be found out, or fs.ErrNotExist.
func (r *Room) Why(ctx context.Context, code string) (reason string, err error) {
	return reasonOf(r.Ready(ctx, code))
}

// Lacks is Why for a feature that needs the permission set of a number, instead
// of what sending needs.
func (r *Room) Lacks(ctx context.Context, code string, set int) (reason string, err error) {
	need := Set{set, strconv.Itoa(set)}
	for _, known := range []Set{SetMessages, SetService, SetNotices, SetArticles} {
		if known.id == set {
			need = known
		}
	}
	_, err = r.readyFor(ctx, code, &need)
	return reasonOf(err)
}

func reasonOf(err error) (string, error) {
	for _, known := range []error{ErrUnbound, ErrUnauthorized, ErrPermission, ErrNoSecret, ErrResting} {
		if errors.Is(err, known) {
			return err.Error(), nil
		}
	}
	return "", err
}

// ready never refuses because of what is remembered: an account may just have
// been bound.
func (r *Room) ready(ctx context.Context, code string) (Sender, error) {
	return r.readyFor(ctx, code, nil)
}

// readyFor is ready for a feature that needs another set than sending does; nil
// is sending.
func (r *Room) readyFor(ctx context.Context, code string, need *Set) (Sender, error) {
	s, err := r.look(ctx, code, need, fresh)
	if err != nil && ctx.Err() == nil {
		return r.look(ctx, code, need, 0)
	}
	return s, err
}

// With is Source for a feature that needs the set, instead of what sending
// needs. Whoever shows a secret of its own needs none.
func (r *Room) With(ctx context.Context, code string, need Set) (Sender, wechat.TokenSource, error) {
	s, err := r.readyFor(ctx, code, &need)
	if err = s.hasNone(err); err != nil {
		return Sender{}, nil, err
	}
	return s, r.Tokens(s), nil
}

// hasNone is err, or that there is no token.
func (s Sender) hasNone(err error) error {
	if err == nil && s.Credentials == Webhook {
		err = fmt.Errorf("sender %s: %w", s.Code, ErrNoToken)
	}
	return err
}

func (r *Room) look(ctx context.Context, code string, need *Set, old time.Duration) (Sender, error) {
	s, err := r.find(ctx, code, old)
	switch {
	case err != nil:
		return s, err
	case s.Credentials == Secret || s.Credentials == Webhook:
		err = r.secretReady(ctx, s, old)
	case s.AppID == "":
		err = ErrUnbound
	default:
		if need == nil {
			sending := needed[s.Kind]
			need = &sending
		}
		err = r.accountReady(ctx, s, *need, old)
	}
	if err != nil {
		err = fmt.Errorf("sender %s: %w", code, err)
	}
	return s, err
}

// accountReady tells whether the account authorizes us for what its kind needs.
func (r *Room) accountReady(ctx context.Context, s Sender, need Set, old time.Duration) error {
	st, err := recall(r, &r.statuses, s.AppID, old, func() (Status, error) { return r.Account(ctx, s.AppID) })
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && !st.Authorized:
		return ErrUnauthorized
	case err != nil:
		return err
	}
	if !slices.Contains(st.Sets, need.id) {
		return fmt.Errorf("%w: grant set %s when authorizing again", ErrPermission, need.name)
	}
	return nil
}

// secretReady tells whether a token can be had with the sender's secret. What
// passes by itself keeps nobody from trying.
func (r *Room) secretReady(ctx context.Context, s Sender, old time.Duration) error {
	if !s.SecretSet {
		return fmt.Errorf("%w as %s", ErrNoSecret, s.secretField())
	}
	if r.Rests == nil || s.Credentials == Webhook {
		return nil
	}
	problem, err := recall(r, &r.resting, s.Code, old, func() (string, error) { return r.Rests(ctx, s) })
	if err == nil && problem != "" {
		err = fmt.Errorf("%w until %s is set anew: %s", ErrResting, s.secretField(), problem)
	}
	return err
}

// secretField is the field that takes the secret of a kind.
func (s *Sender) secretField() string {
	if s.Kind == WeCom {
		return "secret"
	}
	return "app_secret"
}
