package wechat

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// maxAnswer bounds what is read of an answer.
const maxAnswer = 1 << 20

// door is the one way out to the vendor: it alone builds addresses, adds the token, and reads answers.
type door struct {
	base    string
	speaks  *dialect // whose codes the answers hold
	param   string   // the query parameter that carries the token
	tokens  TokenSource
	http    http.Client
	timeout time.Duration
	refused func(context.Context) // of an account, see API.Refused; nil: nobody asks
}

// request is one call. secrets are the values of body and query that no error may repeat.
type request struct {
	op, path string
	get      bool       // by GET, without a body
	query    url.Values // besides the token
	body     any
	open     bool // takes no token
	told     bool // a refusal has fields to be read, too
	most     int  // bytes of an answer; 0 is maxAnswer
	secrets  []string
}

// call makes the request and reads the answer into out. If the token is refused, it asks for another one and repeats
// the same bytes exactly once.
func (d *door) call(ctx context.Context, r request, out any) error {
	var body []byte
	if !r.get {
		var err error
		if body, err = encode(r.body); err != nil {
			return d.failed(r.op, ErrNotSent, "the request cannot be written as JSON", nil)
		}
	}
	if r.open {
		return d.once(ctx, r, "", body, out)
	}
	token, err := d.token(ctx)
	if err != nil {
		return &unsentError{d.speaks, r.op, err}
	}
	err = d.once(ctx, r, token, body, out)
	if !errors.Is(err, ErrTokenRefused) {
		return err
	}
	another, failed := d.tokens.Replace(ctx, token)
	if failed != nil {
		return &unsentError{d.speaks, r.op, failed}
	}
	if another == token || another == "" {
		return err
	}
	return d.once(ctx, r, another, body, out)
}

func (d *door) token(ctx context.Context) (string, error) {
	if d.tokens == nil {
		return "", errors.New("no token source")
	}
	token, err := d.tokens.Token(ctx)
	if err == nil && token == "" {
		err = errors.New("the token source gave an empty token")
	}
	return token, err
}

// once makes one HTTP exchange.
func (d *door) once(ctx context.Context, r request, token string, body []byte, out any) error {
	hide := scrubber(append(slices.Clone(r.secrets), token))
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	var sent atomic.Bool
	method := http.MethodPost
	if r.get {
		method = http.MethodGet
	}
	req, err := http.NewRequestWithContext(watch(ctx, &sent), method, d.address(r, token), bytes.NewReader(body))
	if err != nil {
		return d.failed(r.op, ErrNotSent, "the base address is not a URL", nil) // err would quote it, token and all
	}
	if !r.get {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := d.http.Do(req)
	if err != nil {
		kind := ErrNotSent
		if sent.Load() {
			kind = ErrUnanswered
		}
		return d.failed(r.op, kind, hide(bare(err).Error()), bare(err))
	}
	defer func() { _ = res.Body.Close() }()
	return d.noted(ctx, d.read(res, r, hide, out))
}

// noted tells of a refusal that says something of the account.
func (d *door) noted(ctx context.Context, err error) error {
	if d.refused != nil && (errors.Is(err, ErrNotAuthorized) || errors.Is(err, ErrPermission) || errors.Is(err, ErrAccount)) {
		d.refused(ctx)
	}
	return err
}

func (d *door) address(r request, token string) string {
	var query []string
	if token != "" {
		query = append(query, d.param+"="+url.QueryEscape(token))
	}
	if len(r.query) > 0 {
		query = append(query, r.query.Encode())
	}
	if len(query) == 0 {
		return d.base + r.path
	}
	return d.base + r.path + "?" + strings.Join(query, "&")
}

// watch notes whether a connection was ever had for the request: from then on it may have been written, even if the
// context ends first. The transport asks for a connection again only if nothing was written on the one before.
func watch(ctx context.Context, sent *atomic.Bool) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { sent.Store(false) },
		GotConn: func(httptrace.GotConnInfo) { sent.Store(true) },
	})
}

// bare takes the address, and with it the token, off an error of net/http.
func bare(err error) error {
	var withURL *url.Error
	for errors.As(err, &withURL) {
		err = withURL.Err
	}
	return err
}

// read looks at errcode before any other field. An answer it cannot read leaves open what became of the request.
func (d *door) read(res *http.Response, r request, hide func(string) string, out any) error {
	unanswered := func(text string, cause error) error {
		return d.failed(r.op, ErrUnanswered, text, cause)
	}
	most := cmp.Or(r.most, maxAnswer)
	raw, err := io.ReadAll(io.LimitReader(res.Body, int64(most)+1))
	if err != nil {
		return unanswered("the answer broke off: "+hide(bare(err).Error()), bare(err))
	}
	if res.StatusCode >= 500 {
		return unanswered(fmt.Sprintf("HTTP status %d", res.StatusCode), nil)
	}
	if len(raw) > most {
		return unanswered(fmt.Sprintf("the answer is over %d bytes", most), nil)
	}
	var verdict struct {
		Code number `json:"errcode"`
		Msg  string `json:"errmsg"`
	}
	if json.Unmarshal(raw, &verdict) != nil {
		return unanswered(fmt.Sprintf("HTTP status %d and no JSON object %s would write", res.StatusCode, d.speaks.name), nil)
	}
	if verdict.Code != 0 {
		if r.told {
			_ = json.Unmarshal(raw, out) // whatever of it can be read
		}
		return d.speaks.refusal(r.op, int(verdict.Code), hide(verdict.Msg), r.open)
	}
	if res.StatusCode != http.StatusOK {
		return unanswered(fmt.Sprintf("HTTP status %d", res.StatusCode), nil)
	}
	if json.Unmarshal(raw, out) != nil { // its error could quote the answer
		return unanswered("a field of the answer has an unexpected type", nil)
	}
	return nil
}

// incomplete is the error for an answer with neither an error nor the field it is there for.
func incomplete(op, field string) error { return weChat.incomplete(op, field) }

func (v *dialect) incomplete(op, field string) error {
	return &callError{by: v, op: op, kind: ErrUnanswered, text: "the answer has neither an error nor " + field}
}
