package api

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"wechattpp/audience"
	"wechattpp/sender"
)

// consentAnswer is what is known of one user's consent to one template.
type consentAnswer struct {
	OpenID     string        `json:"openid"`
	UserID     string        `json:"userid,omitempty"` // who that is in the registry
	TemplateID string        `json:"template_id"`
	Scene      *int          `json:"scene,omitempty"` // of a one-time subscription
	Granted    bool          `json:"granted"`
	Left       int           `json:"left"`
	LongTerm   bool          `json:"long_term,omitempty"`
	Accepted   int64         `json:"accepted"`
	Sent       int64         `json:"sent"`
	LastWord   audience.Word `json:"last_word"`
	LastWordAt *time.Time    `json:"last_word_at,omitempty"`
	LastSentAt *time.Time    `json:"last_sent_at,omitempty"`
}

func showGrant(r audience.Right, longTerm bool) consentAnswer {
	out := consentAnswer{OpenID: r.OpenID, UserID: r.UserID, TemplateID: r.Template, Granted: r.Granted(longTerm), Left: r.Left, LongTerm: longTerm,
		Accepted: r.Accepted, Sent: r.Sent, LastWord: r.Word, LastWordAt: known(r.WordAt), LastSentAt: known(r.SentAt)}
	if r.Scene != audience.NoScene {
		out.Scene = &r.Scene
	}
	if out.LastWord == "" {
		out.LastWord = audience.Spent
	}
	return out
}

// consenting is the sender of the path, if its users can agree to anything.
func (s *server) consenting(c *call) (sender.Sender, error) {
	code, err := c.granted()
	if err != nil {
		return sender.Sender{}, err
	}
	x, err := s.Senders.Read(c.ctx(), code)
	switch {
	case err != nil:
		return x, speechProblem(code, err)
	case !slices.Contains(audience.Consenting, x.Kind):
		return x, conflict("messages of WeCom need no consent: only Official Accounts, Mini Programs and mobile apps have grants")
	case x.AppID == "":
		return x, speechProblem(code, sender.ErrUnbound)
	}
	return x, nil
}

// listGrants pages through what is known of consents at a sender.
func (s *server) listGrants(c *call) error {
	x, err := s.consenting(c)
	if err != nil {
		return err
	}
	q, none, err := s.grantQuery(c, x)
	if err != nil {
		return err
	}
	var all []audience.Right
	if !none {
		if all, err = s.Ledger.Rights(c.ctx(), q); err != nil {
			return err
		}
	}
	next := ""
	if limit := q.Limit - 1; len(all) > limit {
		all = all[:limit]
		last := all[limit-1]
		next = strings.Join([]string{strconv.Itoa(last.Scene), last.OpenID, last.Template}, " ")
	}
	shown := make([]consentAnswer, len(all))
	for i, r := range all {
		long, err := s.Ledger.Lasts(c.ctx(), x.Code, r.Template, r.Scene)
		if err != nil {
			return err
		}
		shown[i] = showGrant(r, long)
	}
	return c.reply(http.StatusOK, list(shown, next))
}

// grantQuery reads which rights are asked for, one more than the page; none: of a
// user without an openid at the sender, or with another one.
func (s *server) grantQuery(c *call, x sender.Sender) (q audience.RightQuery, none bool, err error) {
	p, err := c.page()
	if err != nil {
		return q, false, err
	}
	q = audience.RightQuery{Account: x.AppID, OpenID: c.Query("openid"), Template: c.Query("template_id"), Limit: p.limit + 1, Kind: x.Kind, BindID: x.Code}
	if q.After, err = grantCursor(p.after); err != nil {
		return q, false, err
	}
	userid := c.Query("userid")
	if userid == "" {
		return q, false, nil
	}
	bound, err := s.Audience.Resolve(c.ctx(), x.Kind, x.Code, []string{userid})
	named := q.OpenID
	q.OpenID = bound[userid]
	return q, q.OpenID == "" || named != "" && named != q.OpenID, err
}

// grantCursor reads where a page begins; openids and templates hold no blanks.
func grantCursor(after string) (r audience.Right, err error) {
	if after == "" {
		return r, nil
	}
	words := strings.Split(after, " ")
	if len(words) != 3 || words[1] == "" {
		return r, badCursor()
	}
	if r.Scene, err = strconv.Atoi(words[0]); err != nil {
		return r, badCursor()
	}
	r.OpenID, r.Template = words[1], words[2]
	return r, nil
}

type grantParams struct {
	OpenID     string         `json:"openid" validate:"required"`
	TemplateID string         `json:"template_id" validate:"required"`
	Scene      jsontext.Value `json:"scene"`
	Action     string         `json:"action" validate:"required"`
}

// reportGrant takes a user's answer that a mobile app was given.
func (s *server) reportGrant(c *call) error {
	x, err := s.consenting(c)
	if err != nil {
		return err
	}
	var in grantParams
	if err := c.decode(&in); err != nil {
		return err
	}
	if x.Kind != sender.MobileApp {
		return conflict("only mobile apps (wechatapp) report answers: WeChat itself tells those of other accounts, and for a one-time subscription of an Official Account there are subscribe-links")
	}
	scene, err := sceneOf(in.Scene)
	if err != nil {
		return err
	}
	r, err := s.Ledger.Report(c.ctx(), audience.Entry{Account: x.AppID, OpenID: in.OpenID, Template: in.TemplateID, Scene: scene, Word: audience.Word(in.Action)})
	if err != nil {
		return err
	}
	c.target("sender/" + x.Code)
	c.note("openid", in.OpenID)
	c.note("action", in.Action)
	return c.reply(http.StatusOK, showGrant(r, false))
}

// sceneOf reads the scene of a one-time subscription, a number with or without
// quotes, as WeChat has it both ways; the limits are the ledger's.
func sceneOf(raw jsontext.Value) (int, error) {
	n, err := strconv.Atoi(strings.Trim(string(raw), `"`))
	if err != nil {
		return 0, invalid("scene", "must be a number: 0 to "+strconv.Itoa(audience.MostScene))
	}
	return n, nil
}
