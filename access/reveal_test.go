package access_test

import (
	"strings"
	"sync"
	"testing"

	"wechattpp/access"
	"wechattpp/sql"
	"wechattpp/sql/sqltest"
)

func TestATokenShownAThousandTimesIsOneEntryForEachCaller(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		r := replica(t, db)
		show := func(actor, target, secret string) {
			t.Helper()
			e := access.Entry{Actor: actor, Action: "token.reveal", Target: target, Detail: map[string]any{"expires_in": 7}}
			if err := r.RecordReveal(t.Context(), e, secret); err != nil {
				t.Error(err)
			}
		}
		var all sync.WaitGroup
		for range 1000 {
			all.Go(func() { show("client/1", "sender/a", "TOKEN-1") })
		}
		all.Wait()
		show("client/2", "sender/a", "TOKEN-1")
		show("client/1", "sender/b", "TOKEN-1")
		show("client/1", "sender/a", "TOKEN-2")
		trail, err := r.Audit(t.Context(), 0, 10)
		if err != nil || len(trail) != 4 {
			t.Fatalf("%d entries, want 4: %v %v", len(trail), trail, err)
		}
	})
}

func TestAPrefixCoversWholeSegmentsOnly(t *testing.T) {
	t.Parallel()
	p := access.Principal{ClientID: 1, Scopes: []string{access.Proxy, access.Admin}, Prefixes: []string{"/cgi-bin/user", "/wxa/getwxacode"}}
	for path, want := range map[string]bool{
		"/cgi-bin/user": true, "/cgi-bin/user/info": true, "/cgi-bin/user/info/batchget": true, "/wxa/getwxacode": true,
		"/cgi-bin/userx": false, "/cgi-bin/users/info": false, "/cgi-bin": false, "/wxa/getwxacodeunlimit": false, "/CGI-BIN/user": false, "/": false, "": false,
	} {
		if p.MayProxy(path) != want {
			t.Errorf("%q: %v", path, !want)
		}
	}
	if p.Prefixes = []string{"/"}; !p.MayProxy("/anything/at/all") {
		t.Error("/ is not every path")
	}
	if p.Prefixes = nil; p.MayProxy("/cgi-bin/user") {
		t.Error("no prefix allows something")
	}
	if !(access.Principal{Scopes: []string{access.Admin}}).MayProxy("/cgi-bin/user") {
		t.Error("an administrator's token is held to a list it has not")
	}
}

func TestProxyPrefixesAreCheckedAndKept(t *testing.T) {
	t.Parallel()
	sqltest.Each(t, func(t *testing.T, db *sql.DB) {
		r := replica(t, db)
		make := func(prefixes ...string) (access.Client, error) {
			return r.Create(t.Context(), access.Client{Name: "p", Scopes: []string{access.Proxy}, ProxyPrefixes: prefixes})
		}
		for _, bad := range []string{"", "cgi-bin", "/cgi-bin/", "//cgi-bin", "/cgi-bin/..", "/./x", "/a%2fb", "/a b", "/a\\b", "/a@b", "/" + strings.Repeat("a", 200)} {
			if _, err := make(bad); err == nil || !strings.Contains(err.Error(), "proxy_prefixes[0]") {
				t.Errorf("%q: %v", bad, err)
			}
		}
		if _, err := make("/a", "/a"); err == nil {
			t.Error("the same prefix twice was taken")
		}
		longest := "/" + strings.Repeat("a", 199)
		c, err := make("/", "/cgi-bin/user", longest)
		if err != nil {
			t.Fatal(err)
		}
		if c, err = r.Find(t.Context(), c.ID); err != nil || len(c.ProxyPrefixes) != 3 || c.ProxyPrefixes[2] != longest {
			t.Errorf("%v %v", c.ProxyPrefixes, err)
		}
		if c, err = r.Update(t.Context(), c.ID, func(c *access.Client) { c.ProxyPrefixes = []string{"/wxa"} }); err != nil || len(c.ProxyPrefixes) != 1 {
			t.Errorf("%v %v", c.ProxyPrefixes, err)
		}
		if _, err := r.Create(t.Context(), access.Client{Name: "k", Kind: access.AccessKey, ProxyPrefixes: []string{"/"}}); err == nil {
			t.Error("an access_key was given a prefix")
		}
	})
}
