package simulator

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

type tokenKind int

const (
	noToken tokenKind = iota
	componentToken
	accountToken // an account's: of its authorization, or had with its secret
	ownSecret    // none: AppID and AppSecret
	appToken     // WeCom's
	agentSecret  // none: CorpID and the app's secret
	robotKey     // none: the key of a webhook
)

// endpoint is one path of api.weixin.qq.com.
type endpoint struct {
	path   string
	method string
	token  tokenKind
	set    int   // permission set the account must have granted; 0 = none
	also   []int // other sets that do as well
	apps   bool  // mobile apps may call it, too
	form   bool  // takes a file instead of JSON
	most   int64 // bytes of a body; 0 = 1 MiB
	serve  func(*Simulator, *request) (any, *refusal)
	index  int
}

func endpoints() []*endpoint {
	const get, post = http.MethodGet, http.MethodPost
	return append(slices.Concat(wecomEndpoints(), templateEndpoints(), articleEndpoints()), []*endpoint{
		{path: "/cgi-bin/token", method: get, token: ownSecret, serve: (*Simulator).plainToken},
		{path: "/cgi-bin/stable_token", method: post, token: ownSecret, serve: (*Simulator).stableToken},
		{path: "/cgi-bin/component/api_component_token", method: post, serve: (*Simulator).mintComponentToken},
		{path: "/cgi-bin/component/api_start_push_ticket", method: post, serve: (*Simulator).startPushTicket},
		{path: "/cgi-bin/component/clear_quota/v2", method: post, serve: (*Simulator).clearQuota},
		{path: "/cgi-bin/component/api_create_preauthcode", method: post, token: componentToken, serve: (*Simulator).createPreAuthCode},
		{path: "/cgi-bin/component/api_query_auth", method: post, token: componentToken, serve: (*Simulator).queryAuth},
		{path: "/cgi-bin/component/api_authorizer_token", method: post, token: componentToken, serve: (*Simulator).renewAuthorizerToken},
		{path: "/cgi-bin/component/api_get_authorizer_info", method: post, token: componentToken, serve: (*Simulator).authorizerInfo},
		{path: "/cgi-bin/component/api_get_authorizer_list", method: post, token: componentToken, serve: (*Simulator).authorizerList},
		{path: "/sns/oauth2/component/access_token", method: get, token: componentToken, serve: (*Simulator).componentVisitor},
		{path: "/sns/component/jscode2session", method: get, token: componentToken, serve: (*Simulator).componentLogin},
		{path: "/sns/oauth2/access_token", method: get, token: ownSecret, serve: (*Simulator).ownVisitor},
		{path: "/sns/jscode2session", method: get, token: ownSecret, serve: (*Simulator).ownLogin},
		{path: "/cgi-bin/user/get", method: get, token: accountToken, set: setUsers, serve: (*Simulator).listFollowers},
		{path: "/cgi-bin/message/custom/send", method: post, token: accountToken, set: setMessages, serve: (*Simulator).sendCustomer},
		{path: "/cgi-bin/media/upload", method: post, token: accountToken, set: setMessages, also: []int{3, 8, 9, setMaterial}, form: true, most: maxUpload, serve: (*Simulator).uploadMedia},
		{path: "/cgi-bin/media/uploadimg", method: post, token: accountToken, set: setMaterial, also: []int{setNotices}, form: true, most: maxUpload, serve: (*Simulator).uploadImage},
		{path: "/cgi-bin/material/add_material", method: post, token: accountToken, set: setMaterial, form: true, most: maxUpload, serve: (*Simulator).addMaterial},
		{path: "/cgi-bin/ticket/getticket", method: get, token: accountToken, set: setWeb, serve: (*Simulator).pageTicket},
		{path: "/cgi-bin/get_api_domain_ip", method: get, token: accountToken, serve: (*Simulator).apiIPs},
		{path: "/cgi-bin/message/template/send", method: post, token: accountToken, set: setNotices, serve: (*Simulator).sendTemplate},
		{path: "/cgi-bin/message/subscribe/send", method: post, token: accountToken, set: setMini, serve: (*Simulator).sendSubscribe},
		{path: "/cgi-bin/message/subscribe/bizsend", method: post, token: accountToken, set: setBizNotices, serve: (*Simulator).sendNotice},
		{path: "/cgi-bin/message/template/subscribe", method: post, token: accountToken, set: setNotices, apps: true, serve: (*Simulator).sendOneTime},
	}...)
}

// Permission sets that decide anything here (component 7).
const (
	setMessages   = 1
	setUsers      = 2
	setWeb        = 4
	setNotices    = 7
	setMaterial   = 11 // articles, and the library of media
	setMini       = 18 // development of a Mini Program
	setBizNotices = 89 // subscribe notifications of Official Accounts
	setCustomer   = 19 // of Mini Programs what setMessages is of Official Accounts

	setSubscriptions = -1 // setMini of Mini Programs, setBizNotices of Official Accounts
)

// request is one API call on its way through the checks.
type request struct {
	*http.Request
	endpoint *endpoint
	now      time.Time
	token    string
	body     []byte
	fields   componentFields
	own      ownFields
	account  *account // whom the call is for, nil if that cannot be told
	corp     *corp    // or which company of WeCom
	agent    *agent   // and, if it has a token, which app
	bad      *refusal // the body was no JSON of the right shape
}

const maxRequestBody = 1 << 20

