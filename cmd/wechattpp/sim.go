package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"wechattpp/api"
	"wechattpp/simulator"
)

// vendor is a simulated WeChat on a loopback address, with sample accounts and
// secrets made anew.
type vendor struct {
	*simulator.Simulator
	cfg simulator.Config
	ln  net.Listener
}

// newVendor makes one that pushes to the service at target.
func newVendor(listen, target string, log *slog.Logger) (*vendor, error) {
	ln, err := loopback(listen)
	if err != nil {
		return nil, err
	}
	v := &vendor{ln: ln, cfg: simulator.Config{
		ComponentAppID: "wx" + random(8), ComponentSecret: random(16), Token: random(12), EncodingAESKey: random(22)[:43], Log: log,
		AuthorizationURL: target + defaultOf("wechattpp_component_callback_path"), MessageURL: target + defaultOf("wechattpp_message_callback_path"),
		OutcomeAfter: 500 * time.Millisecond, PushRetry: time.Second, StrictMedia: true,
	}}
	v.Simulator = simulator.New(v.cfg)
	return v, v.AddAccount(simulator.SampleWorld()...)
}

// loopback listens on an address that only this machine reaches.
func loopback(listen string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(listen)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return nil, usageError{fmt.Errorf("address %q: want one of this machine alone, such as 127.0.0.1:8090", listen)}
	}
	return net.Listen("tcp", listen)
}

// random is n random bytes in hex.
func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails, says crypto/rand
	return hex.EncodeToString(b)
}

func (v *vendor) url() string { return "http://" + v.ln.Addr().String() }

// run serves and pushes until ctx ends.
func (v *vendor) run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return v.Run(ctx) })
	g.Go(func() error { return serveHTTP(ctx, v.ln, v) })
	return g.Wait()
}

// serveHTTP serves until ctx ends, then lets requests in flight finish, for at
// most 10 seconds.
func serveHTTP(ctx context.Context, ln net.Listener, h http.Handler) error {
	s := api.HTTPServer("", h)
	done := make(chan error, 1)
	go func() { done <- s.Serve(ln) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err := s.Shutdown(limit)
	if errors.Is(err, context.DeadlineExceeded) {
		err = errors.Join(errors.New("some requests did not finish within 10 s"), s.Close())
	}
	if served := <-done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

func simCommand() *cobra.Command {
	var listen, target, env string
	c := &cobra.Command{
		Use: "sim", Short: "Run the simulated WeChat alone, for your own tests", Args: exactArgs(0),
		Long: "sim is a WeChat for tests, on this machine alone: ticket pushes, the authorization page, tokens, template\n" +
			"sends and their outcomes, and faults on demand (see its start page). It makes its secrets anew and writes\n" +
			"the configuration for 'wechattpp serve' into a file.",
		RunE: func(c *cobra.Command, _ []string) error {
			if err := notVendor(target); err != nil {
				return err
			}
			target = strings.TrimSuffix(target, "/")
			v, err := newVendor(listen, target, newLog(&Config{LogLevel: "info"}, os.Stderr))
			if err != nil {
				return err
			}
			if err := os.WriteFile(env, []byte(v.environment()), 0o600); err != nil {
				return fmt.Errorf("--env: %w", err)
			}
			fmt.Fprintf(c.OutOrStdout(), "The simulated WeChat is at %s and pushes to %s.\nConfiguration for the service: %s, e.g.\n  set -a; . ./%s; set +a; wechattpp serve\n",
				v.url(), target, env, env)
			return v.run(c.Context())
		},
	}
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:8090", "listen address, loopback only")
	c.Flags().StringVar(&target, "push-to", "http://127.0.0.1:8080", "base address of the service that gets the pushes")
	c.Flags().StringVar(&env, "env", "wechattpp-sim.env", "file to write the service's configuration to")
	return c
}

func (v *vendor) environment() string {
	var b strings.Builder
	for _, kv := range v.settings() {
		fmt.Fprintf(&b, "%s=%s\n", strings.ToUpper(kv[0]), kv[1])
	}
	return b.String()
}

// settings are the configuration of a service that speaks to this vendor.
func (v *vendor) settings() [][2]string {
	return [][2]string{
		{"wechattpp_component_app_id", v.cfg.ComponentAppID}, {"wechattpp_component_app_secret", v.cfg.ComponentSecret},
		{"wechattpp_encoding_token", v.cfg.Token}, {"wechattpp_encoding_aes_key", v.cfg.EncodingAESKey},
		{"wechattpp_api_base_url", v.url()}, {"wechattpp_mp_base_url", v.url()}, {"wechattpp_open_base_url", v.url()},
		{"wechattpp_wecom_base_url", v.url() + simulator.WeComPath},
	}
}

// notVendor refuses the vendor's real addresses: made-up pushes must never get
// there.
func notVendor(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return usageError{fmt.Errorf("address %q: want one such as http://127.0.0.1:8080", address)}
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if host == "qq.com" || strings.HasSuffix(host, ".qq.com") {
		return usageError{fmt.Errorf("address %q is the vendor's own: the simulator does not speak to it", address)}
	}
	return nil
}
