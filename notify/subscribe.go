package notify

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"wechattpp/wechat"
)

// Subscribe is a message made of a subscription template, without its
// recipient: a Mini Program's, or a notification of an Official Account.
type Subscribe struct {
	Notice      bool                `json:"notice,omitempty"` // an Official Account's, else a Mini Program's
	ID          string              `json:"template_id"`
	Page        string              `json:"page,omitempty"` // of an Official Account a web address
	MiniProgram *wechat.MiniProgram `json:"miniprogram,omitempty"`
	State       string              `json:"miniprogram_state,omitempty"` // of a Mini Program
	Lang        string              `json:"lang,omitempty"`              // of a Mini Program
	Data        map[string]string   `json:"data"`
}

// subscribeParameters are the rules of subscription messages, which differ from
// those of template messages. Beyond them WeChat refuses the value with 47003.
// https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-message-management/subscribe-message/api_sendmessage
var subscribeParameters = map[string]parameter{
	"thing":            {most: 20},
	"number":           {most: 64, fits: decimal.MatchString, hint: "up to 32 digits, decimals allowed"},
	"letter":           {most: 32, fits: letters.MatchString, hint: "letters A to Z only"},
	"symbol":           {most: 5, fits: isSymbols, hint: "symbols only: no letters, digits or Chinese"},
	"character_string": {most: 32, fits: noHan, hint: "digits, letters and symbols, no Chinese"},
	"time":             {most: 64, fits: times.MatchString, hint: "a 24-hour time such as 15:01 or 2025年6月1日 15:01, a range with the ASCII ~"},
	"date":             {most: 64, fits: dates.MatchString, hint: "a date such as 2025年6月1日 or 2025-06-01, with a 24-hour time or not, a range with the ASCII ~"},
	"amount":           {most: 32, fits: amountOf(10), hint: "a currency sign and up to 10 digits, decimals allowed, 元 at the end allowed"},
	"phone_number":     {most: 17, fits: noLetters, hint: "digits and symbols"},
	"car_number":       {most: 8, fits: isPlate, hint: "letters and digits; the first and the last may be Chinese"},
	"name":             {most: 20, fits: isPersonName, hint: "up to 10 characters with Chinese among them, else up to 20 letters and symbols, no digits"},
	"phrase":           {most: 5, fits: phrase.MatchString, hint: "Chinese only"},
}

const (
	day   = `\d{4}(?:年\d{1,2}月\d{1,2}日|[-/.]\d{1,2}[-/.]\d{1,2})`
	hours = `(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?`
	// anyDay: of a date the year or the day may be missing.
	anyDay = `(?:` + day + `|\d{4}年\d{1,2}月|\d{1,2}月\d{1,2}日|\d{4}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2})(?: ?` + hours + `)?`
)

var (
	decimal = regexp.MustCompile(`^[+-]?\d{1,32}(?:\.\d{1,32})?$`)
	letters = regexp.MustCompile(`^[A-Za-z]+$`)
	phrase  = regexp.MustCompile(`^\p{Han}+$`)
	times   = regexp.MustCompile(`^(?:` + day + ` ?)?` + hours + `(?: ?~ ?(?:` + day + ` ?)?` + hours + `)?$`)
	dates   = regexp.MustCompile(`^` + anyDay + `(?: ?~ ?` + anyDay + `)?$`)
)

func isSymbols(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return unicode.IsLetter(c) || unicode.IsDigit(c) })
}

func isPlate(s string) bool {
	runes := []rune(s)
	for i, c := range runes {
		end := i == 0 || i == len(runes)-1
		plain := c < utf8.RuneSelf && (unicode.IsLetter(c) || unicode.IsDigit(c))
		if !plain && !(end && unicode.Is(unicode.Han, c)) {
			return false
		}
	}
	return true
}

func isPersonName(s string) bool {
	if !noHan(s) && utf8.RuneCountInString(s) > 10 {
		return false
	}
	return !strings.ContainsFunc(s, unicode.IsDigit)
}

// miniMessage is an element of msg_wechatmp
// (docs.jiguang.cn/jums/server/rest_api_jums_custom_message).
type miniMessage struct {
	Sender     string           `json:"sender"`
	Type       int              `json:"type"`
	TemplateID string           `json:"template_id"`
	Page       string           `json:"page"`
	State      string           `json:"miniprogram_state"`
	Lang       string           `json:"lang"`
	Data       map[string]value `json:"data"`
}

// mini is the kind of Mini Programs.
var mini = kind{name: "wechatmp", people: "Mini Program", ids: "openid", fits: isOpenID, form: openIDForm, code: codeNoMini, parse: parseMini}

