package api

import (
	"errors"
	"io/fs"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"wechattpp/callback"
)

// eventAnswer is an event as lists show it. data is read anew from the raw
// event each time.
type eventAnswer struct {
	ID         int64      `json:"id"`
	Type       string     `json:"type"`
	Sender     string     `json:"sender"` // empty where none is bound to the account
	AppID      string     `json:"appid"`
	User       string     `json:"user,omitempty"`
	ReceivedAt time.Time  `json:"received_at"`
	CreatedAt  *time.Time `json:"created_at,omitempty"`
	Data       any        `json:"data"`

	// Of one event only: what was decrypted, and nothing of one with secrets. What
	// is no UTF-8 comes as base64.
	Raw    string `json:"raw,omitempty"`
	Base64 []byte `json:"raw_base64,omitempty"`
}

func showEvent(e *callback.Event) eventAnswer {
	a := eventAnswer{ID: e.ID, Type: e.Type, Sender: e.Sender, AppID: e.AppID, User: e.User, ReceivedAt: e.ReceivedAt.UTC(), Data: e.Data()}
	if e.CreatedAt.Unix() > 0 {
		a.CreatedAt = known(e.CreatedAt)
	}
	return a
}

// listEvents pages through events, the newest first.
func (s *server) listEvents(c *call) error {
	q, err := s.eventQuery(c)
	if err != nil {
		return err
	}
	all, next, err := s.Callback.Events(c.ctx(), q)
	if err != nil {
		return err
	}
	shown, cursor := make([]eventAnswer, len(all)), ""
	for i := range all {
		shown[i] = showEvent(&all[i])
	}
	if next > 0 {
		cursor = strconv.FormatInt(next, 10)
	}
	return c.reply(http.StatusOK, list(shown, cursor))
}

func (s *server) event(c *call) error {
	id, err := c.number("id")
	if err != nil {
		return err
	}
	e, err := s.Callback.Event(c.ctx(), id, c.mayRead())
	if errors.Is(err, fs.ErrNotExist) {
		return missing("event " + strconv.FormatInt(id, 10))
	}
	if err != nil {
		return err
	}
	a := showEvent(&e)
	if raw := e.Raw(); utf8.Valid(raw) {
		a.Raw = string(raw)
	} else {
		a.Base64 = raw
	}
	return c.reply(http.StatusOK, a)
}

// mayRead lists the senders whose events the caller may see; nil is all.
func (c *call) mayRead() []string {
	if c.who.ClientID == 0 && c.who.Admin() {
		return nil
	}
	return some(slices.Clone(c.who.Senders))
}

func (s *server) eventQuery(c *call) (q callback.Query, err error) {
	if err := c.only(eventFilters); err != nil {
		return q, err
	}
	p, err := c.page()
	if err != nil {
		return q, err
	}
	q = callback.Query{Senders: c.mayRead(), Limit: p.limit}
	if q.Before, err = p.number(); err != nil {
		return q, err
	}
	if code := c.Query("sender"); code != "" {
		if !c.who.MaySender(code) {
			return q, missing("sender " + strconv.Quote(code))
		}
		q.Senders = []string{code}
	}
	if q.Type = c.Query("type"); len(q.Type) > 96 || strings.Trim(q.Type, "abcdefghijklmnopqrstuvwxyz0123456789_.-*") != "" {
		return q, invalid("type", "must be at most 96 lower case letters, digits, _ . - and *, such as wechat.text or wechat.*")
	}
	if q.AppID, err = c.plainID("appid"); err != nil {
		return q, err
	}
	if q.User, err = c.plainID("user"); err != nil {
		return q, err
	}
	if q.From, err = c.moment("from"); err == nil {
		q.To, err = c.moment("to")
	}
	return q, err
}

var eventFilters = []string{"sender", "appid", "type", "user", "from", "to", "limit", "cursor"}

// plainID is a query parameter that names an account or a person.
func (c *call) plainID(name string) (string, error) {
	id := c.Query(name)
	if len(id) > 64 || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", invalid(name, "must be at most 64 ASCII characters without blanks")
	}
	return id, nil
}

// moment is a query parameter that is a time.
func (c *call) moment(name string) (time.Time, error) {
	text := c.Query(name)
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, strings.Replace(text, " ", "+", 1)) // a + that nobody escaped
	if err != nil {
		return t, invalid(name, "must be a time as in RFC 3339, such as 2026-01-02T15:04:05+08:00 (+ is %2B in an address)")
	}
	return t, nil
}
