package callback

import (
	"context"
	"sync/atomic"
	"time"
)

// Patience is how long, from its arrival, a push waits to be written down;
// WeChat waits 5 s
// (https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/Before_Develop/message_push.html).
const Patience = 4500 * time.Millisecond

// waits gives pushes that arrive within the same tenth of a second one context
// in common: one for each would be a seventh of all that a push allocates. So
// a push whose sender hangs up is written down nevertheless, and the sender's
// next try is a copy.
type waits struct{ last atomic.Pointer[wait] }

const tick = 100 * time.Millisecond

type wait struct {
	ctx    context.Context
	cancel context.CancelFunc // not needed: the deadline comes soon
	since  time.Time
}

// from answers a context that ends when the patience with a push that arrived
// at the given time does, or up to a tick earlier.
func (w *waits) from(at time.Time) context.Context {
	since := at.Truncate(tick)
	if last := w.last.Load(); last != nil && last.since.Equal(since) {
		return last.ctx
	}
	ctx, cancel := context.WithDeadline(context.Background(), since.Add(Patience))
	w.last.Store(&wait{ctx, cancel, since})
	return ctx
}
