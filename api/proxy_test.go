package api

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"wechattpp/access"
	"wechattpp/wechat"
)

// prefixed makes a client with proxy prefixes and answers a token of it.
func (p *pool) prefixed(prefixes []string, senders ...string) string {
	p.t.Helper()
	c, err := p.room.Create(context.Background(), access.Client{Name: "p", Scopes: []string{access.Proxy}, Senders: senders, ProxyPrefixes: prefixes})
	if err != nil {
		p.t.Fatal(err)
	}
	g, err := p.room.Exchange(context.Background(), "test", c.ChannelKey, "", c.Secret)
	if err != nil {
		p.t.Fatal(err)
	}
	return g.Token
}

// raw writes a request line as it is, which net/http would mend, and reads the answer.
func (p *pool) raw(line, jwt, headers string) (status int, body string) {
	p.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		p.t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer %s\r\n%s\r\n", line, jwt, headers)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		p.t.Fatalf("%q: %v", line, err)
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(b)
}

func TestACallIsPassedOnInTheSendersName(t *testing.T) {
	t.Parallel()
	p := newPool(t).world(time.Minute)
	jwt := p.prefixed([]string{"/cgi-bin/user"}, "shop")
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		r := p.call(method, "/v1/senders/shop/proxy/cgi-bin/user/info?openid=o1&Access_Token=evil&access_token=evil", jwt, `{"a":"\u003c"}`)
		want := fmt.Sprintf(`{"errcode":0,"method":%q,"uri":"/cgi-bin/user/info?access_token=**&openid=o1","body":"{\"a\":\"\\u003c\"}"}`, method)
		if r.status != http.StatusOK || string(r.body) != want || r.header.Get("Content-Type") != "application/json" {
			t.Errorf("%d %s\nwant %s", r.status, r.body, want)
		}
	}
	e := p.entries("proxy.call")
	if len(e) != 5 || e[4].Target != "sender/shop" || e[4].Detail["method"] != "GET" || e[4].Detail["path"] != "/cgi-bin/user/info" || e[4].Detail["status"] != 200.0 || e[4].Detail["errcode"] != nil {
		t.Errorf("audit: %+v", e)
	}
	if r := p.call("HEAD", "/v1/senders/shop/proxy/cgi-bin/user/info", jwt, nil); r.status != http.StatusOK {
		t.Errorf("HEAD: %d", r.status)
	}
}

func TestPathsThatCouldLeadElsewhereAreRefused(t *testing.T) {
	t.Parallel()
	p := newPool(t).world(time.Minute)
	jwt := p.prefixed([]string{"/"}, "shop")
	for _, path := range []string{"http://evil.example.com/x", "https://evil.example.com", "/evil.example.com/x", "@evil.example.com/x", "x@evil.example.com", "%2e%2e/x", "%2E%2E%2Fx", "cgi-bin%2Ftoken", "cgi-bin/%74oken",
		"..", "../../../v1/clients", "cgi-bin/../x", "./x", "cgi-bin//user", "cgi-bin/user/", "", "cgi-bin\\user", "cgi-bin/user%5c", "cgi-bin/user%00", "cgi-bin/user%0d%0aX-Evil:1", "cgi-bin/user#f", "cgi-bin/user%23f",
		"cgi-bin/user;a=1", "cgi-bin/user/info?a=1%0d%0aX:1", "cgi-bin/user/info?a;b", "cgi-bin/user/info?%zz"} {
		if status, body := p.raw("GET /v1/senders/shop/proxy/"+path, jwt, ""); status != http.StatusBadRequest || !strings.Contains(body, "4004") {
			t.Errorf("%q: %d %s", path, status, body)
		}
	}
	for _, path := range []string{"cgi-bin/token", "CGI-BIN/TOKEN", "cgi-bin/stable_token", "cgi-bin/gettoken", "cgi-bin/component/api_query_auth", "cgi-bin/clear_quota", "cgi-bin/clear_quota/v2", "cgi-bin/openapi/quota/clear", "cgi-bin/ticket/getticket"} {
		p.refused(p.call("POST", "/v1/senders/shop/proxy/"+path, jwt, `{}`), http.StatusForbidden, codeForbidden, "path names a call")
	}
	// A header cannot carry a line break: net/http refuses the control character.
	if status, _ := p.raw("GET /v1/senders/shop/proxy/cgi-bin/user/info", jwt, "Accept: a\rX-Evil: 1\r\n"); status != http.StatusBadRequest {
		t.Errorf("CR in a header: %d", status)
	}
	if p.calls.Load() != 0 {
		t.Errorf("%d of them reached the vendor", p.calls.Load())
	}
	for _, e := range p.entries("proxy.call") {
		if e.Detail["status"].(float64) < 400 {
			t.Errorf("audit: %+v", e)
		}
	}
	if n := len(p.entries("proxy.call")); n < 30 {
		t.Errorf("%d refused calls are in the trail", n)
	}
}

