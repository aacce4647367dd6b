package wechat

import (
	"errors"
	"net/url"
	"path"
	"regexp"
	"strings"
	"testing"
)

func TestOnlyAPathThatCanBeReadInOneWayIsPassedOn(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"/cgi-bin/user/info", "/wxa/getwxacodeunlimit", "/cgi-bin/media/get", "/datacube/getusersummary", "/v3/x.json", "/cgi-bin/openapi/quota/get",
		"/" + strings.Repeat("a", 255)} {
		if got, err := CleanPath(good); got != good || err != nil {
			t.Errorf("%s: %q, %v", good, got, err)
		}
	}
	for _, bad := range []string{"", "/", "cgi-bin/user", "//evil.example.com/x", "/cgi-bin//user", "/cgi-bin/user/", "/http://evil.example.com/", "/https:/evil.example.com",
		"/@evil.example.com/x", "/cgi-bin@evil.example.com", "/..", "/cgi-bin/../cgi-bin/user", "/cgi-bin/./user", "/cgi-bin/%2e%2e/user", "/cgi-bin/%2E./token", "/cgi-bin%2fuser", "/cgi-bin/%75ser",
		"/cgi-bin/user%0d%0aX-Evil:1", "/cgi-bin/user\r\nX: 1", "/cgi-bin\\user", "/cgi-bin/%5cuser", "/cgi-bin/user\x00", "/cgi-bin/user%00", "/cgi-bin/user#x", "/cgi-bin/user%23x", "/cgi-bin/user;x=1", "/cgi-bin/user?x",
		"/cgi-bin/用户", "/cgi-bin/user info", "/" + strings.Repeat("a", 256)} {
		_, err := CleanPath(bad)
		var f *ForwardError
		if !errors.As(err, &f) || f.Field != "path" || f.Forbidden {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestCallsThatGiveOutSecretsAreNotPassedOnInAnySpelling(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/cgi-bin/token", "/CGI-BIN/Token", "/cgi-bin/stable_token", "/cgi-bin/gettoken", "/cgi-bin/corpgroup/corp/gettoken", "/cgi-bin/component/api_component_token",
		"/cgi-bin/component/api_authorizer_token", "/cgi-bin/COMPONENT/x", "/sns/oauth2/component/access_token", "/sns/oauth2/access_token", "/sns/jscode2session", "/sns/userinfo", "/cgi-bin/clear_quota",
		"/cgi-bin/Clear_Quota", "/cgi-bin/clear_quota/v2", "/cgi-bin/openapi/quota/clear", "/cgi-bin/component/clear_quota/v2", "/cgi-bin/ticket/getticket", "/cgi-bin/ticket/get", "/cgi-bin/get_jsapi_ticket",
		"/cgi-bin/service/get_suite_token", "/cgi-bin/service/anything", "/cgi-bin/get_provider_token"} {
		_, err := CleanPath(path)
		var f *ForwardError
		if !errors.As(err, &f) || !f.Forbidden {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestTokensInAQueryAreDroppedAndTheRestStaysAsItIs(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"":                     "",
		"openid=o1&lang=zh_CN": "openid=o1&lang=zh_CN",
		"access_token=evil":    "",
		"a=1&Access_Token=x&b=%E4%BD%A0&ACCESS_TOKEN=y&access_token&c": "a=1&b=%E4%BD%A0&c",
		"access%5ftoken=x&%61ccess_token=y&a=+b":                       "a=+b",
		"component_access_token=x&suite_access_token=y&z=%2B":          "z=%2B",
		"access_token[]=x&a=b=c":                                       "a=b=c",
		"&&a=1&":                                                       "a=1",
	} {
		if got, err := CleanQuery(raw); got != want || err != nil {
			t.Errorf("%q: %q, %v; want %q", raw, got, err, want)
		}
	}
	for _, bad := range []string{"a=1%0d%0aX:1", "a=1\r\nX: 1", "a%00=1", "a=%", "a=%zz", "a=1;access_token=x", "a=1#b", "a b", "a=1\x7f", "%0a"} {
		var f *ForwardError
		if got, err := CleanQuery(bad); !errors.As(err, &f) || f.Field != "query" {
			t.Errorf("%q: %q, %v", bad, got, err)
		}
	}
}

func FuzzCleanPath(f *testing.F) {
	for _, seed := range []string{"/cgi-bin/user/info", "//x", "/../x", "/%2e%2e/x", "/a@b", "/cgi-bin/token", "/x\r\ny", "/cgi-bin/TOKEN", "/a/./b", "/http://x"} {
		f.Add(seed)
	}
	plain := regexp.MustCompile(`^(/[A-Za-z0-9._-]+)+$`)
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := CleanPath(raw)
		if err != nil {
			return
		}
		if got != raw || !plain.MatchString(got) || path.Clean(got) != got || len(got) > longestPath {
			t.Fatalf("%q became %q", raw, got)
		}
		u, err := url.Parse("https://api.weixin.qq.com" + got + "?access_token=T")
		if err != nil || u.Host != "api.weixin.qq.com" || u.User != nil || u.Path != raw || u.EscapedPath() != raw || u.RawQuery != "access_token=T" || u.Fragment != "" {
			t.Fatalf("%q leads to %v, %v", raw, u, err)
		}
		low := strings.ToLower(got)
		for _, never := range []string{"/token", "component", "gettoken", "clear_quota"} {
			if strings.HasSuffix(low, "/"+strings.TrimPrefix(never, "/")) {
				t.Fatalf("%q is passed on", raw)
			}
		}
	})
}

func FuzzCleanQuery(f *testing.F) {
	for _, seed := range []string{"a=1&access_token=x", "ACCESS%5FTOKEN=x", "a=%0d%0a", "a;b", "%", "a=1&&b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := CleanQuery(raw)
		if err != nil {
			return
		}
		if again, err := CleanQuery(got); again != got || err != nil {
			t.Fatalf("%q became %q, then %q, %v", raw, got, again, err)
		}
		u, err := url.Parse("https://api.weixin.qq.com/x?access_token=T&" + got)
		if err != nil || u.Host != "api.weixin.qq.com" || u.Path != "/x" || u.Fragment != "" {
			t.Fatalf("%q leads to %v, %v", raw, u, err)
		}
		for name := range u.Query() {
			if strings.EqualFold(name, "access_token") && (name != "access_token" || len(u.Query()[name]) != 1) {
				t.Fatalf("%q lets a token through: %q", raw, got)
			}
		}
	})
}
