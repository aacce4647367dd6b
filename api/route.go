package api

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// route is a line of the table.
type route struct {
	method, path string // path as gin has it: /v1/clients/:id
	who          guard
	do           func(*server, *call) error
	// action names the change, or the reveal of a secret, in the audit trail;
	// empty for what only reads.
	action string
	// body is the largest request body in bytes; 0 means 4 MiB.
	body int64
	// stream has no time limit: it ends with its reader, or by itself. table is
	// one when it is asked for as CSV.
	stream, table bool
	// perMinute limits calls of a public page per address; 0 means the usual
	// rate.
	perMinute int
}

// guard says who may call a route.
type guard struct {
	scope string // needed scope; empty is for everyone
	basic bool   // JUMS's Basic authentication is taken as well
	lean  bool   // a push: nothing that costs
	probe bool   // a monitor: public, and never too often
}

var (
	public = guard{}
	push   = guard{lean: true}
	probe  = guard{probe: true}
)

// scope lets in bearers of a token with the scope.
func scope(name string) guard { return guard{scope: name} }

// jums is scope, for JUMS's own paths, where ChannelKey and MasterSecret are
// taken as well.
func jums(name string) guard { return guard{scope: name, basic: true} }

const (
	pushBody = 1 << 20
	apiBody  = 4 << 20
	// callTime bounds a call but a stream.
	callTime = 30 * time.Second
)

// serve makes gin's handler of a route.
func (s *server) serve(r route) gin.HandlerFunc {
	if r.who.lean {
		return func(g *gin.Context) {
			c := &call{Context: g}
			defer s.recovered(c)
			c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, pushBody)
			s.finish(c, r, r.do(s, c))
		}
	}
	if r.body == 0 {
		r.body = apiBody
	}
	return func(g *gin.Context) {
		c := &call{Context: g, id: requestID()}
		defer s.logged(c, r, time.Now())
		defer s.recovered(c)
		headers(c)
		if r.stream || r.table && c.Query("format") == "csv" {
			_ = http.NewResponseController(c.Writer).SetWriteDeadline(time.Time{}) // a recorder in a test has none
		} else {
			ctx, cancel := context.WithTimeout(c.Request.Context(), callTime)
			defer cancel()
			c.Request = c.Request.WithContext(ctx)
		}
		c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, r.body)
		s.finish(c, r, s.guarded(c, r))
	}
}

// guarded runs the handler for those who may.
func (s *server) guarded(c *call, r route) error {
	if err := s.admit(c, r); err != nil {
		return err
	}
	return r.do(s, c)
}

// finish writes the answer. A change is in the audit trail before its answer
// goes out, so that no secret is shown without an entry.
func (s *server) finish(c *call, r route, err error) {
	if err == nil && r.action != "" {
		err = s.record(c, r)
	}
	if err != nil {
		s.fail(c, err)
		return
	}
	c.write()
}

func headers(c *call) {
	h := c.Writer.Header()
	h.Set("X-Request-Id", c.id)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
}

func noRoute(_ *server, c *call) error {
	return refuse(http.StatusNotFound, codeNotFound, "there is nothing at this path: see /docs for what there is")
}

func noMethod(_ *server, c *call) error {
	return refuse(http.StatusMethodNotAllowed, codeMethod, "this path does not take "+c.Request.Method+": use "+c.Writer.Header().Get("Allow"))
}
