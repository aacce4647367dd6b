package sql

import (
	"context"
	"fmt"

	"wechattpp/notify"
)

// feedNews gathers lines of the feed: one per chunk and state, which names its
// recipients, so that a hundred cost little more than one; more than a hundred
// are several lines. Sending is not
// told: it lasts for a call. A return to the queue is not news either.
type feedNews struct {
	lines map[newsKey]*newsLine
	order []*newsLine
	ends  []line
}

type newsKey struct {
	chunk   *chunkRow
	to      notify.State
	outcome bool
}

type newsLine struct {
	app, kind  string
	MsgID      string          `json:"msgid"`
	ClientID   int64           `json:"client_id"`
	Sender     string          `json:"sender"`
	Kind       string          `json:"kind,omitempty"`    // of the sender; empty: wechatoa
	Linked     bool            `json:"linked,omitempty"`  // of linked companies of WeCom
	Outcome    bool            `json:"outcome,omitempty"` // the vendor's later word says so
	Recipients []newsRecipient `json:"recipients"`
}

type newsRecipient struct {
	Seq      int        `json:"seq"`
	UserID   string     `json:"userid,omitempty"`
	Identity string     `json:"identity,omitempty"`
	Error    *newsError `json:"error,omitempty"`
}

type newsError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (f *feedNews) recipient(h *head, c *chunkRow, ch change) {
	if ch.to == notify.Sending || ch.to == notify.Queued && ch.from != ch.to {
		return
	}
	key := newsKey{c, ch.to, ch.from == notify.Sent || ch.from == notify.Unknown}
	l := f.lines[key]
	if l == nil || len(l.Recipients) == notify.ChunkSize {
		p := h.parts[c.Part]
		l = &newsLine{app: p.AppID, kind: "recipient." + ch.to.String(), MsgID: h.msgID().String(),
			ClientID: h.ClientID, Sender: p.Sender, Kind: p.SenderKind, Linked: p.Linked != nil, Outcome: key.outcome}
		if f.lines == nil {
			f.lines = map[newsKey]*newsLine{}
		}
		f.lines[key] = l
		f.order = append(f.order, l)
	}
	r := newsRecipient{Seq: ch.seq, UserID: ch.userid, Identity: ch.identity}
	if ch.code != 0 || ch.text != "" {
		r.Error = &newsError{ch.code, cut(ch.text, 255)}
	}
	l.Recipients = append(l.Recipients, r)
}

func (f *feedNews) done(h *head) {
	f.ends = append(f.ends, line{AppID: h.parts[0].AppID, Type: "message.done",
		Data: fmt.Appendf(nil, `{"msgid":%q,"client_id":%d}`, h.msgID(), h.ClientID)})
}

func (f *feedNews) write(ctx context.Context, t tx) error {
	lines, err := f.gather()
	if err != nil {
		return err
	}
	return t.feed(ctx, lines...)
}

func (f *feedNews) gather() ([]line, error) {
	lines := make([]line, 0, len(f.order)+len(f.ends))
	for _, l := range f.order {
		data, err := encodeJSON(l)
		if err != nil {
			return nil, err
		}
		lines = append(lines, line{AppID: l.app, Type: l.kind, Data: data})
	}
	return append(lines, f.ends...), nil
}
