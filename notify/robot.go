package notify

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"wechattpp/wechat"
)

// Robot is a message to the group chat that a sender is the webhook of.
type Robot struct {
	Type   string          `json:"msgtype"`
	Object json.RawMessage `json:"object"` // what is under the name of the type
}

// RobotPerMinute is how many messages WeCom takes for one webhook in any minute
// (https://developer.work.weixin.qq.com/document/path/99110).
const RobotPerMinute = 20

// lone is content that reaches one recipient a call, by other means than an
// account's; its send is never used.
type lone interface {
	content
	sendTo(ctx context.Context, c wechat.Client, to string) error
}

// paced is content of which WeCom takes so many in any minute at one sender.
type paced interface{ perMinute() int }

// Pace is how many recipients of the part's sender may be begun in any minute;
// 0: as many as there are.
func (p Part) Pace() int {
	if c, ok := p.content().(paced); ok {
		return c.perMinute()
	}
	return 0
}

// parse checks what an element says, at path, by what its sender is: of WeCom an
// app, which speaks to members or to chats of its own, or the webhook of a group.
func (r *Room) parse(ctx context.Context, path string, m said, code string, q *request) (content, error) {
	if m.kind != &weCom {
		return m.kind.parse(path, m.raw, q)
	}
	robot, err := r.Senders.Robot(ctx, code)
	switch {
	case err != nil:
		return nil, err
	case robot && (q.everyone || q.toUsers()):
		return nil, invalid(path+".sender", `is the webhook of a group chat, which knows no users: aim at the group, by "aud_wechatwk": [{"data": ["@all"]}]`)
	case robot:
		return parseRobot(path, m.raw, q)
	}
	switch chats, err := q.toChats(code); {
	case err != nil:
		return nil, err
	case chats:
		return parseChat(path, m.raw, q)
	}
	return m.kind.parse(path, m.raw, q)
}

// parseRobot checks an element of msg_wechatwk whose sender is a webhook.
func parseRobot(path string, raw json.RawMessage, q *request) (content, error) {
	kind, object, rest, err := openWeCom(path, raw, sorted(robotForms))
	if err != nil {
		return nil, err
	}
	var m struct {
		Sender string `json:"sender"`
		Type   string `json:"msgtype"`
	}
	if err := strict(path, rest, &m); err != nil {
		return nil, err
	}
	says := robotForms[kind]()
	r := &Robot{Type: kind}
	r.Object, err = q.held(path+"."+kind, object, says)
	return r, err
}

// openWeCom parts an element into its msgtype, the object of that name, and the
// other fields.
func openWeCom(path string, raw json.RawMessage, kinds []string) (kind string, object, rest json.RawMessage, err error) {
	var fields map[string]json.RawMessage
	if err := read(raw, &fields); err != nil || fields == nil {
		return "", nil, nil, invalid(path, "must be an object")
	}
	var is struct {
		Type string `json:"msgtype"`
	}
	if err := read(raw, &is); err != nil {
		return "", nil, nil, invalid(path+".msgtype", "must be a text")
	}
	if !slices.Contains(kinds, is.Type) {
		return "", nil, nil, invalid(path+".msgtype", "is %q: it must be one of %s", is.Type, strings.Join(kinds, ", "))
	}
	if object = fields[is.Type]; object == nil {
		return "", nil, nil, invalid(path+"."+is.Type, "is missing: a message of msgtype %s has an object of that name", is.Type)
	}
	delete(fields, is.Type)
	rest, err = encode(fields)
	return is.Type, object, rest, err
}

// held reads an object, holds it against its limits, and gives it as it is sent.
func (q *request) held(path string, raw json.RawMessage, says limited) (json.RawMessage, error) {
	if err := strict(path, raw, says); err != nil {
		return nil, err
	}
	l := &limits{draft: q.draft}
	if says.limit(l, path); l.err != nil {
		return nil, l.err
	}
	q.warnings = append(q.warnings, l.warnings...)
	return encode(says)
}

func (r *Robot) put(p *Part) { p.Kind, p.Robot = r.Type, r }

// size leaves images out: what a whole request may hold bounds them.
func (r *Robot) size() int {
	if r.Type == "image" {
		return 0
	}
	return len(r.Object)
}

// window: WeCom notices no repeat.
func (r *Robot) window() time.Duration { return 0 }

func (r *Robot) needs() int { return 0 }

func (r *Robot) templateID() string { return "" }

func (r *Robot) perMinute() int { return RobotPerMinute }

func (r *Robot) send(context.Context, *wechat.Account, string, string) (int64, error) {
	return 0, wechat.ErrNotSent // see sendTo
}

func (r *Robot) sendTo(ctx context.Context, c wechat.Client, _ string) error {
	if c.Robot == nil {
		return wechat.ErrNotSent // the sender is no webhook any more
	}
	return c.Robot.Send(ctx, wechat.RobotMessage{Type: r.Type, Object: r.Object})
}

// suits: the group is the only recipient there is.
func (r *Robot) suits(_ string, ids []string) error {
	if len(ids) == 1 && ids[0] == everyMember {
		return nil
	}
	return invalid("aud_"+weCom.name, `must be [{"data": ["@all"]}] for the webhook of a group chat: the group is its only recipient`)
}
