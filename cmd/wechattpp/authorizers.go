package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"wechattpp/authorizer"
)

// authorizersCommand compares with WeChat's list of authorizers, beside a
// running service or alone.
func authorizersCommand(flags *pflag.FlagSet) *cobra.Command {
	var accept bool
	c := &cobra.Command{Use: "reconcile", Short: "Compare with WeChat's list: adopt accounts, rebuild refresh tokens, find out who left; deletes nothing",
		Long: `Goes through WeChat's list of the accounts that authorize the platform, stores every account and
refresh token that is missing or different here, and asks WeChat about each account that the list lacks.
It deletes nothing, is safe to repeat, and goes on where an interrupted run was. It works beside a running
service; after a restored backup run it once.`,
		Args: exactArgs(0), RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := loadConfig(flags, os.Environ())
			if err != nil {
				return err
			}
			if cfg.ComponentAppID == "" {
				return errors.New("no component is configured: set wechattpp_component_app_id and what belongs to it")
			}
			h, err := build(c.Context(), cfg, newLog(cfg, os.Stderr))
			if err != nil {
				return err
			}
			err = h.reconcileNow(c.Context(), accept, c.OutOrStdout())
			h.tokens.Close()
			return errors.Join(err, h.close())
		}}
	c.Flags().BoolVar(&accept, "accept-absent", false, "believe that the accounts which WeChat does not know have left, however many they are")
	return group("authorizers", "Accounts that authorized the platform: reconcile", c)
}

// patience is how long the command waits for a run that cannot go on.
const patience = 30 * time.Second

// reconcileNow asks for a run and works on it together with whoever else does,
// until it has ended or cannot go on for a while.
func (h *house) reconcileNow(ctx context.Context, accept bool, out io.Writer) error {
	if err := audit(ctx, h.access, "authorizers.reconcile", h.cfg.ComponentAppID); err != nil {
		return err
	}
	if err := h.authorizers.Reconcile(ctx, accept, 0); err != nil {
		return err
	}
	told := ""
	for ctx.Err() == nil {
		n, err := h.authorizers.ReconcileDue(ctx)
		if err != nil {
			return err
		}
		r, err := h.authorizers.Run(ctx)
		if err != nil {
			return err
		}
		if line := progress(r); line != told {
			told = line
			fmt.Fprintln(out, line)
		}
		if done, err := over(r); done {
			return err
		}
		if n == 0 {
			pause(ctx, 500*time.Millisecond)
		}
	}
	return ctx.Err()
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func progress(r authorizer.Run) string {
	return fmt.Sprintf("%-7s seen %d of %d  adopted %d  refresh tokens renewed %d  without one %d  absent %d  ended %d", phase(r), r.Seen, r.Total, r.Adopted, r.Renewed, r.Unexchanged, r.Absent, r.Ended)
}

func phase(r authorizer.Run) string {
	if r.Phase == authorizer.Rest {
		return "done"
	}
	return r.Phase
}

// over tells whether there is nothing more to wait for, and how it ended.
func over(r authorizer.Run) (bool, error) {
	switch {
	case r.Phase == authorizer.Rest && r.Alarm != "":
		return true, fmt.Errorf("%s: nothing was concluded; if they did leave, repeat with --accept-absent", r.Alarm)
	case r.Phase == authorizer.Rest:
		return true, nil
	case r.Problem != "" && r.Due > patience:
		return true, fmt.Errorf("it cannot go on for %s: %s; a running service goes on by itself, or repeat the command", r.Due.Round(time.Second), r.Problem)
	}
	return false, nil
}
