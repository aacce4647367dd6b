package api

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"net/http"
	"slices"

	"github.com/swaggest/swgui"
	"github.com/swaggest/swgui/v5emb"
	"go.yaml.in/yaml/v3"
)

//go:embed openapi/*.yaml
var documents embed.FS

// describe merges the parts of the description: one file a resource, base.yaml
// for what they share. A name defined twice is an error.
func describe(publicURL string) (map[string]any, error) {
	files, err := fs.Glob(documents, "openapi/*.yaml")
	if err != nil {
		return nil, err
	}
	doc := map[string]any{}
	const base = "openapi/base.yaml" // first, for the order of tags
	for _, file := range append([]string{base}, slices.DeleteFunc(files, func(f string) bool { return f == base })...) {
		text, err := documents.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var part map[string]any
		if err := yaml.Unmarshal(text, &part); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if err := merge(doc, part); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	doc["servers"] = []any{map[string]any{"url": publicURL}, map[string]any{"url": "/", "description": "the address this was read from"}}
	return doc, nil
}

// merge puts what is new in from into to; lists are joined.
func merge(to, from map[string]any) error {
	for _, key := range slices.Sorted(maps.Keys(from)) {
		was, there := to[key]
		if !there {
			to[key] = from[key]
			continue
		}
		a, ok := was.(map[string]any)
		b, ok2 := from[key].(map[string]any)
		if ok && ok2 {
			if err := merge(a, b); err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
			continue
		}
		l, ok := was.([]any)
		m, ok2 := from[key].([]any)
		if !ok || !ok2 {
			return fmt.Errorf("%s is defined twice", key)
		}
		to[key] = append(l, m...)
	}
	return nil
}

// document answers the description as JSON, made once.
func document(publicURL string) ([]byte, error) {
	doc, err := describe(publicURL)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(doc); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func (s *server) openapi(c *call) error {
	c.Data(http.StatusOK, "application/json; charset=utf-8", s.document)
	return nil
}

// swagger shows the description and lets people try it. Its assets are in the
// program: the page works without any other address.
func swagger() http.Handler {
	return v5emb.NewHandlerWithConfig(swgui.Config{
		Title:       "wechattpp API",
		SwaggerJSON: "/openapi.json",
		BasePath:    "/docs/",
		SettingsUI:  map[string]string{"validatorUrl": "null", "docExpansion": `"none"`, "tryItOutEnabled": "true"},
	})
}

// docs needs inline script and style, as Swagger UI is made; the policy still
// keeps every other address out.
func (s *server) docs(c *call) error {
	h := c.Writer.Header()
	h.Set("Content-Security-Policy", "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-cache")
	s.swagger.ServeHTTP(c.Writer, c.Request)
	return nil
}

var homePage = template.Must(template.New("home").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>wechattpp</title>
<style>body{font:16px/1.6 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem}</style>
<h1>wechattpp</h1>
<p>A WeChat third-party platform of your own.</p>
<ul>
<li><a href="/docs/">API: read and try it</a></li>
<li><a href="/openapi.json">API description (OpenAPI 3.1)</a></li>
<li><a href="/readyz">Is it ready?</a></li>
</ul>
</html>
`))

func (s *server) home(c *call) error {
	var b bytes.Buffer
	if err := homePage.Execute(&b, nil); err != nil {
		return err
	}
	c.Header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	return c.html(http.StatusOK, b.Bytes())
}
