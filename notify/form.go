package notify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"wechattpp/wechat"
)

// Forms knows the templates of the accounts, as messages fill them in.
type Forms interface {
	// Form gives a template of the list that is kept of the sender's account, at
	// most a second old; fs.ErrNotExist: it is not in it. Asked for every message:
	// it must be quick.
	Form(ctx context.Context, sender, id string) (wechat.Form, error)
	// Ensure gives the template that a choice of the public library is at the
	// sender's account, adding it if it is not there yet: once, however many ask.
	// reason is why it cannot be had, for people.
	Ensure(ctx context.Context, sender string, c wechat.Choice) (f wechat.Form, reason string, err error)
}

// templated is a content made of a template of the account's own list.
type templated interface {
	content
	// values are what it fills in, as a subscription or as a template message.
	values() (data map[string]string, subscription bool)
}

const unlisted = "is not in what is kept of the account's list of templates, so its parameters were not checked: see POST /v1/senders/%s/templates/refresh"

// filled holds the values of a message against the template that it names. One
// that is not in the list is taken as it is, with a warning.
func (r *Room) filled(ctx context.Context, path, sender string, says content, q *request) error {
	t, ok := says.(templated)
	if !ok || r.Forms == nil {
		return nil
	}
	form, err := r.Forms.Form(ctx, sender, t.templateID())
	if errors.Is(err, fs.ErrNotExist) {
		q.warn(path+".template_id", unlisted, sender)
		return nil
	}
	if err != nil {
		return err
	}
	data, subscription := t.values()
	switch {
	case form.Subscription() && !subscription:
		return invalid(path+".template_id", "names a subscription template: give type 1")
	case !form.Subscription() && subscription:
		return invalid(path+".template_id", "names a template of template messages: give type 0, or the id of a subscription template")
	case !form.Typed():
		q.cut(path+".data", form, data)
		return nil
	}
	return q.fit(path+".data", form, data)
}

func (q *request) warn(field, format string, args ...any) {
	q.warnings = append(q.warnings, field+": "+fmt.Sprintf(format, args...))
}

// fit holds values to a template that WeChat is strict about: its parameters,
// no more and no less. Their types were checked by their names.
func (q *request) fit(path string, form wechat.Form, data map[string]string) error {
	names := make([]string, len(form.Parameters))
	for i, p := range form.Parameters {
		names[i] = p.Name
		text, given := data[p.Name]
		switch {
		case !given:
			return invalid(path+"."+p.Name, "is missing: the template has this parameter%s", quoted(p.Label))
		case q.draft && variable.MatchString(text):
		case len(p.Values) > 0 && !slices.Contains(p.Values, text):
			return invalid(path+"."+p.Name+".value", "is none of the template's: it takes %s", few(p.Values))
		}
	}
	for _, name := range sorted(data) {
		if !slices.Contains(names, name) {
			return invalid(path+"."+name, "is no parameter of the template: it has %s", strings.Join(names, ", "))
		}
	}
	return nil
}

func quoted(label string) string {
	if label == "" {
		return ""
	}
	return fmt.Sprintf(" (%q)", label)
}

// framing are the parameters of older templates that WeChat shows no more.
var framing = []string{"first", "remark"}

// mostShown is how many characters WeChat shows of a value in an older template
// since 2023-05-04.
const mostShown = 20

// cut warns of what WeChat will not show of a message of an older template; it
// refuses nothing of it.
func (q *request) cut(path string, form wechat.Form, data map[string]string) {
	for _, p := range form.Parameters {
		if _, given := data[p.Name]; !given && !slices.Contains(framing, p.Name) {
			q.warn(path+"."+p.Name, "is missing: its line stays empty%s", quoted(p.Label))
		}
	}
	for _, name := range sorted(data) {
		text := data[name]
		switch n := utf8.RuneCountInString(text); {
		case slices.Contains(framing, name):
			q.warn(path+"."+name, "is not shown: WeChat takes it off since 2023-05-04")
		case !slices.ContainsFunc(form.Parameters, func(p wechat.Parameter) bool { return p.Name == name }):
			q.warn(path+"."+name, "is no parameter of the template: WeChat passes it over")
		case n > mostShown:
			q.warn(path+"."+name+".value", "has %d characters: WeChat shows %d", n, mostShown)
		case strings.ContainsFunc(text, unicode.IsControl):
			q.warn(path+"."+name+".value", "holds a line break or another control character: WeChat takes it out")
		}
	}
}
