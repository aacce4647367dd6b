package api

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"image/png"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"
)

// Pages for people: whoever authorizes an account, binds its own, or comes back
// from a subscription. They share one head and one style.
//
//go:embed html/*.html
var visitorFiles embed.FS

var visitorPages = template.Must(template.New("").Funcs(template.FuncMap{"css": func() template.CSS { return visitorCSS }}).ParseFS(visitorFiles, "html/*.html"))

const visitorCSS = `body{font:16px/1.6 system-ui,"PingFang SC","Microsoft YaHei",sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem;color:#222}
h1{font-size:1.4rem}a.go{display:block;background:#07c160;color:#fff;text-align:center;text-decoration:none;border-radius:6px;padding:.7rem;margin:1rem 0}
img{display:block;margin:1rem auto;width:220px;height:220px;image-rendering:pixelated}.hint{color:#666;font-size:.9rem}.bad{color:#b00020}`

// visitorPolicy allows this one style and images in the page itself, and no
// script at all.
var visitorPolicy = func() string {
	sum := sha256.Sum256([]byte(visitorCSS))
	return "default-src 'none'; img-src data:; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

// show answers with a page.
func (c *call) show(status int, page string, view any) error {
	var b bytes.Buffer
	if err := visitorPages.ExecuteTemplate(&b, page, view); err != nil {
		return err
	}
	c.Header("Content-Security-Policy", visitorPolicy)
	return c.html(status, b.Bytes())
}

func qrCode(text string) (template.URL, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return "", err
	}
	if code, err = barcode.Scale(code, 440, 440); err != nil {
		return "", err
	}
	var b bytes.Buffer
	if err := png.Encode(&b, code); err != nil {
		return "", err
	}
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())), nil //nolint:gosec // made here of base64
}
