package wechat

import (
	"context"
	"strings"
)

// States of a publication
// (https://developers.weixin.qq.com/doc/service/api/public/api_freepublish_get).
const (
	PublishDone       = 0
	PublishRunning    = 1
	PublishUnoriginal = 2
	PublishFailed     = 3
	PublishRefused    = 4
	PublishDeleted    = 5 // by the account, after success
	PublishBlocked    = 6 // by WeChat, after success
)

// Publication is how the publication of a draft stands.
type Publication struct {
	State     int
	ArticleID string
	Articles  []PublishedArticle
	Failed    []int // articles that did not pass, counted from 1
}

// PublishedArticle is where a published article can be read.
type PublishedArticle struct {
	Index int    `json:"idx"` // from 1
	URL   string `json:"article_url"`
}

// Publish asks for a draft to be made public, which tells no follower. To be accepted is not to be published:
// PUBLISHJOBFINISH and Publication tell. ErrUnanswered: perhaps accepted.
// https://developers.weixin.qq.com/doc/service/api/public/api_freepublish_submit
func (a *Account) Publish(ctx context.Context, draft string) (publishID string, err error) {
	const op = "freepublish/submit"
	var answer struct {
		ID word `json:"publish_id"`
	}
	err = a.door.call(ctx, request{op: op, path: "/cgi-bin/" + op, body: mediaID{draft}}, &answer)
	if err == nil && answer.ID == "" {
		err = incomplete(op, "publish_id")
	}
	return string(answer.ID), err
}

// Publication asks how a publication stands.
func (a *Account) Publication(ctx context.Context, publishID string) (p Publication, err error) {
	const op = "freepublish/get"
	var answer struct {
		State     *number `json:"publish_status"`
		ArticleID string  `json:"article_id"`
		Detail    struct {
			Items []struct {
				Index number `json:"idx"`
				URL   string `json:"article_url"`
			} `json:"item"`
		} `json:"article_detail"`
		Failed []number `json:"fail_idx"`
	}
	err = a.door.call(ctx, request{op: op, path: "/cgi-bin/" + op, body: struct {
		ID string `json:"publish_id"`
	}{publishID}}, &answer)
	if err == nil && answer.State == nil {
		err = incomplete(op, "publish_status")
	}
	if err != nil {
		return p, err
	}
	p.State, p.ArticleID = int(*answer.State), strings.TrimSpace(answer.ArticleID)
	for _, i := range answer.Detail.Items {
		p.Articles = append(p.Articles, PublishedArticle{int(i.Index), i.URL})
	}
	for _, n := range answer.Failed {
		p.Failed = append(p.Failed, int(n))
	}
	return p, nil
}

// DeletePublished takes a published article back, counted from 1; 0 is all of them. It cannot be undone.
func (a *Account) DeletePublished(ctx context.Context, articleID string, index int) error {
	return a.done(ctx, "freepublish/delete", struct {
		ID    string `json:"article_id"`
		Index int    `json:"index,omitempty"`
	}{articleID, index})
}
