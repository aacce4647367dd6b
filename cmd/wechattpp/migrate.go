package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"wechattpp/sql"
)

func migrateCommand(flags *pflag.FlagSet) *cobra.Command {
	c := &cobra.Command{Use: "migrate", Short: "Migrate the database's schema: up, down, status", Args: unknownCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.AddCommand(
		&cobra.Command{Use: "up", Short: "Apply every missing step", Args: exactArgs(0), RunE: func(c *cobra.Command, _ []string) error {
			return withDB(c.Context(), flags, func(db *sql.DB) error {
				if err := db.Migrate(c.Context()); err != nil {
					return err
				}
				return printMigrations(c.Context(), c, db)
			})
		}},
		&cobra.Command{Use: "down", Short: "Take the newest step back (its data is lost)", Args: exactArgs(0), RunE: func(c *cobra.Command, _ []string) error {
			return withDB(c.Context(), flags, func(db *sql.DB) error {
				if err := db.MigrateDown(c.Context()); err != nil {
					return err
				}
				return printMigrations(c.Context(), c, db)
			})
		}},
		&cobra.Command{Use: "status", Short: "List the steps", Args: exactArgs(0), RunE: func(c *cobra.Command, _ []string) error {
			return withDB(c.Context(), flags, func(db *sql.DB) error { return printMigrations(c.Context(), c, db) })
		}},
	)
	return c
}

// withDB opens the configured database as it is, without migrating it.
func withDB(ctx context.Context, flags *pflag.FlagSet, f func(*sql.DB) error) error {
	c, err := loadConfig(flags, os.Environ())
	if err != nil {
		return err
	}
	vault, err := openVault(ctx, c)
	if err != nil {
		return err
	}
	db, err := sql.Open(ctx, sql.Options{Source: c.Database, Vault: vault, Log: newLog(c, os.Stderr)})
	if err != nil {
		return fmt.Errorf("wechattpp_database: %w", err)
	}
	return errors.Join(f(db), db.Close())
}

func printMigrations(ctx context.Context, c *cobra.Command, db *sql.DB) error {
	steps, err := db.Migrations(ctx)
	if err != nil {
		return err
	}
	for _, s := range steps {
		state := "pending"
		if s.Applied {
			state = "applied"
		}
		fmt.Fprintf(c.OutOrStdout(), "%04d  %-8s %s\n", s.Version, state, s.Name)
	}
	return nil
}
