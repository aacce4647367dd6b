package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// caller speaks to the API as a business system would; the demo uses it.
type caller struct {
	base string
	auth string // value of the Authorization header, if any
	http *http.Client

	header http.Header                                                       // sent with each call; may be nil
	say    func(method, path string, body []byte, status int, answer []byte) // tells of each call; may be nil
}

func newCaller(base, auth string) *caller {
	return &caller{base: base, auth: auth, http: &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// apiError is an answer that is no success.
type apiError struct {
	Status  int
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (e *apiError) Error() string {
	return fmt.Sprintf("HTTP %d, code %d: %s", e.Status, e.Code, e.Message)
}

// call sends body as JSON, unless it is nil, and reads the answer into out.
func (c *caller) call(ctx context.Context, method, path string, body, out any) error {
	var in []byte
	if body != nil {
		var err error
		if in, err = json.Marshal(body); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(in))
	if err != nil {
		return err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, values := range c.header {
		req.Header[name] = values
	}
	return c.do(req, in, out)
}

// login gets a JWT for a client and uses it from then on.
func (c *caller) login(ctx context.Context, key, secret string) error {
	form := url.Values{"grant_type": {"client_credentials"}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/v1/oauth/token", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(key, secret)
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := c.do(req, []byte(form.Encode()), &answer); err != nil {
		return err
	}
	c.auth = "Bearer " + answer.Token
	return nil
}

func (c *caller) do(req *http.Request, in []byte, out any) error {
	if c.auth != "" && req.Header.Get("Authorization") == "" {
		req.Header.Set("Authorization", c.auth)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	if err != nil {
		return err
	}
	if c.say != nil {
		c.say(req.Method, req.URL.Path, in, res.StatusCode, b)
	}
	if res.StatusCode >= 300 {
		e := &apiError{Status: res.StatusCode}
		if json.Unmarshal(b, e) != nil {
			e.Message = strings.TrimSpace(string(b[:min(len(b), 200)]))
		}
		return e
	}
	if out == nil || len(b) == 0 {
		return nil
	}
	return json.Unmarshal(b, out)
}

// until asks again every 50 ms until done says yes or ctx ends.
func until(ctx context.Context, what string, done func() (bool, error)) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := done()
		if ok && err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			if err != nil {
				return fmt.Errorf("%s: %w", what, err)
			}
			return fmt.Errorf("%s did not happen in time", what)
		case <-tick.C:
		}
	}
}
