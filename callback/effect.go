package callback

import (
	"context"
	"strings"
	"time"

	"wechattpp/wechat"
)

// Effects is what events do, wired by cmd. Each may be called again for the
// same event and must then change nothing more; events of one account may come
// in any order, so each compares the event's time with what it holds. An error
// is tried again, with growing pauses, for a day; Later says when. A nil func
// has no effect.
type Effects struct {
	// Ticket brings the platform's component_verify_ticket.
	Ticket func(ctx context.Context, ticket string, created time.Time) error
	// Authorized brings the code of an authorization, new or changed.
	Authorized func(ctx context.Context, a Authorization) error
	// Unauthorized tells that an account took its authorization back.
	Unauthorized func(ctx context.Context, appID string, created time.Time) error
	// Release answers a code of the release test.
	Release func(ctx context.Context, c ReleaseCode) error
	// Follow tells that a user begins or ceases to follow an account.
	Follow func(ctx context.Context, appID, openID string, following bool, created time.Time) error
	// Outcome brings WeChat's later word on a message of an account,
	// whichever address it came to.
	Outcome func(ctx context.Context, appID string, o wechat.Outcome, from Origin) error
	// Answers brings what a user of an account said about messages of templates.
	Answers func(ctx context.Context, appID string, all []wechat.Answer, from Origin) error
	// Mass brings WeChat's later word on a mass send, Published that on a
	// draft's publication, likewise.
	Mass      func(ctx context.Context, appID string, e *wechat.MassJobFinished, created time.Time) error
	Published func(ctx context.Context, appID string, e *wechat.PublishJobFinished, created time.Time) error
}

// Origin is the event that brings what an effect is told. Event and Part name
// it for good, so that what is not idempotent by itself can be done once.
type Origin struct {
	Event   int64
	Part    int // of an event that is brought in parts, from 0
	Created time.Time
}

// Authorization is an authorized or updateauthorized event.
type Authorization struct {
	AppID       string
	Code        string
	CodeExpires time.Time // zero if not told
	PreAuthCode string    // of the invitation it came from; perhaps none of ours
	Updated     bool      // updateauthorized
	Created     time.Time
}

// Later is the error of an effect that cannot happen yet, such as an outcome
// that overtook its send. It is logged as no failure.
type Later struct{ After time.Duration }

func (l Later) Error() string { return "not yet: again in " + l.After.String() }

// effect is one thing to do, with the name it is counted under.
type effect struct {
	kind string
	do   func(context.Context) error
}

// of is the one switch that routes events; nil for those without an effect. What an account pushes at its own
// address never speaks for the component.
func (f *Effects) of(e *Event, p *wechat.Push, plain []byte) *effect {
	s, appID := e.Source, e.AppID
	if s == Component {
		return f.info(p)
	}
	created := time.Unix(p.CreateTime, 0)
	if code := releaseCode(appID, p); code != "" && f.Release != nil && s == Message {
		c := ReleaseCode{AppID: appID, OpenID: p.FromUserName, Code: code, Created: created}
		return &effect{"release", func(ctx context.Context) error { return f.Release(ctx, c) }}
	}
	if openID, following, ok := p.Follow(); ok && f.Follow != nil {
		return &effect{"follow", func(ctx context.Context) error { return f.Follow(ctx, appID, openID, following, created) }}
	}
	from := Origin{Event: e.ID, Created: created}
	if p.HasOutcomes() && f.Outcome != nil && s != WeCom {
		return &effect{"outcome", func(ctx context.Context) error { return f.outcomes(ctx, appID, p.Outcomes(plain), from) }}
	}
	if p.HasAnswers() && f.Answers != nil && s != WeCom {
		return &effect{"answers", func(ctx context.Context) error { return f.Answers(ctx, appID, p.Answers(plain), from) }}
	}
	if s != WeCom {
		return f.finished(appID, p, plain, created)
	}
	return nil
}

// finished routes the events that end what an account sent or published.
func (f *Effects) finished(appID string, p *wechat.Push, plain []byte, created time.Time) *effect {
	kind := strings.ToLower(p.Event)
	if p.InfoType != "" || kind != "masssendjobfinish" && kind != "publishjobfinish" && kind != "freepublishjobfinish" {
		return nil
	}
	typed, err := wechat.TypedPush("wechat."+kind, plain)
	if err != nil {
		return nil
	}
	switch e := typed.(type) {
	case *wechat.MassJobFinished:
		if f.Mass != nil {
			return &effect{"mass_outcome", func(ctx context.Context) error { return f.Mass(ctx, appID, e, created) }}
		}
	case *wechat.PublishJobFinished:
		if f.Published != nil {
			return &effect{"published", func(ctx context.Context) error { return f.Published(ctx, appID, e, created) }}
		}
	}
	return nil
}

// outcomes brings each; those brought before one that comes again do no harm.
func (f *Effects) outcomes(ctx context.Context, appID string, all []wechat.Outcome, from Origin) error {
	for i, o := range all {
		from.Part = i
		if err := f.Outcome(ctx, appID, o, from); err != nil {
			return err
		}
	}
	return nil
}

// info routes what the component is told. WeChat's accounts of the release
// test authorize and take it back, and are no accounts of ours.
func (f *Effects) info(p *wechat.Push) *effect {
	if wechat.IsReleaseTest(p.AuthorizerAppID) {
		return nil
	}
	created := time.Unix(p.CreateTime, 0)
	switch p.InfoType {
	case "component_verify_ticket":
		if f.Ticket != nil && p.Ticket != "" {
			return &effect{"ticket", func(ctx context.Context) error { return f.Ticket(ctx, p.Ticket, created) }}
		}
	case "authorized", "updateauthorized":
		if f.Authorized != nil && p.AuthorizerAppID != "" && p.AuthorizationCode != "" {
			return &effect{p.InfoType, func(ctx context.Context) error { return f.Authorized(ctx, authorization(p)) }}
		}
	case "unauthorized":
		if f.Unauthorized != nil && p.AuthorizerAppID != "" {
			return &effect{p.InfoType, func(ctx context.Context) error { return f.Unauthorized(ctx, p.AuthorizerAppID, created) }}
		}
	}
	return nil
}

func authorization(p *wechat.Push) Authorization {
	a := Authorization{
		AppID: p.AuthorizerAppID, Code: p.AuthorizationCode, PreAuthCode: p.PreAuthCode,
		Updated: p.InfoType == "updateauthorized", Created: time.Unix(p.CreateTime, 0),
	}
	if p.CodeExpires > 0 {
		a.CodeExpires = time.Unix(p.CodeExpires, 0)
	}
	return a
}
