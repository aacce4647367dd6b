package api

import (
	"net/http"
	"strconv"
	"strings"

	"wechattpp/wechat"
)

type categoryAnswer struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

// libraryCategories lists the account's categories, of which titles are asked for.
func (s *server) libraryCategories(c *call) error {
	code, err := c.granted()
	if err != nil {
		return err
	}
	all, err := s.Templates.Categories(c.ctx(), code)
	if err != nil {
		return templateProblem(code, err)
	}
	return c.reply(http.StatusOK, list(mapped(all, func(x wechat.Category) categoryAnswer { return categoryAnswer(x) }), ""))
}

type titleAnswer struct {
	TID      string `json:"tid"`
	Title    string `json:"title"`
	Type     int    `json:"type"` // 2 one-time, 3 long-term
	Category int64  `json:"category"`
}

type titlesAnswer struct {
	items[titleAnswer]
	Count int `json:"count"` // of all pages
}

// libraryTitles pages through the library's subscription templates of some
// categories, in WeChat's names: ids, start, limit; cursor does as well.
func (s *server) libraryTitles(c *call) error {
	code, err := c.granted()
	if err != nil {
		return err
	}
	ids, start, limit, err := c.titlesAsked()
	if err != nil {
		return err
	}
	titles, count, err := s.Templates.Titles(c.ctx(), code, ids, start, limit)
	if err != nil {
		return templateProblem(code, err)
	}
	next := ""
	if end := start + len(titles); len(titles) > 0 && end < count {
		next = strconv.Itoa(end)
	}
	shown := mapped(titles, func(t wechat.LibraryTitle) titleAnswer { return titleAnswer(t) })
	return c.reply(http.StatusOK, titlesAnswer{list(shown, next), count})
}

func (c *call) titlesAsked() (ids []int64, start, limit int, err error) {
	for word := range strings.SplitSeq(c.Query("ids"), ",") {
		id, err := strconv.ParseInt(word, 10, 64)
		if err != nil || id <= 0 {
			return nil, 0, 0, invalid("ids", "must be the numbers of categories with commas between, such as 2,616: see GET /v1/senders/{code}/template-library/categories")
		}
		ids = append(ids, id)
	}
	if start, err = c.whole("start", 0); err != nil {
		return nil, 0, 0, err
	}
	if limit, err = c.whole("limit", wechat.MostTitles); err != nil {
		return nil, 0, 0, err
	}
	if c.Query("cursor") == "" {
		return ids, start, limit, nil
	}
	p, err := c.cursor()
	if err != nil {
		return nil, 0, 0, err
	}
	after, err := page{after: p}.number()
	return ids, int(after), limit, err
}

// whole reads a number of the query.
func (c *call) whole(name string, otherwise int) (int, error) {
	text := c.Query(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, invalid(name, "must be a whole number")
	}
	return n, nil
}

type keywordAnswer struct {
	KID     int64  `json:"kid"`
	Name    string `json:"name"`
	Example string `json:"example"`
	Rule    string `json:"rule"` // type of its value
}

// libraryKeywords lists the parameters to choose of a template of the library.
func (s *server) libraryKeywords(c *call) error {
	code, err := c.granted()
	if err != nil {
		return err
	}
	all, err := s.Templates.Keywords(c.ctx(), code, c.Query("tid"))
	if err != nil {
		return templateProblem(code, err)
	}
	return c.reply(http.StatusOK, list(mapped(all, func(k wechat.LibraryKeyword) keywordAnswer { return keywordAnswer(k) }), ""))
}
