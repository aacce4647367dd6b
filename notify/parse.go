package notify

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"
)

// request is the body of POST /v1/sent, as far as this version serves it.
type request struct {
	guard    *guarding // the settings it is held against
	draft    bool      // a general template is being saved: values may hold variables
	general  bool      // its messages are those of the general template
	template int64
	values   map[string]string // of its variables
	everyone bool              // a broadcast
	users    []string
	tags     []string
	segment  int64 // number, 0 for none
	rule     int64 // number, 0 for none
	black    int64 // number of a list, 0 for none
	white    int64
	targets  []aimed
	says     []said
	sendNo   string
	priority int
	owner    string
	params   json.RawMessage
	receipts string // address for the receipts of this message, empty for the client's default
	sendAt   time.Time
	expireAt time.Time
	resend   bool
	warnings []string
}

// target is an element of aud_<kind>. instance is reserved and has no effect.
type target struct {
	Instance string   `json:"instance"`
	Sender   string   `json:"sender"`
	Data     []string `json:"data"`
}

// aimed is a target, and where it stands.
type aimed struct {
	kind  *kind
	group *group // nil: identities
	path  string
	target
}

// otherSenders are JUMS's codes for senders that are not of the WeChat family
// (docs.jiguang.cn/jums/server/message_code).
var otherSenders = map[string]int{"app": 1015006, "sms": 1015007, "email": 1015010, "alipay_life": 1015011, "dingtalk_cc": 1015012}

// parse reads a body strictly; general says whether it names a general template
// instead of messages. Errors are *Refusal.
func parse(body []byte, general bool) (*request, error) {
	var fields map[string]json.RawMessage
	if err := read(body, &fields); err != nil || fields == nil {
		return nil, invalid("body", "must be a JSON object in { }")
	}
	r := &request{priority: 2, general: general}
	for _, key := range sorted(fields) {
		if err := r.field(key, fields[key]); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *request) field(key string, raw json.RawMessage) error {
	switch key {
	case "aud_userid":
		return strict(key, raw, &r.users)
	case "aud_tag":
		return strict(key, raw, &r.tags)
	case "aud_segment":
		return r.segmentOf(key, raw)
	case "rule_id":
		return r.ruleID(key, raw)
	case "option":
		return r.option(key, raw)
	case "callback":
		return r.callback(key, raw)
	case "send_at":
		return moment(key, raw, &r.sendAt)
	case "expire_at":
		return moment(key, raw, &r.expireAt)
	case "on_unknown":
		return r.onUnknown(key, raw)
	}
	word, name, _ := strings.Cut(key, "_")
	switch {
	case r.general && word == "msg" && isNull(raw), r.general && key == "app_para" && isNull(raw):
		return nil
	case r.general && word == "msg":
		return &Refusal{codeNoContent, key, "must be left out: the general template says what is sent"}
	case r.general && key == "template_id":
		return strict(key, raw, &r.template)
	case r.general && key == "template_para":
		return r.para(key, raw)
	case r.general && key == "app_para":
		return &Refusal{otherSenders["app"], key, "belongs to a sender that this service does not have: leave it out"}
	}
	switch k := kindNamed(name); {
	case k != nil && word == "aud":
		return r.aim(k, nil, key, raw)
	case k != nil && word == "msg":
		return r.say(k, key, raw)
	}
	if g := groupNamed(name); g != nil && word == "aud" {
		return r.aim(g.kind, g, key, raw)
	}
	if code, ok := otherSenders[name]; ok && (word == "aud" || word == "msg") {
		if isNull(raw) {
			return nil
		}
		return &Refusal{code, key, "belongs to a sender that this service does not have: it sends by the WeChat family; leave the field out"}
	}
	return invalid(key, "is no field of this request")
}

// aim reads aud_<kind>. It also takes plain texts, which the vendor's own table
// shows.
func (r *request) aim(k *kind, g *group, key string, raw json.RawMessage) error {
	var list []target
	var plain []string
	first := bytes.TrimLeft(bytes.TrimPrefix(raw, []byte("[")), " \t\r\n")
	if bytes.HasPrefix(first, []byte(`"`)) && read(raw, &plain) == nil {
		list = []target{{Data: plain}}
	} else if err := strict(key, raw, &list); err != nil {
		return err
	}
	for i, t := range list {
		r.targets = append(r.targets, aimed{k, g, at(key, i), t})
	}
	return nil
}

// ids is what the target's data are called.
func (t aimed) ids() string {
	if t.group != nil {
		return t.group.ids
	}
	return t.kind.ids
}

// fits tells whether one of its data has the right form; else what that is.
func (t aimed) fits(id string) (ok bool, form string) {
	if t.group != nil {
		return t.group.fits(id), t.group.form
	}
	return t.kind.fits(id) || id != "" && id == t.kind.all, t.kind.form
}

// recipients are the data by the names that recipients have.
func (t aimed) recipients() []string {
	if t.group == nil {
		return t.Data
	}
	named := make([]string, len(t.Data))
	for i, id := range t.Data {
		named[i] = t.group.prefix + id
		if id == everyMember {
			named[i] = everyLinked
		}
	}
	return named
}

// say reads msg_<kind>; what its elements say is looked at when it is known who
// sends them.
func (r *request) say(k *kind, key string, raw json.RawMessage) error {
	var list []json.RawMessage
	if err := strict(key, raw, &list); err != nil {
		return err
	}
	if len(list) > mostMessages {
		return invalid(key, "has %d messages: at most %d, each for a sender of its own", len(list), mostMessages)
	}
	for i, one := range list {
		var by struct {
			Sender  string          `json:"sender"`
			Logical json.RawMessage `json:"logical_template"`
		}
		if err := read(one, &by); err != nil {
			return invalid(at(key, i), "%s", jsonText(err))
		}
		r.says = append(r.says, said{k, at(key, i), by.Sender, by.Logical != nil, one})
	}
	return nil
}
