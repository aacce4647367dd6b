package api

import (
	"net/http"
	"strconv"
	"time"

	"wechattpp/sender"
	"wechattpp/wechat"
)

type publicationAnswer struct {
	PublishID   string                    `json:"publish_id"`
	MediaID     string                    `json:"media_id,omitempty"`
	State       string                    `json:"state"`
	ArticleID   string                    `json:"article_id,omitempty"`
	Articles    []wechat.PublishedArticle `json:"articles,omitempty"`
	Failed      []int                     `json:"failed_articles,omitempty"` // from 1
	SubmittedAt time.Time                 `json:"submitted_at"`
	ToldAt      *time.Time                `json:"told_at,omitempty"`
}

// publicationStates are WeChat's numbers by name.
var publicationStates = map[int]string{
	wechat.PublishDone: "published", wechat.PublishRunning: "publishing", wechat.PublishUnoriginal: "not_original", wechat.PublishFailed: "failed",
	wechat.PublishRefused: "refused", wechat.PublishDeleted: "deleted", wechat.PublishBlocked: "blocked",
}

func showPublication(p sender.Publication) publicationAnswer {
	state, ok := publicationStates[p.State]
	if !ok {
		state = "unknown_" + strconv.Itoa(p.State)
	}
	return publicationAnswer{p.PublishID, p.MediaID, state, p.ArticleID, p.Detail.Articles, p.Detail.Failed, p.SubmittedAt.UTC(), known(p.ToldAt)}
}

func (s *server) publishDraft(c *call) error {
	code, err := c.granted()
	if err != nil {
		return err
	}
	p, err := s.Articles.Publish(c.ctx(), code, c.text("media_id"))
	if err != nil {
		return articleProblem(code, err)
	}
	c.target("sender/" + code)
	c.note("publish_id", p.PublishID)
	return c.reply(http.StatusAccepted, showPublication(p))
}

func (s *server) listPublications(c *call) error {
	code, p, err := c.grantedPage()
	if err != nil {
		return err
	}
	var after sender.Publication
	if after.SubmittedAt, after.PublishID, err = p.stamp(); err != nil {
		return err
	}
	all, err := s.Articles.Publications(c.ctx(), code, after, p.limit+1)
	if err != nil {
		return articleProblem(code, err)
	}
	return c.reply(http.StatusOK, listBy(all, p.limit, func(p sender.Publication) string { return stamp(p.SubmittedAt, p.PublishID) }, showPublication))
}

func (s *server) readPublication(c *call) error {
	code, err := c.granted()
	if err != nil {
		return err
	}
	p, err := s.Articles.Publication(c.ctx(), code, c.text("publish_id"))
	if err != nil {
		return articleProblem(code, err)
	}
	return c.reply(http.StatusOK, showPublication(p))
}

// unpublish takes one article back, or all.
func (s *server) unpublish(c *call) error {
	code, err := c.granted()
	if err != nil {
		return err
	}
	index := 0
	if text := c.Query("index"); text != "" {
		if index, err = strconv.Atoi(text); err != nil || index < 1 {
			return invalid("index", "must be the article's place, from 1; leave it out for all")
		}
	}
	if err := s.Articles.Unpublish(c.ctx(), code, c.text("publish_id"), index); err != nil {
		return articleProblem(code, err)
	}
	c.target("sender/" + code)
	c.note("publish_id", c.text("publish_id"))
	return c.reply(http.StatusNoContent, nil)
}
