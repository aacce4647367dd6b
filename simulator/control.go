package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

func (s *Simulator) routes() *http.ServeMux {
	mux := http.NewServeMux()
	for _, path := range []string{"/cgi-bin/componentloginpage", "/wxaopen/safe/bindcomponent", "/safe/bindcomponent"} {
		mux.HandleFunc("GET "+path, s.openPage)
		mux.HandleFunc("POST "+path, s.submitPage)
	}
	mux.HandleFunc("GET /{$}", s.showIndex)
	mux.HandleFunc("GET /ledger", s.showLedger)
	mux.HandleFunc("GET /pushes", s.showPushes)
	mux.HandleFunc("GET /simulator/ledger", func(w http.ResponseWriter, r *http.Request) { reply(w, s.ledger.last(limit(r)), nil) })
	mux.HandleFunc("GET /simulator/pushes", func(w http.ResponseWriter, r *http.Request) { reply(w, s.lastPushes(limit(r)), nil) })
	mux.HandleFunc("GET /simulator/uploads", func(w http.ResponseWriter, _ *http.Request) { reply(w, s.Uploads(), nil) })
	mux.HandleFunc("GET /simulator/calls", func(w http.ResponseWriter, _ *http.Request) { reply(w, s.Calls(), nil) })
	mux.HandleFunc("GET /simulator/state", func(w http.ResponseWriter, _ *http.Request) { reply(w, s.State(), nil) })
	mux.HandleFunc("GET /simulator/delivered", s.controlDelivered)
	mux.HandleFunc("POST /simulator/faults", s.controlFault)
	mux.HandleFunc("DELETE /simulator/faults", func(w http.ResponseWriter, _ *http.Request) { s.ClearFaults(); reply(w, done, nil) })
	mux.HandleFunc("POST /simulator/outcomes", s.controlOutcome)
	mux.HandleFunc("POST /simulator/accounts", s.controlAccounts)
	mux.HandleFunc("PATCH /simulator/accounts", s.controlEdit)
	mux.HandleFunc("POST /simulator/urls", s.controlURLs)
	mux.HandleFunc("POST /simulator/push-ticket", s.controlTicket)
	mux.HandleFunc("POST /simulator/authorize", s.controlAuthorize)
	mux.HandleFunc("POST /simulator/unauthorize", s.controlUnauthorize)
	mux.HandleFunc("POST /simulator/sets", s.controlSets)
	mux.HandleFunc("POST /simulator/account-status", s.controlStatus)
	mux.HandleFunc("POST /simulator/message", s.controlMessage)
	mux.HandleFunc("POST /simulator/subscriptions", s.controlSubscription)
	mux.HandleFunc("POST /simulator/sent-elsewhere", s.controlSentElsewhere)
	mux.HandleFunc("POST /simulator/confirm", s.controlConfirm)
	mux.HandleFunc("POST /simulator/page-signature", s.controlPage)
	mux.HandleFunc("GET /mp/subscribemsg", s.openConfirm)
	mux.HandleFunc("POST /mp/subscribemsg", s.submitConfirm)
	mux.HandleFunc("POST /simulator/console", s.controlConsole)
	mux.HandleFunc("POST /simulator/own-message", s.controlOwn)
	mux.HandleFunc("POST /simulator/card-click", s.controlClick)
	mux.HandleFunc("GET /simulator/mass-sends", func(w http.ResponseWriter, r *http.Request) { reply(w, s.MassSends(r.URL.Query().Get("appid")), nil) })
	mux.HandleFunc("GET /simulator/app-sends", s.controlAppSends)
	mux.HandleFunc("GET /simulator/chat-sends", s.controlChatSends)
	mux.HandleFunc("GET /simulator/webhook-sends", func(w http.ResponseWriter, r *http.Request) { reply(w, s.RobotSends(r.URL.Query().Get("key")), nil) })
	mux.HandleFunc("POST /simulator/visit", s.controlVisit)
	mux.HandleFunc("POST /simulator/login", s.controlLogin)
	mux.HandleFunc("POST /simulator/customers-sent", s.controlCustomersSent)
	mux.HandleFunc("GET /connect/oauth2/authorize", s.openConnect)
	mux.HandleFunc("GET /simulator/release-test", func(w http.ResponseWriter, _ *http.Request) { reply(w, s.ReleaseVerdicts(), nil) })
	mux.HandleFunc("POST /simulator/release-test", s.controlReleaseTest)
	mux.HandleFunc("POST /simulator/release-code", s.controlReleaseCode)
	mux.HandleFunc("/", unknownPath)
	return mux
}

var done = map[string]bool{"ok": true}

