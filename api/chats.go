package api

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"wechattpp/sender"
	"wechattpp/wechat"
)

type chatParams struct {
	ID      string   `json:"chatid"`
	Name    string   `json:"name"`
	Owner   string   `json:"owner"`
	Members []string `json:"userlist" validate:"required"`
}

type chatChange struct {
	Name   string   `json:"name"`
	Owner  string   `json:"owner"`
	Add    []string `json:"add_user_list"`
	Remove []string `json:"del_user_list"`
}

type chatAnswer struct {
	ID        string     `json:"chatid"`
	Name      string     `json:"name"`
	Owner     string     `json:"owner"`
	Members   []string   `json:"userlist,omitempty"`
	CreatedAt *time.Time `json:"created_at,omitempty"`
}

func showChat(x sender.Chat) chatAnswer {
	return chatAnswer{x.ID, x.Name, x.Owner, x.Members, known(x.CreatedAt)}
}

// listChats pages through the chats that an app made by us.
func (s *server) listChats(c *call) error {
	code, p, err := c.grantedPage()
	if err != nil {
		return err
	}
	all, err := s.Senders.Chats(c.ctx(), code, p.after, p.limit+1)
	if err != nil {
		return vendorProblem(code, err)
	}
	return c.reply(http.StatusOK, listBy(all, p.limit, func(x sender.Chat) string { return x.ID }, showChat))
}

func (s *server) makeChat(c *call) error {
	code, err := c.granted()
	if err != nil {
		return err
	}
	var in chatParams
	if err := c.decode(&in); err != nil {
		return err
	}
	made, err := s.Senders.MakeChat(c.ctx(), code, sender.Chat{ID: in.ID, Name: in.Name, Owner: in.Owner, Members: in.Members})
	if err != nil {
		return vendorProblem(code, err)
	}
	c.target("sender/" + code)
	c.note("chatid", made.ID)
	return c.created(showChat(made))
}

func (s *server) readChat(c *call) error {
	code, err := c.granted()
	if err != nil {
		return err
	}
	x, err := s.Senders.Chat(c.ctx(), code, c.text("chatid"))
	if err != nil {
		return vendorProblem(code, err)
	}
	return c.reply(http.StatusOK, showChat(x))
}

func (s *server) changeChat(c *call) error {
	code, err := c.granted()
	if err != nil {
		return err
	}
	var in chatChange
	if err := c.decode(&in); err != nil {
		return err
	}
	x, err := s.Senders.ChangeChat(c.ctx(), code, c.text("chatid"), sender.ChatChange{Name: in.Name, Owner: in.Owner, Add: in.Add, Remove: in.Remove})
	if err != nil {
		return vendorProblem(code, err)
	}
	c.target("sender/" + code)
	c.note("chatid", x.ID)
	return c.reply(http.StatusOK, showChat(x))
}

// Codes of WeCom that say that a thing is not there, or there already.
var (
	wecomMissing = []int{40050, 86008, 46004, 60111, 41047}
	wecomTaken   = []int{86215}
)

// vendorProblem gives a call of the vendor's that was made for the caller, and
// did not go well, a status. Errors of calls never hold what was sent.
func vendorProblem(code string, err error) error {
	said, refused := errors.AsType[*wechat.Error](err)
	switch {
	case errors.Is(err, sender.ErrNoApp):
		return conflict(err.Error())
	case errors.Is(err, wechat.ErrThrottledMinute):
		return throttled(err.Error(), time.Minute)
	case errors.Is(err, wechat.ErrThrottledDay):
		return throttled(err.Error(), time.Hour)
	case refused && slices.Contains(wecomMissing, said.Code):
		return refuse(http.StatusNotFound, codeNotFound, err.Error())
	case refused && slices.Contains(wecomTaken, said.Code):
		return conflict(err.Error())
	case errors.Is(err, wechat.ErrRecipient), errors.Is(err, wechat.ErrMessage), errors.Is(err, wechat.ErrValue), errors.Is(err, wechat.ErrRequest):
		return refuse(http.StatusBadRequest, codeInvalid, err.Error())
	case errors.Is(err, wechat.ErrNotAuthorized), errors.Is(err, wechat.ErrPermission), errors.Is(err, wechat.ErrAccount), errors.Is(err, wechat.ErrBarred), errors.Is(err, wechat.ErrAddress), errors.Is(err, wechat.ErrSecret):
		return conflict(err.Error())
	case refused, errors.Is(err, wechat.ErrUnanswered), errors.Is(err, wechat.ErrNotSent):
		return refuse(http.StatusBadGateway, codeVendor, err.Error())
	}
	return speechProblem(code, err)
}
