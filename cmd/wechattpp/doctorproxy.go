package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"wechattpp/api"
)

// claimed is an address that nobody has (RFC 5737): who is taken for it is taken
// for whoever he says he is.
const claimed = "192.0.2.1"

// checkProxy asks the service, by its public address, whom it takes us for. Where
// that cannot be asked, the configuration alone must do.
func checkProxy(ctx context.Context, c *Config) (string, error) {
	seen, err := asSeen(ctx, c, "")
	if err != nil {
		return checkTrusted(c, err)
	}
	set := "let it set X-Forwarded-For to the caller's address and X-Forwarded-Proto to the scheme, as deploy/nginx.conf does"
	switch seen.Proxy {
	case api.NoProxy:
		if c.PublicURL.Scheme == "https" || len(c.TrustedProxies) > 0 {
			return "", warn("the proxy before the service passes no X-Forwarded-For, so every caller is taken for %s: %s", seen.Address, set)
		}
		return "none: callers are known by their own address", nil
	case api.StrangeProxy:
		return "", warn("the proxy at %s passes X-Forwarded-For, but is not believed, so every caller is taken for it: add %s to wechattpp_trusted_proxies", seen.Address, seen.Address)
	}
	if lied, err := asSeen(ctx, c, claimed); err == nil && lied.Address == claimed {
		return "", fmt.Errorf("the proxy passes on what callers claim in X-Forwarded-For, so that anybody is taken for whom he likes: %s; do not append to what came", set)
	}
	return fmt.Sprintf("callers are known by the address that a trusted proxy tells; it took this machine for %s, by %s", seen.Address, schemeOf(seen)), nil
}

func schemeOf(seen api.Caller) string {
	if seen.Scheme == "" {
		return "a scheme that X-Forwarded-Proto does not tell"
	}
	return seen.Scheme
}

// checkTrusted judges by the configuration; why is what kept from asking.
func checkTrusted(c *Config, why error) (string, error) {
	if c.PublicURL.Scheme == "https" && len(c.TrustedProxies) == 0 {
		return "", warn("wechattpp_public_url is https, so a proxy stands before the service, but wechattpp_trusted_proxies is not set: set it to the proxy's address")
	}
	return fmt.Sprintf("%d networks of proxies are trusted; whether the proxy tells who calls was not seen: %v", len(c.TrustedProxies), why), nil
}

// asSeen is whom the service takes us for when we say to be somebody.
func asSeen(ctx context.Context, c *Config, saying string) (seen api.Caller, err error) {
	address := c.PublicURL.String() + "/healthz"
	header := http.Header{}
	if saying != "" {
		header.Set("X-Forwarded-For", saying)
	}
	res, err := ask(ctx, http.MethodGet, address, header, nil)
	if err != nil {
		return seen, fmt.Errorf("%s: %w", address, err)
	}
	var answer struct{ Caller api.Caller }
	if json.Unmarshal([]byte(res.text), &answer) != nil || answer.Caller.Proxy == "" {
		return seen, errors.New(address + " is not answered by the service")
	}
	return answer.Caller, nil
}
