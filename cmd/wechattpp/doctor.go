package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"wechattpp/component"
	"wechattpp/sql"
)

// A check looks at one thing and says what it found; an error says what to
// mend.
type check struct {
	name string
	run  func(context.Context) (found string, err error)
}

func doctorCommand(flags *pflag.FlagSet) *cobra.Command {
	return &cobra.Command{Use: "doctor", Short: "Check configuration, database, clock and ticket, and say what to mend", Args: exactArgs(0),
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := loadConfig(flags, os.Environ())
			if err != nil {
				return err
			}
			db, err := openQuietly(c.Context(), cfg)
			if err != nil {
				return err
			}
			return errors.Join(examine(c.Context(), c.OutOrStdout(), checks(cfg, db)), db.Close())
		}}
}

// openQuietly opens the database with its key but changes nothing in it.
func openQuietly(ctx context.Context, c *Config) (*sql.DB, error) {
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

// examine runs every check, each within 10 seconds, and fails if one did.
func examine(ctx context.Context, out io.Writer, all []check) error {
	bad := 0
	for _, c := range all {
		limit, cancel := context.WithTimeout(ctx, 10*time.Second)
		found, err := c.run(limit)
		cancel()
		if err != nil {
			bad++
			fmt.Fprintf(out, "MEND  %-14s %v\n", c.name, err)
			continue
		}
		fmt.Fprintf(out, "ok    %-14s %s\n", c.name, found)
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d checks found something to mend", bad, len(all))
	}
	return nil
}

func checks(c *Config, db *sql.DB) []check {
	return []check{
		{"configuration", func(context.Context) (string, error) { return checkConfig(c) }},
		{"master key", func(ctx context.Context) (string, error) { return "opens the database", db.CheckKey(ctx) }},
		{"schema", func(ctx context.Context) (string, error) { return checkSchema(ctx, db) }},
		{"durability", func(ctx context.Context) (string, error) { return checkDurability(ctx, db) }},
		{"clock", func(ctx context.Context) (string, error) { return checkClock(ctx, c, db) }},
		{"ticket", func(ctx context.Context) (string, error) { return checkTicket(ctx, c, db) }},
	}
}

func checkConfig(c *Config) (string, error) {
	if c.ComponentAppID == "" {
		return "", errors.New("no component is configured: set wechattpp_component_app_id, _app_secret, wechattpp_encoding_token and wechattpp_encoding_aes_key")
	}
	return fmt.Sprintf("component %s, message encryption key of 43 characters, public address %s", c.ComponentAppID, c.PublicURL), nil
}

func checkSchema(ctx context.Context, db *sql.DB) (string, error) {
	done, err := db.Migrated(ctx)
	if err == nil && !done {
		err = errors.New("older than this program: run 'wechattpp migrate up' or start 'wechattpp serve'")
	}
	return "up to date on " + db.Kind(), err
}

func checkDurability(ctx context.Context, db *sql.DB) (string, error) {
	weak, err := db.Durability(ctx)
	for _, w := range weak {
		err = errors.Join(err, errors.New(w))
	}
	return "commits survive a crash of the machine", err
}

// checkClock compares with the database's clock and, by the Date of any answer,
// with WeChat's: pushes signed more than wechattpp_push_max_age ago are refused.
func checkClock(ctx context.Context, c *Config, db *sql.DB) (string, error) {
	skew, err := db.ClockSkew(ctx)
	if err != nil {
		return "", err
	}
	if skew.Abs() > 5*time.Second {
		return "", fmt.Errorf("this machine's clock is %s off the database's: run an NTP client on both", skew.Round(time.Second))
	}
	there, err := vendorClock(ctx, c.APIBase)
	if err != nil {
		return "", fmt.Errorf("WeChat's API at %s cannot be reached, so neither can its clock: %w", c.APIBase, err)
	}
	if off := time.Since(there); off.Abs() > 30*time.Second {
		return "", fmt.Errorf("this machine's clock is %s off WeChat's: run an NTP client", off.Round(time.Second))
	}
	return "agrees with the database and with WeChat", nil
}

func vendorClock(ctx context.Context, base string) (time.Time, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, base+"/", nil)
	if err != nil {
		return time.Time{}, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return time.Time{}, err
	}
	_ = res.Body.Close()
	return http.ParseTime(res.Header.Get("Date"))
}

func checkTicket(ctx context.Context, c *Config, db *sql.DB) (string, error) {
	if done, err := db.Migrated(ctx); err != nil || !done || c.ComponentAppID == "" {
		return "", errors.Join(err, errors.New("not looked at: mend the above first"))
	}
	room := component.New(component.Config{AppID: c.ComponentAppID, Store: db.Component(c.ComponentAppID)})
	w, err := room.Store.Watch(ctx)
	switch {
	case err != nil:
		return "", err
	case !w.Any:
		return "", errors.New("none has come yet: WeChat pushes one every 10 minutes to the authorization event URL; see that nginx forwards " + c.ComponentPath)
	case w.Age > 25*time.Minute:
		return "", fmt.Errorf("the newest is %s old: WeChat's pushes to %s do not arrive or are not answered success", w.Age.Round(time.Minute), c.ComponentPath)
	}
	return fmt.Sprintf("%s old", w.Age.Round(time.Second)), nil
}
