package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"wechattpp/authorizer"
	"wechattpp/component"
	"wechattpp/sender"
	"wechattpp/sql"
)

// databaseChecks are those that read the database.
func databaseChecks(c *Config, db *sql.DB) []check {
	return []check{
		{"database", "older servers lack what the service needs, and small packets refuse large batches", func(ctx context.Context) (string, error) { return checkServer(ctx, db) }},
		{"disk", "a full disk refuses every push and every send", func(context.Context) (string, error) { return checkDisk(c) }},
		{"master key", "sealed values under a key that is not given cannot be read", func(ctx context.Context) (string, error) { return checkKeys(ctx, db) }},
		{"replicas", "a replica that does not know the sealing key cannot read what others write", onTables(db, func(ctx context.Context) (string, error) { return checkReplicas(ctx, db) })},
		{"schema", "this program needs its tables", func(ctx context.Context) (string, error) { return checkSchema(ctx, db) }},
		{"durability", "what was answered success must survive a power cut", func(ctx context.Context) (string, error) { return checkDurability(ctx, db) }},
		{"database clock", "logs and leases are read side by side", func(ctx context.Context) (string, error) { return checkClock(ctx, db) }},
		{"ticket", "12 hours after the last ticket no account can be called", func(ctx context.Context) (string, error) { return checkTicket(ctx, c, db) }},
		{"permission sets", "calls that lack their set are refused", func(ctx context.Context) (string, error) { return checkSets(ctx, c, db) }},
		{"WeCom address", whyVendor, onTables(db, func(ctx context.Context) (string, error) { return checkWeCom(ctx, c, db) })},
		{"address lists", "calls from an address that is not on the list are refused", onTables(db, func(ctx context.Context) (string, error) { return checkAddresses(ctx, c, db) })},
		{"account paths", "without them an account with a secret of its own tells nothing of its users", onTables(db, func(ctx context.Context) (string, error) { return checkOwnPaths(ctx, c, db) })},
		{"domains", "links of one-time subscriptions lead nowhere if WeChat does not return to this service", onTables(db, func(ctx context.Context) (string, error) { return checkDomains(ctx, c, db) })},
		{"accounts", "an account that rests sends nothing", onTables(db, func(ctx context.Context) (string, error) { return checkAccounts(ctx, c, db) })},
	}
}

// onTables makes a look that needs today's tables one that passes where there are
// older ones.
func onTables(db *sql.DB, look func(context.Context) (string, error)) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		if done, err := db.Migrated(ctx); err != nil || !done {
			return "not looked at: the schema is older", err
		}
		return look(ctx)
	}
}

func checkServer(ctx context.Context, db *sql.DB) (string, error) {
	version, packet, err := db.Server(ctx)
	if err != nil || db.Kind() == "sqlite" {
		return version, err
	}
	if !supported(version) {
		return "", fmt.Errorf("version %s: use MySQL 8 or later, or MariaDB 10.6 or later", version)
	}
	if packet < 16<<20 {
		return "", fmt.Errorf("max_allowed_packet is %d bytes: set max_allowed_packet = 16M or more on the database server", packet)
	}
	return version, nil
}

// supported reads versions such as 8.0.36 and 10.11.6-MariaDB.
func supported(version string) bool {
	var major, minor int
	if _, err := fmt.Sscanf(version, "%d.%d", &major, &minor); err != nil {
		return true // a compatible engine with a numbering of its own
	}
	if strings.Contains(version, "MariaDB") {
		return major > 10 || major == 10 && minor >= 6
	}
	return major >= 8
}

// lowDisk is when to free some: the log of a day's writes must fit.
const lowDisk = 1 << 30

func checkDisk(c *Config) (string, error) {
	path, ok := sqlitePath(c)
	if !ok {
		return "the database server's own", nil
	}
	var fs syscall.Statfs_t
	if err := syscall.Statfs(filepath.Dir(path), &fs); err != nil {
		return "", fmt.Errorf("the free space of %s is not told: %w", filepath.Dir(path), err)
	}
	free := fs.Bavail * uint64(fs.Bsize) //nolint:gosec // a block size is positive
	if free < lowDisk {
		return "", fmt.Errorf("%d MiB are free at %s: keep 1 GiB free, or lower wechattpp_retention_days", free>>20, filepath.Dir(path))
	}
	return fmt.Sprintf("%d GiB free", free>>30), nil
}

