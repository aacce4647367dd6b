package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"wechattpp/access"
)

// call is one request and what a handler answers to it.
type call struct {
	*gin.Context
	who access.Principal // zero on public routes
	id  string           // X-Request-Id

	status  int
	answer  any
	about   string         // what the audit entry is about
	details map[string]any // what it tells besides
	shown   string         // the secret it reveals, if it may be asked for again and again
}

// ctx ends with the request.
func (c *call) ctx() context.Context { return c.Request.Context() }

// reply sets the answer; the frame writes it. answer nil is an empty body.
func (c *call) reply(status int, answer any) error {
	c.status, c.answer = status, answer
	return nil
}

// target names what was changed, as "client/12".
func (c *call) target(name string) { c.about = name }

// note adds to the audit entry; never a secret.
func (c *call) note(key string, value any) {
	if c.details == nil {
		c.details = map[string]any{}
	}
	c.details[key] = value
}

// text is a path parameter.
func (c *call) text(name string) string { return c.Param(name) }

// number is a path parameter that must be a positive number; another one names
// nothing that exists.
func (c *call) number(name string) (int64, error) {
	n, err := strconv.ParseInt(c.Param(name), 10, 64)
	if err != nil || n <= 0 {
		return 0, missing(name + " " + strconv.Quote(c.Param(name)))
	}
	return n, nil
}

// write sends what reply set. A handler that streamed has sent it already.
func (c *call) write() {
	if c.status == 0 || c.Writer.Written() {
		return
	}
	if c.answer == nil {
		c.Writer.WriteHeader(c.status)
		c.Writer.WriteHeaderNow()
		return
	}
	c.Writer.Header().Set("Content-Type", "application/json; charset=utf-8")
	c.Writer.WriteHeader(c.status)
	e := json.NewEncoder(c.Writer)
	e.SetEscapeHTML(false)
	_ = e.Encode(c.answer) // the caller has gone: nobody to tell
}

// html sets a page as the answer.
func (c *call) html(status int, page []byte) error {
	c.Data(status, "text/html; charset=utf-8", page)
	return nil
}

// requestID is a random name for a call, for logs.
func requestID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails, says crypto/rand
	return hex.EncodeToString(b[:])
}

// created is what most POSTs answer with.
func (c *call) created(answer any) error { return c.reply(http.StatusCreated, answer) }
