package notify

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// appForm is a type of message of a WeCom app: the object under its name, how
// secret it may be, and whether ids in it are translated
// (https://developer.work.weixin.qq.com/document/path/90236).
type appForm struct {
	object func() limited
	safe   int // most
	trans  bool
}

// limited is an object that can be held against WeCom's limits. WeCom cuts off
// what is too long, silently: so it is refused here.
type limited interface{ limit(l *limits, path string) }

var appForms = map[string]appForm{
	"text":               {func() limited { return &appText{} }, 1, true},
	"markdown":           {func() limited { return &appMarkdown{} }, 0, false},
	"image":              {func() limited { return &appMedia{} }, 1, false},
	"voice":              {func() limited { return &appMedia{} }, 0, false},
	"file":               {func() limited { return &appMedia{} }, 1, false},
	"video":              {func() limited { return &appVideo{} }, 1, false},
	"textcard":           {func() limited { return &appCard{} }, 0, true},
	"news":               {func() limited { return &appNews{} }, 0, true},
	"mpnews":             {func() limited { return &appMPNews{} }, 2, true},
	"miniprogram_notice": {func() limited { return &appNotice{} }, 0, true},
	"template_card":      {func() limited { return &templateCard{} }, 0, true},
}

// unsafe refuses a value of safe.
func unsafe(path string, safe int, form appForm, kind string) error {
	if form.safe == 0 {
		return invalid(path+".safe", "is %d: a message of msgtype %s cannot be confidential, leave it out", safe, kind)
	}
	return invalid(path+".safe", "is %d: 0 to %d for msgtype %s", safe, form.safe, kind)
}

// limits collects the first breach. Of a draft, a text with a variable may yet
// become anything.
type limits struct {
	draft    bool
	err      error
	warnings []string // of what WeCom merely advises against
}

func (l *limits) fail(field, format string, args ...any) {
	if l.err == nil {
		l.err = invalid(field, format, args...)
	}
}

func (l *limits) skips(v string) bool { return l.draft && variable.MatchString(v) }

// needed is for texts that must not be empty.
func (l *limits) needed(field, v string) {
	if strings.TrimSpace(v) == "" {
		l.fail(field, "is missing or empty")
	}
}

func (l *limits) bytes(field, v string, most int) {
	if !utf8.ValidString(v) || len(v) > most && !l.skips(v) {
		l.fail(field, "has %d bytes: at most %d of UTF-8, a Chinese character is 3; WeCom would cut or refuse it", len(v), most)
	}
}

// chars is for texts that WeCom counts in characters; empty ones pass.
func (l *limits) chars(field, v string, least, most int) {
	if n := utf8.RuneCountInString(v); !utf8.ValidString(v) || n > 0 && (n < least || n > most) && !l.skips(v) {
		l.fail(field, "has %d characters: %d to %d", n, least, most)
	}
}

func (l *limits) link(field, v string, most int) {
	l.bytes(field, v, most)
	if v != "" && !strings.HasPrefix(v, "http://") && !strings.HasPrefix(v, "https://") && !l.skips(v) {
		l.fail(field, "must begin with http:// or https://")
	}
}

func (l *limits) media(field, v string) {
	l.needed(field, v)
	if len(v) > 512 || strings.ContainsFunc(v, notPrintable) && !l.skips(v) {
		l.fail(field, "must be a media_id of WeCom's upload, of the same kind and at most 3 days old")
	}
}

func (l *limits) count(field string, n, least, most int) {
	if n < least || n > most {
		l.fail(field, "has %d elements: %d to %d", n, least, most)
	}
}

func (l *limits) between(field string, n, least, most int) {
	if n < least || n > most {
		l.fail(field, "is %d: %d to %d", n, least, most)
	}
}

// key is for what comes back to the caller when somebody clicks.
func (l *limits) key(field, v string, most int) {
	l.needed(field, v)
	if !utf8.ValidString(v) || len(v) > most && !l.skips(v) {
		l.fail(field, "has %d bytes: at most %d of UTF-8, a Chinese character is 3", len(v), most)
	}
}

// fresh refuses what is there twice; empty ones are none.
func (l *limits) fresh(field, v string, seen map[string]bool) {
	if v != "" && seen[v] {
		l.fail(field, "is there twice: each needs its own")
	}
	seen[v] = true
}

// suggest is for lengths that WeCom advises; what becomes of longer texts, its
// page does not say.
func (l *limits) suggest(field, v string, most int) {
	n := utf8.RuneCountInString(v)
	if !utf8.ValidString(v) {
		l.fail(field, "is no UTF-8")
	}
	if n > most && !l.skips(v) {
		l.warnings = append(l.warnings, fmt.Sprintf("%s has %d characters: WeCom suggests at most %d, more may be cut off", field, n, most))
	}
}

