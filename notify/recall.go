package notify

import (
	"context"
	"errors"
	"io/fs"
	"strconv"
	"time"

	"wechattpp/wechat"
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
	Over            bool   // 24 hours have passed since the call
	Done            string // why its recipients are canceled, when they are
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
	mostRecalls = 1000             // tries, a minute apart after the first few
)

// RecallDue asks the vendor to take back what retracted messages left with it,
// and answers how many calls that were. WeCom can, but its plugin in WeChat
// keeps the message; WeChat deletes the pages of articles.
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
	client, err := r.Senders.Client(ctx, one.Sender)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return r.Store.Recalled(ctx, one, &Stop{0, "not recalled: the sender was deleted"})
	case err != nil && one.Attempts < mostRecalls:
		return r.Store.RecallLater(ctx, one, again(one.Attempts))
	case err != nil:
		return r.Store.Recalled(ctx, one, &Stop{0, "not recalled: " + err.Error()})
	case client.WeCom == nil:
		return r.deleteMass(ctx, client.Account, one)
	case one.Over:
		return r.Store.Recalled(ctx, one, &Stop{codeTooLate, "not recalled: WeCom takes messages back for 24 hours"})
	}
	if wait, err := r.Store.Spend(ctx, one.Sender, callRecall); err != nil || wait > 0 {
		return errors.Join(err, r.Store.RecallLater(ctx, one, max(wait, time.Second)))
	}
	one.Done = "recalled by WeCom"
	return r.recalled(ctx, one, client.WeCom.Recall(ctx, one.VendorMsgID))
}

// recalled writes down what became of a recall.
func (r *Room) recalled(ctx context.Context, one Recall, err error) error {
	v := judge(err, time.Now())
	switch v.to {
	case Sent:
		return r.Store.Recalled(ctx, one, nil)
	case Failed:
		return r.Store.Recalled(ctx, one, &Stop{v.code, v.text})
	}
	wait := max(again(one.Attempts), v.hold)
	if v.pause != nil {
		wait = max(wait, min(v.pause.length, time.Hour))
	}
	if one.Attempts >= mostRecalls {
		return r.Store.Recalled(ctx, one, &Stop{v.code, "not recalled: " + v.text})
	}
	return r.Store.RecallLater(ctx, one, wait)
}

// deleteMass deletes a mass send that has succeeded; until that is known, it
// waits (https://developers.weixin.qq.com/doc/service/guide/product/message/Batch_Sends.html).
func (r *Room) deleteMass(ctx context.Context, a *wechat.Account, one Recall) error {
	one.Done = "deleted by WeChat: the card stays, its page is gone"
	id, err := strconv.ParseInt(one.VendorMsgID, 10, 64)
	if err != nil {
		return r.Store.Recalled(ctx, one, &Stop{0, "not deleted: WeChat did not name the mass send"})
	}
	state, err := a.MassState(ctx, id)
	switch {
	case err != nil:
		return r.recalled(ctx, one, err)
	case state == wechat.MassDeleted:
		return r.Store.Recalled(ctx, one, nil)
	case state == wechat.MassSent:
		return r.recalled(ctx, one, a.DeleteMass(ctx, id))
	case state == wechat.MassFailed:
		return r.Store.Recalled(ctx, one, &Stop{0, "not deleted: the mass send failed"})
	case one.Attempts >= mostRecalls:
		return r.Store.Recalled(ctx, one, &Stop{0, "not deleted: WeChat still sends it, and deletes only what was sent"})
	}
	return r.Store.RecallLater(ctx, one, again(one.Attempts))
}

const (
	codeTooLate = 42052
	callRecall  = "message/recall"
)
