package wechat

import (
	"context"
	"encoding/json"
)

// Article is one article of a draft. News has a text and a cover, newspic up to 20 images and a plain text.
// https://developers.weixin.qq.com/doc/service/api/draftbox/draftmanage/api_draft_add
type Article struct {
	Type        string       `json:"article_type,omitempty"` // news (also if empty) or newspic
	Title       string       `json:"title"`
	Author      string       `json:"author,omitempty"`
	Digest      string       `json:"digest,omitempty"`
	Content     string       `json:"content"` // HTML
	SourceURL   string       `json:"content_source_url,omitempty"`
	Thumb       string       `json:"thumb_media_id,omitempty"` // the cover: permanent material
	OpenComment int          `json:"need_open_comment,omitempty"`
	OnlyFansCan int          `json:"only_fans_can_comment,omitempty"`
	CropWide    string       `json:"pic_crop_235_1,omitempty"` // X1_Y1_X2_Y2
	CropSquare  string       `json:"pic_crop_1_1,omitempty"`
	Images      *ImageInfo   `json:"image_info,omitempty"`
	Cover       *CoverInfo   `json:"cover_info,omitempty"`
	Product     *ProductInfo `json:"product_info,omitempty"`
}

// DraftArticle is an article as WeChat gives it back.
type DraftArticle struct {
	Article
	URL string `json:"url"` // where it can be looked at for a while
}

// ImageInfo lists the images of a newspic; the first is its cover.
type ImageInfo struct {
	List []struct {
		MediaID string `json:"image_media_id"`
	} `json:"image_list"`
}

// CoverInfo says which parts of the cover are shown.
type CoverInfo struct {
	Crops []Crop `json:"crop_percent_list"`
}

// Crop is a part of an image, in fractions of its sides.
type Crop struct {
	Ratio string          `json:"ratio"` // 1_1, 16_9 or 2.35_1
	X1    json.RawMessage `json:"x1"`    // numbers, or texts that are numbers: which of them, the pages do not agree
	Y1    json.RawMessage `json:"y1"`
	X2    json.RawMessage `json:"x2"`
	Y2    json.RawMessage `json:"y2"`
}

// ProductInfo names goods that are shown under the text.
type ProductInfo struct {
	Footer *struct {
		Key string `json:"product_key"`
	} `json:"footer_product_info,omitempty"`
}

// Draft is one entry of the draft box.
type Draft struct {
	MediaID  string
	Articles []DraftArticle
	Updated  int64 // Unix seconds; 0 if the call does not tell
}

// AddDraft makes a draft and gives its media_id. Repeated, it makes another one.
func (a *Account) AddDraft(ctx context.Context, articles []Article) (string, error) {
	const op = "draft/add"
	var answer struct {
		ID string `json:"media_id"`
	}
	err := a.door.call(ctx, request{op: op, path: "/cgi-bin/" + op, body: struct {
		Articles []Article `json:"articles"`
	}{articles}}, &answer)
	if err == nil && answer.ID == "" {
		err = incomplete(op, "media_id")
	}
	return answer.ID, err
}

// mostDraft bounds what is read of drafts: articles have up to 1 MB each.
const mostDraft = 24 << 20

// GetDraft reads a draft.
func (a *Account) GetDraft(ctx context.Context, id string) ([]DraftArticle, error) {
	const op = "draft/get"
	var answer struct {
		Items []DraftArticle `json:"news_item"`
	}
	err := a.door.call(ctx, request{op: op, path: "/cgi-bin/" + op, body: mediaID{id}, most: mostDraft}, &answer)
	if err == nil && len(answer.Items) == 0 {
		err = incomplete(op, "news_item")
	}
	return answer.Items, err
}

// UpdateDraft replaces one article of a draft, counted from 0.
func (a *Account) UpdateDraft(ctx context.Context, id string, index int, one Article) error {
	return a.done(ctx, "draft/update", struct {
		ID      string  `json:"media_id"`
		Index   int     `json:"index"`
		Article Article `json:"articles"` // one object here, a list in draft/add
	}{id, index, one})
}

// DeleteDraft removes a draft.
func (a *Account) DeleteDraft(ctx context.Context, id string) error {
	return a.done(ctx, "draft/delete", mediaID{id})
}

// Drafts lists some of the draft box, at most 20, without the articles' texts; total is how many there are.
func (a *Account) Drafts(ctx context.Context, offset, count int) (list []Draft, total int, err error) {
	const op = "draft/batchget"
	var answer struct {
		Total *number `json:"total_count"`
		Items []struct {
			ID      string `json:"media_id"`
			Content struct {
				Items []DraftArticle `json:"news_item"`
			} `json:"content"`
			Updated number `json:"update_time"`
		} `json:"item"`
	}
	err = a.door.call(ctx, request{op: op, path: "/cgi-bin/" + op, most: mostDraft, body: struct {
		Offset    int `json:"offset"`
		Count     int `json:"count"`
		NoContent int `json:"no_content"`
	}{offset, count, 1}}, &answer)
	if err == nil && answer.Total == nil {
		err = incomplete(op, "total_count")
	}
	if err != nil {
		return nil, 0, err
	}
	for _, i := range answer.Items {
		list = append(list, Draft{i.ID, i.Content.Items, int64(i.Updated)})
	}
	return list, int(*answer.Total), nil
}
