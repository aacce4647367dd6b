package notify

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"wechattpp/wechat"
)

// Customer is a customer-service message without its recipient.
type Customer struct {
	Type   string          `json:"msgtype"`
	Object json.RawMessage `json:"object"` // what the vendor's body has under the name of the type
	Agent  string          `json:"kf_account,omitempty"`
	AI     bool            `json:"is_ai_msg,omitempty"`
	Mini   bool            `json:"mini,omitempty"` // a Mini Program's
}

// part of an object that is a message: a text or link of at most so many bytes.
type member struct {
	name   string
	most   int
	needed bool
	link   bool
}

// Bytes. Of titles, descriptions and ids WeChat names no limit: these keep out
// what cannot be meant. 2048 for a text is what is commonly known.
const (
	mostCustomerText = 2048
	mostCustomerLine = 512
	mostMedia        = 128
	mostLink         = 2048
)

func media(name string) member { return member{name, mostMedia, true, false} }
func line(name string) member  { return member{name, mostCustomerLine, false, false} }
func link(name string) member  { return member{name, mostLink, true, true} }
func body(name string) member  { return member{name, mostCustomerText, true, false} }
func lines(name string) member { return member{name, mostCustomerText, false, false} }

// customer is what customer-service messages a kind of account sends.
type customer struct {
	mini  bool
	types map[string][]member
	more  []string // fields besides the message
}

// officialCustomer is of Official Accounts
// (https://developers.weixin.qq.com/doc/service/api/customer/message/api_sendcustommessage).
var officialCustomer = customer{types: officialObjects, more: []string{"customservice", "aimsgcontext"}}

// miniCustomer is of Mini Programs, whose page opens in themselves
// (https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/kf-mgnt/kf-message/sendCustomMessage.html).
var miniCustomer = customer{mini: true, types: map[string][]member{
	"text":            {body("content")},
	"image":           {media("media_id")},
	"link":            {{"title", mostCustomerLine, true, false}, body("description"), link("url"), link("thumb_url")},
	"miniprogrampage": {line("title"), {"pagepath", 1024, true, false}, media("thumb_media_id")},
}}

// officialObjects are the message types of Official Accounts.
var officialObjects = map[string][]member{
	"text":            {body("content")},
	"image":           {media("media_id")},
	"voice":           {media("media_id")},
	"video":           {media("media_id"), media("thumb_media_id"), line("title"), lines("description")},
	"music":           {line("title"), lines("description"), link("musicurl"), link("hqmusicurl"), media("thumb_media_id")},
	"mpnews":          {media("media_id")},
	"mpnewsarticle":   {media("article_id")},
	"wxcard":          {media("card_id")},
	"miniprogrampage": {line("title"), media("appid"), {"pagepath", 1024, true, false}, media("thumb_media_id")},
	"news":            nil, // of articles
	"msgmenu":         {lines("head_content"), lines("tail_content")},
}

// lists are the lists in them: name, most elements, members of each.
var lists = map[string]struct {
	name string
	most int
	of   []member
}{
	"news":    {"articles", 1, []member{{"title", mostCustomerLine, true, false}, lines("description"), link("url"), {"picurl", mostLink, false, true}}},
	"msgmenu": {"list", 10, []member{{"id", mostMedia, true, false}, {"content", mostCustomerLine, true, false}}},
}

func (k *customer) parse(path string, raw json.RawMessage, q *request) (content, error) {
	var fields map[string]json.RawMessage
	if err := strict(path, raw, &fields); err != nil {
		return nil, err
	}
	c := &Customer{Mini: k.mini}
	if err := strict(path+".msgtype", or0(fields["msgtype"]), &c.Type); err != nil {
		return nil, err
	}
	if _, ok := k.types[c.Type]; !ok {
		return nil, invalid(path+".msgtype", "must be one of %s", strings.Join(sorted(k.types), ", "))
	}
	known := append([]string{"sender", "type", "msgtype", c.Type}, k.more...)
	for _, name := range sorted(fields) {
		if !slices.Contains(known, name) {
			return nil, invalid(path, "has an unknown field %q: take it out", name)
		}
	}
	if err := c.shown(path, fields); err != nil {
		return nil, err
	}
	return c, c.fill(path+"."+c.Type, fields[c.Type], k.types[c.Type], q)
}

