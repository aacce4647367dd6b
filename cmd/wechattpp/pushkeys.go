package main

import (
	"context"
	"errors"
	"io/fs"

	"wechattpp/callback"
	"wechattpp/sender"
)

// pushKeys lets the door ask the senders for what their pushes are verified
// and opened with.
type pushKeys struct{ senders *sender.Room }

// Keys tells a sender that has none yet from one that does not exist.
func (p pushKeys) Keys(ctx context.Context, code string) (callback.Keys, error) {
	k, err := p.senders.Keys(ctx, code)
	if !errors.Is(err, fs.ErrNotExist) {
		return callback.Keys(k), err
	}
	_, kind, _, err := p.senders.Find(ctx, code)
	return callback.Keys{Code: code, Kind: kind}, err
}

func (p pushKeys) KeysOf(ctx context.Context, kind string) ([]callback.Keys, error) {
	all, err := p.senders.KeysOf(ctx, kind)
	list := make([]callback.Keys, len(all))
	for i, k := range all {
		list[i] = callback.Keys(k)
	}
	return list, err
}
