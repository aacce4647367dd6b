package notify

import (
	"context"
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"wechattpp/wechat"
)

// Template is a template message of an Official Account without its recipient.
type Template struct {
	ID          string              `json:"template_id"`
	URL         string              `json:"url,omitempty"`
	MiniProgram *wechat.MiniProgram `json:"miniprogram,omitempty"`
	Data        map[string]string   `json:"data"`
}

// officialMessage is an element of msg_wechatoa.
type officialMessage struct {
	Sender      string           `json:"sender"`
	Type        int              `json:"type"`
	TemplateID  string           `json:"template_id"`
	URL         string           `json:"url"`
	Color       string           `json:"color"`
	MiniProgram *miniProgram     `json:"miniprogram"`
	Data        map[string]value `json:"data"`
}

// miniProgram takes both spellings that JUMS's clients use.
type miniProgram struct {
	AppID     string `json:"appid"`
	PagePath  string `json:"pagepath"`
	AppID2    string `json:"app_id"`
	PagePath2 string `json:"page_path"`
}

type value struct {
	Value json.RawMessage `json:"value"`
	Color string          `json:"color"`
}

const deadColour = "colours are not sent: WeChat's clients ignore them since 2023-05-04"

// official is the kind of Official Accounts.
var official = kind{name: "wechatoa", people: "Official Account", ids: "openid", fits: isOpenID, form: openIDForm, code: codeNoOfficial, parse: parseOfficial}

func parseOfficial(path string, raw json.RawMessage, q *request) (content, error) {
	var is struct {
		Type int `json:"type"`
	}
	if err := json.Unmarshal(raw, &is); err == nil && is.Type != 0 {
		return nil, invalid(path+".type", "is %d: this version sends type 0 (template message)", is.Type)
	}
	var m officialMessage
	if err := strict(path, raw, &m); err != nil {
		return nil, err
	}
	return m.template(path, q)
}

// template checks the fields and gives what is sent.
func (m *officialMessage) template(path string, q *request) (content, error) {
	t := &Template{ID: m.TemplateID, URL: m.URL, Data: make(map[string]string, len(m.Data))}
	if !isTemplateID(t.ID) {
		return nil, invalid(path+".template_id", "must be the id of a template in the account's own list: 1 to 128 ASCII characters")
	}
	if err := checkLink(path+".url", m.URL); err != nil {
		return nil, err
	}
	if m.MiniProgram != nil {
		page, err := m.MiniProgram.check(path + ".miniprogram")
		if err != nil {
			return nil, err
		}
		t.MiniProgram = page
	}
	if m.Data == nil {
		return nil, invalid(path+".data", `is missing: {"thing1": {"value": "..."}}`)
	}
	coloured := m.Color != ""
	for _, name := range sorted(m.Data) {
		v := m.Data[name]
		text, err := v.text(path+".data."+name, name, q.draft)
		if err != nil {
			return nil, err
		}
		t.Data[name] = text
		coloured = coloured || v.Color != ""
	}
	if coloured {
		q.warnings = append(q.warnings, path+": "+deadColour)
	}
	return t, nil
}

func isTemplateID(id string) bool {
	return id != "" && len(id) <= 128 && !strings.ContainsFunc(id, notPrintable)
}

func notPrintable(c rune) bool { return c <= ' ' || c > '~' }

func checkLink(field, link string) error {
	if link == "" {
		return nil
	}
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return invalid(field, "must be a web address that begins with http:// or https://")
	}
	if len(link) > 2048 {
		return invalid(field, "has %d bytes: at most 2048", len(link))
	}
	return nil
}

