package wechat

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Envelope is the outside of an encrypted push: AppID on the authorization event URL, ToUserName (gh_…) on the message
// URL. https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/message_push.html
type Envelope struct {
	ToUserName string
	AppID      string
	Encrypt    []byte // base64, trimmed as the signature wants it; a part of the body unless the XML splits it
}

// ErrNoEnvelope is XML without an encrypted part: a push in plain text.
var ErrNoEnvelope = errors.New("wechat: push has no <Encrypt>: it is not encrypted")

// ParseEnvelope reads the body of a push. Errors: ErrNoEnvelope, or what is wrong with the XML.
func ParseEnvelope(body []byte) (Envelope, error) {
	var v Envelope
	s := newScanner(body)
	e, more, err := s.next()
	for ; more; e, more, err = s.next() {
		if e.depth != 2 {
			continue
		}
		switch string(e.name) {
		case "Encrypt":
			v.Encrypt = trim(e.value)
		case "AppId":
			v.AppID = text(e.value)
		case "ToUserName":
			v.ToUserName = text(e.value)
		}
	}
	if err != nil {
		return Envelope{}, err
	}
	if len(v.Encrypt) == 0 {
		return Envelope{}, ErrNoEnvelope
	}
	return v, nil
}

// Push is a decrypted push, as far as it is needed to tell repeats and to route it. One with an InfoType comes from the
// authorization event URL, any other from the message URL. Strings are trimmed and valid UTF-8; numbers that are absent or
// unreadable are 0.
type Push struct {
	AppID      string // the platform's
	InfoType   string
	CreateTime int64 // Unix seconds

	Ticket            string
	AuthorizerAppID   string
	AuthorizationCode string
	PreAuthCode       string
	CodeExpires       int64 // Unix seconds

	ToUserName   string // gh_… of the account
	FromUserName string // openid
	MsgType      string
	Event        string
	EventKey     string
	MsgID        string // MsgId of a message, MsgID of an event, or that of the first List in one
	TemplateID   string // of the first List in the event
	Status       string // of TEMPLATESENDJOBFINISH
	Content      string // of a text message
}

// ParsePush reads a decrypted push: fields in any order, unknown ones passed over.
func ParsePush(plain []byte) (Push, error) {
	var f fields
	s := newScanner(plain)
	e, more, err := s.next()
	for ; more; e, more, err = s.next() {
		f.visit(s.parent(), e)
	}
	if err != nil {
		return Push{}, err
	}
	return f.push(), nil
}

// The fields of a Push, in the order of names.
const (
	fAppID = iota
	fInfoType
	fCreateTime
	fTicket
	fAuthorizer
	fCode
	fPreAuthCode
	fCodeExpires
	fToUser
	fFromUser
	fMsgType
	fEvent
	fEventKey
	fMsgID
	fTemplateID
	fStatus
	fContent
	fCount
)

// fields collects the values as parts of the push; only what is kept is copied, once.
type fields [fCount][]byte

func (f *fields) visit(parent []byte, e element) {
	switch e.depth {
	case 2:
		if i := fieldOf(e.name); i >= 0 {
			f[i] = trim(e.value)
		}
	case 4: // <SubscribeMsgSentEvent><List><MsgID>: several List may follow each other, the first names the event
		if string(parent) != "List" {
			return
		}
		if i := fieldOf(e.name); (i == fMsgID || i == fTemplateID) && len(f[i]) == 0 {
			f[i] = trim(e.value)
		}
	}
}

func fieldOf(name []byte) int {
	switch string(name) {
	case "AppId":
		return fAppID
	case "InfoType":
		return fInfoType
	case "CreateTime":
		return fCreateTime
	case "ComponentVerifyTicket":
		return fTicket
	case "AuthorizerAppid":
		return fAuthorizer
	case "AuthorizationCode":
		return fCode
	case "PreAuthCode":
		return fPreAuthCode
	case "AuthorizationCodeExpiredTime":
		return fCodeExpires
	case "ToUserName":
		return fToUser
	case "FromUserName":
		return fFromUser
	case "MsgType":
		return fMsgType
	case "Event":
		return fEvent
	case "EventKey":
		return fEventKey
	case "MsgId", "MsgID": // messages and events spell it differently
		return fMsgID
	case "TemplateId":
		return fTemplateID
	case "Status":
		return fStatus
	case "Content":
		return fContent
	}
	return -1
}

