package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// Limits of a call to a target.
const (
	connectTime = 5 * time.Second
	headerTime  = 10 * time.Second
	callTime    = 10 * time.Second
	mostAnswer  = 64 << 10
	perHost     = 16 // connections
	agent       = "wechattpp"
)

// Egress is the one door to addresses that others chose. It looks at every
// address that a name resolves to and then connects to that very address, so
// that no second answer of a name server leads elsewhere; it follows no
// redirect, uses no proxy, and reads 64 KiB of an answer at most.
type Egress struct {
	// Allowed are networks that may be reached besides public ones.
	Allowed []netip.Prefix
	// Lookup resolves names; nil asks the system.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	// Time bounds a call; 0 is 10 s.
	Time time.Duration

	client *http.Client
}

// newEgress completes a door.
func newEgress(e Egress) *Egress {
	if e.Lookup == nil {
		e.Lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	if e.Time == 0 {
		e.Time = callTime
	}
	e.client = &http.Client{
		Transport: &http.Transport{
			DialContext: e.dial, TLSHandshakeTimeout: connectTime, ResponseHeaderTimeout: headerTime,
			MaxResponseHeaderBytes: mostAnswer, MaxConnsPerHost: perHost, MaxIdleConnsPerHost: perHost / 4, MaxIdleConns: 256,
			IdleConnTimeout: time.Minute, DisableCompression: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &e
}

// dial connects to the first address of a host that may be reached and does answer.
func (e *Egress) dial(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	addrs, err := e.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	var failed error
	for i, a := range addrs {
		if err := check(a, e.Allowed); err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		c, err := connect(ctx, network, net.JoinHostPort(a.Unmap().String(), port), len(addrs)-i)
		if err == nil {
			return c, nil
		}
		failed = errors.Join(failed, err)
	}
	return nil, failed
}

// connect leaves a share of the time to the addresses that come after.
func connect(ctx context.Context, network, address string, left int) (net.Conn, error) {
	end, _ := ctx.Deadline()
	ctx, cancel := context.WithTimeout(ctx, time.Until(end)/time.Duration(left))
	defer cancel()
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

func (e *Egress) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	addrs, err := e.Lookup(ctx, host)
	if err == nil && len(addrs) == 0 {
		err = errors.New("the host's name has no address")
	}
	return addrs, err
}

// answer is what a target said, cut to 64 KiB.
type answer struct {
	Status int
	Body   []byte
	Cut    bool
}

// do makes one call. An error says what is wrong with the target, and names
// neither its address nor what was sent.
func (e *Egress) do(ctx context.Context, method, address string, header http.Header, body []byte) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, e.Time)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return answer{}, plainly(err)
	}
	q.Header = header
	q.Header.Set("User-Agent", agent)
	res, err := e.client.Do(q)
	if err != nil {
		return answer{}, e.explain(ctx, err)
	}
	defer res.Body.Close() //nolint:errcheck // it was only read
	text, err := io.ReadAll(io.LimitReader(res.Body, mostAnswer+1))
	if err != nil {
		return answer{}, fmt.Errorf("its answer broke off: %w", e.explain(ctx, err))
	}
	if len(text) > mostAnswer {
		return answer{res.StatusCode, text[:mostAnswer], true}, nil
	}
	return answer{res.StatusCode, text, false}, nil
}

// explain says what is wrong, for people.
func (e *Egress) explain(ctx context.Context, err error) error {
	var refused *RefusedError
	var name *net.DNSError
	var plain tls.RecordHeaderError
	var timeout net.Error
	switch {
	case errors.As(err, &refused):
		return refused
	case errors.Is(ctx.Err(), context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("no answer within %s", e.Time)
	case errors.As(err, &name):
		return fmt.Errorf("its name %q cannot be resolved", name.Name)
	case errors.As(err, &plain), errors.Is(err, http.ErrSchemeMismatch):
		return errors.New("TLS: it does not speak TLS at this port: is the address one of http://?")
	}
	if text := certificate(err); text != "" {
		return errors.New("TLS: " + text)
	}
	return plainly(err)
}

// certificate says what is wrong with a receiver's certificate, "" if nothing.
func certificate(err error) string {
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var wrong x509.CertificateInvalidError
	var any *tls.CertificateVerificationError
	switch {
	case errors.As(err, &unknown):
		return "its certificate is signed by nobody that this machine trusts: send the whole chain, or add the authority to the system's"
	case errors.As(err, &host):
		return "its certificate is not for this host"
	case errors.As(err, &wrong) && wrong.Reason == x509.Expired:
		return "its certificate has expired, or is not valid yet"
	case errors.As(err, &any):
		return "its certificate is not valid"
	}
	return ""
}

// plainly is the error without the address, which may hold a secret.
func plainly(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
