package simulator

import (
	"encoding/json"
	"time"
)

// CustomerMessage is one accepted customer-service message.
type CustomerMessage struct {
	AppID  string          `json:"appid"`
	OpenID string          `json:"openid"`
	Text   string          `json:"text"`
	At     time.Time       `json:"at"`
	Body   json.RawMessage `json:"body"`
}

const longestText = 2048 // bytes of a text

// sendCustomer answers message/custom/send, so far for text
// (https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Service_Center_messages.html).
func (s *Simulator) sendCustomer(q *request) (any, *refusal) {
	var m struct {
		ToUser string `json:"touser"`
		Type   string `json:"msgtype"`
		Text   struct {
			Content string `json:"content"`
		} `json:"text"`
	}
	if err := json.Unmarshal(q.body, &m); err != nil {
		return nil, refuse(47001)
	}
	switch {
	case m.ToUser == "":
		return nil, refuse(41009)
	case m.Type != "text":
		return nil, refuse(40008)
	case m.Text.Content == "":
		return nil, refuse(44004)
	case len(m.Text.Content) > longestText:
		return nil, refuse(45002)
	}
	switch q.account.catalog.person(m.ToUser) {
	case 0:
		return nil, refuse(40003)
	case followedOnce:
		return nil, refuse(43004)
	}
	s.ledger.acceptCustomer(CustomerMessage{q.account.profile.AppID, m.ToUser, m.Text.Content, q.now, q.body})
	return errorAnswer{0, "ok"}, nil
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
