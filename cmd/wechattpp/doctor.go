package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"wechattpp/sql"
)

// A check looks at one thing and changes nothing. An error is something to
// mend; one that wraps in a warning is not.
type check struct {
	name string
	why  string // it matters
	run  func(context.Context) (found string, err error)
}

// warning is worth knowing, but does not fail.
type warning struct{ error }

func (w warning) Unwrap() error { return w.error }

func warn(format string, a ...any) error { return warning{fmt.Errorf(format, a...)} }

// diagnosis is what a check found, as --json prints it.
type diagnosis struct {
	Check string `json:"check"`
	State string `json:"state"` // ok, warn or mend
	Found string `json:"found"` // if mend or warn: what is wrong and what to do
	Why   string `json:"why,omitempty"`
}

func doctorCommand(flags *pflag.FlagSet) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{Use: "doctor", Short: "Check configuration, database, clocks, vendor, callback paths and accounts, and say what to mend", Args: exactArgs(0),
		Long: "doctor changes nothing and asks the vendor for no token. It looks at the configuration it is given, so give it the service's, and run it\n" +
			"on the service's machine. Exit status 1 if something is to mend; warnings do not fail.",
		RunE: func(c *cobra.Command, _ []string) error {
			return diagnose(c.Context(), c.OutOrStdout(), asJSON, func() (*Config, error) { return loadConfig(flags, os.Environ()) })
		}}
	c.Flags().BoolVar(&asJSON, "json", false, "print the findings as JSON")
	return c
}

func diagnose(ctx context.Context, out io.Writer, asJSON bool, load func() (*Config, error)) error {
	all, close, err := everyCheck(ctx, load)
	if err != nil {
		return err
	}
	found := examine(ctx, all)
	if err := errors.Join(close(), report(out, asJSON, found)); err != nil {
		return err
	}
	bad := 0
	for _, f := range found {
		if f.State == "mend" {
			bad++
		}
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d checks found something to mend", bad, len(found))
	}
	return nil
}

// everyCheck makes the checks that can be made: without a configuration or a
// database, that alone is the finding.
func everyCheck(ctx context.Context, load func() (*Config, error)) (all []check, close func() error, err error) {
	nothing := func() error { return nil }
	fail := func(name, why string, err error) check {
		return check{name, why, func(context.Context) (string, error) { return "", err }}
	}
	cfg, err := load()
	if err != nil {
		return []check{fail("configuration", "the service does not start", err)}, nothing, nil
	}
	all = append([]check{{"configuration", "without a component there is nobody to speak for", func(context.Context) (string, error) { return checkConfig(cfg) }}}, outsideChecks(cfg)...)
	db, err := openQuietly(ctx, cfg)
	if err != nil {
		return append(all, fail("database", "without it the service does not start", err)), nothing, nil
	}
	return append(all, databaseChecks(cfg, db)...), db.Close, nil
}

// openQuietly opens the database with its key but changes nothing in it.
func openQuietly(ctx context.Context, c *Config) (*sql.DB, error) {
	if path, ok := sqlitePath(c); ok {
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("wechattpp_database: %s is not there yet: start 'wechattpp serve', or look whether doctor has the service's configuration and working directory", path)
		}
	}
	vault, err := openVault(ctx, c)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open(ctx, sql.Options{Source: c.Database, Vault: vault})
	if err != nil {
		return nil, fmt.Errorf("wechattpp_database: %w", err)
	}
	return db, nil
}

// examine runs every check, each within 10 seconds.
func examine(ctx context.Context, all []check) []diagnosis {
	found := make([]diagnosis, len(all))
	for i, c := range all {
		limit, cancel := context.WithTimeout(ctx, 10*time.Second)
		text, err := c.run(limit)
		cancel()
		found[i] = diagnosis{c.name, "ok", text, ""}
		if err != nil {
			found[i] = diagnosis{c.name, "mend", err.Error(), c.why}
			if errors.As(err, new(warning)) {
				found[i].State = "warn"
			}
		}
	}
	return found
}

func report(out io.Writer, asJSON bool, found []diagnosis) error {
	if asJSON {
		e := json.NewEncoder(out)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(map[string]any{"findings": found})
	}
	sign := map[string]string{"ok": "ok  ", "warn": "warn", "mend": "MEND"}
	for _, f := range found {
		fmt.Fprintf(out, "%s  %-15s %s\n", sign[f.State], f.Check, strings.ReplaceAll(f.Found, "\n", "\n                      "))
		if f.Why != "" {
			fmt.Fprintf(out, "                      Why: %s.\n", f.Why)
		}
	}
	return nil
}

func checkConfig(c *Config) (string, error) {
	if c.ComponentAppID == "" {
		return "", warn("no component is configured, so only accounts with a secret of their own are served: set wechattpp_component_app_id, _app_secret, wechattpp_encoding_token and wechattpp_encoding_aes_key if others are to authorize this service")
	}
	return fmt.Sprintf("component %s, message encryption key of 43 characters, public address %s", c.ComponentAppID, c.PublicURL), nil
}
