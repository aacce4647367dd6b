package simulator

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"wechattpp/crypto"
)

// Simulator is one simulated vendor with one component. All methods may be
// called from any goroutine. ServeHTTP works without Run; pushes need Run.
type Simulator struct {
	cfg    Config
	log    *slog.Logger
	key    *crypto.Key
	keyErr error
	api    map[string]*endpoint
	list   []*endpoint
	mux    *http.ServeMux
	client *http.Client
	stop   chan struct{} // closed when Run ends: hanging answers let go
	halt   sync.Once

	world     world
	wecom     wecom
	component component
	page      page
	codes     codes
	visits    visitCodes
	faults    faults
	hooks     hooks
	dedup     [dedupShards]dedup
	ledger    ledger
	uploads   uploads
	pushes    pushes
	verdicts  verdicts
	queue     queue
	style     style
	consoles  consoles

	urls struct {
		sync.RWMutex
		authorization, message string
	}
}

// New makes a simulator with an empty world; see SampleWorld and AddAccount.
func New(cfg Config) *Simulator {
	s := &Simulator{cfg: cfg.withDefaults(), stop: make(chan struct{})}
	s.log = s.cfg.Log
	s.key, s.keyErr = crypto.ParseKey(cfg.EncodingAESKey)
	s.client = &http.Client{Transport: s.cfg.Transport, CheckRedirect: noRedirect}
	s.list = endpoints()
	s.api = make(map[string]*endpoint, len(s.list))
	for i, e := range s.list {
		e.index = i
		s.api[e.path] = e
	}
	s.world = world{byID: map[string]*account{}, counters: len(s.list), component: make([]atomic.Uint32, len(s.list))}
	s.wecom = wecom{corps: map[string]*corp{}, wrong: map[string]*counted{}, banned: map[string]time.Time{}}
	s.page.init()
	s.codes.byCode = map[string]*code{}
	s.ledger.init(s.cfg.KeepSends)
	s.pushes.kept.max = s.cfg.KeepPushes
	s.verdicts.kept.max = verdictsKept
	s.uploads.kept.max = uploadsKept
	s.queue.init(s.cfg.MaxQueued)
	s.style.init(s.cfg.Seed)
	for i := range s.dedup {
		s.dedup[i].seen = map[string]int64{}
	}
	s.urls.authorization, s.urls.message = cfg.AuthorizationURL, cfg.MessageURL
	s.mux = s.routes()
	return s
}

// A redirect makes a push fail (component 1.1).
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// ServeHTTP answers as api.weixin.qq.com, mp.weixin.qq.com and
// open.weixin.qq.com, as qyapi.weixin.qq.com below WeComPath, and the control
// paths under /simulator/.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if e, ok := s.api[r.URL.Path]; ok {
		s.serveAPI(w, r, e)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// SetURLs changes where pushes go, for programs whose address is known late;
// a new authorization URL gets a ticket at once.
func (s *Simulator) SetURLs(authorization, message string) {
	s.urls.Lock()
	changed := authorization != s.urls.authorization
	s.urls.authorization, s.urls.message = authorization, message
	s.urls.Unlock()
	if changed && authorization != "" {
		s.PushTicket()
	}
}

func (s *Simulator) authorizationURL() string {
	s.urls.RLock()
	defer s.urls.RUnlock()
	return s.urls.authorization
}

func (s *Simulator) messageURL() string {
	s.urls.RLock()
	defer s.urls.RUnlock()
	return s.urls.message
}

// Run pushes tickets (the first at once), events and outcomes, and repeats
// what was not answered, until ctx ends; then it waits for what is in flight.
// It returns an error only for an EncodingAESKey that is none. Call it once.
func (s *Simulator) Run(ctx context.Context) error {
	if s.keyErr != nil {
		return s.keyErr
	}
	var wg sync.WaitGroup
	wg.Go(func() { s.pushTickets(ctx) })
	wg.Go(func() { s.deliver(ctx) })
	wg.Wait()
	s.halt.Do(func() { close(s.stop) })
	s.abandon()
	if t, ok := s.cfg.Transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
	return nil
}

func (s *Simulator) pushTickets(ctx context.Context) {
	tick := time.NewTicker(s.cfg.TicketEvery)
	defer tick.Stop()
	for {
		if s.authorizationURL() != "" {
			s.PushTicket()
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

var errStopped = errors.New("the simulator stopped")
