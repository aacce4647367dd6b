package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"wechattpp/access"
	"wechattpp/api"
	"wechattpp/audience"
	"wechattpp/authorizer"
	"wechattpp/callback"
	"wechattpp/component"
	"wechattpp/crypto"
	"wechattpp/health"
	"wechattpp/notify"
	"wechattpp/sender"
	"wechattpp/sql"
	"wechattpp/token"
	"wechattpp/webhook"
	"wechattpp/wechat"
)

// house is the service with all its rooms, built and not yet running.
type house struct {
	cfg     *Config
	log     *slog.Logger
	store   *store
	metrics *prometheus.Registry
	handler http.Handler
	steps   []*step
	jobs    []job

	access      *access.Room
	tokens      *token.Keeper
	component   *component.Component
	authorizers *authorizer.Authorizers
	senders     *sender.Room
	followers   *sender.Followers
	templates   *sender.Templates
	articles    *sender.Articles
	users       *audience.Room
	bindLinks   *audience.Links
	ledger      *audience.Ledger
	confirms    *audience.Confirmations
	messages    *notify.Room
	health      *health.Room
	door        *callback.Door
	webhooks    *webhook.Room
	release     *callback.Release

	replica sql.Replica // this process, as the others see it
	keysSay string      // what was said about the master keys last
}

// build puts the rooms together; it is the only function that knows them all.
func build(ctx context.Context, cfg *Config, log *slog.Logger) (_ *house, err error) {
	h := &house{cfg: cfg, log: log, metrics: prometheus.NewRegistry(), replica: newReplica()}
	h.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if h.store, err = openStore(ctx, cfg, log, h.metrics, cfg.Migrate); err != nil {
		return nil, err
	}
	if err := h.rooms(); err != nil {
		return nil, errors.Join(err, h.close())
	}
	h.work()
	h.counted()
	h.handler, err = api.New(api.Config{
		PublicURL: cfg.PublicURL.String(), TrustedProxies: texts(cfg.TrustedProxies), MetricsAllow: cfg.MetricsAllow,
		Log: log, Metrics: h.metrics, Ready: h.ready, Stopping: ctx, Access: h.access, Callback: h.door,
		ComponentPath: cfg.ComponentPath, MessagePath: cfg.MessagePath,
		Senders: h.senders, Followers: h.followers, Templates: h.templates, Articles: h.articles, Links: h.bindLinks, Ledger: h.ledger, Confirmations: h.confirms, Authorizers: h.authorizers, Audience: h.users, Notify: h.messages, Webhook: h.webhooks, Tokens: h.tokens,
		Health: h.health, ComponentAppID: cfg.ComponentAppID,
		Lender: func(s sender.Sender) *token.Source { return h.tokens.Source(owner(s)) },
	})
	if err != nil {
		return nil, errors.Join(err, h.close())
	}
	if err := errors.Join(h.begin(ctx), h.rekey(ctx)); err != nil {
		return nil, errors.Join(err, h.close())
	}
	return h, nil
}

func (h *house) close() error { return h.store.Close() }

