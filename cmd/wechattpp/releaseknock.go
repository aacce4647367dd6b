package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// answered is what came back from a push.
type answered struct {
	status   int
	body     string
	location string // of a redirect
	took     time.Duration
	err      error // without the address, which holds a signature
}

// noRedirects is a client that goes where WeChat goes, and no further.
func noRedirects() *http.Client {
	return &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// knock pushes once.
func (r *releaseCheck) knock(ctx context.Context, path string, p sealed) (a answered) {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	began := time.Now()
	defer func() { a.took = time.Since(began) }()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.base+path+"?"+p.query, strings.NewReader(p.body))
	if err != nil {
		return answered{err: withoutAddress(err)}
	}
	req.Header.Set("Content-Type", "text/xml")
	req.Header.Set("User-Agent", "Mozilla/4.0")
	res, err := r.http.Do(req)
	if err != nil {
		return answered{err: withoutAddress(err)}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	a = answered{status: res.StatusCode, body: string(body), err: err}
	if where, err := res.Location(); err == nil {
		where.RawQuery = "" // it repeats ours
		a.location = where.String()
	}
	return a
}

func withoutAddress(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// wantSuccess is what WeChat wants to read of the events' address.
func (r *releaseCheck) wantSuccess(a answered, path string) finding {
	if a.err != nil || a.status != http.StatusOK {
		return r.misled(a, path, "a push signed as WeChat signs")
	}
	if a.body != "success" {
		return fails("the body must be success and nothing else: no JSON, no line end, no byte order mark; see that this program answers "+path+" and that no proxy changes the body",
			"answered %s", shown(a.body))
	}
	return passes("answered success")
}

// misled says of an answer that WeChat would not take where it probably comes
// from, and what to mend.
func (r *releaseCheck) misled(a answered, path, what string) finding {
	if a.err != nil {
		return r.unreached(a.err)
	}
	found := fmt.Sprintf("HTTP %d to %s: %s", a.status, what, shown(a.body))
	switch {
	case a.status >= 300 && a.status < 400:
		return fails("WeChat follows no redirect: serve "+path+" on this port, http and https, without one (deploy/nginx.conf), or give the final address in the console and in wechattpp_public_url",
			"redirected with HTTP %d to %s", a.status, a.location)
	case a.status == http.StatusForbidden:
		return fails("the running service has another wechattpp_encoding_token, wechattpp_encoding_aes_key or wechattpp_component_app_id than this configuration, or its clock is off by more than "+
			r.cfg.PushMaxAge.String()+", or a proxy drops the query string; its log and wechattpp_pushes_total say which", "%s", found)
	case a.status == http.StatusNotFound, a.status == http.StatusMethodNotAllowed:
		return fails("nothing answers "+path+" there: nginx must forward it to the service, with the path unchanged (deploy/nginx.conf), and the service have the same callback paths as this configuration", "%s", found)
	case a.status == http.StatusBadRequest:
		return fails("the body did not arrive as it was sent: see that no proxy rewrites it", "%s", found)
	case a.status == http.StatusServiceUnavailable && strings.Contains(a.body, "written down"):
		return fails("the service's database is away or too slow: see /readyz and its log", "%s", found)
	case a.status >= 500:
		return fails("the proxy is there, the service behind it is not: see that it runs where the proxy looks for it", "%s", found)
	case a.status == http.StatusOK:
		return fails("another program, or an older version, answers "+path+": it takes what nobody signed", "%s", found)
	}
	return fails("see who answers "+path+" there", "%s", found)
}

// unreached explains why there was no answer.
func (r *releaseCheck) unreached(err error) finding {
	var (
		name *net.DNSError
		cert *tls.CertificateVerificationError
	)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fails("WeChat waits 5 s: see that the service's database is fast, and that a firewall does not swallow the connection", "no answer within %s", deadline)
	case errors.As(err, &name):
		return fails("correct wechattpp_public_url or --url, or the DNS entry", "the host name is not known: %v", err)
	case errors.As(err, &cert):
		return fails("serve a valid certificate with its whole chain, the intermediates included: WeChat refuses one that lacks them", "%v", err)
	}
	return fails("see that the service and the proxy before it run, and that "+r.base+" is their address", "no connection: %v", err)
}

// shown is the beginning of a body, on one line.
func shown(body string) string {
	const most = 60
	if len(body) > most {
		return fmt.Sprintf("%q…", strings.ToValidUTF8(body[:most], ""))
	}
	return fmt.Sprintf("%q", body)
}
