package notify

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"wechattpp/wechat"
)

// Chat is a message to group chats that a WeCom app made, without their ids.
type Chat struct {
	Type   string          `json:"msgtype"`
	Object json.RawMessage `json:"object"` // what is under the name of the type
	Safe   int             `json:"safe,omitempty"`
}

// chatForms are the types of message that such a chat takes, and whether they
// may be confidential (https://developer.work.weixin.qq.com/document/path/90248).
var chatForms = map[string]appForm{
	"text":     {func() limited { return &chatText{} }, 1, false},
	"markdown": {func() limited { return &appMarkdown{} }, 0, false},
	"image":    {func() limited { return &appMedia{} }, 1, false},
	"voice":    {func() limited { return &appMedia{} }, 0, false},
	"file":     {func() limited { return &appMedia{} }, 1, false},
	"video":    {func() limited { return &appVideo{} }, 1, false},
	"textcard": {func() limited { return &appCard{} }, 0, false},
	"news":     {func() limited { return &robotNews{} }, 0, false},
	"mpnews":   {func() limited { return &appMPNews{} }, 1, false},
}

type chatText struct {
	appText
	Members []string `json:"mentioned_list,omitempty"` // userids, or @all
}

func (a *chatText) limit(l *limits, path string) {
	a.appText.limit(l, path)
	mentions(l, path+".mentioned_list", a.Members)
}

const chatForm = "1 to 32 letters and digits, as POST /v1/senders/{code}/chats answered it"

// isChatID: https://developer.work.weixin.qq.com/document/path/90245 names digits
// and letters, at most 32.
func isChatID(id string) bool {
	return id != "" && len(id) <= 32 && isOpenID(id) && !strings.ContainsAny(id, "-_")
}

// toChats tells whether the targets of a sender are chats; members and chats are
// reached by different calls.
func (q *request) toChats(code string) (bool, error) {
	chats, others := "", ""
	for _, t := range q.targets {
		switch {
		case t.kind != &weCom || t.Sender != "" && t.Sender != code:
		case t.group != nil && t.group.prefix == chatPrefix:
			chats = t.path
		default:
			others = t.path
		}
	}
	if chats != "" && others != "" {
		return false, invalid(chats, "must not be mixed with %s for one sender: WeCom takes messages to chats by calls of their own; send two requests", others)
	}
	return chats != "", nil
}

// parseChat checks an element of msg_wechatwk that goes to chats.
func parseChat(path string, raw json.RawMessage, q *request) (content, error) {
	kind, object, rest, err := openWeCom(path, raw, sorted(chatForms))
	if err != nil {
		return nil, err
	}
	var m struct {
		Sender string `json:"sender"`
		Type   string `json:"msgtype"`
		Safe   *int   `json:"safe"`
	}
	if err := strict(path, rest, &m); err != nil {
		return nil, err
	}
	c, form := &Chat{Type: kind}, chatForms[kind]
	if m.Safe != nil {
		if c.Safe = *m.Safe; c.Safe < 0 || c.Safe > form.safe {
			return nil, unsafe(path, c.Safe, form, kind)
		}
	}
	c.Object, err = q.held(path+"."+kind, object, form.object())
	return c, err
}

func (c *Chat) put(p *Part) { p.Kind, p.Chat = c.Type, c }

func (c *Chat) size() int { return len(c.Object) }

// window: WeCom notices no repeat.
func (c *Chat) window() time.Duration { return 0 }

func (c *Chat) needs() int { return 0 }

func (c *Chat) templateID() string { return "" }

func (c *Chat) send(context.Context, *wechat.Account, string, string) (int64, error) {
	return 0, wechat.ErrNotSent // see sendTo
}

func (c *Chat) sendTo(ctx context.Context, client wechat.Client, to string) error {
	if client.WeCom == nil {
		return wechat.ErrNotSent // the sender became another kind of account
	}
	return client.WeCom.SendChat(ctx, wechat.ChatMessage{ChatID: strings.TrimPrefix(to, chatPrefix), Type: c.Type, Object: c.Object, Safe: c.Safe})
}