// rooms makes the rooms and the doors between them.
func (h *house) rooms() (err error) {
	cfg := h.cfg
	if h.access, err = newAccess(cfg, h.store, h.log); err != nil {
		return err
	}
	vendor := wechat.API{Base: cfg.APIBase, MPBase: cfg.MPBase, OpenBase: cfg.OpenBase, WeComBase: cfg.WeComBase, Refused: h.suspect}
	h.health = &health.Room{Store: h.store.Health(cfg.ComponentAppID), Log: h.log}
	h.metrics.MustRegister(h.health)
	h.tokens = token.New(token.Config{
		Platform: cfg.ComponentAppID, Store: h.store.Token(cfg.ComponentAppID), Minters: h.minters(vendor), Parallel: cfg.RenewParallel, Log: h.log, Metrics: h.metrics,
		Verify: func(ctx context.Context, appID string) (string, error) { return h.authorizers.Verify(ctx, appID) },
	})
	platform := h.tokens.Source(h.platform())
	h.component = component.New(component.Config{
		AppID: cfg.ComponentAppID, Secret: cfg.ComponentAppSecret, API: vendor, Tokens: platform,
		Store: h.store.Component(cfg.ComponentAppID), Nudge: h.ticketCame, Log: h.log, Metrics: h.metrics,
	})
	h.authorizers = authorizer.New(authorizer.Config{
		Vendor: vendor.Component(cfg.ComponentAppID, platform), Store: h.store.Authorizer(cfg.ComponentAppID),
		Links: h.links, SenderAppID: h.senderAppID, PublicURL: cfg.PublicURL.String(), Keys: h.store.vault.DeriveAll("invitation"),
		Nudge: func() {
			for _, step := range []string{"exchanges", "profiles", "renewals", "reconciliation"} {
				h.nudge(step)
			}
		}, Log: h.log, Metrics: h.metrics,
	})
	h.senders = &sender.Room{
		Store: h.store.Sender(cfg.ComponentAppID), API: vendor, Account: h.account,
		Platform: vendor.Component(cfg.ComponentAppID, platform),
		Tokens:   func(s sender.Sender) wechat.TokenSource { return h.tokens.Source(owner(s)) },
		Ticket:   h.pageTicket,
		Rests:    h.rests, Changed: h.senderChanged,
		WrongNumbers: cfg.WrongMobiles, NumberKey: h.store.vault.DeriveAll("mobile")[0],
	}
	h.followers = &sender.Followers{Store: h.store.Follower(), Senders: h.senders, Nudge: func() { h.nudge("followers") }, Log: h.log}
	h.templates = &sender.Templates{Store: h.store.Templates(), Senders: h.senders, Log: h.log, Added: h.templateAdded}
	h.articles = &sender.Articles{Store: h.store.Publication(), Senders: h.senders}
	h.users = &audience.Room{Store: h.store.Audience(), Kind: h.kind, Codes: h.senders.Codes, Members: h.members()}
	h.ledger = &audience.Ledger{Store: h.store.Audience(), LongTerm: h.longTerm}
	h.confirms = &audience.Confirmations{Store: h.store.Audience(), PublicURL: cfg.PublicURL.String(), Keys: h.store.vault.DeriveAll("confirm"), Address: h.senders.ConfirmLink}
	h.bindLinks = &audience.Links{Store: h.store.Audience(), PublicURL: cfg.PublicURL.String(), Keys: h.store.vault.DeriveAll("bind"),
		Address: h.senders.VisitorLink, Visitor: h.visitor}
	h.webhooks = webhook.New(webhook.Config{
		Store: h.store.Webhook(), Egress: webhook.Egress{Allowed: cfg.TargetNetworks}, WeComSender: cfg.ReceiptWeComSender, Log: h.log, Metrics: h.metrics,
	})
	h.release = &callback.Release{Vendor: vendor.Component(cfg.ComponentAppID, platform), API: vendor, Store: h.store.Release(cfg.ComponentAppID)}
	if h.door, err = h.newDoor(); err != nil {
		return err
	}
	h.messages = notify.New(notify.Config{
		Store: h.store.Notify(cfg.ComponentAppID), Senders: h.senders, Audience: h.users, Rights: h.ledger, Events: h.door, Log: h.log, Metrics: h.metrics,
		Receipts: h.webhooks.Registered, Nudge: func() { h.nudge("sends") }, NudgeTasks: func() { h.nudge("customer tasks") },
		Forms: h.templates,
	})
	return nil
}

func newAccess(cfg *Config, s *store, log *slog.Logger) (*access.Room, error) {
	return access.New(access.Config{Store: s.Access(), Keys: s.vault.DeriveAll("jwt"), Issuer: cfg.PublicURL.String(), Log: log})
}

// platform is the owner of the component's token.
func (h *house) platform() token.Owner {
	return token.Owner{Kind: token.Component, ID: h.cfg.ComponentAppID}
}

// owner is whose token a sender's calls carry: its account's, which authorized
// the platform, or the sender's own.
func owner(s sender.Sender) token.Owner {
	if s.Credentials == sender.Secret {
		return token.OfSender(s.Code, s.Kind == sender.WeCom)
	}
	return token.Owner{Kind: token.Authorizer, ID: s.AppID}
}

// minters say who asks the vendor for which token.
func (h *house) minters(vendor wechat.API) map[string]token.Minter {
	own := token.MinterFunc(func(ctx context.Context, o token.Owner, _ string) (wechat.Lent, error) {
		return h.senders.Mint(ctx, o.ID)
	})
	return map[string]token.Minter{
		token.Sender: own, token.WeCom: own,
		token.Page: token.MinterFunc(func(ctx context.Context, o token.Owner, _ string) (wechat.Lent, error) {
			return h.senders.MintTicket(ctx, o.ID)
		}),
		token.Component: token.MinterFunc(func(ctx context.Context, _ token.Owner, _ string) (wechat.Lent, error) {
			return h.component.Mint(ctx)
		}),
		token.Authorizer: token.MinterFunc(func(ctx context.Context, o token.Owner, refresh string) (wechat.Lent, error) {
			return vendor.Component(h.cfg.ComponentAppID, h.tokens.Source(h.platform())).AuthorizerToken(ctx, o.ID, refresh)
		}),
	}
}

// ticketCame lets a token that waits for a ticket be minted at once.
func (h *house) ticketCame() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := h.tokens.Begin(ctx, h.platform()); err != nil {
		h.log.Error("the component's token is not kept; the next ticket will try again", "app_id", h.cfg.ComponentAppID, "err", err)
	}
	h.nudge("renewals")
}

func (h *house) links(ctx context.Context, redirect, senderKind string) (authorizer.Links, error) {
	l, err := h.component.Links(ctx, redirect, senderKind)
	return authorizer.Links(l), err
}

// members looks userids of WeCom up in the directories of apps.
func (h *house) members() func(context.Context, []string, []string) audience.Looked {
	directories := sender.NewDirectories(h.senders)
	return func(ctx context.Context, codes, ids []string) (l audience.Looked) {
		l.Unknown, l.Unread, l.Why = directories.Look(ctx, codes, ids)
		return l
	}
}

