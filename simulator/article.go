package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// article is what of an article the vendor looks at; the rest it keeps as it is.
type article struct {
	Type    string `json:"article_type"`
	Title   string `json:"title"`
	Author  string `json:"author"`
	Digest  string `json:"digest"`
	Content string `json:"content"`
	Source  string `json:"content_source_url"`
	Thumb   string `json:"thumb_media_id"`
	Images  struct {
		List []struct {
			ID string `json:"image_media_id"`
		} `json:"image_list"`
	} `json:"image_info"`
}

// draft is one entry of an account's draft box.
type draft struct {
	id       string
	articles []json.RawMessage
	updated  time.Time
}

// articles are the draft box of an account, what it sent and what it published.
type articles struct {
	mu        sync.Mutex
	drafts    []*draft // oldest first
	made      int
	mass      massBook
	published publicBook
}

const (
	mostArticles = 8 // of a draft
	mostDrafts   = 10_000
)

// articleTexts are the vendor's texts of codes about articles and mass sends
// (https://developers.weixin.qq.com/doc/offiaccount/Getting_Started/Global_Return_Code.html).
var articleTexts = map[int]string{
	40007: "invalid media_id", 40031: "invalid openid list", 40032: "invalid openid list size", 40035: "invalid parameter", 40059: "invalid msg id",
	40060: "invalid article index", 40114: "invalid index value", 40130: "invalid openid list size, at least two openid", 40132: "invalid username",
	40227: "title is empty", 40229: "cover is empty", 44003: "empty news data", 45002: "content size out of limit", 45003: "title size out of limit",
	45004: "description size out of limit", 45005: "url size out of limit", 45008: "article size out of limit", 45009: "reach max api daily quota limit",
	45011: "api minute-quota reach limit, must slower, retry next minute", 45028: "has no masssend quota", 45052: "msgtype is invalid in masssend",
	45065: "clientmsgid exist", 45067: "clientmsgid size out of limit", 45110: "author size out of limit", 45159: "invalid tag id",
	47001: "data format error", 53502: "invalid publish id", 53600: "invalid article id",
}

func refuseArticle(code int) *refusal { return &refusal{code, articleTexts[code]} }

// judge tells what is wrong with an article
// (https://developers.weixin.qq.com/doc/service/api/draftbox/draftmanage/api_draft_add); 0: nothing.
func (a *article) judge(permanent func(id string) bool) int {
	cover := a.Thumb
	if a.Type == "newspic" {
		if n := len(a.Images.List); n == 0 || n > 20 {
			return 45008
		}
		cover = a.Images.List[0].ID
	}
	runes := utf8.RuneCountInString
	switch {
	case a.Type != "" && a.Type != "news" && a.Type != "newspic":
		return 40035
	case a.Title == "":
		return 40227
	case runes(a.Title) > 32:
		return 45003
	case runes(a.Author) > 16:
		return 45110
	case runes(a.Digest) > 128:
		return 45004
	case a.Content == "":
		return 44003
	case runes(a.Content) >= 20_000 || len(a.Content) >= 1<<20:
		return 45002
	case len(a.Source) > 1024:
		return 45005
	case cover == "":
		return 40229
	case len(cover) > 128 || !permanent(cover):
		return 40007
	}
	return 0
}

// permanent tells whether an id is of the account's library; one that was not
// made here is believed, unless media are strict.
func (s *Simulator) permanent(appID string) func(id string) bool {
	return func(id string) bool {
		if !s.cfg.StrictMedia && !strings.HasPrefix(id, mediaMark) {
			return true
		}
		return slices.ContainsFunc(s.Uploads(), func(u Upload) bool { return u.MediaID == id && u.Owner == appID && u.Call == "add_material" })
	}
}

// readArticles judges each.
func readArticles(all []json.RawMessage, permanent func(id string) bool) *refusal {
	if len(all) == 0 {
		return refuseArticle(47001)
	}
	if len(all) > mostArticles {
		return refuseArticle(45008)
	}
	for _, raw := range all {
		var one article
		if json.Unmarshal(raw, &one) != nil {
			return refuseArticle(47001)
		}
		if code := one.judge(permanent); code != 0 {
			return refuseArticle(code)
		}
	}
	return nil
}

func (b *articles) find(id string) (int, *draft) {
	i := slices.IndexFunc(b.drafts, func(d *draft) bool { return d.id == id })
	if i < 0 {
		return i, nil
	}
	return i, b.drafts[i]
}

// consume takes a draft out of the box: it was sent or published.
func (b *articles) consume(id string) *draft {
	i, d := b.find(id)
	if d != nil {
		b.drafts = slices.Delete(b.drafts, i, i+1)
	}
	return d
}

func (s *Simulator) addDraft(q *request) (any, *refusal) {
	var m struct {
		Articles []json.RawMessage `json:"articles"`
	}
	if json.Unmarshal(q.body, &m) != nil {
		return nil, refuseArticle(47001)
	}
	if fail := readArticles(m.Articles, s.permanent(q.account.profile.AppID)); fail != nil {
		return nil, fail
	}
	b := &q.account.articles
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.drafts) >= mostDrafts {
		return nil, refuse(45034)
	}
	b.made++
	d := &draft{fmt.Sprintf("DRAFT_%s_%d", q.account.profile.AppID, b.made), m.Articles, q.now}
	b.drafts = append(b.drafts, d)
	return struct {
		ID string `json:"media_id"`
	}{d.id}, nil
}