func reply(w http.ResponseWriter, v any, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		v = map[string]string{"error": err.Error()}
	}
	_, _ = w.Write(append(marshal(v), '\n'))
}

func limit(r *http.Request) int {
	n, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil || n < 0 {
		return -1
	}
	return n
}

// read decodes a control request; a misspelled member is an error by name.
func read(w http.ResponseWriter, r *http.Request, v any) error {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<20))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("request body: %w", err)
	}
	return nil
}

func duration(name, text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%s: %q is no duration, write 50ms or 2s", name, text)
	}
	return d, nil
}

func (s *Simulator) controlFault(w http.ResponseWriter, r *http.Request) {
	var f struct {
		Fault
		Delay string `json:"delay"`
	}
	err := read(w, r, &f)
	if err == nil {
		f.Fault.Delay, err = duration("delay", f.Delay)
	}
	if err == nil {
		err = s.Fail(f.Fault)
	}
	reply(w, done, err)
}

func (s *Simulator) controlOutcome(w http.ResponseWriter, r *http.Request) {
	var f struct {
		OutcomeFault
		Delay string `json:"delay"`
	}
	err := read(w, r, &f)
	if err == nil {
		f.OutcomeFault.Delay, err = duration("delay", f.Delay)
	}
	if err == nil {
		err = s.FailOutcome(f.OutcomeFault)
	}
	reply(w, done, err)
}

func (s *Simulator) controlAccounts(w http.ResponseWriter, r *http.Request) {
	var a struct {
		Account
		Count  int    `json:"count"`
		Prefix string `json:"prefix"`
		Corp   *Corp  `json:"corp"`
	}
	err := read(w, r, &a)
	switch {
	case err != nil:
		reply(w, nil, err)
	case a.Corp != nil && (a.AppID != "" || a.Count > 0):
		reply(w, nil, errors.New("corp: a company goes alone, without the members of an account"))
	case a.Corp != nil:
		reply(w, done, s.AddCorp(*a.Corp))
	case a.Count > 1_000_000:
		reply(w, nil, errors.New("count: at most 1000000 accounts at a time"))
	case a.Count > 0:
		reply(w, s.AddAccounts(a.Count, a.Prefix), nil)
	default:
		reply(w, done, s.AddAccount(a.Account))
	}
}

func (s *Simulator) controlEdit(w http.ResponseWriter, r *http.Request) {
	var e Edit
	err := read(w, r, &e)
	if err == nil {
		err = s.Edit(e)
	}
	reply(w, done, err)
}

func (s *Simulator) controlDelivered(w http.ResponseWriter, r *http.Request) {
	openID := r.URL.Query().Get("openid")
	reply(w, map[string]any{"openid": openID, "delivered": s.Delivered(openID)}, nil)
}

func (s *Simulator) controlURLs(w http.ResponseWriter, r *http.Request) {
	var u struct{ Authorization, Message string }
	err := read(w, r, &u)
	if err == nil {
		s.SetURLs(u.Authorization, u.Message)
	}
	reply(w, done, err)
}

func (s *Simulator) controlTicket(w http.ResponseWriter, r *http.Request) {
	p := s.pushTicket()
	if p == nil {
		reply(w, nil, errors.New("no authorization URL is set, so no ticket can be pushed"))
		return
	}
	err := s.await(r.Context(), p.done)
	reply(w, s.record(p), err)
}

func (s *Simulator) controlAuthorize(w http.ResponseWriter, r *http.Request) {
	var z Authorization
	err := read(w, r, &z)
	var out Authorized
	if err == nil {
		out, err = s.Authorize(r.Context(), z)
	}
	reply(w, out, err)
}

func (s *Simulator) controlUnauthorize(w http.ResponseWriter, r *http.Request) {
	var u Unauthorization
	err := read(w, r, &u)
	if err == nil {
		err = s.Unauthorize(u)
	}
	reply(w, done, err)
}

func (s *Simulator) controlSets(w http.ResponseWriter, r *http.Request) {
	var c SetsChange
	err := read(w, r, &c)
	if err == nil {
		err = s.ChangeSets(r.Context(), c)
	}
	reply(w, done, err)
}

func (s *Simulator) controlStatus(w http.ResponseWriter, r *http.Request) {
	var c AccountStatus
	err := read(w, r, &c)
	if err == nil {
		err = s.SetStatus(c)
	}
	reply(w, done, err)
}

func (s *Simulator) controlMessage(w http.ResponseWriter, r *http.Request) {
	var m Message
	err := read(w, r, &m)
	var p Push
	if err == nil {
		p, err = s.Say(r.Context(), m)
	}
	reply(w, p, err)
}
