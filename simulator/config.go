package simulator

import (
	"log/slog"
	"net/http"
	"time"
)

// Config is the component as set up in the Open Platform's console, and how
// the simulated vendor behaves. Zero values mean the defaults named beside
// each field.
type Config struct {
	ComponentAppID  string
	ComponentSecret string
	Token           string // message verification token
	EncodingAESKey  string // 43 characters; a bad one makes Run fail

	AuthorizationURL string   // gets tickets and authorization events; "" = none are pushed
	MessageURL       string   // gets messages and outcomes; $APPID$ is replaced; "" = none are pushed
	TestList         []string // user names (gh_…) that may authorize while unpublished; nil = published

	TicketEvery time.Duration // 10 min
	TicketLife  time.Duration // 12 h
	PreAuthLife time.Duration // 30 min
	CodeLife    time.Duration // 1 h, life of an authorization code

	TokenLife        time.Duration     // 7200 s, component's and authorizers'
	TokenOverlap     time.Duration     // 5 min that an authorizer's previous token stays good; negative = none
	ComponentOverlap time.Duration     // 0: the component's previous token dies at once (the vendor promises nothing)
	WrongSecrets     int               // 2,000 tries of a wrong secret in an hour until WeCom bans their address for one
	MintQuota        int               // component tokens minted before 45009, until the quota is cleared; 0: any number
	TemplateReads    int               // calls that show an account's templates or categories before 45009; 0: any number
	Library          []LibraryTemplate // the vendor's public library of templates; nil = SampleLibrary()
	StrictMedia      bool              // ids of media that were not made here are refused; else believed
	RotateRefresh    bool              // every renewal answers a new refresh token; the old one works 5 more minutes

	PushRetry    time.Duration     // 5 s between the three tries
	PushLimit    time.Duration     // 5 s for one try
	PushParallel int               // 64 pushes in flight
	ReleaseWait  time.Duration     // 5 s that the release test waits for what follows an answer
	OutcomeAfter time.Duration     // from a send to its TEMPLATESENDJOBFINISH; 0 = at once, asynchronously
	Transport    http.RoundTripper // carries the pushes; nil = one of its own

	KeepSends  int    // 100,000 sends kept in the ledger; older ones are only counted
	KeepPushes int    // 100,000
	MaxQueued  int    // 1,000,000 pushes waiting; more are dropped and counted
	Seed       uint64 // of the choice between the envelope's documented forms

	Log *slog.Logger // nil = none
}

func (c Config) withDefaults() Config {
	c.TicketEvery = or(c.TicketEvery, 10*time.Minute)
	c.TicketLife = or(c.TicketLife, 12*time.Hour)
	c.PreAuthLife = or(c.PreAuthLife, 30*time.Minute)
	c.CodeLife = or(c.CodeLife, time.Hour)
	c.TokenLife = or(c.TokenLife, 7200*time.Second)
	c.TokenOverlap = or(c.TokenOverlap, 5*time.Minute)
	c.WrongSecrets = or(c.WrongSecrets, 2000)
	c.PushRetry = or(c.PushRetry, 5*time.Second)
	c.PushLimit = or(c.PushLimit, 5*time.Second)
	c.PushParallel = or(c.PushParallel, 64)
	c.ReleaseWait = or(c.ReleaseWait, 5*time.Second)
	c.KeepSends = or(c.KeepSends, 100_000)
	c.KeepPushes = or(c.KeepPushes, 100_000)
	c.MaxQueued = or(c.MaxQueued, 1_000_000)
	if c.Library == nil {
		c.Library = SampleLibrary()
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.Proxy, t.MaxIdleConnsPerHost = nil, c.PushParallel
		c.Transport = t
	}
	return c
}

func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}
