package access

import (
	"context"
	"crypto/sha256"
	"time"
)

// revealed is one secret shown to one caller.
type revealed struct {
	actor, action, target string
	secret                [sha256.Size]byte
}

// RecordReveal appends to the trail that a secret was shown, once for each
// secret, actor, action and target: who asks for the same token a thousand
// times a second learns it once, and a trail of copies would hide what matters.
// It returns when the entry is there. A replica remembers the last 10,000
// reveals; one that fell out, and one at another replica, is entered again. The
// secret itself is neither kept nor written.
func (r *Room) RecordReveal(ctx context.Context, e Entry, secret string) error {
	key := revealed{e.Actor, e.Action, e.Target, sha256.Sum256([]byte(secret))}
	if r.revealed.Contains(key) {
		return nil
	}
	done := r.reveals.DoChan(string(key.secret[:])+key.actor+"\n"+key.action+"\n"+key.target, func() (any, error) {
		if r.revealed.Contains(key) {
			return nil, nil
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		err := r.Record(ctx, e)
		if err == nil {
			r.revealed.Add(key, struct{}{})
		}
		return nil, err
	})
	select {
	case end := <-done:
		return end.Err
	case <-ctx.Done():
		return ctx.Err()
	}
}
