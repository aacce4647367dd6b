package wechat

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// forwarded makes a call at a vendor and reads its answer whole.
func forwarded(t *testing.T, url string, src TokenSource, f Forward) (*Forwarded, string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	f.Path = "/cgi-bin/user/info"
	if f.Method == "" {
		f.Method = http.MethodGet
	}
	a, err := API{Base: url}.Account("wx1", src).Caller().Forward(ctx, f)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = a.Body.Close() }()
	body, err := io.ReadAll(a.Body)
	return a, string(body), err
}

// echo answers all that it was told, token and all.
func echo(status int, contentType string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Set-Cookie", "a="+r.URL.Query().Get("access_token"))
		w.Header().Set("Content-Disposition", "attachment; filename="+r.URL.Query().Get("access_token"))
		w.Header().Set("Location", "/x?"+r.URL.RawQuery)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, told(r))
	}
}

func TestACallIsPassedOnByteForByteWithOurTokenAndNothingThatTellsWhoCalls(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body []byte
	v := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json; encoding=utf-8")
		_, _ = io.WriteString(w, "{ \"errcode\":0 ,\"b\":\"\\u4f60 <&>\"}\n")
	}))
	t.Cleanup(v.Close)
	h := http.Header{"Content-Type": {"application/json"}, "Cookie": {"s=1"}, "Authorization": {"Bearer x"}, "X-Forwarded-For": {"192.0.2.1"}, "Forwarded": {"for=192.0.2.1"},
		"X-Real-Ip": {"192.0.2.1"}, "Connection": {"Content-Type"}, "Te": {"trailers"}, "Upgrade": {"h2c"}, "Proxy-Authorization": {"x"}, "Host": {"evil.example.com"}, "User-Agent": {"secret-app"}}
	sent := "{\"a\":\"\\u003c<&>\" }"
	_, answer, err := forwarded(t, v.URL, &tokens{list: []string{theToken}}, Forward{Method: "POST", Query: "lang=zh_CN&x=%20", Header: h, Body: strings.NewReader(sent), Length: int64(len(sent))})
	if err != nil || answer != "{ \"errcode\":0 ,\"b\":\"\\u4f60 <&>\"}\n" || string(body) != sent {
		t.Fatalf("%q %q %v", answer, body, err)
	}
	if got.URL.RawQuery != "access_token=61_TOKEN-one%2B%2F%3D&lang=zh_CN&x=%20" || got.Header.Get("Content-Type") != "application/json" || got.ContentLength != int64(len(sent)) {
		t.Errorf("%s %v", got.URL.RawQuery, got.Header)
	}
	for name := range got.Header {
		switch name {
		case "Content-Type", "Content-Length", "Accept-Encoding":
		case "User-Agent":
			if got.Header.Get(name) == "secret-app" {
				t.Error("the caller's User-Agent was passed on")
			}
		default:
			t.Errorf("header %s: %v was passed on", name, got.Header[name])
		}
	}
}

func TestNoAnswerTellsTheToken(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"application/json", "text/plain", "text/html", "", "application/octet-stream"} {
		v := httptest.NewServer(echo(http.StatusBadRequest, kind))
		a, body, err := forwarded(t, v.URL, &tokens{list: []string{theToken}}, Forward{})
		v.Close()
		if err != nil || a.Status != http.StatusBadRequest || !strings.Contains(body, "***") {
			t.Fatalf("%s: %q %v", kind, body, err)
		}
		if told := fmt.Sprint(a.Header) + body; strings.Contains(told, "TOKEN") || a.Header.Get("Set-Cookie") != "" || a.Header.Get("Location") != "" {
			t.Errorf("%s: %s", kind, told)
		}
	}
	for _, status := range []int{301, 302, 303, 307, 308, 304} {
		v := httptest.NewServer(echo(status, "text/html"))
		_, _, err := forwarded(t, v.URL, &tokens{list: []string{theToken}}, Forward{})
		v.Close()
		if !errors.Is(err, ErrUnanswered) || strings.Contains(err.Error(), "TOKEN") || !strings.Contains(err.Error(), "redirect") {
			t.Errorf("%d: %v", status, err)
		}
	}
}

func TestATokenAcrossTheSeamsOfAStreamIsBlottedOut(t *testing.T) {
	t.Parallel()
	words := blotted([]string{theToken})
	for at := range 70 {
		text := strings.Repeat("x", at) + theToken + "y" + strings.Repeat("z", 40)
		for cut := range len(text) {
			b := newBlotter([]byte(text[:cut]), iotest.OneByteReader(strings.NewReader(text[cut:])), words)
			got, err := io.ReadAll(b)
			want := strings.ReplaceAll(text, theToken, strings.Repeat("*", len(theToken)))
			if err != nil || string(got) != want {
				t.Fatalf("%d %d: %q, %v", at, cut, got, err)
			}
		}
	}
}

func TestALargeAnswerIsStreamedUnchanged(t *testing.T) {
	t.Parallel()
	file := bytes.Repeat([]byte("0123456789abcdef"), 3<<16) // 3 MiB
	v := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/jpeg")
		_, _ = w.Write(file)
	}))
	t.Cleanup(v.Close)
	a, body, err := forwarded(t, v.URL, &tokens{list: []string{theToken}}, Forward{})
	if err != nil || body != string(file) || a.Header.Get("Content-Type") != "image/jpeg" {
		t.Fatalf("%d bytes, %v", len(body), err)
	}
}

