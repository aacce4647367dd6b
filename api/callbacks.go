package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"wechattpp/webhook"
)

// callbackParams is the body of POST /v1/clients/{id}/callbacks.
type callbackParams struct {
	URL     string `json:"url" validate:"required"`
	Default bool   `json:"default"`
	Types   []int  `json:"types"` // absent: every type
}

// callbackName is the body of DELETE /v1/clients/{id}/callbacks.
type callbackName struct {
	URL string `json:"url" validate:"required"`
}

// replayParams is the body of POST /v1/clients/{id}/callbacks/replay: id alone,
// or which of all.
type replayParams struct {
	ID     int64     `json:"id" validate:"gte=0"`
	URL    string    `json:"url"`
	After  time.Time `json:"after"`
	Before time.Time `json:"before"`
	All    bool      `json:"all"`
}

type callbackAnswer struct {
	URL          string     `json:"url"`
	Default      bool       `json:"default"`
	Types        []int      `json:"types"`
	CreatedAt    time.Time  `json:"created_at"`
	Waiting      int        `json:"waiting"`
	DeadLetters  int        `json:"dead_letters"`
	SuccessAt    *time.Time `json:"last_success_at,omitempty"`
	ErrorAt      *time.Time `json:"last_error_at,omitempty"`
	Error        string     `json:"last_error,omitempty"`
	FailingSince *time.Time `json:"failing_since,omitempty"`
}

func showCallback(t webhook.Target) callbackAnswer {
	return callbackAnswer{URL: t.URL, Default: t.Preferred, Types: t.Wanted.List(), CreatedAt: t.CreatedAt, Waiting: t.Waiting, DeadLetters: t.Dead,
		SuccessAt: known(t.SuccessAt), ErrorAt: known(t.ErrorAt), Error: t.Error, FailingSince: known(t.FailingSince)}
}

type letterAnswer struct {
	ID        int64           `json:"id"`
	URL       string          `json:"url"`
	Count     int             `json:"count"` // of receipts
	Attempts  int             `json:"attempts"`
	CreatedAt time.Time       `json:"created_at"`
	DeadAt    time.Time       `json:"dead_at"`
	Error     string          `json:"error"`
	Receipts  json.RawMessage `json:"receipts,omitempty"`
}

func showLetter(l webhook.Letter) letterAnswer {
	return letterAnswer{ID: l.ID, URL: l.URL, Count: l.Records, Attempts: l.Attempts, CreatedAt: l.CreatedAt, DeadAt: l.DeadAt, Error: l.Error}
}

func (s *server) listCallbacks(c *call) error {
	id, err := s.ofClient(c)
	if err != nil {
		return err
	}
	all, err := s.Webhook.Targets(c.ctx(), id)
	if err != nil {
		return err
	}
	shown := make([]callbackAnswer, len(all))
	for i, t := range all {
		shown[i] = showCallback(t)
	}
	return c.reply(http.StatusOK, list(shown, ""))
}

// ofClient is the client that the path names, if there is one.
func (s *server) ofClient(c *call) (int64, error) {
	id, err := c.number("id")
	if err != nil {
		return 0, err
	}
	_, err = s.Access.Find(c.ctx(), id)
	return id, err
}

func (s *server) createCallback(c *call) error {
	id, err := c.number("id")
	if err != nil {
		return err
	}
	var in callbackParams
	if err := c.decode(&in); err != nil {
		return err
	}
	wanted, ok := webhook.TypesOf(in.Types)
	if !ok || in.Types != nil && wanted == 0 {
		return invalid("types", "must be numbers from 0 to 8, at least one; leave it out for every type of receipt")
	}
	if in.Types == nil {
		wanted = webhook.AllTypes
	}
	made, err := s.Webhook.Register(c.ctx(), webhook.Target{ClientID: id, URL: in.URL, Preferred: in.Default, Wanted: wanted})
	if err != nil {
		return toInput(err)
	}
	c.target(clientTarget(id))
	c.note("url", made.URL)
	c.note("default", made.Preferred)
	c.note("types", made.Wanted.List())
	return c.created(showCallback(made))
}

// toInput makes an answer of what webhook says of a field.
func toInput(err error) error {
	var in *webhook.InputError
	if errors.As(err, &in) {
		return invalid(in.Field, in.Text)
	}
	return err
}

// deleteCallback takes the address in the query or in the body, for many
// clients send no body with DELETE.
func (s *server) deleteCallback(c *call) error {
	id, err := s.ofClient(c)
	if err != nil {
		return err
	}
	in := callbackName{URL: c.Query("url")}
	if in.URL == "" {
		if err := c.decode(&in); err != nil {
			return err
		}
	}
	switch err := s.Webhook.Remove(c.ctx(), id, in.URL); {
	case errors.Is(err, webhook.ErrPreferred):
		return conflict(err.Error())
	case err != nil:
		return err
	}
	c.target(clientTarget(id))
	c.note("url", in.URL)
	return c.reply(http.StatusNoContent, nil)
}

func (s *server) listLetters(c *call) error {
	id, err := s.ofClient(c)
	if err != nil {
		return err
	}
	return pageByID(c, func(after int64, limit int) ([]webhook.Letter, error) {
		return s.Webhook.Dead(c.ctx(), id, webhook.Letters{URL: c.Query("url")}, after, limit)
	}, func(l webhook.Letter) int64 { return l.ID }, showLetter)
}

func (s *server) letter(c *call) error {
	id, err := s.ofClient(c)
	if err != nil {
		return err
	}
	number, err := c.number("letter")
	if err != nil {
		return err
	}
	l, err := s.Webhook.Letter(c.ctx(), id, number)
	if err != nil {
		return err
	}
	shown := showLetter(l)
	shown.Receipts = l.Receipts()
	return c.reply(http.StatusOK, shown)
}

func (s *server) replayLetters(c *call) error {
	id, err := s.ofClient(c)
	if err != nil {
		return err
	}
	var in replayParams
	if err := c.decode(&in); err != nil {
		return err
	}
	which := webhook.Letters{ID: in.ID, URL: in.URL, After: in.After, Before: in.Before}
	switch none := which == (webhook.Letters{}); {
	case none && !in.All:
		return invalid("id", "is missing: name one dead letter, or choose by url, after and before, or say all")
	case !none && in.All, in.ID != 0 && which != webhook.Letters{ID: in.ID}:
		return invalid("the body", "must hold id alone, or all alone, or any of url, after and before")
	}
	n, more, err := s.Webhook.Replay(c.ctx(), id, which)
	if err != nil {
		return err
	}
	c.target(clientTarget(id))
	c.note("replayed", n)
	return c.reply(http.StatusOK, map[string]any{"replayed": n, "more": more})
}
