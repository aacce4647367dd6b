package api

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"wechattpp/authorizer"
	"wechattpp/health"
	"wechattpp/sender"
	"wechattpp/token"
)

// finding reads the filter of that name, beside the others that a list takes.
func (c *call) finding(filters ...string) (string, error) {
	if err := c.only(filters); err != nil {
		return "", err
	}
	code := c.Query("finding")
	if _, known := health.Levels()[health.Code(code)]; !known && code != "" {
		return "", invalid("finding", "is no code of a finding: use one of those in docs/operations.md, such as needs_reauthorization")
	}
	return code, nil
}

// findingAnswer is one thing that is wrong, and who mends it where.
type findingAnswer struct {
	Code    health.Code  `json:"code"`
	Level   health.Level `json:"level"`
	Since   time.Time    `json:"since"`
	Text    string       `json:"text"`
	Remedy  string       `json:"remedy"`
	Vendor  int          `json:"vendor_code,omitempty"`
	RID     string       `json:"rid,omitempty"`
	Address string       `json:"address,omitempty"` // of ours, that WeChat saw

	Sets []authorizer.Set `json:"permission_sets,omitempty"`
}

// showFindings fills in whom the remedies are for. Of an account, its AppID,
// sender and kind count.
func showFindings(found []health.Finding, a authorizer.Account) []findingAnswer {
	shown := make([]findingAnswer, len(found))
	for i, f := range found {
		remedy := f.Remedy(cmp.Or(a.Sender, a.Wanted))
		if a.AppID != "" {
			remedy = strings.ReplaceAll(remedy, "{appid}", a.AppID)
		}
		shown[i] = findingAnswer{Code: f.Code, Level: f.Level, Since: f.Since, Text: f.Text(), Remedy: remedy, Vendor: f.Cause.Code, RID: f.Cause.RID, Address: f.Cause.Address}
		for _, id := range f.Sets {
			shown[i].Sets = append(shown[i].Sets, a.Name(id))
		}
	}
	return shown
}

// senderFindings are those of the account that speaks for a sender, or of the
// sender itself if it has a secret of its own.
func (s *server) senderFindings(ctx context.Context, x sender.Sender) ([]findingAnswer, error) {
	kind, id := health.Account, x.AppID
	if x.Credentials != sender.Component {
		o := token.OfSender(x.Code, x.Kind == sender.WeCom)
		kind, id = o.Kind, o.ID
	}
	if id == "" {
		return []findingAnswer{}, nil
	}
	found, err := s.Health.Of(ctx, kind, id)
	return showFindings(found[id], authorizer.Account{AppID: x.AppID, Sender: x.Code, WantedKind: x.Kind}), err
}

// componentAnswer is the platform itself.
type componentAnswer struct {
	AppID    string          `json:"appid"`
	Token    tokenHealth     `json:"token"`
	Findings []findingAnswer `json:"findings"`
	Run      runAnswer       `json:"reconciliation"`
}

// runAnswer is the last comparison with WeChat's list, or the one under way.
type runAnswer struct {
	State       string     `json:"state"` // none, running, waiting, done, stopped
	StartedAt   *time.Time `json:"started_at,omitempty"`
	EndedAt     *time.Time `json:"ended_at,omitempty"`
	Total       int        `json:"total"`
	Seen        int        `json:"seen"`
	Adopted     int        `json:"adopted"`
	Renewed     int        `json:"renewed"`
	Unexchanged int        `json:"unexchanged"`
	Absent      int        `json:"absent"`
	Ended       int        `json:"ended"`
	Problem     string     `json:"problem"`
	Alarm       string     `json:"alarm"`
}

// component tells how the platform is.
func (s *server) component(c *call) error {
	out := componentAnswer{AppID: s.ComponentAppID, Findings: []findingAnswer{}, Token: tokenHealth{State: "none"}}
	k, err := s.Tokens.State(c.ctx(), token.Owner{Kind: token.Component, ID: s.ComponentAppID})
	if err == nil {
		out.Token = showToken(k)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	found, err := s.Health.Of(c.ctx(), health.Component, s.ComponentAppID)
	if err != nil {
		return err
	}
	out.Findings = showFindings(found[s.ComponentAppID], authorizer.Account{})
	if out.Run, err = s.showRun(c.ctx()); err != nil {
		return err
	}
	return c.reply(http.StatusOK, out)
}

func (s *server) showRun(ctx context.Context) (runAnswer, error) {
	r, err := s.Authorizers.Run(ctx)
	out := runAnswer{State: "running", Total: r.Total, Seen: r.Seen, Adopted: r.Adopted, Renewed: r.Renewed, Unexchanged: r.Unexchanged,
		Absent: r.Absent, Ended: r.Ended, Problem: r.Problem, Alarm: r.Alarm}
	switch {
	case r.Number == 0:
		out.State = "none"
	case !r.EndedAt.IsZero() && r.Alarm != "":
		out.State = "stopped"
	case !r.EndedAt.IsZero():
		out.State = "done"
	case r.Problem != "":
		out.State = "waiting"
	}
	if !r.Started.IsZero() {
		out.StartedAt = &r.Started
	}
	if !r.EndedAt.IsZero() {
		out.EndedAt = &r.EndedAt
	}
	return out, err
}
