package simulator

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// AppChat is a group chat that an app made, and what came to it (wecom 6.1).
type AppChat struct {
	ChatID  string        `json:"chatid"`
	Name    string        `json:"name"`
	Owner   string        `json:"owner"`
	Members []string      `json:"userlist"`
	AgentID int64         `json:"-"` // of the app that made it
	Sends   []AppChatSend `json:"-"` // the last 10,000
}

// AppChatSend is one message to a chat.
type AppChatSend struct {
	At      time.Time       `json:"at"`
	Dropped []string        `json:"dropped"` // members over 200 a minute or 10,000 a day: nobody was told
	Body    json.RawMessage `json:"body"`
}

// appChats are a company's.
type appChats struct {
	mu      sync.Mutex
	byID    map[string]*AppChat
	made    counted
	changed counted
	quota   map[chatMember]*chatQuota
}

type chatMember struct {
	agent  int64
	member string
}

type chatQuota struct{ minute, day counted }

const (
	chatsPerDay       = 1000
	chatChangesHour   = 1000
	chatMemberMinute  = 200
	chatMemberDay     = 10_000
	chatSendsKept     = 10_000
	chatMembersLeast  = 2
	chatMembersMost   = 2000
	chatNameMost      = 50
	chatIDMost        = 32
	chatMemberUnknown = 86216
)

// AppChat gives a chat of a company; ok is false if there is none.
func (s *Simulator) AppChat(corpID, chatID string) (c AppChat, ok bool) {
	corp := s.wecom.find(corpID)
	if corp == nil {
		return c, false
	}
	corp.chats.mu.Lock()
	defer corp.chats.mu.Unlock()
	found := corp.chats.byID[chatID]
	if found == nil {
		return c, false
	}
	c = *found
	c.Members, c.Sends = slices.Clone(c.Members), slices.Clone(c.Sends)
	return c, true
}

func (s *Simulator) controlChatSends(w http.ResponseWriter, r *http.Request) {
	c, ok := s.AppChat(r.URL.Query().Get("corp_id"), r.URL.Query().Get("chatid"))
	if !ok {
		reply(w, nil, errors.New("there is no such chat: give corp_id, and chatid as appchat/create answered it"))
		return
	}
	reply(w, c.Sends, nil)
}

// rooted holds an app to what all these calls need.
func (q *request) rooted() *refusal { return codeIf(q.agent.narrow, 48002) }

func isAppChatID(id string) bool {
	return len(id) <= chatIDMost && !strings.ContainsFunc(id, func(c rune) bool { return !strings.ContainsRune(alphanumeric, c) })
}

func (c *corp) knows(ids ...string) bool {
	return !slices.ContainsFunc(ids, func(id string) bool { return !c.has(id) })
}

func (c *corp) has(id string) bool { return among(c.profile.Members, id) }

// among looks a userid up, which is the same in either case.
func among(ids []string, id string) bool {
	return slices.ContainsFunc(ids, func(m string) bool { return strings.EqualFold(m, id) })
}

func cutRunes(s string, most int) string {
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most])
	}
	return s
}

// createChat is appchat/create.
func (s *Simulator) createChat(q *request) (any, *refusal) {
	var c AppChat
	if err := json.Unmarshal(q.body, &c); err != nil {
		return nil, refuse(40058)
	}
	chats := &q.corp.chats
	chats.mu.Lock()
	defer chats.mu.Unlock()
	fail := first(q.rooted(), codeIf(!isAppChatID(c.ChatID), 86001), codeIf(len(c.Members) < chatMembersLeast || len(c.Members) > chatMembersMost, 86006),
		codeIf(!q.corp.knows(c.Members...), 86007), codeIf(c.Owner != "" && !among(c.Members, c.Owner), 86207), codeIf(chats.byID[c.ChatID] != nil, 86215))
	if fail == nil {
		fail = codeIf(chats.made.over(chatsPerDay, 24*time.Hour, q.now), 45009)
	}
	if fail != nil {
		return nil, fail
	}
	c.ChatID, c.Owner, c.Name = or(c.ChatID, word(24)), or(c.Owner, c.Members[0]), cutRunes(c.Name, chatNameMost)
	c.AgentID = q.agent.id
	if chats.byID == nil {
		chats.byID = map[string]*AppChat{}
	}
	chats.byID[c.ChatID] = &c
	return struct {
		errorAnswer
		ID string `json:"chatid"`
	}{wecomOK, c.ChatID}, nil
}

