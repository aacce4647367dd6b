package main

import (
	"context"
	"errors"
	"fmt"
	"html"
	"net/http"
	"strings"
	"testing"
	"time"

	"wechattpp/simulator"
)

// mainJob plays the main job as its people would: each asks again when the
// service is away for a moment, and nobody asks twice for what was answered.
type mainJob struct {
	t    *testing.T
	w    *world
	r    *replica
	ctx  context.Context
	shop simulator.Account
}

const jobSender = "wechatoaShop"

// play goes from the first ticket to the delivered message, and holds the
// result against the vendor's ledger.
func play(t *testing.T, w *world, r *replica, patience time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	j := &mainJob{t, w, r, ctx, simulator.SampleWorld()[0]}
	admin := r.admin()
	j.authorize(admin)
	business := j.client(admin)
	msgid := j.send(business)
	j.delivered(business, msgid)
	if got := w.Totals(); got.Sends != 1 || got.Delivered != 1 {
		t.Errorf("the vendor's ledger holds %d messages, %d delivered; want exactly 1", got.Sends, got.Delivered)
	}
}

// again repeats a request that the service's absence spoiled. A conflict means
// that an earlier try arrived.
func (j *mainJob) again(what string, f func() error) {
	j.t.Helper()
	err := until(j.ctx, what, func() (bool, error) {
		err := f()
		var refused *apiError
		if errors.As(err, &refused) && refused.Status == http.StatusConflict {
			return true, nil
		}
		return err == nil, err
	})
	if err != nil {
		j.t.Fatal(err)
	}
}

func (j *mainJob) authorize(admin *caller) {
	j.t.Helper()
	j.authorizeAs(admin, jobSender, "wechatoa")
}

// authorizeAs makes a sender, and the account's administrator scans for it.
func (j *mainJob) authorizeAs(admin *caller, code, kind string) {
	j.t.Helper()
	j.again("a sender", func() error {
		return admin.call(j.ctx, http.MethodPost, "/v1/senders", map[string]any{"code": code, "kind": kind, "name": "Shop", "credentials": "component"}, nil)
	})
	var invited struct{ URL string }
	j.again("an invitation", func() error {
		return admin.call(j.ctx, http.MethodPost, "/v1/senders/"+code+"/invitations", nil, &invited)
	})
	var link string
	j.again("the invitation page", func() error {
		body, err := browse(j.ctx, invited.URL)
		link = html.UnescapeString(desktopLink.FindString(body))
		if err == nil && link == "" {
			err = errors.New("no link to WeChat on the page")
		}
		return err
	})
	result, err := j.w.Authorize(j.ctx, simulator.Authorization{AppID: j.shop.AppID, Link: link, Referer: invited.URL})
	if err != nil {
		j.t.Fatal(err)
	}
	_, _ = browse(j.ctx, result.Location) // the service may be away: then the event alone must do
	j.again("the authorized account", func() error {
		var a struct {
			Sender   string
			UserName string `json:"user_name"`
		}
		err := admin.call(j.ctx, http.MethodGet, "/v1/authorizers/"+j.shop.AppID, nil, &a)
		if err == nil && (a.Sender != code || a.UserName != j.shop.UserName) {
			err = fmt.Errorf("sender %q, user name %q", a.Sender, a.UserName)
		}
		return err
	})
}

func (j *mainJob) client(admin *caller) *caller {
	j.t.Helper()
	business := newCaller(j.r.url(), "")
	j.again("a client", func() error {
		var made struct {
			Key    string `json:"channel_key"`
			Secret string `json:"master_secret"`
		}
		err := admin.call(j.ctx, http.MethodPost, "/v1/clients", map[string]any{
			"name": "Shop system", "kind": "channel", "senders": []string{jobSender}, "scopes": []string{"send", "users", "messages:read"}}, &made)
		if err != nil {
			return err
		}
		return business.login(j.ctx, made.Key, made.Secret)
	})
	j.again("a user", func() error {
		return business.call(j.ctx, http.MethodPost, "/v1/user/opt", []any{map[string]any{
			"userid": "u-1", "set": map[string]any{"wechatoa": map[string]any{jobSender: j.shop.Followers[0]}}}}, nil)
	})
	return business
}

func (j *mainJob) send(business *caller) (msgid string) {
	j.t.Helper()
	return j.sendAs(business, "order-1")
}

func (j *mainJob) sendAs(business *caller, key string) (msgid string) {
	j.t.Helper()
	body := map[string]any{
		"aud_userid": []string{"u-1"},
		"msg_wechatoa": []any{map[string]any{"type": 0, "template_id": j.shop.Templates[0].ID, "data": map[string]any{
			"character_string1": map[string]any{"value": "SO-1"}, "thing2": map[string]any{"value": "两件商品 <&>"},
			"amount3": map[string]any{"value": "¥39.80"}, "time4": map[string]any{"value": "2026-06-01 09:30"}}}},
	}
	business.header = http.Header{"Idempotency-Key": {key}}
	defer func() { business.header = nil }()
	j.again("an accepted message", func() error {
		var sent struct{ MsgID string }
		err := business.call(j.ctx, http.MethodPost, "/v1/sent", body, &sent)
		if msgid != "" && sent.MsgID != "" && sent.MsgID != msgid {
			j.t.Errorf("the same Idempotency-Key answered %s and %s", msgid, sent.MsgID)
		}
		msgid = sent.MsgID
		var conflict *apiError
		if errors.As(err, &conflict) && conflict.Status == http.StatusConflict {
			return errors.New("still in progress") // not again's "arrived": the msgid is needed
		}
		return err
	})
	return msgid
}

func (j *mainJob) delivered(business *caller, msgid string) {
	j.t.Helper()
	j.again("delivery of "+msgid, func() error {
		var m struct {
			State  string
			Target int
			Counts map[string]int
		}
		err := business.call(j.ctx, http.MethodGet, "/v1/messages/"+msgid, nil, &m)
		if err == nil && (m.State != "done" || m.Target != 1 || m.Counts["delivered"] != 1) {
			err = fmt.Errorf("state %s, %v", m.State, m.Counts)
		}
		return err
	})
}

func TestTheMainJob(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"sqlite", "mysql"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, kind)
			play(t, w, w.start(t), time.Minute)
		})
	}
}

// secrets are what no log line may hold.
func (w *world) secrets() []string {
	return []string{w.cfg.ComponentSecret, w.cfg.Token, w.cfg.EncodingAESKey, "ticket@@@", "refreshtoken@@@", "queryauthcode@@@"}
}

func TestTheLogAtDebugLevelHoldsNoSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite")
	w.env = append(w.env, "WECHATTPP_LOG_LEVEL=debug")
	r := w.start(t)
	play(t, w, r, time.Minute)
	log := r.log.String()
	for _, s := range append(w.secrets(), "eyJ") { // eyJ begins every JWT
		if strings.Contains(log, s) {
			t.Errorf("the log holds %q", s)
		}
	}
}
