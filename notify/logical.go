package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"wechattpp/wechat"
)

// MostAccounts bounds the accounts of a logical template.
const MostAccounts = 1000

// SavedLibrary is a template of WeChat's public library as a logical one takes
// it. Keywords are our names of its parameters, in the order of the choice.
type SavedLibrary struct {
	wechat.Choice
	Keywords []string `json:"keywords"`
}

// checkLibrary holds it to the vendor's limits.
func checkLibrary(library map[string]SavedLibrary) error {
	for _, name := range sorted(library) {
		lib, path := library[name], "library."+name
		if name != official.name && name != mini.name {
			return invalid(path, "is no kind of sender that has templates: %s or %s", official.name, mini.name)
		}
		if field, problem := lib.Check(); field != "" {
			return invalid(path+"."+field, "%s", problem)
		}
		if name == mini.name && !lib.Subscription() {
			return invalid(path+".template_id_short", "is of template messages, which a Mini Program has none of: give tid, kidList and sceneDesc")
		}
		if err := lib.checkKeywords(path + ".keywords"); err != nil {
			return err
		}
	}
	return nil
}

func (l SavedLibrary) checkKeywords(path string) error {
	chosen, named := len(l.Kids)+len(l.Names), len(l.Keywords)
	if chosen > 0 && named != chosen {
		return invalid(path, "has %d names: give one for each of the %d keywords that are chosen, in their order", named, chosen)
	}
	if named == 0 || named > 50 {
		return invalid(path, "has %d names: give one for each parameter of the template, in their order, at most 50", named)
	}
	for i, name := range l.Keywords {
		switch {
		case name == "" || len(name) > 64:
			return invalid(at(path, i), "must be a name of 1 to 64 bytes: sends call the parameter so")
		case slices.Contains(l.Keywords[:i], name):
			return invalid(at(path, i), "is %q a second time: name each parameter once", name)
		}
	}
	return nil
}

func (r *Room) checkLogical(ctx context.Context, c Client, body SavedBody) error {
	if err := checkLibrary(body.Library); err != nil {
		return err
	}
	accounts := body.Accounts
	if len(accounts) == 0 && len(body.Library) == 0 || len(accounts) > MostAccounts {
		return invalid("accounts", "has %d senders: 1 to %d, or none beside a library", len(accounts), MostAccounts)
	}
	for i, a := range accounts {
		path := at("accounts", i)
		if slices.ContainsFunc(accounts[:i], func(o SavedAccount) bool { return o.Sender == a.Sender }) {
			return invalid(path+".sender", "is %q a second time", a.Sender)
		}
		if err := r.mayUse(ctx, c, a.Sender, path+".sender"); err != nil {
			return err
		}
		if !isTemplateID(a.TemplateID) {
			return invalid(path+".template_id", "must be the id of a template in the account's own list: 1 to 128 ASCII characters")
		}
		if len(a.Keywords) > 50 {
			return invalid(path+".keywords", "has %d parameters: at most 50", len(a.Keywords))
		}
		for _, name := range sorted(a.Keywords) {
			if !isParameterName(a.Keywords[name]) || name == "" || len(name) > 64 {
				return invalid(fmt.Sprintf("%s.keywords.%s", path, name), "must map a name of 1 to 64 bytes to that of a template parameter, such as thing1")
			}
		}
	}
	return nil
}

// logical gives an element of a message what its logical template is called at
// the sender: the template's id, and the names of its parameters there.
func (r *Room) logical(ctx context.Context, c Client, m said, sender string) (json.RawMessage, error) {
	if !m.logical {
		return m.raw, nil
	}
	var fields map[string]json.RawMessage
	if err := read(m.raw, &fields); err != nil || fields["logical_template"] == nil {
		return m.raw, nil //nolint:nilerr // whatever it is, the strict reading says so
	}
	path := m.path + ".logical_template"
	var code string
	if err := strict(path, fields["logical_template"], &code); err != nil {
		return nil, err
	}
	if fields["template_id"] != nil {
		return nil, invalid(path, "must not be given together with template_id")
	}
	s, err := r.Store.Coded(ctx, code, c.scope())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &Refusal{codeNoTemplate, path, "names no logical template of yours: see GET /v1/templates"}
	}
	if err != nil {
		return nil, err
	}
	lib, taken := s.Body.Library[m.kind.name]
	if taken && m.kind.name == official.name && lib.Subscription() && fields["type"] == nil {
		fields["type"] = json.RawMessage(`1`) // what it is says the library
	}
	at := slices.IndexFunc(s.Body.Accounts, func(a SavedAccount) bool { return a.Sender == sender })
	if at >= 0 {
		return s.Body.Accounts[at].fit(m.path, fields)
	}
	if !taken || r.Forms == nil {
		return nil, &Refusal{codeNoTemplate, path, "has no template at the sender " + sender + ": add it to the logical template's accounts, or say in its library what such a sender takes"}
	}
	a, err := r.onDemand(ctx, path, s.ID, lib, sender)
	if err != nil {
		return nil, err
	}
	return a.fit(m.path, fields)
}

// onDemand takes the template of the library into the sender's account, and
// remembers what it is called there.
func (r *Room) onDemand(ctx context.Context, path string, id int64, lib SavedLibrary, sender string) (a SavedAccount, err error) {
	form, why, err := r.Forms.Ensure(ctx, sender, lib.Choice)
	if err != nil {
		return a, err
	}
	if why != "" {
		return a, &Refusal{codeNoTemplate, path, "has no template at the sender " + sender + ", and it cannot be taken from the library now: " + why}
	}
	blanks := slices.DeleteFunc(slices.Clone(form.Parameters), func(p wechat.Parameter) bool { return !form.Typed() && slices.Contains(framing, p.Name) })
	if len(blanks) != len(lib.Keywords) {
		return a, &Refusal{codeNoTemplate, path, fmt.Sprintf("names %d keywords, but the template %s at the sender %s has %d parameters: correct the logical template's library", len(lib.Keywords), form.ID, sender, len(blanks))}
	}
	a = SavedAccount{Sender: sender, TemplateID: form.ID, Keywords: map[string]string{}}
	for i, name := range lib.Keywords {
		a.Keywords[name] = blanks[i].Name
	}
	err = r.Store.AddSavedAccount(ctx, id, a)
	if errors.Is(err, fs.ErrNotExist) { // deleted meanwhile: this message still goes
		err = nil
	}
	return a, err
}

// fit translates the fields of an element.
func (a SavedAccount) fit(path string, fields map[string]json.RawMessage) (json.RawMessage, error) {
	var data map[string]json.RawMessage
	if raw := fields["data"]; raw != nil {
		if err := strict(path+".data", raw, &data); err != nil {
			return nil, err
		}
	}
	theirs := make(map[string]json.RawMessage, len(data))
	for _, name := range sorted(data) {
		keyword, ok := a.Keywords[name]
		if !ok {
			return nil, invalid(path+".data."+name, "is no parameter of the logical template at %s: it has %s", a.Sender, few(sorted(a.Keywords)))
		}
		theirs[keyword] = data[name]
	}
	delete(fields, "logical_template")
	var err error
	if fields["data"], err = encode(theirs); err != nil {
		return nil, err
	}
	if fields["template_id"], err = encode(a.TemplateID); err != nil {
		return nil, err
	}
	return encode(fields)
}
