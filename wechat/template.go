package wechat

import (
	"regexp"
	"slices"
	"strings"
)

// Types of template, as WeChat numbers them.
const (
	TypeMessage  = 0 // of template messages, which alone have no number of WeChat's
	TypeOneTime  = 2 // subscription for one message
	TypeLongTerm = 3 // subscription until it is ended
)

// Template is one of an account's own list.
type Template struct {
	ID       string              `json:"id"` // template_id or priTmplId
	Type     int                 `json:"type"`
	Title    string              `json:"title"`
	Content  string              `json:"content"` // with {{name.DATA}} for each parameter
	Example  string              `json:"example"`
	Industry [2]string           `json:"industry,omitzero"` // of template messages: primary and secondary
	Values   map[string][]string `json:"values,omitempty"`  // allowed values of a parameter, where they are listed
}

// Subscription tells whether it is one of subscriptions, not of template messages.
func (t Template) Subscription() bool { return t.Type != TypeMessage }

// Parameter is a blank of a template.
type Parameter struct {
	Name   string   // as data of a send have it
	Type   string   // of its value, such as thing; "" of the older templates (first, keyword1, remark), which have none
	Label  string   // what stands before it on the card
	Values []string // the only ones it takes; nil: not listed
}

// Parameters reads the blanks out of the content, each once, in order.
func (t Template) Parameters() (list []Parameter) {
	for _, line := range strings.Split(t.Content, "\n") {
		begin := 0
		for _, at := range gap.FindAllStringSubmatchIndex(line, -1) {
			p := Parameter{Name: line[at[2]:at[3]], Label: strings.Trim(line[begin:at[0]], " \t\r:：")}
			begin = at[1]
			if slices.ContainsFunc(list, func(o Parameter) bool { return o.Name == p.Name }) {
				continue
			}
			p.Type, p.Values = ParameterType(p.Name), t.Values[p.Name]
			list = append(list, p)
		}
	}
	return list
}

var (
	gap      = regexp.MustCompile(`\{\{\s*([!-z]{1,64}?)\.DATA\s*\}\}`)
	numbered = regexp.MustCompile(`^([a-z_]+?)\d+$`)
)

// parameterTypes are those of category templates and of subscriptions
// (https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-message-management/subscribe-message/api_sendmessage,
// https://developers.weixin.qq.com/doc/service/guide/product/template_message/Template_Message_Operation_Specifications.html).
var parameterTypes = []string{"thing", "short_thing", "number", "letter", "symbol", "character_string", "time", "date", "amount", "phone_number",
	"car_number", "name", "phrase", "const", "enum", "enum_string"}

// ParameterType is the type that the name of a parameter begins with; "" if it is none of WeChat's.
func ParameterType(name string) string {
	parts := numbered.FindStringSubmatch(name)
	if parts == nil || !slices.Contains(parameterTypes, parts[1]) {
		return ""
	}
	return parts[1]
}

// Form is a template as a send has to fill it.
type Form struct {
	ID         string
	Type       int
	Parameters []Parameter
}

// Form reads the content.
func (t Template) Form() Form { return Form{t.ID, t.Type, t.Parameters()} }

// Subscription tells whether it is a form of subscriptions, not of template messages.
func (f Form) Subscription() bool { return f.Type != TypeMessage }

// Typed tells whether WeChat refuses values that do not fit: it does so of subscriptions and of category templates; in
// messages of the older ones it cuts what is too long and passes over what it does not know.
func (f Form) Typed() bool {
	return f.Subscription() || slices.ContainsFunc(f.Parameters, func(p Parameter) bool { return p.Type != "" })
}
