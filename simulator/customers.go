package simulator

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// CustomerTask is a mass message to customers that an app asked for (wecom 5).
type CustomerTask struct {
	MsgID    string
	At       time.Time
	Body     json.RawMessage
	To       map[string][]string // customers or chats of each employee who has the task
	Sent     map[string]time.Time
	Canceled bool
	Reminded int
}

// customerTasks are a company's.
type customerTasks struct {
	mu    sync.Mutex
	byID  map[string]*CustomerTask
	order []*CustomerTask
	got   map[string][]time.Time // mass messages by customer
}

const (
	// dispatchFor is how long a task is handed on before it can be asked for.
	dispatchFor    = 500 * time.Millisecond
	remindsPerTask = 3
	massPerMonth   = 28 // the fewest days a month has
)

type customerBody struct {
	ChatType  string   `json:"chat_type"`
	Customers []string `json:"external_userid"`
	Chats     []string `json:"chat_id_list"`
	Filter    *struct {
		Groups []struct {
			Tags []string `json:"tag_list"`
		} `json:"group_list"`
	} `json:"tag_filter"`
	Sender      string `json:"sender"`
	AllowSelect bool   `json:"allow_select"`
	Text        struct {
		Content string `json:"content"`
	} `json:"text"`
	Attachments []map[string]json.RawMessage `json:"attachments"`
}

// addCustomerTask is externalcontact/add_msg_template.
func (s *Simulator) addCustomerTask(q *request) (any, *refusal) {
	var b customerBody
	if err := json.Unmarshal(q.body, &b); err != nil {
		return nil, refuse(40058)
	}
	if fail := first(codeIf(q.agent.noCustomers, 84074), b.refuses(), s.holds(q, b.files())); fail != nil {
		return nil, fail
	}
	to, not := b.audience(&q.corp.profile)
	if len(to) == 0 {
		return nil, refuse(41048)
	}
	t := &CustomerTask{MsgID: "msg" + word(28), At: q.now, Body: slices.Clone(q.body), To: to, Sent: map[string]time.Time{}}
	all := &q.corp.tasks
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.byID == nil {
		all.byID, all.got = map[string]*CustomerTask{}, map[string][]time.Time{}
	}
	all.byID[t.MsgID] = t
	all.order = append(all.order, t)
	return struct {
		errorAnswer
		Not   []string `json:"fail_list"`
		MsgID string   `json:"msgid"`
	}{wecomOK, not, t.MsgID}, nil
}

func (b *customerBody) refuses() *refusal {
	group := b.ChatType == "group"
	fail := first(codeIf(!group && b.ChatType != "" && b.ChatType != "single", 40035), codeIf(len(b.Customers) > 10_000 || len(b.Chats) > 2000, 40032),
		codeIf(group && b.Sender == "", 41009), codeIf(!group && b.Sender == "" && len(b.Customers) == 0 && b.Filter == nil, 40035),
		codeIf(b.Text.Content == "" && len(b.Attachments) == 0, 40035), codeIf(len(b.Text.Content) > 4000, 45002), codeIf(len(b.Attachments) > 9, 41064))
	for _, a := range b.Attachments {
		kind, m, ok := attached(a)
		fail = first(fail, codeIf(!ok, 40008), m.refuses(kind))
	}
	return fail
}

// attachment is any of them: which fields count, its type says.
type attachment struct {
	ID      string `json:"media_id"`
	Picture string `json:"pic_url"`
	Title   string `json:"title"`
	URL     string `json:"url"`
	Cover   string `json:"pic_media_id"`
	AppID   string `json:"appid"`
	Page    string `json:"page"`
}

func attached(a map[string]json.RawMessage) (kind string, m attachment, ok bool) {
	kind = strings.Trim(string(a["msgtype"]), `"`)
	ok = a[kind] != nil && json.Unmarshal(a[kind], &m) == nil
	return kind, m, ok
}

