package api

import (
	"fmt"
	"net/http"
	"time"

	"wechattpp/audience"
)

type userListParams struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
}

type userListEntries struct {
	Add    []string `json:"add"`
	Remove []string `json:"remove"`
}

type userListAnswer struct {
	ID        int64     `json:"id"`
	Kind      string    `json:"kind"`
	Name      string    `json:"name"`
	Size      int       `json:"size"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

func showUserList(l audience.List) userListAnswer {
	return userListAnswer{ID: l.ID, Kind: l.Kind, Name: l.Name, Size: l.Size, CreatedAt: l.CreatedAt.UTC(), UpdatedAt: l.UpdatedAt.UTC()}
}

var userLists = shelf[audience.List, userListAnswer]{
	name: "list",
	page: func(s *server, c *call, after int64, limit int) ([]audience.List, error) {
		return s.Audience.Store.AllLists(c.ctx(), after, limit)
	},
	read: func(s *server, c *call, id int64) (audience.List, error) { return s.Audience.Store.List(c.ctx(), id) },
	save: func(s *server, c *call, l audience.List) (audience.List, error) {
		var in userListParams
		if err := c.decode(&in); err != nil {
			return l, err
		}
		if l.ID != 0 && in.Kind != "" && in.Kind != l.Kind {
			return l, invalid("kind", "never changes: make another list")
		}
		if l.Name = in.Name; l.ID == 0 {
			l.Kind = in.Kind
		}
		saved, err := s.Audience.SaveList(c.ctx(), l)
		return saved, err
	},
	drop: func(s *server, c *call, id int64) error { return s.Audience.Store.DeleteList(c.ctx(), id) },
	id:   func(l audience.List) int64 { return l.ID },
	show: showUserList,
}

func (s *server) changeUserList(c *call) error {
	var in userListEntries
	if err := c.decode(&in); err != nil {
		return err
	}
	l, err := s.userList(c)
	if err != nil {
		return err
	}
	if l, err = s.Audience.ChangeList(c.ctx(), l.ID, in.Add, in.Remove); err != nil {
		return err
	}
	c.note("added", len(in.Add))
	c.note("removed", len(in.Remove))
	return c.reply(http.StatusOK, showUserList(l))
}

func (s *server) userListEntries(c *call) error {
	p, err := c.page()
	if err != nil {
		return err
	}
	l, err := s.userList(c)
	if err != nil {
		return err
	}
	all, err := s.Audience.Store.Entries(c.ctx(), l.ID, p.after, p.limit+1)
	if err != nil {
		return err
	}
	next := ""
	if len(all) > p.limit {
		all = all[:p.limit]
		next = all[p.limit-1]
	}
	return c.reply(http.StatusOK, list(all, next))
}

func (s *server) userList(c *call) (audience.List, error) {
	id, err := c.number("id")
	if err != nil {
		return audience.List{}, err
	}
	c.target(fmt.Sprintf("list/%d", id))
	return s.Audience.Store.List(c.ctx(), id)
}
