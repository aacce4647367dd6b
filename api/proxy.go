package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"wechattpp/access"
	"wechattpp/wechat"
)

const (
	// proxyBody is the largest body that the proxy passes on: more than the
	// largest file the vendors take in one call (20 MB).
	proxyBody = 100 << 20
	// streamTime bounds a call whose body, or whose answer, is streamed.
	streamTime = 10 * time.Minute
)

// proxy passes a call on to the vendor in the sender's name. Whatever becomes
// of it, it is an audit entry.
func (s *server) proxy(c *call) error {
	ctx, stop := c.hurry(callTime)
	defer stop.end()
	path, answer, err := s.pass(ctx, c)
	if err != nil {
		if stop.late(err) {
			err = later(time.Second, "the vendor did not answer in "+stop.limit.String()+": the call may have taken effect, so look before repeating it")
		}
		s.trail(c, path, toProblem(err).status, 0)
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	s.trail(c, path, answer.Status, answer.Code)
	stop.clock.Reset(streamTime)
	_ = http.NewResponseController(c.Writer).SetWriteDeadline(time.Now().Add(streamTime))
	return c.stream(answer)
}

// hurry is the time that a call has whose body is passed on while it comes.
type hurry struct {
	limit time.Duration
	clock *time.Timer
	end   context.CancelFunc
	call  *call
}

// hurry ends ctx after the time for a small call, or after streamTime for a
// body that is streamed: its reading ends then, too. Call end.
func (c *call) hurry(small time.Duration) (context.Context, *hurry) {
	ctx, cancel := context.WithCancel(c.ctx())
	h := &hurry{limit: small, call: c}
	if c.Request.ContentLength > wechat.ReplayMost {
		h.limit = streamTime
		_ = http.NewResponseController(c.Writer).SetReadDeadline(time.Now().Add(h.limit)) // a recorder in a test has none
	}
	h.clock = time.AfterFunc(h.limit, cancel)
	h.end = func() { h.clock.Stop(); cancel() }
	return ctx, h
}

// late tells whether an error is that the time is up.
func (h *hurry) late(err error) bool {
	return errors.Is(err, context.Canceled) && h.call.ctx().Err() == nil
}

// pass checks the call and makes it. The path is for the trail, also when it is
// refused.
func (s *server) pass(ctx context.Context, c *call) (path string, answer *wechat.Forwarded, err error) {
	code := c.text("code")
	path, ok := strings.CutPrefix(c.Request.URL.EscapedPath(), "/v1/senders/"+code+"/proxy")
	if !ok {
		return path, nil, invalid("path", "must not hold anything escaped: write /v1/senders/"+code+"/proxy/ and the vendor's path as they are")
	}
	if !c.who.MaySender(code) {
		return path, nil, noSender(code)
	}
	if _, _, _, err := s.Senders.Find(ctx, code); err != nil {
		return path, nil, callProblem(code, err)
	}
	if _, err := wechat.CleanPath(path); err != nil {
		return path, nil, forwardProblem(code, err)
	}
	query, err := wechat.CleanQuery(c.Request.URL.RawQuery)
	if err != nil {
		return path, nil, forwardProblem(code, err)
	}
	switch {
	case !c.who.MayProxy(path):
		return path, nil, forbidden("this client may not call " + path + ": add the path, or what it begins with, to the client's proxy_prefixes")
	case c.Request.ContentLength > proxyBody:
		return path, nil, &http.MaxBytesError{Limit: proxyBody}
	}
	caller, err := s.Senders.Caller(ctx, code, path)
	if err != nil {
		return path, nil, callProblem(code, err)
	}
	answer, err = caller.Forward(ctx, wechat.Forward{Method: c.Request.Method, Path: path, Query: query, Header: c.Request.Header,
		Body: c.Request.Body, Length: c.Request.ContentLength})
	if err != nil {
		err = forwardProblem(code, err)
	}
	return path, answer, err
}

func forwardProblem(code string, err error) error {
	var f *wechat.ForwardError
	switch {
	case errors.As(err, &f) && f.Forbidden:
		return forbidden(f.Error())
	case errors.As(err, &f) && f.Field == "body":
		return refuse(http.StatusLengthRequired, codeInvalid, f.Error())
	case errors.As(err, &f):
		return invalid(f.Field, f.Text)
	case errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, wechat.ErrUnanswered):
		return refuse(http.StatusBadRequest, codeInvalid, "the body broke off: send it again")
	}
	return callProblem(code, err)
}

// trail enters a call of the proxy in the audit trail, its query left out, as
// that may hold what is not for the trail. The call has been made by now, so
// that a trail that cannot be written is told in the log and keeps no answer
// from its caller.
func (s *server) trail(c *call, path string, status, code int) {
	detail := map[string]any{"method": c.Request.Method, "path": short(path), "status": status}
	if code != 0 {
		detail["errcode"] = code
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx()), 5*time.Second)
	defer cancel()
	e := access.Entry{Actor: c.who.Actor(), Action: "proxy.call", Target: "sender/" + c.text("code"), Detail: detail}
	if err := s.Access.Record(ctx, e); err != nil {
		s.Log.Error("a call of the proxy is missing in the audit trail", "request", c.id, "by", e.Actor, "sender", c.text("code"), "path", detail["path"], "status", status, "err", err)
	}
}

// short keeps a path that nobody checked from filling the trail.
func short(path string) string {
	if len(path) > 256 {
		path = path[:256] + "…"
	}
	return strings.ToValidUTF8(path, "?")
}

// buffers carry answers from the vendor to the caller.
var buffers = sync.Pool{New: func() any { return new([32 << 10]byte) }}

// stream sends the vendor's answer as it comes. One that breaks off ends the
// connection, so that nobody takes a part for the whole. Nothing in it may act
// as a page of this service.
func (c *call) stream(a *wechat.Forwarded) error {
	h := c.Writer.Header()
	for name, values := range a.Header {
		h[name] = values
	}
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	if a.Length >= 0 {
		h.Set("Content-Length", strconv.FormatInt(a.Length, 10))
	}
	c.Writer.WriteHeader(a.Status)
	buffer := buffers.Get().(*[32 << 10]byte)
	defer buffers.Put(buffer)
	_, err := io.CopyBuffer(onlyWriter{c.Writer}, a.Body, buffer[:])
	c.Writer.WriteHeaderNow()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	return nil
}

// onlyWriter hides ReadFrom, which would not use the buffer.
type onlyWriter struct{ io.Writer }
