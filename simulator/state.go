package simulator

import (
	"slices"
	"time"
)

// State is the simulated world at a glance; no secret is in it.
type State struct {
	Component struct {
		AppID        string    `json:"appid"`
		Tickets      int       `json:"tickets"`
		TicketOK     bool      `json:"ticket_ok"` // the last push of one was answered
		Mints        int       `json:"mints"`
		TokenExpires time.Time `json:"token_expires,omitzero"`
	} `json:"component"`
	AuthorizationURL string         `json:"authorization_url"`
	MessageURL       string         `json:"message_url"`
	Waiting          int            `json:"waiting"` // pushes not yet due or to be repeated
	Pushes           int            `json:"pushes"`
	Dropped          int            `json:"dropped"`
	Sends            Totals         `json:"sends"`
	Total            int            `json:"total_accounts"`
	Accounts         []AccountState `json:"accounts"` // the first 1,000
}

// AccountState is one account's authorization and token.
type AccountState struct {
	AppID        string    `json:"appid"`
	UserName     string    `json:"user_name"`
	NickName     string    `json:"nick_name"`
	Kind         string    `json:"kind"`
	Authorized   bool      `json:"authorized"`
	Exchanged    bool      `json:"exchanged"` // the program has its refresh token
	Sets         []int     `json:"sets"`
	Mints        int       `json:"mints"`
	TokenExpires time.Time `json:"token_expires,omitzero"`
}

const maxShown = 1000

// State is a snapshot; its parts are taken one after the other.
func (s *Simulator) State() State {
	out := State{AuthorizationURL: s.authorizationURL(), MessageURL: s.messageURL(), Waiting: s.queue.size(), Sends: s.Totals()}
	s.component.mu.RLock()
	out.Component.AppID, out.Component.Tickets = s.cfg.ComponentAppID, len(s.component.tickets)
	out.Component.TicketOK, out.Component.Mints = s.component.healthy, s.component.mints
	out.Component.TokenExpires = s.component.token.until
	s.component.mu.RUnlock()
	s.pushes.mu.Lock()
	out.Pushes, out.Dropped = s.pushes.kept.total, s.pushes.dropped
	s.pushes.mu.Unlock()
	accounts := s.world.all()
	out.Total = len(accounts)
	out.Accounts = make([]AccountState, 0, min(len(accounts), maxShown))
	for _, a := range accounts[:min(len(accounts), maxShown)] {
		out.Accounts = append(out.Accounts, a.state())
	}
	return out
}

// Account tells one account's state.
func (s *Simulator) Account(appID string) (AccountState, error) {
	a := s.world.find(appID)
	if a == nil {
		return AccountState{}, noAccount(appID)
	}
	return a.state(), nil
}

func (a *account) state() AccountState {
	a.mu.Lock()
	defer a.mu.Unlock()
	return AccountState{
		AppID: a.profile.AppID, UserName: a.profile.UserName, NickName: a.profile.NickName, Kind: a.kind(),
		Authorized: a.authorized, Exchanged: a.exchanged, Sets: slices.Clone(a.granted),
		Mints: int(a.mints.Load()), TokenExpires: a.token.until,
	}
}
