package api

import (
	"errors"
	"io/fs"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"wechattpp/access"
	"wechattpp/audience"
)

// userAnswer is a user, as far as the caller may see it.
type userAnswer struct {
	UserID     string            `json:"userid"`
	Identities map[string]string `json:"identities"` // by sender; the WeCom userid, which all apps share, under "wechatwk"
	Tags       []string          `json:"tags"`
	Values     values            `json:"values"`
	CreatedAt  time.Time         `json:"created_at"`
	UpdatedAt  time.Time         `json:"updated_at"`
}

// values are all of them: kind, bind id, values.
type values map[string]map[string][]string

func showUser(u audience.Person) userAnswer {
	a := userAnswer{UserID: u.UserID, Identities: map[string]string{}, Tags: []string{}, Values: values{}, CreatedAt: u.CreatedAt.UTC(), UpdatedAt: u.UpdatedAt.UTC()}
	for _, v := range u.Values {
		if a.Values[v.Kind] == nil {
			a.Values[v.Kind] = map[string][]string{}
		}
		a.Values[v.Kind][v.BindID] = append(a.Values[v.Kind][v.BindID], v.Value)
		switch v.Kind {
		case "tag":
			a.Tags = append(a.Tags, v.Value)
		case "wechatoa", "wechatmp":
			a.Identities[v.BindID] = v.Value
		case "wechatwk":
			a.Identities[v.Kind] = v.Value
		}
	}
	slices.Sort(a.Tags)
	a.Tags = slices.Compact(a.Tags)
	return a
}

// writer is what the caller may see and write of users.
func (c *call) writer() audience.Writer {
	return audience.Writer{ChannelKey: c.who.ChannelKey, Senders: c.who.Senders,
		All: c.who.Kind == access.AccessKey || c.who.ClientID == 0 && c.who.Admin()}
}

// listUsers pages through users, or streams all of them as CSV.
func (s *server) listUsers(c *call) error {
	f := audience.Filter{Prefix: c.Query("prefix"), Tag: c.Query("tag"), Sender: c.Query("sender")}
	switch text := c.Query("bound"); text {
	case "":
	case "true", "false":
		yes := text == "true"
		f.Bound = &yes
	default:
		return invalid("bound", "must be true or false")
	}
	if f.Prefix != "" {
		if err := audience.CheckUserID(f.Prefix); err != nil {
			return invalid("prefix", strings.TrimPrefix(err.Error(), "userid "))
		}
	}
	if csv, err := c.csv(); err != nil {
		return err
	} else if csv {
		return s.usersCSV(c, f)
	}
	p, err := c.page()
	if err != nil {
		return err
	}
	f.After, f.Limit = p.after, p.limit+1
	users, err := s.Audience.Users(c.ctx(), c.writer(), f)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, listBy(users, p.limit, func(u audience.Person) string { return u.UserID }, showUser))
}

func (s *server) readUser(c *call) error {
	u, err := s.Audience.User(c.ctx(), c.writer(), c.text("userid"))
	if errors.Is(err, fs.ErrNotExist) {
		return missing("user " + strconv.Quote(c.text("userid")))
	}
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, showUser(u))
}

// usersCSV streams all users that f chooses.
func (s *server) usersCSV(c *call, f audience.Filter) error {
	return s.Audience.Export(c.ctx(), patient{c}, c.writer(), f, func() { c.file("users.csv") })
}
