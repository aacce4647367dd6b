package api

import (
	"errors"
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"wechattpp/sender"
	"wechattpp/token"
)

// senderParams is the body of POST /v1/senders.
type senderParams struct {
	Code string `json:"code"`
	Kind string `json:"kind"`
	senderFields
}

// senderFields is the body of PATCH /v1/senders/{code}: what is absent stays,
// an empty secret is forgotten.
type senderFields struct {
	Name        *string `json:"name"`
	Credentials *string `json:"credentials"`
	AppID       *string `json:"app_id"`
	AppSecret   *string `json:"app_secret"`
	Token       *string `json:"token"`
	AESKey      *string `json:"encoding_aes_key"`
	CorpID      *string `json:"corp_id"`
	AgentID     *int64  `json:"agent_id"`
	Accounts    *int64  `json:"corp_accounts"`
	Secret      *string `json:"secret"`

	Domains *[]string `json:"business_domains"`

	// Fields of the contract that this version refuses by name.
	ReplyURL jsontext.Value `json:"reply_url"`
}

func (f senderFields) refuse() error {
	for _, later := range []struct {
		name  string
		value jsontext.Value
	}{{"reply_url", f.ReplyURL}} {
		if len(later.value) > 0 {
			return invalid(later.name, "is not served by this version: leave it out")
		}
	}
	return nil
}

func (f senderFields) change() sender.Change {
	return sender.Change{Name: f.Name, Credentials: f.Credentials, AppID: f.AppID, CorpID: f.CorpID, AgentID: f.AgentID, Accounts: f.Accounts,
		AppSecret: f.AppSecret, Secret: f.Secret, Token: f.Token, AESKey: f.AESKey, Domains: f.Domains}
}

// senderAnswer is a sender without its secrets: only whether each is set.
type senderAnswer struct {
	Code        string          `json:"code"`
	Kind        string          `json:"kind"`
	Name        string          `json:"name"`
	Credentials string          `json:"credentials"`
	AppID       string          `json:"app_id"`
	CorpID      string          `json:"corp_id,omitempty"`
	AgentID     int64           `json:"agent_id,omitempty"`
	Accounts    int64           `json:"corp_accounts,omitempty"`
	SecretSet   bool            `json:"secret_set"` // app_secret, or WeCom's secret
	TokenSet    bool            `json:"token_set"`
	AESKeySet   bool            `json:"encoding_aes_key_set"`
	Domains     []string        `json:"business_domains,omitempty"`
	AccessToken *tokenHealth    `json:"access_token,omitempty"` // of an account with a secret of its own
	Ready       bool            `json:"ready"`
	Reason      string          `json:"reason,omitempty"` // why it cannot send now
	Findings    []findingAnswer `json:"findings"`         // what is wrong with it, and who mends it where
	CreatedAt   time.Time       `json:"created_at"`
	UpdatedAt   time.Time       `json:"updated_at"`
}

func (s *server) showSender(c *call, x sender.Sender) (senderAnswer, error) {
	reason, err := s.Senders.Why(c.ctx(), x.Code)
	if err != nil {
		return senderAnswer{}, err
	}
	found, err := s.senderFindings(c.ctx(), x)
	out := senderAnswer{Code: x.Code, Kind: x.Kind, Name: x.Name, Credentials: x.Credentials, AppID: x.AppID, CorpID: x.CorpID, AgentID: x.AgentID, Accounts: x.Accounts,
		SecretSet: x.SecretSet, TokenSet: x.TokenSet, AESKeySet: x.AESKeySet, Domains: x.Domains, Ready: reason == "", Reason: reason, Findings: found,
		CreatedAt: x.CreatedAt.UTC(), UpdatedAt: x.UpdatedAt.UTC()}
	if err != nil || !x.HasToken() {
		return out, err
	}
	kept, err := s.tokenHealth(c.ctx(), token.OfSender(x.Code, x.Kind == sender.WeCom))
	out.AccessToken = &kept
	return out, err
}

func (s *server) listSenders(c *call) error {
	finding, err := c.finding("finding", "limit", "cursor")
	if err != nil {
		return err
	}
	p, err := c.page()
	if err != nil {
		return err
	}
	all, err := s.Senders.List(c.ctx(), sender.Filter{Finding: finding}, p.after, p.limit+1)
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
	wanted, err := in.change().Apply(sender.Sender{Code: in.Code, Kind: in.Kind})
	if err != nil {
		return senderProblem(err)
	}
	made, err := s.Senders.Create(c.ctx(), wanted)
	if err != nil {
		return senderProblem(err)
	}
	c.target("sender/" + made.Code)
	c.note("kind", made.Kind)
	c.note("fields", in.change().Fields())
	return s.senderReply(c, http.StatusCreated, made)
}

func (s *server) updateSender(c *call) error {
	var in senderFields
	if err := c.decode(&in); err != nil {
		return err
	}
	if err := in.refuse(); err != nil {
		return err
	}
	changed, err := s.Senders.Update(c.ctx(), c.text("code"), in.change())
	if err != nil {
		return senderProblem(err)
	}
	c.target("sender/" + changed.Code)
	c.note("fields", in.change().Fields())
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
