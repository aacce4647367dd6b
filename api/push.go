package api

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"wechattpp/callback"
)

// Where WeChat pushes to, unless configured otherwise.
const (
	componentPath = "/wechattpp/component"
	messagePath   = "/wechattpp/$APPID$/message"
)

// appIDPath is the message path as gin has it.
func appIDPath(path string) string { return strings.Replace(path, "/$APPID$", "/:appid", 1) }

// pushHere answers a person or a monitor; WeChat verifies no component's
// address by GET.
func (s *server) pushHere(c *call) error {
	plainText(c, "WeChat pushes to this address.\n")
	return nil
}

func (s *server) componentPush(c *call) error {
	return s.push(c, callback.Request{Source: callback.Component})
}

func (s *server) messagePush(c *call) error {
	return s.push(c, callback.Request{Source: callback.Message, AppID: c.text("appid")})
}

// pushOf takes the pushes to the address of a sender with a secret of its own.
func pushOf(source callback.Source) func(*server, *call) error {
	return func(s *server, c *call) error {
		return s.push(c, callback.Request{Source: source, Sender: c.text("sender")})
	}
}

// verifyOf answers the vendor, which asks whether an address is ours when
// someone enters it.
func verifyOf(source callback.Source) func(*server, *call) error {
	signature := "signature"
	if source == callback.WeCom {
		signature = "msg_signature"
	}
	return func(s *server, c *call) error {
		answer, err := s.Callback.Verify(&callback.Challenge{Source: source, Sender: c.text("sender"), At: time.Now(),
			Timestamp: c.Query("timestamp"), Nonce: c.Query("nonce"), Signature: c.Query(signature), Echo: c.Query("echostr")})
		if err != nil {
			return refusedPush(err)
		}
		plainText(c, answer)
		return nil
	}
}

// push brings a push to the door. What the door reads out of the body is its
// own copy, so that the buffer can serve the next push.
func (s *server) push(c *call, r callback.Request) error {
	r.At = time.Now()
	buf := bodies.Get().(*bytes.Buffer)
	defer giveBack(buf)
	if err := readPush(c.Request, buf); err != nil {
		return refusedPush(s.Callback.Refuse(r.Source, err))
	}
	r.Body = buf.Bytes()
	r.Timestamp, r.Nonce, r.Signature = signed(c.Request.URL.RawQuery)
	answer, err := s.Callback.Receive(&r)
	if err != nil {
		return refusedPush(err)
	}
	pushAnswer(c, answer)
	return nil
}

var bodies = sync.Pool{New: func() any { return bytes.NewBuffer(make([]byte, 0, 4<<10)) }}

// keptBody is what a buffer that waits for the next push may hold, about.
const keptBody = 32 << 10

// giveBack keeps ordinary buffers; rare long pushes must not make all of them
// large.
func giveBack(buf *bytes.Buffer) {
	if buf.Cap() <= 2*keptBody {
		buf.Reset()
		bodies.Put(buf)
	}
}

func readPush(r *http.Request, buf *bytes.Buffer) *callback.Refusal {
	if r.ContentLength > callback.MaxBody {
		return callback.TooLarge
	}
	buf.Grow(min(max(int(r.ContentLength), 0), keptBody) + bytes.MinRead) // no more on a stranger's word
	var large *http.MaxBytesError
	switch _, err := buf.ReadFrom(r.Body); {
	case errors.As(err, &large):
		return callback.TooLarge
	case err != nil:
		return callback.Unreadable
	}
	return nil
}

// signed takes what the signature covers out of a query, without the map that
// url.ParseQuery makes.
func signed(query string) (timestamp, nonce, signature string) {
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		name, value, _ := strings.Cut(pair, "=")
		switch name {
		case "timestamp":
			timestamp = unescaped(value)
		case "nonce":
			nonce = unescaped(value)
		case "msg_signature":
			signature = unescaped(value)
		}
	}
	return timestamp, nonce, signature
}

func unescaped(value string) string {
	if plain, err := url.QueryUnescape(value); err == nil {
		return plain
	}
	return value // as it came: it will not fit the signature
}

// refusedPush gives a refusal its status.
func refusedPush(err error) error {
	var r *callback.Refusal
	if errors.As(err, &r) {
		return refuse(r.Status, 10*r.Status, r.Error())
	}
	return err
}

var (
	textType = []string{"text/plain; charset=utf-8"}
	xmlType  = []string{"text/xml; charset=utf-8"}
	noSniff  = []string{"nosniff"}
)

// pushAnswer is success or nothing, or a passive reply.
func pushAnswer(c *call, text string) {
	if strings.HasPrefix(text, "<") {
		written(c, xmlType, text)
		return
	}
	plainText(c, text)
}

func plainText(c *call, text string) { written(c, textType, text) }

func written(c *call, kind []string, text string) {
	h := c.Writer.Header()
	h["Content-Type"], h["X-Content-Type-Options"] = kind, noSniff
	c.Writer.WriteHeader(http.StatusOK)
	_, _ = c.Writer.WriteString(text) // the pusher has gone: nobody to tell
}
