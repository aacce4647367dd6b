package simulator

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// MassSend is one mass send that was accepted.
type MassSend struct {
	AppID       string    `json:"appid"`
	MsgID       int64     `json:"msg_id"`
	ClientMsgID string    `json:"clientmsgid,omitempty"`
	OpenIDs     []string  `json:"openids,omitempty"`
	Tag         int64     `json:"tag_id,omitempty"`
	All         bool      `json:"is_to_all,omitempty"`
	MediaID     string    `json:"media_id"`
	Titles      []string  `json:"titles"`
	At          time.Time `json:"at"`
	Duplicates  int       `json:"duplicates"`
	Status      string    `json:"status"` // it ends with
	Total       int       `json:"total_count"`
	Filtered    int       `json:"filter_count"` // left after filters
	Sent        int       `json:"sent_count"`
	Deleted     bool      `json:"deleted,omitempty"`

	told time.Time // when it is done
}

// massBook is what an account sent to many.
type massBook struct {
	sends    []*MassSend
	got      map[string]int // by openid, this month
	minute   counted
	day      counted // sends to all
	previews counted
}

// MassOutcome names mass sends as OutcomeFault.OpenID, and Publications the
// events of publishing.
const (
	MassOutcome  = "@mass"
	Publications = "@publish"
)

const (
	statusMassSuccess = "send success"
	massMonthly       = 4 // a recipient
	massMinute        = 60
	previewsDaily     = 100
	mostMass          = 10_000 // openids of a call
	massKept          = 10_000
)

type massCall struct {
	ToUser json.RawMessage `json:"touser"`
	Filter *struct {
		All bool  `json:"is_to_all"`
		Tag int64 `json:"tag_id"`
	} `json:"filter"`
	Type string `json:"msgtype"`
	News struct {
		ID string `json:"media_id"`
	} `json:"mpnews"`
	Ignore   int    `json:"send_ignore_reprint"`
	Client   string `json:"clientmsgid"`
	ToWXName string `json:"towxname"`
}

// sendMass answers message/mass/send and sendall
// (https://developers.weixin.qq.com/doc/service/api/notify/message/api_masssend).
func (s *Simulator) sendMass(q *request) (any, *refusal) {
	var m massCall
	if json.Unmarshal(q.body, &m) != nil || m.Ignore != 0 && m.Ignore != 1 {
		return nil, refuseArticle(47001)
	}
	send := &MassSend{AppID: q.account.profile.AppID, ClientMsgID: m.Client, MediaID: m.News.ID, At: q.now}
	if fail := send.audience(q, &m); fail != nil {
		return nil, fail
	}
	switch {
	case m.Type != "mpnews":
		return nil, refuseArticle(45052)
	case len(m.Client) > 32:
		return nil, refuseArticle(45067)
	}
	out, fail := s.bookMass(q, send)
	if fail != nil || out == nil {
		return massAnswer(send, fail == nil), fail
	}
	s.pushMass(q.Context(), q.account, send, out, isOwn(q.token))
	return massAnswer(send, false), nil
}

// massAnswer is what the vendor says; of a repeat it names the first.
func massAnswer(send *MassSend, again bool) any {
	answer := errorAnswer{0, "send job submission success"}
	if again {
		answer = errorAnswer{45065, articleTexts[45065]}
	}
	return struct {
		errorAnswer
		ID   int64 `json:"msg_id"`
		Data int64 `json:"msg_data_id,omitempty"`
	}{answer, send.MsgID, send.MsgID + 206_193_545}
}

// audience reads whom a call is for.
func (m *MassSend) audience(q *request, c *massCall) *refusal {
	if q.endpoint.path == "/cgi-bin/message/mass/sendall" {
		if c.Filter == nil {
			return refuseArticle(47001)
		}
		if m.All, m.Tag = c.Filter.All, c.Filter.Tag; !m.All {
			if _, ok := q.account.profile.Tags[strconv.FormatInt(m.Tag, 10)]; !ok {
				return refuseArticle(45159)
			}
		}
		return nil
	}
	if json.Unmarshal(c.ToUser, &m.OpenIDs) != nil {
		return refuseArticle(47001)
	}
	switch n := len(m.OpenIDs); {
	case n < 2:
		return refuseArticle(40130)
	case n > mostMass:
		return refuseArticle(40032)
	}
	for _, id := range m.OpenIDs {
		if q.account.catalog.person(id) == 0 {
			return refuseArticle(40031)
		}
	}
	return nil
}

