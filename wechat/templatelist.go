package wechat

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
)

// Most templates of an account's own list at a time, and how often a month its owner may apply for one of its own making.
const (
	MostTemplates     = 25 // of template messages
	MostSubscriptions = 50

	TemplateApplications     = 3  // of an Official Account
	SubscriptionApplications = 10 // of an Official Account
)

// word is a text that the vendor writes in quotes or as a number, as it likes.
type word string

// UnmarshalJSON implements json.Unmarshaler.
func (t *word) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, (*string)(t))
	}
	var n number
	if err := n.UnmarshalJSON(b); err != nil {
		return err
	}
	*t = word(strconv.FormatInt(int64(n), 10))
	return nil
}

// Templates lists the account's own templates of template messages. Needs set 7 of a component.
// https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Template_Message_Interface.html
func (a *Account) Templates(ctx context.Context) ([]Template, error) {
	var answer struct {
		Code *number `json:"errcode"`
		List []struct {
			ID      string `json:"template_id"`
			Title   string `json:"title"`
			Primary string `json:"primary_industry"`
			Deputy  string `json:"deputy_industry"`
			Content string `json:"content"`
			Example string `json:"example"`
		} `json:"template_list"`
	}
	const op = "template/get_all_private_template"
	err := a.door.call(ctx, request{op: op, get: true, path: "/cgi-bin/" + op}, &answer)
	if err == nil && answer.Code == nil && answer.List == nil {
		err = incomplete(op, "template_list") // never take a broken answer for "no templates"
	}
	if err != nil {
		return nil, err
	}
	list := make([]Template, 0, len(answer.List))
	for _, t := range answer.List {
		list = append(list, Template{ID: t.ID, Title: t.Title, Content: t.Content, Example: t.Example, Industry: [2]string{t.Primary, t.Deputy}})
	}
	return list, nil
}

// AddTemplate takes a template of the library of template messages into the account's own list and gives its id there.
// names are the keywords in order, needed where short is digits alone; an older number (TM00015) takes none.
//
// ErrTemplatesFull; ErrTemplateList: the list may not change. ErrUnanswered: perhaps added; read the list.
func (a *Account) AddTemplate(ctx context.Context, short string, names []string) (id string, err error) {
	const op = "template/api_add_template"
	var answer struct {
		ID string `json:"template_id"`
	}
	err = a.door.call(ctx, request{op: op, path: "/cgi-bin/" + op, body: struct {
		Short string   `json:"template_id_short"`
		Names []string `json:"keyword_name_list,omitempty"`
	}{short, names}}, &answer)
	if err == nil && answer.ID == "" {
		err = incomplete(op, "template_id")
	}
	return answer.ID, err
}

// DeleteTemplate takes a template of template messages out of the account's own list. ErrMessage: it is not there.
func (a *Account) DeleteTemplate(ctx context.Context, id string) error {
	_, err := a.post(ctx, "template/del_private_template", map[string]string{"template_id": id})
	return err
}

// Subscriptions lists the account's own subscription templates. Needs set 89 of an Official Account, 18 of a Mini Program;
// a few calls a day are allowed, nobody says how many.
// https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-message-management/subscribe-message/api_getmessagetemplatelist
func (a *Account) Subscriptions(ctx context.Context) ([]Template, error) {
	var answer struct {
		Code *number `json:"errcode"`
		Data []struct {
			ID      string `json:"priTmplId"`
			Title   string `json:"title"`
			Content string `json:"content"`
			Example string `json:"example"`
			Type    number `json:"type"`
			Enums   []struct {
				Code   string   `json:"keywordCode"` // enum_string2.DATA
				Values []string `json:"enumValueList"`
			} `json:"keywordEnumValueList"`
		} `json:"data"`
	}
	const op = "newtmpl/gettemplate"
	err := a.door.call(ctx, request{op: op, get: true, path: "/wxaapi/" + op}, &answer)
	if err == nil && answer.Code == nil && answer.Data == nil {
		err = incomplete(op, "data")
	}
	if err != nil {
		return nil, err
	}
	list := make([]Template, 0, len(answer.Data))
	for _, t := range answer.Data {
		one := Template{ID: t.ID, Type: int(t.Type), Title: t.Title, Content: t.Content, Example: t.Example}
		if one.Type == TypeMessage {
			one.Type = TypeOneTime // the list is of subscriptions, whatever is missing
		}
		for _, e := range t.Enums {
			if one.Values == nil {
				one.Values = map[string][]string{}
			}
			one.Values[strings.TrimSuffix(e.Code, ".DATA")] = e.Values
		}
		list = append(list, one)
	}
	return list, nil
}

// AddSubscription takes a subscription template of the library into the account's own list and gives its id there: its
// keywords by their numbers, in order, and what it is for. Errors as of AddTemplate.
// https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-message-management/subscribe-message/api_addmessagetemplate
func (a *Account) AddSubscription(ctx context.Context, tid string, kids []int64, scene string) (id string, err error) {
	const op = "newtmpl/addtemplate"
	var answer struct {
		ID string `json:"priTmplId"`
	}
	err = a.door.call(ctx, request{op: op, path: "/wxaapi/" + op, body: struct {
		TID   string  `json:"tid"`
		Kids  []int64 `json:"kidList"`
		Scene string  `json:"sceneDesc"`
	}{tid, kids, scene}}, &answer)
	if err == nil && answer.ID == "" {
		err = incomplete(op, "priTmplId")
	}
	return answer.ID, err
}

// DeleteSubscription takes a subscription template out of the account's own list. ErrMessage: it is not there.
func (a *Account) DeleteSubscription(ctx context.Context, id string) error {
	const op = "newtmpl/deltemplate"
	var answer struct {
		Code *number `json:"errcode"`
	}
	err := a.door.call(ctx, request{op: op, path: "/wxaapi/" + op, body: map[string]string{"priTmplId": id}}, &answer)
	if err == nil && answer.Code == nil {
		err = incomplete(op, "errcode")
	}
	return err
}
