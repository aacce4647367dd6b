package sender

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"wechattpp/wechat"
)

// Limits of articles
// (https://developers.weixin.qq.com/doc/service/api/draftbox/draftmanage/api_draft_add).
// Of their number that page says nothing; 8 is what the call before it took.
const (
	mostArticles     = 8
	mostArticleTitle = 32        // characters
	mostAuthor       = 16        // characters
	mostDigest       = 128       // characters
	overContent      = 20_000    // characters; fewer
	overContentBytes = 1_000_000 // fewer
	mostSourceURL    = 1024      // bytes
	mostMediaID      = 128       // bytes
	mostImages       = 20
)

func checkArticles(all []wechat.Article) error {
	if len(all) == 0 || len(all) > mostArticles {
		return &InputError{"articles", fmt.Sprintf("has %d articles: 1 to %d in one draft", len(all), mostArticles)}
	}
	for i, one := range all {
		if err := checkArticle(fmt.Sprintf("articles[%d]", i), one); err != nil {
			return err
		}
	}
	return nil
}

func checkArticle(path string, a wechat.Article) error {
	for _, t := range []struct {
		name, text  string
		least, most int
	}{{"title", a.Title, 1, mostArticleTitle}, {"author", a.Author, 0, mostAuthor}, {"digest", a.Digest, 0, mostDigest}} {
		n := utf8.RuneCountInString(t.text)
		if n < t.least || n > t.most || strings.ContainsFunc(t.text, unicode.IsControl) {
			return &InputError{path + "." + t.name, fmt.Sprintf("has %d characters: %d to %d, no control characters", n, t.least, t.most)}
		}
	}
	n := utf8.RuneCountInString(a.Content)
	if n == 0 || n >= overContent || len(a.Content) >= overContentBytes {
		return &InputError{path + ".content", fmt.Sprintf("has %d characters and %d bytes: 1 to %d characters, and less than %d bytes", n, len(a.Content), overContent-1, overContentBytes)}
	}
	if strings.ContainsFunc(a.Content, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' }) {
		return &InputError{path + ".content", "holds a control character: take it out"}
	}
	if err := checkSource(path+".content_source_url", a.SourceURL); err != nil {
		return err
	}
	for name, v := range map[string]int{"need_open_comment": a.OpenComment, "only_fans_can_comment": a.OnlyFansCan} {
		if v != 0 && v != 1 {
			return &InputError{path + "." + name, fmt.Sprintf("is %d: use 0 or 1", v)}
		}
	}
	if err := checkPictures(path, a); err != nil {
		return err
	}
	return checkCrops(path, a)
}

func checkSource(field, link string) error {
	if link == "" {
		return nil
	}
	u, err := url.Parse(link)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return &InputError{field, "must be a web address that begins with http:// or https://"}
	case len(link) > mostSourceURL:
		return &InputError{field, fmt.Sprintf("has %d bytes: at most %d", len(link), mostSourceURL)}
	}
	return nil
}

// checkPictures: news has a cover, newspic has images, both of the account's
// permanent material.
func checkPictures(path string, a wechat.Article) error {
	const upload = ": upload it by POST /v1/senders/{code}/media with permanent=true"
	switch {
	case a.Type != "" && a.Type != "news" && a.Type != "newspic":
		return &InputError{path + ".article_type", "must be news (text with a cover) or newspic (images)"}
	case a.Type != "newspic" && !isMediaID(a.Thumb):
		return &InputError{path + ".thumb_media_id", "must be the media_id of the cover" + upload}
	case a.Type != "newspic" && a.Images != nil:
		return &InputError{path + ".image_info", "is for newspic: leave it out, or set article_type"}
	case a.Type != "newspic":
		return nil
	case a.Images == nil || len(a.Images.List) == 0 || len(a.Images.List) > mostImages:
		return &InputError{path + ".image_info.image_list", fmt.Sprintf("must list 1 to %d images, the first is the cover", mostImages)}
	}
	for i, one := range a.Images.List {
		if !isMediaID(one.MediaID) {
			return &InputError{fmt.Sprintf("%s.image_info.image_list[%d].image_media_id", path, i), "must be the media_id of an image" + upload}
		}
	}
	return nil
}

func isMediaID(id string) bool {
	return id != "" && len(id) <= mostMediaID && !strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' })
}

// checkCrops: X1_Y1_X2_Y2, fractions of the sides, from the upper left to the
// lower right corner.
func checkCrops(path string, a wechat.Article) error {
	for name, text := range map[string]string{"pic_crop_235_1": a.CropWide, "pic_crop_1_1": a.CropSquare} {
		if text != "" && !isCrop(strings.Split(text, "_")) {
			return &InputError{path + "." + name, "must be X1_Y1_X2_Y2, four numbers from 0 to 1, such as 0.1945_0_1_0.5236"}
		}
	}
	if a.Cover == nil {
		return nil
	}
	for i, c := range a.Cover.Crops {
		at := fmt.Sprintf("%s.cover_info.crop_percent_list[%d]", path, i)
		if c.Ratio != "1_1" && c.Ratio != "16_9" && c.Ratio != "2.35_1" {
			return &InputError{at + ".ratio", "must be 1_1, 16_9 or 2.35_1"}
		}
		if !isCrop([]string{bare(c.X1), bare(c.Y1), bare(c.X2), bare(c.Y2)}) {
			return &InputError{at, "must have x1, y1, x2 and y2 from 0 to 1, the second corner behind the first"}
		}
	}
	return nil
}

func bare(raw []byte) string { return strings.Trim(string(raw), `"`) }

func isCrop(parts []string) bool {
	if len(parts) != 4 {
		return false
	}
	var at [4]float64
	for i, p := range parts {
		n, err := strconv.ParseFloat(p, 64)
		if err != nil || !(n >= 0 && n <= 1) {
			return false
		}
		at[i] = n
	}
	return at[0] < at[2] && at[1] < at[3]
}

var (
	imageTag  = regexp.MustCompile(`(?i)<img\b[^>]*?\ssrc\s*=\s*["']?([^"'\s>]+)`)
	scriptTag = regexp.MustCompile(`(?i)<script\b`)
)

// warnAbout tells what WeChat takes and does not show.
func warnAbout(all []wechat.Article) (warnings []string) {
	for i, a := range all {
		at := fmt.Sprintf("articles[%d]", i)
		for _, found := range imageTag.FindAllStringSubmatch(a.Content, -1) {
			if !isWeChatImage(found[1]) {
				warnings = append(warnings, fmt.Sprintf("%s.content shows the image %.100s, which WeChat leaves out: upload it by POST /v1/senders/{code}/media with permanent=url, and use the address it answers", at, found[1]))
			}
		}
		if scriptTag.MatchString(a.Content) {
			warnings = append(warnings, at+".content holds a script, which WeChat takes out")
		}
		if a.Digest != "" && len(all) > 1 {
			warnings = append(warnings, at+".digest is shown with a single article only")
		}
	}
	return warnings
}

// isWeChatImage tells whether an address is one that uploading gives.
func isWeChatImage(src string) bool {
	u, err := url.Parse(src)
	return err == nil && (strings.HasPrefix(u.Hostname(), "mmbiz.") || strings.HasSuffix(u.Hostname(), ".mmbiz.qpic.cn")) &&
		(strings.HasSuffix(u.Hostname(), ".qpic.cn") || strings.HasSuffix(u.Hostname(), ".qlogo.cn"))
}
