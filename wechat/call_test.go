package wechat

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// tokens is a TokenSource that hands out its list in order and notes what was refused.
type tokens struct {
	mu      sync.Mutex
	list    []string
	refused []string
	err     error // what Replace answers
}

func (s *tokens) Token(context.Context) (string, error) { return s.list[0], nil }

func (s *tokens) Replace(_ context.Context, refused string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused = append(s.refused, refused)
	if s.err != nil {
		return "", s.err
	}
	return s.list[len(s.refused)], nil
}

// asked is one request as the vendor saw it.
type asked struct{ method, path, query, body, contentType string }

// vendor answers the texts in order, the last one for ever, and notes what it was asked.
type vendor struct {
	*httptest.Server
	mu      sync.Mutex
	answers []string
	got     []asked
}

func newVendor(t *testing.T, answers ...string) *vendor {
	t.Helper()
	v := &vendor{answers: answers}
	v.Server = httptest.NewServer(v)
	t.Cleanup(v.Close)
	return v
}

func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.got = append(v.got, asked{r.Method, r.URL.Path, r.URL.RawQuery, string(body), r.Header.Get("Content-Type")})
	_, _ = io.WriteString(w, v.answers[min(len(v.got), len(v.answers))-1])
}

const (
	theToken   = "61_TOKEN-one+/="
	theSecret  = "0fSECRET+/=0f"
	theTicket  = "ticket@@@TICKET"
	theRefresh = "refreshtoken@@@REFRESH"
	theCode    = "queryauthcode@@@CODE"
)

// methods are all calls there are, with secrets in every place that takes one.
var methods = map[string]func(context.Context, API) error{
	"Mint": func(ctx context.Context, a API) error {
		_, err := a.Component("wxc", nil).Mint(ctx, theSecret, theTicket)
		return err
	},
	"StartPushTicket": func(ctx context.Context, a API) error {
		_, err := a.Component("wxc", nil).StartPushTicket(ctx, theSecret)
		return err
	},
	"PreAuthCode": func(ctx context.Context, a API) error {
		_, err := a.Component("wxc", &tokens{list: []string{theToken}}).PreAuthCode(ctx)
		return err
	},
	"QueryAuth": func(ctx context.Context, a API) error {
		_, err := a.Component("wxc", &tokens{list: []string{theToken}}).QueryAuth(ctx, theCode)
		return err
	},
	"AuthorizerToken": func(ctx context.Context, a API) error {
		_, err := a.Component("wxc", &tokens{list: []string{theToken}}).AuthorizerToken(ctx, "wx1", theRefresh)
		return err
	},
	"AuthorizerInfo": func(ctx context.Context, a API) error {
		_, err := a.Component("wxc", &tokens{list: []string{theToken}}).AuthorizerInfo(ctx, "wx1")
		return err
	},
	"AuthorizerList": func(ctx context.Context, a API) error {
		_, err := a.Component("wxc", &tokens{list: []string{theToken}}).AuthorizerList(ctx, 0, 500)
		return err
	},
	"SendSubscribe": func(ctx context.Context, a API) error {
		_, err := a.Account("wx1", &tokens{list: []string{theToken}}).SendSubscribe(ctx, SubscribeMessage{ToUser: "oA", TemplateID: "T"})
		return err
	},
	"SendNotice": func(ctx context.Context, a API) error {
		_, err := a.Account("wx1", &tokens{list: []string{theToken}}).SendNotice(ctx, SubscribeMessage{ToUser: "oA", TemplateID: "T"})
		return err
	},
	"SendOneTime": func(ctx context.Context, a API) error {
		return a.Account("wx1", &tokens{list: []string{theToken}}).SendOneTime(ctx, OneTimeMessage{ToUser: "oA", TemplateID: "T", Title: "t", Content: "c"})
	},
	"SendCustomer": func(ctx context.Context, a API) error {
		_, err := a.Account("wx1", &tokens{list: []string{theToken}}).SendCustomer(ctx, CustomerMessage{ToUser: "oA", Type: "image", Object: []byte("{}")})
		return err
	},
	"PageTicket": func(ctx context.Context, a API) error {
		_, err := a.Account("wx1", &tokens{list: []string{theToken}}).PageTicket(ctx)
		return err
	},
	"SendText": func(ctx context.Context, a API) error {
		return a.Account("wx1", &tokens{list: []string{theToken}}).SendText(ctx, "oA", theCode+ReleaseCodeSuffix)
	},
	"StableToken": func(ctx context.Context, a API) error {
		_, err := a.StableToken(ctx, "wx1", theSecret)
		return err
	},
	"WeCom.Mint": func(ctx context.Context, a API) error {
		_, err := a.WeCom("ww1", 1000002, nil).Mint(ctx, theSecret)
		return err
	},
	"WeCom.Agent": func(ctx context.Context, a API) error {
		_, err := a.WeCom("ww1", 1000002, &tokens{list: []string{theToken}}).Agent(ctx)
		return err
	},
	"SendTemplate": func(ctx context.Context, a API) error {
		_, err := a.Account("wx1", &tokens{list: []string{theToken}}).SendTemplate(ctx, TemplateMessage{ToUser: "oA"})
		return err
	},
}

