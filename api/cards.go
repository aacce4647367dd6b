package api

import (
	"errors"
	"io/fs"
	"net/http"
	"strconv"

	"wechattpp/notify"
)

// updateCards changes the template cards of a message.
func (s *server) updateCards(c *call) error {
	c.target("message/" + c.text("msgid"))
	body, err := c.body()
	if err != nil {
		return err
	}
	done, err := s.Notify.UpdateCards(c.ctx(), c.notifyClient(), c.text("msgid"), body)
	c.note("calls", len(done.Calls))
	switch {
	case errors.Is(err, notify.ErrNoCard):
		return conflict(notify.ErrNoCard.Error())
	case err != nil:
		return noMessage(c, sendProblem(err))
	}
	return c.reply(http.StatusOK, done)
}

// updateClicked changes the card that an event tells was clicked.
func (s *server) updateClicked(c *call) error {
	id, err := c.number("id")
	if err != nil {
		return err
	}
	c.target("event/" + strconv.FormatInt(id, 10))
	e, err := s.Callback.Event(c.ctx(), id, c.mayRead())
	if errors.Is(err, fs.ErrNotExist) {
		return missing("event " + strconv.FormatInt(id, 10))
	}
	if err != nil {
		return err
	}
	code := e.CardCode()
	if code == "" {
		return conflict("this event is no click on a template card, or brought no code to update it with")
	}
	body, err := c.body()
	if err != nil {
		return err
	}
	done, err := s.Notify.UpdateClicked(c.ctx(), e.Sender, code, e.User, body)
	if err != nil {
		return sendProblem(err)
	}
	return c.reply(http.StatusOK, done)
}
