package api

import (
	"encoding/json"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"wechattpp/notify"
)

// templateParams is the body of POST and PATCH /v1/templates: of a change, what
// is absent stays.
type templateParams struct {
	Kind      string                          `json:"kind"`
	Name      *string                         `json:"name"`
	Code      *string                         `json:"code"`
	Messages  *map[string]jsontext.Value      `json:"messages"`
	Accounts  *[]notify.SavedAccount          `json:"accounts"`
	Library   *map[string]notify.SavedLibrary `json:"library"`
	ExpiresAt *time.Time                      `json:"expires_at"`
}

func (p templateParams) apply(s *notify.Saved) error {
	switch {
	case s.ID == 0:
		s.Kind = p.Kind
	case p.Kind != "" && p.Kind != s.Kind:
		return invalid("kind", "never changes: make another template")
	}
	if p.Name != nil {
		s.Name = *p.Name
	}
	if p.Code != nil {
		s.Code = *p.Code
	}
	if p.Messages != nil {
		s.Body.Messages = map[string]json.RawMessage{}
		for key, raw := range *p.Messages {
			s.Body.Messages[key] = json.RawMessage(raw)
		}
	}
	if p.Accounts != nil {
		s.Body.Accounts = *p.Accounts
	}
	if p.Library != nil {
		s.Body.Library = *p.Library
	}
	if p.ExpiresAt != nil {
		s.ExpiresAt = *p.ExpiresAt
	}
	return nil
}

type templateAnswer struct {
	ID        int64                          `json:"id"`
	Kind      string                         `json:"kind"`
	Name      string                         `json:"name"`
	Shared    bool                           `json:"shared"` // every client may use it, an administrator changes it
	Code      string                         `json:"code,omitempty"`
	Messages  map[string]json.RawMessage     `json:"messages,omitempty"`
	Variables []string                       `json:"variables,omitempty"`
	Accounts  []notify.SavedAccount          `json:"accounts,omitempty"`
	Library   map[string]notify.SavedLibrary `json:"library,omitempty"`
	ExpiresAt *time.Time                     `json:"expires_at,omitempty"`
	CreatedAt time.Time                      `json:"created_at"`
	UpdatedAt time.Time                      `json:"updated_at"`
}

func showTemplate(s notify.Saved) templateAnswer {
	a := templateAnswer{ID: s.ID, Kind: s.Kind, Name: s.Name, Shared: s.ClientID == 0, Code: s.Code, Messages: s.Body.Messages, Accounts: s.Body.Accounts, Library: s.Body.Library,
		ExpiresAt: known(s.ExpiresAt), CreatedAt: s.CreatedAt.UTC(), UpdatedAt: s.UpdatedAt.UTC()}
	if s.Kind == notify.General {
		a.Variables = some(s.Variables())
	}
	return a
}

var templates = shelf[notify.Saved, templateAnswer]{
	name: "template",
	page: func(s *server, c *call, after int64, limit int) ([]notify.Saved, error) {
		kind := c.Query("kind")
		if kind != "" && kind != notify.General && kind != notify.Logical {
			return nil, invalid("kind", "must be general or logical")
		}
		return s.Notify.Templates(c.ctx(), c.notifyClient(), kind, after, limit)
	},
	read: func(s *server, c *call, id int64) (notify.Saved, error) {
		return s.Notify.Template(c.ctx(), c.notifyClient(), id)
	},
	own: func(s *server, c *call, id int64) (notify.Saved, error) {
		return s.Notify.OwnTemplate(c.ctx(), c.notifyClient(), id)
	},
	save: func(s *server, c *call, x notify.Saved) (notify.Saved, error) {
		var in templateParams
		if err := c.decode(&in); err != nil {
			return x, err
		}
		if err := in.apply(&x); err != nil {
			return x, err
		}
		saved, err := s.Notify.SaveTemplate(c.ctx(), c.notifyClient(), x)
		return saved, sendProblem(err)
	},
	drop: func(s *server, c *call, id int64) error { return s.Notify.Store.DeleteSaved(c.ctx(), id) },
	id:   func(x notify.Saved) int64 { return x.ID },
	show: showTemplate,
}
