package notify

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// robotForms are the types of message that a group's webhook takes
// (https://developer.work.weixin.qq.com/document/path/99110).
var robotForms = map[string]func() limited{
	"text":        func() limited { return &robotText{} },
	"markdown":    func() limited { return &robotMarkdown{} },
	"markdown_v2": func() limited { return &robotMarkdown{} },
	"image":       func() limited { return &robotImage{} },
	"news":        func() limited { return &robotNews{} },
	"file":        func() limited { return &appMedia{} },
	"voice":       func() limited { return &appMedia{} },

	"template_card": func() limited { return &robotCard{} },
}

const (
	mostMentions      = 1000
	mostRobotMarkdown = 4096    // bytes
	mostRobotImage    = 2 << 20 // bytes, before they are base64
)

type robotText struct {
	appText
	Members []string `json:"mentioned_list,omitempty"`        // userids, or @all
	Mobiles []string `json:"mentioned_mobile_list,omitempty"` // numbers, or @all
}

func (a *robotText) limit(l *limits, path string) {
	a.appText.limit(l, path)
	mentions(l, path+".mentioned_list", a.Members)
	l.count(path+".mentioned_mobile_list", len(a.Mobiles), 0, mostMentions)
	for i, n := range a.Mobiles {
		if n != everyMember && !isMobile(n) && !l.skips(n) {
			l.fail(at(path+".mentioned_mobile_list", i), "must be a mobile number of 5 to 32 digits, or @all")
		}
	}
}

// mentions are members to be called by name.
func mentions(l *limits, path string, ids []string) {
	l.count(path, len(ids), 0, mostMentions)
	for i, id := range ids {
		if id != everyMember && !isMember(id) && !l.skips(id) {
			l.fail(at(path, i), "is no userid: %s", memberForm)
		}
	}
}

// isMobile: 5 to 32 bytes, as https://developer.work.weixin.qq.com/document/path/95402 says.
func isMobile(n string) bool {
	digits := strings.TrimPrefix(n, "+")
	return len(n) >= 5 && len(n) <= 32 && strings.Trim(digits, "0123456789") == ""
}

type robotMarkdown struct {
	Content string `json:"content"`
}

func (a *robotMarkdown) limit(l *limits, path string) {
	l.needed(path+".content", a.Content)
	l.bytes(path+".content", a.Content, mostRobotMarkdown)
}

// robotImage is a picture by its bytes. Whoever leaves the MD5 out has it made.
type robotImage struct {
	Base64 string `json:"base64"`
	MD5    string `json:"md5"`
}

func (a *robotImage) limit(l *limits, path string) {
	raw, err := base64.StdEncoding.DecodeString(a.Base64)
	sum := md5.Sum(raw) // what WeCom asks for; nothing is kept safe by it
	switch {
	case l.skips(a.Base64):
	case err != nil || len(raw) == 0:
		l.fail(path+".base64", "must be the picture in base64, without a prefix or line ends")
	case len(raw) > mostRobotImage:
		l.fail(path+".base64", "holds %d bytes: at most %d (2 MB)", len(raw), mostRobotImage)
	case !bytes.HasPrefix(raw, []byte("\xff\xd8\xff")) && !bytes.HasPrefix(raw, []byte("\x89PNG\r\n\x1a\n")):
		l.fail(path+".base64", "must be a JPG or PNG picture")
	case a.MD5 != "" && !strings.EqualFold(a.MD5, hex.EncodeToString(sum[:])):
		l.fail(path+".md5", "is not that of the picture's bytes before base64: leave it out to have it made")
	default:
		a.MD5 = hex.EncodeToString(sum[:])
	}
}

type robotNews struct {
	Articles []robotArticle `json:"articles"`
}

type robotArticle struct {
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	URL         string `json:"url"`
	Picture     string `json:"picurl,omitempty"`
}

func (a *robotNews) limit(l *limits, path string) {
	l.count(path+".articles", len(a.Articles), 1, mostArticles)
	for i, one := range a.Articles {
		p := at(path+".articles", i)
		l.needed(p+".title", one.Title)
		l.bytes(p+".title", one.Title, 128)
		l.bytes(p+".description", one.Description, 512)
		l.needed(p+".url", one.URL)
		l.link(p+".url", one.URL, 2048)
		l.link(p+".picurl", one.Picture, 2048)
	}
}

// robotCard is a card that nobody can answer.
type robotCard struct{ templateCard }

func (a *robotCard) limit(l *limits, path string) {
	if a.Type != "text_notice" && a.Type != "news_notice" {
		l.fail(path+".card_type", "is %q: a group's webhook sends text_notice and news_notice", a.Type)
	}
	if a.Menu != nil || a.TaskID != "" {
		l.fail(path+".action_menu", "and task_id are for an app's cards, which come back when somebody clicks: leave them out")
	}
	a.templateCard.limit(l, path)
}
