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

type userListChange struct {
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

func (s *server) listUserLists(c *call) error {
	p, err := c.page()
	if err != nil {
		return err
	}
	after, err := p.number()
	if err != nil {
		return err
	}
	all, err := s.Audience.Store.AllLists(c.ctx(), after, p.limit+1)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, listByID(all, p.limit, func(l audience.List) int64 { return l.ID }, showUserList))
}

func (s *server) createUserList(c *call) error {
	var in userListParams
	if err := c.decode(&in); err != nil {
		return err
	}
	l, err := s.Audience.SaveList(c.ctx(), audience.List{Kind: in.Kind, Name: in.Name})
	if err != nil {
		return userProblem(err)
	}
	c.target(fmt.Sprintf("list/%d", l.ID))
	return c.created(showUserList(l))
}

func (s *server) readUserList(c *call) error {
	l, err := s.userList(c)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, showUserList(l))
}

func (s *server) updateUserList(c *call) error {
	var in userListChange
	if err := c.decode(&in); err != nil {
		return err
	}
	l, err := s.userList(c)
	if err != nil {
		return err
	}
	l.Name = in.Name
	if l, err = s.Audience.SaveList(c.ctx(), l); err != nil {
		return userProblem(err)
	}
	return c.reply(http.StatusOK, showUserList(l))
}

func (s *server) deleteUserList(c *call) error {
	l, err := s.userList(c)
	if err != nil {
		return err
	}
	if err := s.Audience.Store.DeleteList(c.ctx(), l.ID); err != nil {
		return err
	}
	return c.reply(http.StatusNoContent, nil)
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
		return userProblem(err)
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
