package api

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// description is the document as others read it.
var description = sync.OnceValues(func() (*openapi3.T, error) {
	text, err := document("http://test")
	if err != nil {
		return nil, err
	}
	return openapi3.NewLoader().LoadFromData(text)
})

func described(t *testing.T) *openapi3.T {
	t.Helper()
	d, err := description()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestTheDescriptionIsValidOpenAPIWithFittingExamples(t *testing.T) {
	t.Parallel()
	d := described(t)
	if !d.IsOpenAPI31OrLater() {
		t.Errorf("version %q", d.OpenAPI)
	}
	if err := d.Validate(context.Background(), openapi3.EnableExamplesValidation()); err != nil {
		t.Error(err)
	}
}

// gins are the parameters of a path as gin has them.
var gins = regexp.MustCompile(`[:*]([a-z_]+)`)

func TestTheTableAndTheDescriptionNameTheSameRoutes(t *testing.T) {
	t.Parallel()
	d, s := described(t), &server{}
	s.defaults()
	left := map[string]*openapi3.Operation{}
	for path, item := range d.Paths.Map() {
		for method, op := range item.Operations() {
			left[method+" "+path] = op
		}
	}
	for _, r := range s.routes() {
		name := r.method + " " + gins.ReplaceAllString(r.path, "{$1}")
		op, ok := left[name]
		if !ok {
			t.Errorf("%s is served and not described in openapi/*.yaml", name)
			continue
		}
		delete(left, name)
		holdsGuard(t, name, op, r.who)
	}
	for name := range left {
		t.Errorf("%s is described and not served", name)
	}
}

// holdsGuard wants the described security to be the guard's.
func holdsGuard(t *testing.T, name string, op *openapi3.Operation, who guard) {
	t.Helper()
	if who.scope == "" {
		if op.Security == nil {
			t.Errorf("%s needs no token: describe it with security: []", name)
		}
		return
	}
	var bearer, basic, scoped bool
	if op.Security != nil {
		for _, s := range *op.Security {
			_, b := s["bearer"]
			_, c := s["basic"]
			bearer, basic = bearer || b, basic || c
			scoped = scoped || strings.Join(s["oauth"], " ") == who.scope
		}
	}
	if !bearer || !scoped || basic != who.basic {
		t.Errorf("%s needs the scope %s: describe it with security: [{bearer: []}, {oauth: [%s]}], and {basic: []} on JUMS paths only", name, who.scope, who.scope)
	}
}

// fitsDescription holds an answer to what the description says of it, and the
// body of a call that succeeded to what it says one may send.
func fitsDescription(t *testing.T, req *http.Request, sent []byte, res *http.Response, body []byte) {
	t.Helper()
	d := described(t)
	path, item := describedPath(d, req.URL.Path)
	if item == nil || item.GetOperation(req.Method) == nil {
		return
	}
	operation := item.GetOperation(req.Method)
	asked := &openapi3filter.RequestValidationInput{Request: req, Route: &routers.Route{Spec: d, Path: path, PathItem: item, Method: req.Method, Operation: operation}}
	if res.StatusCode < 300 && len(sent) > 0 && operation.RequestBody != nil && !strings.HasPrefix(req.Header.Get("Content-Type"), "multipart/") {
		req.Body = io.NopCloser(bytes.NewReader(sent))
		if err := openapi3filter.ValidateRequestBody(context.Background(), asked, operation.RequestBody.Value); err != nil {
			t.Errorf("%s %s: the body %s was taken and is not as described: %v", req.Method, path, sent, err)
		}
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: asked,
		Status:                 res.StatusCode, Header: res.Header, Body: io.NopCloser(bytes.NewReader(body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	if !strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
		input.Options.ExcludeResponseBody = true
	}
	if err := openapi3filter.ValidateResponse(context.Background(), input); err != nil {
		t.Errorf("%s %s: the answer %d %s is not as described: %v", req.Method, path, res.StatusCode, body, err)
	}
}

// describedPath finds the path a request goes to; one without parameters wins.
func describedPath(d *openapi3.T, path string) (string, *openapi3.PathItem) {
	if item := d.Paths.Value(path); item != nil {
		return path, item
	}
	for template, item := range d.Paths.Map() {
		parts := regexp.MustCompile(`\\\{[a-zA-Z_]+\\\}`).ReplaceAllString(regexp.QuoteMeta(template), `[^/]+`)
		if regexp.MustCompile("^" + parts + "$").MatchString(path) {
			return template, item
		}
	}
	return "", nil
}