func (h *house) visitor(ctx context.Context, code, webCode string) (audience.Guest, error) {
	v, err := h.senders.Visitor(ctx, code, webCode)
	return audience.Guest(v), err
}

// senderAppID is the account a sender speaks for already, "" if none.
func (h *house) senderAppID(ctx context.Context, code string) (string, error) {
	_, _, appID, err := h.senders.Find(ctx, code)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return appID, err
}

func (h *house) kind(ctx context.Context, code string) (string, error) {
	_, kind, _, err := h.senders.Find(ctx, code)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return kind, err
}

func (h *house) account(ctx context.Context, appID string) (sender.Status, error) {
	a, err := h.authorizers.Account(ctx, appID)
	return sender.Status{Authorized: a.Status == authorizer.Authorized, Sets: a.Sets}, err
}

// rests tells why the token of a sender's own is renewed no more, "" while it is.
func (h *house) rests(ctx context.Context, s sender.Sender) (string, error) {
	k, err := h.tokens.State(ctx, owner(s))
	if errors.Is(err, fs.ErrNotExist) || err == nil && !k.Resting {
		return "", nil
	}
	return k.Problem, err
}

// senderChanged has the token of a sender's own renewed at once.
func (h *house) senderChanged(s sender.Sender) {
	if s.Credentials == sender.Secret {
		h.tokens.Forget(owner(s))
		h.nudge("renewals")
	}
}

// suspect lets it be found out what a refused call means for an account; that is
// stored, and its sender rests until it authorizes again.
func (h *house) suspect(ctx context.Context, appID string) {
	if err := h.authorizers.Suspect(ctx, appID); err != nil {
		h.log.Warn("an account that was refused is not asked after", "app_id", appID, "err", err)
	}
}

// newDoor makes the door for the component's pushes. Without a component no
// signature fits, for nobody knows the token.
func (h *house) newDoor() (*callback.Door, error) {
	c := callback.Config{
		ComponentAppID: h.cfg.ComponentAppID, Token: h.cfg.EncodingToken, MaxAge: h.cfg.PushMaxAge,
		Store: h.store.Callback(), Accounts: h.authorizers, Senders: pushKeys{h.senders}, Effects: h.effects(),
		Nudge: func() { h.nudge("events") }, Metrics: h.metrics, Log: h.log,
	}
	if c.Token == "" {
		c.Token = random(32)
		return callback.New(c), nil
	}
	var err error
	if c.Key, err = crypto.ParseKey(h.cfg.EncodingAESKey); err != nil {
		return nil, err
	}
	if h.cfg.PreviousAESKey != "" {
		c.PreviousKey, err = crypto.ParseKey(h.cfg.PreviousAESKey)
	}
	return callback.New(c), err
}

// effects is where events go.
func (h *house) effects() callback.Effects {
	return callback.Effects{
		Ticket: h.component.TakeTicket,
		Authorized: func(ctx context.Context, a callback.Authorization) error {
			return h.authorizers.Authorized(ctx, authorizer.Event{AppID: a.AppID, Code: a.Code, PreAuthCode: a.PreAuthCode, Created: a.Created, Expires: a.CodeExpires})
		},
		Unauthorized: h.authorizers.Unauthorized,
		Follow:       h.followers.Follow,
		Release:      h.release.Answer,
		Outcome:      h.outcome,
		Answers:      h.answered,
		Mass:         h.massOutcome,
		Published:    h.published,
	}
}

// begin sees that the tokens that need no authorization are kept from the start
// on: those of senders with a secret, and the component's. Before the first
// ticket that one cannot be minted: then the ticket's arrival begins.
func (h *house) begin(ctx context.Context) error {
	if err := h.store.Sender(h.cfg.ComponentAppID).BeginTokens(ctx); err != nil {
		return err
	}
	if h.cfg.ComponentAppID == "" {
		return nil
	}
	if _, err := h.authorizers.DropReleaseTests(ctx); err != nil {
		return err
	}
	switch _, err := h.component.Ticket(ctx); {
	case errors.Is(err, wechat.ErrTicket):
		return nil
	case err != nil:
		return err
	}
	return h.tokens.Begin(ctx, h.platform())
}

// ready tells what keeps the service from working, and what is merely wrong.
func (h *house) ready(ctx context.Context) (unready, degraded []string) {
	if err := h.store.Ping(ctx); err != nil {
		return []string{"the database does not answer"}, nil
	}
	switch done, err := h.store.Migrated(ctx); {
	case err != nil:
		return []string{"the database does not answer"}, nil
	case !done:
		return []string{"the database's schema is older than this program: run 'wechattpp migrate up'"}, nil
	}
	weak, err := h.store.Durability(ctx)
	if err != nil {
		weak = []string{"the database does not tell how durable it is"}
	}
	if h.cfg.ComponentAppID == "" {
		weak = append(weak, "no component is configured")
	} else if r := h.component.Status().Reason; r != "" {
		weak = append(weak, r)
	}
	if err := h.store.CheckKey(ctx); err != nil {
		weak = append(weak, err.Error())
	}
	weak = append(weak, h.health.Serious(ctx)...)
	return nil, append(weak, h.door.Problems(time.Now())...)
}
