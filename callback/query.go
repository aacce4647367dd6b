package callback

import (
	"context"
	"strings"
	"time"

	"wechattpp/wechat"
)

// Query asks for events. Zero values ask for nothing in particular.
type Query struct {
	Senders  []string // codes whose events may be seen; nil is every event, empty is none
	AppID    string
	Type     string // with * for any part
	User     string
	From, To time.Time // received at or after, and before
	Before   int64     // ids below this one; 0 is the newest
	Limit    int
}

// Events lists events, see [Store].
func (d *Door) Events(ctx context.Context, q Query) (list []Event, next int64, err error) {
	if q.Senders != nil && len(q.Senders) == 0 {
		return nil, 0, nil
	}
	return d.Store.List(ctx, q)
}

// Event answers one, see [Store].
func (d *Door) Event(ctx context.Context, id int64, senders []string) (Event, error) {
	return d.Store.Read(ctx, id, senders)
}

// Last tells what users did last, see [Store].
func (d *Door) Last(ctx context.Context, appID string, types []string, since time.Time, users []string) (map[string]map[string]time.Time, error) {
	return d.Store.Last(ctx, appID, types, since, users)
}

// Lately counts who did something, see [Store].
func (d *Door) Lately(ctx context.Context, appID string, types []string, since time.Time, most int) (users, looked int, err error) {
	return d.Store.Lately(ctx, appID, types, since, most)
}

// Data is the event read into its type of [wechat.TypedPush], an empty object
// where it cannot be read. It is made anew each time, so that a type that is
// added later applies to what is kept already. It holds no secret.
func (e *Event) Data() any {
	if e.Secret && e.Source == Message { // a code of the release test
		return struct{}{}
	}
	data, err := wechat.TypedPush(e.Type, e.Body)
	if err != nil {
		return struct{}{}
	}
	return data
}

// CardCode is what updates the template card that was clicked, once, within 72
// hours of the event; empty: it is no such event. A credential.
func (e *Event) CardCode() string {
	if e.Source != WeCom || !strings.HasPrefix(e.Type, "wecom.template_card_") {
		return ""
	}
	data, err := wechat.TypedPush(e.Type, e.Body)
	if clicked, ok := data.(*wechat.CardClicked); ok && err == nil {
		return clicked.ResponseCode
	}
	return ""
}

// Raw is the event as it was decrypted, byte for byte; nil if it holds a
// secret.
func (e *Event) Raw() []byte {
	if e.Secret || e.CardCode() != "" { // clicks that came before they were sealed
		return nil
	}
	return e.Body
}