func checkKeys(ctx context.Context, db *sql.DB) (string, error) {
	if err := db.CheckKey(ctx); err != nil {
		return "", err
	}
	if done, err := db.Migrated(ctx); err != nil || !done {
		return "opens the database", err
	}
	counts, err := db.CountSealed(ctx)
	if err != nil {
		return "", err
	}
	values, old := 0, 0
	for _, n := range counts {
		switch slices.Index(db.KeyIDs(), n.KeyID) {
		case -1:
			return "", fmt.Errorf("%d values of %s are sealed under key id %s, which is not given: give it as wechattpp_master_key_previous and run 'wechattpp keys rotate'", n.Values, n.Column, n.KeyID)
		case 0:
			values += n.Values
		default:
			old += n.Values
		}
	}
	if old > 0 {
		return "", warn("%d values are sealed under a previous key: run 'wechattpp keys rotate'", old)
	}
	return fmt.Sprintf("opens all %d sealed values", values), nil
}

func checkReplicas(ctx context.Context, db *sql.DB) (string, error) {
	all, err := db.Replicas(ctx)
	if err != nil {
		return "", err
	}
	for _, r := range all {
		if why := lags(r, db.KeyIDs()[0]); why != "" {
			return "", warn("key %s seals here, but %s: see 'wechattpp keys rotate --help'", db.KeyIDs()[0], why)
		}
	}
	if len(all) == 0 {
		return "", warn("none runs: start 'wechattpp serve'")
	}
	return fmt.Sprintf("%d running", len(all)), nil
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

func checkClock(ctx context.Context, db *sql.DB) (string, error) {
	skew, err := db.ClockSkew(ctx)
	if err == nil && skew.Abs() > 5*time.Second {
		err = fmt.Errorf("this machine's clock is %s off the database's: run an NTP client on both", skew.Round(time.Second))
	}
	return "agrees with this machine's", err
}

func checkTicket(ctx context.Context, c *Config, db *sql.DB) (string, error) {
	if c.ComponentAppID == "" {
		return "none is needed without a component", nil
	}
	if done, err := db.Migrated(ctx); err != nil || !done {
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

// sampled bounds how many accounts are looked at.
const sampled = 1000

func checkSets(ctx context.Context, c *Config, db *sql.DB) (string, error) {
	if done, err := db.Migrated(ctx); err != nil || !done {
		return "not looked at: mend the above first", err
	}
	page, err := db.Authorizer(c.ComponentAppID).List(ctx, authorizer.Filter{}, "", sampled)
	if err != nil {
		return "", err
	}
	var lacking []string
	for _, a := range page {
		var names []string
		for _, m := range a.Missing() {
			if m.Level == authorizer.Required {
				names = append(names, fmt.Sprintf("%d (%s)", m.ID, m.Name))
			}
		}
		if a.Status == authorizer.Authorized && len(names) > 0 {
			lacking = append(lacking, fmt.Sprintf("%s did not grant %s", a.AppID, strings.Join(names, ", ")))
		}
	}
	if n := len(lacking); n > 0 {
		return "", fmt.Errorf("%d of %d accounts lack a required set, the first: %s: invite them again and let them choose all sets", n, len(page), strings.Join(lacking[:min(n, 5)], "; "))
	}
	return fmt.Sprintf("%d accounts looked at (at most %d)", len(page), sampled), nil
}

// checkWeCom needs no way out to WeCom where nothing is sent by it.
func checkWeCom(ctx context.Context, c *Config, db *sql.DB) (string, error) {
	codes, err := db.Sender(c.ComponentAppID).Codes(ctx, sender.WeCom, 1)
	if err != nil || len(codes) == 0 {
		return "no sender of WeCom", err
	}
	return checkVendor(ctx, c.WeComBase, "wechattpp_wecom_base_url")
}
