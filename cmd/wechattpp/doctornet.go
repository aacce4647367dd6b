package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"wechattpp/callback"
)

// outsideChecks are those that look outside: the vendors' addresses, and our own
// as WeChat reaches it.
func outsideChecks(c *Config) []check {
	list := []check{
		{"proxy", "behind a proxy that is not trusted, every caller has the proxy's address, and limits hit all of them", func(ctx context.Context) (string, error) { return checkProxy(ctx, c) }},
		{"public URL", "WeChat and people reach the service there", func(ctx context.Context) (string, error) { return checkPath(ctx, c, c.ComponentPath) }},
		{"message path", "without it messages, events and outcomes are lost", func(ctx context.Context) (string, error) {
			return checkPath(ctx, c, strings.Replace(c.MessagePath, "$APPID$", "wx0000000000000000", 1))
		}},
		{"body limit", "WeChat's pushes have up to 1 MiB", func(ctx context.Context) (string, error) { return checkBody(ctx, c) }},
	}
	for _, v := range []struct{ name, base, key string }{
		{"API address", c.APIBase, "wechattpp_api_base_url"}, {"MP address", c.MPBase, "wechattpp_mp_base_url"},
		{"Open address", c.OpenBase, "wechattpp_open_base_url"},
	} {
		list = append(list, check{v.name, whyVendor, func(ctx context.Context) (string, error) { return checkVendor(ctx, v.base, v.key) }})
	}
	return list
}

const whyVendor = "what cannot be reached cannot be called; pushes signed by a clock further off than wechattpp_push_max_age are refused"

// checkVendor wants any answer, and a clock near ours by its Date.
func checkVendor(ctx context.Context, base, key string) (string, error) {
	res, err := ask(ctx, http.MethodHead, base+"/", nil, nil)
	if err != nil {
		return "", fmt.Errorf("%s cannot be reached: %w: let this machine out to it, or set %s", base, err, key)
	}
	there, err := http.ParseTime(res.Header.Get("Date"))
	if err != nil {
		return "", warn("%s answers, but tells no time", base)
	}
	if off := time.Since(there); off.Abs() > 30*time.Second {
		return "", fmt.Errorf("this machine's clock is %s off that of %s: run an NTP client", off.Round(time.Second), base)
	}
	return base + " answers, and its clock agrees", nil
}

// answer is a response with the beginning of its body.
type answer struct {
	*http.Response
	text string
}

// ask makes one request, follows no redirect and names trouble with
// certificates.
func ask(ctx context.Context, method, address string, header http.Header, body []byte) (*answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	maps.Copy(req.Header, header)
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		var cert *tls.CertificateVerificationError
		if errors.As(err, &cert) {
			return nil, fmt.Errorf("its certificate is not valid: %w", cert.Err)
		}
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // without the address, which is named already
		}
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, 4096))
	return &answer{res, string(text)}, errors.Join(err, res.Body.Close())
}

// unsigned looks like a push and is none, so that the service says no more of it
// than that its signature does not fit.
const unsigned = "<xml><Encrypt>AAAA</Encrypt></xml>"

// checkPath pushes without a signature: our own refusal, and no one else's, must
// come back.
func checkPath(ctx context.Context, c *Config, path string) (string, error) {
	address := c.PublicURL.String() + path
	res, err := ask(ctx, http.MethodPost, address, nil, []byte(unsigned))
	if err != nil {
		return "", fmt.Errorf("%s cannot be reached from here: %w: see that DNS, firewall, proxy and the service let it through (a network that cannot reach its own public address needs this run elsewhere)", address, err)
	}
	switch {
	case res.StatusCode >= 300 && res.StatusCode < 400:
		return "", fmt.Errorf("%s redirects to another address (%d): WeChat does not follow: let the proxy forward the path itself", address, res.StatusCode)
	case !ours(res):
		return "", fmt.Errorf("%s is answered by something else (status %d, %s): let the proxy forward it to the service unchanged, as deploy/nginx.conf does", address, res.StatusCode, res.Header.Get("Content-Type"))
	}
	return address + " reaches the service", nil
}

// ours tells our refusal of an unsigned push from a proxy's page.
func ours(res *answer) bool {
	known := res.StatusCode == http.StatusBadRequest || res.StatusCode == http.StatusForbidden || res.StatusCode == http.StatusRequestEntityTooLarge
	return known && strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") && strings.Contains(res.text, `"code"`)
}

// checkBody sends as much as WeChat may, which our own refusal must answer.
func checkBody(ctx context.Context, c *Config) (string, error) {
	address := c.PublicURL.String() + c.ComponentPath
	res, err := ask(ctx, http.MethodPost, address, nil, bytes.Repeat([]byte("x"), callback.MaxBody))
	if err != nil {
		return "", fmt.Errorf("%s with 1 MiB: %w", address, err)
	}
	if res.StatusCode == http.StatusRequestEntityTooLarge || !ours(res) {
		return "", fmt.Errorf("a push of 1 MiB does not reach the service (status %d): set client_max_body_size 1m or more for the callback paths", res.StatusCode)
	}
	return "1 MiB reaches the service", nil
}