type draftCall struct {
	ID      string          `json:"media_id"`
	Index   int             `json:"index"`
	Article json.RawMessage `json:"articles"`

	Offset    int `json:"offset"`
	Count     int `json:"count"`
	NoContent int `json:"no_content"`
}

// onDraft reads the body of a call about one draft and does it under the lock.
func onDraft(f func(*articles, *draft, draftCall, func(string) bool) (any, *refusal)) func(*Simulator, *request) (any, *refusal) {
	return func(s *Simulator, q *request) (any, *refusal) {
		var m draftCall
		if json.Unmarshal(q.body, &m) != nil {
			return nil, refuseArticle(47001)
		}
		b := &q.account.articles
		b.mu.Lock()
		defer b.mu.Unlock()
		_, d := b.find(m.ID)
		if d == nil {
			return nil, refuseArticle(40007)
		}
		return f(b, d, m, s.permanent(q.account.profile.AppID))
	}
}

func getDraft(_ *articles, d *draft, _ draftCall, _ func(string) bool) (any, *refusal) {
	return map[string]any{"news_item": d.shown(false)}, nil
}

// shown adds what the vendor adds, and may leave the texts out.
func (d *draft) shown(short bool) []map[string]any {
	all := make([]map[string]any, len(d.articles))
	for i, raw := range d.articles {
		_ = json.Unmarshal(raw, &all[i]) // was read before
		all[i]["url"], all[i]["thumb_url"], all[i]["show_cover_pic"] = fmt.Sprintf("http://mp.weixin.qq.com/s/tempkey-%s-%d", d.id, i), "", 0
		if short {
			all[i]["content"] = ""
		}
	}
	return all
}

func updateDraft(_ *articles, d *draft, m draftCall, permanent func(string) bool) (any, *refusal) {
	if len(m.Article) == 0 || m.Article[0] != '{' { // an object here, a list in draft/add
		return nil, refuseArticle(47001)
	}
	if m.Index < 0 || m.Index >= len(d.articles) {
		return nil, refuseArticle(40114)
	}
	if fail := readArticles([]json.RawMessage{m.Article}, permanent); fail != nil {
		return nil, fail
	}
	d.articles[m.Index], d.updated = m.Article, time.Now()
	return errorAnswer{0, "ok"}, nil
}

func deleteDraft(b *articles, d *draft, _ draftCall, _ func(string) bool) (any, *refusal) {
	b.consume(d.id)
	return errorAnswer{0, "ok"}, nil
}

func (s *Simulator) listDrafts(q *request) (any, *refusal) {
	var m draftCall
	if json.Unmarshal(q.body, &m) != nil {
		return nil, refuseArticle(47001)
	}
	if m.Count < 1 || m.Count > 20 || m.Offset < 0 {
		return nil, refuseArticle(40035)
	}
	b := &q.account.articles
	b.mu.Lock()
	defer b.mu.Unlock()
	items := []any{}
	for i := len(b.drafts) - 1 - m.Offset; i >= 0 && len(items) < m.Count; i-- { // newest first
		d := b.drafts[i]
		items = append(items, map[string]any{"media_id": d.id, "content": map[string]any{"news_item": d.shown(m.NoContent == 1)}, "update_time": d.updated.Unix()})
	}
	return map[string]any{"total_count": len(b.drafts), "item_count": len(items), "item": items}, nil
}

// maxDraftBody bounds a draft: eight articles of up to 1 MB, and what JSON adds.
const maxDraftBody = 24 << 20

func articleEndpoints() []*endpoint {
	material := func(path string, serve func(*Simulator, *request) (any, *refusal)) *endpoint {
		return &endpoint{path: "/cgi-bin/draft/" + path, method: http.MethodPost, token: accountToken, set: setMaterial, most: maxDraftBody, serve: serve}
	}
	notices := func(path string, serve func(*Simulator, *request) (any, *refusal)) *endpoint {
		return &endpoint{path: "/cgi-bin/" + path, method: http.MethodPost, token: accountToken, set: setNotices, serve: serve}
	}
	return []*endpoint{
		material("add", (*Simulator).addDraft),
		material("get", onDraft(getDraft)),
		material("update", onDraft(updateDraft)),
		material("delete", onDraft(deleteDraft)),
		material("batchget", (*Simulator).listDrafts),
		notices("message/mass/send", (*Simulator).sendMass),
		notices("message/mass/sendall", (*Simulator).sendMass),
		notices("message/mass/preview", (*Simulator).previewMass),
		notices("message/mass/get", (*Simulator).massState),
		notices("message/mass/delete", (*Simulator).deleteMass),
		notices("freepublish/submit", (*Simulator).publish),
		notices("freepublish/get", (*Simulator).publication),
		notices("freepublish/delete", (*Simulator).deletePublished),
	}
}
