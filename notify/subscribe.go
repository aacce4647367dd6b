package notify

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"

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
	s.Data, err = checkData(path+".data", data, true, q.draft)
	return err
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

func (s *Subscribe) values() (map[string]string, bool) { return s.Data, true }

func (s *Subscribe) consent() (template string, scene int) { return s.ID, noScene }

func (s *Subscribe) send(ctx context.Context, a *wechat.Account, openid, _ string) (int64, error) {
	m := wechat.SubscribeMessage{ToUser: openid, TemplateID: s.ID, Page: s.Page, MiniProgram: s.MiniProgram, State: s.State, Lang: s.Lang, Data: s.Data}
	if s.Notice {
		return a.SendNotice(ctx, m)
	}
	return a.SendSubscribe(ctx, m)
}