// broken are servers of all the sorts that fail, most of them telling all they were told.
var broken = map[string]struct {
	serve http.HandlerFunc
	want  error
}{
	"an error that repeats the request": {func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, `{"errcode":40097,"errmsg":%q}`, told(r))
	}, nil},
	"busy, repeating the request": {func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, `{"errcode":-1,"errmsg":%q}`, told(r))
	}, ErrUnanswered},
	"an error whose code is in quotes": {func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, `{"errcode":"41001","errmsg":%q}`, told(r))
	}, ErrRequest},
	"HTTP 500": {func(w http.ResponseWriter, r *http.Request) { http.Error(w, told(r), 500) }, ErrUnanswered},
	"HTTP 502 with an errcode": {func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(502)
		_, _ = io.WriteString(w, `{"errcode":48001}`)
	}, ErrUnanswered},
	"HTTP 404 with JSON": {func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(404)
		_, _ = io.WriteString(w, `{"errcode":0}`)
	}, ErrUnanswered},
	"a page of HTML": {func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "<html>"+told(r)) }, ErrUnanswered},
	"a JSON string":  {func(w http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprintf(w, "%q", told(r)) }, ErrUnanswered},
	"null":           {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "null") }, ErrUnanswered},
	"nothing at all": {func(http.ResponseWriter, *http.Request) {}, ErrUnanswered},
	"neither a field nor an error": {func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"expires_in":7200}`)
	}, ErrUnanswered},
	"an errcode that is no number": {func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, `{"errcode":%q}`, told(r))
	}, ErrUnanswered},
	"fields of the wrong type": {func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, `{"component_access_token":1,"pre_auth_code":[],"authorization_info":%[1]q,"authorizer_access_token":2,"authorizer_info":%[1]q,"total_count":%[1]q,"msgid":%[1]q,"access_token":3,"agentid":%[1]q,"errmsg":[]}`, told(r))
	}, ErrUnanswered},
	"JSON cut off": {func(w http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprintf(w, `{"errmsg":%q`, told(r)) }, ErrUnanswered},
	"an answer without end": {func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"errmsg":"`)
		for i := 0; i < 2<<20; i += 1 << 10 {
			if _, err := io.WriteString(w, strings.Repeat("x", 1<<10)); err != nil {
				return
			}
		}
	}, ErrUnanswered},
	"a good answer with blanks without end": {func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"component_access_token":"x","pre_auth_code":"x","authorization_info":{"authorizer_appid":"x"},"authorizer_access_token":"x","authorizer_info":{},"total_count":0,"msgid":1,"access_token":"x","agentid":1,"errcode":0}`+strings.Repeat(" ", maxAnswer))
	}, ErrUnanswered},
	"a body shorter than announced": {func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100000")
		_, _ = io.WriteString(w, told(r))
	}, ErrUnanswered},
	"a redirect that carries the token": {func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere?"+r.URL.RawQuery, http.StatusTemporaryRedirect)
	}, ErrUnanswered},
	"a status line of our making": {func(w http.ResponseWriter, r *http.Request) {
		hijack(w, "HTTP/9.9 "+told(r)+"\r\n\r\n")
	}, ErrUnanswered},
	"a header of our making": {func(w http.ResponseWriter, r *http.Request) {
		hijack(w, "HTTP/1.1 200 OK\r\n"+r.URL.RawQuery+"\r\n\r\n")
	}, ErrUnanswered},
	"a reset": {func(w http.ResponseWriter, _ *http.Request) { hijack(w, "") }, ErrUnanswered},
	"silence": {silent, ErrUnanswered},
}

// told is all that a server knows of a request.
func told(r *http.Request) string {
	body, _ := io.ReadAll(r.Body)
	return r.URL.String() + " " + r.URL.Query().Encode() + " " + r.URL.Query().Get("access_token") + r.URL.Query().Get("component_access_token") + " " + string(body)
}

// silent answers nothing until the caller goes, which a server notices only once it has read the body.
func silent(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

func hijack(w http.ResponseWriter, answer string) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	if answer == "" {
		_ = conn.(*net.TCPConn).SetLinger(0)
	}
	_, _ = io.WriteString(conn, answer)
	_ = conn.Close()
}

func TestNoSecretIsEverInAnErrorWhateverTheServerDoes(t *testing.T) {
	t.Parallel()
	for kind, server := range broken {
		for name, call := range methods {
			t.Run(kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				var asked atomic.Int32
				ctx, leave := context.WithCancel(t.Context())
				defer leave()
				s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					asked.Add(1)
					if kind == "silence" { // nothing else ends the call
						leave()
					}
					server.serve(w, r)
				}))
				defer s.Close()
				err := call(ctx, API{Base: s.URL, WeComBase: s.URL, HTTP: s.Client(), Timeout: 20 * time.Second})
				if name == "StartPushTicket" && err == nil {
					t.Fatal("no error, nor has the server said that all is well")
				}
				if err == nil {
					t.Fatal("no error")
				}
				if server.want != nil && !errors.Is(err, server.want) {
					t.Errorf("%v: want %v", err, server.want)
				}
				if errors.Is(err, ErrNotSent) || asked.Load() != 1 {
					t.Errorf("asked %d times, %v", asked.Load(), err)
				}
				findSecrets(t, err)
			})
		}
	}
}

func findSecrets(t *testing.T, err error) {
	t.Helper()
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Error("x", "err", err)
	text := fmt.Sprintf("%v\n%+v\n%s", err, err, log.String())
	for _, secret := range []string{theToken, theSecret, theTicket, theRefresh, theCode} {
		for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret)} {
			if strings.Contains(text, form) {
				t.Errorf("%s is in %s", form, text)
			}
		}
	}
}

func TestWhatNeverReachedTheVendorIsNotSent(t *testing.T) {
	t.Parallel()
	const nobody = "http://127.0.0.1:1"
	unknown := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { // no test waits for a name server
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "nowhere.invalid", IsNotFound: true}}
	}}}
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	secure.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	defer secure.Close()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	tests := map[string]struct {
		ctx  context.Context
		base string
		by   *http.Client
		want error
	}{
		"nobody listens":               {t.Context(), nobody, nil, ErrNotSent},
		"an unknown certificate":       {t.Context(), secure.URL, nil, ErrNotSent},
		"no such host":                 {t.Context(), "http://nowhere.invalid", unknown, ErrNotSent},
		"a base address that is none":  {t.Context(), "http://[::1", nil, ErrNotSent},
		"a caller who is gone already": {ended, nobody, nil, context.Canceled},
	}
	for kind, test := range tests {
		for name, call := range methods {
			err := call(test.ctx, API{Base: test.base, WeComBase: test.base, HTTP: test.by})
			if !errors.Is(err, ErrNotSent) || !errors.Is(err, test.want) || errors.Is(err, ErrUnanswered) {
				t.Errorf("%s, %s: %v", kind, name, err)
			}
			findSecrets(t, err)
		}
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int32
	mux := http.NewServeMux()
	mux.HandleFunc("/elsewhere", func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	})
	s := httptest.NewServer(mux)
	defer s.Close()
	for name, call := range methods {
		if err := call(t.Context(), API{Base: s.URL, WeComBase: s.URL}); !errors.Is(err, ErrUnanswered) || elsewhere.Load() > 0 {
			t.Errorf("%s: %v, followed %d times", name, err, elsewhere.Load())
		}
	}
}

func TestARefusedTokenIsReplacedAndTheSameBytesAreSentOnceMore(t *testing.T) {
	t.Parallel()
	for _, code := range []int{40001, 40014, 42001, 42006} {
		v := newVendor(t, fmt.Sprintf(`{"errcode":%d,"errmsg":"x"}`, code), `{"errcode":0,"msgid":3487542469355618313}`)
		source := &tokens{list: []string{"old", "new"}}
		id, err := API{Base: v.URL}.Account("wx1", source).SendTemplate(t.Context(), TemplateMessage{ToUser: "oA", ClientMsgID: "c1", Data: map[string]string{"b": "2", "a": "1"}})
		if err != nil || id != 3487542469355618313 {
			t.Errorf("%d: id %d, %v", code, id, err)
		}
		if len(v.got) != 2 || v.got[0].query != "access_token=old" || v.got[1].query != "access_token=new" || v.got[0].body != v.got[1].body {
			t.Errorf("%d: asked %+v", code, v.got)
		}
		if fmt.Sprint(source.refused) != "[old]" {
			t.Errorf("%d: refused %v", code, source.refused)
		}
	}
}

func TestATokenRefusedTwiceIsAnError(t *testing.T) {
	t.Parallel()
	v := newVendor(t, `{"errcode":40001,"errmsg":"invalid credential rid: 1-2-3"}`)
	source := &tokens{list: []string{"old", "new", "newer"}}
	_, err := API{Base: v.URL}.Component("wxc", source).PreAuthCode(t.Context())
	if !errors.Is(err, ErrTokenRefused) || errors.Is(err, ErrSecret) || len(v.got) != 2 || len(source.refused) != 1 {
		t.Errorf("%v after %d requests, %d replacements", err, len(v.got), len(source.refused))
	}
	if v.got[1].query != "component_access_token=new" {
		t.Errorf("asked with %s", v.got[1].query)
	}
}

func TestATokenThatCannotBeReplacedLeavesTheCallUnsent(t *testing.T) {
	t.Parallel()
	v := newVendor(t, `{"errcode":42001,"errmsg":"expired"}`)
	for name, cause := range map[string]error{
		"the ticket is gone":    weChat.refusal("api_component_token", 61006, "", true),
		"its minting timed out": &callError{op: "api_component_token", kind: ErrUnanswered},
		"WeChat is busy":        weChat.refusal("api_component_token", -1, "", true),
	} {
		_, err := API{Base: v.URL}.Account("wx1", &tokens{list: []string{"old"}, err: cause}).SendTemplate(t.Context(), TemplateMessage{})
		if !errors.Is(err, ErrNotSent) || errors.Is(err, ErrUnanswered) || errors.Is(err, ErrBusy) {
			t.Errorf("%s: %v: this call was not handed over, whatever became of the token's", name, err)
		}
		if name == "the ticket is gone" && !errors.Is(err, ErrTicket) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheSameTokenAgainIsNotTried(t *testing.T) {
	t.Parallel()
	v := newVendor(t, `{"errcode":40001}`)
	_, err := API{Base: v.URL}.Account("wx1", &tokens{list: []string{"old", "old"}}).SendTemplate(t.Context(), TemplateMessage{})
	if !errors.Is(err, ErrTokenRefused) || len(v.got) != 1 {
		t.Errorf("%v after %d requests", err, len(v.got))
	}
}

func TestAWrongSecretIsNotARefusedToken(t *testing.T) {
	t.Parallel()
	v := newVendor(t, `{"errcode":40001,"errmsg":"invalid credential"}`)
	_, err := API{Base: v.URL}.Component("wxc", nil).Mint(t.Context(), theSecret, theTicket)
	if !errors.Is(err, ErrSecret) || errors.Is(err, ErrTokenRefused) || len(v.got) != 1 {
		t.Errorf("%v after %d requests", err, len(v.got))
	}
}

func TestAnEmptyTokenIsNeverSent(t *testing.T) {
	t.Parallel()
	v := newVendor(t, `{}`)
	_, err := API{Base: v.URL}.Account("wx1", &tokens{list: []string{""}}).SendTemplate(t.Context(), TemplateMessage{})
	if !errors.Is(err, ErrNotSent) || len(v.got) != 0 {
		t.Errorf("%v after %d requests", err, len(v.got))
	}
}

func TestATimeoutTellsThatItWasOne(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(silent))
	defer s.Close()
	err := methods["SendTemplate"](t.Context(), API{Base: s.URL, Timeout: time.Second})
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, ErrUnanswered) {
		t.Errorf("%v", err)
	}
}

func TestACallWithoutAVerdictNamesTheVendor(t *testing.T) {
	t.Parallel()
	v := newVendor(t, "<html>")
	src := &tokens{list: []string{theToken}}
	a := API{Base: v.URL, WeComBase: v.URL}
	_, wk := a.WeCom("ww1", 7, src).Send(t.Context(), AppMessage{Users: []string{"a"}, Type: "text", Object: []byte(`{"content":"x"}`)})
	_, oa := a.Account("wx1", src).SendCustomer(t.Context(), CustomerMessage{ToUser: "o", Type: "text", Object: []byte(`{"content":"x"}`)})
	for prefix, err := range map[string]error{"wecom message/send: ": wk, "wechat message/custom/send: ": oa} {
		if err == nil || !strings.HasPrefix(err.Error(), prefix) || strings.HasPrefix(prefix, "wecom") == strings.Contains(err.Error(), "WeChat") {
			t.Errorf("%v, want it to begin with %q", err, prefix)
		}
	}
}