func TestAClientCallsWhatItsPrefixesAllowAndNoSenderOfOthers(t *testing.T) {
	t.Parallel()
	p := newPool(t).world(time.Minute)
	some, none := p.prefixed([]string{"/cgi-bin/user", "/cgi-bin/message/template"}, "shop"), p.prefixed(nil, "shop")
	p.refused(p.call("GET", "/v1/senders/shop/proxy/cgi-bin/users", some, nil), http.StatusForbidden, codeForbidden, "proxy_prefixes", "/cgi-bin/users")
	p.refused(p.call("GET", "/v1/senders/shop/proxy/cgi-bin/user/info", none, nil), http.StatusForbidden, codeForbidden, "proxy_prefixes")
	p.refused(p.call("GET", "/v1/senders/shop2/proxy/cgi-bin/user/info", some, nil), http.StatusNotFound, codeNotFound, "shop2")
	p.refused(p.call("POST", "/v1/senders/shop/proxy/cgi-bin/message/template/send", some, `{}`), http.StatusForbidden, codeForbidden, "set 7")
	if r := p.call("GET", "/v1/senders/shop2/proxy/datacube/getusersummary", p.admin, nil); r.status != http.StatusOK {
		t.Errorf("an administrator: %d %s", r.status, r.body)
	}
	if status, _ := p.raw("GET /v1/senders/shop2%2f..%2fshop/proxy/cgi-bin/user/info", some, ""); status < 400 {
		t.Errorf("another sender's path, escaped: %d", status)
	}
	if p.calls.Load() != 1 {
		t.Errorf("%d calls reached the vendor", p.calls.Load())
	}
}

func TestARefusedTokenIsRenewedBehindTheProxy(t *testing.T) {
	t.Parallel()
	p := newPool(t).world(time.Minute)
	jwt := p.prefixed([]string{"/"}, "shop")
	other := "another"
	p.taken.Store(&other)
	r := p.call("POST", "/v1/senders/shop/proxy/cgi-bin/user/info", jwt, `{"n":1}`)
	if r.status != http.StatusOK || !strings.Contains(string(r.body), `{\"n\":1}`) || p.minted.Load() != 1 {
		t.Errorf("%d %s, %d renewals", r.status, r.body, p.minted.Load())
	}
	p.taken.Store(&other)
	r = p.call("POST", "/v1/senders/shop/proxy/cgi-bin/user/info", jwt, `{"n":1}`)
	if !strings.Contains(string(r.body), "40001") || p.minted.Load() != 1 {
		t.Errorf("refused again within 30 s: %s, %d renewals", r.body, p.minted.Load())
	}
	if e := p.entries("proxy.call"); len(e) != 2 || e[0].Detail["errcode"] != 40001.0 {
		t.Errorf("audit: %+v", e)
	}
}

