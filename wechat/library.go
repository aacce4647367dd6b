package wechat

import (
	"context"
	"net/url"
	"strconv"
	"strings"
)

// Category is a class of services that the account has chosen in its console.
type Category struct {
	ID   int64
	Name string
}

// Categories lists those of the account. Quota as of Subscriptions.
// https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-message-management/subscribe-message/api_getcategory
func (a *Account) Categories(ctx context.Context) ([]Category, error) {
	var answer struct {
		Code *number `json:"errcode"`
		Data []struct {
			ID   number `json:"id"`
			Name string `json:"name"`
		} `json:"data"`
	}
	const op = "newtmpl/getcategory"
	err := a.door.call(ctx, request{op: op, get: true, path: "/wxaapi/" + op}, &answer)
	if err == nil && answer.Code == nil && answer.Data == nil {
		err = incomplete(op, "data")
	}
	list := make([]Category, 0, len(answer.Data))
	for _, c := range answer.Data {
		list = append(list, Category{int64(c.ID), c.Name})
	}
	return list, err
}

// LibraryTitle is a subscription template of the public library.
type LibraryTitle struct {
	TID      string
	Title    string
	Type     int
	Category int64
}

// MostTitles is the most titles of one call.
const MostTitles = 30

// Titles lists the library's subscription templates of some of the account's categories, up to limit (1 to MostTitles) from
// the start-th on, and tells how many there are.
// https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-message-management/subscribe-message/api_getpubnewtemplatetitles
func (a *Account) Titles(ctx context.Context, categories []int64, start, limit int) (titles []LibraryTitle, count int, err error) {
	ids := make([]string, len(categories))
	for i, id := range categories {
		ids[i] = strconv.FormatInt(id, 10)
	}
	var answer struct {
		Code  *number `json:"errcode"`
		Count *number `json:"count"`
		Data  []struct {
			TID      word   `json:"tid"`
			Title    string `json:"title"`
			Type     number `json:"type"`
			Category number `json:"categoryId"`
		} `json:"data"`
	}
	const op = "newtmpl/getpubtemplatetitles"
	err = a.door.call(ctx, request{op: op, get: true, path: "/wxaapi/" + op, query: url.Values{
		"ids": {strings.Join(ids, ",")}, "start": {strconv.Itoa(start)}, "limit": {strconv.Itoa(limit)}}}, &answer)
	if err == nil && answer.Count == nil {
		err = incomplete(op, "count")
	}
	if err != nil {
		return nil, 0, err
	}
	for _, t := range answer.Data {
		titles = append(titles, LibraryTitle{string(t.TID), t.Title, int(t.Type), int64(t.Category)})
	}
	return titles, int(*answer.Count), nil
}

// LibraryKeyword is a parameter to choose of a template of the library.
type LibraryKeyword struct {
	KID     int64
	Name    string
	Example string
	Rule    string // type of its value, such as thing
}

// Keywords lists those of a subscription template of the library.
// https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-message-management/subscribe-message/api_getpubnewtemplatekeywords
func (a *Account) Keywords(ctx context.Context, tid string) ([]LibraryKeyword, error) {
	var answer struct {
		Code *number `json:"errcode"`
		Data []struct {
			KID     number `json:"kid"`
			Name    string `json:"name"`
			Example string `json:"example"`
			Rule    string `json:"rule"`
		} `json:"data"`
	}
	const op = "newtmpl/getpubtemplatekeywords"
	err := a.door.call(ctx, request{op: op, get: true, path: "/wxaapi/" + op, query: url.Values{"tid": {tid}}}, &answer)
	if err == nil && answer.Code == nil && answer.Data == nil {
		err = incomplete(op, "data")
	}
	list := make([]LibraryKeyword, 0, len(answer.Data))
	for _, k := range answer.Data {
		list = append(list, LibraryKeyword{int64(k.KID), k.Name, k.Example, k.Rule})
	}
	return list, err
}
