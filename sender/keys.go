package sender

import "context"

// mostKeys bounds the senders of a kind whose pushes are told apart by trying.
const mostKeys = 1000

// Keys gives what the sender's pushes are verified and opened with, at most a
// second old. fs.ErrNotExist: there is no such sender, or it has no token and
// key.
func (r *Room) Keys(ctx context.Context, code string) (Keys, error) {
	return recall(r, &r.keys, code, fresh, func() (Keys, error) { return r.Store.Keys(ctx, code) })
}

// KeysOf gives those of the senders of a kind in the order of their codes, at
// most a second old and the first thousand.
func (r *Room) KeysOf(ctx context.Context, kind string) ([]Keys, error) {
	return recall(r, &r.kinds, kind, fresh, func() ([]Keys, error) { return r.Store.KeysOf(ctx, kind, mostKeys) })
}
