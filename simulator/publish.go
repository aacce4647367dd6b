package simulator

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// Publication is a draft that was made public, or is to be.
type Publication struct {
	PublishID string    `json:"publish_id"`
	ArticleID string    `json:"article_id"`
	Titles    []string  `json:"titles"`
	State     int       `json:"publish_status"` // it ends with
	Deleted   bool      `json:"deleted,omitempty"`
	At        time.Time `json:"at"`
}

type publicBook struct{ all []*Publication }

const publicationRunning = 1

func (s *Simulator) publish(q *request) (any, *refusal) {
	var m draftCall
	if json.Unmarshal(q.body, &m) != nil {
		return nil, refuseArticle(47001)
	}
	p, out, fail := s.bookPublication(q, m.ID)
	if fail != nil {
		return nil, fail
	}
	if !out.fault.Never {
		e := event{kind: messagePush, account: q.account, openID: "mphelper", name: "PUBLISHJOBFINISH", members: p.event()}
		if isOwn(q.token) {
			c := s.consoles.find(q.account.profile.AppID, 0)
			if c == nil {
				return p.answer(), nil
			}
			e.kind, e.console, e.key, e.mode = ownPush, c, c.keys[0], c.Mode
		}
		s.pushTold(q.Context(), e, out)
	}
	return p.answer(), nil
}

// answer names a publication by a number, which the pages call a text.
func (p *Publication) answer() any {
	id, _ := strconv.ParseInt(p.PublishID, 10, 64)
	return map[string]any{"errcode": 0, "errmsg": "ok", "publish_id": id, "msg_data_id": id - 1}
}

func (s *Simulator) bookPublication(q *request, id string) (*Publication, *outcome, *refusal) {
	b := &q.account.articles
	b.mu.Lock()
	defer b.mu.Unlock()
	d := b.consume(id)
	if d == nil {
		return nil, nil, refuseArticle(40007)
	}
	out := &outcome{"", s.faults.takeOutcome(q.account.profile.AppID, Publications)}
	n := len(b.published.all)
	state, _ := strconv.Atoi(out.fault.Status)
	p := &Publication{strconv.Itoa(2_247_503_051 + n), fmt.Sprintf("ARTICLE_%s_%d", q.account.profile.AppID, n+1), d.titles(), state, false, q.now}
	b.published.all = append(b.published.all, p)
	return p, out, nil
}

// event is PUBLISHJOBFINISH, with blanks around the article's id, as seen.
func (p *Publication) event() []member {
	n := func(name string, v int) member { return member{name: name, value: strconv.Itoa(v), number: true} }
	info := member{name: "PublishEventInfo", kids: []member{{name: "publish_id", value: p.PublishID, number: true}, n("publish_status", p.State)}}
	switch p.State {
	case 0:
		detail := member{name: "article_detail", kids: []member{n("count", len(p.Titles))}}
		for i := range p.Titles {
			detail.kids = append(detail.kids, member{name: "item", kids: []member{n("idx", i+1), {name: "article_url", value: p.address(i)}}})
		}
		info.kids = append(info.kids, member{name: "article_id", value: " " + p.ArticleID + " "}, detail)
	case 2, 4:
		info.kids = append(info.kids, n("fail_idx", 1))
	}
	return []member{{name: "MsgType", value: "event"}, {name: "Event", value: "PUBLISHJOBFINISH"}, info}
}

func (p *Publication) address(i int) string {
	return fmt.Sprintf("http://mp.weixin.qq.com/s/%s_%d", p.ArticleID, i+1)
}

func (s *Simulator) publication(q *request) (any, *refusal) {
	var m struct {
		ID string `json:"publish_id"`
	}
	if json.Unmarshal(q.body, &m) != nil {
		return nil, refuseArticle(47001)
	}
	q.account.articles.mu.Lock()
	defer q.account.articles.mu.Unlock()
	for _, p := range q.account.articles.published.all {
		if p.PublishID == m.ID {
			return p.shown(q.now.Before(p.At.Add(s.cfg.OutcomeAfter))), nil
		}
	}
	return nil, refuseArticle(53502)
}

func (p *Publication) shown(early bool) any {
	answer := map[string]any{"publish_id": p.PublishID, "publish_status": p.State, "fail_idx": []int{}}
	switch {
	case early:
		answer["publish_status"] = publicationRunning
	case p.Deleted:
		answer["publish_status"] = 5
	case p.State == 0:
		var items []any
		for i := range p.Titles {
			items = append(items, map[string]any{"idx": i + 1, "article_url": p.address(i)})
		}
		answer["article_id"], answer["article_detail"] = p.ArticleID, map[string]any{"count": len(items), "item": items}
	case p.State == 2 || p.State == 4:
		answer["fail_idx"] = []int{1}
	}
	return answer
}

func (s *Simulator) deletePublished(q *request) (any, *refusal) {
	var m struct {
		ID    string `json:"article_id"`
		Index int    `json:"index"`
	}
	if json.Unmarshal(q.body, &m) != nil {
		return nil, refuseArticle(47001)
	}
	q.account.articles.mu.Lock()
	defer q.account.articles.mu.Unlock()
	for _, p := range q.account.articles.published.all {
		if p.ArticleID == m.ID && !p.Deleted && m.Index >= 0 && m.Index <= len(p.Titles) {
			p.Deleted = true
			return errorAnswer{0, "ok"}, nil
		}
	}
	return nil, refuseArticle(53600)
}

// PublishedArticles copies the publications of an account, oldest first.
func (s *Simulator) PublishedArticles(appID string) (all []Publication) {
	a := s.world.find(appID)
	if a == nil {
		return nil
	}
	a.articles.mu.Lock()
	defer a.articles.mu.Unlock()
	for _, p := range a.articles.published.all {
		all = append(all, *p)
	}
	return all
}
