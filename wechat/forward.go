package wechat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
)

const (
	// ReplayMost is the largest body, in bytes, of a forwarded call that is kept so that it can be repeated.
	ReplayMost = 1 << 20
	// peek is how much of an answer is looked at before it is passed on: each refusal fits many times.
	peek = 32 << 10
)

// Forward is a call that somebody else makes on behalf of an account.
type Forward struct {
	Method string
	Path   string      // by CleanPath
	Query  string      // by CleanQuery
	Header http.Header // what the vendor needs of it is sent, such as Content-Type, and no more
	Body   io.Reader   // may be nil
	Length int64       // of Body in bytes; -1: unknown, which only bodies up to ReplayMost may be
}

// Forwarded is the vendor's answer to it. Close Body.
type Forwarded struct {
	Status int
	Header http.Header // what describes the body, and no more
	Length int64       // of Body in bytes; -1: unknown
	Code   int         // errcode, if the answer is JSON of up to 32 KiB that has one
	Body   io.ReadCloser
}

// Caller makes the calls of others in an account's name. Safe for concurrent use.
type Caller struct{ door door }

// Caller makes the calls of others in the account's name.
func (a *Account) Caller() *Caller { return &Caller{a.door} }

// Caller makes the calls of others in the app's name.
func (w *WeCom) Caller() *Caller { return &Caller{w.door} }

// Forward makes the call with the account's token, which no header, answer or error tells: where an answer repeats it,
// asterisks stand. A refused token is replaced and the call repeated once; of a body over ReplayMost, which is streamed,
// nothing is left to repeat: then the token is replaced for the next call and the refusal passed on. A redirect is not
// followed; it is ErrUnanswered, as is what broke off. Other errors: ErrNotSent, *ForwardError, and what reading Body
// gave. ctx bounds the whole call, the reading of the answer's body included.
func (c *Caller) Forward(ctx context.Context, f Forward) (*Forwarded, error) {
	replay, err := f.buffer()
	if err != nil {
		return nil, err
	}
	token, err := c.door.token(ctx)
	if err != nil {
		return nil, &unsentError{c.door.speaks, f.op(), err}
	}
	answer, err := c.door.forward(ctx, f, token)
	if err != nil || !c.door.tokenRefused(answer.Code) {
		return answer, err
	}
	another, failed := c.door.tokens.Replace(ctx, token)
	if failed != nil || another == token || another == "" || replay == nil {
		return answer, nil
	}
	_ = answer.Body.Close()
	f.Body = bytes.NewReader(replay)
	return c.door.forward(ctx, f, another, token)
}

// Taken asks whether a token of the account is still taken, by a call that changes nothing. ErrTokenRefused: it is not;
// any other error tells nothing about it. https://developers.weixin.qq.com/doc/offiaccount/Basic_Information/Get_the_WeChat_server_IP_address.html,
// https://developer.work.weixin.qq.com/document/path/92520
func (c *Caller) Taken(ctx context.Context, token string) error {
	const call = "get_api_domain_ip"
	err := c.door.once(ctx, request{op: call, path: "/cgi-bin/" + call, get: true}, token, nil, &struct{}{})
	if errors.Is(err, ErrPermission) { // the token was good enough to tell whose call it is
		return nil
	}
	return err
}

func (d *door) tokenRefused(code int) bool {
	return errors.Is(d.speaks.codes[code].is, ErrTokenRefused)
}

func (f *Forward) op() string { return strings.TrimPrefix(f.Path, "/") }

// buffer reads a small body, and gives what to repeat; nil: it is too large for that.
func (f *Forward) buffer() (replay []byte, err error) {
	if f.Body == nil || f.Length == 0 {
		f.Body, f.Length = nil, 0
		return []byte{}, nil
	}
	if f.Length > ReplayMost {
		return nil, nil
	}
	size := f.Length
	if size < 0 {
		size = bytes.MinRead
	}
	b := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead))
	if _, err := b.ReadFrom(io.LimitReader(f.Body, ReplayMost+1)); err != nil {
		return nil, err
	}
	if b.Len() > ReplayMost {
		return nil, bad("body", fmt.Sprintf("is over %d bytes and of unknown length: send it with Content-Length", ReplayMost))
	}
	f.Body, f.Length = bytes.NewReader(b.Bytes()), int64(b.Len())
	return b.Bytes(), nil
}

// forward is one exchange whose answer tells none of the tokens.
func (d *door) forward(ctx context.Context, f Forward, token string, others ...string) (*Forwarded, error) {
	tokens := append(others, token)
	res, err := d.exchange(ctx, f, token, scrubber(tokens))
	if err != nil {
		return nil, err
	}
	if res.StatusCode < 200 || res.StatusCode/100 == 3 {
		_ = res.Body.Close()
		return nil, d.failed(f.op(), ErrUnanswered, fmt.Sprintf("HTTP status %d, a redirect, which is not followed", res.StatusCode), nil)
	}
	words := blotted(tokens)
	out := &Forwarded{Status: res.StatusCode, Header: http.Header{}, Length: res.ContentLength}
	for _, name := range answerHeaders {
		for _, v := range res.Header[name] {
			out.Header.Add(name, string(blot([]byte(v), words)))
		}
	}
	if err := d.look(out, res.Body, f, words); err != nil {
		return nil, err
	}
	if out.Code != 0 {
		_ = d.noted(ctx, d.speaks.refusal(f.op(), out.Code, "", false)) // which the answer itself tells
	}
	return out, nil
}

