package webhook

import (
	"bytes"
	"encoding/json"
	"time"
)

// Types is a set of types of receipts, a bit each.
type Types int64

// Types of receipts (https://docs.jiguang.cn/jums/advanced/callback). No
// sender of the WeChat family tells of clicks, so that clicked never comes.
const (
	valid          = 0 // accepted for a recipient
	invalid        = 1
	submitted      = 2 // the vendor accepted it
	submitFailed   = 3
	delivered      = 4
	deliveryFailed = 5
	clicked        = 6
	withdrawn      = 7
	withdrawFailed = 8

	types = 9
)

// AllTypes is every type.
const AllTypes Types = 1<<types - 1

// TypesOf makes a set of numbers; ok is false if one is none of 0 to 8.
func TypesOf(list []int) (set Types, ok bool) {
	for _, n := range list {
		if n < 0 || n >= types {
			return 0, false
		}
		set |= 1 << n
	}
	return set, true
}

// List gives the numbers in order.
func (t Types) List() []int {
	list := []int{}
	for n := range types {
		if t.has(n) {
			list = append(list, n)
		}
	}
	return list
}

func (t Types) has(n int) bool { return t&(1<<n) != 0 }

// receipt is a record as JUMS writes it.
type receipt struct {
	Type       int             `json:"type"`
	ChannelKey string          `json:"channelkey"`
	MsgID      string          `json:"msgid"`
	UserID     string          `json:"userid"`
	SenderID   string          `json:"sender_id,omitempty"`
	Sender     int             `json:"sender"`
	WeComKind  *int            `json:"wechatwk_sender,omitempty"`
	SentTime   int64           `json:"sent_time"`
	Error      *fault          `json:"error,omitempty"`
	Params     json.RawMessage `json:"params,omitempty"`
}

type fault struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// typeOf gives the type of receipt that tells of a state, and what to say if
// the line says no reason. ok is false for states that are not told.
func typeOf(l *Line) (kind int, reason string, ok bool) {
	switch l.State {
	case "queued":
		return valid, "", true
	case "skipped":
		return invalid, "no identity at this sender, or not allowed to be sent to", true
	case "sent":
		return submitted, "", true
	case "expired":
		return submitFailed, "not handed over before expire_at", true
	case "unknown":
		return submitFailed, "handed over without an answer: it may have arrived", true
	case "delivered":
		return delivered, "", true
	case "failed":
		if l.Outcome {
			return deliveryFailed, "the vendor could not deliver it", true
		}
		return submitFailed, "the vendor did not take it", true
	case "canceled":
		return withdrawn, "", true
	case "recall_refused":
		return withdrawFailed, "the vendor did not recall it", true
	}
	return 0, "", false
}

// Numbers of the senders in receipts. That of WeCom is told in two ways, 9 and
// 10, by those who read receipts, and can be configured.
func (r *Room) senderNumber(kind string) int {
	switch kind {
	case "wechatmp":
		return 3
	case "wechatwk":
		return r.WeComSender
	}
	return 2 // an official account; wechatapp sends to the openids of an open platform's app
}

// write makes a receipt of one recipient of a line.
func (r *Room) write(l *Line, key string, kind int, reason string, who Recipient) ([]byte, error) {
	rec := receipt{Type: kind, ChannelKey: key, MsgID: l.MsgID, UserID: who.UserID, Sender: r.senderNumber(l.Kind),
		SentTime: l.At.Unix(), Params: l.Params}
	if kind > invalid || who.UserID == "" {
		rec.SenderID = who.Identity
	}
	if l.Kind == "wechatwk" {
		rec.WeComKind = new(int) // 0: of the own corp
		if l.Linked {
			*rec.WeComKind = 1
		}
	}
	if reason != "" {
		rec.Error = &fault{who.Code, reason}
		if who.Text != "" {
			rec.Error.Message = who.Text
		}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(rec)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// packing is JUMS's: one POST for 100 records, or after 10 s with fewer.
func (r *Room) packing() Packing { return Packing{Most: 100, Wait: 10 * time.Second} }