// chatOf finds a chat that the app may use. The caller holds the lock.
func (q *request) chatOf(id string) (*AppChat, *refusal) {
	c := q.corp.chats.byID[id]
	return c, first(q.rooted(), codeIf(id == "", 86001), codeIf(c == nil, 40050), codeIf(c != nil && c.AgentID != q.agent.id, 86008))
}

// changeChat is appchat/update.
func (s *Simulator) changeChat(q *request) (any, *refusal) {
	var u struct {
		ChatID string   `json:"chatid"`
		Name   string   `json:"name"`
		Owner  string   `json:"owner"`
		Add    []string `json:"add_user_list"`
		Del    []string `json:"del_user_list"`
	}
	if err := json.Unmarshal(q.body, &u); err != nil {
		return nil, refuse(40058)
	}
	chats := &q.corp.chats
	chats.mu.Lock()
	defer chats.mu.Unlock()
	c, fail := q.chatOf(u.ChatID)
	if fail != nil {
		return nil, fail
	}
	left := slices.DeleteFunc(slices.Clone(c.Members), func(id string) bool { return among(u.Del, id) })
	for _, id := range u.Add {
		if !among(left, id) {
			left = append(left, id)
		}
	}
	owner := or(u.Owner, c.Owner)
	fail = first(codeIf(!q.corp.knows(u.Add...), chatMemberUnknown), codeIf(len(left) < chatMembersLeast || len(left) > chatMembersMost, 86006),
		codeIf(!among(left, owner), 86207))
	if fail == nil {
		fail = codeIf(chats.changed.over(chatChangesHour, time.Hour, q.now), 45009)
	}
	if fail != nil {
		return nil, fail
	}
	c.Members, c.Owner, c.Name = left, owner, or(cutRunes(u.Name, chatNameMost), c.Name)
	return wecomOK, nil
}

// readChat is appchat/get.
func (s *Simulator) readChat(q *request) (any, *refusal) {
	chats := &q.corp.chats
	chats.mu.Lock()
	defer chats.mu.Unlock()
	c, fail := q.chatOf(q.URL.Query().Get("chatid"))
	if fail != nil {
		return nil, fail
	}
	return struct {
		errorAnswer
		Info AppChat `json:"chat_info"`
	}{wecomOK, *c}, nil
}

type chatSend struct {
	ChatID string `json:"chatid"`
	Type   string `json:"msgtype"`
	Safe   int    `json:"safe"`
	appContent
}

// sendChat is appchat/send. Who gets too many is left out, and nobody is told.
func (s *Simulator) sendChat(q *request) (any, *refusal) {
	var m chatSend
	if err := json.Unmarshal(q.body, &m); err != nil {
		return nil, refuse(40058)
	}
	if m.Type == "template_card" || m.Type == "miniprogram_notice" {
		return nil, refuse(40008)
	}
	chats := &q.corp.chats
	chats.mu.Lock()
	defer chats.mu.Unlock()
	c, fail := q.chatOf(m.ChatID)
	if fail = first(fail, codeIf(m.Safe < 0 || m.Safe > 1, 40035), codeIf(m.Safe == 1 && m.Type == "news", 40074)); fail == nil {
		fail = first(m.appContent.refuses(m.Type), s.holds(q, m.files(m.Type)))
	}
	if fail != nil {
		return nil, fail
	}
	sent := AppChatSend{At: q.now, Body: slices.Clone(q.body)}
	for _, id := range c.Members {
		if chats.over(chatMember{q.agent.id, id}, q.now) {
			sent.Dropped = append(sent.Dropped, id)
		}
	}
	if c.Sends = append(c.Sends, sent); len(c.Sends) > chatSendsKept {
		c.Sends = c.Sends[1:]
	}
	return wecomOK, nil
}

func (c *appChats) over(who chatMember, now time.Time) bool {
	k := c.quota[who]
	if k == nil {
		k = &chatQuota{}
		if c.quota == nil {
			c.quota = map[chatMember]*chatQuota{}
		}
		c.quota[who] = k
	}
	minute, day := k.minute.over(chatMemberMinute, time.Minute, now), k.day.over(chatMemberDay, 24*time.Hour, now)
	return minute || day
}