// look reads the beginning of the answer for its errcode.
func (d *door) look(out *Forwarded, body io.ReadCloser, f Forward, words [][]byte) error {
	size := int64(peek)
	if out.Length >= 0 {
		size = min(size, out.Length+1) // one more, to meet the end
	}
	head := make([]byte, size)
	n, err := readUpTo(body, head)
	head = head[:n]
	switch err {
	case nil:
		out.Body = &rest{newBlotter(head, body, words), body}
		return nil
	case io.EOF:
		out.Code = errcode(head)
		out.Body = &rest{bytes.NewReader(blot(head, words)), body}
		if f.Method != http.MethodHead {
			out.Length = int64(n)
		}
		return nil
	}
	_ = body.Close()
	return d.failed(f.op(), ErrUnanswered, "the answer broke off", bare(err))
}

// readUpTo reads until p is full, or until the error, which io.ReadFull would make one with that of a body cut off.
func readUpTo(r io.Reader, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var m int
		m, err = r.Read(p[n:])
		n += m
	}
	if n == len(p) {
		err = nil
	}
	return n, err
}

// errcode finds the vendor's verdict in a whole answer; 0: there is none.
func errcode(body []byte) int {
	body = bytes.TrimLeft(body, " \t\r\n")
	if !bytes.HasPrefix(body, []byte("{")) || !bytes.Contains(body, []byte(`"errcode"`)) {
		return 0
	}
	var verdict struct {
		Code number `json:"errcode"`
	}
	if json.Unmarshal(body, &verdict) != nil {
		return 0
	}
	return int(verdict.Code)
}

// exchange sends a call that is not ours. The transport follows no redirect, keeps no cookie and adds nothing but what
// HTTP needs.
func (d *door) exchange(ctx context.Context, f Forward, token string, hide func(string) string) (*http.Response, error) {
	var sent atomic.Bool
	address := d.address(request{path: f.Path}, token)
	if f.Query != "" {
		address += "&" + f.Query
	}
	body := &noted{Reader: f.Body}
	req, err := http.NewRequestWithContext(watch(ctx, &sent), f.Method, address, body.orNone())
	if err != nil {
		return nil, d.failed(f.op(), ErrNotSent, "the address is not a URL", nil) // err would quote it, token and all
	}
	req.ContentLength = f.Length
	for _, name := range callHeaders {
		if v := f.Header[name]; len(v) > 0 {
			req.Header[name] = v
		}
	}
	res, err := d.transport().RoundTrip(req)
	if err == nil {
		return res, nil
	}
	if cause := body.failed.Load(); cause != nil {
		return nil, *cause
	}
	kind := ErrNotSent
	if sent.Load() {
		kind = ErrUnanswered
	}
	return nil, d.failed(f.op(), kind, hide(bare(err).Error()), bare(err))
}

func (d *door) transport() http.RoundTripper {
	if d.http.Transport == nil { // of a client that was given without one
		return http.DefaultTransport
	}
	return d.http.Transport
}

// What a forwarded call keeps of its headers, and its answer of its own. The rest says who calls, or is for the next
// connection only. Wechatmp-… sign and encrypt the body of some calls:
// https://developers.weixin.qq.com/doc/oplatform/developers/dev/api-signature.html
var (
	callHeaders = []string{"Content-Type", "Content-Encoding", "Content-Language", "Accept", "Accept-Language", "Range",
		"Wechatmp-Appid", "Wechatmp-Timestamp", "Wechatmp-Signature", "Wechatmp-Serial"}
	answerHeaders = []string{"Content-Type", "Content-Encoding", "Content-Language", "Content-Disposition", "Content-Range", "Accept-Ranges",
		"Last-Modified", "Etag", "Retry-After", "Wechatmp-Appid", "Wechatmp-Timestamp", "Wechatmp-Signature", "Wechatmp-Serial"}
)

// noted remembers that reading the caller's body failed, and not the vendor.
type noted struct {
	io.Reader
	failed atomic.Pointer[error]
}

func (n *noted) Read(p []byte) (int, error) {
	count, err := n.Reader.Read(p)
	if err != nil && err != io.EOF { //nolint:errorlint // as io.Reader says
		n.failed.Store(&err)
	}
	return count, err
}

// orNone is no reader where there is no body, which is not the same as an empty one.
func (n *noted) orNone() io.Reader {
	switch n.Reader.(type) {
	case nil:
		return nil
	case *bytes.Reader: // cannot fail, and may be read again on a new connection
		return n.Reader
	}
	return n
}

// rest is what is left of an answer.
type rest struct {
	io.Reader
	io.Closer
}
