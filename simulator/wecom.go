package simulator

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// WeCom answers below this path, so that one address can play both vendors,
// whose paths meet: give the program base + WeComPath as WeCom's base address.
const WeComPath = "/wecom"

func wecomEndpoints() []*endpoint {
	const get, post = http.MethodGet, http.MethodPost
	return []*endpoint{
		{path: WeComPath + "/cgi-bin/gettoken", method: get, token: agentSecret, serve: (*Simulator).agentToken},
		{path: WeComPath + "/cgi-bin/get_api_domain_ip", method: get, token: appToken, serve: (*Simulator).domainIPs},
		{path: WeComPath + "/cgi-bin/agent/get", method: get, token: appToken, serve: (*Simulator).agentInfo},
		{path: WeComPath + "/cgi-bin/message/send", method: post, token: appToken, serve: (*Simulator).sendApp},
		{path: WeComPath + "/cgi-bin/media/upload", method: post, token: appToken, form: true, most: maxUpload, serve: (*Simulator).weComUpload},
		{path: WeComPath + "/cgi-bin/media/uploadimg", method: post, token: appToken, form: true, most: maxUpload, serve: (*Simulator).weComUploadImage},
		{path: WeComPath + "/cgi-bin/message/recall", method: post, token: appToken, serve: (*Simulator).recallApp},
		{path: WeComPath + "/cgi-bin/message/update_template_card", method: post, token: appToken, serve: (*Simulator).updateCard},
		{path: WeComPath + "/cgi-bin/linkedcorp/message/send", method: post, token: appToken, serve: (*Simulator).sendLinked},
		{path: WeComPath + "/cgi-bin/webhook/send", method: post, token: robotKey, most: robotBody, serve: (*Simulator).sendRobot},
		{path: WeComPath + "/cgi-bin/webhook/upload_media", method: post, token: robotKey, form: true, most: maxUpload, serve: (*Simulator).uploadRobot},
		{path: WeComPath + "/cgi-bin/appchat/create", method: post, token: appToken, serve: (*Simulator).createChat},
		{path: WeComPath + "/cgi-bin/appchat/update", method: post, token: appToken, serve: (*Simulator).changeChat},
		{path: WeComPath + "/cgi-bin/appchat/get", method: get, token: appToken, serve: (*Simulator).readChat},
		{path: WeComPath + "/cgi-bin/appchat/send", method: post, token: appToken, serve: (*Simulator).sendChat},
		{path: WeComPath + "/cgi-bin/auth/getuserinfo", method: get, token: appToken, serve: (*Simulator).webMember},
		{path: WeComPath + "/cgi-bin/user/getuserid", method: post, token: appToken, serve: (*Simulator).memberByMobile},
		{path: WeComPath + "/cgi-bin/user/get", method: get, token: appToken, serve: (*Simulator).readMember},
		{path: WeComPath + "/cgi-bin/user/simplelist", method: get, token: appToken, serve: (*Simulator).listMembers},
		{path: WeComPath + "/cgi-bin/externalcontact/add_msg_template", method: post, token: appToken, serve: (*Simulator).addCustomerTask},
		{path: WeComPath + "/cgi-bin/externalcontact/get_groupmsg_task", method: post, token: appToken, serve: (*Simulator).customerEmployees},
		{path: WeComPath + "/cgi-bin/externalcontact/get_groupmsg_send_result", method: post, token: appToken, serve: (*Simulator).customerResults},
		{path: WeComPath + "/cgi-bin/externalcontact/remind_groupmsg_send", method: post, token: appToken, serve: (*Simulator).remindCustomers},
		{path: WeComPath + "/cgi-bin/externalcontact/cancel_groupmsg_send", method: post, token: appToken, serve: (*Simulator).cancelCustomers},
	}
}

// wecomAnswer words a refusal of WeCom: text, hint, address, where to read on.
func (f *refusal) wecomAnswer(r *http.Request) errorAnswer {
	if f.Code == 47002 { // the other vendor's code for \u escapes
		f = refuse(40033)
	}
	text := f.Text
	if text == "" {
		text = or(wecomTexts[f.Code], "system error")
	}
	return errorAnswer{f.Code, fmt.Sprintf("%s, hint: [%d%015d], from ip: %s, more info at https://open.work.weixin.qq.com/devtool/query?e=%d",
		text, time.Now().Unix(), rand.Int64N(1e15), clientIP(r), f.Code)}
}

