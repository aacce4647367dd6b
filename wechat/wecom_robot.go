package wechat

import (
	"context"
	"encoding/json"
)

// Robot is the webhook of one group chat on WeCom (消息推送, once 群机器人). Its key is the whole credential: there is no token
// and no list of addresses. Safe for concurrent use.
// https://developer.work.weixin.qq.com/document/path/99110
type Robot struct{ door door }

// Robot speaks to the group of a key, which no error of its calls tells.
func (a API) Robot(key string) *Robot {
	d := a.door("key", FixedToken(key))
	d.base, d.speaks = or(a.WeComBase, DefaultWeComBase), weCom
	return &Robot{door: d}
}

// RobotMessage is a message to the group.
type RobotMessage struct {
	Type   string          // msgtype
	Object json.RawMessage // what is under the name of the type
}

// Send hands a message over to the group. WeCom names it by nothing, takes 20 a minute, and notices no repeat.
//
// ErrNotSent: not handed over. ErrUnanswered: perhaps handed over.
func (r *Robot) Send(ctx context.Context, m RobotMessage) error {
	return r.door.done(ctx, request{op: "webhook/send", path: "/cgi-bin/webhook/send", body: ordered{{"msgtype", m.Type, true}, {m.Type, m.Object, true}}})
}

// Caller uploads files for the group, by UploadRobot.
func (r *Robot) Caller() *Caller { return &Caller{r.door} }

// done makes a call whose answer holds its verdict and no more.
func (d *door) done(ctx context.Context, r request) error {
	var answer struct {
		Code *number `json:"errcode"`
	}
	err := d.call(ctx, r, &answer)
	if err == nil && answer.Code == nil {
		err = d.speaks.incomplete(r.op, "errcode")
	}
	return err
}
