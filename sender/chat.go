package sender

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"wechattpp/wechat"
)

// Chat is a group chat that an app on WeCom made.
type Chat struct {
	ID        string   // 1 to 32 letters and digits
	Name      string   // at most 50 characters, beyond which WeCom would cut
	Owner     string   // userid of a member
	Members   []string // userids, 2 to 2,000
	CreatedAt time.Time
}

// ChatChange is what to change of a chat; empty fields stay.
type ChatChange struct {
	Name, Owner string
	Add, Remove []string
}

// ChatStore remembers which chats there are: WeCom has no list of them.
type ChatStore interface {
	// KeepChat writes down a chat of a sender without its members, or its new name and owner.
	KeepChat(ctx context.Context, senderID int64, c Chat) error
	// Chats gives up to limit chats of a sender with ids after the given one, in order.
	Chats(ctx context.Context, senderID int64, after string, limit int) ([]Chat, error)
}

// Limits of chats (https://developer.work.weixin.qq.com/document/path/90245).
const (
	mostChatName    = 50
	leastChatPeople = 2
	mostChatPeople  = 2000
	mostChatID      = 32
)

// ErrNoApp: only apps on WeCom can do this.
var ErrNoApp = errors.New(`only apps on WeCom (wechatwk, credentials "secret") can do this`)

// App gives a client of an app on WeCom. Errors: those of Source, ErrNoApp.
func (r *Room) App(ctx context.Context, code string) (Sender, *wechat.WeCom, error) {
	s, err := r.Store.Read(ctx, code)
	if err == nil && (s.Kind != WeCom || s.Credentials == Webhook) {
		err = ErrNoApp
	}
	if err != nil {
		return s, nil, err
	}
	s, tokens, err := r.Source(ctx, code)
	if err != nil {
		return s, nil, err
	}
	return s, r.API.WeCom(s.CorpID, s.AgentID, tokens), nil
}

// MakeChat makes a chat, under an id that is made up where none is given: so
// that what became of a call without an answer can be asked for. Errors: those of
// App, *InputError, and those of the call.
func (r *Room) MakeChat(ctx context.Context, code string, c Chat) (Chat, error) {
	if c.ID == "" {
		c.ID = chatID()
	}
	if err := c.check(); err != nil {
		return c, err
	}
	s, app, err := r.App(ctx, code)
	if err != nil {
		return c, err
	}
	_, err = app.MakeChat(ctx, wechat.Chat{ID: c.ID, Name: c.Name, Owner: c.Owner, Members: c.Members})
	if err != nil && !errors.Is(err, wechat.ErrUnanswered) {
		return c, err
	}
	made, asked := app.Chat(ctx, c.ID) // who owns it, if we did not say
	switch {
	case err != nil && asked != nil:
		return c, fmt.Errorf("chat %s was perhaps made, GET it to see: %w", c.ID, err)
	case asked == nil:
		c.Name, c.Owner, c.Members = made.Name, made.Owner, made.Members
	}
	return c, r.Store.KeepChat(ctx, s.ID, c)
}

func chatID() string {
	b := make([]byte, 12)
	_, _ = rand.Read(b) // never fails, says crypto/rand
	return hex.EncodeToString(b)
}

// Chat reads a chat as it is at WeCom. Errors as of MakeChat.
func (r *Room) Chat(ctx context.Context, code, id string) (Chat, error) {
	_, app, err := r.App(ctx, code)
	if err != nil {
		return Chat{}, err
	}
	if err := checkChatID("chatid", id); err != nil {
		return Chat{}, err
	}
	c, err := app.Chat(ctx, id)
	return Chat{ID: c.ID, Name: c.Name, Owner: c.Owner, Members: c.Members}, err
}