// wecomOK begins every good answer of WeCom's.
var wecomOK = errorAnswer{0, "ok"}

// readAgent finds whom a call of WeCom's is for.
func (s *Simulator) readAgent(q *request) {
	if q.endpoint.token == agentSecret {
		q.corp = s.wecom.find(q.URL.Query().Get("corpid"))
		return
	}
	if q.agent = s.wecom.ownerOf(q.token); q.agent != nil {
		q.corp = q.agent.corp
	}
}

const wrongPeriod = time.Hour

// agentToken gives the app's token, the same one until it ends. Wrong secrets
// are counted by the address they come from; too many within an hour, and every
// call from there is refused for the next (wecom 1.2).
func (s *Simulator) agentToken(q *request) (any, *refusal) {
	query, ip := q.URL.Query(), clientIP(q.Request)
	corpID, secret := query.Get("corpid"), query.Get("corpsecret")
	switch {
	case s.wecom.bans(ip, q.now):
		return nil, refuse(45009)
	case corpID == "":
		return nil, refuse(41002)
	case secret == "":
		return nil, refuse(41004)
	case q.corp == nil:
		s.wecom.wrongTry(ip, s.cfg.WrongSecrets, q.now)
		return nil, refuse(40013)
	}
	a := s.wecom.withSecret(secret)
	switch {
	case a == nil || a.shut():
		s.wecom.wrongTry(ip, s.cfg.WrongSecrets, q.now)
		return nil, refuse(40001)
	case a.corp != q.corp:
		s.wecom.wrongTry(ip, s.cfg.WrongSecrets, q.now)
		return nil, refuse(40091)
	}
	return struct {
		errorAnswer
		ownToken
	}{wecomOK, a.mint(s.cfg.TokenLife, q.now)}, nil
}

func (a *agent) shut() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.closed
}

func (a *agent) mint(life time.Duration, now time.Time) ownToken {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !now.Before(a.token.until) {
		a.token = fading{agentToken(a), now.Add(life)}
		a.mints.Add(1)
	}
	return ownToken{a.token.value, seconds(a.token.until.Sub(now))}
}

func (w *wecom) bans(ip string, now time.Time) bool {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return now.Before(w.banned[ip])
}

func (w *wecom) wrongTry(ip string, most int, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.wrong[ip]
	if c == nil {
		c = &counted{}
		w.wrong[ip] = c
	}
	if c.over(most-1, wrongPeriod, now) {
		w.banned[ip] = now.Add(time.Hour)
	}
}

// checkAgent is the check of every call with an app's token.
func (s *Simulator) checkAgent(q *request) *refusal {
	if q.token == "" {
		return refuse(41001)
	}
	a := q.agent
	if a == nil {
		return refuse(40014)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case q.token != a.token.value:
		return refuse(40014)
	case !q.now.Before(a.token.until):
		return refuse(42001)
	case len(a.ips) > 0 && !slices.Contains(a.ips, clientIP(q.Request)):
		return refuse(60020)
	}
	return nil
}

// domainIPs are made-up addresses of the vendor, one as a pattern.
func (s *Simulator) domainIPs(*request) (any, *refusal) {
	return struct {
		errorAnswer
		List []string `json:"ip_list"`
	}{wecomOK, []string{"203.0.113.10", "198.51.100.*"}}, nil
}

// agentInfo shows an app to itself alone.
func (s *Simulator) agentInfo(q *request) (any, *refusal) {
	text := q.URL.Query().Get("agentid")
	id, err := strconv.ParseInt(text, 10, 64)
	switch {
	case strings.TrimSpace(text) == "":
		return nil, refuse(41011)
	case err != nil || q.corp.agent(id) == nil:
		return nil, refuse(40056)
	case id != q.agent.id:
		return nil, refuse(301002)
	}
	close := 0
	if q.agent.shut() {
		close = 1
	}
	return struct {
		errorAnswer
		ID     int64  `json:"agentid"`
		Name   string `json:"name"`
		Logo   string `json:"square_logo_url"`
		About  string `json:"description"`
		Close  int    `json:"close"`
		Domain string `json:"redirect_domain"`
		Home   string `json:"home_url"`
		visible
	}{wecomOK, id, q.agent.name, "", "", close, q.agent.domain, "", q.corp.visible()}, nil
}
