package simulator

import (
	"strconv"
	"strings"
	"time"
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
}

// member is an XML element of the inner message.
type member struct {
	name, value string
	number      bool // never in CDATA
}

// inner writes the message as the vendor does, AppId or the two names first.
func (s *Simulator) inner(e event) []byte {
	created := member{"CreateTime", strconv.FormatInt(e.created.Unix(), 10), true}
	var head []member
	if e.kind == authorizationPush {
		head = []member{{"AppId", s.cfg.ComponentAppID, false}, created, {"InfoType", e.name, false}}
	} else {
		head = []member{{"ToUserName", e.account.profile.UserName, false}, {"FromUserName", e.openID, false}, created}
	}
	return s.style.next().write(append(head, e.members...))
}

func (e event) appID(component string) string {
	if e.account == nil {
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
		b.WriteString("<" + m.name + ">")
		b.WriteString(f.text(m))
		b.WriteString("</" + m.name + ">")
	}
	if f.pretty {
		b.WriteString("\n")
	}
	b.WriteString("</xml>")
	return []byte(b.String())
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
