package main

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"wechattpp/callback"
	"wechattpp/notify"
	"wechattpp/sender"
	"wechattpp/wechat"
)

// massOutcome brings the later word on a mass send to the room that sent it.
// One that overtook its call's answer comes again, the more slowly the older it
// is: a call may be repeated for a day.
func (h *house) massOutcome(ctx context.Context, appID string, e *wechat.MassJobFinished, created time.Time) error {
	detail, err := json.Marshal(struct {
		Articles  any `json:"articles"`
		Copyright any `json:"copyright"`
	}{e.Articles.Results, e.Copyright})
	if err != nil {
		return err
	}
	id, _ := strconv.ParseInt(e.MsgID, 10, 64) // what is no number matches nothing
	err = h.messages.MassOutcome(ctx, notify.MassOutcome{
		AppID: appID, MsgID: id, Status: strings.ToLower(strings.TrimSpace(e.Status)), Detail: detail, At: created,
		Counts: notify.VendorCounts{Total: e.TotalCount, Filtered: e.FilterCount, Sent: e.SentCount, Failed: e.ErrorCount},
	})
	if errors.Is(err, notify.ErrTooEarly) {
		return callback.Later{After: min(max(time.Second, time.Since(created)/4), time.Minute)}
	}
	return err
}

// published brings the later word on a publication to whoever keeps them.
func (h *house) published(ctx context.Context, appID string, e *wechat.PublishJobFinished, _ time.Time) error {
	p := sender.Publication{AppID: appID, PublishID: e.Publish.PublishID, State: int(e.Publish.Status), ArticleID: strings.TrimSpace(e.Publish.ArticleID)}
	for _, a := range e.Publish.Articles.Items {
		p.Detail.Articles = append(p.Detail.Articles, wechat.PublishedArticle{Index: int(a.Index), URL: a.URL})
	}
	for _, text := range e.Publish.Failed {
		if n, err := strconv.Atoi(strings.TrimSpace(text)); err == nil {
			p.Detail.Failed = append(p.Detail.Failed, n)
		}
	}
	return h.articles.Published(ctx, p)
}
