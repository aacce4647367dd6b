package simulator

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Corp is a company on WeCom with its own apps.
type Corp struct {
	CorpID string  `json:"corp_id"` // ww…
	Name   string  `json:"name,omitempty"`
	Agents []Agent `json:"agents"`

	// Whom the apps may see (可见范围): userids, and the members of departments and tags by number.
	Members []string            `json:"members,omitempty"`
	Parties map[string][]string `json:"parties,omitempty"`
	Tags    map[string][]string `json:"tags,omitempty"`
	// Unlicensed are members without a licence for calls.
	Unlicensed []string `json:"unlicensed,omitempty"`
	// Linked are members of other companies (互联企业) that the apps may see, as CorpId/UserId, and LinkedParties those of
	// departments, by LinkedId/PartyId.
	Linked        []string            `json:"linked,omitempty"`
	LinkedParties map[string][]string `json:"linked_parties,omitempty"`
	// Accounts is the ceiling of the company's accounts: each app may send to 200 members a day for each; 0 is no bound.
	Accounts int `json:"accounts,omitempty"`

	Webhooks []Webhook `json:"webhooks,omitempty"` // of its group chats

	// Customers are external userids, and CustomerChats chats of such, by the employee who has them; CustomerTags are
	// customers by tag; Lost are those who are no friends any more.
	Customers     map[string][]string `json:"customers,omitempty"`
	CustomerChats map[string][]string `json:"customer_chats,omitempty"`
	CustomerTags  map[string][]string `json:"customer_tags,omitempty"`
	Lost          []string            `json:"lost,omitempty"`

	Mobiles map[string]string `json:"mobiles,omitempty"` // userids by mobile number
}

// Agent is one app of a company.
type Agent struct {
	AgentID int64    `json:"agent_id"`
	Name    string   `json:"name,omitempty"`
	Secret  string   `json:"secret"`
	IPList  []string `json:"ip_list,omitempty"` // addresses it trusts (企业可信IP); none = every one, as apps made before June 2022
	Closed  bool     `json:"closed,omitempty"`
	// Receives: it has an address for pushes although no console was entered, so that it may send cards that call back.
	Receives bool   `json:"receives,omitempty"`
	Domain   string `json:"domain,omitempty"` // where its pages are (可信域名); none = anywhere
	// NoCustomers: it is not on the list of apps that may call for customers.
	NoCustomers bool `json:"no_customers,omitempty"`
	Narrow      bool `json:"narrow,omitempty"` // it does not see the root department, without which it has no chats
}

// corp is a company of the world.
type corp struct {
	profile Corp // without agents
	calls   []atomic.Uint32
	robots  map[string]*robot // by key
	chats   appChats
	tasks   customerTasks
	mobiles mobiles

	mu     sync.RWMutex
	agents map[int64]*agent
}

type agent struct {
	index int
	corp  *corp
	id    int64
	name  string
	mints atomic.Uint32

	narrow, noCustomers bool
	domain              string

	mu     sync.Mutex
	secret string
	ips    []string
	closed bool
	// receives never changes
	receives bool
	token    fading
	sent     appLedger
}

// wecom is all companies, and who asked for tokens with a wrong secret.
type wecom struct {
	mu     sync.RWMutex
	corps  map[string]*corp
	order  []*corp
	agents []*agent
	wrong  map[string]*counted  // by address
	banned map[string]time.Time // until when
}

const agentMark = "WK_"

// AddCorp puts companies into the world. A corp id that is there already, or
// two apps with one agent id, are errors and change nothing.
func (s *Simulator) AddCorp(corps ...Corp) error {
	for _, c := range corps {
		if err := c.check(); err != nil {
			return err
		}
		if !s.wecom.add(c, len(s.list)) {
			return fmt.Errorf("corp %q exists already; use another corp_id", c.CorpID)
		}
	}
	return nil
}

func (c Corp) check() error {
	if c.CorpID == "" {
		return fmt.Errorf("corp: corp_id must not be empty")
	}
	seen := map[int64]bool{}
	for _, a := range c.Agents {
		if a.AgentID <= 0 || a.Secret == "" {
			return fmt.Errorf("corp %q: each agent needs an agent_id above 0 and a secret", c.CorpID)
		}
		if seen[a.AgentID] {
			return fmt.Errorf("corp %q: agent_id %d is there twice", c.CorpID, a.AgentID)
		}
		if err := checkIPs(a.IPList); err != nil {
			return fmt.Errorf("corp %q: %w", c.CorpID, err)
		}
		seen[a.AgentID] = true
	}
	return nil
}

func (w *wecom) add(p Corp, counters int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.corps[p.CorpID] != nil {
		return false
	}
	c := &corp{profile: p, calls: make([]atomic.Uint32, counters), agents: map[int64]*agent{}, robots: p.robots()}
	c.profile.Agents = nil
	for _, a := range p.Agents {
		made := &agent{receives: a.Receives, index: len(w.agents), corp: c, id: a.AgentID, name: a.Name, secret: a.Secret, ips: a.IPList, closed: a.Closed, narrow: a.Narrow, noCustomers: a.NoCustomers, domain: a.Domain}
		c.agents[a.AgentID] = made
		w.agents = append(w.agents, made)
	}
	w.corps[p.CorpID] = c
	w.order = append(w.order, c)
	return true
}

func (w *wecom) find(corpID string) *corp {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.corps[corpID]
}

func (w *wecom) all() []*corp {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.order[:len(w.order):len(w.order)]
}

func (c *corp) agent(id int64) *agent {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.agents[id]
}

// withSecret finds the app of a secret in any company.
func (w *wecom) withSecret(secret string) *agent {
	w.mu.RLock()
	defer w.mu.RUnlock()
	for _, a := range w.agents {
		a.mu.Lock()
		same := a.secret == secret
		a.mu.Unlock()
		if same {
			return a
		}
	}
	return nil
}

// ownerOf finds the app a token was made for, also when it is no longer good.
func (w *wecom) ownerOf(token string) *agent {
	rest, ok := strings.CutPrefix(token, agentMark)
	number, _, cut := strings.Cut(rest, "-")
	i, err := strconv.ParseInt(number, 36, 32)
	w.mu.RLock()
	defer w.mu.RUnlock()
	if !ok || !cut || err != nil || i < 0 || int(i) >= len(w.agents) {
		return nil
	}
	return w.agents[i]
}

func agentToken(a *agent) string {
	return agentMark + strconv.FormatInt(int64(a.index), 36) + "-" + word(150)
}
