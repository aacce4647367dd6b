package notify

import (
	"context"
	"errors"
	"io/fs"
	"time"
)

// Recall is a call for many whose message was retracted: the vendor is to take
// it back.
type Recall struct {
	Handover, Claim int64
	MsgID           MsgID
	N               int    // of its chunk
	Sender          string // empty: deleted
	VendorMsgID     string
	Attempts        int
	Over            bool // the vendor's 24 hours have passed
}

// Recalling keeps what is to be recalled. Retract makes it due, and Record does
// where it comes after.
type Recalling interface {
	// ClaimRecalls takes up to limit of them for the time of lease.
	ClaimRecalls(ctx context.Context, limit int, lease time.Duration) ([]Recall, error)
	// Recalled ends one: whoever was sent to is canceled; or, if the vendor
	// refused, stays, and the refusal is told. Nothing if the claim has passed
	// to another.
	Recalled(ctx context.Context, r Recall, refused *Stop) error
	// RecallLater lets one come again.
	RecallLater(ctx context.Context, r Recall, after time.Duration) error
}

const (
	someRecalls = 50
	recallLease = 10 * time.Minute // longer than all of them take one after the other
)

// RecallDue asks the vendor to take back what retracted messages left with it,
// and answers how many calls that were. Only WeCom can; its plugin in WeChat
// keeps the message.
//
// Failure policy: a recall without an answer is repeated, which does no harm,
// until the vendor's 24 hours have passed.
func (r *Room) RecallDue(ctx context.Context) (n int, err error) {
	due, err := r.Store.ClaimRecalls(ctx, someRecalls, recallLease)
	if err != nil {
		return 0, err
	}
	for _, one := range due {
		if ctx.Err() != nil { // the others come again when their lease is over
			return n, ctx.Err()
		}
		if err := r.recall(context.WithoutCancel(ctx), one); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

func (r *Room) recall(ctx context.Context, one Recall) error {
	if one.Over {
		return r.Store.Recalled(ctx, one, &Stop{codeTooLate, "not recalled: WeCom takes messages back for 24 hours"})
	}
	client, err := r.Senders.Client(ctx, one.Sender)
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && client.WeCom == nil:
		return r.Store.Recalled(ctx, one, &Stop{0, "not recalled: the sender was deleted"})
	case err != nil:
		return r.Store.RecallLater(ctx, one, again(one.Attempts))
	}
	if wait, err := r.Store.Spend(ctx, one.Sender, callRecall); err != nil || wait > 0 {
		return errors.Join(err, r.Store.RecallLater(ctx, one, max(wait, time.Second)))
	}
	v := judge(client.WeCom.Recall(ctx, one.VendorMsgID), time.Now())
	switch v.to {
	case Sent:
		return r.Store.Recalled(ctx, one, nil)
	case Failed:
		return r.Store.Recalled(ctx, one, &Stop{v.code, v.text})
	}
	wait := again(one.Attempts)
	if v.pause != nil {
		wait = max(wait, min(v.pause.length, time.Hour))
	}
	return r.Store.RecallLater(ctx, one, wait)
}

const (
	codeTooLate = 42052
	callRecall  = "message/recall"
)
