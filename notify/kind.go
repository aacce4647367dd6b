package notify

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"wechattpp/wechat"
)

// kind is a kind of sender as requests name it: targets in aud_<name>, messages
// in msg_<name>. Each has a file of its own, which checks the fields of its
// messages, and hands them over.
type kind struct {
	name   string
	people string // what it is called
	ids    string // what its identities are called
	fits   func(id string) bool
	form   string // of an identity that fits
	all    string // instead of identities: everyone the vendor knows; empty if it cannot
	code   int    // JUMS's, for "there is no such sender for you"
	// parse checks an element of msg_<name>, whose own fields are at path.
	parse func(path string, raw json.RawMessage, q *request) (content, error)
}

// kinds lists those that are served.
var kinds = []*kind{&official, &mini, &app, &weCom}

// kindNamed finds the kind of a field aud_<name> or msg_<name>; nil if there is none.
func kindNamed(name string) *kind {
	if i := slices.IndexFunc(kinds, func(k *kind) bool { return k.name == name }); i >= 0 {
		return kinds[i]
	}
	return nil
}

func kindNames() string {
	var names []string
	for _, k := range kinds {
		names = append(names, "msg_"+k.name)
	}
	return strings.Join(names, ", ")
}

// Permission sets of a component
// (https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/product/offical_account_authority.html).
const (
	setMessages = 1
	setArticles = 11
	setService  = 19
	setNotices  = 89
)

// said is an element of msg_<kind>, its content not yet looked at.
type said struct {
	kind         *kind
	path, sender string
	logical      bool // it names a logical template
	raw          json.RawMessage
}

// content is what a message says at one sender, in one kind of message.
type content interface {
	// put makes it the content of a part.
	put(p *Part)
	// size is about how many bytes it holds.
	size() int
	// window is how long after the intent the vendor notices that the same
	// bytes come again; 0: it never does.
	window() time.Duration
	// needs is the permission set that the account must have granted, besides
	// what its kind of sender needs; 0: none.
	needs() int
	// templateID is the vendor's id of the template it is made of, if of one.
	templateID() string
	// send hands one recipient over, and gives the vendor's id of it, 0 if it
	// said none. The bytes depend on message, recipient and attempt alone, so
	// that a repeat is the same call; id is the same for each repeat.
	send(ctx context.Context, a *wechat.Account, to, id string) (int64, error)
}

// consented is a content that the recipient must have agreed to, message by
// message; scene is that of a one-time subscription, else noScene.
type consented interface {
	content
	consent() (template string, scene int)
}

// noScene is the scene of what has none.
const noScene = -1

// Part is what a message says at one sender.
type Part struct {
	Sender     string     `json:"sender"`
	SenderID   int64      `json:"sender_id"`
	SenderKind string     `json:"sender_kind,omitempty"` // empty: wechatoa, of messages stored before there were others
	AppID      string     `json:"app_id"`
	Next       *Next      `json:"next,omitempty"` // of a rule: on what the part after this is tried
	Kind       string     `json:"kind"`           // of the message: "template", "subscribe", "onetime", "customer", "article", or a WeCom msgtype
	Template   *Template  `json:"template,omitempty"`
	Subscribe  *Subscribe `json:"subscribe,omitempty"`
	OneTime    *OneTime   `json:"onetime,omitempty"`
	Customer   *Customer  `json:"customer,omitempty"`
	Mass       *Mass      `json:"mass,omitempty"`
	App        *App       `json:"app,omitempty"`    // of WeCom
	Linked     *Linked    `json:"linked,omitempty"` // the same to linked companies
	Robot      *Robot     `json:"robot,omitempty"`  // to the group of a webhook of WeCom
	Chat       *Chat      `json:"chat,omitempty"`   // to chats that a WeCom app made
}

// content is whichever the part has.
func (p Part) content() content {
	switch {
	case p.Subscribe != nil:
		return p.Subscribe
	case p.OneTime != nil:
		return p.OneTime
	case p.Customer != nil:
		return p.Customer
	case p.Mass != nil:
		return p.Mass
	case p.App != nil:
		return p.App
	case p.Linked != nil:
		return p.Linked
	case p.Robot != nil:
		return p.Robot
	case p.Chat != nil:
		return p.Chat
	}
	return p.Template
}

// TemplateID is the vendor's id of the template that the part is made of; empty
// if it is of none.
func (p Part) TemplateID() string { return p.content().templateID() }

// Consent is what recipients must have agreed to: a template and the scene of a
// one-time subscription, else -1. needed is false if the part needs none.
func (p Part) Consent() (template string, scene int, needed bool) {
	if c, ok := p.content().(consented); ok {
		template, scene = c.consent()
		return template, scene, true
	}
	return "", 0, false
}

// Window is how long after the intent a call for the part may be repeated with
// the same bytes; 0: never.
func (p Part) Window() time.Duration { return p.content().window() }
