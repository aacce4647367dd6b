package wechat

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
)

// Client speaks for one sender: as an account, as an app on WeCom, or as the webhook of a group there. The others are nil.
type Client struct {
	Account *Account
	WeCom   *WeCom
	Robot   *Robot
}

// AppMessage is a message of a WeCom app. The same value is the same bytes, by which WeCom knows a repeat.
type AppMessage struct {
	Users   []string // at most 1,000; or the single "@all"
	Parties []string // numbers of departments, at most 100
	Tags    []string // numbers, at most 100

	Type    string          // msgtype
	Object  json.RawMessage // what is under the name of the type
	Safe    int             // 0 may be passed on, 1 not, 2 inside the company (mpnews)
	IDTrans bool            // $userName=…$ and the like are translated

	DuplicateCheck    bool
	DuplicateInterval int // seconds within which the same bytes are sent once, at most 14,400; 0: WeCom's 1,800
}

// Unreached lists those of a message that WeCom did not send it to. Ids of users come in lower case.
type Unreached struct {
	Users, Parties, Tags []string
	Unlicensed           []string // users without a licence for calls
}

// AppTaken is WeCom's word on a message that it took.
type AppTaken struct {
	MsgID        string // by which it can be recalled; empty if WeCom said none
	ResponseCode string // of a card whose clicks come back: a credential, by which UpdateCard changes it once, within 72 hours
	Unreached
}

// LogValue leaves the code out.
func (t AppTaken) LogValue() slog.Value { return slog.GroupValue(slog.String("msgid", t.MsgID)) }

// Send hands a message over. WeCom takes it if at least one recipient is good, and tells the others. It says nothing of members
// who got more than 30 messages in a minute or 1,000 in an hour from this app, whom it leaves out.
//
// ErrNotSent: not handed over. ErrUnanswered: perhaps handed over; repeat only with DuplicateCheck, within the interval.
// https://developer.work.weixin.qq.com/document/path/90236
func (w *WeCom) Send(ctx context.Context, m AppMessage) (AppTaken, error) {
	var answer struct {
		sentAnswer
		MsgID string `json:"msgid"`
		Card  string `json:"response_code"`
	}
	err := w.send(ctx, "message/send", m.body(w.agentID), &answer, &answer.sentAnswer)
	return AppTaken{answer.MsgID, answer.Card, answer.unreached()}, err
}

// SendLinked hands a message over to members of linked companies (互联企业), written CorpId/UserId, and to own ones. It has
// neither id nor card, and WeCom notices no repeat: ErrUnanswered is never to be repeated. The vendor's page is no longer in
// its tree; it was https://developer.work.weixin.qq.com/document/path/90250
func (w *WeCom) SendLinked(ctx context.Context, m LinkedMessage) (Unreached, error) {
	var answer sentAnswer
	err := w.send(ctx, "linkedcorp/message/send", m.body(w.agentID), &answer, &answer)
	return answer.unreached(), err
}

// sentAnswer is what all that are sent are answered.
type sentAnswer struct {
	Code       *number `json:"errcode"`
	Users      ids     `json:"invaliduser"`
	Parties    ids     `json:"invalidparty"`
	Tags       ids     `json:"invalidtag"`
	Unlicensed ids     `json:"unlicenseduser"`
}

func (a *sentAnswer) unreached() Unreached {
	return Unreached{a.Users, a.Parties, a.Tags, a.Unlicensed}
}

func (w *WeCom) send(ctx context.Context, op string, body, answer any, common *sentAnswer, secrets ...string) error {
	err := w.door.call(ctx, request{op: op, path: "/cgi-bin/" + op, body: body, secrets: secrets}, answer)
	if err == nil && common.Code == nil {
		err = weCom.incomplete(op, "errcode")
	}
	return err
}

// LinkedMessage is a message of an app that may go to linked companies.
type LinkedMessage struct {
	Users   []string // CorpId/UserId, at most 1,000
	Parties []string // LinkedId/PartyId, at most 100
	All     bool     // everyone who may see the app, there and here

	Type   string          // msgtype, but for template_card
	Object json.RawMessage // what is under the name of the type
	Safe   int
}

func (m LinkedMessage) body(agentID int64) any {
	return ordered{
		{"touser", m.Users, len(m.Users) > 0},
		{"toparty", m.Parties, len(m.Parties) > 0},
		{"toall", 1, m.All},
		{"msgtype", m.Type, true},
		{"agentid", agentID, true},
		{m.Type, m.Object, true},
		{"safe", m.Safe, m.Safe != 0},
	}
}

// body is written in one order, so that the same message is the same bytes.
func (m AppMessage) body(agentID int64) any {
	return ordered{
		{"touser", strings.Join(m.Users, "|"), len(m.Users) > 0},
		{"toparty", strings.Join(m.Parties, "|"), len(m.Parties) > 0},
		{"totag", strings.Join(m.Tags, "|"), len(m.Tags) > 0},
		{"msgtype", m.Type, true},
		{"agentid", agentID, true},
		{m.Type, m.Object, true},
		{"safe", m.Safe, m.Safe != 0},
		{"enable_id_trans", 1, m.IDTrans},
		{"enable_duplicate_check", 1, m.DuplicateCheck},
		{"duplicate_check_interval", m.DuplicateInterval, m.DuplicateCheck && m.DuplicateInterval > 0},
	}
}

// Recall takes a message back from everyone it was sent to, within 24 hours. WeChat's plugin keeps it.
// https://developer.work.weixin.qq.com/document/path/94867
func (w *WeCom) Recall(ctx context.Context, msgID string) error {
	var answer sentAnswer
	return w.send(ctx, "message/recall", struct {
		MsgID string `json:"msgid"`
	}{msgID}, &answer, &answer)
}

// ordered is an object whose members keep their order; those not wanted are left out.
type ordered []struct {
	name   string
	value  any
	wanted bool
}

// MarshalJSON writes the object.
func (o ordered) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	for _, m := range o {
		if !m.wanted {
			continue
		}
		name, err := encode(m.name)
		if err != nil {
			return nil, err
		}
		value, err := encode(m.value)
		if err != nil {
			return nil, err
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	return []byte("{" + b.String() + "}"), nil
}

// ids is a list that WeCom writes as one text with |, as an array, or as null.
type ids []string

// UnmarshalJSON implements json.Unmarshaler.
func (l *ids) UnmarshalJSON(b []byte) error {
	*l = nil
	var text string
	var list []string
	if json.Unmarshal(b, &text) == nil {
		list = strings.Split(text, "|")
	} else if err := json.Unmarshal(b, &list); err != nil {
		return err
	}
	for _, id := range list {
		if id = strings.TrimSpace(id); id != "" {
			*l = append(*l, id)
		}
	}
	return nil
}
