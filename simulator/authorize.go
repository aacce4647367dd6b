package simulator

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// Authorization is an administrator going through the authorization page.
type Authorization struct {
	AppID       string `json:"appid"`
	Link        string `json:"link,omitempty"`          // the page's address, as the program made it
	PreAuthCode string `json:"pre_auth_code,omitempty"` // instead of Link: as from inside a mini program, without a return
	Referer     string `json:"referer,omitempty"`       // checked if given; a browser always gives one
	Sets        []int  `json:"sets,omitempty"`          // ticked sets; none = all the account has

	EventFirst    bool `json:"event_first,omitempty"` // the event is delivered before the browser returns
	NoEvent       bool `json:"no_event,omitempty"`
	NoCallback    bool `json:"no_callback,omitempty"`    // the browser is closed before it returns
	Twice         bool `json:"twice,omitempty"`          // the event comes twice
	SeparateCodes bool `json:"separate_codes,omitempty"` // event and return carry different codes (which the vendor does is unknown)
}

// Authorized is what came of it.
type Authorized struct {
	Location string `json:"location,omitempty"` // where the browser is sent: redirect_uri with auth_code and expires_in
	Event    string `json:"event,omitempty"`    // authorized, updateauthorized, or "" when nothing changed
}

// returnedLife is the expires_in of the callback in the vendor's sample; the
// event's time is CreateTime + 3600.
const returnedLife = 600

// Authorize plays the administrator. It needs Run for the event; with
// EventFirst it waits until the event was answered or given up.
func (s *Simulator) Authorize(ctx context.Context, z Authorization) (Authorized, error) {
	v, err := s.visitOf(z)
	if err != nil {
		return Authorized{}, err
	}
	return s.authorize(ctx, v, z)
}

func (s *Simulator) visitOf(z Authorization) (*visit, error) {
	if z.Link == "" {
		v := &visit{preAuth: z.PreAuthCode, authType: 3}
		return v, s.page.alive(z.PreAuthCode, time.Now())
	}
	link, err := url.Parse(z.Link)
	if err != nil {
		return nil, errors.New("link is no address")
	}
	return s.checkVisit(link.Query(), z.Referer, z.Referer != "")
}

func (s *Simulator) authorize(ctx context.Context, v *visit, z Authorization) (Authorized, error) {
	a := s.world.find(z.AppID)
	if a == nil {
		return Authorized{}, noAccount(z.AppID)
	}
	if err := s.mayAuthorize(v, a, z.Sets); err != nil {
		return Authorized{}, err
	}
	now := time.Now()
	if err := s.page.use(v.preAuth, now); err != nil {
		return Authorized{}, err
	}
	if z.Sets == nil {
		z.Sets = v.offered(a)
	}
	name, generation := a.authorize(z.Sets, now)
	code := s.codes.add(a, generation, s.cfg.CodeLife, now)
	out := Authorized{Event: name}
	if name != "" && !z.NoEvent {
		if err := s.pushAuthorized(ctx, a, name, code, v.preAuth, z); err != nil {
			return Authorized{}, err
		}
	}
	if z.SeparateCodes {
		code = s.codes.add(a, generation, s.cfg.CodeLife, now)
	}
	if v.redirect != nil && !z.NoCallback {
		out.Location = withCode(*v.redirect, code)
	}
	return out, nil
}

func (s *Simulator) mayAuthorize(v *visit, a *account, sets []int) error {
	switch {
	case v.bizAppID != "" && v.bizAppID != a.profile.AppID:
		return fmt.Errorf("the link is for %s only (biz_appid)", v.bizAppID)
	case v.bizAppID == "" && !v.shows(a):
		return fmt.Errorf("auth_type %d does not show a %s", v.authType, a.kind())
	case s.cfg.TestList != nil && !slices.Contains(s.cfg.TestList, a.profile.UserName):
		return fmt.Errorf("the component is unpublished and %s is not on its test list", a.profile.UserName)
	}
	for _, set := range sets {
		if !slices.Contains(a.profile.Sets, set) {
			return fmt.Errorf("%s has no permission set %d to grant; it has %v", a.profile.AppID, set, a.profile.Sets)
		}
	}
	return nil
}

// authorize tells the event: none if an account goes through the page again
// without a change (component 3.1).
func (a *account) authorize(sets []int, now time.Time) (name string, generation int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	was := a.authorized
	if was && slices.Equal(a.granted, sortedSets(sets)) {
		return "", a.generation
	}
	a.grant(sets, now)
	if was {
		return "updateauthorized", a.generation
	}
	return "authorized", a.generation
}

func (s *Simulator) pushAuthorized(ctx context.Context, a *account, name, code, preAuth string, z Authorization) error {
	now := time.Now()
	e := event{kind: authorizationPush, account: a, name: name, created: now, members: []member{
		{name: "AuthorizerAppid", value: a.profile.AppID},
		{name: "AuthorizationCode", value: code},
		{name: "AuthorizationCodeExpiredTime", value: strconv.FormatInt(now.Add(s.cfg.CodeLife).Unix(), 10), number: true},
		{name: "PreAuthCode", value: preAuth},
	}}
	copies := 1
	if z.Twice {
		copies = 2
	}
	for _, p := range s.pushAll(e, 0, copies) {
		if z.EventFirst {
			if err := s.await(ctx, p.done); err != nil {
				return fmt.Errorf("waiting for the %s event: %w", name, err)
			}
		}
	}
	return nil
}

func withCode(redirect url.URL, code string) string {
	added := "auth_code=" + url.QueryEscape(code) + "&expires_in=" + strconv.Itoa(returnedLife)
	if redirect.RawQuery != "" {
		added = redirect.RawQuery + "&" + added
	}
	redirect.RawQuery = added
	return redirect.String()
}

// Unauthorization is an account cancelling, or a late event that says so.
type Unauthorization struct {
	AppID      string `json:"appid"`
	NoEvent    bool   `json:"no_event,omitempty"`
	EventOnly  bool   `json:"event_only,omitempty"`  // only the event comes; nothing is cancelled
	CreateTime int64  `json:"create_time,omitempty"` // of the event, Unix seconds; 0 = now
}

// Unauthorize cancels an authorization: its tokens answer 61003 from now on.
func (s *Simulator) Unauthorize(u Unauthorization) error {
	a := s.world.find(u.AppID)
	if a == nil {
		return noAccount(u.AppID)
	}
	if !u.EventOnly {
		if err := a.cancel(); err != nil {
			return err
		}
	}
	if u.NoEvent {
		return nil
	}
	e := event{kind: authorizationPush, account: a, name: "unauthorized", members: []member{{name: "AuthorizerAppid", value: u.AppID}}}
	if u.CreateTime != 0 {
		e.created = time.Unix(u.CreateTime, 0)
	}
	s.pushAll(e, 0, 1)
	return nil
}

func (a *account) cancel() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.authorized {
		return fmt.Errorf("%s is not authorized, so it cannot cancel", a.profile.AppID)
	}
	a.authorized, a.exchanged, a.granted = false, false, nil
	return nil
}
