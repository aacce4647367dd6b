package api

import (
	"errors"
	"io/fs"
	"net/http"
	"strconv"
	"time"

	"wechattpp/sender"
)

type followerAnswer struct {
	OpenID string    `json:"openid"`
	Since  time.Time `json:"since"`
	New    bool      `json:"new"`
}

type pullAnswer struct {
	State      string     `json:"state"` // none, running, done, failed
	Round      int64      `json:"round"`
	Total      int        `json:"total"`
	Seen       int        `json:"seen"`
	StartedAt  *time.Time `json:"started_at,omitempty"`
	FinishedAt *time.Time `json:"finished_at,omitempty"`
	Problem    string     `json:"problem,omitempty"`
}

type followersAnswer struct {
	items[followerAnswer]
	Pull pullAnswer `json:"pull"`
}

func showPull(p sender.Pull) pullAnswer {
	state := "failed"
	switch {
	case p.Running:
		state = "running"
	case p.Done && p.Round == 0:
		state = "none"
	case p.Done:
		state = "done"
	}
	if p.ID == 0 {
		state = "none"
	}
	return pullAnswer{State: state, Round: p.Round, Total: p.Total, Seen: p.Seen, StartedAt: known(p.Started), FinishedAt: known(p.Finished), Problem: p.Problem}
}

// granted is the sender of the path, if the caller may use it; to others it
// does not exist.
func (c *call) granted() (string, error) {
	code := c.text("code")
	if !c.who.MaySender(code) {
		return "", noSender(code)
	}
	return code, nil
}

// grantedPage is granted and page: what a list of a sender begins with.
func (c *call) grantedPage() (code string, p page, err error) {
	if code, err = c.granted(); err == nil {
		p, err = c.page()
	}
	return code, p, err
}

func noSender(code string) error { return missing("sender " + strconv.Quote(code)) }

// listFollowers pages through the openids that are known to follow.
func (s *server) listFollowers(c *call) error {
	code, p, err := c.grantedPage()
	if err != nil {
		return err
	}
	fresh := false
	switch c.Query("new") {
	case "", "false":
	case "true":
		fresh = true
	default:
		return invalid("new", "must be true or false")
	}
	all, pull, err := s.Followers.List(c.ctx(), code, p.after, p.limit+1, fresh)
	if err != nil {
		return speechProblem(code, err)
	}
	next := ""
	if len(all) > p.limit {
		all = all[:p.limit]
		next = all[p.limit-1].OpenID
	}
	shown := make([]followerAnswer, len(all))
	for i, f := range all {
		shown[i] = followerAnswer{f.OpenID, f.Since.UTC(), f.New}
	}
	return c.reply(http.StatusOK, followersAnswer{list(shown, next), showPull(pull)})
}

// pullFollowers starts fetching the list anew; it goes on behind the answer.
func (s *server) pullFollowers(c *call) error {
	code, err := c.granted()
	if err != nil {
		return err
	}
	p, err := s.Followers.Begin(c.ctx(), code)
	if err != nil {
		return speechProblem(code, err)
	}
	c.target("sender/" + code)
	return c.reply(http.StatusAccepted, showPull(p))
}

// speechProblem tells why a sender cannot do what was asked of it.
func speechProblem(code string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return noSender(code)
	}
	if in, ok := errors.AsType[*sender.InputError](err); ok {
		return invalid(in.Field, in.Text)
	}
	for _, known := range []error{sender.ErrNoFollowers, sender.ErrUnbound, sender.ErrUnauthorized, sender.ErrPermission, sender.ErrNoSecret, sender.ErrResting, sender.ErrNoToken} {
		if errors.Is(err, known) {
			return conflict(err.Error())
		}
	}
	return err
}
