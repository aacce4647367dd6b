package simulator

import (
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ReleaseTest is the vendor's test before a full-network release.
type ReleaseTest struct {
	Group int   `json:"group,omitempty"` // 1 to 5; 0 = one at random, as the vendor does
	Sets  []int `json:"sets,omitempty"`  // selected permission sets: 1 brings the cases of the Official Account, 19 that of the Mini Program; none = both
}

// ReleaseVerdict is what the console would show.
type ReleaseVerdict struct {
	Group  int           `json:"group"`
	OA     string        `json:"oa_appid"`
	MP     string        `json:"mp_appid"`
	At     time.Time     `json:"at"`
	Passed bool          `json:"passed"` // every step
	Steps  []ReleaseStep `json:"steps"`
}

// ReleaseStep is one case of the test.
type ReleaseStep struct {
	Name    string        `json:"name"`
	AppID   string        `json:"appid,omitempty"`
	Passed  bool          `json:"passed"`
	Took    time.Duration `json:"took_ns"` // until the answer; of api text: until the customer message
	Problem string        `json:"problem,omitempty"`
}

const (
	verdictsKept = 100
	testText     = "TESTCOMPONENT_MSG_TYPE_TEXT"
	queryCode    = "QUERY_AUTH_CODE:"
)

// release is one run of the test.
type release struct {
	*Simulator
	ctx    context.Context
	oa, mp *account
	openID string
	out    ReleaseVerdict
}

// ReleaseTest plays the test: a ticket, the authorization of two of the ten
// accounts, fixed messages with exact answers within PushLimit, customer
// messages within ReleaseWait, the end of the authorizations. Only the first
// answer to each push counts. It needs Run and both addresses.
func (s *Simulator) ReleaseTest(ctx context.Context, t ReleaseTest) (ReleaseVerdict, error) {
	if t.Group < 0 || t.Group > len(testPairs) {
		return ReleaseVerdict{}, fmt.Errorf("group %d: want 1 to %d, or 0 for one at random", t.Group, len(testPairs))
	}
	if s.authorizationURL() == "" || s.messageURL() == "" {
		return ReleaseVerdict{}, errors.New("the test needs both addresses: set the authorization URL and the message URL")
	}
	r, err := s.newRelease(ctx, cmp.Or(t.Group, 1+rand.IntN(len(testPairs))))
	if err != nil {
		return ReleaseVerdict{}, err
	}
	selected := func(set int) bool { return t.Sets == nil || slices.Contains(t.Sets, set) }
	r.play(selected(setMessages), selected(setCustomer))
	s.verdicts.keep(r.out)
	return r.out, ctx.Err()
}

func (s *Simulator) newRelease(ctx context.Context, group int) (r *release, err error) {
	pair := testPairs[group-1]
	r = &release{Simulator: s, ctx: ctx, openID: "oRelease" + strconv.FormatUint(rand.Uint64N(1e16)+1e16, 10)}
	r.out = ReleaseVerdict{Group: group, OA: pair.oa.appID, MP: pair.mp.appID, At: time.Now(), Passed: true}
	if r.oa, err = s.testAccount(pair.oa.appID); err != nil {
		return nil, err
	}
	r.mp, err = s.testAccount(pair.mp.appID)
	return r, err
}

func (r *release) play(oa, mp bool) {
	r.step("ticket", nil, r.ticket)
	codes := map[string]*account{}
	r.step("authorize", r.oa, r.authorized)
	r.step("authorize", r.mp, r.authorized)
	if oa {
		r.step("text", r.oa, func(a *account) (time.Duration, error) {
			return r.replies(a, r.text(a, testText), testText+"_callback")
		})
		r.step("event", r.oa, func(a *account) (time.Duration, error) { return r.replies(a, r.event(a), "LOCATIONfrom_callback") })
		r.step("api text", r.oa, func(a *account) (time.Duration, error) { return r.writes(a, codes) })
	}
	if mp {
		r.step("api text", r.mp, func(a *account) (time.Duration, error) { return r.writes(a, codes) })
	}
	for code, a := range codes {
		r.step("one customer message", a, func(*account) (time.Duration, error) { return 0, r.once(a, code) })
	}
	r.step("unauthorize", r.oa, r.unauthorized)
	r.step("unauthorize", r.mp, r.unauthorized)
}

// step runs one case; a failed one does not keep the others from being tried.
func (r *release) step(name string, a *account, f func(*account) (time.Duration, error)) {
	took, err := f(a)
	s := ReleaseStep{Name: name, Passed: err == nil, Took: took}
	if a != nil {
		s.AppID = a.profile.AppID
	}
	if err != nil {
		s.Problem, r.out.Passed = err.Error(), false
	}
	r.out.Steps = append(r.out.Steps, s)
}

// ticket must be answered, and used: the platform has a token by it or by one
// before.
func (r *release) ticket(*account) (time.Duration, error) {
	took, _, err := r.first(r.pushTicket())
	if err != nil {
		return took, err
	}
	return took, r.until("the platform got no component_access_token with a ticket", func() bool {
		r.component.mu.RLock()
		defer r.component.mu.RUnlock()
		return time.Now().Before(r.component.token.until)
	})
}

func (r *release) authorized(a *account) (time.Duration, error) {
	now := time.Now()
	code := r.codes.add(a, a.authorizeItself(now), r.cfg.CodeLife, now)
	e := event{kind: authorizationPush, account: a, name: "authorized", created: now, members: []member{
		{name: "AuthorizerAppid", value: a.profile.AppID}, {name: "AuthorizationCode", value: code},
		{name: "AuthorizationCodeExpiredTime", value: strconv.FormatInt(now.Add(r.cfg.CodeLife).Unix(), 10), number: true},
		{name: "PreAuthCode", value: "preauthcode@@@" + word(48)},
	}}
	took, _, err := r.first(r.pushAll(e, 0, 1)[0])
	return took, err
}

// unauthorized is told by the event alone: the ten stay in the list.
func (r *release) unauthorized(a *account) (time.Duration, error) {
	e := event{kind: authorizationPush, account: a, name: "unauthorized", members: []member{{name: "AuthorizerAppid", value: a.profile.AppID}}}
	took, _, err := r.first(r.pushAll(e, 0, 1)[0])
	return took, err
}

func (r *release) text(a *account, content string) event {
	a.catalog.follow(r.openID, "subscribe")
	return Message{OpenID: r.openID, Content: content}.event(a)
}

func (r *release) event(a *account) event {
	return Message{OpenID: r.openID, Event: "LOCATION", Fields: map[string]string{"Latitude": "23.137466", "Longitude": "113.352425", "Precision": "119.385040"}}.event(a)
}

// first waits for the first answer to a push.
func (r *release) first(p *pending) (time.Duration, Push, error) {
	if err := r.await(r.ctx, p.tried); err != nil {
		return 0, Push{}, err
	}
	push := r.record(p)
	if len(push.Tries) == 0 {
		return 0, push, errStopped
	}
	try := push.Tries[0]
	if try.Error != "" {
		return try.Took, push, errors.New(try.Error)
	}
	return try.Took, push, nil
}

// passiveText is a passive reply of text.
type passiveText struct {
	XMLName      xml.Name `xml:"xml"`
	ToUserName   string   `xml:"ToUserName"`
	FromUserName string   `xml:"FromUserName"`
	CreateTime   int64    `xml:"CreateTime"`
	MsgType      string   `xml:"MsgType"`
	Content      string   `xml:"Content"`
}

// replies wants an encrypted passive reply with exactly this text.
func (r *release) replies(a *account, e event, want string) (time.Duration, error) {
	took, push, err := r.first(r.pushAll(e, 0, 1)[0])
	if err != nil {
		return took, err
	}
	if push.Reply == "" {
		return took, fmt.Errorf("answered %q, want an encrypted passive reply", push.Tries[0].Answer)
	}
	var m passiveText
	if err := xml.Unmarshal([]byte(push.Reply), &m); err != nil {
		return took, fmt.Errorf("the passive reply cannot be read: %w", err)
	}
	switch {
	case m.ToUserName != r.openID || m.FromUserName != a.profile.UserName:
		return took, fmt.Errorf("the passive reply goes from %q to %q, want from the account %q to the user %q", m.FromUserName, m.ToUserName, a.profile.UserName, r.openID)
	case m.MsgType != "text" || m.CreateTime <= 0:
		return took, fmt.Errorf("the passive reply has MsgType %q and CreateTime %d, want a text with its time", m.MsgType, m.CreateTime)
	case m.Content != want:
		return took, fmt.Errorf("the passive reply says %q, want %q", m.Content, want)
	}
	return took, nil
}

// writes wants an empty answer at once, and then a customer message that needs
// the token which the code brings.
func (r *release) writes(a *account, codes map[string]*account) (time.Duration, error) {
	code := r.releaseCode(a)
	e := r.text(a, queryCode+code)
	began := time.Now()
	took, push, err := r.first(r.pushAll(e, 0, 1)[0])
	if err != nil {
		return took, err
	}
	if push.Tries[0].Answer != "" {
		return took, fmt.Errorf("answered %q, want an empty body", strings.ReplaceAll(push.Tries[0].Answer, code, "***"))
	}
	codes[code] = a
	err = r.until("no customer message with the code came", func() bool { return r.count(a, code) > 0 })
	return time.Since(began), err
}

func (r *release) count(a *account, code string) (n int) {
	for _, m := range r.CustomerMessages(r.openID) {
		if m.AppID == a.profile.AppID && m.Text == code+"_from_api" {
			n++
		}
	}
	return n
}

func (r *release) once(a *account, code string) error {
	if n := r.count(a, code); n != 1 {
		return fmt.Errorf("%d customer messages with the code came, want one", n)
	}
	return nil
}

// until waits at most ReleaseWait; how long the vendor does is not documented.
func (r *release) until(otherwise string, so func() bool) error {
	end := time.Now().Add(r.cfg.ReleaseWait)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		if time.Now().After(end) {
			return fmt.Errorf("%s within %s", otherwise, r.cfg.ReleaseWait)
		}
		select {
		case <-tick.C:
		case <-r.ctx.Done():
			return r.ctx.Err()
		case <-r.stop:
			return errStopped
		}
	}
	return nil
}