// ChangeChat changes a chat and answers it as it is then. A call without an
// answer may be repeated. Errors as of MakeChat.
func (r *Room) ChangeChat(ctx context.Context, code, id string, u ChatChange) (Chat, error) {
	if err := errors.Join(checkChatID("chatid", id), u.check()); err != nil {
		return Chat{}, firstInput(err)
	}
	s, app, err := r.App(ctx, code)
	if err != nil {
		return Chat{}, err
	}
	if err := app.ChangeChat(ctx, wechat.ChatChange{ID: id, Name: u.Name, Owner: u.Owner, Add: u.Add, Remove: u.Remove}); err != nil {
		return Chat{}, err
	}
	now, err := r.Chat(ctx, code, id)
	if err != nil {
		return now, err
	}
	return now, r.Store.KeepChat(ctx, s.ID, now)
}

// Chats lists the chats that were made here, without their members.
func (r *Room) Chats(ctx context.Context, code, after string, limit int) ([]Chat, error) {
	s, err := r.Store.Read(ctx, code)
	if err == nil && (s.Kind != WeCom || s.Credentials == Webhook) {
		err = ErrNoApp
	}
	if err != nil {
		return nil, err
	}
	return r.Store.Chats(ctx, s.ID, after, limit)
}

func (c Chat) check() error {
	if err := errors.Join(checkChatID("chatid", c.ID), checkChatName(c.Name), checkPeople("userlist", c.Members)); err != nil {
		return firstInput(err)
	}
	switch n := len(c.Members); {
	case n < leastChatPeople || n > mostChatPeople:
		return &InputError{"userlist", fmt.Sprintf("has %d userids: %d to %d different ones", n, leastChatPeople, mostChatPeople)}
	case c.Owner != "" && !slices.ContainsFunc(c.Members, func(id string) bool { return strings.EqualFold(id, c.Owner) }):
		return &InputError{"owner", "must be one of userlist"}
	}
	return nil
}

func (u ChatChange) check() error {
	if u.Name == "" && u.Owner == "" && len(u.Add)+len(u.Remove) == 0 {
		return &InputError{"the body", "changes nothing: give name, owner, add_user_list or del_user_list"}
	}
	if len(u.Add) > mostChatPeople || len(u.Remove) > mostChatPeople {
		return &InputError{"add_user_list", fmt.Sprintf("and del_user_list hold at most %d userids each", mostChatPeople)}
	}
	var owner error
	if u.Owner != "" {
		owner = checkPeople("owner", []string{u.Owner})
	}
	return firstInput(errors.Join(checkChatName(u.Name), owner, checkPeople("add_user_list", u.Add), checkPeople("del_user_list", u.Remove)))
}

func checkChatID(name, id string) error {
	if id == "" || len(id) > mostChatID || !all(id, alnum) {
		return &InputError{name, fmt.Sprintf("must be 1 to %d letters and digits", mostChatID)}
	}
	return nil
}

func checkChatName(name string) error {
	if n := utf8.RuneCountInString(name); n > mostChatName || !utf8.ValidString(name) {
		return &InputError{"name", fmt.Sprintf("has %d characters: at most %d, WeCom would cut it", n, mostChatName)}
	}
	return nil
}

// checkPeople: https://developer.work.weixin.qq.com/document/path/90195 names
// letters, digits and - _ . @ for userids, which are the same in either case.
func checkPeople(name string, ids []string) error {
	seen := make(map[string]bool, len(ids))
	for i, id := range ids {
		field := fmt.Sprintf("%s[%d]", name, i)
		if !IsMember(id) {
			return &InputError{field, "is no userid: 1 to 64 letters, digits and - _ . @"}
		}
		if low := strings.ToLower(id); seen[low] {
			return &InputError{field, "is there twice: name each once"}
		}
		seen[strings.ToLower(id)] = true
	}
	return nil
}

// IsMember tells whether an id has the form of a member's userid.
func IsMember(id string) bool {
	return id != "" && len(id) <= 64 && all(id, func(c byte) bool { return alnum(c) || strings.IndexByte("-_.@", c) >= 0 })
}

// firstInput is the first of joined errors.
func firstInput(err error) error {
	if in, ok := errors.AsType[*InputError](err); ok {
		return in
	}
	return err
}
