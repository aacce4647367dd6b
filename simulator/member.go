package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// memberLink is the order of the parameters of WeCom's page (wecom 7.1).
var memberLink = []string{"appid", "redirect_uri", "response_type", "scope", "state", "agentid"}

// checkLink holds a link of WeCom's page to its rules.
func (c *corp) checkLink(names []string, q url.Values) error {
	id, err := strconv.ParseInt(q.Get("agentid"), 10, 64)
	to, bad := url.Parse(q.Get("redirect_uri"))
	state := q.Get("state")
	switch {
	case !slices.Equal(names, memberLink):
		return fmt.Errorf("the parameters are %v, which is not the documented order", names)
	case err != nil || c.agent(id) == nil:
		return errors.New("agentid is no app of the company")
	case q.Get("response_type") != "code" || q.Get("scope") != "snsapi_base" && q.Get("scope") != "snsapi_privateinfo":
		return errors.New("scope must be snsapi_base or snsapi_privateinfo")
	case bad != nil || to.Host == "" || c.agent(id).domain != "" && to.Host != c.agent(id).domain:
		return errors.New("50001: redirect_uri 与配置的可信域名不一致")
	case len(state) > 128 || strings.ContainsFunc(state, func(r rune) bool { return !strings.ContainsRune(alphanumeric, r) }):
		return errors.New("state must be letters and digits, at most 128")
	}
	return nil
}

// webMember is auth/getuserinfo: a member, one of a linked company, or somebody else.
func (s *Simulator) webMember(q *request) (any, *refusal) {
	code := q.URL.Query().Get("code")
	v, fail := s.visits.take(code, func(c *visitCode) bool { return c.appID == q.corp.profile.CorpID }, q.now)
	if fail != nil {
		return nil, refuse(40029)
	}
	out := map[string]any{"errcode": 0, "errmsg": "ok"}
	switch {
	case q.corp.has(v.openID):
		out["userid"] = v.openID
	case slices.Contains(q.corp.profile.Linked, v.openID):
		out["userid"] = v.openID
	default:
		out["openid"] = v.openID
	}
	return out, nil
}

// mobiles are a company's members by number, and who asked for wrong ones.
type mobiles struct {
	mu      sync.Mutex
	wrong   counted
	blocked time.Time // until when
}

const usualLimit = 200 // of members, of a company that is not verified

// memberByMobile is user/getuserid. When a fifth of the company's limit was
// asked for in vain, nobody is found for a day.
func (s *Simulator) memberByMobile(q *request) (any, *refusal) {
	var m struct {
		Mobile string `json:"mobile"`
	}
	if err := json.Unmarshal(q.body, &m); err != nil || len(m.Mobile) < 5 || len(m.Mobile) > 32 {
		return nil, refuse(40035)
	}
	c := q.corp
	c.mobiles.mu.Lock()
	defer c.mobiles.mu.Unlock()
	if q.now.Before(c.mobiles.blocked) {
		return nil, refuse(45009)
	}
	if id := c.profile.Mobiles[m.Mobile]; id != "" {
		return struct {
			errorAnswer
			ID string `json:"userid"`
		}{wecomOK, id}, nil
	}
	if limit := max(c.profile.Accounts, usualLimit); c.mobiles.wrong.over(limit/5, 24*time.Hour, q.now) {
		c.mobiles.blocked = q.now.Add(24 * time.Hour)
	}
	return nil, refuse(46004)
}

// readMember is user/get.
func (s *Simulator) readMember(q *request) (any, *refusal) {
	id := q.URL.Query().Get("userid")
	if fail := first(codeIf(id == "", 41009), codeIf(!q.corp.has(id), 60111)); fail != nil {
		return nil, fail
	}
	i := slices.IndexFunc(q.corp.profile.Members, func(m string) bool { return strings.EqualFold(m, id) })
	id = q.corp.profile.Members[i]
	return struct {
		errorAnswer
		ID     string `json:"userid"`
		Name   string `json:"name"`
		Status int    `json:"status"`
	}{wecomOK, id, id, 1}, nil
}

// listMembers is user/simplelist.
func (s *Simulator) listMembers(q *request) (any, *refusal) {
	list, ok := q.corp.profile.Parties[q.URL.Query().Get("department_id")]
	if !ok {
		return nil, refuse(60011)
	}
	type member struct {
		ID   string `json:"userid"`
		Name string `json:"name"`
	}
	all := []member{}
	for _, id := range list {
		all = append(all, member{id, id})
	}
	return struct {
		errorAnswer
		List []member `json:"userlist"`
	}{wecomOK, all}, nil
}

// visible is whom the apps of the company may see, as agent/get tells it.
type visible struct {
	Users struct {
		List []map[string]string `json:"user"`
	} `json:"allow_userinfos"`
	Parties struct {
		IDs []int64 `json:"partyid"`
	} `json:"allow_partys"`
	Tags struct {
		IDs []int64 `json:"tagid"`
	} `json:"allow_tags"`
}

func (c *corp) visible() (v visible) {
	inside := map[string]bool{}
	for _, number := range slices.Sorted(maps.Keys(c.profile.Parties)) {
		if id, err := strconv.ParseInt(number, 10, 64); err == nil {
			v.Parties.IDs = append(v.Parties.IDs, id)
		}
		for _, m := range c.profile.Parties[number] {
			inside[m] = true
		}
	}
	for _, number := range slices.Sorted(maps.Keys(c.profile.Tags)) {
		if id, err := strconv.ParseInt(number, 10, 64); err == nil {
			v.Tags.IDs = append(v.Tags.IDs, id)
		}
		for _, m := range c.profile.Tags[number] {
			inside[m] = true
		}
	}
	for _, m := range c.profile.Members {
		if !inside[m] {
			v.Users.List = append(v.Users.List, map[string]string{"userid": m})
		}
	}
	return v
}
