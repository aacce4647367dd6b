package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"wechattpp/health"
	"wechattpp/sender"
	"wechattpp/sql"
)

// few bounds what is named of many.
const few = 5

// some names a few of many.
func some(names []string, apart string) string {
	text := strings.Join(names[:min(len(names), few)], apart)
	if more := len(names) - few; more > 0 {
		text += fmt.Sprintf("%sand %d more", apart, more)
	}
	return text
}

// checkAccounts tells of refusals that the service met, the address list
// among them, without asking again.
func checkAccounts(ctx context.Context, c *Config, db *sql.DB) (string, error) {
	found, err := db.Health(c.ComponentAppID).Errors(ctx, sampled)
	if err != nil || len(found) == 0 {
		return "none is known to be refused", err
	}
	texts := make([]string, len(found))
	for i, f := range found {
		texts[i] = fmt.Sprintf("%s: %s: %s: %s", whose(f), f.Code, f.Text(), f.Remedy(f.Sender))
	}
	return "", errors.New(some(texts, "\n"))
}

// whose names the owner of a finding.
func whose(f health.Owned) string {
	switch {
	case f.Kind == health.Component:
		return "the platform"
	case f.Sender == "":
		return "account " + f.Owner
	case f.Kind == health.Account:
		return "account " + f.Owner + " (sender " + f.Sender + ")"
	}
	return "sender " + f.Sender
}

// checkDomains looks for senders to whose links WeChat would not return: it
// returns to us first.
func checkDomains(ctx context.Context, c *Config, db *sql.DB) (string, error) {
	all, err := db.Sender(c.ComponentAppID).List(ctx, sender.Filter{}, "", sampled)
	if err != nil {
		return "", err
	}
	all = slices.DeleteFunc(all, func(s sender.Sender) bool { return len(s.Domains) == 0 })
	var without []string
	for _, s := range all {
		if !s.HasDomain(c.PublicURL.Hostname()) {
			without = append(without, s.Code)
		}
	}
	if len(without) > 0 {
		return "", warn("%s, the host of wechattpp_public_url, is not among the business_domains of %s: add it there, and in each account's console as 业务域名", c.PublicURL.Hostname(), some(without, ", "))
	}
	if len(all) == 0 {
		return "no sender has any", nil
	}
	return fmt.Sprintf("%s is among those of all %d senders that have any", c.PublicURL.Hostname(), len(all)), nil
}

// checkOwnPaths knocks at one address of each kind of sender that is pushed to at
// its own.
func checkOwnPaths(ctx context.Context, c *Config, db *sql.DB) (string, error) {
	all, err := db.Sender(c.ComponentAppID).List(ctx, sender.Filter{}, "", sampled)
	if err != nil {
		return "", err
	}
	var found []string
	for _, kind := range []string{sender.OfficialAccount, sender.MiniProgram, sender.WeCom} {
		i := slices.IndexFunc(all, func(s sender.Sender) bool { return s.Kind == kind && s.TokenSet && s.AESKeySet })
		if i < 0 {
			continue
		}
		text, err := checkPath(ctx, c, "/v1/"+kind+"/callback/"+all[i].Code)
		if err != nil {
			return "", err
		}
		found = append(found, text)
	}
	if len(found) == 0 {
		return "no sender is pushed to at an address of its own", nil
	}
	return strings.Join(found, "\n"), nil
}
