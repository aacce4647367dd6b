package wechat

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Envelope is the outside of an encrypted push: AppID on a platform's authorization event URL, ToUserName on every other
// one: gh_… of the account, or the CorpID.
// https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/message_push.html
// https://developer.work.weixin.qq.com/document/path/90238
type Envelope struct {
	ToUserName string
	AppID      string
	AgentID    string // WeCom's; empty at address book callbacks
	Encrypt    []byte // base64, trimmed as the signature wants it; a part of the body unless the XML splits it
	JSON       bool   // it came as JSON, and wants its reply so
}

// ErrNoEnvelope is a push without an encrypted part: one in plain text.
var ErrNoEnvelope = errors.New("wechat: push has no Encrypt: it is not encrypted")

// ParseEnvelope reads the body of a push, XML or JSON. What a push in compatible mode says in plain text besides is not
// looked at. Errors: ErrNoEnvelope, or what is wrong with the syntax.
func ParseEnvelope(body []byte) (Envelope, error) {
	v := Envelope{JSON: isJSON(body)}
	if v.JSON {
		if err := visitJSON(body, func(_ []byte, e element) { v.take(e) }); err != nil {
			return Envelope{}, err
		}
		return v.complete()
	}
	s := newScanner(body)
	e, more, err := s.next()
	for ; more; e, more, err = s.next() {
		v.take(e)
	}
	if err != nil {
		return Envelope{}, err
	}
	return v.complete()
}

func (v *Envelope) take(e element) {
	if e.depth != 2 {
		return
	}
	switch string(e.name) {
	case "Encrypt":
		v.Encrypt = trim(e.value)
	case "AppId":
		v.AppID = text(e.value)
	case "ToUserName":
		v.ToUserName = text(e.value)
	case "AgentID":
		v.AgentID = text(e.value)
	}
}

func (v Envelope) complete() (Envelope, error) {
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
	AgentID      string // of WeCom
	TaskID       string // of a WeCom card
}

// ParsePush reads a decrypted push, XML or JSON: fields in any order, unknown ones passed over.
func ParsePush(plain []byte) (Push, error) {
	var f fields
	if isJSON(plain) {
		if err := visitJSON(plain, f.visit); err != nil {
			return Push{}, err
		}
		return f.push(), nil
	}
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
	fAgentID
	fTaskID
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
	case 3, 4: // <SubscribeMsgSentEvent><List><MsgID>, in JSON List alone: several may follow each other, the first names the event
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
	case "AgentID", "AgentId": // taskcard_click spells it like this
		return fAgentID
	case "TaskId":
		return fTaskID
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
		Content: all[fContent], AgentID: all[fAgentID], TaskID: all[fTaskID],
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

func text(b []byte) string { return clean(trim(b)) }

// clean makes a name cut in the middle of a character valid.
func clean(b []byte) string { return strings.ToValidUTF8(string(b), "\uFFFD") }

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
	if p.InfoType != "" {
		return typeName("component.", p.InfoType)
	}
	return typeName("wechat.", p.kind())
}

// WeComType is Type for a push of WeCom: "wecom.text", "wecom.change_contact".
func (p *Push) WeComType() string { return typeName("wecom.", p.kind()) }

func (p *Push) kind() string { return cmp.Or(p.Event, p.MsgType, "unknown") }

func typeName(prefix, name string) string {
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
// event (of WeCom its CorpID and AgentID), and is not looked at for a push to the authorization event URL, which names the platform itself; plain is what
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
	case p.FromUserName == weComSystem: // many of one second differ in nothing that is read
		return digest(lead, "system", appID, string(plain))
	case p.FromUserName != "":
		return digest(lead, "event", appID, p.FromUserName, created, p.MsgType, p.Event, p.EventKey, p.MsgID, p.TemplateID+p.TaskID)
	}
	return digest(nil, "other", appID, string(plain))
}

// weComSystem is the FromUserName of what no member did (https://developer.work.weixin.qq.com/document/path/90240).
const weComSystem = "sys"

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