func TestARefusedTokenIsReplacedAndASmallCallRepeatedOnce(t *testing.T) {
	t.Parallel()
	for _, code := range []int{40001, 40014, 42001} {
		refusal := fmt.Sprintf(`{"errcode":%d,"errmsg":"no"}`, code)
		v := newVendor(t, refusal, `{"errcode":0,"n":1}`)
		src := &tokens{list: []string{"old", "new"}}
		a, body, err := forwarded(t, v.URL, src, Forward{Method: "POST", Body: strings.NewReader("body"), Length: -1})
		if err != nil || body != `{"errcode":0,"n":1}` || a.Code != 0 || len(v.got) != 2 || v.got[1].query != "access_token=new" || v.got[1].body != "body" {
			t.Errorf("%d: %q %v %v", code, body, err, v.got)
		}
		v = newVendor(t, refusal)
		src = &tokens{list: []string{"old", "new"}}
		if a, body, err := forwarded(t, v.URL, src, Forward{}); err != nil || body != refusal || a.Code != code || len(v.got) != 2 {
			t.Errorf("%d for ever: %q %v, %d calls", code, body, err, len(v.got))
		}
	}
	v := newVendor(t, `{"errcode":40003,"errmsg":"invalid openid"}`)
	src := &tokens{list: []string{"old"}}
	if a, _, err := forwarded(t, v.URL, src, Forward{}); err != nil || a.Code != 40003 || len(src.refused) != 0 || len(v.got) != 1 {
		t.Errorf("another refusal: %v, %v", err, src.refused)
	}
}

func TestABodyOverTheLimitIsStreamedAndNotRepeatedButItsTokenIsReplaced(t *testing.T) {
	t.Parallel()
	refusal := `{"errcode":40001,"errmsg":"no"}`
	for size, repeated := range map[int64]bool{ReplayMost: true, ReplayMost + 1: false} {
		v := newVendor(t, refusal, `{"errcode":0}`)
		src := &tokens{list: []string{"old", "new"}}
		_, body, err := forwarded(t, v.URL, src, Forward{Method: "POST", Body: io.LimitReader(zeros{}, size), Length: size})
		if err != nil || (body == refusal) == repeated || len(src.refused) != 1 || int64(len(v.got[0].body)) != size {
			t.Errorf("%d bytes: %q %v, %d calls, replaced %v", size, body, err, len(v.got), src.refused)
		}
	}
	v := newVendor(t, `{}`)
	var f *ForwardError
	if _, _, err := forwarded(t, v.URL, &tokens{list: []string{"t"}}, Forward{Method: "POST", Body: io.LimitReader(zeros{}, ReplayMost+1), Length: -1}); !errors.As(err, &f) || f.Field != "body" {
		t.Errorf("a large body of unknown length: %v", err)
	}
	if _, _, err := forwarded(t, v.URL, &tokens{list: []string{"t"}}, Forward{Method: "POST", Body: io.LimitReader(zeros{}, ReplayMost), Length: -1}); err != nil {
		t.Errorf("a small body of unknown length: %v", err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestWhatBreaksOffIsToldApart(t *testing.T) {
	t.Parallel()
	cut := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, `{"errcode":0`)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(cut.Close)
	src := &tokens{list: []string{theToken}}
	if _, _, err := forwarded(t, cut.URL, src, Forward{}); !errors.Is(err, ErrUnanswered) || strings.Contains(err.Error(), "TOKEN") {
		t.Errorf("an answer cut short: %v", err)
	}
	chunked := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"errcode":0`)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(chunked.Close)
	if _, _, err := forwarded(t, chunked.URL, src, Forward{}); !errors.Is(err, ErrUnanswered) {
		t.Errorf("a chunked answer cut short: %v", err)
	}
	if _, _, err := forwarded(t, "http://127.0.0.1:1", src, Forward{}); !errors.Is(err, ErrNotSent) || strings.Contains(err.Error(), "TOKEN") {
		t.Errorf("nobody there: %v", err)
	}
	broken := errors.New("the caller left")
	reading := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	t.Cleanup(reading.Close)
	for _, size := range []int64{10, ReplayMost + 10} {
		if _, _, err := forwarded(t, reading.URL, src, Forward{Method: "POST", Body: iotest.ErrReader(broken), Length: size}); !errors.Is(err, broken) {
			t.Errorf("a caller's body of %d that breaks off: %v", size, err)
		}
	}
}

func TestAVendorIsAskedAboutATokenWithoutReplacingIt(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]error{
		`{"ip_list":["127.0.0.1"]}`:            nil,
		`{"errcode":48001,"errmsg":"no"}`:      nil,
		`{"errcode":40001,"errmsg":"no"}`:      ErrTokenRefused,
		`{"errcode":42001,"errmsg":"no"}`:      ErrTokenRefused,
		`{"errcode":-1,"errmsg":"busy"}`:       ErrUnanswered,
		`<html>`:                               ErrUnanswered,
		`{"errcode":45009,"errmsg":"reached"}`: ErrThrottledDay,
	} {
		v := newVendor(t, answer)
		src := &tokens{list: []string{"current"}}
		err := API{Base: v.URL}.Account("wx1", src).Caller().Taken(t.Context(), "asked")
		if want == nil && err != nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", answer, err, want)
		}
		if len(v.got) != 1 || v.got[0].method != "GET" || v.got[0].path != "/cgi-bin/get_api_domain_ip" || v.got[0].query != "access_token=asked" || len(src.refused) != 0 {
			t.Errorf("%v, replaced %v", v.got, src.refused)
		}
	}
}