// updates refuses a field that cards have only when they replace others.
func (l *limits) updates(field string, v *bool, update bool) {
	if v != nil && !update {
		l.fail(field, "is for updates of a card: take it out")
	}
}

type appText struct {
	Content string `json:"content"`
}

func (a *appText) limit(l *limits, path string) {
	l.needed(path+".content", a.Content)
	l.bytes(path+".content", a.Content, 2048)
}

type appMarkdown struct{ appText }

type appMedia struct {
	ID string `json:"media_id"`
}

func (a *appMedia) limit(l *limits, path string) { l.media(path+".media_id", a.ID) }

type appVideo struct {
	ID          string `json:"media_id"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
}

func (a *appVideo) limit(l *limits, path string) {
	l.media(path+".media_id", a.ID)
	l.bytes(path+".title", a.Title, 128)
	l.bytes(path+".description", a.Description, 512)
}

// appCard: WeCom's pages name characters in one place and bytes in another; bytes
// are the safe reading.
type appCard struct {
	Title       string `json:"title"`
	Description string `json:"description"`
	URL         string `json:"url"`
	Button      string `json:"btntxt,omitempty"`
}

func (a *appCard) limit(l *limits, path string) {
	l.needed(path+".title", a.Title)
	l.bytes(path+".title", a.Title, 128)
	l.needed(path+".description", a.Description)
	l.bytes(path+".description", a.Description, 512)
	l.needed(path+".url", a.URL)
	l.link(path+".url", a.URL, 2048)
	l.chars(path+".btntxt", a.Button, 1, 4)
}

type appNews struct {
	Articles []appArticle `json:"articles"`
}

type appArticle struct {
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	URL         string `json:"url,omitempty"`
	Picture     string `json:"picurl,omitempty"`
	AppID       string `json:"appid,omitempty"`
	Page        string `json:"pagepath,omitempty"`
}

const mostArticles = 8

func (a *appNews) limit(l *limits, path string) {
	l.count(path+".articles", len(a.Articles), 1, mostArticles)
	for i, one := range a.Articles {
		p := at(path+".articles", i)
		l.needed(p+".title", one.Title)
		l.bytes(p+".title", one.Title, 128)
		l.bytes(p+".description", one.Description, 512)
		l.link(p+".url", one.URL, 2048)
		l.link(p+".picurl", one.Picture, 2048)
		l.bytes(p+".pagepath", one.Page, 128)
		l.bytes(p+".appid", one.AppID, 64)
		if (one.AppID == "") != (one.Page == "") {
			l.fail(p+".appid", "and pagepath belong together: give both or none")
		}
		if one.URL == "" && one.AppID == "" {
			l.fail(p+".url", "is missing: give url, or appid and pagepath")
		}
	}
}

type appMPNews struct {
	Articles []appPage `json:"articles"`
}

type appPage struct {
	Title   string `json:"title"`
	Thumb   string `json:"thumb_media_id"`
	Author  string `json:"author,omitempty"`
	Source  string `json:"content_source_url,omitempty"`
	Content string `json:"content"`
	Digest  string `json:"digest,omitempty"`
}

func (a *appMPNews) limit(l *limits, path string) {
	l.count(path+".articles", len(a.Articles), 1, mostArticles)
	for i, one := range a.Articles {
		p := at(path+".articles", i)
		l.needed(p+".title", one.Title)
		l.bytes(p+".title", one.Title, 128)
		l.media(p+".thumb_media_id", one.Thumb)
		l.bytes(p+".author", one.Author, 64)
		l.link(p+".content_source_url", one.Source, 2048)
		l.needed(p+".content", one.Content)
		l.bytes(p+".content", one.Content, 666<<10)
		l.bytes(p+".digest", one.Digest, 512)
	}
}

type appNotice struct {
	AppID       string    `json:"appid"`
	Page        string    `json:"page,omitempty"`
	Title       string    `json:"title"`
	Description string    `json:"description,omitempty"`
	Emphasis    bool      `json:"emphasis_first_item,omitempty"`
	Items       []appItem `json:"content_item,omitempty"`
}

type appItem struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

func (a *appNotice) limit(l *limits, path string) {
	l.needed(path+".appid", a.AppID)
	l.bytes(path+".appid", a.AppID, 64)
	l.bytes(path+".page", a.Page, 1024)
	l.needed(path+".title", a.Title)
	l.chars(path+".title", a.Title, 4, 12)
	l.chars(path+".description", a.Description, 4, 12)
	l.count(path+".content_item", len(a.Items), 0, 10)
	for i, one := range a.Items {
		p := at(path+".content_item", i)
		l.chars(p+".key", one.Key, 0, 10)
		l.chars(p+".value", one.Value, 0, 30)
	}
}
