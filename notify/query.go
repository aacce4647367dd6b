package notify

import (
	"context"
	"io/fs"
)

// scope is whose messages a client may see.
func (c Client) scope() int64 {
	if c.All {
		return -1
	}
	return c.ID
}

// Message gives one message of the client's own, fs.ErrNotExist if there is
// none.
func (r *Room) Message(ctx context.Context, c Client, msgID string) (Message, error) {
	id, err := ParseMsgID(msgID)
	if err != nil {
		return Message{}, fs.ErrNotExist
	}
	return r.Store.Message(ctx, id, c.scope())
}

// Messages pages through the client's own messages, newest first: those with
// ids below before, 0 for the first page; waiting: only those that wait for
// approval.
func (r *Room) Messages(ctx context.Context, c Client, waiting bool, before int64, limit int) ([]Message, error) {
	return r.Store.List(ctx, Query{c.scope(), before, waiting}, limit)
}

// Recipients pages through the recipients of a message: those with a seq above
// after, -1 for the first page; state nil is every state.
func (r *Room) Recipients(ctx context.Context, c Client, msgID string, state *State, after, limit int) ([]Recipient, error) {
	m, err := r.Message(ctx, c, msgID)
	if err != nil {
		return nil, err
	}
	return r.Store.Recipients(ctx, m.MsgID, state, after, limit)
}
