package simulator

import (
	"strconv"
	"strings"
	"time"

	"wechattpp/crypto"
)

// Kinds of push: to the authorization URL, to the message URL.
const (
	authorizationPush = "authorization"
	messagePush       = "message"
)

// event is a push before it is wrapped.
type event struct {
	kind    string
	account *account // nil for a ticket
	openID  string
	name    string // InfoType, Event or MsgType
	msgID   int64
	created time.Time // zero = when it is pushed
	members []member

	// Of a push to an account's own address:
	console *console
	key     *crypto.Key
	mode    string // safe, compatible, plain
	noAgent bool
}

// member is an XML element of the inner message.
type member struct {
	name, value string
	number      bool // never in CDATA
	kids        []member
}

// inner writes the message as the vendor does, AppId or the two names first.
func (s *Simulator) inner(e event) []byte {
	created := member{name: "CreateTime", value: strconv.FormatInt(e.created.Unix(), 10), number: true}
	var head []member
	if e.kind == authorizationPush {
		head = []member{{name: "AppId", value: s.cfg.ComponentAppID}, created, {name: "InfoType", value: e.name}}
	} else {
		head = []member{{name: "ToUserName", value: e.to()}, {name: "FromUserName", value: e.openID}, created}
	}
	if e.console != nil && e.console.JSON {
		return membersJSON(append(head, e.members...))
	}
	return s.style.next().write(append(head, e.members...))
}

func (e event) to() string {
	if e.console != nil {
		return e.console.to(&e)
	}
	return e.account.profile.UserName
}

func (e event) appID(component string) string {
	switch {
	case e.console != nil:
		return e.console.id()
	case e.account == nil:
		return component
	}
	return e.account.profile.AppID
}

// form is one of the documented shapes of the vendor's XML: pretty-printed or
// compact, values with or without CDATA (component 1.3).
type form struct{ pretty, cdata, spaced bool }

func (f form) write(members []member) []byte {
	var b strings.Builder
	b.WriteString("<xml>")
	for _, m := range members {
		if f.pretty {
			b.WriteString("\n    ")
		}
		f.element(&b, m)
	}
	if f.pretty {
		b.WriteString("\n")
	}
	b.WriteString("</xml>")
	return []byte(b.String())
}

func (f form) element(b *strings.Builder, m member) {
	b.WriteString("<" + m.name + ">")
	if len(m.kids) == 0 {
		b.WriteString(f.text(m))
	}
	for _, kid := range m.kids {
		f.element(b, kid)
	}
	b.WriteString("</" + m.name + ">")
}

var plainXML = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

func (f form) text(m member) string {
	switch {
	case m.number:
		return m.value
	case f.cdata:
		return "<![CDATA[" + strings.ReplaceAll(m.value, "]]>", "]]]]><![CDATA[>") + "]]>"
	case f.spaced:
		return "\n" + plainXML.Replace(m.value) + "\n"
	}
	return plainXML.Replace(m.value)
}
