package wechat

import (
	"slices"
	"strings"
)

// Head is what every message and event begins with.
type Head struct {
	ToUserName   string `push:"ToUserName" json:"to_user_name,omitempty"`     // gh_… of the account; WeCom's CorpID
	FromUserName string `push:"FromUserName" json:"from_user_name,omitempty"` // openid; WeCom's userid
	CreateTime   int64  `push:"CreateTime" json:"create_time,omitempty"`      // Unix seconds
	MsgType      string `push:"MsgType" json:"msg_type,omitempty"`
	Event        string `push:"Event" json:"event,omitempty"` // as the vendor spells it

	// Extra holds the fields that the type does not know, under the vendor's names: texts, objects, and lists where a name
	// repeats.
	Extra map[string]any `json:"extra,omitempty"`
}

func (h *Head) extra() *map[string]any { return &h.Extra }

// Hidden is a secret in an event: read as *** if it is there at all.
type Hidden string

const hiddenText Hidden = "***"

// Unknown is a message or event of a type that has none here.
type Unknown struct{ Head }

// typed is what every type of a push is, by embedding Head or InfoHead.
type typed interface{ extra() *map[string]any }

// TypedPush reads a decrypted push into the type of its kind, as [Push.Type] and [Push.WeComType] name it: *TextMessage,
// *TemplateJobFinished, ..., or *Unknown and *UnknownInfo. XML and JSON give the same. Marshaled to JSON its fields are in
// snake_case, and ids are strings. Secrets of component events are ***. The error says what is wrong with the syntax.
func TypedPush(kind string, plain []byte) (any, error) {
	root, err := parseTree(plain)
	if err != nil {
		return nil, err
	}
	family, _, _ := strings.Cut(kind, ".")
	into := newTyped(family, kind)
	took, show := fill(&root, into), shown
	if family == "component" {
		show = discreet
	}
	for _, k := range root.kids {
		if took[k.name] {
			continue
		}
		extra := into.extra()
		if *extra == nil {
			*extra = map[string]any{}
		}
		addTo(*extra, k.name, k.plain(show))
	}
	return into, nil
}

func newTyped(family, kind string) typed {
	if family == "component" {
		return newInfo(kind)
	}
	types := accountTypes
	if family == "wecom" {
		types = weComTypes
	}
	_, name, _ := strings.Cut(kind, ".")
	if make, ok := types[name]; ok {
		return make()
	}
	if family == "wecom" {
		return new(UnknownWeCom)
	}
	return new(Unknown)
}

// of makes the constructor of a type.
func of[T any, P interface {
	*T
	typed
}]() typed {
	return P(new(T))
}

func shown(_, text string) string { return text }

// discreet hides what could be a secret in an event whose type does not know it.
func discreet(name, text string) string {
	name = strings.ToLower(name)
	if slices.ContainsFunc([]string{"code", "ticket", "token", "secret", "password"}, func(word string) bool { return strings.Contains(name, word) }) {
		return string(hiddenText)
	}
	return text
}
