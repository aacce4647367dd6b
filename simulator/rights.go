package simulator

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"sync"
)

// rights are what the users of an account agreed to: how many messages of a
// template each may be sent (messages 2.3).
type rights struct {
	mu   sync.Mutex
	left map[right]int
	met  map[string]bool // openids
}

type right struct{ openID, template string }

const maxRights = 1_000_000 // of one account

func (r *rights) knows(openID string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.met[openID]
}

// set adds a right, or takes all away.
func (r *rights) set(k right, accept bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.left == nil {
		r.left, r.met = map[right]int{}, map[string]bool{}
	}
	if len(r.left) >= maxRights || len(r.met) >= maxRights {
		return fmt.Errorf("more than %d subscriptions of one account", maxRights)
	}
	r.met[k.openID] = true
	if !accept {
		delete(r.left, k)
		return nil
	}
	r.left[k]++
	return nil
}

// spend uses one up, unless the subscription is for long.
func (r *rights) spend(openID, template string, long bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := right{openID, template}
	if r.left[k] == 0 {
		return false
	}
	if long {
		return true
	}
	if r.left[k]--; r.left[k] == 0 {
		delete(r.left, k)
	}
	return true
}

// Subscription is a user's answer to an account that asks whether it may send a
// message of a template.
type Subscription struct {
	AppID      string `json:"appid"`
	OpenID     string `json:"openid"`
	TemplateID string `json:"template_id"`
	Scene      *int   `json:"scene,omitempty"`  // of a one-time subscription, which any number of yeses allow one message
	Action     string `json:"action,omitempty"` // accept (default): one more message; reject: none any more; refuse: the same, in the settings
	Also       []Also `json:"also,omitempty"`   // the answers for more templates of the same popup
	Silent     bool   `json:"silent,omitempty"` // no event is pushed, as by "always keep this choice"
}

// Also is the answer for one more template of a popup.
type Also struct {
	TemplateID string `json:"template_id"`
	Action     string `json:"action,omitempty"` // accept (default) or reject
}

// Subscribe lets a user answer, and pushes subscribe_msg_popup_event, or
// subscribe_msg_change_event for the settings, to the message URL unless there is
// none. It waits for the push. It needs Run, unless silent.
func (s *Simulator) Subscribe(ctx context.Context, b Subscription) error {
	a := s.world.find(b.AppID)
	if a == nil {
		return noAccount(b.AppID)
	}
	if b.Scene != nil {
		return a.confirm(b)
	}
	all := append([]Also{{b.TemplateID, b.Action}}, b.Also...)
	if err := a.answerable(b, all); err != nil {
		return err
	}
	for _, one := range all {
		if err := a.rights.set(right{b.OpenID, one.TemplateID}, or(one.Action, "accept") == "accept"); err != nil {
			return err
		}
	}
	if b.Silent || s.messageURL() == "" {
		return nil
	}
	return s.await(ctx, s.pushAll(a.answered(b.OpenID, all), 0, 1)[0].done)
}

func (a *account) answerable(b Subscription, all []Also) error {
	if b.OpenID == "" {
		return errors.New("openid must not be empty")
	}
	for i, one := range all {
		p := a.templates.load().byID[one.TemplateID]
		switch {
		case p == nil || p.kind == templateMessage:
			return fmt.Errorf("template_id %q is no subscription template of %s", one.TemplateID, b.AppID)
		case !slices.Contains([]string{"", "accept", "reject", "refuse"}, one.Action):
			return fmt.Errorf("action %q: use accept, reject or refuse", one.Action)
		case i > 0 && (one.Action == "refuse") != (all[0].Action == "refuse"):
			return errors.New("also: the settings are another event than a popup")
		}
	}
	return nil
}

// confirm takes the answer to a one-time subscription: no event tells of it,
// and a second yes at the same scene adds nothing (messages 4.4).
func (a *account) confirm(b Subscription) error {
	if b.OpenID == "" || *b.Scene < 0 || *b.Scene > maxScene || b.TemplateID == "" || b.TemplateID != a.profile.OneTime {
		return fmt.Errorf("scene: wants an openid, 0 to %d, and the account's one_time template", maxScene)
	}
	k := right{b.OpenID, sceneRight(b.TemplateID, strconv.Itoa(*b.Scene))}
	if err := a.rights.set(k, false); err != nil || b.Action == "reject" {
		return err
	}
	return a.rights.set(k, true)
}

// answered is the event of a popup, or of the settings, which tells refusals only.
func (a *account) answered(openID string, all []Also) event {
	name, wrapper := "subscribe_msg_popup_event", "SubscribeMsgPopupEvent"
	if all[0].Action == "refuse" {
		name, wrapper = "subscribe_msg_change_event", "SubscribeMsgChangeEvent"
	}
	scene := "1"
	if a.profile.MiniProgram {
		scene = "0"
	}
	var lists []member
	for _, one := range all {
		kids := []member{{name: "TemplateId", value: one.TemplateID}, {name: "SubscribeStatusString", value: or(one.Action, "accept")}, {name: "PopupScene", value: scene}}
		if one.Action == "refuse" {
			kids = []member{kids[0], {name: "SubscribeStatusString", value: "reject"}}
		}
		lists = append(lists, member{name: "List", kids: kids})
	}
	return event{kind: messagePush, account: a, openID: openID, name: name, members: []member{
		{name: "MsgType", value: "event"}, {name: "Event", value: name}, {name: wrapper, kids: lists},
	}}
}

// SentElsewhere is a subscription message that another system sent in an
// account's name: it spends a right, and its event tells our program of a message
// it knows nothing of. It waits for the push.
func (s *Simulator) SentElsewhere(ctx context.Context, appID, openID, templateID string) error {
	a := s.world.find(appID)
	if a == nil {
		return noAccount(appID)
	}
	p := a.templates.load().byID[templateID]
	if p == nil || !a.rights.spend(openID, templateID, p.kind == longTermTemplate) {
		return fmt.Errorf("43101: %s has no right to a message of %q", openID, templateID)
	}
	e := event{kind: messagePush, account: a, openID: openID, name: "subscribe_msg_sent_event", members: sentMembers(templateID, int64(rand.Uint32()), statusSuccess)}
	return s.await(ctx, s.pushAll(e, 0, 1)[0].done)
}

func (s *Simulator) controlSentElsewhere(w http.ResponseWriter, r *http.Request) {
	var b struct {
		AppID      string `json:"appid"`
		OpenID     string `json:"openid"`
		TemplateID string `json:"template_id"`
	}
	err := read(w, r, &b)
	if err == nil {
		err = s.SentElsewhere(r.Context(), b.AppID, b.OpenID, b.TemplateID)
	}
	reply(w, done, err)
}

func (s *Simulator) controlSubscription(w http.ResponseWriter, r *http.Request) {
	var b Subscription
	err := read(w, r, &b)
	if err == nil {
		err = s.Subscribe(r.Context(), b)
	}
	reply(w, done, err)
}
