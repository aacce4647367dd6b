package notify

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"time"
	"unicode"

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

const deadColour = "colours are not sent: WeChat's clients ignore them since 2023-05-04"

// official is the kind of Official Accounts.
var official = kind{name: "wechatoa", people: "Official Account", ids: "openid", fits: isOpenID, form: openIDForm + "; or @all, of an article (type 4)", all: everyFollower, code: codeNoOfficial, parse: parseOfficial}

// officialTypes are the types of msg_wechatoa besides 0, the template message.
var officialTypes = map[int]func(path string, raw json.RawMessage, q *request) (content, error){1: parseNotice, 2: parseOneTime, 3: officialCustomer.parse, 4: parseMass}

const officialSent = "0 (template message), 1 (subscribe notification), 2 (one-time subscription), 3 (customer-service message) and 4 (article, a mass send)"

func parseOfficial(path string, raw json.RawMessage, q *request) (content, error) {
	if is := typeOf(raw); is != 0 {
		parse, ok := officialTypes[is]
		if !ok {
			return nil, invalid(path+".type", "is %d: this version sends %s", is, officialSent)
		}
		return parse(path, raw, q)
	}
	var m officialMessage
	if err := strict(path, raw, &m); err != nil {
		return nil, err
	}
	return m.template(path, q)
}

// typeOf is the type that an element says; 0 also of what is no number, which
// is told when the element is read.
func typeOf(raw json.RawMessage) int {
	var is struct {
		Type int `json:"type"`
	}
	if read(raw, &is) != nil {
		return 0
	}
	return is.Type
}

// template checks the fields and gives what is sent.
func (m *officialMessage) template(path string, q *request) (content, error) {
	t := &Template{ID: m.TemplateID, URL: m.URL}
	if !isTemplateID(t.ID) {
		return nil, invalid(path+".template_id", "must be the id of a template in the account's own list: 1 to 128 ASCII characters")
	}
	if err := checkLink(path+".url", m.URL); err != nil {
		return nil, err
	}
	var err error
	if t.MiniProgram, err = m.MiniProgram.check(path + ".miniprogram"); err != nil {
		return nil, err
	}
	coloured := m.Color != ""
	for _, v := range m.Data {
		coloured = coloured || v.Color != ""
	}
	if t.Data, err = checkData(path+".data", m.Data, false, q.draft); err != nil {
		return nil, err
	}
	if coloured {
		q.warn(path, deadColour)
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

// check gives what is opened by a tap, nil for nothing.
func (m *miniProgram) check(path string) (*wechat.MiniProgram, error) {
	if m == nil {
		return nil, nil
	}
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

func (t *Template) put(p *Part) { p.Kind, p.Template = "template", t }

func (t *Template) size() int { return sizeOf(t.Data) }

// window: WeChat notices a repeated client_msg_id for about ten minutes.
func (t *Template) window() time.Duration { return 8 * time.Minute }

func (t *Template) needs() int { return 0 }

func (t *Template) templateID() string { return t.ID }

func (t *Template) values() (map[string]string, bool) { return t.Data, false }

func (t *Template) send(ctx context.Context, a *wechat.Account, openid, id string) (int64, error) {
	return a.SendTemplate(ctx, wechat.TemplateMessage{
		ToUser: openid, TemplateID: t.ID, URL: t.URL, MiniProgram: t.MiniProgram, Data: t.Data, ClientMsgID: id,
	})
}
