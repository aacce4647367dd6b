package api

import (
	"fmt"
	"net/http"
	"time"

	"wechattpp/access"
)

// clientParams is the body of POST /v1/clients. Limits beyond these are
// access.Room's.
type clientParams struct {
	Name         string   `json:"name" validate:"required,max=64"`
	Kind         string   `json:"kind" validate:"omitempty,oneof=channel access_key"`
	Senders      []string `json:"senders"`
	Scopes       []string `json:"scopes"`
	Prefixes     []string `json:"proxy_prefixes"`
	ChannelKey   string   `json:"channel_key"`
	MasterSecret string   `json:"master_secret"`
	Disabled     bool     `json:"disabled"`
	Rate         int      `json:"calls_per_second"`
	Approval     bool     `json:"approval"`
	Owners       []string `json:"owners"`
}

// clientChange is the body of PATCH /v1/clients/{id}: what is absent stays.
type clientChange struct {
	Name     *string   `json:"name"`
	Senders  *[]string `json:"senders"`
	Scopes   *[]string `json:"scopes"`
	Prefixes *[]string `json:"proxy_prefixes"`
	Disabled *bool     `json:"disabled"`
	Rate     *int      `json:"calls_per_second"`
	Approval *bool     `json:"approval"`
	Owners   *[]string `json:"owners"`
}

type rotateParams struct {
	KeepOld string `json:"keep_old"`
}

type clientAnswer struct {
	ID         int64     `json:"id"`
	Name       string    `json:"name"`
	Kind       string    `json:"kind"`
	ChannelKey string    `json:"channel_key"`
	Senders    []string  `json:"senders"`
	Scopes     []string  `json:"scopes"`
	Prefixes   []string  `json:"proxy_prefixes"`
	Disabled   bool      `json:"disabled"`
	Rate       int       `json:"calls_per_second"` // 0: as the settings say
	Approval   bool      `json:"approval"`
	Owners     []string  `json:"owners"`
	CreatedAt  time.Time `json:"created_at"`
	// MasterSecret is in the answers to creation and rotation only.
	MasterSecret string `json:"master_secret,omitempty"`
	// OldSecretFor is for how many seconds the secret before a rotation is good.
	OldSecretFor int `json:"old_secret_for,omitempty"`
}

func showClient(c access.Client) clientAnswer {
	return clientAnswer{ID: c.ID, Name: c.Name, Kind: c.Kind, ChannelKey: c.ChannelKey, Senders: some(c.Senders), Scopes: some(c.Scopes), Prefixes: some(c.ProxyPrefixes),
		Disabled: c.Disabled, Rate: c.CallsPerSecond, Approval: c.Approval, Owners: some(c.Owners), CreatedAt: c.CreatedAt, MasterSecret: c.Secret, OldSecretFor: max(0, int(c.PreviousLife.Seconds()))}
}

// some is a list that shows as [] when it is empty.
func some(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func (s *server) listClients(c *call) error {
	return pageByID(c, func(after int64, limit int) ([]access.Client, error) { return s.Access.Clients(c.ctx(), after, limit) },
		func(c access.Client) int64 { return c.ID }, showClient)
}

func (s *server) client(c *call) error {
	id, err := c.number("id")
	if err != nil {
		return err
	}
	found, err := s.Access.Find(c.ctx(), id)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, showClient(found))
}

func (s *server) createClient(c *call) error {
	var in clientParams
	if err := c.decode(&in); err != nil {
		return err
	}
	made, err := s.Access.Create(c.ctx(), access.Client{Name: in.Name, Kind: in.Kind, Senders: in.Senders, Scopes: in.Scopes, ProxyPrefixes: in.Prefixes,
		ChannelKey: in.ChannelKey, Secret: in.MasterSecret, Disabled: in.Disabled,
		CallsPerSecond: in.Rate, Approval: in.Approval, Owners: in.Owners})
	if err != nil {
		return err
	}
	c.target(clientTarget(made.ID))
	c.note("name", made.Name)
	c.note("scopes", made.Scopes)
	c.note("senders", made.Senders)
	c.note("proxy_prefixes", some(made.ProxyPrefixes))
	c.note("approval", made.Approval)
	return c.created(showClient(made))
}

func (s *server) updateClient(c *call) error {
	id, err := c.number("id")
	if err != nil {
		return err
	}
	var in clientChange
	if err := c.decode(&in); err != nil {
		return err
	}
	changed, err := s.Access.Update(c.ctx(), id, func(row *access.Client) { in.apply(row) })
	if err != nil {
		return err
	}
	c.target(clientTarget(id))
	c.note("changed", in.names())
	return c.reply(http.StatusOK, showClient(changed))
}

func (in clientChange) apply(row *access.Client) {
	if in.Name != nil {
		row.Name = *in.Name
	}
	if in.Senders != nil {
		row.Senders = *in.Senders
	}
	if in.Scopes != nil {
		row.Scopes = *in.Scopes
	}
	if in.Prefixes != nil {
		row.ProxyPrefixes = *in.Prefixes
	}
	if in.Disabled != nil {
		row.Disabled = *in.Disabled
	}
	if in.Rate != nil {
		row.CallsPerSecond = *in.Rate
	}
	if in.Approval != nil {
		row.Approval = *in.Approval
	}
	if in.Owners != nil {
		row.Owners = *in.Owners
	}
}

// names tells the trail what was changed to what; none of it is secret.
func (in clientChange) names() map[string]any {
	changed := map[string]any{}
	if in.Name != nil {
		changed["name"] = *in.Name
	}
	if in.Senders != nil {
		changed["senders"] = *in.Senders
	}
	if in.Scopes != nil {
		changed["scopes"] = *in.Scopes
	}
	if in.Prefixes != nil {
		changed["proxy_prefixes"] = *in.Prefixes
	}
	if in.Disabled != nil {
		changed["disabled"] = *in.Disabled
	}
	if in.Rate != nil {
		changed["calls_per_second"] = *in.Rate
	}
	if in.Approval != nil {
		changed["approval"] = *in.Approval
	}
	if in.Owners != nil {
		changed["owners"] = *in.Owners
	}
	return changed
}

func (s *server) deleteClient(c *call) error {
	id, err := c.number("id")
	if err != nil {
		return err
	}
	if err := s.Access.Delete(c.ctx(), id); err != nil {
		return err
	}
	c.target(clientTarget(id))
	return c.reply(http.StatusNoContent, nil)
}

func (s *server) rotateClient(c *call) error {
	id, err := c.number("id")
	if err != nil {
		return err
	}
	in := rotateParams{KeepOld: "0s"}
	if err := c.decode(&in); err != nil {
		return err
	}
	keep, err := time.ParseDuration(in.KeepOld)
	if err != nil {
		return invalid("keep_old", `must be a time such as "24h" or "0s"`)
	}
	rotated, err := s.Access.Rotate(c.ctx(), id, keep)
	if err != nil {
		return err
	}
	c.target(clientTarget(id))
	c.note("keep_old", keep.String())
	return c.reply(http.StatusOK, showClient(rotated))
}

func clientTarget(id int64) string { return fmt.Sprintf("client/%d", id) }
