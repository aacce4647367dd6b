package audience

import (
	"context"
	"slices"
	"time"
)

// Person is a user with what the reader may see of it.
type Person struct {
	ID        int64 // grows; not for the outside
	UserID    string
	Values    []Value
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Filter chooses users. Empty fields choose all.
type Filter struct {
	Prefix string // of the userid
	Tag    string
	Sender string // with Bound: the sender that a user has an identity at, or none
	Bound  *bool  // without Sender: at any sender, or at none
	After  string // userid after which to go on
	Limit  int
}

// Query is a Filter as the store takes it.
type Query struct {
	Filter
	TagBinds []string // bind ids whose tags count; nil: all
	Kinds    []string // of identities that count
	Binds    []string // under which identities count; nil: all
}

// identities are the kinds of value that a sender can reach a user by.
var identities = []string{"wechatoa", "wechatmp", "wechatwk", "wechatapp"}

// Users lists the users that f chooses, in the order of their userids, with what
// w may see of each; *InputError for a sender that w may not see.
func (r *Room) Users(ctx context.Context, w Writer, f Filter) ([]Person, error) {
	q, err := r.query(ctx, w, f)
	if err != nil {
		return nil, err
	}
	users, err := r.Store.Users(ctx, q)
	if err != nil {
		return nil, err
	}
	see, err := r.sight(ctx, w)
	for i := range users {
		users[i].Values = slices.DeleteFunc(users[i].Values, func(v Value) bool { return !see(v) })
	}
	return users, err
}

// User gives one user with what w may see of it; fs.ErrNotExist.
func (r *Room) User(ctx context.Context, w Writer, userid string) (Person, error) {
	u, err := r.Store.User(ctx, userid)
	if err != nil {
		return u, err
	}
	see, err := r.sight(ctx, w)
	if err != nil {
		return u, err
	}
	u.Values = slices.DeleteFunc(u.Values, func(v Value) bool { return !see(v) })
	return u, nil
}

func (r *Room) query(ctx context.Context, w Writer, f Filter) (Query, error) {
	q := Query{Filter: f, Kinds: identities}
	if !w.All {
		q.TagBinds = []string{"all", w.ChannelKey}
		q.Binds = append([]string{"all"}, w.Senders...)
	}
	if f.Sender == "" {
		return q, nil
	}
	if !w.All && !slices.Contains(w.Senders, f.Sender) {
		return q, &InputError{"sender", "does not exist or is not granted to you: use the code of one that is"}
	}
	kind, err := r.Kind(ctx, f.Sender)
	if err != nil {
		return q, err
	}
	if !slices.Contains(identities, kind) {
		return q, &InputError{"sender", "is not the code of a sender that users have identities at"}
	}
	q.Kinds, q.Binds = []string{kind}, []string{f.Sender}
	if kind == weCom {
		q.Binds = []string{"all"}
	}
	return q, nil
}

const (
	weCom       = "wechatwk"
	weComLinked = "wechatwk_linkedcorp"
)

// sight tells which values w may see: those under "all" and its own key, and
// the identities at its own senders. A WeCom userid stands under "all" and
// belongs to whoever holds a WeCom sender.
func (r *Room) sight(ctx context.Context, w Writer) (func(Value) bool, error) {
	if w.All {
		return func(Value) bool { return true }, nil
	}
	wecom := false
	for _, code := range w.Senders {
		kind, err := r.Kind(ctx, code)
		if err != nil {
			return func(Value) bool { return false }, err
		}
		wecom = wecom || kind == weCom
	}
	return func(v Value) bool {
		switch fields[v.Kind].binds {
		case "key":
			return v.BindID == "all" || v.BindID == w.ChannelKey
		case "sender":
			return slices.Contains(w.Senders, v.BindID)
		}
		return wecom
	}, nil
}