func (m *miniProgram) check(path string) (*wechat.MiniProgram, error) {
	p := &wechat.MiniProgram{AppID: first(m.AppID, m.AppID2), PagePath: first(m.PagePath, m.PagePath2)}
	if p.AppID == "" || len(p.AppID) > 64 || strings.ContainsFunc(p.AppID, notPrintable) {
		return nil, invalid(path+".appid", "must be the AppID of a Mini Program that is linked to the account")
	}
	if len(p.PagePath) > 1024 || strings.ContainsFunc(p.PagePath, unicode.IsControl) {
		return nil, invalid(path+".pagepath", "must be at most 1024 bytes without control characters")
	}
	return p, nil
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// text is the value as WeChat wants it: always a string. Of a draft, one with a
// variable is not held to the rule of its type.
func (v value) text(path, name string, draft bool) (string, error) {
	if !isParameterName(name) {
		return "", invalid(path, "is no name of a template parameter: 1 to 64 ASCII characters")
	}
	s, err := v.plain(path + ".value")
	if err != nil || draft && variable.MatchString(s) {
		return s, err
	}
	return s, checkParameter(path+".value", name, s)
}

func isParameterName(name string) bool {
	return name != "" && len(name) <= 64 && !strings.ContainsFunc(name, notPrintable)
}

// plain is the value as a text.
func (v value) plain(path string) (s string, err error) {
	switch raw := strings.TrimSpace(string(v.Value)); {
	case raw == "" || raw == "null" || raw[0] == '{' || raw[0] == '[':
		return "", invalid(path, "must be a text or a number")
	case raw[0] == '"':
		if err := json.Unmarshal(v.Value, &s); err != nil {
			return "", invalid(path, "%s", jsonText(err))
		}
	default:
		s = raw
	}
	if !utf8.ValidString(s) || len(s) > 10_000 {
		return "", invalid(path, "must be UTF-8 of at most 10000 bytes")
	}
	return s, nil
}

// parameter is the rule of one type of parameter of a category template. Beyond
// it WeChat refuses the value with 47003. Only what cannot be right is refused
// here: rules that are known from examples alone are left to WeChat.
// https://developers.weixin.qq.com/doc/service/guide/product/template_message/Template_Message_Operation_Specifications.html
type parameter struct {
	most  int
	empty bool
	fits  func(string) bool
	hint  string
}

var parameters = map[string]parameter{
	"thing":            {most: 20},
	"character_string": {most: 32, fits: noHan, hint: "digits, letters and symbols, no Chinese"},
	"time":             {most: 64, fits: clock.MatchString, hint: "a 24-hour time such as 15:01 or 2025年6月1日 15:01, a range with the ASCII ~"},
	"amount":           {most: 32, fits: isAmount, hint: "a currency sign and up to 12 digits, decimals allowed, 元 at the end allowed"},
	"phone_number":     {most: 17, fits: noLetters, hint: "digits and symbols"},
	"car_number":       {most: 8},
	"const":            {most: 20, empty: true},
	"phrase":           {most: 5},
	"name":             {most: 20},
	"number":           {most: 33, fits: isNumber, hint: "up to 32 digits, decimals allowed"},
	"letter":           {most: 32},
	"symbol":           {most: 5},
}

var (
	numbered = regexp.MustCompile(`^([a-z_]+?)\d+$`)
	clock    = regexp.MustCompile(`\d{1,2}:\d{2}`)
)

// checkParameter knows a category template by its parameters' names: a type
// and a number. Others (first, keyword1, remark and free names) have no rule.
func checkParameter(path, name, text string) error {
	parts := numbered.FindStringSubmatch(name)
	if parts == nil {
		return nil
	}
	rule, ok := parameters[parts[1]]
	if !ok {
		return nil
	}
	n := utf8.RuneCountInString(text)
	switch {
	case n == 0 && !rule.empty:
		return invalid(path, "is empty: WeChat refuses that for %s", parts[1])
	case n > rule.most:
		return invalid(path, "has %d characters: at most %d for %s", n, rule.most, parts[1])
	case n > 0 && rule.fits != nil && !rule.fits(text):
		return invalid(path, "does not fit %s: want %s", parts[1], rule.hint)
	}
	return nil
}

func noHan(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return unicode.Is(unicode.Han, c) })
}

func noLetters(s string) bool { return !strings.ContainsFunc(s, unicode.IsLetter) }

func digits(s string) (n int) {
	for _, c := range s {
		if c >= '0' && c <= '9' {
			n++
		}
	}
	return n
}

func isNumber(s string) bool {
	return digits(s) > 0 && digits(s) <= 32 && strings.Trim(s, "+-.,0123456789") == ""
}

func isAmount(s string) bool {
	s = strings.TrimSuffix(s, "元")
	whole, _, _ := strings.Cut(s, ".")
	rest := strings.TrimLeftFunc(s, func(c rune) bool { return unicode.Is(unicode.Sc, c) || c == '+' || c == '-' || c == ' ' })
	return digits(whole) > 0 && digits(whole) <= 12 && strings.Trim(rest, "0123456789.,") == ""
}

func (t *Template) put(p *Part) { p.Kind, p.Template = "template", t }

func (t *Template) size() (n int) {
	for name, v := range t.Data {
		n += len(name) + len(v)
	}
	return n
}

// window: WeChat notices a repeated client_msg_id for about ten minutes.
func (t *Template) window() time.Duration { return 8 * time.Minute }

func (t *Template) send(ctx context.Context, a *wechat.Account, openid, id string) (int64, error) {
	return a.SendTemplate(ctx, wechat.TemplateMessage{
		ToUser: openid, TemplateID: t.ID, URL: t.URL, MiniProgram: t.MiniProgram, Data: t.Data, ClientMsgID: id,
	})
}
