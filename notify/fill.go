package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Codes of refusals about general templates (docs.jiguang.cn/jums/server/message_code).
const (
	codeNoTemplate   = 1015031
	codeNotGeneral   = 1015032
	codeTemplateOver = 1015073
	codeNoContent    = 1015094
)

// variable is {{name}} in a general template. {{thing1.DATA}}, which is WeChat's,
// is none.
var variable = regexp.MustCompile(`\{\{\s*([\p{L}_][\p{L}\p{N}_]{0,63})\s*\}\}`)

// links are the members in which a variable's value is percent-encoded.
var links = []string{"url", "page", "pagepath", "page_path", "picurl", "musicurl", "hqmusicurl"}

const mostVariables = 100

// Variables lists the variables of a general template, in order.
func (s Saved) Variables() []string {
	names, err := variablesOf(s.Body.Messages)
	if err != nil {
		return nil // it was checked when it was saved
	}
	return names
}

func (r *Room) variables(messages map[string]json.RawMessage) ([]string, error) {
	names, err := variablesOf(messages)
	if err == nil && len(names) > mostVariables {
		err = invalid("messages", "hold %d variables: at most %d", len(names), mostVariables)
	}
	return names, err
}

func variablesOf(messages map[string]json.RawMessage) (names []string, err error) {
	for _, raw := range messages {
		_, err := replace(raw, func(_, text string) string {
			for _, m := range variable.FindAllStringSubmatch(text, -1) {
				names = append(names, m[1])
			}
			return text
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// general puts the messages of the general template into the request.
func (r *Room) general(ctx context.Context, c Client, q *request) error {
	if q.template <= 0 {
		return &Refusal{codeNoTemplate, "template_id", "is missing: give the number of a general template, see GET /v1/templates"}
	}
	s, err := r.Store.Saved(ctx, q.template, c.scope())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &Refusal{codeNoTemplate, "template_id", "names no template of yours: see GET /v1/templates"}
	case err != nil:
		return err
	case s.Kind != General:
		return &Refusal{codeNotGeneral, "template_id", "names a logical template: use the id of a general one"}
	case !s.ExpiresAt.IsZero() && s.ExpiresAt.Before(time.Now()):
		return &Refusal{codeTemplateOver, "template_id", "names a template that has expired: give it a later expires_at"}
	}
	if err := q.parameters(s.Variables()); err != nil {
		return err
	}
	for _, key := range sorted(s.Body.Messages) {
		filled, err := replace(s.Body.Messages[key], q.fill)
		if err != nil {
			return err
		}
		if err := q.say(kindNamed(cutKind(key)), key, filled); err != nil {
			return err
		}
	}
	return nil
}

// parameters holds template_para against the template's variables.
func (q *request) parameters(names []string) error {
	for _, name := range names {
		if _, ok := q.values[name]; !ok {
			return invalid("template_para."+name, "is missing: the template has this variable")
		}
	}
	for _, name := range sorted(q.values) {
		if !slices.Contains(names, name) {
			return invalid("template_para."+name, "is no variable of the template: it has %s", few(names))
		}
	}
	return nil
}

// fill puts values in the place of variables; in links percent-encoded.
func (q *request) fill(member, text string) string {
	return variable.ReplaceAllStringFunc(text, func(found string) string {
		value := q.values[variable.FindStringSubmatch(found)[1]]
		if slices.Contains(links, member) {
			return strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
		}
		return value
	})
}

// values reads template_para: texts, numbers and truth values.
func (q *request) para(key string, raw json.RawMessage) error {
	var values map[string]json.RawMessage
	if err := strict(key, raw, &values); err != nil {
		return err
	}
	q.values = make(map[string]string, len(values))
	for name, v := range values {
		text, err := value{Value: v}.plain(key + "." + name)
		if err != nil {
			return err
		}
		q.values[name] = text
	}
	return nil
}

// replace gives JSON with each text f made of it, which learns the member it is
// the value of. Numbers stay as they are written.
func replace(raw json.RawMessage, f func(member, text string) string) (json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var whole any
	if err := d.Decode(&whole); err != nil {
		return nil, invalid("messages", "%s", jsonText(err))
	}
	return encode(replaced("", whole, f))
}

func replaced(member string, v any, f func(member, text string) string) any {
	switch v := v.(type) {
	case string:
		return f(member, v)
	case []any:
		for i := range v {
			v[i] = replaced(member, v[i], f)
		}
	case map[string]any:
		for name := range v {
			v[name] = replaced(name, v[name], f)
		}
	}
	return v
}