func parseMini(path string, raw json.RawMessage, q *request) (content, error) {
	switch typeOf(raw) {
	case 0:
	case 3: // as of Official Accounts
		return miniCustomer.parse(path, raw, q)
	default:
		return nil, invalid(path+".type", "is %d: a Mini Program sends 0 (subscribe message) and 3 (customer-service message)", typeOf(raw))
	}
	m := miniMessage{State: "formal", Lang: "zh_CN"}
	if err := strict(path, raw, &m); err != nil {
		return nil, err
	}
	s := &Subscribe{ID: m.TemplateID, Page: m.Page, State: m.State, Lang: m.Lang}
	if err := checkPage(path+".page", m.Page); err != nil {
		return nil, err
	}
	if states := []string{"developer", "trial", "formal"}; !slices.Contains(states, m.State) {
		return nil, invalid(path+".miniprogram_state", "must be one of %s", strings.Join(states, ", "))
	}
	if langs := []string{"zh_CN", "en_US", "zh_HK", "zh_TW"}; !slices.Contains(langs, m.Lang) {
		return nil, invalid(path+".lang", "must be one of %s", strings.Join(langs, ", "))
	}
	return s, s.fill(path, m.Data, q)
}

// noticeMessage is an element of msg_wechatoa of type 1
// (docs.jiguang.cn/jums/server/rest_api_jums_custom_message).
type noticeMessage struct {
	Sender      string           `json:"sender"`
	Type        int              `json:"type"`
	TemplateID  string           `json:"template_id"`
	Page        string           `json:"page"`
	MiniProgram *miniProgram     `json:"miniprogram"`
	Data        map[string]value `json:"data"`
}

func parseNotice(path string, raw json.RawMessage, q *request) (content, error) {
	var m noticeMessage
	if err := strict(path, raw, &m); err != nil {
		return nil, err
	}
	s := &Subscribe{Notice: true, ID: m.TemplateID, Page: m.Page}
	if err := checkLink(path+".page", m.Page); err != nil {
		return nil, err
	}
	var err error
	if s.MiniProgram, err = m.MiniProgram.check(path + ".miniprogram"); err != nil {
		return nil, err
	}
	return s, s.fill(path, m.Data, q)
}

// fill checks the template and its values.
func (s *Subscribe) fill(path string, data map[string]value, q *request) (err error) {
	if !isTemplateID(s.ID) {
		return invalid(path+".template_id", "must be the id of a template in the account's own list: 1 to 128 ASCII characters")
	}
	for _, name := range sorted(data) {
		if data[name].Color != "" {
			return invalid(path+".data."+name+".color", "is no field of subscription messages: leave it out")
		}
	}
	if s.Data, err = checkData(path+".data", data, subscribeParameters, q.draft); err != nil {
		return err
	}
	for _, name := range sorted(s.Data) {
		switch text := s.Data[name]; {
		case text == "":
			return invalid(path+".data."+name+".value", "is empty: WeChat refuses that in subscription messages")
		case strings.ContainsFunc(text, unicode.IsControl):
			return invalid(path+".data."+name+".value", "holds a line break or another control character: WeChat refuses that in subscription messages")
		}
	}
	return nil
}

func checkPage(field, page string) error {
	switch {
	case len(page) > 1024 || strings.ContainsFunc(page, unicode.IsControl):
		return invalid(field, "must be at most 1024 bytes without control characters")
	case strings.Contains(page, "://"):
		return invalid(field, "must be a page of the Mini Program such as pages/order?id=1, no web address")
	}
	return nil
}

func (s *Subscribe) put(p *Part) { p.Kind, p.Subscribe = "subscribe", s }

func (s *Subscribe) size() int { return sizeOf(s.Data) }

// window: WeChat has no id by which it would notice a repeat.
func (s *Subscribe) window() time.Duration { return 0 }

// needs: 18, of Mini Programs, is what each of them needs; 89 is 服务号订阅通知
// (https://developers.weixin.qq.com/doc/service/api/notify/notify/api_sendnewsubscribemsg).
func (s *Subscribe) needs() int {
	if s.Notice {
		return setNotices
	}
	return 0
}

func (s *Subscribe) templateID() string { return s.ID }

func (s *Subscribe) consent() (template string, scene int) { return s.ID, noScene }

func (s *Subscribe) send(ctx context.Context, a *wechat.Account, openid, _ string) (int64, error) {
	m := wechat.SubscribeMessage{ToUser: openid, TemplateID: s.ID, Page: s.Page, MiniProgram: s.MiniProgram, State: s.State, Lang: s.Lang, Data: s.Data}
	if s.Notice {
		return a.SendNotice(ctx, m)
	}
	return a.SendSubscribe(ctx, m)
}
