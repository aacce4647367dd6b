package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"wechattpp/wechat"
)

// Mass is an article that one call sends to many: to openids, or to a tag or
// everyone, who are one recipient.
type Mass struct {
	MediaID       string `json:"media_id"` // of the draft
	IgnoreReprint bool   `json:"send_ignore_reprint,omitempty"`
	// Copies: the message is several calls, so that each sends a copy of the
	// draft. A draft leaves the box with the call that sends it; whether its id
	// is good for another call then is not documented.
	Copies bool `json:"copies,omitempty"`
}

// Limits of one call
// (https://developers.weixin.qq.com/doc/service/api/notify/message/api_masssend).
const (
	leastMass = 2
	mostMass  = 10_000
)

const loneText = "WeChat sends an article to two openids or more: reach one person by a customer-service message (type 3, mpnews or mpnewsarticle), or by POST /v1/senders/{code}/articles/{media_id}/preview"

// massMessage is an element of msg_wechatoa of type 4.
type massMessage struct {
	Sender        string `json:"sender"`
	Type          int    `json:"type"`
	MsgType       string `json:"msgtype"`
	IgnoreReprint int    `json:"send_ignore_reprint"`
	News          struct {
		MediaID string `json:"media_id"`
	} `json:"mpnews"`
}

func parseMass(path string, raw json.RawMessage, _ *request) (content, error) {
	m := massMessage{MsgType: "mpnews"}
	if err := strict(path, raw, &m); err != nil {
		return nil, err
	}
	switch {
	case m.MsgType != "mpnews":
		return nil, invalid(path+".msgtype", "is %q: a mass send is of mpnews, leave it out", m.MsgType)
	case !isTemplateID(m.News.MediaID):
		return nil, invalid(path+".mpnews.media_id", "must be the media_id of a draft of this account, 1 to 128 ASCII characters: see /v1/senders/{code}/articles")
	case m.IgnoreReprint != 0 && m.IgnoreReprint != 1:
		return nil, invalid(path+".send_ignore_reprint", "is %d: use 0 (stop if an article is judged a reprint) or 1 (go on if it may be reprinted)", m.IgnoreReprint)
	}
	return &Mass{MediaID: m.News.MediaID, IgnoreReprint: m.IgnoreReprint == 1}, nil
}

func (m *Mass) put(p *Part) { p.Kind, p.Mass = "article", m }

func (m *Mass) size() int { return len(m.MediaID) }

// window: WeChat notices a repeated clientmsgid for 24 hours.
func (m *Mass) window() time.Duration { return 23 * time.Hour }

// needs: 11 is 素材管理; 7, which mass sends need, is what an account needs to
// send anything.
func (m *Mass) needs() int { return setArticles }

func (m *Mass) templateID() string { return "" }

func (m *Mass) most() int { return mostMass }

// keeps and digest: clientmsgid alone tells a repeat.
func (m *Mass) keeps() time.Duration { return m.window() }

func (m *Mass) digest() ([]byte, bool) { return nil, true }

func (m *Mass) send(context.Context, *wechat.Account, string, string) (int64, error) {
	return 0, wechat.ErrNotSent // see sendMany
}

func (m *Mass) sendMany(ctx context.Context, c wechat.Client, to []string, how Call) (Handed, map[int]refused, error) {
	if c.Account == nil {
		return Handed{}, nil, wechat.ErrNotSent // the sender became another kind of account
	}
	send := wechat.MassSend{MediaID: m.MediaID, IgnoreReprint: m.IgnoreReprint, ClientMsgID: how.id}
	if m.Copies {
		send.MediaID = how.Draft
	}
	tag, isTag := strings.CutPrefix(to[0], tagPrefix)
	switch {
	case to[0] == everyFollower:
		send.All = true
	case isTag:
		send.Tag, _ = strconv.ParseInt(tag, 10, 64) // checked when it was accepted
	default:
		send.OpenIDs = to
	}
	id, err := c.Account.SendMass(ctx, send)
	if id == 0 {
		return Handed{}, nil, err
	}
	return Handed{ID: strconv.FormatInt(id, 10)}, nil, err
}

