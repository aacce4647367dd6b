package notify

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"wechattpp/wechat"
)

// App is a message of a WeCom app without its recipients.
type App struct {
	Type     string          `json:"msgtype"`
	Object   json.RawMessage `json:"object"` // what is under the name of the type
	Safe     int             `json:"safe,omitempty"`
	IDTrans  bool            `json:"id_trans,omitempty"`
	Check    *bool           `json:"check,omitempty"`    // enable_duplicate_check as the request said, nil if it did not
	Interval int             `json:"interval,omitempty"` // duplicate_check_interval, in seconds
	Task     string          `json:"task,omitempty"`     // task_id of a card
}

// appMessage is an element of msg_wechatwk: besides these it holds one object,
// under the name of its msgtype.
type appMessage struct {
	Sender   string `json:"sender"`
	Type     string `json:"msgtype"`
	Safe     *int   `json:"safe"`
	IDTrans  *int   `json:"enable_id_trans"`
	Check    *int   `json:"enable_duplicate_check"`
	Interval *int   `json:"duplicate_check_interval"`
}

// weCom is the kind of WeCom apps. JUMS has no code for one that is missing.
var weCom = kind{name: "wechatwk", people: "WeCom app", ids: "userid", fits: isMember, form: memberForm, all: everyMember, code: codeInvalid, parse: parseWeCom}

const (
	everyMember = "@all" // everyone who may see the app
	memberForm  = "1 to 64 ASCII letters, digits and - _ . @, or @all"
)

// isMember: https://developer.work.weixin.qq.com/document/path/90195 names
// letters, digits and - _ . @.
func isMember(id string) bool {
	bad := func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && !strings.ContainsRune("-_.@", c)
	}
	return id != "" && len(id) <= 64 && !strings.ContainsFunc(id, bad) && !strings.EqualFold(id, everyMember)
}

// group is a field aud_<name> whose targets the vendor expands; each is one
// recipient, called prefix and what the field holds.
type group struct {
	name, prefix, ids string
	kind              *kind
	fits              func(id string) bool
	form              string // of one that fits
	linked            bool   // of linked companies
}

const (
	partyPrefix = "party/"
	tagPrefix   = "tag/"
	chatPrefix  = "chat/"
)

var groups = []group{
	{"wechatwk_party", partyPrefix, "department", &weCom, isNumber32, "a number above 0, as a text", false},
	{"wechatwk_tag", tagPrefix, "tag", &weCom, isNumber32, "a number above 0, as a text", false},
	{"wechatwk_chat", chatPrefix, "chatid", &weCom, isChatID, chatForm, false},
	{"wechatwk_linkedcorp", "", "linked userid", &weCom, isLinked, linkedForm, true},
	{"wechatwk_linkedcorp_party", linkedPrefix, "linked department", &weCom, isLinkedParty, linkedPartyForm, true},
	{"wechatoa_tag", tagPrefix, "tag", &official, isNumber32, "WeChat's number of a tag, above 0, as a text", false},
}

func groupNamed(name string) *group {
	for i := range groups {
		if groups[i].name == name {
			return &groups[i]
		}
	}
	return nil
}

func isNumber32(id string) bool {
	return id != "" && len(id) <= 10 && id[0] != '0' && strings.Trim(id, "0123456789") == ""
}

// What WeCom does about repeats unless the request says otherwise: 600 s.
const (
	usualInterval   = 600
	vendorsInterval = 1800 // if a request has the check and no interval
	mostInterval    = 4 * 60 * 60
	margin          = 2 * time.Minute
)

func parseWeCom(path string, raw json.RawMessage, q *request) (content, error) {
	kind, object, rest, err := openWeCom(path, raw, sorted(appForms))
	if err != nil {
		return nil, err
	}
	var m appMessage
	if err := strict(path, rest, &m); err != nil {
		return nil, err
	}
	form, says := appForms[kind], appForms[kind].object()
	a := &App{Type: kind}
	if a.Object, err = q.held(path+"."+kind, object, says); err != nil {
		return nil, err
	}
	if card, ok := says.(*templateCard); ok {
		a.Task = card.TaskID
	}
	return a, m.options(path, form, a)
}

// options takes what is common to all types, as far as the type has it.
func (m *appMessage) options(path string, form appForm, a *App) error {
	for name, v := range map[string]*int{"enable_id_trans": m.IDTrans, "enable_duplicate_check": m.Check} {
		if v != nil && *v != 0 && *v != 1 {
			return invalid(path+"."+name, "is %d: use 0 or 1", *v)
		}
	}
	if m.Safe != nil {
		if *m.Safe < 0 || *m.Safe > form.safe {
			return unsafe(path, *m.Safe, form, a.Type)
		}
		a.Safe = *m.Safe
	}
	if m.IDTrans != nil && *m.IDTrans == 1 {
		if !form.trans {
			return invalid(path+".enable_id_trans", "is for other types than %s: leave it out", a.Type)
		}
		a.IDTrans = true
	}
	if m.Check != nil {
		on := *m.Check == 1
		a.Check = &on
	}
	if m.Interval != nil {
		if *m.Interval < 1 || *m.Interval > mostInterval {
			return invalid(path+".duplicate_check_interval", "is %d: 1 to %d seconds", *m.Interval, mostInterval)
		}
		a.Interval = *m.Interval
	}
	return nil
}

