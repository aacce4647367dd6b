package simulator

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Confirmation is a person's answer on the page of a one-time subscription.
type Confirmation struct {
	Link   string `json:"link"` // as it was given to the person, #wechat_redirect included
	OpenID string `json:"openid"`
	Action string `json:"action"`          // confirm or cancel
	Slash  bool   `json:"slash,omitempty"` // return to redirect_url/?..., as the page of the documentation writes it
}

// Confirm checks the link as WeChat does, takes the answer, and gives where the
// browser is sent: with the person's openid only if confirmed (messages 4.1).
func (s *Simulator) Confirm(c Confirmation) (location string, err error) {
	a, q, err := s.checkConfirm(c.Link)
	if err != nil {
		return "", err
	}
	scene, _ := strconv.Atoi(q.Get("scene")) // checked
	answer := Subscription{OpenID: c.OpenID, TemplateID: q.Get("template_id"), Scene: &scene}
	back := url.Values{"template_id": {q.Get("template_id")}, "action": {c.Action}, "scene": {q.Get("scene")}, "reserved": {q.Get("reserved")}}
	switch c.Action {
	case "confirm":
		back.Set("openid", c.OpenID)
	case "cancel":
		answer.Action = "reject"
	default:
		return "", fmt.Errorf("action %q: use confirm or cancel", c.Action)
	}
	if err := a.confirm(answer); err != nil {
		return "", err
	}
	to, _ := url.Parse(q.Get("redirect_url")) // checked
	if c.Slash && !strings.HasSuffix(to.Path, "/") {
		to.Path += "/"
	}
	if to.RawQuery != "" {
		to.RawQuery += "&"
	}
	to.RawQuery += back.Encode()
	return to.String(), nil
}

var confirmParams = []string{"action", "appid", "scene", "template_id", "redirect_url", "reserved"}

func (s *Simulator) checkConfirm(link string) (*account, url.Values, error) {
	u, err := url.Parse(link)
	if err != nil || u.Path != "/mp/subscribemsg" || u.Fragment != "wechat_redirect" {
		return nil, nil, errors.New("the link is no page of a one-time subscription, or lacks #wechat_redirect")
	}
	q := u.Query()
	for name, values := range q {
		if !slices.Contains(confirmParams, name) || len(values) != 1 {
			return nil, nil, fmt.Errorf("parameter %s is not documented, or there more than once", name)
		}
	}
	a := s.world.find(q.Get("appid"))
	scene, notNumber := strconv.Atoi(q.Get("scene"))
	reserved := q.Get("reserved")
	switch {
	case q.Get("action") != "get_confirm":
		return nil, nil, errors.New("action must be get_confirm")
	case a == nil || a.profile.MiniProgram || a.profile.MobileApp:
		return nil, nil, errors.New("appid is no Official Account")
	case notNumber != nil || scene < 0 || scene > maxScene:
		return nil, nil, fmt.Errorf("scene must be 0 to %d", maxScene)
	case a.profile.OneTime == "" || q.Get("template_id") != a.profile.OneTime:
		return nil, nil, errors.New("template_id is not the account's for one-time subscriptions")
	case len(reserved) > 128 || strings.ContainsFunc(reserved, func(c rune) bool { return !strings.ContainsRune(alphanumeric, c) }):
		return nil, nil, errors.New("reserved must be letters and digits, at most 128")
	}
	return a, q, a.leadsBack(q.Get("redirect_url"))
}

// leadsBack compares bare hosts, as the console's business domains hold no port.
func (a *account) leadsBack(address string) error {
	to, err := url.Parse(address)
	if err != nil || to.Host == "" || to.Scheme != "http" && to.Scheme != "https" {
		return errors.New("redirect_url is no address")
	}
	if len(a.profile.Domains) > 0 && !slices.Contains(a.profile.Domains, to.Hostname()) {
		return fmt.Errorf("redirect_url leads to %s, which is no business domain (业务域名) of the account", to.Hostname())
	}
	return nil
}

func (s *Simulator) controlConfirm(w http.ResponseWriter, r *http.Request) {
	var c Confirmation
	err := read(w, r, &c)
	location := ""
	if err == nil {
		location, err = s.Confirm(c)
	}
	reply(w, map[string]string{"location": location}, err)
}

// confirmLink is the address that a browser opened; it keeps the fragment to itself.
func confirmLink(r *http.Request) string {
	return "https://mp.weixin.qq.com" + r.URL.RequestURI() + "#wechat_redirect"
}

// openConfirm shows the page; a person chooses who it is.
func (s *Simulator) openConfirm(w http.ResponseWriter, r *http.Request) {
	a, q, err := s.checkConfirm(confirmLink(r))
	if err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	render(w, "confirm", struct {
		Account Account
		Scene   string
		Action  string
	}{a.profile, q.Get("scene"), r.URL.RequestURI()})
}

func (s *Simulator) submitConfirm(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxRequestBody)
	to, err := s.Confirm(Confirmation{Link: confirmLink(r), OpenID: r.PostFormValue("openid"), Action: r.PostFormValue("do")})
	if err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	http.Redirect(w, r, to, http.StatusFound)
}
