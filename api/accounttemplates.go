package api

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"wechattpp/sender"
	"wechattpp/wechat"
)

type parameterAnswer struct {
	Name   string   `json:"name"`
	Type   string   `json:"type"` // "": of the older templates, whose values have no rule
	Label  string   `json:"label"`
	Values []string `json:"values,omitempty"` // the only ones it takes
}

type accountTemplateAnswer struct {
	ID         string            `json:"id"`
	Kind       string            `json:"kind"`
	Type       int               `json:"type"` // WeChat's number
	Title      string            `json:"title"`
	Content    string            `json:"content"`
	Example    string            `json:"example"`
	Industry   []string          `json:"industry,omitempty"` // primary and secondary, of the older templates
	Parameters []parameterAnswer `json:"parameters"`
}

func showAccountTemplate(t wechat.Template) accountTemplateAnswer {
	a := accountTemplateAnswer{ID: t.ID, Kind: sender.KindOf(t), Type: t.Type, Title: t.Title, Content: t.Content, Example: t.Example, Parameters: []parameterAnswer{}}
	for _, p := range t.Parameters() {
		a.Parameters = append(a.Parameters, parameterAnswer{p.Name, p.Type, p.Label, p.Values})
	}
	for _, name := range t.Industry {
		if name != "" {
			a.Industry = append(a.Industry, name)
		}
	}
	return a
}

// listUse tells how full an account's list is.
type listUse struct {
	Kind         string     `json:"kind"`
	Used         int        `json:"used"`
	Limit        int        `json:"limit"`
	Applications int        `json:"applications_a_month,omitempty"` // of templates of one's own making
	RefreshedAt  *time.Time `json:"refreshed_at,omitempty"`         // absent: never
}

func showUse(l sender.TemplateList) listUse {
	return listUse{l.Kind, l.Used, l.Limit, l.Applications, known(l.RefreshedAt)}
}

type accountTemplatesAnswer struct {
	items[accountTemplateAnswer]
	Lists []listUse `json:"lists"`
}

// listAccountTemplates pages through what is kept of the account's own lists.
func (s *server) listAccountTemplates(c *call) error {
	code, p, err := c.grantedPage()
	if err != nil {
		return err
	}
	all, lists, err := s.Templates.List(c.ctx(), code, c.Query("kind"), p.after, p.limit+1)
	if err != nil {
		return templateProblem(code, err)
	}
	next := ""
	if len(all) > p.limit {
		all = all[:p.limit]
		next = all[p.limit-1].ID
	}
	answer := accountTemplatesAnswer{items: list(mapped(all, showAccountTemplate), next), Lists: mapped(lists, showUse)}
	return c.reply(http.StatusOK, answer)
}

func mapped[T, A any](all []T, show func(T) A) []A {
	shown := make([]A, len(all))
	for i, x := range all {
		shown[i] = show(x)
	}
	return shown
}

type titledAnswer struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

func showTitled(t wechat.Template) titledAnswer { return titledAnswer{t.ID, t.Title} }

// refreshedAnswer is what became of a list; with a problem it is as it was.
type refreshedAnswer struct {
	listUse
	Added   []titledAnswer `json:"added"`
	Removed []titledAnswer `json:"removed"`
	Changed []titledAnswer `json:"changed"`
	Problem string         `json:"problem,omitempty"`
}

// refreshAccountTemplates reads the account's lists from WeChat.
func (s *server) refreshAccountTemplates(c *call) error {
	code, err := c.granted()
	if err != nil {
		return err
	}
	kind := c.Query("kind")
	read, err := s.Templates.Refresh(c.ctx(), code, kind)
	if err != nil {
		return templateProblem(code, err)
	}
	_, lists, err := s.Templates.List(c.ctx(), code, kind, "", 1)
	if err != nil {
		return templateProblem(code, err)
	}
	shown := make([]refreshedAnswer, len(read))
	for i, r := range read { // both are in the same order
		shown[i] = refreshedAnswer{listUse: showUse(lists[i]), Added: mapped(r.Added, showTitled), Removed: mapped(r.Removed, showTitled), Changed: mapped(r.Changed, showTitled)}
		if r.Err != nil {
			shown[i].Problem = vendorText(r.Err)
		}
	}
	c.target("sender/" + code)
	return c.reply(http.StatusOK, map[string]any{"lists": shown})
}

type addedTemplateAnswer struct {
	ID       string                 `json:"id"`
	Template *accountTemplateAnswer `json:"template,omitempty"` // as WeChat's list shows it
	Warnings []string               `json:"warnings,omitempty"`
}

// addAccountTemplate takes a template of the public library.
func (s *server) addAccountTemplate(c *call) error {
	code, err := c.granted()
	if err != nil {
		return err
	}
	var in wechat.Choice
	if err := c.decode(&in); err != nil {
		return err
	}
	made, unread, err := s.Templates.Add(c.ctx(), code, in)
	if err != nil {
		return templateProblem(code, err)
	}
	c.target("sender/" + code)
	c.note("template", made.ID)
	answer := addedTemplateAnswer{ID: made.ID}
	if unread != nil {
		answer.Warnings = []string{"the template was added; what it takes is not known here before the list is refreshed: " + vendorText(unread)}
	} else {
		shown := showAccountTemplate(made)
		answer.Template = &shown
	}
	return c.created(answer)
}

func (s *server) deleteAccountTemplate(c *call) error {
	code, err := c.granted()
	if err != nil {
		return err
	}
	if err := s.Templates.Delete(c.ctx(), code, c.text("id")); err != nil {
		return templateProblem(code, err)
	}
	c.target("sender/" + code)
	c.note("template", c.text("id"))
	return c.reply(http.StatusNoContent, nil)
}

// vendorText is an error of a call about templates, with what to do about the
// quota that nobody knows.
func vendorText(err error) string {
	if errors.Is(err, wechat.ErrThrottledDay) {
		return err.Error() + "; WeChat allows an account few calls a day that read its templates, whoever makes them: try again after midnight in China. What is kept here stays"
	}
	return err.Error()
}

// templateProblem gives what a call about templates was refused with a status.
func templateProblem(code string, err error) error {
	is := func(known ...error) bool {
		return slices.ContainsFunc(known, func(k error) bool { return errors.Is(err, k) })
	}
	switch {
	case is(sender.ErrNotKept):
		return refuse(http.StatusNotFound, codeNotFound, err.Error())
	case is(sender.ErrNoTemplates, wechat.ErrTemplatesFull, wechat.ErrTemplateList):
		return conflict(err.Error())
	case is(wechat.ErrChoice):
		return refuse(http.StatusBadRequest, codeInvalid, err.Error())
	case is(wechat.ErrThrottledDay):
		return throttled(vendorText(err), time.Hour)
	case is(wechat.ErrUnanswered):
		return refuse(http.StatusBadGateway, codeVendor, err.Error()+"; it may have been done: refresh the list before you try again")
	}
	return vendorProblem(code, err)
}

// throttled is 429 for a quota of the vendor's.
func throttled(text string, after time.Duration) error {
	p := refuse(http.StatusTooManyRequests, codeRate, text)
	p.retryAfter = after
	return p
}
