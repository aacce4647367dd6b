package api

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"wechattpp/sql"
)

func TestTheDocsPageWorksWithoutAnyOtherAddress(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, path := range []string{"/docs", "/docs/"} {
		page := h.call("GET", path, "", nil)
		if page.status != http.StatusOK || !strings.HasPrefix(page.header.Get("Content-Type"), "text/html") {
			t.Fatalf("%s: %d %s", path, page.status, page.header.Get("Content-Type"))
		}
		assets := regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(string(page.body), -1)
		if len(assets) < 3 {
			t.Fatalf("%s names %d assets:\n%s", path, len(assets), page.body)
		}
		for _, a := range assets {
			if !strings.HasPrefix(a[1], "/docs/") {
				t.Errorf("%s loads %s", path, a[1])
			} else if r := h.call("GET", a[1], "", nil); r.status != http.StatusOK || len(r.body) == 0 {
				t.Errorf("%s: %d, %d bytes", a[1], r.status, len(r.body))
			}
		}
		if policy := page.header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'self'") || strings.Contains(policy, "http") {
			t.Errorf("policy %q", policy)
		}
		if !strings.Contains(string(page.body), "/openapi.json") {
			t.Error("the page does not read /openapi.json")
		}
	}
}

func TestTheDescriptionNamesThePublicURL(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(c *Config, _ *sql.DB) { c.PublicURL = "https://push.example.com/" })
	r := h.call("GET", "/openapi.json", "", nil)
	var doc struct {
		OpenAPI string `json:"openapi"`
		Servers []struct{ URL string }
	}
	if err := json.Unmarshal(r.body, &doc); err != nil || !strings.HasPrefix(doc.OpenAPI, "3.1.") || len(doc.Servers) == 0 || doc.Servers[0].URL != "https://push.example.com" {
		t.Errorf("%+v, %v", doc, err)
	}
}

func TestTheFirstPageLinksOn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	page := h.call("GET", "/", "", nil)
	for _, a := range regexp.MustCompile(`href="([^"]*)"`).FindAllStringSubmatch(string(page.body), -1) {
		if r := h.call("GET", a[1], "", nil); r.status != http.StatusOK {
			t.Errorf("%s: %d", a[1], r.status)
		}
	}
	if !strings.Contains(string(page.body), `href="/docs/"`) {
		t.Errorf("page %s", page.body)
	}
}
