package api

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"wechattpp/access"
	"wechattpp/audience"
)

// Codes of answers. JUMS's own where one fits
// (docs.jiguang.cn/jums/server/message_code); where it has none, the status
// with a zero behind.
const (
	codeInvalid  = 4004
	codeAuth     = 4005
	codeInternal = 5000
	codeClosed   = 1015005 // the client is switched off
	codeRate     = 1015030

	codeForbidden = 4030
	codeNotFound  = 4040
	codeMethod    = 4050
	codeConflict  = 4090
	codeTooLarge  = 4130
	codeAway      = 5030
)

// problem is an error that says how to answer it. Its message goes out: it says
// what to change, and holds no secret.
type problem struct {
	status     int
	code       int
	message    string
	retryAfter time.Duration // sent as Retry-After when positive
	oauth      string        // error of RFC 6749 5.2, at the token endpoint
	challenge  string        // WWW-Authenticate
	extra      map[string]any
}

func (p *problem) Error() string { return fmt.Sprintf("%d %d %s", p.status, p.code, p.message) }

// refuse is an error with a status and code of its own.
func refuse(status, code int, message string) *problem {
	return &problem{status: status, code: code, message: message}
}

// invalid is 400 4004 for a field: its path, then what is wrong and the remedy.
func invalid(field, text string) *problem {
	return refuse(http.StatusBadRequest, codeInvalid, field+" "+text)
}

// missing is 404 for a thing that is not there, or not for this caller.
func missing(what string) *problem {
	return refuse(http.StatusNotFound, codeNotFound, what+" does not exist, or is not granted to this client")
}

// conflict is 409.
func conflict(text string) *problem { return refuse(http.StatusConflict, codeConflict, text) }

// forbidden is 403.
func forbidden(text string) *problem { return refuse(http.StatusForbidden, codeForbidden, text) }

// busy is 429, to be tried again after the given time.
func busy(after time.Duration) *problem {
	p := refuse(http.StatusTooManyRequests, codeRate, "too many calls: slow down and try again after the seconds in Retry-After")
	p.retryAfter = after
	return p
}

// unauthorized is 401 with the challenge that RFC 7235 asks for.
func unauthorized(text, challenge string) *problem {
	p := refuse(http.StatusUnauthorized, codeAuth, text)
	p.challenge = challenge
	return p
}

// toProblem is the one place where errors become answers.
func toProblem(err error) *problem {
	var p *problem
	var large *http.MaxBytesError
	var wait *access.TooManyError
	var in *access.InputError
	var user *audience.InputError
	var away net.Error // of the database
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &large):
		return refuse(http.StatusRequestEntityTooLarge, codeTooLarge, fmt.Sprintf("the body is larger than %d bytes: send less at once", large.Limit))
	case errors.As(err, &wait):
		return busy(wait.After)
	case errors.As(err, &in):
		return invalid(in.Field, in.Text)
	case errors.As(err, &user):
		return invalid(user.Field, user.Text)
	case errors.Is(err, access.ErrDisabled):
		return refuse(http.StatusForbidden, codeClosed, access.ErrDisabled.Error())
	case errors.Is(err, fs.ErrNotExist):
		return missing("what the path names")
	case errors.Is(err, fs.ErrExist):
		return conflict("this name or key is taken already: choose another one")
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &away):
		p = refuse(http.StatusServiceUnavailable, codeAway, "the service could not finish in time: try again")
		p.retryAfter = time.Second
		return p
	}
	return refuse(http.StatusInternalServerError, codeInternal, "the service failed: look for this request's X-Request-Id in its log")
}

// fail answers an error. The detail of an unknown one stays in the log. An
// answer that has begun is broken off, for a reader must not take its beginning
// for all of it.
func (s *server) fail(c *call, err error) {
	p := toProblem(err)
	if p.status >= http.StatusInternalServerError && !errors.Is(err, context.Canceled) {
		s.Log.Error("call failed", "request", c.id, "method", c.Request.Method, "path", c.FullPath(), "err", err)
	}
	if c.Writer.Written() {
		panic(http.ErrAbortHandler)
	}
	h := c.Writer.Header()
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.retryAfter.Seconds()))))
	}
	if p.challenge != "" {
		h.Set("WWW-Authenticate", p.challenge)
	}
	body := map[string]any{"code": p.code, "message": p.message}
	if p.oauth != "" {
		body["error"], body["error_description"] = p.oauth, p.message
	}
	for k, v := range p.extra {
		body[k] = v
	}
	c.status, c.answer = p.status, body
	c.write()
}

// recovered answers a panic: it costs this call and no other.
func (s *server) recovered(c *call) {
	p := recover()
	if p == nil {
		return
	}
	if p == http.ErrAbortHandler { //nolint:errorlint // net/http compares it like this, too
		panic(p)
	}
	s.Log.Error("panic", "request", c.id, "path", c.FullPath(), "err", p, "stack", string(debug.Stack()))
	s.fail(c, refuse(http.StatusInternalServerError, codeInternal, "the service failed: look for this request's X-Request-Id in its log"))
}
