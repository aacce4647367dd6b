package simulator

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The public library and the lists of subscription templates, the same for
// Official Accounts and Mini Programs
// (https://developers.weixin.qq.com/miniprogram/dev/api-backend/open-api/subscribe-message/subscribeMessage.addTemplate.html).

// countedList is the answer of a list that has a length.
type countedList struct {
	errorAnswer
	Count int `json:"count"`
	Data  any `json:"data"`
}

func (s *Simulator) templateCategories(q *request) (any, *refusal) {
	if fail := s.readsTemplates(q); fail != nil {
		return nil, fail
	}
	return struct {
		errorAnswer
		Data []category `json:"data"`
	}{errorAnswer{0, "ok"}, serviceCategories}, nil
}

type libraryTitle struct {
	TID      int    `json:"tid"`
	Title    string `json:"title"`
	Type     int    `json:"type"`
	Category string `json:"categoryId"` // a number in the vendor's table, a text in its sample
}

const mostTitles = 30

func (s *Simulator) templateTitles(q *request) (any, *refusal) {
	query := q.URL.Query()
	ids, fail := categoryIDs(query.Get("ids"))
	if fail != nil {
		return nil, fail
	}
	start, err := strconv.Atoi(query.Get("start"))
	if err != nil || start < 0 {
		return nil, refuse(200016)
	}
	limit, err := strconv.Atoi(query.Get("limit"))
	if err != nil || limit < 1 || limit > mostTitles {
		return nil, refuse(200017)
	}
	titles := []libraryTitle{}
	for _, l := range s.cfg.Library {
		if l.Type != 0 && slices.Contains(ids, l.Category) {
			titles = append(titles, libraryTitle{l.TID, l.Title, l.Type, strconv.Itoa(l.Category)})
		}
	}
	from := min(start, len(titles))
	return countedList{errorAnswer{0, "ok"}, len(titles), titles[from:min(from+limit, len(titles))]}, nil
}

// categoryIDs reads "2,616": categories that the account has.
func categoryIDs(text string) (ids []int, fail *refusal) {
	if text == "" {
		return nil, refuse(200018)
	}
	for one := range strings.SplitSeq(text, ",") {
		id, err := strconv.Atoi(one)
		if err != nil || !slices.ContainsFunc(serviceCategories, func(c category) bool { return c.ID == id }) {
			return nil, refuse(200019)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func (s *Simulator) ofTID(tid string) (LibraryTemplate, bool) {
	i := slices.IndexFunc(s.cfg.Library, func(l LibraryTemplate) bool { return l.Type != 0 && strconv.Itoa(l.TID) == tid })
	if i < 0 {
		return LibraryTemplate{}, false
	}
	return s.cfg.Library[i], true
}

type listedKeyword struct {
	KID     int    `json:"kid"`
	Name    string `json:"name"`
	Example string `json:"example"`
	Rule    string `json:"rule"`
}

func (s *Simulator) templateKeywords(q *request) (any, *refusal) {
	l, ok := s.ofTID(q.URL.Query().Get("tid"))
	if !ok {
		return nil, refuse(200014)
	}
	list := make([]listedKeyword, len(l.Keywords))
	for i, k := range l.Keywords {
		list[i] = listedKeyword{k.KID, k.Name, k.Example, k.Rule}
	}
	return countedList{errorAnswer{0, "ok"}, len(list), list}, nil
}

type subscriptionAdd struct {
	TID   string `json:"tid"`
	Kids  []int  `json:"kidList"`
	Scene string `json:"sceneDesc"`
}

const mostSceneDesc = 15

func (s *Simulator) addSubscription(q *request) (any, *refusal) {
	var m subscriptionAdd
	if err := json.Unmarshal(q.body, &m); err != nil {
		return nil, refuse(47001)
	}
	l, ok := s.ofTID(m.TID)
	switch n := utf8.RuneCountInString(m.Scene); {
	case !ok:
		return nil, refuse(200014)
	case l.Banned:
		return nil, refuse(200013)
	case n == 0 || n > mostSceneDesc:
		return nil, refuse(200021)
	}
	chosen, ok := l.chosen(m.Kids)
	if !ok {
		return nil, refuse(200020)
	}
	t := l.made(word(32), l.Type, chosen)
	if fail := q.account.templates.add(t); fail != nil {
		return nil, fail
	}
	return struct {
		errorAnswer
		ID string `json:"priTmplId"`
	}{errorAnswer{0, "ok"}, t.ID}, nil
}

// chosen are the keywords of a kidList: 2 to 5, each once.
func (l LibraryTemplate) chosen(kids []int) (chosen []Keyword, ok bool) {
	if len(kids) < 2 || len(kids) > 5 {
		return nil, false
	}
	for i, kid := range kids {
		k, there := l.keyword(func(k Keyword) bool { return k.KID == kid })
		if !there || slices.Contains(kids[:i], kid) {
			return nil, false
		}
		chosen = append(chosen, k)
	}
	return chosen, true
}

type enumValues struct {
	Code   string   `json:"keywordCode"`
	Values []string `json:"enumValueList"`
}

type listedSubscription struct {
	ID      string       `json:"priTmplId"`
	Title   string       `json:"title"`
	Content string       `json:"content"`
	Example string       `json:"example"`
	Type    int          `json:"type"`
	Enums   []enumValues `json:"keywordEnumValueList,omitempty"`
}

func (s *Simulator) listSubscriptions(q *request) (any, *refusal) {
	if fail := s.readsTemplates(q); fail != nil {
		return nil, fail
	}
	list := []listedSubscription{}
	for _, t := range q.account.templates.load().family(true) {
		one := listedSubscription{ID: t.ID, Title: t.Title, Content: t.Content, Example: t.Example, Type: t.Type}
		for _, p := range newPattern(t).params {
			if values := t.Values[p.name]; len(values) > 0 && strings.HasPrefix(p.kind, "enum") {
				one.Enums = append(one.Enums, enumValues{p.name + ".DATA", values})
			}
		}
		list = append(list, one)
	}
	return struct {
		errorAnswer
		Data []listedSubscription `json:"data"`
	}{errorAnswer{0, "ok"}, list}, nil
}

func (s *Simulator) deleteSubscription(q *request) (any, *refusal) {
	var m struct {
		ID string `json:"priTmplId"`
	}
	if err := json.Unmarshal(q.body, &m); err != nil {
		return nil, refuse(47001)
	}
	if fail := q.account.templates.remove(m.ID, true); fail != nil {
		return nil, fail
	}
	return errorAnswer{0, "ok"}, nil
}
