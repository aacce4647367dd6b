package sql

import (
	"context"
	"time"

	"wechattpp/notify"
)

// Pause stops a sender or a feature. A refusal behind it is the account's
// health.
func (n *Notify) Pause(ctx context.Context, p notify.Pause) error {
	return n.db.inTx(ctx, func(t tx) error {
		if err := t.pause(ctx, p); err != nil {
			return err
		}
		return t.senderHealth(ctx, n.component, p.SenderID)
	})
}

func (t tx) pause(ctx context.Context, p notify.Pause) error {
	if p.Feature == notify.Whole {
		_, err := t.exec(ctx, `INSERT INTO sender_pause (sender_id, until_at, reason, detail, cause) VALUES (?, {now} + ?, ?, ?, ?)`+
			t.db.onConflict("sender_id", "until_at", "reason", "detail", "cause"), p.SenderID, p.For.Milliseconds(), p.Reason, cut(p.Detail, 500), p.Cause.Text())
		return err
	}
	_, err := t.exec(ctx, `INSERT INTO feature_pause (sender_id, feature, until_at, reason, detail, cause, needs) VALUES (?, ?, {now} + ?, ?, ?, ?, ?)`+
		t.db.onConflict("sender_id, feature", "until_at", "reason", "detail", "cause", "needs"),
		p.SenderID, p.Feature, p.For.Milliseconds(), p.Reason, cut(p.Detail, 500), p.Cause.Text(), p.Needs)
	return err
}

// Resume ends a pause.
func (n *Notify) Resume(ctx context.Context, l notify.Line) error {
	return n.db.inTx(ctx, func(t tx) error {
		if _, err := t.exec(ctx, `DELETE FROM sender_pause WHERE sender_id = ?`, l.SenderID); err != nil {
			return err
		}
		const one = `DELETE FROM feature_pause WHERE sender_id = ? AND (feature = ? OR ? = 0)`
		if _, err := t.exec(ctx, one, l.SenderID, l.Feature, l.Feature); err != nil {
			return err
		}
		return t.senderHealth(ctx, n.component, l.SenderID)
	})
}

// ForgetPauses ends pauses that nobody waits for.
func (n *Notify) ForgetPauses(ctx context.Context, over time.Duration, limit int) (ended int, err error) {
	var rows []struct {
		SenderID int64          `db:"sender_id"`
		Feature  notify.Feature `db:"feature"`
	}
	const query = `SELECT sender_id, 0 AS feature FROM sender_pause WHERE until_at < {now} - ?
		UNION ALL SELECT sender_id, feature FROM feature_pause WHERE until_at < {now} - ? LIMIT ?`
	if err := n.db.run().all(ctx, &rows, query, over.Milliseconds(), over.Milliseconds(), limit); err != nil {
		return 0, err
	}
	for _, r := range rows {
		if err := n.forgetPause(ctx, notify.Line{SenderID: r.SenderID, Feature: r.Feature}, over); err != nil {
			return ended, err
		}
		ended++
	}
	return ended, nil
}

// forgetPause ends one, unless it was begun anew meanwhile.
func (n *Notify) forgetPause(ctx context.Context, l notify.Line, over time.Duration) error {
	return n.db.inTx(ctx, func(t tx) error {
		query, args := `DELETE FROM feature_pause WHERE until_at < {now} - ? AND sender_id = ? AND feature = ?`, []any{over.Milliseconds(), l.SenderID, l.Feature}
		if l.Feature == notify.Whole {
			query, args = `DELETE FROM sender_pause WHERE until_at < {now} - ? AND sender_id = ?`, args[:2]
		}
		if _, err := t.exec(ctx, query, args...); err != nil {
			return err
		}
		return t.senderHealth(ctx, n.component, l.SenderID)
	})
}
