package simulator

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"
)

type customerQuery struct {
	MsgID  string `json:"msgid"`
	UserID string `json:"userid"`
	Limit  int    `json:"limit"`
	Cursor string `json:"cursor"`
}

// customerTask reads a query about a task. The caller holds the lock.
func (q *request) customerTask() (m customerQuery, t *CustomerTask, fail *refusal) {
	if err := json.Unmarshal(q.body, &m); err != nil {
		return m, nil, refuse(40058)
	}
	t = q.corp.tasks.byID[m.MsgID]
	return m, t, first(codeIf(q.agent.noCustomers, 84074), codeIf(m.MsgID == "", 41046), codeIf(t == nil, 41047), codeIf(m.Limit < 0 || m.Limit > 1000, 40035))
}

// part is a page of a list.
func part[T any](all []T, m customerQuery) (page []T, next string) {
	from, _ := strconv.Atoi(m.Cursor)
	limit := m.Limit
	if limit == 0 {
		limit = 500
	}
	from = min(from, len(all))
	to := min(from+limit, len(all))
	if to < len(all) {
		next = strconv.Itoa(to)
	}
	return all[from:to], next
}

type customerEmployee struct {
	UserID string `json:"userid"`
	Status int    `json:"status"`
	At     int64  `json:"send_time,omitempty"`
}

// customerEmployees is externalcontact/get_groupmsg_task.
func (s *Simulator) customerEmployees(q *request) (any, *refusal) {
	all := &q.corp.tasks
	all.mu.Lock()
	defer all.mu.Unlock()
	m, t, fail := q.customerTask()
	if fail = first(fail, codeIf(t != nil && q.now.Sub(t.At) < dispatchFor, 41063), codeIf(t != nil && t.Canceled, 41093)); fail != nil {
		return nil, fail
	}
	var list []customerEmployee
	for _, id := range slices.Sorted(maps.Keys(t.To)) {
		e := customerEmployee{UserID: id}
		if at, ok := t.Sent[id]; ok {
			e.Status, e.At = 2, at.Unix()
		}
		list = append(list, e)
	}
	page, next := part(list, m)
	return struct {
		errorAnswer
		Next string             `json:"next_cursor"`
		List []customerEmployee `json:"task_list"`
	}{wecomOK, next, page}, nil
}

type customerResult struct {
	Customer string `json:"external_userid,omitempty"`
	ChatID   string `json:"chat_id,omitempty"`
	UserID   string `json:"userid"`
	Status   int    `json:"status"`
	At       int64  `json:"send_time,omitempty"`
}

// customerResults is externalcontact/get_groupmsg_send_result.
func (s *Simulator) customerResults(q *request) (any, *refusal) {
	all := &q.corp.tasks
	all.mu.Lock()
	defer all.mu.Unlock()
	m, t, fail := q.customerTask()
	if fail = first(fail, codeIf(t != nil && m.UserID == "", 41009), codeIf(t != nil && t.To[m.UserID] == nil, 40003)); fail != nil {
		return nil, fail
	}
	at, sent := t.Sent[m.UserID]
	var list []customerResult
	for _, id := range t.To[m.UserID] {
		r := customerResult{UserID: m.UserID, Customer: id}
		if slices.Contains(q.corp.profile.CustomerChats[m.UserID], id) {
			r.Customer, r.ChatID = "", id
		}
		switch {
		case sent && slices.Contains(q.corp.profile.Lost, id):
			r.Status = 2
		case sent && all.over(id, t):
			r.Status = 3
		case sent:
			r.Status, r.At = 1, at.Unix()
		}
		list = append(list, r)
	}
	page, next := part(list, m)
	return struct {
		errorAnswer
		Next string           `json:"next_cursor"`
		List []customerResult `json:"send_list"`
	}{wecomOK, next, page}, nil
}

// over: the customer had as many as a month has days, without this one.
func (c *customerTasks) over(id string, t *CustomerTask) bool {
	n := 0
	for _, at := range c.got[id] {
		if at.Before(t.At) && t.At.Sub(at) < 31*24*time.Hour {
			n++
		}
	}
	return n >= massPerMonth
}

// remindCustomers is externalcontact/remind_groupmsg_send.
func (s *Simulator) remindCustomers(q *request) (any, *refusal) {
	all := &q.corp.tasks
	all.mu.Lock()
	defer all.mu.Unlock()
	_, t, fail := q.customerTask()
	if fail = first(fail, codeIf(t != nil && t.Canceled, 41093), codeIf(t != nil && t.Reminded >= remindsPerTask, 41094)); fail != nil {
		return nil, fail
	}
	t.Reminded++
	return wecomOK, nil
}

// cancelCustomers is externalcontact/cancel_groupmsg_send.
func (s *Simulator) cancelCustomers(q *request) (any, *refusal) {
	all := &q.corp.tasks
	all.mu.Lock()
	defer all.mu.Unlock()
	_, t, fail := q.customerTask()
	if fail = first(fail, codeIf(t != nil && t.Canceled, 41093)); fail != nil {
		return nil, fail
	}
	t.Canceled = true
	return wecomOK, nil
}
