package component

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"wechattpp/wechat"
)

// Store keeps the ticket of one component. Methods are atomic.
type Store interface {
	// PutTicket stores a ticket unless a newer one (by the vendor's CreateTime) is there; it tells whether it stored it.
	PutTicket(ctx context.Context, ticket string, created time.Time) (stored bool, err error)
	// Ticket reads the newest one. fs.ErrNotExist: none ever came.
	Ticket(context.Context) (Ticket, error)
	// Watch answers how old the ticket is, or, if none ever came, how long one has been waited for since the first Watch.
	Watch(context.Context) (Watched, error)
	// Ask tells one replica, at most once in every, that it may ask for tickets.
	Ask(ctx context.Context, every time.Duration) (mine bool, err error)
	// Clear tells one replica, at most once in every, that it may clear the quota.
	Clear(ctx context.Context, every time.Duration) (mine bool, err error)
}

// Ticket is what WeChat pushes every ten minutes and takes for twelve hours.
type Ticket struct {
	Ticket string
	Age    time.Duration // by the database's clock
}

// Format hides the ticket.
func (t Ticket) Format(s fmt.State, _ rune) { _, _ = fmt.Fprintf(s, "ticket %v old", t.Age) }

// Watched is what Watch looks at.
type Watched struct {
	Any bool          // a ticket is stored
	Age time.Duration // of the ticket, or of the waiting for the first
}

const (
	ticketLife = 12 * time.Hour
	tooOld     = 25 * time.Minute // two pushes missed, and some
	askEvery   = 10 * time.Minute
	lookEvery  = 5 * time.Second
)

// Config says who we are and what we work with.
type Config struct {
	AppID, Secret string
	API           wechat.API
	Tokens        wechat.TokenSource // the component's own; may be nil where no links are made
	Store         Store
	Nudge         func() // called after a newer ticket came; may be nil
	Log           *slog.Logger
	Metrics       prometheus.Registerer // nil: none
}

// Component is the platform. Safe for concurrent use.
type Component struct {
	Config
	vendor *wechat.Component
	age    prometheus.Gauge

	mu      sync.Mutex
	looked  time.Time
	status  Status
	resting bool // the secret is wrong: it was tried once
	alarmed bool
}

// New makes the component.
func New(c Config) *Component {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	age := prometheus.NewGauge(prometheus.GaugeOpts{Name: "wechattpp_ticket_age_seconds",
		Help: "Age of the newest component ticket; before the first, the time waited for it."})
	if c.Metrics != nil {
		c.Metrics.MustRegister(age)
	}
	return &Component{Config: c, vendor: c.API.Component(c.AppID, c.Tokens), age: age}
}

// TakeTicket stores a pushed ticket. The newest CreateTime wins, however pushes
// overtake each other. Safe to repeat.
func (c *Component) TakeTicket(ctx context.Context, ticket string, created time.Time) error {
	if ticket == "" {
		return errors.New("the push holds no ticket")
	}
	stored, err := c.Store.PutTicket(ctx, ticket, created)
	if err != nil || !stored {
		return err
	}
	c.look() // Status and /readyz tell it at once
	if c.Nudge != nil {
		c.Nudge()
	}
	return nil
}

func (c *Component) look() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.looked = time.Time{}
}

// Ticket is the newest one. wechat.ErrTicket: none came, or it is older than
// the 12 hours that WeChat takes it.
func (c *Component) Ticket(ctx context.Context) (string, error) {
	t, err := c.Store.Ticket(ctx)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("no ticket has come yet: %w", wechat.ErrTicket)
	case err != nil:
		return "", err
	case t.Age > ticketLife:
		return "", fmt.Errorf("the newest ticket is %s old, WeChat takes 12 h: %w", t.Age.Round(time.Minute), wechat.ErrTicket)
	}
	return t.Ticket, nil
}

// clearEvery bounds the clearing of the quota: ten are allowed a month, the
// console's included.
const clearEvery = 24 * time.Hour

// Mint gets a component token from WeChat with the secret and the newest
// ticket. If the quota of the day for that is used up, which would silence
// every account within two hours, the quota is cleared, once a day at most, and
// the call repeated. Errors are those of wechat and of the store.
func (c *Component) Mint(ctx context.Context) (wechat.Lent, error) {
	ticket, err := c.Ticket(ctx)
	if err != nil {
		return wechat.Lent{}, err
	}
	lent, err := c.vendor.Mint(ctx, c.Secret, ticket)
	if !errors.Is(err, wechat.ErrThrottledDay) {
		return lent, err
	}
	mine, failed := c.Store.Clear(ctx, clearEvery)
	if !mine || failed != nil {
		return lent, errors.Join(err, failed)
	}
	c.Log.Error("WeChat refuses the component's token for the quota, which is cleared now, at most once a day: find out who calls api_component_token so often", "app_id", c.AppID, "err", err)
	if failed := c.vendor.ClearQuota(ctx, c.Secret); failed != nil {
		return lent, errors.Join(err, failed)
	}
	return c.vendor.Mint(ctx, c.Secret, ticket)
}

// Links are the ways to WeChat's authorization page, for one attempt.
type Links struct {
	PreAuthCode     string
	Life            time.Duration
	Desktop, Mobile string
}

// Links makes the links of a new attempt, with a code of its own. senderKind
// decides which accounts WeChat offers: "wechatoa", "wechatmp", else both.
func (c *Component) Links(ctx context.Context, redirect, senderKind string) (Links, error) {
	code, err := c.vendor.PreAuthCode(ctx)
	if err != nil {
		return Links{}, err
	}
	kinds := map[string]int{"wechatoa": wechat.AuthOA, "wechatmp": wechat.AuthMP}
	kind, ok := kinds[senderKind]
	if !ok {
		kind = wechat.AuthBoth
	}
	return Links{
		PreAuthCode: code.Code, Life: code.Life,
		Desktop: c.vendor.DesktopLink(code.Code, redirect, kind),
		Mobile:  c.vendor.MobileLink(code.Code, redirect, kind),
	}, nil
}
