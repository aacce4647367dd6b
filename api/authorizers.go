package api

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"time"

	"wechattpp/authorizer"
	"wechattpp/health"
	"wechattpp/sender"
	"wechattpp/token"
)

// authorizerAnswer is an account that authorized the component. No token is in
// it.
type authorizerAnswer struct {
	AppID          string               `json:"appid"`
	Status         string               `json:"status"`
	Sender         string               `json:"sender"` // empty: unclaimed
	Claimed        bool                 `json:"claimed"`
	Wanted         string               `json:"wanted"`  // the sender its invitation was for, while it is not bound
	Waiting        string               `json:"waiting"` // why an administrator must say yes; empty if not
	Kind           string               `json:"kind"`    // oa, mp; empty while the profile is not known
	UserName       string               `json:"user_name"`
	AuthorizedAt   time.Time            `json:"authorized_at"`
	UnauthorizedAt *time.Time           `json:"unauthorized_at,omitempty"`
	Sets           []authorizer.Set     `json:"permission_sets"`
	Missing        []authorizer.Missing `json:"missing"`
	Profile        authorizer.Profile   `json:"profile"`
	Problem        string               `json:"problem"` // of fetching the profile, or why the authorization ended
	Token          tokenHealth          `json:"token"`
	Findings       []findingAnswer      `json:"findings"`
	ProfileAt      *time.Time           `json:"profile_at,omitempty"`
}

// tokenHealth is how an account's token is, without the token.
type tokenHealth struct {
	State     string `json:"state"`      // good, lapsed, resting, none
	ExpiresIn int    `json:"expires_in"` // seconds
	RenewIn   int    `json:"renew_in"`   // seconds until the next renewal
	Failures  int    `json:"failures"`   // renewals that failed in a row
	Problem   string `json:"problem"`
}

func (s *server) showAuthorizer(ctx context.Context, a authorizer.Account, found []health.Finding) (authorizerAnswer, error) {
	out := authorizerAnswer{AppID: a.AppID, Status: a.Status, Sender: a.Sender, Claimed: a.Sender != "", Wanted: a.Wanted, Waiting: a.Waiting, Kind: a.Kind,
		UserName: a.UserName, AuthorizedAt: a.AuthorizedAt, Sets: []authorizer.Set{}, Missing: a.Missing(), Profile: a.Profile, Problem: a.Problem,
		Findings: showFindings(found, a)}
	if !a.ProfileAt.IsZero() {
		out.ProfileAt = &a.ProfileAt
	}
	if !a.UnauthorizedAt.IsZero() {
		out.UnauthorizedAt = &a.UnauthorizedAt
	}
	for _, id := range a.Sets {
		out.Sets = append(out.Sets, a.Name(id))
	}
	var err error
	out.Token, err = s.tokenHealth(ctx, token.Owner{Kind: token.Authorizer, ID: a.AppID})
	return out, err
}

func (s *server) tokenHealth(ctx context.Context, o token.Owner) (tokenHealth, error) {
	k, err := s.Tokens.State(ctx, o)
	if errors.Is(err, fs.ErrNotExist) {
		return tokenHealth{State: "none"}, nil
	}
	return showToken(k), err
}

func showToken(k token.Kept) tokenHealth {
	h := tokenHealth{State: "lapsed", ExpiresIn: seconds(k.Left), RenewIn: seconds(k.Due), Failures: k.Failures, Problem: k.Problem}
	switch {
	case k.Resting:
		h.State = "resting"
	case k.Left > 0:
		h.State = "good"
	}
	return h
}

func seconds(d time.Duration) int { return int(max(d, 0).Seconds()) }

func (s *server) listAuthorizers(c *call) error {
	p, err := c.page()
	if err != nil {
		return err
	}
	filter, err := authorizerFilter(c)
	if err != nil {
		return err
	}
	all, next, err := s.Authorizers.List(c.ctx(), filter, p.after, p.limit)
	if err != nil {
		return err
	}
	ids := make([]string, len(all))
	for i, a := range all {
		ids[i] = a.AppID
	}
	found, err := s.Health.Of(c.ctx(), health.Account, ids...)
	if err != nil {
		return err
	}
	shown := make([]authorizerAnswer, len(all))
	for i, a := range all {
		if shown[i], err = s.showAuthorizer(c.ctx(), a, found[a.AppID]); err != nil {
			return err
		}
	}
	return c.reply(http.StatusOK, list(shown, next))
}

// authorizerFilter reads finding and claimed.
func authorizerFilter(c *call) (f authorizer.Filter, err error) {
	if f.Finding, err = c.finding("finding", "claimed", "limit", "cursor"); err != nil {
		return f, err
	}
	switch text := c.Query("claimed"); text {
	case "":
	case "true", "false":
		claimed := text == "true"
		f.Claimed = &claimed
	default:
		return f, invalid("claimed", "must be true or false")
	}
	return f, nil
}

func (s *server) authorizer(c *call) error {
	a, err := s.Authorizers.Account(c.ctx(), c.text("appid"))
	if err != nil {
		return err
	}
	found, err := s.Health.Of(c.ctx(), health.Account, a.AppID)
	if err != nil {
		return err
	}
	shown, err := s.showAuthorizer(c.ctx(), a, found[a.AppID])
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, shown)
}

type claimParams struct {
	Sender string `json:"sender" validate:"required,max=64"`
}

// claimAuthorizer is an administrator's yes.
func (s *server) claimAuthorizer(c *call) error {
	var in claimParams
	if err := c.decode(&in); err != nil {
		return err
	}
	switch found, err := s.Senders.Read(c.ctx(), in.Sender); {
	case errors.Is(err, fs.ErrNotExist):
		return invalid("sender", "names no sender that exists: create it first, or use another code")
	case err != nil:
		return err
	case found.Credentials != sender.Component:
		return invalid("sender", ownSecret)
	}
	appID := c.text("appid")
	if err := s.Authorizers.Claim(c.ctx(), appID, in.Sender); err != nil {
		return senderProblem(err)
	}
	c.target("authorizer/" + appID)
	c.note("sender", in.Sender)
	return s.authorizer(c)
}

const ownSecret = `names a sender that has a secret of its own and needs no authorization: use another one, or set its credentials to "component"`

type invitationAnswer struct {
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`
}

// invite makes an invitation to authorize an account for a sender.
func (s *server) invite(c *call) error {
	found, err := s.Senders.Read(c.ctx(), c.text("code"))
	if err != nil {
		return err
	}
	if found.Kind != "wechatoa" && found.Kind != "wechatmp" {
		return invalid("code", "names a sender of kind "+found.Kind+", whose account cannot authorize a component: use one of kind wechatoa or wechatmp")
	}
	if found.Credentials != sender.Component {
		return invalid("code", ownSecret)
	}
	i, err := s.Authorizers.Invite(c.ctx(), found.Code, found.Kind)
	if err != nil {
		return err
	}
	c.target("sender/" + found.Code)
	return c.created(invitationAnswer{i.URL, i.Expires})
}