func (f *fields) push() Push {
	all := f.strings()
	p := Push{
		AppID: all[fAppID], InfoType: all[fInfoType], CreateTime: integer(all[fCreateTime]),
		Ticket: all[fTicket], AuthorizerAppID: all[fAuthorizer], AuthorizationCode: all[fCode],
		PreAuthCode: all[fPreAuthCode], CodeExpires: integer(all[fCodeExpires]),
		ToUserName: all[fToUser], FromUserName: all[fFromUser], MsgType: all[fMsgType], Event: all[fEvent],
		EventKey: all[fEventKey], MsgID: all[fMsgID], TemplateID: all[fTemplateID], Status: all[fStatus],
		Content: all[fContent],
	}
	// The documents call it "seconds"; what comes is Unix time. A small number can only be a duration.
	if p.CodeExpires > 0 && p.CodeExpires < 1e9 {
		p.CodeExpires += p.CreateTime
	}
	return p
}

// strings copies all values into one string and cuts it.
func (f *fields) strings() (all [fCount]string) {
	var size int
	for _, v := range f {
		size += len(v)
	}
	var b strings.Builder
	b.Grow(size)
	for _, v := range f {
		b.Write(v)
	}
	whole := b.String()
	for i, v := range f {
		all[i], whole = whole[:len(v)], whole[len(v):]
		if !utf8.ValidString(all[i]) {
			all[i] = strings.ToValidUTF8(all[i], "\uFFFD") // a name cut in the middle of a character
		}
	}
	return all
}

func text(b []byte) string { return strings.ToValidUTF8(string(trim(b)), "\uFFFD") }

func integer(s string) int64 {
	if s == "" { // most pushes lack one, and the error would cost an allocation
		return 0
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// Type names the push for those who subscribe to events: "component.authorized", "wechat.text",
// "wechat.templatesendjobfinish". Lower case letters, digits and "_-." only, at most 80 bytes.
func (p *Push) Type() string {
	prefix, name := "wechat.", p.MsgType
	switch {
	case p.InfoType != "":
		prefix, name = "component.", p.InfoType
	case p.Event != "":
		name = p.Event
	case name == "":
		name = "unknown"
	}
	return prefix + strings.Map(plainRune, name[:min(len(name), longestType)])
}

const longestType = 70

func plainRune(r rune) rune {
	switch {
	case 'A' <= r && r <= 'Z':
		return r + 'a' - 'A'
	case 'a' <= r && r <= 'z', '0' <= r && r <= '9', r == '_', r == '-', r == '.':
		return r
	}
	return '_'
}

// DedupKey is the same for copies of one push, and for no other: 32 hex digits. appID is the account's for a message or
// event, and is not looked at for a push to the authorization event URL, which names the platform itself; plain is what
// ParsePush read.
//
// Messages are told by MsgId, events by sender, time, kind and what they are about
// (https://developers.weixin.qq.com/doc/service/guide/product/message/Receiving_standard_messages.html); for the
// authorization event URL nothing is documented. Keys begin with the MsgId or the time, both of which grow: a unique index
// of them is written at its end, where hashes alone would touch a page each.
func (p *Push) DedupKey(appID string, plain []byte) string {
	created := strconv.FormatInt(p.CreateTime, 10)
	lead := binary.BigEndian.AppendUint32(make([]byte, 0, 8), uint32(p.CreateTime))
	switch {
	case p.InfoType == "component_verify_ticket":
		return digest(lead, "ticket", p.AppID, created)
	case p.InfoType == "authorized", p.InfoType == "updateauthorized":
		return digest(nil, p.InfoType, p.AppID, p.AuthorizerAppID, p.AuthorizationCode)
	case p.InfoType == "unauthorized":
		return digest(lead, p.InfoType, p.AppID, p.AuthorizerAppID, created)
	case p.InfoType != "":
		return digest(nil, "info", p.AppID, string(plain))
	case p.MsgID != "" && p.Event == "":
		return digest(leadingID(p.MsgID), "message", appID, p.MsgID)
	case p.FromUserName != "":
		return digest(lead, "event", appID, p.FromUserName, created, p.MsgType, p.Event, p.EventKey, p.MsgID, p.TemplateID)
	}
	return digest(nil, "other", appID, string(plain))
}

// leadingID is a MsgId in eight bytes that sort as it does; nothing for one that is no number.
func leadingID(id string) []byte {
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		return nil
	}
	return binary.BigEndian.AppendUint64(make([]byte, 0, 8), n)
}

// digest hashes the parts, so that no two lists of parts read the same, behind
// the bytes of lead.
func digest(lead []byte, parts ...string) string {
	var room [512]byte
	b := room[:0]
	for _, part := range parts {
		b = strconv.AppendInt(b, int64(len(part)), 10)
		b = append(b, ':')
		b = append(b, part...)
	}
	sum := sha256.Sum256(b)
	var key [16]byte
	copy(key[copy(key[:], lead):], sum[:])
	return hex.EncodeToString(key[:])
}
