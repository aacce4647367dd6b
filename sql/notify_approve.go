package sql

import (
	"context"
	"errors"

	"wechattpp/notify"
)

// decisions of message_approval.
const (
	undecided = iota
	approved
	rejected
)

func (s steered) waiting() bool { return s.Decision != nil && *s.Decision == undecided }

// Decide ends a message's wait for approval.
func (n *Notify) Decide(ctx context.Context, id notify.MsgID, yes bool) error {
	return n.db.inTx(ctx, func(t tx) error {
		s, err := t.steer(ctx, id, -1)
		switch {
		case err != nil && !errors.Is(err, notify.ErrRetracted):
			return err
		case !s.waiting():
			return notify.ErrNotWaiting
		case err != nil:
			return err
		case s.Stage == notify.Done || s.Stage == notify.Withdrawn:
			return notify.ErrEnded
		}
		decision, follow := approved, t.resume
		if !yes {
			decision, follow = rejected, t.retract
		}
		if _, err := t.exec(ctx, `UPDATE message_approval SET decision = ?, decided_at = {now} WHERE message_id = ?`, decision, id.ID); err != nil {
			return err
		}
		return follow(ctx, id.ID)
	})
}

// approvalSteps write down which messages wait.
func approvalSteps(batch []*adding) []step {
	var args []any
	for _, a := range batch {
		if a.d.Waits() {
			args = append(args, a.id.ID, undecided)
		}
	}
	if args == nil {
		return nil
	}
	return []step{{`INSERT INTO message_approval (message_id, decision) VALUES ` + values(len(args)/2, "(?, ?)"), args}}
}