// copyDraft makes the copy of the draft that one call sends. What goes wrong
// here was not sent, whatever became of the copy.
func (m *Mass) copyDraft(ctx context.Context, a *wechat.Account) (string, error) {
	draft, err := a.GetDraft(ctx, m.MediaID)
	if err == nil {
		articles := make([]wechat.Article, len(draft))
		for i, one := range draft {
			articles[i] = one.Article
		}
		var id string
		if id, err = a.AddDraft(ctx, articles); err == nil {
			return id, nil
		}
	}
	if errors.Is(err, wechat.ErrUnanswered) {
		err = fmt.Errorf("%w: copying the draft: %s", wechat.ErrNotSent, err) //nolint:errorlint // it is no longer what it was
	}
	return "", err
}

// everyFollower, instead of openids, is everyone who follows the account.
const everyFollower = "@all"

// IsCrowd tells whether a name stands for people that WeChat finds.
func IsCrowd(id string) bool { return id == everyFollower || strings.HasPrefix(id, tagPrefix) }

// cut makes chunks of one call each: a tag alone, people so that no call is for
// one of them. If there is only one, it is skipped.
func (m *Mass) cut(targets []Target) (chunks [][]Target) {
	var people []Target
	for _, t := range targets {
		if IsCrowd(t.Identity) {
			chunks = append(chunks, []Target{t})
		} else {
			people = append(people, t)
		}
	}
	from, n, last := 0, 0, -1 // of the chunk that is being filled: its first, who goes, the last of them before i
	lastBefore := -1          // of the chunk before
	for i := range people {
		if people[i].Skipped() {
			continue
		}
		if n == mostMass {
			chunks, from, n, lastBefore = append(chunks, people[from:i]), i, 0, last
		}
		n, last = n+1, i
	}
	switch {
	case n == 1 && lastBefore >= 0: // give it company
		before := len(chunks) - 1
		start := from - len(chunks[before])
		chunks[before], from = people[start:lastBefore], lastBefore
	case n == 1:
		people[last].Skip = loneText
	}
	if from < len(people) {
		chunks = append(chunks, people[from:])
	}
	return chunks
}

// suits tells whether the message may go to these together.
func (m *Mass) suits(path string, ids []string) error {
	people := 0
	for _, id := range ids {
		switch {
		case id == everyFollower && len(ids) > 1:
			return invalid("aud_"+official.name, "has @all and others: @all is everyone who follows the account, send it alone")
		case !IsCrowd(id):
			people++
		}
	}
	if people == 1 {
		return invalid("aud_"+official.name, "has one openid: %s", loneText)
	}
	return nil
}

// masses fits the parts that are mass sends to their targets: whether they are
// several calls, and that none is for one person.
func (q *request) masses(d *Draft) error {
	for i := range d.Parts {
		m := d.Parts[i].Mass
		if m == nil {
			continue
		}
		if Parts(d.Parts).Ruled() {
			return invalid("rule_id", "cannot try an article: WeChat does not tell whom a mass send reached; leave the rule out")
		}
		if d.For != nil {
			m.Copies = true
			continue
		}
		goes := slices.DeleteFunc(slices.Clone(d.Targets[i]), Target.Skipped)
		if len(goes) == 1 && !IsCrowd(goes[0].Identity) {
			return invalid("msg_"+official.name, "would go to one person, for the others have no openid here or are on a list: %s", loneText)
		}
		m.Copies = len(m.cut(goes)) > 1
		if m.Copies {
			q.warnings = append(q.warnings, fmt.Sprintf("msg_wechatoa: the article goes out in %d mass sends, each with a copy of the draft; who is in several of the audiences gets it as often", len(m.cut(goes))))
		}
	}
	return nil
}
