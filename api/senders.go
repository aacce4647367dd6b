package api

import (
	"errors"
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"wechattpp/sender"
)

// senderParams is the body of POST /v1/senders.
type senderParams struct {
	Code        string `json:"code"`
	Kind        string `json:"kind"`
	Name        string `json:"name"`
	Credentials string `json:"credentials"`
	AppID       string `json:"app_id"`
	senderLater
}

// senderChange is the body of PATCH /v1/senders/{code}: what is absent stays.
type senderChange struct {
	Name  *string `json:"name"`
	AppID *string `json:"app_id"`
	senderLater
}

// senderLater are fields of the contract that this version refuses by name.
type senderLater struct {
	AppSecret jsontext.Value `json:"app_secret"`
	Token     jsontext.Value `json:"token"`
	AESKey    jsontext.Value `json:"encoding_aes_key"`
	CorpID    jsontext.Value `json:"corp_id"`
	AgentID   jsontext.Value `json:"agent_id"`
	Secret    jsontext.Value `json:"secret"`
	ReplyURL  jsontext.Value `json:"reply_url"`
	Domains   jsontext.Value `json:"business_domains"`
}

func (l senderLater) refuse() error {
	for _, f := range []struct {
		name  string
		value jsontext.Value
	}{{"app_secret", l.AppSecret}, {"token", l.Token}, {"encoding_aes_key", l.AESKey}, {"corp_id", l.CorpID}, {"agent_id", l.AgentID},
		{"secret", l.Secret}, {"reply_url", l.ReplyURL}, {"business_domains", l.Domains}} {
		if len(f.value) > 0 {
			return invalid(f.name, "is not served by this version: leave it out")
		}
	}
	return nil
}

type senderAnswer struct {
	Code        string    `json:"code"`
	Kind        string    `json:"kind"`
	Name        string    `json:"name"`
	Credentials string    `json:"credentials"`
	AppID       string    `json:"app_id"`
	Ready       bool      `json:"ready"`
	Reason      string    `json:"reason,omitempty"` // why it cannot send now
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
}

func (s *server) showSender(c *call, x sender.Sender) (senderAnswer, error) {
	reason, err := s.Senders.Why(c.ctx(), x.Code)
	return senderAnswer{Code: x.Code, Kind: x.Kind, Name: x.Name, Credentials: x.Credentials, AppID: x.AppID, Ready: reason == "" && err == nil,
		Reason: reason, CreatedAt: x.CreatedAt.UTC(), UpdatedAt: x.UpdatedAt.UTC()}, err
}

func (s *server) listSenders(c *call) error {
	p, err := c.page()
	if err != nil {
		return err
	}
	all, err := s.Senders.List(c.ctx(), p.after, p.limit+1)
	if err != nil {
		return err
	}
	next := ""
	if len(all) > p.limit {
		all = all[:p.limit]
		next = all[p.limit-1].Code
	}
	shown := make([]senderAnswer, len(all))
	for i, x := range all {
		if shown[i], err = s.showSender(c, x); err != nil {
			return err
		}
	}
	return c.reply(http.StatusOK, list(shown, next))
}

func (s *server) readSender(c *call) error {
	x, err := s.Senders.Read(c.ctx(), c.text("code"))
	if err != nil {
		return senderProblem(err)
	}
	return s.senderReply(c, http.StatusOK, x)
}

func (s *server) createSender(c *call) error {
	var in senderParams
	if err := c.decode(&in); err != nil {
		return err
	}
	if err := in.refuse(); err != nil {
		return err
	}
	made, err := s.Senders.Create(c.ctx(), sender.Sender{Code: in.Code, Kind: in.Kind, Name: in.Name, Credentials: in.Credentials, AppID: in.AppID})
	if err != nil {
		return senderProblem(err)
	}
	c.target("sender/" + made.Code)
	c.note("kind", made.Kind)
	return s.senderReply(c, http.StatusCreated, made)
}

func (s *server) updateSender(c *call) error {
	var in senderChange
	if err := c.decode(&in); err != nil {
		return err
	}
	if err := in.refuse(); err != nil {
		return err
	}
	changed, err := s.Senders.Update(c.ctx(), c.text("code"), sender.Change{Name: in.Name, AppID: in.AppID})
	if err != nil {
		return senderProblem(err)
	}
	c.target("sender/" + changed.Code)
	if in.Name != nil {
		c.note("name", *in.Name)
	}
	if in.AppID != nil {
		c.note("app_id", *in.AppID)
	}
	return s.senderReply(c, http.StatusOK, changed)
}

func (s *server) deleteSender(c *call) error {
	if err := s.Senders.Delete(c.ctx(), c.text("code")); err != nil {
		return senderProblem(err)
	}
	c.target("sender/" + c.text("code"))
	return c.reply(http.StatusNoContent, nil)
}

func (s *server) senderReply(c *call, status int, x sender.Sender) error {
	answer, err := s.showSender(c, x)
	if err != nil {
		return err
	}
	return c.reply(status, answer)
}

func senderProblem(err error) error {
	var in *sender.InputError
	switch {
	case errors.As(err, &in):
		return invalid(in.Field, in.Text)
	case errors.Is(err, sender.ErrInUse):
		return conflict(sender.ErrInUse.Error())
	}
	return err
}
