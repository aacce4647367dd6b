package simulator

import (
	"crypto/sha1" //nolint:gosec // the vendor's choice
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// pageTickets are the jsapi tickets of an account (messages 8.4).
type pageTickets struct {
	mu  sync.Mutex
	all []fading
}

const (
	pageTicketLife = 2 * time.Hour
	maxPageTickets = 100
)

func (p *pageTickets) mint(now time.Time) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.all) >= maxPageTickets {
		p.all = p.all[1:]
	}
	t := fading{"sM4AOVdWfPE4DxkXGEs8V" + word(64), now.Add(pageTicketLife)}
	p.all = append(p.all, t)
	return t.value
}

func (p *pageTickets) alive(now time.Time) (values []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.all {
		if now.Before(t.until) {
			values = append(values, t.value)
		}
	}
	return values
}

// pageTicket gives a ticket that pages are signed with.
func (s *Simulator) pageTicket(q *request) (any, *refusal) {
	if q.URL.Query().Get("type") != "jsapi" {
		return nil, refuse(40097)
	}
	if q.account.profile.MiniProgram {
		return nil, refuse(48001)
	}
	return map[string]any{"errcode": 0, "errmsg": "ok", "ticket": q.account.pages.mint(q.now), "expires_in": int(pageTicketLife.Seconds())}, nil
}

// PageSignature is what a page gives to wx.config, and its address.
type PageSignature struct {
	AppID     string `json:"appid"`
	URL       string `json:"url"`
	Timestamp int64  `json:"timestamp"`
	NonceStr  string `json:"nonceStr"`
	Signature string `json:"signature"`
}

// CheckPage tells whether wx.config would succeed on the page: the signature must
// be made with a ticket of the account that is still good.
func (s *Simulator) CheckPage(p PageSignature) error {
	a := s.world.find(p.AppID)
	if a == nil {
		return noAccount(p.AppID)
	}
	if p.Timestamp == 0 || p.NonceStr == "" {
		return errors.New("timestamp and nonceStr must not be empty")
	}
	page, _, _ := strings.Cut(p.URL, "#")
	for _, ticket := range a.pages.alive(time.Now()) {
		sum := sha1.Sum([]byte("jsapi_ticket=" + ticket + "&noncestr=" + p.NonceStr + "&timestamp=" + strconv.FormatInt(p.Timestamp, 10) + "&url=" + page)) //nolint:gosec // as above
		if hex.EncodeToString(sum[:]) == p.Signature {
			return nil
		}
	}
	return fmt.Errorf("config:invalid signature for page %s", page)
}

func (s *Simulator) controlPage(w http.ResponseWriter, r *http.Request) {
	var p PageSignature
	err := read(w, r, &p)
	if err == nil {
		err = s.CheckPage(p)
	}
	reply(w, done, err)
}