func (a *App) put(p *Part) { p.Kind, p.App = a.Type, a }

func (a *App) size() int { return len(a.Object) }

// keeps is the interval in which WeCom compares bytes; 0: it does not.
func (a *App) keeps() time.Duration {
	switch {
	case a.Check != nil && !*a.Check:
		return 0
	case a.Interval > 0:
		return time.Duration(a.Interval) * time.Second
	case a.Check != nil:
		return vendorsInterval * time.Second
	}
	return usualInterval * time.Second
}

// most: https://developer.work.weixin.qq.com/document/path/90236
func (a *App) most() int { return mostMembers }

// What one call carries at most.
const (
	mostMembers = 1000
	mostGroups  = 100 // departments; as many tags again
)

func (a *App) cut(targets []Target) [][]Target { return cutCalls(targets) }

// cutCalls fills calls up to what WeCom takes of each sort.
func cutCalls(targets []Target) [][]Target {
	var cuts [][]Target
	from, n := 0, map[string]int{}
	for i, t := range targets {
		_, prefix := strip(t.Identity)
		most := mostMembers
		if prefix != "" {
			most = mostGroups
		}
		if n[prefix] == most || i-from == mostMembers {
			cuts = append(cuts, targets[from:i])
			from, n = i, map[string]int{}
		}
		n[prefix]++
	}
	if from < len(targets) {
		cuts = append(cuts, targets[from:])
	}
	return cuts
}

func (a *App) window() time.Duration { return max(0, a.keeps()-margin) }

func (a *App) needs() int { return 0 }

func (a *App) templateID() string { return "" }

func (a *App) digest() ([]byte, bool) {
	b, _ := json.Marshal(a) // plain fields: never fails
	return b, a.Check != nil
}

func (a *App) send(context.Context, *wechat.Account, string, string) (int64, error) {
	return 0, wechat.ErrNotSent // see sendMany
}

func (a *App) sendMany(ctx context.Context, c wechat.Client, to []string, how Call) (Handed, map[int]refused, error) {
	if c.WeCom == nil {
		return Handed{}, nil, wechat.ErrNotSent // the sender became another kind of account
	}
	m := wechat.AppMessage{Type: a.Type, Safe: a.Safe, IDTrans: a.IDTrans, DuplicateCheck: how.Checked, DuplicateInterval: int(a.keeps().Seconds())}
	if a.Check != nil {
		m.DuplicateCheck = *a.Check
	}
	var err error
	if m.Object, err = a.object(how.Serial); err != nil {
		return Handed{}, nil, err
	}
	for _, id := range to {
		switch name, is := strip(id); is {
		case partyPrefix:
			m.Parties = append(m.Parties, name)
		case tagPrefix:
			m.Tags = append(m.Tags, name)
		default:
			m.Users = append(m.Users, id)
		}
	}
	taken, err := c.WeCom.Send(ctx, m)
	return Handed{taken.MsgID, taken.ResponseCode}, leftOut(to, taken.Unreached), err
}

// strip parts the name of a recipient that the vendor expands.
func strip(recipient string) (name, prefix string) {
	for _, g := range groups {
		if name, ok := strings.CutPrefix(recipient, g.prefix); ok && g.prefix != "" {
			return name, g.prefix
		}
	}
	return recipient, ""
}

// leftOut finds those whom WeCom lists, whose ids it writes in lower case. A list
// has no code: each gets the one that WeCom gives a call for nobody but such.
func leftOut(to []string, not wechat.Unreached) map[int]refused {
	listed := map[string]refused{}
	for _, some := range []struct {
		prefix string
		ids    []string
		why    refused
	}{
		{"", not.Users, refused{codeNobody, "WeCom lists it in invaliduser: no such member, or not in the app's visible range (可见范围)"}},
		{"", not.Unlicensed, refused{codeUnlicensed, "WeCom lists it in unlicenseduser: the member has no licence for calls (接口许可)"}},
		{linkedPrefix, not.Parties, refused{codeNobody, "WeCom lists it in invalidparty: no such department, or not in the app's visible range (可见范围)"}},
		{partyPrefix, not.Parties, refused{codeNobody, "WeCom lists it in invalidparty: no such department, or not in the app's visible range (可见范围)"}},
		{tagPrefix, not.Tags, refused{codeNobody, "WeCom lists it in invalidtag: no such tag, or not in the app's visible range (可见范围)"}},
	} {
		for _, id := range some.ids {
			listed[some.prefix+strings.ToLower(id)] = some.why
		}
	}
	found := map[int]refused{}
	for i, id := range to {
		if why, ok := listed[strings.ToLower(id)]; ok {
			found[i] = why
		}
	}
	return found
}

const (
	codeNobody     = 81013
	codeNoneLeft   = 82001
	codeUnlicensed = 701008
)

// suits tells whether the message may go to these together.
func (a *App) suits(path string, ids []string) error {
	for _, id := range ids {
		switch {
		case id == everyMember && len(ids) > 1:
			return invalid("aud_"+weCom.name, "has @all and others: @all is everyone, send it alone")
		case id == everyMember && a.Type == "miniprogram_notice":
			return invalid(path+".msgtype", "is miniprogram_notice, which WeCom does not send to @all")
		}
	}
	return nil
}
