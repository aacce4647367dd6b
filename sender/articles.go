package sender

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"wechattpp/wechat"
)

// Articles makes, shows and publishes the drafts of Official Accounts. To send
// one to many is a message. Its fields are needed. Safe for concurrent use.
type Articles struct {
	Store   PublicationStore
	Senders *Room
}

// Why something of articles cannot be done, besides the errors of Ready.
var (
	ErrNoArticles = errors.New("only Official Accounts (wechatoa) have articles")
	ErrUnfinished = errors.New("the publication has no article that could be taken back: its state must be published")
)

// Publication is a draft that was to be made public.
type Publication struct {
	AppID       string
	PublishID   string
	MediaID     string // of the draft; empty if somebody else published it
	State       int    // as of wechat.Publish…
	ArticleID   string // once it is published
	Detail      PublicationDetail
	SubmittedAt time.Time
	ToldAt      time.Time // zero: WeChat has not told yet
}

// PublicationDetail is what WeChat tells besides.
type PublicationDetail struct {
	Articles []wechat.PublishedArticle `json:"articles,omitempty"`
	Failed   []int                     `json:"fail_idx,omitempty"` // articles that did not pass, from 1
}

// PublicationStore keeps publications. Each method is atomic, and may be
// repeated.
type PublicationStore interface {
	// Submitted keeps one that was asked for, whose end may have been told before.
	Submitted(ctx context.Context, p Publication) error
	// Told keeps what WeChat tells of one, whoever asked for it.
	Told(ctx context.Context, p Publication) error
	// Publication reads one; fs.ErrNotExist.
	Publication(ctx context.Context, appID, publishID string) (Publication, error)
	// Publications lists up to limit of an account, the newest first, after the one
	// whose SubmittedAt and PublishID are given; zero: from the newest on.
	Publications(ctx context.Context, appID string, after Publication, limit int) ([]Publication, error)
	// ForgetPublications drops up to limit that are older than age.
	ForgetPublications(ctx context.Context, age time.Duration, limit int) (int, error)
}

// setNotices is what publishing and mass sends need.
var setNotices = needed[OfficialAccount]

// account gives what speaks for the sender, with a permission set.
func (a *Articles) account(ctx context.Context, code string, set Set) (*wechat.Account, Sender, error) {
	s, err := a.Senders.Read(ctx, code)
	if err != nil {
		return nil, s, err
	}
	if s.Kind != OfficialAccount {
		return nil, s, ErrNoArticles
	}
	s, tokens, err := a.Senders.With(ctx, code, set)
	if err != nil {
		return nil, s, err
	}
	return a.Senders.API.Account(s.AppID, tokens), s, nil
}

// Add makes a draft. warnings tell of what WeChat will leave out. Errors:
// *InputError, ErrNoArticles, those of Ready and of the vendor; one that is
// ErrUnanswered may have made it.
func (a *Articles) Add(ctx context.Context, code string, articles []wechat.Article) (mediaID string, warnings []string, err error) {
	if err := checkArticles(articles); err != nil {
		return "", nil, err
	}
	account, _, err := a.account(ctx, code, SetArticles)
	if err != nil {
		return "", nil, err
	}
	mediaID, err = account.AddDraft(ctx, articles)
	return mediaID, warnAbout(articles), err
}

// Get reads a draft.
func (a *Articles) Get(ctx context.Context, code, mediaID string) ([]wechat.DraftArticle, error) {
	account, _, err := a.account(ctx, code, SetArticles)
	if err != nil {
		return nil, err
	}
	return account.GetDraft(ctx, mediaID)
}

// Update replaces one article of a draft, counted from 0.
func (a *Articles) Update(ctx context.Context, code, mediaID string, index int, one wechat.Article) (warnings []string, err error) {
	if index < 0 || index >= mostArticles {
		return nil, &InputError{"index", "must be the place of the article in the draft, from 0"}
	}
	if err := checkArticle("article", one); err != nil {
		return nil, err
	}
	account, _, err := a.account(ctx, code, SetArticles)
	if err != nil {
		return nil, err
	}
	return warnAbout([]wechat.Article{one}), account.UpdateDraft(ctx, mediaID, index, one)
}

// Delete removes a draft.
func (a *Articles) Delete(ctx context.Context, code, mediaID string) error {
	account, _, err := a.account(ctx, code, SetArticles)
	if err != nil {
		return err
	}
	return account.DeleteDraft(ctx, mediaID)
}

