package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"

	"wechattpp/sql"
)

// stopTime is how long a stop may take; then what still runs is left to the
// leases, as after a crash.
const stopTime = 10 * time.Second

func serveCommand(flags *pflag.FlagSet) *cobra.Command {
	return &cobra.Command{Use: "serve", Short: "Run the service", Args: exactArgs(0),
		Long: "serve takes WeChat's pushes, serves the API, renews tokens and sends. Ctrl-C and SIGTERM stop it cleanly.",
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := loadConfig(flags, os.Environ())
			if err != nil {
				return err
			}
			if err := cfg.refuseExamples(); err != nil {
				return err
			}
			cfg.again = func() (*Config, error) { return loadConfig(flags, os.Environ()) }
			log := newLog(cfg, os.Stderr)
			slog.SetDefault(log)
			defer runtime.KeepAlive(ballast())
			return serve(c.Context(), cfg, log)
		}}
}

// ballast is memory that is never touched, and so never resident. The live heap
// is a few megabytes, and the collector, which runs whenever the heap has
// doubled, would run six times a second under load, 2 to 4 ms each: this lets
// the heap grow to some 25 MB before.
func ballast() []byte { return make([]byte, 8<<20) }

func serve(ctx context.Context, cfg *Config, log *slog.Logger) (err error) {
	if path, ok := sqlitePath(cfg); ok {
		lock, err := sql.LockFile(path)
		if err != nil {
			return fmt.Errorf("wechattpp_database: %w", err)
		}
		defer func() { err = errors.Join(err, lock.Release()) }()
	}
	ln, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return fmt.Errorf("wechattpp_listen: %w", err)
	}
	h, err := build(ctx, cfg, log)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	return h.serve(ctx, ln)
}

// serve runs everything until ctx ends, then stops in this order: no new
// requests, running rounds of work, the database last.
func (h *house) serve(ctx context.Context, ln net.Listener) error {
	h.tell(ctx, ln)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	stopJobs, err := timetable(ctx, h.log, h.jobs)
	if err != nil {
		return errors.Join(err, ln.Close(), h.close())
	}
	var g errgroup.Group
	g.Go(func() error {
		defer stop() // without its listener the service is of no use
		return serveHTTP(ctx, ln, h.handler)
	})
	for _, s := range h.steps {
		g.Go(func() error { s.loop(ctx, h.log); return nil })
	}
	ended := make(chan error, 1)
	go func() {
		err := g.Wait()
		stopJobs()
		h.tokens.Close()
		h.webhooks.Close()
		h.leave()
		ended <- err
	}()
	<-ctx.Done()
	h.log.Info("stopping: finishing what is in flight")
	select {
	case err = <-ended:
	case <-time.After(stopTime):
		err = errors.New("some work did not finish in time; another start will resume it")
	}
	err = errors.Join(err, h.close())
	h.log.Info("stopped", "err", err)
	return err
}

// tell says at start where things are, and what is weak.
func (h *house) tell(ctx context.Context, ln net.Listener) {
	where := h.store.Kind()
	if path, ok := sqlitePath(h.cfg); ok {
		where = path
	}
	h.log.Info("serving", "listen", ln.Addr().String(), "public_url", h.cfg.PublicURL.String(), "database", where,
		"component_path", h.cfg.ComponentPath, "message_path", h.cfg.MessagePath, "app_id", h.cfg.ComponentAppID)
	unready, degraded := h.ready(ctx)
	for _, r := range append(unready, degraded...) {
		h.log.Warn("not all is well", "reason", r)
	}
}
