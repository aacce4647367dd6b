package audience

import (
	"fmt"
	"slices"
)

// verbs in the order in which they take effect.
const (
	del = iota
	set
	add
)

var verbs = []string{del: "del", set: "set", add: "add"}

// Change is what one entry of user/opt does to one user.
type Change struct {
	UserID string
	ops    []op // del before set before add
}

// op changes the values of one kind under one bind id. del without values
// removes them all.
type op struct {
	verb         int
	kind, bindID string
	values       []string
}

// mostValues bounds what may be known of one user.
const mostValues = 1000

// Apply gives what is known of the user after the change, without doubles, or
// an error if that is too much. have is not changed.
func (c Change) Apply(have []Value) ([]Value, error) {
	want := slices.Clone(have)
	for _, o := range c.ops {
		want = o.apply(want)
	}
	if len(want) > mostValues {
		return nil, fmt.Errorf("the user would have %d values: at most %d", len(want), mostValues)
	}
	return want, nil
}

func (o op) apply(have []Value) []Value {
	gone := func(v Value) bool {
		here := v.Kind == o.kind && v.BindID == o.bindID
		switch o.verb {
		case del:
			return here && (len(o.values) == 0 || slices.Contains(o.values, v.Value))
		case set:
			return here
		}
		return false
	}
	have = slices.DeleteFunc(have, gone)
	if o.verb == del {
		return have
	}
	for _, text := range o.values {
		if v := (Value{o.kind, o.bindID, text}); !slices.Contains(have, v) {
			have = append(have, v)
		}
	}
	return have
}

// Identities lists what the change makes a sender reach the user by.
func (c Change) Identities() []Value {
	var all []Value
	for _, o := range c.ops {
		if o.verb != del && slices.Contains(identities, o.kind) {
			for _, v := range o.values {
				all = append(all, Value{o.kind, o.bindID, v})
			}
		}
	}
	return all
}

// Identity is the change that makes v the user's identity at a sender, or one of
// them where there may be several.
func Identity(userid string, v Value) Change {
	verb := set
	if v.Many() {
		verb = add
	}
	return Change{UserID: userid, ops: []op{{verb: verb, kind: v.Kind, bindID: v.BindID, values: []string{v.Value}}}}
}

// Many tells whether a user may have several values of the kind under one bind id.
func (v Value) Many() bool { return fields[v.Kind].many }
