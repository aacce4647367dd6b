package sender

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"wechattpp/wechat"
)

func TestArticlesAreHeldAgainstTheirLimits(t *testing.T) {
	t.Parallel()
	text := strings.Repeat
	for name, c := range map[string]struct {
		article string // fields that differ
		field   string // "": taken
	}{
		"plain":                       {`{}`, ""},
		"a title of 32":               {`{"title":"` + text("😀", 32) + `"}`, ""},
		"a title of 33":               {`{"title":"` + text("字", 33) + `"}`, "title"},
		"no title":                    {`{"title":""}`, "title"},
		"a title of two lines":        {`{"title":"a\nb"}`, "title"},
		"an author of 16":             {`{"author":"` + text("字", 16) + `"}`, ""},
		"an author of 17":             {`{"author":"` + text("字", 17) + `"}`, "author"},
		"a digest of 128":             {`{"digest":"` + text("字", 128) + `"}`, ""},
		"a digest of 129":             {`{"digest":"` + text("字", 129) + `"}`, "digest"},
		"a text of 19,999":            {`{"content":"` + text("字", 19_999) + `"}`, ""},
		"a text of 20,000":            {`{"content":"` + text("a", 20_000) + `"}`, "content"},
		"no text":                     {`{"content":""}`, "content"},
		"a text with a tab and lines": {`{"content":"a\tb\r\nc \\u4e2d \"q\" <&>"}`, ""},
		"a text with a bell":          {"{\"content\":\"a\\u0007\"}", "content"},
		"a link of 1024":              {`{"content_source_url":"https://a.example/` + text("x", 1024-18) + `"}`, ""},
		"a link of 1025":              {`{"content_source_url":"https://a.example/` + text("x", 1025-18) + `"}`, "content_source_url"},
		"no link":                     {`{"content_source_url":"javascript:x"}`, "content_source_url"},
		"no cover":                    {`{"thumb_media_id":""}`, "thumb_media_id"},
		"a cover of 129":              {`{"thumb_media_id":"` + text("x", 129) + `"}`, "thumb_media_id"},
		"another type":                {`{"article_type":"video"}`, "article_type"},
		"images of news":              {`{"image_info":{"image_list":[{"image_media_id":"I"}]}}`, "image_info"},
		"twenty images":               {`{"article_type":"newspic","image_info":{"image_list":[` + text(`{"image_media_id":"I"},`, 19) + `{"image_media_id":"I"}]}}`, ""},
		"twenty-one images":           {`{"article_type":"newspic","image_info":{"image_list":[` + text(`{"image_media_id":"I"},`, 20) + `{"image_media_id":"I"}]}}`, "image_info.image_list"},
		"no images":                   {`{"article_type":"newspic"}`, "image_info.image_list"},
		"an image without an id":      {`{"article_type":"newspic","image_info":{"image_list":[{"image_media_id":""}]}}`, "image_info.image_list[0].image_media_id"},
		"a comment switch of 2":       {`{"need_open_comment":2}`, "need_open_comment"},
		"a crop":                      {`{"pic_crop_235_1":"0.1945_0_1_0.5236"}`, ""},
		"a crop of three":             {`{"pic_crop_1_1":"0_0_1"}`, "pic_crop_1_1"},
		"a crop beyond":               {`{"pic_crop_1_1":"0_0_1_1.1"}`, "pic_crop_1_1"},
		"a crop that is no number":    {`{"pic_crop_1_1":"0_0_1_NaN"}`, "pic_crop_1_1"},
		"a crop inside out":           {`{"pic_crop_1_1":"1_0_0_1"}`, "pic_crop_1_1"},
		"crops of both spellings":     {`{"cover_info":{"crop_percent_list":[{"ratio":"1_1","x1":"0.1","y1":0,"x2":1,"y2":"1"}]}}`, ""},
		"a ratio that is none":        {`{"cover_info":{"crop_percent_list":[{"ratio":"4_3","x1":0,"y1":0,"x2":1,"y2":1}]}}`, "cover_info.crop_percent_list[0].ratio"},
		"a crop without a corner":     {`{"cover_info":{"crop_percent_list":[{"ratio":"1_1","x1":0,"y1":0,"x2":1}]}}`, "cover_info.crop_percent_list[0]"},
	} {
		a := wechat.Article{Title: "t", Content: "c", Thumb: "COVER"}
		if err := json.Unmarshal([]byte(c.article), &a); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		err := checkArticles([]wechat.Article{a})
		in, _ := errors.AsType[*InputError](err)
		switch {
		case c.field == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.field != "" && (in == nil || in.Field != "articles[0]."+c.field):
			t.Errorf("%s: %v, want %s", name, err, c.field)
		}
	}
	one := wechat.Article{Title: "t", Content: "c", Thumb: "COVER"}
	for n, taken := range map[int]bool{0: false, 1: true, 8: true, 9: false} {
		all := make([]wechat.Article, n)
		for i := range all {
			all[i] = one
		}
		if err := checkArticles(all); (err == nil) != taken {
			t.Errorf("%d articles: %v", n, err)
		}
	}
	million := one
	million.Content = text("😀", 19_999)
	if err := checkArticles([]wechat.Article{million}); err != nil {
		t.Errorf("80 kB of emoji: %v", err)
	}
}

func TestWarningsTellWhatWeChatLeavesOut(t *testing.T) {
	t.Parallel()
	for content, n := range map[string]int{
		`<p>plain</p>`: 0,
		`<img src="http://mmbiz.qpic.cn/mmbiz_png/x/0?wx_fmt=png"><img data-x='1' SRC='https://mmbiz.qlogo.cn/y'>`: 0,
		`<img src="https://shop.example.com/a.png"><IMG alt=x src=//evil.example/mmbiz.qpic.cn>`:                   2,
		`<img src="https://mmbiz.example.com/a.png">`:                                                              1,
		`<script>alert(1)</script>`: 1,
	} {
		if got := warnAbout([]wechat.Article{{Content: content}}); len(got) != n {
			t.Errorf("%s: %q", content, got)
		}
	}
	if got := warnAbout([]wechat.Article{{Digest: "d"}, {}}); len(got) != 1 || !strings.Contains(got[0], "digest") {
		t.Errorf("%q", got)
	}
}