// bookMass books a send; out is nil for a repeat, and send then the first one.
func (s *Simulator) bookMass(q *request, send *MassSend) (out *outcome, fail *refusal) {
	b := &q.account.articles
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, old := range b.mass.sends {
		if send.ClientMsgID != "" && old.ClientMsgID == send.ClientMsgID && q.now.Sub(old.At) < 24*time.Hour {
			old.Duplicates++
			*send = *old
			return nil, nil
		}
	}
	_, d := b.find(send.MediaID)
	switch {
	case b.mass.minute.over(massMinute, time.Minute, q.now):
		return nil, refuseArticle(45011)
	case d == nil:
		return nil, refuseArticle(40007)
	case send.All && b.mass.day.over(1, 24*time.Hour, q.now):
		return nil, refuseArticle(45028)
	}
	b.consume(d.id)
	out = &outcome{statusMassSuccess, s.faults.takeOutcome(send.AppID, MassOutcome)}
	if out.fault.Status != "" {
		out.status = out.fault.Status
	}
	send.MsgID, send.Status, send.Titles = 1_000_000_000+int64(len(b.mass.sends))+int64(q.account.index)<<20, out.status, d.titles()
	send.told = q.now.Add(s.cfg.OutcomeAfter)
	b.mass.reach(send, send.people(q.account))
	if len(b.mass.sends) < massKept {
		b.mass.sends = append(b.mass.sends, send)
	}
	return out, nil
}

func (d *draft) titles() (all []string) {
	for _, raw := range d.articles {
		var a article
		_ = json.Unmarshal(raw, &a) // was read before
		all = append(all, a.Title)
	}
	return all
}

// people are those the send is for.
func (m *MassSend) people(a *account) []string {
	switch {
	case m.All:
		return a.catalog.followers()
	case len(m.OpenIDs) > 0:
		return m.OpenIDs
	}
	return a.profile.Tags[strconv.FormatInt(m.Tag, 10)]
}

func (c *catalog) followers() (all []string) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for id, state := range c.people {
		if state != followedOnce {
			all = append(all, id)
		}
	}
	slices.Sort(all)
	return all
}

// reach counts who gets it: not who had four this month.
func (b *massBook) reach(m *MassSend, people []string) {
	if b.got == nil {
		b.got = map[string]int{}
	}
	m.Total = len(people)
	for _, id := range people {
		if b.got[id] >= massMonthly || len(b.got) >= maxPeople {
			continue
		}
		m.Filtered++
		if m.Status == statusMassSuccess {
			b.got[id]++
			m.Sent++
		}
	}
}

// pushMass tells what became of a send.
func (s *Simulator) pushMass(ctx context.Context, a *account, m *MassSend, out *outcome, own bool) {
	if out.fault.Never {
		return
	}
	n := func(name string, v int) member { return member{name: name, value: strconv.Itoa(v), number: true} }
	item := func(kids ...member) member { return member{name: "item", kids: kids} }
	urls := member{name: "ResultList"}
	checks := member{name: "ResultList"}
	for i := range m.Titles {
		urls.kids = append(urls.kids, item(n("ArticleIdx", i+1), member{name: "ArticleUrl", value: fmt.Sprintf("http://mp.weixin.qq.com/s/%d_%d", m.MsgID, i+1)}))
		checks.kids = append(checks.kids, item(n("ArticleIdx", i+1), n("UserDeclareState", 0), n("AuditState", 2), member{name: "OriginalArticleUrl", value: ""},
			n("OriginalArticleType", 0), n("CanReprint", 0), n("NeedReplaceContent", 0), n("NeedShowReprintSource", 0)))
	}
	e := event{kind: messagePush, account: a, openID: "mphelper", name: "MASSSENDJOBFINISH", msgID: m.MsgID, members: []member{
		{name: "MsgType", value: "event"}, {name: "Event", value: "MASSSENDJOBFINISH"}, {name: "MsgID", value: strconv.FormatInt(m.MsgID, 10), number: true},
		{name: "Status", value: m.Status}, n("TotalCount", m.Total), n("FilterCount", m.Filtered), n("SentCount", m.Sent), n("ErrorCount", m.Filtered-m.Sent),
		{name: "CopyrightCheckResult", kids: []member{n("Count", len(m.Titles)), checks, n("CheckState", 1)}},
		{name: "ArticleUrlResult", kids: []member{n("Count", len(m.Titles)), urls}},
	}}
	if own {
		c := s.consoles.find(a.profile.AppID, 0)
		if c == nil {
			return
		}
		e.kind, e.console, e.key, e.mode = ownPush, c, c.keys[0], c.Mode
		if c.JSON { // a text instead of an object was seen
			e.members[8] = member{name: "CopyrightCheckResult", value: "\n\n\n"}
			e.members = e.members[:9]
		}
	}
	s.pushTold(ctx, e, out)
}

// pushTold pushes an event as its fault says.
func (s *Simulator) pushTold(ctx context.Context, e event, out *outcome) {
	var last *pending
	for _, p := range s.pushAll(e, s.cfg.OutcomeAfter+out.fault.Delay, 1+out.fault.Copies) {
		last = p
	}
	if out.fault.Overtake && last != nil {
		s.await(ctx, last.tried)
	}
}

// MassSends copies the mass sends of an account, oldest first.
func (s *Simulator) MassSends(appID string) (all []MassSend) {
	a := s.world.find(appID)
	if a == nil {
		return nil
	}
	a.articles.mu.Lock()
	defer a.articles.mu.Unlock()
	for _, m := range a.articles.mass.sends {
		all = append(all, *m)
	}
	return all
}