// List gives up to limit drafts from a place on, newest first, without their
// texts, and how many there are.
func (a *Articles) List(ctx context.Context, code string, from, limit int) (all []wechat.Draft, total int, err error) {
	const call = 20 // of the vendor's
	account, _, err := a.account(ctx, code, SetArticles)
	for err == nil && len(all) < limit {
		var some []wechat.Draft
		some, total, err = account.Drafts(ctx, from+len(all), min(call, limit-len(all)))
		all = append(all, some...)
		if len(some) == 0 || from+len(all) >= total {
			break
		}
	}
	return all, total, err
}

// Preview shows a draft to one person, by openid or WeChat name.
func (a *Articles) Preview(ctx context.Context, code, mediaID, openID, wechatName string) error {
	if (openID == "") == (wechatName == "") {
		return &InputError{"openid", "or wechat_name is needed, one of them"}
	}
	account, _, err := a.account(ctx, code, setNotices)
	if err != nil {
		return err
	}
	return account.PreviewMass(ctx, openID, wechatName, mediaID)
}

// Publish asks WeChat to make a draft public, which tells no follower. How it
// ends is told by an event, and by Publication.
func (a *Articles) Publish(ctx context.Context, code, mediaID string) (Publication, error) {
	account, s, err := a.account(ctx, code, setNotices)
	if err != nil {
		return Publication{}, err
	}
	id, err := account.Publish(ctx, mediaID)
	if err != nil {
		return Publication{}, err
	}
	p := Publication{AppID: s.AppID, PublishID: id, MediaID: mediaID, State: wechat.PublishRunning}
	if err := a.Store.Submitted(context.WithoutCancel(ctx), p); err != nil {
		return p, err
	}
	kept, err := a.Store.Publication(ctx, s.AppID, id)
	p.SubmittedAt = kept.SubmittedAt
	return p, err
}

// Publication tells how one stands; while that is open, WeChat is asked.
func (a *Articles) Publication(ctx context.Context, code, publishID string) (Publication, error) {
	account, s, err := a.account(ctx, code, setNotices)
	if err != nil {
		return Publication{}, err
	}
	p, err := a.Store.Publication(ctx, s.AppID, publishID)
	if err == nil && p.State != wechat.PublishRunning || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return p, err
	}
	said, err := account.Publication(ctx, publishID)
	if err != nil {
		return p, err
	}
	told := Publication{AppID: s.AppID, PublishID: publishID, State: said.State, ArticleID: said.ArticleID, Detail: PublicationDetail{said.Articles, said.Failed}}
	if err := a.Store.Told(ctx, told); err != nil {
		return told, err
	}
	return a.Store.Publication(ctx, s.AppID, publishID)
}

// Publications lists those that are known, the newest first, see
// [PublicationStore].
func (a *Articles) Publications(ctx context.Context, code string, after Publication, limit int) ([]Publication, error) {
	s, err := a.Senders.Read(ctx, code)
	if err == nil && s.Kind != OfficialAccount {
		err = ErrNoArticles
	}
	if err != nil {
		return nil, err
	}
	return a.Store.Publications(ctx, s.AppID, after, limit)
}

// Unpublish takes an article of a publication back, counted from 1; 0 is all.
func (a *Articles) Unpublish(ctx context.Context, code, publishID string, index int) error {
	if index < 0 || index > mostArticles {
		return &InputError{"index", "must be the article's place, from 1; leave it out for all"}
	}
	p, err := a.Publication(ctx, code, publishID)
	if err != nil {
		return err
	}
	if p.State != wechat.PublishDone || p.ArticleID == "" {
		return ErrUnfinished
	}
	account, _, err := a.account(ctx, code, setNotices)
	if err != nil {
		return err
	}
	if err := account.DeletePublished(ctx, p.ArticleID, index); err != nil || index > 0 {
		return err
	}
	p.State = wechat.PublishDeleted
	return a.Store.Told(ctx, p)
}

// Published takes WeChat's event on a publication, whoever asked for it, also
// one that overtakes the answer to Publish.
func (a *Articles) Published(ctx context.Context, p Publication) error {
	if p.PublishID == "" {
		return nil
	}
	return a.Store.Told(ctx, p)
}
