package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"wechattpp/access"
	"wechattpp/sender"
)

// Administration from the shell: token, client, sender. These commands write
// to the database beside a running service, which notices within a second.

// group is a command that only holds others.
func group(use, short string, under ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: unknownCommand, RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.AddCommand(under...)
	return c
}

// withStore opens the configured, migrated database for one command.
func withStore(c *cobra.Command, flags *pflag.FlagSet, f func(context.Context, *Config, *store) error) error {
	cfg, err := loadConfig(flags, os.Environ())
	if err != nil {
		return err
	}
	s, err := openStore(c.Context(), cfg, newLog(cfg, os.Stderr), nil, cfg.Migrate)
	if err != nil {
		return err
	}
	return errors.Join(f(c.Context(), cfg, s), s.Close())
}

func withAccess(c *cobra.Command, flags *pflag.FlagSet, f func(context.Context, *access.Room) error) error {
	return withStore(c, flags, func(ctx context.Context, cfg *Config, s *store) error {
		room, err := newAccess(cfg, s, newLog(cfg, os.Stderr))
		if err != nil {
			return err
		}
		return f(ctx, room)
	})
}

// audit writes down what the shell did; who was at the shell is not known.
func audit(ctx context.Context, room *access.Room, action, target string) error {
	return room.Record(ctx, access.Entry{Actor: "shell", Action: action, Target: target})
}

func table(c *cobra.Command, head string, rows [][]string) error {
	w := tabwriter.NewWriter(c.OutOrStdout(), 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, strings.ReplaceAll(head, " ", "\t"))
	for _, r := range rows {
		fmt.Fprintln(w, strings.Join(r, "\t"))
	}
	return w.Flush()
}

func tokenCommand(flags *pflag.FlagSet) *cobra.Command {
	var scopes []string
	var subject string
	var ttl time.Duration
	issue := &cobra.Command{Use: "issue", Short: "Print a JWT for administration", Args: exactArgs(0), RunE: func(c *cobra.Command, _ []string) error {
		return withAccess(c, flags, func(ctx context.Context, room *access.Room) error {
			jwt, t, err := room.Issue(ctx, subject, scopes, ttl)
			if err != nil {
				return flagError(err)
			}
			if err := audit(ctx, room, "token.issue", t.ID); err != nil {
				return err
			}
			fmt.Fprintln(c.OutOrStdout(), jwt)
			return nil
		})
	}}
	issue.Flags().StringSliceVar(&scopes, "scope", []string{access.Admin}, "what the token allows")
	issue.Flags().StringVar(&subject, "for", "shell", "whom the token is for, shown in the audit trail")
	issue.Flags().DurationVar(&ttl, "ttl", time.Hour, "how long it is good for, at most 720h")
	list := &cobra.Command{Use: "list", Short: "List the tokens issued, newest first (the first 100)", Args: exactArgs(0), RunE: func(c *cobra.Command, _ []string) error {
		return withAccess(c, flags, func(ctx context.Context, room *access.Room) error {
			all, err := room.Issued(ctx, 0, 100)
			if err != nil {
				return err
			}
			rows := make([][]string, len(all))
			for i, t := range all {
				rows[i] = []string{t.ID, t.Subject, strings.Join(t.Scopes, ","), t.Life.Round(time.Second).String(), fmt.Sprint(t.Revoked)}
			}
			return table(c, "ID FOR SCOPES LEFT REVOKED", rows)
		})
	}}
	revoke := &cobra.Command{Use: "revoke ID", Short: "End a token", Args: exactArgs(1), RunE: func(c *cobra.Command, args []string) error {
		return withAccess(c, flags, func(ctx context.Context, room *access.Room) error {
			if err := room.Revoke(ctx, args[0]); err != nil {
				return fmt.Errorf("token %s: %w", args[0], err)
			}
			return audit(ctx, room, "token.revoke", args[0])
		})
	}}
	return group("token", "Tokens for administration: issue, list, revoke", issue, list, revoke)
}

func clientCommand(flags *pflag.FlagSet) *cobra.Command {
	var made access.Client
	var secretFile string
	create := &cobra.Command{Use: "create NAME", Short: "Make a client and print its ChannelKey and MasterSecret, this once", Args: exactArgs(1), RunE: func(c *cobra.Command, args []string) (err error) {
		if secretFile != "" {
			if made.Secret, err = readSecret(c.InOrStdin(), secretFile); err != nil {
				return usageError{fmt.Errorf("--master-secret-file: %w", err)}
			}
		}
		return withAccess(c, flags, func(ctx context.Context, room *access.Room) error {
			made.Name = args[0]
			client, err := room.Create(ctx, made)
			if err != nil {
				return flagError(err)
			}
			if err := audit(ctx, room, "client.create", fmt.Sprint(client.ID)); err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "id             %d\nchannel_key    %s\nmaster_secret  %s\n", client.ID, client.ChannelKey, client.Secret)
			return nil
		})
	}}
	create.Flags().StringVar(&made.Kind, "kind", access.Channel, "channel or access_key")
	create.Flags().StringSliceVar(&made.Senders, "sender", nil, "codes of the senders it may use")
	create.Flags().StringSliceVar(&made.Scopes, "scope", nil, "what it may do, e.g. send,users,messages:read")
	create.Flags().StringSliceVar(&made.ProxyPrefixes, "proxy-prefix", nil, "vendor's paths it may call through the proxy, e.g. /cgi-bin/user; / is every path")
	create.Flags().StringVar(&made.ChannelKey, "channel-key", "", "ChannelKey taken over from JUMS, together with its secret; made anew if empty")
	create.Flags().StringVar(&secretFile, "master-secret-file", "", "file with the MasterSecret taken over from JUMS; - is the standard input")
	create.Flags().BoolVar(&made.Approval, "approval", false, "what it sends waits for an administrator's yes")
	create.Flags().StringSliceVar(&made.Owners, "owner", nil, "with --approval: who may send in its name (option.owner)")
	create.Flags().IntVar(&made.CallsPerSecond, "calls-per-second", 0, "what it may call at each replica; 0 is the usual limit")
	list := &cobra.Command{Use: "list", Short: "List the clients (the first 1,000)", Args: exactArgs(0), RunE: func(c *cobra.Command, _ []string) error {
		return withAccess(c, flags, func(ctx context.Context, room *access.Room) error {
			all, err := room.Clients(ctx, 0, 1000)
			if err != nil {
				return err
			}
			rows := make([][]string, len(all))
			for i, x := range all {
				rows[i] = []string{fmt.Sprint(x.ID), x.Name, x.Kind, x.ChannelKey, strings.Join(x.Scopes, ","), strings.Join(x.Senders, ","), fmt.Sprint(x.Disabled)}
			}
			return table(c, "ID NAME KIND CHANNEL_KEY SCOPES SENDERS DISABLED", rows)
		})
	}}
	return group("client", "Clients of the API: create, list", create, list)
}

// flagError gives a bad field of the command line the status of a wrong usage.
func flagError(err error) error {
	var a *access.InputError
	var s *sender.InputError
	if errors.As(err, &a) || errors.As(err, &s) {
		return usageError{err}
	}
	return err
}
