package simulator

import (
	"encoding/json"
	"slices"
	"time"
)

// CustomerMessage is one accepted customer-service message.
type CustomerMessage struct {
	AppID  string          `json:"appid"`
	OpenID string          `json:"openid"`
	Type   string          `json:"msgtype"`
	Text   string          `json:"text,omitempty"`
	At     time.Time       `json:"at"`
	Body   json.RawMessage `json:"body"`
}

const longestText = 2048 // bytes of a text

// customerNeeds are the members that the object of each type must have, and
// which types a Mini Program has (messages 5.2).
var customerNeeds = map[string][]string{
	"text": {"content"}, "image": {"media_id"}, "voice": {"media_id"}, "video": {"media_id", "thumb_media_id"},
	"music": {"musicurl", "hqmusicurl", "thumb_media_id"}, "news": {"articles"}, "mpnews": {"media_id"}, "mpnewsarticle": {"article_id"},
	"msgmenu": {"list"}, "wxcard": {"card_id"}, "miniprogrampage": {"pagepath", "thumb_media_id"}, "link": {"title", "description", "url", "thumb_url"},
}

var miniTypes = []string{"text", "image", "link", "miniprogrampage"}

// sendCustomer answers message/custom/send
// (https://developers.weixin.qq.com/doc/service/api/customer/message/api_sendcustommessage).
func (s *Simulator) sendCustomer(q *request) (any, *refusal) {
	var body map[string]json.RawMessage
	var m struct {
		ToUser string `json:"touser"`
		Type   string `json:"msgtype"`
		Text   struct {
			Content string `json:"content"`
		} `json:"text"`
	}
	if json.Unmarshal(q.body, &body) != nil || json.Unmarshal(q.body, &m) != nil {
		return nil, refuse(47001)
	}
	if m.ToUser == "" {
		return nil, refuse(41009)
	}
	if fail := q.account.refusesCustomer(m.Type, body[m.Type]); fail != nil {
		return nil, fail
	}
	if m.Type != "mpnews" && !s.hasAll(q.account.profile.AppID, body[m.Type], q.now) { // mpnews names a draft
		return nil, refuse(40007)
	}
	switch q.account.catalog.person(m.ToUser) {
	case 0:
		return nil, refuse(40003)
	case followedOnce:
		return nil, refuse(45015)
	}
	if code := q.account.chats.answer(m.ToUser, q.now); code != 0 {
		return nil, refuse(code)
	}
	s.ledger.acceptCustomer(CustomerMessage{q.account.profile.AppID, m.ToUser, m.Type, m.Text.Content, q.now, q.body})
	return errorAnswer{0, "ok"}, nil
}

func (a *account) refusesCustomer(kind string, raw json.RawMessage) *refusal {
	needs, known := customerNeeds[kind]
	if !known || a.profile.MiniProgram && !slices.Contains(miniTypes, kind) || !a.profile.MiniProgram && kind == "link" {
		return refuse(40008)
	}
	var object map[string]any
	if json.Unmarshal(raw, &object) != nil {
		return refuse(47001)
	}
	for _, name := range needs {
		if object[name] != nil && object[name] != "" {
			continue
		}
		switch {
		case kind == "text":
			return refuse(44004)
		case name == "media_id" || name == "thumb_media_id":
			return refuse(40007)
		}
		return refuse(47001)
	}
	if text, _ := object["content"].(string); kind == "text" && len(text) > longestText {
		return refuse(45002)
	}
	if list, ok := object["articles"].([]any); kind == "news" && (!ok || len(list) != 1) {
		return refuse(45008)
	}
	if kind == "miniprogrampage" && !a.profile.MiniProgram {
		if id, _ := object["appid"].(string); !appIDForm.MatchString(id) {
			return refuse(40166)
		}
	}
	return nil
}

func (l *ledger) acceptCustomer(m CustomerMessage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.customer.add(m)
	l.totals.Customer++
}

// CustomerMessages copies those to an openid that are still kept, oldest first.
func (s *Simulator) CustomerMessages(openID string) (found []CustomerMessage) {
	s.ledger.mu.Lock()
	defer s.ledger.mu.Unlock()
	for _, m := range s.ledger.customer.last(-1) {
		if m.OpenID == openID {
			found = append(found, m)
		}
	}
	return found
}
