package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"wechattpp/crypto"
	"wechattpp/sql"
)

// newReplica is this process.
func newReplica() sql.Replica {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return sql.Replica{ID: sql.Word(), Name: fmt.Sprintf("%s process %d", host, os.Getpid())}
}

// rekey reads the master keys again, turns to them, and tells the others what
// this replica knows: 'keys rotate' waits for that. Keys that cannot be read, or
// would lock out what is sealed, change nothing.
func (h *house) rekey(ctx context.Context) error {
	keys, err := h.store.keys()
	if err == nil {
		err = h.turn(ctx, keys)
	}
	if err == nil {
		err = h.store.CheckKey(ctx)
	}
	h.sayKeys(err)
	h.replica.Knows = h.store.vault.KeyIDs()
	return h.store.Beat(ctx, h.replica)
}

// sayKeys logs what is wrong with the keys once, and again when it changes.
func (h *house) sayKeys(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text != h.keysSay && text != "" {
		h.log.Error("master keys: this replica goes on with those it has", "err", err)
	}
	h.keysSay = text
}

// turn makes the first of keys the one that seals. It is written down as in use
// before it seals anything, and each time: a rotation elsewhere may have taken
// it off the list.
func (h *house) turn(ctx context.Context, keys [][]byte) error {
	next, err := crypto.NewVault(keys[0], keys[1:]...)
	if err != nil {
		return err
	}
	if err := h.lacksNone(ctx, next.KeyIDs()); err != nil {
		return err
	}
	if err := h.store.UseKey(ctx, next.KeyID()); err != nil {
		return err
	}
	changed, err := h.store.vault.Turn(keys[0], keys[1:]...)
	if err != nil || !changed {
		return err
	}
	h.log.Info("master keys read anew", "seals", next.KeyID(), "opens", next.KeyIDs())
	h.authorizers.Rekey(h.store.vault.DeriveAll("invitation"))
	return h.access.Rekey(h.store.vault.DeriveAll("jwt"))
}

// lacksNone refuses keys that do not open everything.
func (h *house) lacksNone(ctx context.Context, ids []string) error {
	used, err := h.store.UsedKeys(ctx)
	if err != nil {
		return err
	}
	for _, id := range used {
		if !slices.Contains(ids, id) {
			return fmt.Errorf("those given now lack key id %s, under which secrets are sealed: give it too, as wechattpp_master_key_previous, until 'wechattpp keys rotate' says that it may go", id)
		}
	}
	return nil
}

// leave tells the others that this replica has stopped. If the database is away
// then, the row goes by itself.
func (h *house) leave() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if err := h.store.Leave(ctx, h.replica.ID); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		h.log.Warn("the list of replicas still shows this one for some seconds", "err", err)
	}
}
