// Command wechattpp is a self-hosted WeChat third-party platform service.
//
// This package puts the rooms together: configuration, one file a command, one
// loop for all steps, the timetable, and build, the only function that knows
// every room. Run `wechattpp --help` for the commands.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	_ "time/tzdata" // zone names of settings, also where the system has none

	"github.com/spf13/cobra"
)

// Exit statuses of every command.
const (
	exitDone = iota
	exitFailed
	exitUsage
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:]))
}

// run executes the command line and answers the exit status.
func run(ctx context.Context, args []string) int {
	root := rootCommand()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var usage usageError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &usage):
		fmt.Fprintf(os.Stderr, "wechattpp: %v\nTry 'wechattpp --help'.\n", err)
		return exitUsage
	}
	fmt.Fprintf(os.Stderr, "wechattpp: %v\n", err)
	return exitFailed
}

// usageError is a command line that cannot be understood.
type usageError struct{ error }

func (u usageError) Unwrap() error { return u.error }

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "wechattpp",
		Version:       version(),
		Short:         "Self-hosted WeChat third-party platform",
		Long:          "wechattpp runs a WeChat third-party platform (component): it receives WeChat's pushes,\nkeeps the accounts' tokens and sends messages on their behalf through a REST API.",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          unknownCommand,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.CompletionOptions.HiddenDefaultCmd = true
	flags := configFlags(root)
	root.AddCommand(serveCommand(flags), demoCommand(), simCommand(), migrateCommand(flags), doctorCommand(flags), releaseCheckCommand(flags),
		tokenCommand(flags), clientCommand(flags), senderCommand(flags), usersCommand(flags), keysCommand(flags), authorizersCommand(flags))
	return root
}

// version tells which commit was built, where git told, and by which Go.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return fmt.Sprintf("%s (%s)", info.Main.Version, info.GoVersion)
}

func unknownCommand(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("unknown command %q", args[0])}
	}
	return nil
}

// exactArgs is cobra's check with the exit status of a wrong usage.
func exactArgs(n int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := cobra.ExactArgs(n)(c, args); err != nil {
			return usageError{err}
		}
		return nil
	}
}
