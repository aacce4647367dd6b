package notify

import (
	"context"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"wechattpp/wechat"
)

// OneTime is a message of a one-time subscription without its recipient.
type OneTime struct {
	ID      string `json:"template_id"`
	Scene   int    `json:"scene"`
	Title   string `json:"title"`
	Content string `json:"content"`
	Color   string `json:"color,omitempty"`
	URL     string `json:"url,omitempty"`

	MiniProgram *wechat.MiniProgram `json:"miniprogram,omitempty"` // of an Official Account
}

// Limits of one-time subscriptions
// (https://developers.weixin.qq.com/doc/service/api/notify/subscribe/api_templatesubscribe).
const (
	mostScene   = 10_000
	mostTitle   = 15  // characters
	mostOneTime = 200 // characters of the content
)

// app is the kind of mobile apps, whose users confirm in the app.
var app = kind{name: "wechatapp", people: "mobile app", ids: "openid", fits: isOpenID, form: openIDForm, code: codeInvalid, parse: parseApp}

// oneTimeMessage is an element of msg_wechatapp.
type oneTimeMessage struct {
	Sender     string          `json:"sender"`
	TemplateID string          `json:"template_id"`
	Scene      json.RawMessage `json:"scene"`
	Title      string          `json:"title"`
	Content    string          `json:"content"`
	Color      string          `json:"color"`
	URL        string          `json:"url"`
}

func parseApp(path string, raw json.RawMessage, q *request) (content, error) {
	var m oneTimeMessage
	if err := strict(path, raw, &m); err != nil {
		return nil, err
	}
	return m.check(path, q)
}

// parseOneTime reads an element of msg_wechatoa of type 2.
func parseOneTime(path string, raw json.RawMessage, q *request) (content, error) {
	var m struct {
		oneTimeMessage
		Type        int          `json:"type"`
		MiniProgram *miniProgram `json:"miniprogram"`
	}
	if err := strict(path, raw, &m); err != nil {
		return nil, err
	}
	o, err := m.check(path, q)
	if err != nil {
		return nil, err
	}
	o.MiniProgram, err = m.MiniProgram.check(path + ".miniprogram")
	return o, err
}

var colour = regexp.MustCompile(`^#[0-9A-Fa-f]{6}$`)

func (m *oneTimeMessage) check(path string, q *request) (*OneTime, error) {
	o := &OneTime{ID: m.TemplateID, Title: m.Title, Content: m.Content, Color: m.Color, URL: m.URL}
	if !isTemplateID(o.ID) {
		return nil, invalid(path+".template_id", "must be the id of the account's one-time subscription template: 1 to 128 ASCII characters")
	}
	var err error
	if o.Scene, err = sceneOf(path+".scene", m.Scene); err != nil {
		return nil, err
	}
	if err := q.measure(path+".title", o.Title, mostTitle); err != nil {
		return nil, err
	}
	if strings.Contains(o.Title, "\n") {
		return nil, invalid(path+".title", "holds a line break: only content may")
	}
	if err := q.measure(path+".content", o.Content, mostOneTime); err != nil {
		return nil, err
	}
	if o.Color != "" && !colour.MatchString(o.Color) {
		return nil, invalid(path+".color", "must be #RRGGBB")
	}
	return o, checkLink(path+".url", o.URL)
}

// sceneOf reads a number, bare or in quotes as WeChat has it.
func sceneOf(path string, raw json.RawMessage) (int, error) {
	n, err := strconv.Atoi(strings.Trim(string(raw), `"`))
	if err != nil || n < 0 || n > mostScene {
		return 0, invalid(path, "must be the number of the user's confirmation: 0 to %d", mostScene)
	}
	return n, nil
}

// measure holds a text to its characters; of a draft, not one with a variable.
func (q *request) measure(path, text string, most int) error {
	n := utf8.RuneCountInString(text)
	switch {
	case !utf8.ValidString(text) || strings.ContainsFunc(text, isControl):
		return invalid(path, "must be UTF-8 without control characters")
	case q.draft && variable.MatchString(text):
		return nil
	case n == 0 || n > most:
		return invalid(path, "has %d characters: 1 to %d", n, most)
	}
	return nil
}

// isControl passes a line break over.
func isControl(c rune) bool { return unicode.IsControl(c) && c != '\n' }

func (o *OneTime) put(p *Part) { p.Kind, p.OneTime = "onetime", o }

func (o *OneTime) size() int { return len(o.Title) + len(o.Content) }

// window: WeChat has no id by which it would notice a repeat.
func (o *OneTime) window() time.Duration { return 0 }

// needs: set 7 is what an Official Account needs anyway; a mobile app has none.
func (o *OneTime) needs() int { return 0 }

func (o *OneTime) templateID() string { return o.ID }

func (o *OneTime) consent() (template string, scene int) { return o.ID, o.Scene }

func (o *OneTime) send(ctx context.Context, a *wechat.Account, openid, _ string) (int64, error) {
	return 0, a.SendOneTime(ctx, wechat.OneTimeMessage{
		ToUser: openid, TemplateID: o.ID, Scene: o.Scene, Title: o.Title, Content: o.Content, Color: o.Color, URL: o.URL, MiniProgram: o.MiniProgram,
	})
}
