package api

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Lists answer 50 items unless asked for 1 to 200.
const (
	pageDefault = 50
	pageMost    = 200
)

// page is which part of a list a caller wants: up to limit items after the one
// that after names, as the list's owner made it; empty is the beginning.
type page struct {
	limit int
	after string
}

// page reads limit and cursor.
func (c *call) page() (page, error) {
	p := page{limit: pageDefault}
	if text := c.Query("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > pageMost {
			return p, invalid("limit", "must be a number from 1 to "+strconv.Itoa(pageMost))
		}
		p.limit = n
	}
	var err error
	p.after, err = c.cursor()
	return p, err
}

// only refuses what a list does not filter by: it would show what was not asked for.
func (c *call) only(filters []string) error {
	for name := range c.Request.URL.Query() {
		if !slices.Contains(filters, name) {
			return invalid(name, "is no filter of this list: use "+strings.Join(filters, ", "))
		}
	}
	return nil
}

// cursor is what next_cursor of the last answer stands for.
func (c *call) cursor() (string, error) {
	raw, err := base64.RawURLEncoding.DecodeString(c.Query("cursor"))
	if err != nil || len(raw) > 512 {
		return "", badCursor()
	}
	return string(raw), nil
}

// number reads after as an id, for lists that go by id; the beginning is 0.
func (p page) number() (int64, error) {
	if p.after == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(p.after, 10, 64)
	if err != nil || n <= 0 {
		return 0, badCursor()
	}
	return n, nil
}

// stamp is the key of a list that goes by time, and by id where that is the same.
func stamp(at time.Time, id string) string { return fmt.Sprint(at.UnixMilli(), " ", id) }

// stamp reads after as one; the beginning is the zero time.
func (p page) stamp() (at time.Time, id string, err error) {
	if p.after == "" {
		return at, "", nil
	}
	text, id, _ := strings.Cut(p.after, " ")
	ms, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id == "" {
		return at, "", badCursor()
	}
	return time.UnixMilli(ms), id, nil
}

func badCursor() error {
	return invalid("cursor", "is not one of this list: give next_cursor of the last answer, or none to begin")
}

// items is the answer of a list.
type items[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next_cursor"` // empty at the end
}

// list makes the answer; next is what page.after shall be for the next part,
// empty at the end.
func list[T any](all []T, next string) items[T] {
	if all == nil {
		all = []T{}
	}
	return items[T]{all, base64.RawURLEncoding.EncodeToString([]byte(next))}
}

// listByID is listBy for a list that goes by id.
func listByID[T, A any](all []T, limit int, id func(T) int64, show func(T) A) items[A] {
	return listBy(all, limit, func(x T) string { return strconv.FormatInt(id(x), 10) }, show)
}

// listBy makes the answer of a list that goes by a key, of which up to limit+1
// were asked for: the one too many only tells that there is more.
func listBy[T, A any](all []T, limit int, key func(T) string, show func(T) A) items[A] {
	next := ""
	if len(all) > limit {
		all = all[:limit]
		next = key(all[limit-1])
	}
	shown := make([]A, len(all))
	for i, x := range all {
		shown[i] = show(x)
	}
	return list(shown, next)
}
