package simulator

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"
)

// previewMass answers message/mass/preview; a WeChat name goes before an openid.
func (s *Simulator) previewMass(q *request) (any, *refusal) {
	var m struct {
		massCall
		ToUser string `json:"touser"`
	}
	if json.Unmarshal(q.body, &m) != nil {
		return nil, refuseArticle(47001)
	}
	b := &q.account.articles
	b.mu.Lock()
	defer b.mu.Unlock()
	_, d := b.find(m.News.ID)
	switch {
	case m.ToWXName != "" && !slices.Contains(q.account.profile.WeChatNames, m.ToWXName):
		return nil, refuseArticle(40132)
	case m.ToWXName == "" && q.account.catalog.person(m.ToUser) == 0:
		return nil, refuse(40003)
	case m.Type != "mpnews":
		return nil, refuseArticle(45052)
	case d == nil:
		return nil, refuseArticle(40007)
	case b.mass.previews.over(previewsDaily, 24*time.Hour, q.now):
		return nil, refuseArticle(45009)
	}
	return errorAnswer{0, "preview success"}, nil
}

// findMass reads a call about one mass send.
func (q *request) findMass(id int64) *MassSend {
	for _, m := range q.account.articles.mass.sends {
		if m.MsgID == id {
			return m
		}
	}
	return nil
}

func (m *MassSend) state(now time.Time) string {
	switch {
	case m.Deleted:
		return "DELETE"
	case now.Before(m.told):
		return "SENDING"
	case m.Status == statusMassSuccess:
		return "SEND_SUCCESS"
	}
	return "SEND_FAIL"
}

func (s *Simulator) massState(q *request) (any, *refusal) {
	var m struct {
		ID string `json:"msg_id"`
	}
	if json.Unmarshal(q.body, &m) != nil {
		return nil, refuseArticle(47001)
	}
	id, _ := strconv.ParseInt(m.ID, 10, 64)
	q.account.articles.mu.Lock()
	defer q.account.articles.mu.Unlock()
	send := q.findMass(id)
	if send == nil {
		return nil, refuseArticle(40059)
	}
	return map[string]any{"msg_id": id, "msg_status": send.state(q.now)}, nil
}

// deleteMass deletes what was sent successfully, and with it every other send of
// the same draft.
func (s *Simulator) deleteMass(q *request) (any, *refusal) {
	var m struct {
		ID    int64 `json:"msg_id"`
		Index int   `json:"article_idx"`
	}
	if json.Unmarshal(q.body, &m) != nil {
		return nil, refuseArticle(47001)
	}
	q.account.articles.mu.Lock()
	defer q.account.articles.mu.Unlock()
	send := q.findMass(m.ID)
	switch {
	case send == nil || send.state(q.now) != "SEND_SUCCESS":
		return nil, refuseArticle(40059)
	case m.Index < 0 || m.Index > len(send.Titles):
		return nil, refuseArticle(40060)
	}
	for _, other := range q.account.articles.mass.sends {
		other.Deleted = other.Deleted || other.MediaID == send.MediaID
	}
	return errorAnswer{0, "ok"}, nil
}