// or0 gives a text for a field that is missing.
func or0(raw json.RawMessage) json.RawMessage {
	if raw == nil {
		return json.RawMessage(`""`)
	}
	return raw
}

// shown reads whom the message is shown as from.
func (c *Customer) shown(path string, fields map[string]json.RawMessage) error {
	if raw := fields["customservice"]; raw != nil {
		var from struct {
			Account string `json:"kf_account"`
		}
		if err := strict(path+".customservice", raw, &from); err != nil {
			return err
		}
		if c.Agent = from.Account; c.Agent == "" || len(c.Agent) > mostMedia || strings.ContainsFunc(c.Agent, notPrintable) {
			return invalid(path+".customservice.kf_account", "must be an agent's account such as anna@gh_shop: 1 to %d ASCII characters", mostMedia)
		}
	}
	if raw := fields["aimsgcontext"]; raw != nil {
		var by struct {
			AI int `json:"is_ai_msg"`
		}
		if err := strict(path+".aimsgcontext", raw, &by); err != nil {
			return err
		}
		if by.AI != 0 && by.AI != 1 {
			return invalid(path+".aimsgcontext.is_ai_msg", "must be 0 or 1")
		}
		c.AI = by.AI == 1
	}
	return nil
}

// fill checks the object that is the message, and keeps it.
func (c *Customer) fill(path string, raw json.RawMessage, members []member, q *request) error {
	var object map[string]json.RawMessage
	if raw == nil || strict(path, raw, &object) != nil || object == nil {
		return invalid(path, "is missing: an object with what the message says")
	}
	kept := map[string]any{}
	if l, ok := lists[c.Type]; ok {
		var elements []map[string]json.RawMessage
		if err := strict(path+"."+l.name, object[l.name], &elements); err != nil || len(elements) == 0 || len(elements) > l.most {
			return invalid(path+"."+l.name, "must be a list of 1 to %d objects", l.most)
		}
		all := make([]any, len(elements))
		for i, e := range elements {
			one := map[string]any{}
			if err := q.members(at(path+"."+l.name, i), e, l.of, one); err != nil {
				return err
			}
			all[i] = one
		}
		kept[l.name] = all
		delete(object, l.name)
	}
	err := q.members(path, object, members, kept)
	if err == nil {
		c.Object, err = encode(kept)
	}
	return err
}

// members checks the texts of an object and puts them into kept.
func (q *request) members(path string, object map[string]json.RawMessage, wanted []member, kept map[string]any) error {
	for _, name := range sorted(object) {
		if !slices.ContainsFunc(wanted, func(m member) bool { return m.name == name }) {
			return invalid(path, "has an unknown field %q: take it out", name)
		}
	}
	for _, m := range wanted {
		text, field := "", path+"."+m.name
		if err := strict(field, or0(object[m.name]), &text); err != nil {
			return err
		}
		switch {
		case text == "" && m.needed:
			return invalid(field, "is missing")
		case text == "":
			continue
		case !utf8.ValidString(text) || strings.ContainsFunc(text, isControl):
			return invalid(field, "must be UTF-8 without control characters")
		case len(text) > m.most && !(q.draft && variable.MatchString(text)):
			return invalid(field, "has %d bytes: at most %d", len(text), m.most)
		}
		if m.link {
			if err := checkLink(field, text); err != nil {
				return err
			}
		}
		kept[m.name] = text
	}
	return nil
}

func (c *Customer) put(p *Part) { p.Kind, p.Customer = "customer", c }

func (c *Customer) size() int { return len(c.Object) }

// window: WeChat has no id by which it would notice a repeat.
func (c *Customer) window() time.Duration { return 0 }

// needs: 1 is 消息管理, 19 of Mini Programs 客服管理.
func (c *Customer) needs() int {
	if c.Mini {
		return setService
	}
	return setMessages
}

func (c *Customer) templateID() string { return "" }

func (c *Customer) send(ctx context.Context, a *wechat.Account, openid, _ string) (int64, error) {
	return a.SendCustomer(ctx, wechat.CustomerMessage{ToUser: openid, Type: c.Type, Object: c.Object, Agent: c.Agent, AI: c.AI})
}
