package simulator

import (
	"strings"
	"unicode/utf8"
)

// appContent is what a message of an app says (wecom 2.2). Texts that are too
// long are cut without a word, unless a code is documented.
type appContent struct {
	Text     struct{ Content string } `json:"text"`
	Markdown struct{ Content string } `json:"markdown"`
	Image    appMedia                 `json:"image"`
	Voice    appMedia                 `json:"voice"`
	File     appMedia                 `json:"file"`
	Video    appMedia                 `json:"video"`
	Card     appArticle               `json:"textcard"`
	News     struct {
		Articles []appArticle `json:"articles"`
	} `json:"news"`
	MPNews struct {
		Articles []appArticle `json:"articles"`
	} `json:"mpnews"`
	Notice struct {
		AppID string `json:"appid"`
		Page  string `json:"page"`
		Title string `json:"title"`
		Items []struct {
			Key   string `json:"key"`
			Value string `json:"value"`
		} `json:"content_item"`
	} `json:"miniprogram_notice"`
	TemplateCard appCard `json:"template_card"`
}

type appMedia struct {
	ID string `json:"media_id"`
}

type appArticle struct {
	Title       string `json:"title"`
	Description string `json:"description"`
	URL         string `json:"url"`
	AppID       string `json:"appid"`
	PagePath    string `json:"pagepath"`
	Author      string `json:"author"`
	Content     string `json:"content"`
	Thumb       string `json:"thumb_media_id"`
}

func (c *appContent) refuses(kind string) *refusal {
	switch kind {
	case "text":
		return codeIf(strings.TrimSpace(c.Text.Content) == "", 44004)
	case "markdown":
		return codeIf(strings.TrimSpace(c.Markdown.Content) == "", 44004)
	case "image":
		return codeIf(c.Image.ID == "", 41006)
	case "voice":
		return codeIf(c.Voice.ID == "", 41006)
	case "file":
		return codeIf(c.File.ID == "", 41006)
	case "video":
		return codeIf(c.Video.ID == "", 41006)
	case "textcard":
		return first(codeIf(c.Card.Title == "", 41016), codeIf(c.Card.Description == "", 41033), c.Card.link())
	case "news":
		return each(c.News.Articles, func(a appArticle) *refusal {
			if a.AppID != "" && a.PagePath != "" {
				return codeIf(a.Title == "", 41016)
			}
			return first(codeIf(a.Title == "", 41016), a.link())
		})
	case "mpnews":
		return each(c.MPNews.Articles, func(a appArticle) *refusal {
			return first(codeIf(a.Title == "", 41016), codeIf(a.Thumb == "", 41006), codeIf(len(a.Author) > 64, 45032), codeIf(len(a.Content) > 666<<10, 45002))
		})
	case "miniprogram_notice":
		return c.notice()
	case "template_card":
		return c.TemplateCard.refuses(false)
	}
	return refuse(40008)
}

// appFile is a file that a message names, and of which type it must be.
type appFile struct{ id, kind string }

func (c *appContent) files(kind string) (files []appFile) {
	switch kind {
	case "image":
		return []appFile{{c.Image.ID, kind}}
	case "voice":
		return []appFile{{c.Voice.ID, kind}}
	case "file":
		return []appFile{{c.File.ID, kind}}
	case "video":
		return []appFile{{c.Video.ID, kind}}
	case "mpnews":
		for _, a := range c.MPNews.Articles {
			files = append(files, appFile{a.Thumb, "image"})
		}
	}
	return files
}

// holds tells whether the company of a call has the files: of the right type,
// uploaded by one of its apps, and not too long ago (wecom 4.1).
func (s *Simulator) holds(q *request, files []appFile) *refusal {
	for _, f := range files {
		if !s.has(q.corp.profile.CorpID, f.id, f.kind, q.now) {
			return refuse(40007)
		}
	}
	return nil
}

func (c *appContent) notice() *refusal {
	fail := first(codeIf(c.Notice.AppID == "", 90200), codeIf(len(c.Notice.Items) > 10, 90201), codeIf(len(c.Notice.Page) > 1024, 90204))
	for _, i := range c.Notice.Items {
		fail = first(fail, codeIf(utf8.RuneCountInString(i.Key) > 10, 90202), codeIf(utf8.RuneCountInString(i.Value) > 30, 90203))
	}
	return fail
}

func (a appArticle) link() *refusal {
	return codeIf(!strings.HasPrefix(a.URL, "http://") && !strings.HasPrefix(a.URL, "https://"), 40094)
}

func each(list []appArticle, refuses func(appArticle) *refusal) *refusal {
	if len(list) == 0 {
		return refuse(41016)
	}
	fail := codeIf(len(list) > 8, 45008)
	for _, a := range list {
		fail = first(fail, refuses(a))
	}
	return fail
}

func codeIf(wrong bool, code int) *refusal {
	if wrong {
		return refuse(code)
	}
	return nil
}

func first(fails ...*refusal) *refusal {
	for _, f := range fails {
		if f != nil {
			return f
		}
	}
	return nil
}

// cutBytes shortens a text to whole characters.
func cutBytes(s string, most int) string {
	for len(s) > most {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return s
}