// serveAPI reads, lets hooks and faults have their way, checks, works and
// answers.
func (s *Simulator) serveAPI(w http.ResponseWriter, r *http.Request, e *endpoint) {
	q := s.read(w, r, e)
	call := s.count(q)
	s.hooks.before(call)
	f := s.faults.take(e.path, call.AppID)
	if f != nil && !s.failBefore(w, q, f) {
		return
	}
	answer, code := s.answer(q)
	call.Answer, call.Code = answer, code
	s.hooks.after(call)
	if f != nil && !s.failAfter(w, q, f, answer) {
		return
	}
	writeJSON(w, answer)
}

func (s *Simulator) read(w http.ResponseWriter, r *http.Request, e *endpoint) *request {
	q := &request{Request: r, endpoint: e, now: time.Now()}
	query := r.URL.Query()
	q.token = query.Get("access_token")
	if e.token == componentToken && q.token == "" {
		q.token = query.Get("component_access_token")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, max(e.most, maxRequestBody)))
	if err != nil {
		q.bad = refuse(47001)
	}
	q.body = body
	switch e.token {
	case accountToken:
		q.account = s.ownerOf(q.token)
		return q
	case ownSecret:
		s.readOwn(q)
		return q
	case appToken, agentSecret:
		s.readAgent(q)
		return q
	case robotKey:
		return q
	}
	if e.method == http.MethodGet {
		q.fields.ComponentAppID, q.fields.AuthorizerAppID = query.Get("component_appid"), query.Get("appid")
	} else if err := json.Unmarshal(body, &q.fields); err != nil {
		q.bad = refuse(47001)
	}
	if id := q.fields.AuthorizerAppID; id != "" {
		q.account = s.world.find(id)
	} else if q.fields.Code != "" {
		q.account = s.codes.owner(q.fields.Code)
	}
	return q
}

// answer is the body to send and its errcode.
func (s *Simulator) answer(q *request) ([]byte, int) {
	fail := s.check(q)
	var out any
	if fail == nil {
		out, fail = q.endpoint.serve(s, q)
	}
	if fail != nil {
		return q.refused(fail), fail.Code
	}
	return marshal(out), 0
}

// check is what all calls have in common: method, token, body, permission.
func (s *Simulator) check(q *request) *refusal {
	if q.Method != q.endpoint.method {
		if q.endpoint.method == http.MethodGet {
			return refuse(43001)
		}
		return refuse(43002)
	}
	if fail := s.checkToken(q); fail != nil {
		return fail
	}
	if q.Method == http.MethodPost {
		if fail := checkBody(q); fail != nil {
			return fail
		}
	}
	switch q.endpoint.token {
	case noToken, componentToken:
		return s.checkComponent(q)
	case accountToken:
		return q.account.allows(q.endpoint, isOwn(q.token))
	case ownSecret:
		return s.checkOwn(q)
	}
	return nil
}

// refused words a refusal as the vendor of the call does.
func (q *request) refused(f *refusal) []byte {
	if strings.HasPrefix(q.endpoint.path, WeComPath) {
		return marshal(f.wecomAnswer(q.Request))
	}
	return marshal(f.answer(q.Request))
}

func (s *Simulator) checkToken(q *request) *refusal {
	switch q.endpoint.token {
	case componentToken:
		return s.checkComponentToken(q.token, q.now)
	case accountToken:
		return s.checkAccountToken(q.token, q.now)
	case appToken:
		return s.checkAgent(q)
	}
	return nil
}

func (s *Simulator) checkComponent(q *request) *refusal {
	switch q.fields.ComponentAppID {
	case s.cfg.ComponentAppID:
		return nil
	case "":
		return refuse(41018)
	}
	return refuse(40013)
}

// able tells whether the account is of a kind that has what a set is about.
func (a *account) able(e *endpoint) bool {
	switch {
	case a.profile.MobileApp:
		return e.apps
	case a.profile.MiniProgram:
		return e.set != setNotices && e.set != setBizNotices && e.set != setMaterial
	}
	return e.set != setMini
}

// allows tells whether the account granted a set; who shows its secret needs no grant.
func (a *account) allows(e *endpoint, own bool) *refusal {
	set := e.set
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.able(e) {
		return refuse(48001)
	}
	if a.limited() {
		return refuse(50002)
	}
	if own {
		return nil
	}
	if isTestAccount(a.profile.AppID) && set != setMessages {
		return refuse(61007)
	}
	switch {
	case set == setSubscriptions && a.profile.MiniProgram:
		set = setMini
	case set == setSubscriptions:
		set = setBizNotices
	case set == setMessages && a.profile.MiniProgram:
		set = setCustomer
	}
	if granted := func(set int) bool { return slices.Contains(a.granted, set) }; set != 0 && !granted(set) && !slices.ContainsFunc(e.also, granted) {
		return refuse(61007)
	}
	return nil
}

func checkBody(q *request) *refusal {
	if len(bytes.TrimSpace(q.body)) == 0 {
		return refuse(44002)
	}
	if q.endpoint.form {
		return q.bad
	}
	if hasUnicodeEscape(q.body) {
		return refuse(47002)
	}
	return q.bad
}

// hasUnicodeEscape finds \uXXXX, but not an escaped backslash before a u.
func hasUnicodeEscape(body []byte) bool {
	for i := 0; i+1 < len(body); i++ {
		if body[i] != '\\' {
			continue
		}
		if i++; body[i] == 'u' {
			return true
		}
	}
	return false
}

func marshal(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return []byte(`{"errcode":-1,"errmsg":"system error"}`)
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

func writeJSON(w http.ResponseWriter, body []byte) {
	w.Header().Set("Content-Type", "application/json; encoding=utf-8")
	_, _ = w.Write(body)
}

// unknownPath is what is left of the vendor's address.
func unknownPath(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, marshal(refuse(40066).answer(r)))
}
