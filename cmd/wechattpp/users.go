package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"wechattpp/access"
	"wechattpp/audience"
	"wechattpp/sender"
)

// withUsers gives a command the registry, as an administrator sees it.
func withUsers(c *cobra.Command, flags *pflag.FlagSet, f func(context.Context, *audience.Room, *access.Room) error) error {
	return withStore(c, flags, func(ctx context.Context, cfg *Config, s *store) error {
		who, err := newAccess(cfg, s, newLog(cfg, os.Stderr))
		if err != nil {
			return err
		}
		senders := &sender.Room{Store: s.Sender(cfg.ComponentAppID)}
		kind := func(ctx context.Context, code string) (string, error) {
			x, err := senders.Read(ctx, code)
			if errors.Is(err, fs.ErrNotExist) {
				return "", nil
			}
			return x.Kind, err
		}
		return f(ctx, &audience.Room{Store: s.Audience(), Kind: kind, Codes: senders.Codes}, who)
	})
}

func usersCommand(flags *pflag.FlagSet) *cobra.Command {
	return group("users", "Users: import, export, pull", usersImport(flags), usersExport(flags), usersPull(flags))
}

func usersImport(flags *pflag.FlagSet) *cobra.Command {
	var u audience.Upload
	c := &cobra.Command{Use: "import FILE", Short: "Import an .xlsx or .csv of users and print what is wrong with its rows", Args: exactArgs(1), RunE: func(c *cobra.Command, args []string) error {
		file, err := os.Open(args[0])
		if err != nil {
			return usageError{err}
		}
		defer file.Close()
		info, err := file.Stat()
		if err != nil {
			return err
		}
		u.File, u.Size, u.Name = file, info.Size(), info.Name()
		return withUsers(c, flags, func(ctx context.Context, room *audience.Room, who *access.Room) error {
			return importFile(ctx, c, room, who, u)
		})
	}}
	c.Flags().StringVar(&u.Sheet, "sheet", "", "sheet of an .xlsx; by default the first")
	c.Flags().StringSliceVar(&u.Senders, "sender", nil, "code of the sender that openids belong to, where rows name none; one for each kind")
	return c
}

// importFile prints the bad rows as CSV, and the sum to the terminal.
func importFile(ctx context.Context, c *cobra.Command, room *audience.Room, who *access.Room, u audience.Upload) error {
	report, err := room.Import(ctx, audience.Writer{All: true}, u)
	if in, ok := errors.AsType[*audience.InputError](err); ok {
		return usageError{in}
	}
	if err != nil {
		return err
	}
	if err := audit(ctx, who, "users.import", fmt.Sprintf("import/%d", report.ID)); err != nil {
		return err
	}
	const part = 1000
	w := csv.NewWriter(c.OutOrStdout())
	for after := 0; report.Bad > 0; after += part {
		problems, err := room.Problems(ctx, report.ID, after, part)
		if err != nil {
			return err
		}
		for _, p := range problems {
			_ = w.Write([]string{fmt.Sprint(p.Row), p.Field, p.Text})
		}
		if w.Flush(); w.Error() != nil || len(problems) < part {
			break
		}
	}
	fmt.Fprintf(c.ErrOrStderr(), "Import %d: %s, %d rows: %d good, %d bad\n", report.ID, report.State, report.Rows, report.Good, report.Bad)
	if report.Problem != "" {
		return errors.New(report.Problem)
	}
	return w.Error()
}

func usersExport(flags *pflag.FlagSet) *cobra.Command {
	var f audience.Filter
	c := &cobra.Command{Use: "export", Short: "Print all users as CSV, in the columns that import reads", Args: exactArgs(0), RunE: func(c *cobra.Command, _ []string) error {
		return withUsers(c, flags, func(ctx context.Context, room *audience.Room, _ *access.Room) error {
			return room.Export(ctx, c.OutOrStdout(), audience.Writer{All: true}, f, nil)
		})
	}}
	c.Flags().StringVar(&f.Prefix, "prefix", "", "only userids that begin so")
	c.Flags().StringVar(&f.Tag, "tag", "", "only users with this tag")
	c.Flags().StringVar(&f.Sender, "sender", "", "only users with an identity at this sender")
	return c
}

func usersPull(flags *pflag.FlagSet) *cobra.Command {
	return &cobra.Command{Use: "pull SENDER", Short: "Have the running service fetch an Official Account's followers", Args: exactArgs(1), RunE: func(c *cobra.Command, args []string) error {
		return withStore(c, flags, func(ctx context.Context, cfg *Config, s *store) error {
			x, err := s.Sender(cfg.ComponentAppID).Read(ctx, args[0])
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return usageError{fmt.Errorf("there is no sender %q", args[0])}
			case err != nil:
				return err
			case x.Kind != sender.OfficialAccount:
				return usageError{sender.ErrNoFollowers}
			case x.AppID == "":
				return sender.ErrUnbound
			}
			p, err := s.Follower().BeginPull(ctx, x.AppID, x.Code)
			if err == nil {
				fmt.Fprintf(c.OutOrStdout(), "Pull %d of sender %s is due. See GET /v1/senders/%s/followers\n", p.Round, x.Code, x.Code)
			}
			return err
		})
	}}
}
