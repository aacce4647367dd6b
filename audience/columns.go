package audience

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
)

// columns are those of an import: the field of a user that each one fills, as
// the upload page of JUMS names them
// (docs.jiguang.cn/jums/senderguide/jums-to-wechatoa), and tags.
var columns = map[string]string{
	"userid":                     "userid",
	"bind_id":                    "bind_id",
	"wechatoa_openid":            "wechatoa",
	"wechatmp_openid":            "wechatmp",
	"wechatapp_openid":           "wechatapp",
	"wechatwk_userid":            "wechatwk",
	"wechatwk_linkedcorp_userid": "wechatwk_linkedcorp",
	"phone":                      "phone",
	"email":                      "email",
	"app_regid":                  "app",
	"alipaylife_userid":          "alipaylife",
	"dingtalk_userid":            "dingtalkcc",
	"tags":                       "tag",
}

// Columns are the names an import knows, in the order of an export.
var Columns = []string{"userid", "bind_id", "wechatoa_openid", "wechatmp_openid", "wechatapp_openid", "wechatwk_userid", "wechatwk_linkedcorp_userid",
	"phone", "email", "app_regid", "alipaylife_userid", "dingtalk_userid", "tags"}

// header finds the columns: for each place its name.
func header(first line) ([]string, error) {
	if first.problem != "" {
		return nil, &InputError{"file", first.problem}
	}
	names := make([]string, len(first.cells))
	for i, c := range first.cells {
		name := strings.ToLower(strings.TrimSpace(c.text))
		if c.problem != "" {
			return nil, &InputError{"file", fmt.Sprintf("cannot be read in row %d: a cell %s", first.number, c.problem)}
		}
		if name == "" {
			continue
		}
		if columns[name] == "" {
			return nil, &InputError{"file", fmt.Sprintf("has the column %q: use %s, and remove what is not to be imported", cut(name), strings.Join(Columns, ", "))}
		}
		if slices.Contains(names, name) {
			return nil, &InputError{"file", fmt.Sprintf("has the column %s twice: keep one", name)}
		}
		names[i] = name
	}
	if !slices.Contains(names, "userid") {
		return nil, &InputError{"file", "has no column userid in its first row: name the columns there, or choose another sheet"}
	}
	return names, nil
}

// cut keeps what is quoted of somebody's file short.
func cut(text string) string {
	const most = 40
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

// rows turns lines into changes. It remembers which userids the file had, by
// hash, and what it was told about senders.
type rows struct {
	room  *Room
	w     Writer
	names []string
	first map[string]string // kind of sender → code, where bind_id names none
	seen  map[uint64]int
	kinds map[string]string

	unread bool // it was told that members could not be looked up
}

// row makes one change of one line, or tells what is wrong with it.
func (r *rows) row(ctx context.Context, l line) (Change, []Problem, error) {
	values, problems := r.values(l)
	if len(problems) > 0 {
		return Change{}, problems, nil
	}
	c := Change{UserID: values["userid"]}
	bad := func(field, text string) {
		problems = append(problems, Problem{Row: l.number, Field: field, Text: text})
	}
	if err := CheckUserID(c.UserID); err != nil {
		bad("userid", strings.TrimPrefix(err.Error(), "userid "))
	}
	kind, err := r.bindKind(ctx, values["bind_id"])
	if err != nil {
		return c, nil, err
	}
	if kind == unknownBind {
		bad("bind_id", `must be empty, "all", your ChannelKey, or the code of a sender that is granted to you`)
		return c, problems, nil
	}
	for _, name := range r.names {
		if values[name] == "" || name == "userid" || name == "bind_id" {
			continue
		}
		o, problem := r.op(columns[name], values[name], values["bind_id"], kind)
		if problem != "" {
			bad(name, problem)
		}
		c.ops = append(c.ops, o)
	}
	if len(problems) > 0 {
		return c, problems, nil
	}
	key := hash(c.UserID, cmp.Or(values["bind_id"], "all"))
	if at := r.seen[key]; at > 0 {
		bad("userid", fmt.Sprintf("stands in row %d already: keep one of them", at))
	}
	r.seen[key] = l.number
	return c, problems, nil
}

// values reads the cells by the names of their columns.
func (r *rows) values(l line) (map[string]string, []Problem) {
	if l.problem != "" {
		return nil, []Problem{{Row: l.number, Text: l.problem}}
	}
	values := make(map[string]string, len(r.names))
	var problems []Problem
	for i, c := range l.cells {
		name := ""
		if i < len(r.names) {
			name = r.names[i]
		}
		text := plain(c.text)
		switch {
		case c.problem != "":
			problems = append(problems, Problem{Row: l.number, Field: name, Text: c.problem})
		case name == "" && text != "":
			problems = append(problems, Problem{Row: l.number, Text: fmt.Sprintf("has a value (%q) in column %d, which has no name in the first row", cut(text), i+1)})
		case name != "":
			values[name] = text
		}
	}
	return values, problems
}

// op is what a cell does: of what there may be several is added, all else is
// set.
func (r *rows) op(kind, text, bind, bindKind string) (op, string) {
	o := op{verb: set, kind: kind, bindID: "all", values: []string{text}}
	f := fields[kind]
	switch f.binds {
	case "sender":
		if o.bindID = r.first[kind]; bindKind == kind || f.foreign && r.w.All && bindKind == keyBind {
			o.bindID = bind
		}
		if o.bindID == "" {
			return o, "belongs to no sender: write the code of one of kind " + kind + " into bind_id, or give it as the form field sender"
		}
	case "key":
		if bindKind == keyBind {
			o.bindID = bind
		}
	}
	if f.many {
		o.verb, o.values = add, strings.FieldsFunc(text, isListEnd)
	}
	for i, v := range o.values {
		o.values[i] = strings.TrimSpace(v)
		if problem := f.check(o.values[i]); problem != "" {
			return o, withoutDel(problem)
		}
	}
	return o, ""
}

// isListEnd are the signs between values of a cell, none of which such a value
// may hold.
func isListEnd(c rune) bool { return strings.ContainsRune(",;，；、", c) }

// What a bind_id may be besides the code of a sender.
const (
	noBind      = ""
	keyBind     = "key"
	unknownBind = "?"
)

// bindKind is the kind of the sender that bind_id names, or one of the above.
func (r *rows) bindKind(ctx context.Context, bind string) (string, error) {
	switch {
	case bind == "" || bind == "all":
		return noBind, nil
	case bind == r.w.ChannelKey:
		return keyBind, nil
	case !r.w.All && !slices.Contains(r.w.Senders, bind), !isWord(bind, 64):
		return unknownBind, nil
	}
	if kind, ok := r.kinds[bind]; ok {
		return kind, nil
	}
	kind, err := r.room.Kind(ctx, bind)
	if err != nil {
		return "", err
	}
	switch {
	case kind == "" && r.w.All: // a ChannelKey: an access key writes under all of them
		kind = keyBind
	case kind == "":
		kind = unknownBind
	}
	if len(r.kinds) < 1000 {
		r.kinds[bind] = kind
	}
	return kind, nil
}

// plain takes off blanks and the mark by which an export keeps a spreadsheet
// program from taking a value for a formula.
func plain(text string) string {
	text = strings.TrimSpace(text)
	if rest, marked := strings.CutPrefix(text, "'"); marked && isFormula(rest) {
		return rest
	}
	return text
}

// ColumnOf is the column that fills a field of a user, "" if there is none.
func ColumnOf(kind string) string {
	for name, k := range columns {
		if k == kind {
			return name
		}
	}
	return ""
}
