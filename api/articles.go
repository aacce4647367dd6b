package api

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"wechattpp/sender"
	"wechattpp/wechat"
)

// articlesBody is what a draft may take: eight articles of up to 1 MB.
const articlesBody = 10 << 20

type draftParams struct {
	Articles []wechat.Article `json:"articles"`
}

type draftAnswer struct {
	MediaID   string         `json:"media_id"`
	Articles  []articleShown `json:"articles,omitempty"`
	UpdatedAt *time.Time     `json:"updated_at,omitempty"`
	Warnings  []string       `json:"warnings,omitempty"`
}

type articleShown struct {
	wechat.Article
	URL string `json:"url,omitempty"` // where it can be looked at for a while
}

func showArticles(all []wechat.DraftArticle) []articleShown {
	return mapped(all, func(a wechat.DraftArticle) articleShown { return articleShown(a) })
}

func (s *server) addDraft(c *call) error {
	code, err := c.granted()
	if err != nil {
		return err
	}
	var in draftParams
	if err := c.decode(&in); err != nil {
		return err
	}
	id, warnings, err := s.Articles.Add(c.ctx(), code, in.Articles)
	if said, refused := errors.AsType[*wechat.Error](err); refused && said.Gone() { // of what is made nothing can be gone
		return invalid("articles", "name a cover or images that the account's permanent material does not have: "+err.Error())
	}
	if err != nil {
		return articleProblem(code, err)
	}
	c.target("sender/" + code)
	c.note("media_id", id)
	return c.created(draftAnswer{MediaID: id, Warnings: warnings})
}

func (s *server) readDraft(c *call) error {
	code, err := c.granted()
	if err != nil {
		return err
	}
	id := c.text("media_id")
	all, err := s.Articles.Get(c.ctx(), code, id)
	if err != nil {
		return articleProblem(code, err)
	}
	return c.reply(http.StatusOK, draftAnswer{MediaID: id, Articles: showArticles(all)})
}

// listDrafts pages by place: the box is WeChat's, and has no ids to go on from.
func (s *server) listDrafts(c *call) error {
	code, p, err := c.grantedPage()
	if err != nil {
		return err
	}
	from, err := p.number()
	if err != nil {
		return err
	}
	all, total, err := s.Articles.List(c.ctx(), code, int(from), p.limit)
	if err != nil {
		return articleProblem(code, err)
	}
	next := ""
	if at := int(from) + len(all); at < total && len(all) > 0 {
		next = strconv.Itoa(at)
	}
	return c.reply(http.StatusOK, list(mapped(all, func(d wechat.Draft) draftAnswer {
		return draftAnswer{MediaID: d.MediaID, Articles: showArticles(d.Articles), UpdatedAt: known(time.Unix(d.Updated, 0))}
	}), next))
}

type draftChange struct {
	Index   int            `json:"index"`
	Article wechat.Article `json:"article"`
}

func (s *server) updateDraft(c *call) error {
	code, err := c.granted()
	if err != nil {
		return err
	}
	var in draftChange
	if err := c.decode(&in); err != nil {
		return err
	}
	id := c.text("media_id")
	warnings, err := s.Articles.Update(c.ctx(), code, id, in.Index, in.Article)
	if err != nil {
		return articleProblem(code, err)
	}
	c.target("sender/" + code)
	c.note("media_id", id)
	return c.reply(http.StatusOK, draftAnswer{MediaID: id, Warnings: warnings})
}

func (s *server) deleteDraft(c *call) error {
	code, err := c.granted()
	if err != nil {
		return err
	}
	if err := s.Articles.Delete(c.ctx(), code, c.text("media_id")); err != nil {
		return articleProblem(code, err)
	}
	c.target("sender/" + code)
	c.note("media_id", c.text("media_id"))
	return c.reply(http.StatusNoContent, nil)
}

type previewParams struct {
	OpenID     string `json:"openid" validate:"max=128"`
	WeChatName string `json:"wechat_name" validate:"max=64"`
}

func (s *server) previewDraft(c *call) error {
	code, err := c.granted()
	if err != nil {
		return err
	}
	var in previewParams
	if err := c.decode(&in); err != nil {
		return err
	}
	if err := s.Articles.Preview(c.ctx(), code, c.text("media_id"), in.OpenID, in.WeChatName); err != nil {
		return articleProblem(code, err)
	}
	c.target("sender/" + code)
	return c.reply(http.StatusNoContent, nil)
}

// articleProblem gives refusals about articles a status.
func articleProblem(code string, err error) error {
	said, refused := errors.AsType[*wechat.Error](err)
	switch {
	case errors.Is(err, sender.ErrNoArticles), errors.Is(err, sender.ErrUnfinished):
		return conflict(err.Error())
	case refused && said.Gone():
		return refuse(http.StatusNotFound, codeNotFound, "the account has no such thing, or no longer: "+err.Error())
	case errors.Is(err, wechat.ErrUnanswered):
		return refuse(http.StatusBadGateway, codeVendor, err.Error()+"; it may have been done: look at the account's list before you try again")
	}
	return vendorProblem(code, err)
}