func (m attachment) refuses(kind string) *refusal {
	switch kind {
	case "image":
		return codeIf(m.ID == "" && m.Picture == "", 41006)
	case "video", "file":
		return codeIf(m.ID == "", 41006)
	case "link":
		return first(codeIf(m.Title == "", 41016), codeIf(!strings.HasPrefix(m.URL, "http"), 40094))
	case "miniprogram":
		return first(codeIf(m.Title == "" || len(m.Title) > 64, 41016), codeIf(m.Cover == "", 41006), codeIf(m.AppID == "" || m.Page == "", 40035))
	}
	return refuse(40008)
}

// files are those that the attachments name.
func (b *customerBody) files() (files []appFile) {
	for _, a := range b.Attachments {
		switch kind, m, _ := attached(a); kind {
		case "image", "video", "file":
			files = append(files, appFile{m.ID, kind})
		case "miniprogram":
			files = append(files, appFile{m.Cover, "image"})
		}
	}
	return files
}

// audience parts the customers among the employees: each to one of those who
// have the customer.
func (b *customerBody) audience(c *Corp) (to map[string][]string, not []string) {
	to, not = map[string][]string{}, []string{}
	if b.ChatType == "group" {
		chats := c.CustomerChats[b.Sender]
		for _, id := range b.Chats {
			if !slices.Contains(chats, id) {
				not = append(not, id)
			}
		}
		for _, id := range chats {
			if len(b.Chats) == 0 || slices.Contains(b.Chats, id) {
				to[b.Sender] = append(to[b.Sender], id)
			}
		}
		return to, not
	}
	owner := map[string]string{}
	for _, employee := range slices.Sorted(maps.Keys(c.Customers)) {
		for _, id := range c.Customers[employee] {
			if owner[id] == "" && (b.Sender == "" || b.Sender == employee) {
				owner[id] = employee
			}
		}
	}
	wanted := b.Customers
	if len(wanted) == 0 {
		wanted = slices.Sorted(maps.Keys(owner))
		if b.Filter != nil {
			wanted = slices.DeleteFunc(wanted, func(id string) bool { return !b.tagged(c, id) })
		}
	}
	for _, id := range wanted {
		if owner[id] == "" {
			not = append(not, id)
			continue
		}
		to[owner[id]] = append(to[owner[id]], id)
	}
	return to, not
}

// tagged: one of each group of tags.
func (b *customerBody) tagged(c *Corp, id string) bool {
	for _, g := range b.Filter.Groups {
		if !slices.ContainsFunc(g.Tags, func(tag string) bool { return slices.Contains(c.CustomerTags[tag], id) }) {
			return false
		}
	}
	return true
}

// SendToCustomers is an employee pressing "send"; false: there is no such task of
// the employee's.
func (s *Simulator) SendToCustomers(corpID, msgID, userID string) bool {
	c := s.wecom.find(corpID)
	if c == nil {
		return false
	}
	c.tasks.mu.Lock()
	defer c.tasks.mu.Unlock()
	t := c.tasks.byID[msgID]
	if t == nil || t.To[userID] == nil || t.Canceled {
		return false
	}
	now := time.Now()
	t.Sent[userID] = now
	for _, id := range t.To[userID] {
		c.tasks.got[id] = append(c.tasks.got[id], now)
	}
	return true
}

// CustomerTasks are the mass messages to customers of a company, oldest first.
func (s *Simulator) CustomerTasks(corpID string) []CustomerTask {
	c := s.wecom.find(corpID)
	if c == nil {
		return nil
	}
	c.tasks.mu.Lock()
	defer c.tasks.mu.Unlock()
	all := make([]CustomerTask, len(c.tasks.order))
	for i, t := range c.tasks.order {
		all[i] = *t
		all[i].Sent = maps.Clone(t.Sent)
	}
	return all
}

func (s *Simulator) controlCustomersSent(w http.ResponseWriter, r *http.Request) {
	var m struct {
		CorpID string `json:"corp_id"`
		MsgID  string `json:"msgid"`
		UserID string `json:"userid"`
	}
	err := read(w, r, &m)
	if err == nil && !s.SendToCustomers(m.CorpID, m.MsgID, m.UserID) {
		err = errors.New("the employee has no such task, or it was canceled")
	}
	reply(w, done, err)
}
