package wechat

import (
	"context"
	"encoding/json"
	"net/url"
)

// ChatMessage is a message of a WeCom app to a group chat that it made.
type ChatMessage struct {
	ChatID string
	Type   string          // msgtype
	Object json.RawMessage // what is under the name of the type
	Safe   int             // 0 may be passed on, 1 not
}

// SendChat hands a message over. WeCom names it by nothing, cannot recall it, and notices no repeat; a member who got 200 a
// minute or 10,000 a day from this app's chats is left out without a word.
//
// ErrNotSent: not handed over. ErrUnanswered: perhaps handed over.
// https://developer.work.weixin.qq.com/document/path/90248
func (w *WeCom) SendChat(ctx context.Context, m ChatMessage) error {
	return w.door.done(ctx, request{op: "appchat/send", path: "/cgi-bin/appchat/send", body: ordered{
		{"chatid", m.ChatID, true}, {"msgtype", m.Type, true}, {m.Type, m.Object, true}, {"safe", m.Safe, m.Safe != 0}}})
}

// Chat is a group chat that an app made.
type Chat struct {
	ID      string   `json:"chatid,omitempty"` // 1 to 32 letters and digits; to make one without, WeCom chooses
	Name    string   `json:"name,omitempty"`   // at most 50 characters
	Owner   string   `json:"owner,omitempty"`  // userid; to make one without, WeCom chooses
	Members []string `json:"userlist"`         // userids, 2 to 2,000
}

// MakeChat makes a chat and gives its id. The app must see the company's root department, else ErrPermission.
// https://developer.work.weixin.qq.com/document/path/90245
func (w *WeCom) MakeChat(ctx context.Context, c Chat) (id string, err error) {
	const op = "appchat/create"
	var answer struct {
		ID string `json:"chatid"`
	}
	err = w.door.call(ctx, request{op: op, path: "/cgi-bin/appchat/create", body: c}, &answer)
	if err == nil && answer.ID == "" {
		err = w.door.speaks.incomplete(op, "chatid")
	}
	return answer.ID, err
}

// ChatChange is what to change of a chat; empty fields stay.
type ChatChange struct {
	ID     string   `json:"chatid"`
	Name   string   `json:"name,omitempty"`
	Owner  string   `json:"owner,omitempty"`
	Add    []string `json:"add_user_list,omitempty"`
	Remove []string `json:"del_user_list,omitempty"`
}

// ChangeChat changes a chat of this app, up to 1,000 times an hour for a company. Fields as the SDKs have them.
func (w *WeCom) ChangeChat(ctx context.Context, c ChatChange) error {
	return w.door.done(ctx, request{op: "appchat/update", path: "/cgi-bin/appchat/update", body: c})
}

// Chat reads a chat of this app. Fields as the SDKs have them.
func (w *WeCom) Chat(ctx context.Context, id string) (Chat, error) {
	const op = "appchat/get"
	var answer struct {
		Info Chat `json:"chat_info"`
	}
	err := w.door.call(ctx, request{op: op, path: "/cgi-bin/appchat/get", get: true, query: url.Values{"chatid": {id}}}, &answer)
	if err == nil && answer.Info.ID == "" {
		err = w.door.speaks.incomplete(op, "chat_info")
	}
	return answer.Info, err
}
