package notify

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Selection says who a message is for where that is more than a list: everyone,
// or whoever carries one of the tags or belongs to the segment, besides the
// users who are named. It has no name of its own, so that the room that knows the users can take it.
type Selection = struct {
	All          bool
	UserIDs      []string
	Tags         []string
	Segment      int64  // its number, 0 for none
	ChannelKey   string // whose tags are meant first
	Black, White int64  // numbers of lists, 0 for none
}

// Preparation is a message whose recipients are being looked for, claimed.
type Preparation struct {
	MsgID     MsgID
	Parts     []Part
	Selection Selection
	LastUser  int64 // how far it has come; below 0: not even the named ones are taken
	Over      bool  // retracted or expired: no more are looked for
	Claim     int64
}

const (
	preparePage  = 1000
	prepareLease = 30 * time.Second
)

// Searching keeps messages while their recipients are being looked for.
type Searching interface {
	// ClaimPreparation takes one that is due for the time of lease; ok is false
	// if there is none.
	ClaimPreparation(ctx context.Context, lease time.Duration) (p Preparation, ok bool, err error)
	// Extend adds recipients, per part, but those whose identity the message has
	// already, writes down how far the search has come, and begins the lease
	// anew; done ends it. ErrLost: the claim has passed to another; nothing was
	// added.
	Extend(ctx context.Context, p Preparation, targets [][]Target, done bool, lease time.Duration) error
}

// ErrLost: the claim has passed to another.
var ErrLost = errors.New("the claim has passed to another")

// PrepareDue looks for the recipients of a message that is for more than a list
// of people, page by page, and answers how many users it went through. Sending
// begins with the first page. Whoever dies is followed by another, who goes on
// where the last page was written down.
func (r *Room) PrepareDue(ctx context.Context) (n int, err error) {
	p, ok, err := r.Store.ClaimPreparation(ctx, prepareLease)
	if err != nil || !ok {
		return 0, err
	}
	s := &search{room: r, p: p}
	for !s.done && ctx.Err() == nil {
		users, err := s.page(ctx)
		if err != nil {
			return n, fmt.Errorf("recipients of message %s: %w", p.MsgID, err)
		}
		n += users
		err = s.flush(ctx)
		if errors.Is(err, ErrLost) {
			return n + 1, nil
		}
		if err != nil {
			return n, err
		}
	}
	return n + 1, nil
}

// nextUsers gives the next page, and moves p on. The named users come first:
// they count even if nobody knows them.
func (r *Room) nextUsers(ctx context.Context, p *Preparation) (users []string, done bool, err error) {
	if p.Over {
		return nil, true, nil
	}
	if p.LastUser < 0 {
		p.LastUser = 0
		return p.Selection.UserIDs, false, nil
	}
	users, next, err := r.Audience.Select(ctx, p.Selection, p.LastUser, preparePage)
	if next > 0 {
		p.LastUser = next
	}
	return users, next == 0, err
}
