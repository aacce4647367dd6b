package notify

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"regexp"
	"slices"
	"time"
)

// Kinds of saved template.
const (
	General = "general" // messages for several senders, with {{variables}}
	Logical = "logical" // one name for a template that has another id at each account
)

// Saved is a template that is kept here, unlike those in an account's own list.
// It belongs to a client, or to all (ClientID 0).
type Saved struct {
	ID        int64
	ClientID  int64
	Kind      string // never changes
	Code      string // of a logical one, what sends call it
	Name      string // 1 to 64 characters
	Body      SavedBody
	ExpiresAt time.Time // zero: never
	CreatedAt time.Time
	UpdatedAt time.Time
}

// SavedBody is what a template of its kind holds.
type SavedBody struct {
	// Messages of a general one: msg_<kind> as a send has it, each element with its sender.
	Messages map[string]json.RawMessage `json:"messages,omitempty"`
	// Accounts of a logical one: its id and parameters at each sender.
	Accounts []SavedAccount `json:"accounts,omitempty"`
	// Library of a logical one: what other accounts of a kind of sender take of
	// WeChat's public library when a message first needs it.
	Library map[string]SavedLibrary `json:"library,omitempty"`
}

// SavedAccount is what a logical template is called at one sender. Keywords maps
// our names of its parameters to the account's.
type SavedAccount struct {
	Sender     string            `json:"sender"`
	TemplateID string            `json:"template_id"`
	Keywords   map[string]string `json:"keywords"`
}

// SavedTemplates keeps them. fs.ErrNotExist: there is none for the client (below
// 0: any client's); fs.ErrExist: the client has one of this code.
type SavedTemplates interface {
	AddSaved(ctx context.Context, s Saved) (Saved, error)
	ChangeSaved(ctx context.Context, s Saved) (Saved, error)
	DeleteSaved(ctx context.Context, id int64) error
	Saved(ctx context.Context, id, clientID int64) (Saved, error)
	// Coded finds a logical one, the client's own before one of all clients.
	Coded(ctx context.Context, code string, clientID int64) (Saved, error)
	// AddSavedAccount adds an account to a logical one, unless its sender is there
	// already or there are MostAccounts.
	AddSavedAccount(ctx context.Context, id int64, a SavedAccount) error
	// ListSaved gives up to limit of a kind ("": both) after a number, in order.
	ListSaved(ctx context.Context, clientID int64, kind string, after int64, limit int) ([]Saved, error)
}

var codeForm = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// SaveTemplate makes a template of the client, or changes the one with the
// number. *Refusal; fs.ErrNotExist; fs.ErrExist.
func (r *Room) SaveTemplate(ctx context.Context, c Client, s Saved) (Saved, error) {
	if err := r.checkSaved(ctx, c, s); err != nil {
		return Saved{}, err
	}
	if s.ID == 0 {
		s.ClientID = max(0, c.scope())
		return r.Store.AddSaved(ctx, s)
	}
	return r.Store.ChangeSaved(ctx, s)
}

func (r *Room) checkSaved(ctx context.Context, c Client, s Saved) error {
	if err := checkName(s.Name); err != nil {
		return err
	}
	switch {
	case s.Kind == General && s.Code != "":
		return invalid("code", "is for logical templates: sends name a general one by its id")
	case s.Kind == General && len(s.Body.Accounts) > 0:
		return invalid("accounts", "is for logical templates: a general one has messages")
	case s.Kind == General && len(s.Body.Library) > 0:
		return invalid("library", "is for logical templates: a general one has messages")
	case s.Kind == General:
		return r.checkGeneral(ctx, c, s.Body.Messages)
	case s.Kind != Logical:
		return invalid("kind", `must be "general" or "logical"`)
	case !codeForm.MatchString(s.Code):
		return invalid("code", "must be 1 to 64 letters, digits and _ . -")
	case len(s.Body.Messages) > 0:
		return invalid("messages", "is for general templates: a logical one has accounts")
	}
	return r.checkLogical(ctx, c, s.Body)
}

// checkGeneral checks the messages as if they were sent, but for values that
// hold a variable.
func (r *Room) checkGeneral(ctx context.Context, c Client, messages map[string]json.RawMessage) error {
	if len(messages) == 0 {
		return invalid("messages", "is missing: give %s, as a send has them", kindNames())
	}
	q := &request{draft: true}
	for _, key := range sorted(messages) {
		k := kindNamed(cutKind(key))
		if k == nil || key != "msg_"+k.name {
			return invalid("messages."+key, "is not served: give %s", kindNames())
		}
		if err := q.say(k, key, messages[key]); err != nil {
			return err
		}
	}
	for _, m := range q.says {
		if err := r.mayUse(ctx, c, m.sender, "messages."+m.path+".sender"); err != nil {
			return err
		}
		says, err := r.parse(ctx, "messages."+m.path, m, m.sender, q)
		if err != nil {
			return err
		}
		if err := r.filled(ctx, "messages."+m.path, m.sender, says, q); err != nil {
			return err
		}
	}
	_, err := r.variables(messages)
	return err
}

func cutKind(key string) string {
	if len(key) < 4 {
		return ""
	}
	return key[4:]
}

// mayUse tells whether a sender is there and granted to the client.
func (r *Room) mayUse(ctx context.Context, c Client, code, path string) error {
	_, _, _, err := r.Senders.Find(ctx, code)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !c.All && !slices.Contains(c.Senders, code) {
		return invalid(path, "does not exist or is not granted to you: use the code of a sender that is")
	}
	return err
}

// Template reads one that the client may use.
func (r *Room) Template(ctx context.Context, c Client, id int64) (Saved, error) {
	return r.Store.Saved(ctx, id, c.scope())
}

// OwnTemplate reads one that the client may change.
func (r *Room) OwnTemplate(ctx context.Context, c Client, id int64) (Saved, error) {
	s, err := r.Store.Saved(ctx, id, c.scope())
	if err == nil && !c.All && s.ClientID != c.ID {
		err = fs.ErrNotExist
	}
	return s, err
}

// Templates pages through those that the client may use.
func (r *Room) Templates(ctx context.Context, c Client, kind string, after int64, limit int) ([]Saved, error) {
	return r.Store.ListSaved(ctx, c.scope(), kind, after, limit)
}
