package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"wechattpp/access"
)

func demoCommand() *cobra.Command {
	var listen, simListen, database string
	var once bool
	c := &cobra.Command{
		Use: "demo", Short: "Play the main job beside a simulated WeChat, then stay up", Args: exactArgs(0),
		Long: "demo runs the service beside a simulated WeChat, both on this machine alone, with secrets made anew and an\n" +
			"embedded database that is thrown away. It plays the main job once, telling each step, and stays up.",
		RunE: func(c *cobra.Command, _ []string) error {
			return runDemo(c.Context(), c.OutOrStdout(), listen, simListen, database, once)
		},
	}
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:8080", "address of the service, loopback only; another port is taken if it is in use")
	c.Flags().StringVar(&simListen, "sim-listen", "127.0.0.1:8090", "address of the simulated WeChat, likewise")
	c.Flags().StringVar(&database, "database", "", "play on this database, e.g. mysql:user:password@tcp(host:3306)/name, instead of an embedded one")
	c.Flags().BoolVar(&once, "once", false, "end after the main job: status 0 only if the one message was delivered")
	return c
}

func runDemo(ctx context.Context, out io.Writer, listen, simListen, database string, once bool) (err error) {
	dir, err := os.MkdirTemp("", "wechattpp-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	d, err := newDemo(ctx, dir, listen, simListen, database)
	if err != nil {
		return err
	}
	d.out = out
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return d.vendor.run(ctx) })
	g.Go(func() error { return d.house.serve(ctx, d.ln) })
	g.Go(func() error {
		limit, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		if err := d.play(limit); err != nil {
			stop()
			return fmt.Errorf("the demo did not get to its end: %w", err)
		}
		if once {
			stop()
			return nil
		}
		d.links()
		return nil
	})
	return g.Wait()
}

// demo is the service and the vendor it speaks to.
type demo struct {
	out    io.Writer
	vendor *vendor
	house  *house
	ln     net.Listener
	admin  *caller

	key, secret string // of the business system
}

func newDemo(ctx context.Context, dir, listen, simListen, database string) (*demo, error) {
	quiet := newLog(&Config{LogLevel: "warn", LogFormat: "text"}, os.Stderr)
	ln, err := loopback(free(listen))
	if err != nil {
		return nil, err
	}
	base := "http://" + ln.Addr().String()
	v, err := newVendor(free(simListen), base, quiet)
	if err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	c, err := demoConfig(v, base, dir, database)
	if err != nil {
		return nil, err
	}
	h, err := build(ctx, c, quiet)
	if err != nil {
		return nil, err
	}
	token, _, err := h.access.Issue(ctx, "demo", []string{string(access.Admin)}, time.Hour)
	if err != nil {
		return nil, errors.Join(err, h.close())
	}
	return &demo{vendor: v, house: h, ln: ln, admin: newCaller(base, "Bearer "+token)}, nil
}

// demoConfig speaks to the simulator only: no key of the operator's is read.
func demoConfig(v *vendor, base, dir, database string) (*Config, error) {
	values := map[string]string{"wechattpp_public_url": base, "wechattpp_database": "sqlite:" + filepath.Join(dir, "demo.db"), "wechattpp_log_level": "warn"}
	for _, kv := range v.settings() {
		values[kv[0]] = kv[1]
	}
	if database != "" {
		key := make([]byte, 32)
		_, _ = rand.Read(key) // never fails, says crypto/rand
		values["wechattpp_database"], values["wechattpp_master_key"] = database, base64.StdEncoding.EncodeToString(key)
	}
	c, bad := fill(func(key string) (string, bool) { v, ok := values[key]; return v, ok })
	return c, errors.Join(bad...)
}

// free answers the address, or the same with any port when that one is in use.
func free(listen string) string {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	ln, err := net.Listen("tcp", listen)
	if err != nil {
		return net.JoinHostPort(host, "0")
	}
	_ = ln.Close()
	return listen
}
