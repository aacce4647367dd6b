package webhook

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// Limits of a client's receipt addresses (https://docs.jiguang.cn/jums/advanced/callback).
const (
	MostTargets = 5
	mostURL     = 1024
)

// InputError is a field that breaks its limit; Text says the remedy.
type InputError struct{ Field, Text string }

func (e *InputError) Error() string { return e.Field + " " + e.Text }

// ErrPreferred: the preferred address goes last.
var ErrPreferred = errors.New("receipts go to this address by default: make another one the default first")

// Register keeps an address for a client's receipts after it has shown that
// it is the client's: it must echo a random value. An address that is there
// already is tried again, and wants from now on what t says.
//
// Errors: *InputError, which says what was wanted and what came back;
// fs.ErrNotExist, if there is no such client.
func (r *Room) Register(ctx context.Context, t Target) (Target, error) {
	if err := r.checkURL(t.URL); err != nil {
		return Target{}, err
	}
	channelKey, secret, err := r.Store.Credentials(ctx, t.ClientID)
	if err != nil {
		return Target{}, err
	}
	known, err := r.Store.Registered(ctx, t.ClientID, t.URL)
	if err != nil {
		return Target{}, err
	}
	if !known { // before the call: a sixth address is not even tried
		if all, err := r.Store.Targets(ctx, t.ClientID); err != nil || len(all) >= MostTargets {
			return Target{}, errors.Join(err, tooMany(err))
		}
	}
	if err := r.verify(ctx, t.URL, channelKey, secret); err != nil {
		return Target{}, &InputError{"url", err.Error()}
	}
	made, err := r.Store.Add(ctx, t, MostTargets)
	if errors.Is(err, fs.ErrExist) {
		return Target{}, tooMany(nil)
	}
	return made, err
}

func tooMany(err error) error {
	if err != nil {
		return nil
	}
	return &InputError{"url", fmt.Sprintf("is one too many: a client has at most %d receipt addresses; delete one first", MostTargets)}
}

// Targets lists a client's addresses and how deliveries go, the preferred one
// first.
func (r *Room) Targets(ctx context.Context, clientID int64) ([]Target, error) {
	return r.Store.Targets(ctx, clientID)
}

// Registered tells whether a client has the address.
func (r *Room) Registered(ctx context.Context, clientID int64, url string) (bool, error) {
	if len(url) > mostURL || !plainText(url) {
		return false, nil
	}
	return r.Store.Registered(ctx, clientID, url)
}

// Remove drops an address with all that waits for it and its dead letters.
// Errors: fs.ErrNotExist, ErrPreferred.
func (r *Room) Remove(ctx context.Context, clientID int64, url string) error {
	if len(url) > mostURL || !plainText(url) {
		return fs.ErrNotExist
	}
	err := r.Store.Remove(ctx, clientID, url)
	if errors.Is(err, fs.ErrExist) {
		return ErrPreferred
	}
	return err
}

// checkURL holds an address to its form. Where its name leads is looked at
// when it is called, each time.
func (r *Room) checkURL(address string) error {
	bad := func(text string, args ...any) error { return &InputError{"url", fmt.Sprintf(text, args...)} }
	if n := len(address); n == 0 || n > mostURL {
		return bad("has %d characters: 1 to %d", n, mostURL)
	}
	if !plainText(address) {
		return bad("must be plain ASCII without blanks: write a host in punycode and percent-encode the rest")
	}
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return bad("is no address: want one such as https://receipts.example.com/wechat")
	case u.Scheme != "http" && u.Scheme != "https":
		return bad("must begin with http:// or https://")
	case u.User != nil:
		return bad("must not hold credentials: each receipt carries ChannelKey and MasterSecret in its Authorization")
	case u.Hostname() == "":
		return bad("has no host: want one such as https://receipts.example.com/wechat")
	case strings.Contains(address, "#"):
		return bad("must not have a fragment (#...): it would never be sent")
	}
	if port := u.Port(); port != "" || strings.HasSuffix(u.Host, ":") {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return bad("has no port %q: 1 to 65535", port)
		}
	}
	return r.checkHost(u.Hostname())
}

// checkHost refuses what is plainly no target. A host that ends in a number is
// an address for browsers and some resolvers (0x7f.1, 2130706433), so that it
// must be written as one (https://url.spec.whatwg.org/#ends-in-a-number-checker).
func (r *Room) checkHost(host string) error {
	if a, err := netip.ParseAddr(host); err == nil {
		if err := check(a, r.egress.Allowed); err != nil {
			return &InputError{"url", err.Error()}
		}
		return nil
	}
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	last := strings.ToLower(labels[len(labels)-1])
	if _, err := strconv.ParseUint(last, 0, 64); err == nil || strings.Trim(last, "0123456789") == "" || strings.HasPrefix(last, "0x") {
		return &InputError{"url", "must write an IPv4 address as four decimal numbers, such as 198.51.100.7"}
	}
	return nil
}

func plainText(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c > '~' })
}
