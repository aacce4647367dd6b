package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"wechattpp/sql"
)

const (
	// settleTime is for what was being written when the last replica turned.
	settleTime = time.Second
	// maxPasses bounds the rounds over the database; two are needed when nobody
	// seals under the former key any more.
	maxPasses = 5
)

// rotation is one run of 'keys rotate'.
type rotation struct {
	*store
	out  io.Writer
	wait time.Duration // how long the replicas have to turn to the new key
	told time.Time     // when progress was printed last
}

func keysRotate(c *cobra.Command, flags *pflag.FlagSet, wait time.Duration) error {
	return withKeyFile(c, flags, func(ctx context.Context, name string, s *store) error {
		r := &rotation{store: s, out: c.OutOrStdout(), wait: wait}
		if name != "" {
			if err := r.newKey(ctx, name); err != nil {
				return err
			}
		}
		return r.run(ctx, name)
	})
}

// newKey puts a new key first into the key file, unless a former rotation is
// unfinished: then that one is finished. Keys that nothing is sealed under go.
func (r *rotation) newKey(ctx context.Context, name string) error {
	used, err := r.UsedKeys(ctx)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(used, func(id string) bool { return id != r.vault.KeyID() }) {
		fmt.Fprintf(r.out, "A rotation to key %s is unfinished; it goes on.\n", r.vault.KeyID())
		return nil
	}
	keys, err := readKeyFile(name)
	if err != nil {
		return err
	}
	keys = [][]byte{newMasterKey(), keys[0]}
	if err := writeKeyFile(name, keys); err != nil {
		return err
	}
	if _, err := r.vault.Turn(keys[0], keys[1]); err != nil {
		return err
	}
	fmt.Fprintf(r.out, "%s holds the new key %s, and the former one after it.\n", name, r.vault.KeyID())
	return r.UseKey(ctx, r.vault.KeyID())
}

func (r *rotation) run(ctx context.Context, name string) error {
	if err := r.awaitReplicas(ctx); err != nil {
		return err
	}
	done, err := r.passes(ctx)
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(settleTime):
	}
	left, err := r.retire(ctx)
	if err != nil {
		return err
	}
	if left > 0 {
		return fmt.Errorf("%d values were sealed under a former key meanwhile: run 'wechattpp keys rotate' again, and see 'keys status' for whoever still seals under it", left)
	}
	fmt.Fprintf(r.out, "%d values sealed anew. Everything is sealed under key %s.\n", done, r.vault.KeyID())
	return r.tellEnd(ctx, name)
}

// awaitReplicas waits until every running replica seals under the new key: one
// that does not know it could not read what is sealed anew.
func (r *rotation) awaitReplicas(ctx context.Context) error {
	limit := time.Now().Add(r.wait)
	said := false
	for {
		late, err := r.late(ctx)
		if err != nil || len(late) == 0 {
			return err
		}
		if time.Now().After(limit) {
			return fmt.Errorf("nothing was sealed anew: not every replica seals under key %s: %s. Give each the new key as wechattpp_master_key and the old one as wechattpp_master_key_previous, see that it has read them (restart it), and run this again",
				r.vault.KeyID(), strings.Join(late, "; "))
		}
		if !said {
			said = true
			fmt.Fprintf(r.out, "Waiting up to %s: %s.\n", r.wait, strings.Join(late, "; "))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
	}
}

func (r *rotation) late(ctx context.Context) (late []string, err error) {
	all, err := r.Replicas(ctx)
	for _, x := range all {
		if why := lags(x, r.vault.KeyID()); why != "" {
			late = append(late, why)
		}
	}
	return late, err
}

// passes go over the database until one finds nothing to do.
func (r *rotation) passes(ctx context.Context) (done int, err error) {
	for range maxPasses {
		p, err := r.Reseal(ctx, r.progress)
		done += p.Done
		if err != nil {
			return done, fmt.Errorf("stopped after %d values, run it again to go on: %w", done, err)
		}
		if p.Bad > 0 {
			return done, fmt.Errorf("%d values sealed anew; %d do not open and were left: the first: %w. If its key is lost, so is the value: renew what it held", done, p.Bad, p.Why)
		}
		if p.Done == 0 && p.Moved == 0 {
			return done, nil
		}
	}
	return done, nil // the count at the end tells what is left
}

// progress prints where it is, once a second.
func (r *rotation) progress(p sql.Resealed) {
	if time.Since(r.told) < time.Second {
		return
	}
	r.told = time.Now()
	fmt.Fprintf(r.out, "%s: %d rows looked at, %d values sealed anew\n", p.Column, p.Looked, p.Done)
}

// tellEnd says what becomes of the former key.
func (r *rotation) tellEnd(ctx context.Context, name string) error {
	if len(r.vault.KeyIDs()) == 1 {
		return nil
	}
	way := "Remove wechattpp_master_key_previous from every replica"
	if name != "" {
		way = "'wechattpp keys forget' takes it out of the file"
	}
	fmt.Fprintf(r.out, "The previous key may be removed. %s. Keep it with the backups made under it.\n", way)
	n, until, err := r.SignedBefore(ctx, r.vault.KeyID())
	if err != nil || n == 0 {
		return err
	}
	_, err = fmt.Fprintf(r.out, "With it end %d administration tokens and invitations that were signed before (clients' tokens, too: they last an hour); the last ends by itself at %s.\n", n, until.UTC().Format(time.RFC3339))
	return err
}
