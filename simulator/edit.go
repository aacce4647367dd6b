package simulator

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
)

// Edit changes what the owner of an account, or of an app of a company, can
// change in its console. nil leaves a member alone.
type Edit struct {
	AppID   string    `json:"appid,omitempty"`
	CorpID  string    `json:"corp_id,omitempty"`
	AgentID int64     `json:"agent_id,omitempty"`
	Secret  *string   `json:"secret,omitempty"` // a reset ends no token that was given
	IPList  *[]string `json:"ip_list,omitempty"`
	Frozen  *bool     `json:"frozen,omitempty"` // an account's secret
	Closed  *bool     `json:"closed,omitempty"` // an app
	Revoke  bool      `json:"revoke,omitempty"` // ends the tokens that were had with the secret, which the vendor may do at any time
}

// Edit changes an account or an app.
func (s *Simulator) Edit(e Edit) error {
	if e.IPList != nil {
		if err := checkIPs(*e.IPList); err != nil {
			return err
		}
	}
	if e.CorpID != "" {
		return s.editAgent(e)
	}
	a := s.world.find(e.AppID)
	if a == nil {
		return noAccount(e.AppID)
	}
	if e.AgentID != 0 || e.Closed != nil {
		return errors.New("agent_id and closed are of an app of WeCom: give its corp_id, or leave them out")
	}
	a.own.edit(e)
	return nil
}

func (o *own) edit(e Edit) {
	o.mu.Lock()
	defer o.mu.Unlock()
	set(&o.secret, e.Secret)
	set(&o.ips, e.IPList)
	set(&o.frozen, e.Frozen)
	if e.Revoke {
		o.stable, o.stablePrevious, o.plain, o.plainPrevious = fading{}, fading{}, fading{}, fading{}
	}
}

func (s *Simulator) editAgent(e Edit) error {
	c := s.wecom.find(e.CorpID)
	if c == nil {
		return fmt.Errorf("no company %q in the simulated world; add it first", e.CorpID)
	}
	a := c.agent(e.AgentID)
	if a == nil {
		return fmt.Errorf("company %q has no agent %d", e.CorpID, e.AgentID)
	}
	if e.AppID != "" || e.Frozen != nil {
		return errors.New("appid and frozen are of an account: leave out corp_id, or them")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	set(&a.secret, e.Secret)
	set(&a.ips, e.IPList)
	set(&a.closed, e.Closed)
	if e.Revoke {
		a.token = fading{}
	}
	return nil
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

func checkIPs(list []string) error {
	for _, ip := range list {
		if _, err := netip.ParseAddr(ip); err != nil {
			return fmt.Errorf("ip_list: %q is no address, write one such as 203.0.113.7", ip)
		}
	}
	return nil
}

// clientIP is the address that the vendor sees; a pipe has none.
func clientIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return "203.0.113.7"
	}
	return host
}
