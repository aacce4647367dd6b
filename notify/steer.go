package notify

import (
	"context"
	"errors"
	"io/fs"
	"time"
)

// Why a message cannot be steered as asked.
var (
	// ErrRetracted: it was retracted before.
	ErrRetracted = errors.New("the message has been retracted already")
	// ErrTooOld: JUMS lets messages that were sent in the last 24 hours be retracted
	// (docs.jiguang.cn/jums/server/rest_api_jums_retract_message). Those that are
	// not sent yet, for send_at or an approval, always can be.
	ErrTooOld = errors.New("the message was sent more than 24 hours ago: only newer ones can be retracted; pause it if somebody is still waiting")
	// ErrEnded: nobody is queued or sending any more.
	ErrEnded = errors.New("nobody is waiting for this message any more: there is nothing to pause or resume")
	// ErrExpired: who failed could not be handed over in time.
	ErrExpired = errors.New("the message's expire_at has passed: send a new one")
	// ErrUnapproved: an administrator has not said yes.
	ErrUnapproved = errors.New("the message waits for an administrator's approval: it can be retracted, not paused or resumed")
	// ErrNotWaiting: nobody has to approve it, or somebody has decided.
	ErrNotWaiting = errors.New("the message does not wait for approval")
	// ErrRuled: by a rule whoever failed at one sender was tried at the next.
	ErrRuled = errors.New("the message was sent by a rule, which tries the next sender by itself: send a new one to those whom none has reached")
)

const (
	retractable = 24 * time.Hour
	// someChunks bounds one transaction that ends or revives recipients.
	someChunks = 50
)

// Steering is what a caller may ask of a message on its way. Each method is
// atomic but for its batches, and may be repeated.
type Steering interface {
	// Retract marks a message: no call for it begins any more, on any replica.
	// fs.ErrNotExist, ErrRetracted, ErrTooOld if its sending could begin
	// longer than within ago.
	Retract(ctx context.Context, id MsgID, clientID int64, within time.Duration) error
	// Cancel ends the queued recipients of a retracted message in up to limit
	// chunks, which say why; more: call again.
	Cancel(ctx context.Context, id MsgID, why string, limit int) (more bool, err error)
	// Hold pauses a message: calls under way are finished, no new one begins.
	// fs.ErrNotExist, ErrRetracted, ErrEnded, ErrUnapproved.
	Hold(ctx context.Context, id MsgID, clientID int64) error
	// Go ends a pause. Errors as of Hold.
	Go(ctx context.Context, id MsgID, clientID int64) error
	// Decide approves a message that waits for it, which ends its pause, or
	// rejects it, which retracts it. fs.ErrNotExist, ErrRetracted, ErrEnded,
	// ErrNotWaiting.
	Decide(ctx context.Context, id MsgID, yes bool) error
	// Revive queues the failed recipients of up to limit chunks after chunk n
	// again; next is the chunk to go on after, -1 at the end. fs.ErrNotExist,
	// ErrRetracted, ErrExpired, ErrRuled.
	Revive(ctx context.Context, id MsgID, clientID int64, after, limit int) (revived, next int, err error)
}

// Retract stops whatever of a message was not handed over yet. What WeCom has is
// recalled by RecallDue, and articles are deleted; Official Accounts and Mini
// Programs offer no recall of template and subscribe messages. Retracted twice: ErrRetracted.
//
// Failure policy: once Retract has returned or failed late, no further call
// begins; recipients that were not canceled by then are when they come due.
func (r *Room) Retract(ctx context.Context, c Client, msgID string) error {
	id, err := ParseMsgID(msgID)
	if err != nil {
		return fs.ErrNotExist
	}
	err = r.Store.Retract(ctx, id, c.scope(), retractable)
	if err != nil && !errors.Is(err, ErrRetracted) {
		return err
	}
	if failed := r.cancel(ctx, id, RetractedText); failed != nil { // also of one that a crash left half canceled
		return failed
	}
	return err
}

// RetractWarnings tell what retracting a message does besides.
func (r *Room) RetractWarnings(ctx context.Context, c Client, msgID string) ([]string, error) {
	m, err := r.Message(ctx, c, msgID)
	if err != nil || !m.Article {
		return nil, err
	}
	return []string{deletionText}, nil
}

const deletionText = "articles that were sent are deleted once WeChat says that they were: who got one keeps the card, its page is gone, " +
	"and so is that of every other mass send of the same material"

// RetractedText is why recipients of a retracted message were canceled.
const RetractedText = "retracted before it was handed over"

func (r *Room) cancel(ctx context.Context, id MsgID, why string) error {
	for {
		if more, err := r.Store.Cancel(ctx, id, why, someChunks); err != nil || !more {
			return err
		}
	}
}

// Approve lets a message go that waits for approval; Reject cancels its
// recipients. Both are an administrator's.
func (r *Room) Approve(ctx context.Context, msgID string) error {
	id, err := ParseMsgID(msgID)
	if err != nil {
		return fs.ErrNotExist
	}
	err = r.Store.Decide(ctx, id, true)
	r.nudge()
	return err
}

// Reject: see Approve.
func (r *Room) Reject(ctx context.Context, msgID string) error {
	id, err := ParseMsgID(msgID)
	if err != nil {
		return fs.ErrNotExist
	}
	if err := r.Store.Decide(ctx, id, false); err != nil {
		return err
	}
	return r.cancel(ctx, id, "rejected by an administrator")
}

// Pause lets calls under way finish and begins no new one until Resume.
// Expiry goes on.
func (r *Room) Pause(ctx context.Context, c Client, msgID string) error {
	id, err := ParseMsgID(msgID)
	if err != nil {
		return fs.ErrNotExist
	}
	return r.Store.Hold(ctx, id, c.scope())
}

// Resume ends a pause.
func (r *Room) Resume(ctx context.Context, c Client, msgID string) error {
	id, err := ParseMsgID(msgID)
	if err != nil {
		return fs.ErrNotExist
	}
	err = r.Store.Go(ctx, id, c.scope())
	r.nudge()
	return err
}

// Retry queues the failed recipients of a message again, each as a new attempt,
// and answers how many. Those whose end is unknown stay: they may have got it.
func (r *Room) Retry(ctx context.Context, c Client, msgID string) (total int, err error) {
	id, err := ParseMsgID(msgID)
	if err != nil {
		return 0, fs.ErrNotExist
	}
	defer r.nudge()
	for next := -1; ; {
		n, after, err := r.Store.Revive(ctx, id, c.scope(), next, someChunks)
		total += n
		if err != nil || after < 0 {
			return total, err
		}
		next = after
	}
}
