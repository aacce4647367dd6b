package simulator

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
)

// What accounts do with the list of template messages
// (https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Template_Message_Interface.html).

func templateEndpoints() []*endpoint {
	const get, post = http.MethodGet, http.MethodPost
	return []*endpoint{
		{path: "/cgi-bin/template/get_all_private_template", method: get, token: accountToken, set: setNotices, serve: (*Simulator).listTemplates},
		{path: "/cgi-bin/template/api_add_template", method: post, token: accountToken, set: setNotices, serve: (*Simulator).addTemplate},
		{path: "/cgi-bin/template/del_private_template", method: post, token: accountToken, set: setNotices, serve: (*Simulator).deleteTemplate},
		{path: "/wxaapi/newtmpl/getcategory", method: get, token: accountToken, set: setSubscriptions, serve: (*Simulator).templateCategories},
		{path: "/wxaapi/newtmpl/getpubtemplatetitles", method: get, token: accountToken, set: setSubscriptions, serve: (*Simulator).templateTitles},
		{path: "/wxaapi/newtmpl/getpubtemplatekeywords", method: get, token: accountToken, set: setSubscriptions, serve: (*Simulator).templateKeywords},
		{path: "/wxaapi/newtmpl/addtemplate", method: post, token: accountToken, set: setSubscriptions, serve: (*Simulator).addSubscription},
		{path: "/wxaapi/newtmpl/gettemplate", method: get, token: accountToken, set: setSubscriptions, serve: (*Simulator).listSubscriptions},
		{path: "/wxaapi/newtmpl/deltemplate", method: post, token: accountToken, set: setSubscriptions, serve: (*Simulator).deleteSubscription},
	}
}

type listedTemplate struct {
	ID       string `json:"template_id"`
	Title    string `json:"title"`
	Primary  string `json:"primary_industry"`
	Deputy   string `json:"deputy_industry"`
	Content  string `json:"content"`
	Examples string `json:"example"`
}

func (s *Simulator) listTemplates(q *request) (any, *refusal) {
	if fail := s.readsTemplates(q); fail != nil {
		return nil, fail
	}
	list := []listedTemplate{}
	for _, t := range q.account.templates.load().family(false) {
		list = append(list, listedTemplate{ID: t.ID, Title: t.Title, Content: t.Content, Examples: t.Example})
	}
	return struct {
		List []listedTemplate `json:"template_list"`
	}{list}, nil
}

// readsTemplates books a call that shows lists, of which the vendor allows few a
// day (messages 2.2, where the number is unknown).
func (s *Simulator) readsTemplates(q *request) *refusal {
	n := q.account.reads.Add(1)
	if most := s.cfg.TemplateReads; most > 0 && int(n) > most {
		return refuse(45009)
	}
	return nil
}

// categoryNumber: a category template has digits alone for a number.
var categoryNumber = regexp.MustCompile(`^[0-9]+$`)

func (s *Simulator) addTemplate(q *request) (any, *refusal) {
	var m struct {
		Short string   `json:"template_id_short"`
		Names []string `json:"keyword_name_list"`
	}
	if err := json.Unmarshal(q.body, &m); err != nil {
		return nil, refuse(47001)
	}
	i := slices.IndexFunc(s.cfg.Library, func(l LibraryTemplate) bool { return l.Number != "" && l.Number == m.Short })
	if i < 0 {
		return nil, refuse(40036)
	}
	l := s.cfg.Library[i]
	t := l.historic(word(32))
	if categoryNumber.MatchString(m.Short) {
		var chosen []Keyword
		for _, name := range m.Names {
			k, ok := l.keyword(func(k Keyword) bool { return k.Name == name })
			if !ok || slices.ContainsFunc(chosen, func(c Keyword) bool { return c.KID == k.KID }) {
				return nil, refuse(40246)
			}
			chosen = append(chosen, k)
		}
		if len(chosen) == 0 {
			return nil, refuse(40246)
		}
		t = l.made(word(32), templateMessage, chosen)
	}
	if fail := q.account.templates.add(t); fail != nil {
		return nil, fail
	}
	return struct {
		errorAnswer
		ID string `json:"template_id"`
	}{errorAnswer{0, "ok"}, t.ID}, nil
}

func (s *Simulator) deleteTemplate(q *request) (any, *refusal) {
	var m struct {
		ID string `json:"template_id"`
	}
	if err := json.Unmarshal(q.body, &m); err != nil {
		return nil, refuse(47001)
	}
	if fail := q.account.templates.remove(m.ID, false); fail != nil {
		return nil, fail
	}
	return errorAnswer{0, "ok"}, nil
}
