package sender

import (
	"net/url"
	"strings"
	"testing"
)

func TestBusinessDomainsAreBareHosts(t *testing.T) {
	t.Parallel()
	label := strings.Repeat("a", 63)
	long := strings.Repeat(label+".", 3) + strings.Repeat("a", 61) // 253 characters
	good := Sender{Code: "oa", Kind: OfficialAccount, Domains: []string{"Shop.Example.com", "shop.example.com", "xn--fiq228c.cn", "localhost", long}}
	if err := good.check(); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(good.Domains, " "); got != long+" localhost shop.example.com xn--fiq228c.cn" {
		t.Errorf("kept %s", got)
	}
	for _, host := range []string{"", "https://shop.example.com", "shop.example.com:443", "shop.example.com/", "*.example.com", "商城.cn", "a..b", "-a.com", "a-.com",
		"shop.example.com.", "shop example.com", "user@shop.example.com", `shop\example.com`, label + "a.com", long + "a", "[::1]", "a_b.com"} {
		s := Sender{Code: "oa", Kind: OfficialAccount, Domains: []string{"ok.example.com", host}}
		if err := s.check(); err == nil || !strings.Contains(err.Error(), "business_domains[1]") {
			t.Errorf("%q: %v", host, err)
		}
	}
	many := make([]string, mostDomains+1)
	for i := range many {
		many[i] = "a.example.com"
	}
	if s := (Sender{Code: "oa", Kind: OfficialAccount, Domains: many}); s.check() == nil {
		t.Error("one host too many was taken")
	}
	if s := (Sender{Code: "oa", Kind: OfficialAccount, Domains: many[1:]}); s.check() != nil {
		t.Error("as many hosts as may be were refused")
	}
	if s := (Sender{Code: "mp", Kind: MiniProgram, Domains: many[:1]}); s.check() == nil {
		t.Error("a Mini Program took business domains")
	}
}

var ownPages = Sender{Domains: []string{"shop.example.com"}}

func TestARedirectLeadsToABusinessDomainOnly(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"https://shop.example.com", "http://shop.example.com/a?b=c#d", "HTTPS://SHOP.example.com/%E4%BD%A0?x=%20",
		"https://shop.example.com/" + strings.Repeat("a", mostAddress-25)} {
		if err := ownPages.CheckRedirect(good); err != nil {
			t.Errorf("%.60s: %v", good, err)
		}
	}
	for bad, says := range map[string]string{
		"https://shop.example.com.evil.com/":                              "not in the sender's business_domains",
		"https://evil.com/?https://shop.example.com":                      "not in the sender's business_domains",
		"https://sub.shop.example.com/":                                   "not in the sender's business_domains",
		"https://shop.example.com:443/":                                   "port",
		"https://shop.example.com:/":                                      "port",
		"https://shop.example.com@evil.com/":                              "user name",
		"https://user:pw@shop.example.com/":                               "user name",
		`https://evil.com\@shop.example.com/`:                             "printable ASCII",
		`https:\\shop.example.com/`:                                       "printable ASCII",
		"https://shop.example.com/ a":                                     "printable ASCII",
		"https://shop.example.com/\n":                                     "printable ASCII",
		"https://shop。example.com/":                                       "printable ASCII",
		"https://shop.example.com./":                                      "plain host",
		"https://shop.example.com%2eevil.com/":                            "http",
		"//shop.example.com/":                                             "http",
		"https:shop.example.com":                                          "http",
		"javascript:alert(1)":                                             "http",
		"ftp://shop.example.com/":                                         "http",
		"https:///shop.example.com":                                       "http",
		"https://[::1]/":                                                  "host",
		"https://shop.example.com/?a=1&openid=x":                          "openid",
		"https://shop.example.com/?scene=1":                               "scene",
		"https://shop.example.com/" + strings.Repeat("a", mostAddress-24): "2048",
		"": "http",
	} {
		if err := ownPages.CheckRedirect(bad); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.60s: %v, want %q", bad, err, says)
		}
	}
}

func FuzzCheckRedirect(f *testing.F) {
	for _, seed := range []string{"https://shop.example.com/a?b=c#d", `https://shop.example.com\@evil.com`, "http://shop.example.com:80", "https://SHOP.example.com@x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		if ownPages.CheckRedirect(address) != nil {
			return
		}
		u, err := url.Parse(address)
		if err != nil || !strings.EqualFold(u.Host, "shop.example.com") || u.User != nil || strings.ContainsAny(address, "\\ \t\r\n") {
			t.Errorf("%q leads elsewhere: %v %v", address, u, err)
		}
		head := strings.ToLower(address[strings.Index(address, "://")+3:])
		if !strings.HasPrefix(head, "shop.example.com") {
			t.Errorf("%q does not begin with its host", address)
		}
	})
}
