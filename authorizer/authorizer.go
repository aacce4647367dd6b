package authorizer

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io/fs"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"wechattpp/wechat"
)

// Links are the ways to WeChat's authorization page, for one attempt.
type Links struct {
	PreAuthCode     string
	Life            time.Duration
	Desktop, Mobile string
}

// Config says what the room works with.
type Config struct {
	Vendor *wechat.Component
	Store  Store
	// Links makes the links of a new attempt.
	Links func(ctx context.Context, redirect, senderKind string) (Links, error)
	// SenderAppID is the AppID a sender is configured with, "" if none; may be nil.
	SenderAppID func(ctx context.Context, sender string) (string, error)
	PublicURL   string   // without a slash at the end
	Keys        [][]byte // sign invitations: the first signs, all verify
	Nudge       func()   // an exchange or a profile became due; may be nil
	Log         *slog.Logger
	Metrics     prometheus.Registerer // nil: none
}

// Authorizers is the room. Safe for concurrent use.
type Authorizers struct {
	Config
	exchanges *prometheus.CounterVec
	keys      atomic.Pointer[[][]byte]
	doubts    doubts
}

// New makes the room.
func New(c Config) *Authorizers {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
	exchanges := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "wechattpp_authorization_exchanges_total",
		Help: "Exchanges of authorization codes by result: done, recovered, overtaken, retried, failed."}, []string{"result"})
	if c.Metrics != nil {
		c.Metrics.MustRegister(exchanges)
	}
	a := &Authorizers{Config: c, exchanges: exchanges, doubts: newDoubts()}
	a.keys.Store(&c.Keys)
	return a
}

// Rekey replaces the keys that sign and verify invitations, as Config.Keys has
// them.
func (a *Authorizers) Rekey(keys [][]byte) { a.keys.Store(&keys) }

func (a *Authorizers) nudge() {
	if a.Nudge != nil {
		a.Nudge()
	}
}

// Account reads an account. fs.ErrNotExist.
func (a *Authorizers) Account(ctx context.Context, appID string) (Account, error) {
	return a.Store.Account(ctx, appID)
}

// BySender reads the account that speaks for a sender. fs.ErrNotExist.
func (a *Authorizers) BySender(ctx context.Context, sender string) (Account, error) {
	return a.Store.BySender(ctx, sender)
}

// UserName is the gh_… id that an account's pushes are addressed to. known is
// false while its profile has not been fetched, or if it never authorized.
func (a *Authorizers) UserName(ctx context.Context, appID string) (userName string, known bool, err error) {
	acc, err := a.Store.Account(ctx, appID)
	if errors.Is(err, fs.ErrNotExist) {
		return "", false, nil
	}
	return acc.UserName, acc.UserName != "", err
}

// List reads up to limit accounts after the AppID that cursor names, and the
// cursor of the next page, "" at the end.
func (a *Authorizers) List(ctx context.Context, f Filter, cursor string, limit int) (page []Account, next string, err error) {
	page, err = a.Store.List(ctx, f, cursor, limit+1)
	if len(page) > limit {
		page = page[:limit]
		next = page[limit-1].AppID
	}
	return page, next, err
}

// Claim is an administrator's yes: the account speaks for the sender from now
// on, whatever its kind, and the account that did no longer does.
// fs.ErrNotExist: no such account; or the store's reason against it.
func (a *Authorizers) Claim(ctx context.Context, appID, sender string) error {
	if sender == "" {
		return errors.New("sender must name the sender that the account shall speak for")
	}
	return a.Store.Bind(ctx, appID, sender)
}

// Prune forgets what ended more than a week ago, a bounded number of rows.
func (a *Authorizers) Prune(ctx context.Context) (int, error) {
	n, err := a.DropReleaseTests(ctx)
	if err != nil {
		return n, err
	}
	pruned, err := a.Store.Prune(ctx, 7*24*time.Hour)
	return n + pruned, err
}

// DropReleaseTests forgets WeChat's accounts of the release test, which an older
// version kept: their tokens cannot be renewed. Such a version may still run
// beside this one, so it is done at each start and by Prune.
func (a *Authorizers) DropReleaseTests(ctx context.Context) (int, error) {
	var ten []string
	for _, p := range wechat.ReleasePairs() {
		ten = append(ten, p.OA.AppID, p.MP.AppID)
	}
	return a.Store.Drop(ctx, ten)
}

func random() string {
	b := make([]byte, 18)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

func hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// short fits a problem into its column.
func short(text string) string {
	if r := []rune(text); len(r) > 500 {
		text = string(r[:500])
	}
	return strings.ToValidUTF8(text, "?")
}
