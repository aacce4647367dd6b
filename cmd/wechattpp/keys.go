package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"wechattpp/sql"
)

const keysLong = `Secrets in the database are sealed with the master key. To change it:

With a key file (SQLite without wechattpp_master_key): run 'keys rotate'. The running
service notices. Later, 'keys forget' takes the former key out of the file.

With configured keys, on every replica, one after the other:
 1. wechattpp_master_key_previous = the new key. All know it, none seals with it.
 2. wechattpp_master_key = the new key, wechattpp_master_key_previous = the old one.
 3. 'keys rotate', once, anywhere, with the same two keys.
 4. When it says so, remove wechattpp_master_key_previous.
A running service reads wechattpp_master_key_file and the file of --config again
every 5 seconds; values of the environment and of flags need a restart.`

func keysCommand(flags *pflag.FlagSet) *cobra.Command {
	c := group("keys", "The master key: status, rotate, forget; aes makes keys for the console",
		&cobra.Command{Use: "status", Short: "Count what is sealed under which master key, and who knows which", Args: exactArgs(0),
			RunE: func(c *cobra.Command, _ []string) error { return withStore(c, flags, keysStatus(c)) }},
		rotateCommand(flags),
		&cobra.Command{Use: "forget", Short: "Take former master keys out of the key file, if nothing is sealed under them", Args: exactArgs(0),
			RunE: func(c *cobra.Command, _ []string) error { return keysForget(c, flags) }},
		&cobra.Command{Use: "aes", Short: "Print a new message verify token and encryption key for WeChat's console", Args: exactArgs(0),
			RunE: func(c *cobra.Command, _ []string) error {
				_, err := fmt.Fprintf(c.OutOrStdout(), "wechattpp_encoding_token: %s\nwechattpp_encoding_aes_key: %s\n", letters(32), newAESKey())
				return err
			}})
	c.Long = keysLong
	return c
}

func rotateCommand(flags *pflag.FlagSet) *cobra.Command {
	var wait time.Duration
	c := &cobra.Command{Use: "rotate", Short: "Seal everything anew under the current master key; a key file gets a new one", Long: keysLong, Args: exactArgs(0),
		RunE: func(c *cobra.Command, _ []string) error { return keysRotate(c, flags, wait) }}
	// The list of replicas shows one that was killed for 20 seconds.
	c.Flags().DurationVar(&wait, "wait", 30*time.Second, "how long running replicas have to turn to the new key")
	return c
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// newAESKey makes 43 letters and digits as the console takes them. 43 characters
// of base64 hold 258 bits: the last one's two low bits are zero, for decoders
// that insist.
func newAESKey() string { return letters(42) + letter("AEIMQUYcgkosw048") }

func letters(n int) string {
	var b strings.Builder
	for range n {
		b.WriteString(letter(alphabet))
	}
	return b.String()
}

func letter(of string) string {
	i, err := rand.Int(rand.Reader, big.NewInt(int64(len(of))))
	if err != nil {
		panic(err) // the system has no randomness
	}
	return of[i.Int64() : i.Int64()+1]
}

func keysStatus(c *cobra.Command) func(context.Context, *Config, *store) error {
	return func(ctx context.Context, _ *Config, s *store) error {
		counts, err := s.CountSealed(ctx)
		if err != nil {
			return err
		}
		var rows [][]string
		for _, n := range counts {
			rows = append(rows, []string{n.KeyID, s.keyRole(n.KeyID), n.Column, strconv.Itoa(n.Values)})
		}
		if err := table(c, "KEY IS COLUMN VALUES", rows); err != nil {
			return err
		}
		all, err := s.Replicas(ctx)
		if err != nil || len(all) == 0 {
			return err
		}
		rows = nil
		for _, r := range all {
			rows = append(rows, []string{r.Name, r.Knows[0], strings.Join(r.Knows, ",")})
		}
		fmt.Fprintln(c.OutOrStdout())
		return table(c, "REPLICA SEALS_UNDER KNOWS", rows)
	}
}

// keyRole is what a key is to this configuration.
func (s *store) keyRole(id string) string {
	switch slices.Index(s.vault.KeyIDs(), id) {
	case -1:
		return "unknown"
	case 0:
		return "current"
	}
	return "previous"
}

func keysForget(c *cobra.Command, flags *pflag.FlagSet) error {
	return withKeyFile(c, flags, func(ctx context.Context, name string, s *store) error {
		if name == "" {
			return errors.New("the master keys are configured: remove wechattpp_master_key_previous when 'keys rotate' says that it may go")
		}
		keys, err := readKeyFile(name)
		if err != nil {
			return err
		}
		left, err := s.retire(ctx)
		if err != nil {
			return err
		}
		if left > 0 {
			return fmt.Errorf("%d values are still sealed under former keys: run 'wechattpp keys rotate'", left)
		}
		if err := writeKeyFile(name, keys[:1]); err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.OutOrStdout(), "%s holds key %s alone; %d former keys are gone. Backups made under them need them still.\n", name, s.vault.KeyID(), len(keys)-1)
		return err
	})
}

// withKeyFile opens the store with the key file locked; the name is "" where
// the keys are configured.
func withKeyFile(c *cobra.Command, flags *pflag.FlagSet, f func(ctx context.Context, name string, s *store) error) error {
	cfg, err := loadConfig(flags, os.Environ())
	if err != nil {
		return err
	}
	name, ok := cfg.keyFileName()
	if !ok {
		name = ""
	}
	if name != "" {
		unlock, err := lockKeyFile(name)
		if err != nil {
			return err
		}
		defer unlock() //nolint:errcheck // the lock ends with the process
	}
	s, err := openStore(c.Context(), cfg, newLog(cfg, os.Stderr), nil, cfg.Migrate)
	if err != nil {
		return err
	}
	return errors.Join(f(c.Context(), name, s), s.Close())
}

// retire takes former keys off the list of those in use if nothing is sealed
// under any; it answers how many values still are.
func (s *store) retire(ctx context.Context) (left int, err error) {
	counts, err := s.CountSealed(ctx)
	if err != nil {
		return 0, err
	}
	for _, n := range counts {
		if n.KeyID != s.vault.KeyID() {
			left += n.Values
		}
	}
	if left > 0 {
		return left, nil
	}
	used, err := s.UsedKeys(ctx)
	for _, id := range used {
		if id != s.vault.KeyID() {
			err = errors.Join(err, s.RetireKey(ctx, id))
		}
	}
	return 0, err
}

// lags says what a replica lacks before everything may be sealed under a key;
// "" if nothing.
func lags(r sql.Replica, key string) string {
	switch slices.Index(r.Knows, key) {
	case 0:
		return ""
	case -1:
		return r.Name + " does not know it"
	}
	return r.Name + " still seals under " + r.Knows[0]
}
