package simulator

import (
	"context"
	"fmt"
	"net/http"
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
	Action     string `json:"action,omitempty"` // accept (default): one more message; reject: none any more
	Silent     bool   `json:"silent,omitempty"` // no event is pushed, as by "always keep this choice"
}

// Subscribe lets a user answer, and pushes subscribe_msg_popup_event to the
// message URL unless there is none. It waits for the push. It needs Run, unless
// silent.
func (s *Simulator) Subscribe(ctx context.Context, b Subscription) error {
	a := s.world.find(b.AppID)
	if a == nil {
		return noAccount(b.AppID)
	}
	if b.Scene != nil {
		return a.confirm(b)
	}
	p := a.templates.load().byID[b.TemplateID]
	switch {
	case b.OpenID == "":
		return fmt.Errorf("openid must not be empty")
	case p == nil || p.kind == templateMessage:
		return fmt.Errorf("template_id %q is no subscription template of %s", b.TemplateID, b.AppID)
	case b.Action != "" && b.Action != "accept" && b.Action != "reject":
		return fmt.Errorf("action %q: use accept or reject", b.Action)
	}
	if err := a.rights.set(right{b.OpenID, b.TemplateID}, b.Action != "reject"); err != nil {
		return err
	}
	if b.Silent || s.messageURL() == "" {
		return nil
	}
	return s.await(ctx, s.pushAll(a.popup(b), 0, 1)[0].done)
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

func (a *account) popup(b Subscription) event {
	scene := "1"
	if a.profile.MiniProgram {
		scene = "0"
	}
	list := member{name: "List", kids: []member{
		{name: "TemplateId", value: b.TemplateID}, {name: "SubscribeStatusString", value: or(b.Action, "accept")}, {name: "PopupScene", value: scene},
	}}
	return event{kind: messagePush, account: a, openID: b.OpenID, name: "subscribe_msg_popup_event", members: []member{
		{name: "MsgType", value: "event"}, {name: "Event", value: "subscribe_msg_popup_event"}, {name: "SubscribeMsgPopupEvent", kids: []member{list}},
	}}
}

func (s *Simulator) controlSubscription(w http.ResponseWriter, r *http.Request) {
	var b Subscription
	err := read(w, r, &b)
	if err == nil {
		err = s.Subscribe(r.Context(), b)
	}
	reply(w, done, err)
}