func TestFilesGoThroughInBothDirections(t *testing.T) {
	t.Parallel()
	p := newPool(t).world(time.Minute)
	jwt := p.prefixed([]string{"/cgi-bin/media"}, "shop")
	file := bytes.Repeat([]byte("\x00\xff0123456789abcd"), 3<<16) // 3 MiB
	media := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			w.Header().Set("Content-Type", "image/jpeg")
			w.Header().Set("Content-Disposition", `attachment; filename="a.jpg"`)
			_, _ = w.Write(file)
			return
		}
		f, h, err := r.FormFile("media")
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		got, _ := io.ReadAll(f)
		_, _ = fmt.Fprintf(w, `{"media_id":"M","name":%q,"same":%t,"length":%d}`, h.Filename, bytes.Equal(got, file), r.ContentLength)
	})
	p.answer.Store(&media)
	down := p.call("GET", "/v1/senders/shop/proxy/cgi-bin/media/get?media_id=M", jwt, nil)
	if !bytes.Equal(down.body, file) || down.header.Get("Content-Type") != "image/jpeg" || down.header.Get("Content-Disposition") == "" {
		t.Errorf("download: %d bytes, %v", len(down.body), down.header)
	}
	var form bytes.Buffer
	m := multipart.NewWriter(&form)
	part, _ := m.CreateFormFile("media", "a.jpg")
	_, _ = part.Write(file)
	_ = m.Close()
	up := p.call("POST", "/v1/senders/shop/proxy/cgi-bin/media/upload?type=image", jwt, form.String(), func(r *http.Request) { r.Header.Set("Content-Type", m.FormDataContentType()) })
	if want := fmt.Sprintf(`{"media_id":"M","name":"a.jpg","same":true,"length":%d}`, form.Len()); string(up.body) != want {
		t.Errorf("upload: %s, want %s", up.body, want)
	}
	p.refused(p.call("POST", "/v1/senders/shop/proxy/cgi-bin/media/upload", jwt, form.String(), func(r *http.Request) { r.ContentLength, r.TransferEncoding = -1, []string{"chunked"} }),
		http.StatusLengthRequired, codeInvalid, "Content-Length")
	if status, body := p.raw("POST /v1/senders/shop/proxy/cgi-bin/media/upload", jwt, fmt.Sprintf("Content-Length: %d\r\n", proxyBody+1)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a body over the limit: %d %s", status, body)
	}
}

func TestWhatTheVendorDoesWrongIsToldWithoutTheToken(t *testing.T) {
	t.Parallel()
	p := newPool(t).world(time.Minute)
	secret := "TOKEN-that-nobody-may-see"
	p.put(secret, time.Minute)
	jwt := p.prefixed([]string{"/"}, "shop")
	for name, c := range map[string]struct {
		serve  http.HandlerFunc
		status int
	}{
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://evil.example.com/?"+r.URL.RawQuery, http.StatusFound)
		}, http.StatusBadGateway},
		"a failure": {func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, r.URL.String(), http.StatusInternalServerError)
		}, http.StatusInternalServerError},
		"an echo": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Set-Cookie", r.URL.RawQuery)
			_, _ = fmt.Fprintf(w, `{"errcode":40003,"errmsg":%q}`, r.URL)
		}, http.StatusOK},
		"a reset": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, http.StatusBadGateway},
	} {
		p.answer.Store(&c.serve)
		r := p.call("POST", "/v1/senders/shop/proxy/cgi-bin/user/info", jwt, `{}`)
		if r.status != c.status || strings.Contains(fmt.Sprint(r.header)+string(r.body), secret) || r.header.Get("Location") != "" || r.header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %d %v %s", name, r.status, r.header, r.body)
		}
	}
	_, lent := p.client([]string{access.Tokens}, "shop")
	if r := p.call("GET", "/v1/senders/shop/access-token", lent, nil); !strings.Contains(string(r.body), secret) {
		t.Errorf("who may have it: %s", r.body)
	}
	if strings.Contains(p.log.String(), secret) {
		t.Error("the token is in the log")
	}
}

func TestAnAnswerThatBreaksOffEndsTheConnection(t *testing.T) {
	t.Parallel()
	p := newPool(t).world(time.Minute)
	jwt := p.prefixed([]string{"/"}, "shop")
	cut := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, wechat.ReplayMost))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	p.answer.Store(&cut)
	req, _ := http.NewRequestWithContext(t.Context(), "GET", p.url+"/v1/senders/shop/proxy/cgi-bin/media/get", nil)
	req.Header.Set("Authorization", "Bearer "+jwt)
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if n, err := io.Copy(io.Discard, res.Body); err == nil {
		t.Errorf("%d bytes of a cut answer look whole", n)
	}
}
