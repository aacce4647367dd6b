package api

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	"github.com/gin-gonic/gin"

	"wechattpp/wechat"
)

// FuzzMediaForm holds what is announced of a file's length against what is read
// of it, whatever the form looks like.
func FuzzMediaForm(f *testing.F) {
	for _, seed := range []string{
		"--b\r\nContent-Disposition: form-data; name=\"type\"\r\n\r\nimage\r\n--b\r\nContent-Disposition: form-data; name=\"media\"; filename=\"a.png\"\r\n\r\nFILE\r\n--b--\r\n",
		"--b\r\nContent-Disposition: form-data; name=\"media\"\r\n\r\n\r\n--b--", "--b\nContent-Disposition: form-data; name=media\n\nFILE\n--b--\n", "preamble\r\n--b\r\nContent-Disposition: form-data; name=\"media\"\r\n\r\nx\r\n--b--  \r\nepilogue",
		"--b\r\nContent-Disposition: form-data; name=\"media\"\r\n\r\nx\r\n--b\r\nContent-Disposition: form-data; name=\"type\"\r\n\r\nimage\r\n--b--\r\n", "--b--", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		req, err := http.NewRequest(http.MethodPost, "http://test/?permanent=false", bytes.NewReader([]byte(body)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "multipart/form-data; boundary=b")
		c := &call{Context: &gin.Context{Request: req}}
		m, err := c.mediaForm()
		if m.File == nil {
			if err == nil {
				t.Fatal("neither a file nor an error")
			}
			return
		}
		n, err := io.Copy(io.Discard, m.File)
		if again, end := m.File.Read(make([]byte, 1)); again != 0 || end == nil {
			t.Errorf("something follows the end: %d, %v", again, end)
		}
		if err == nil && m.Length-n > wechat.UploadSlack && len(body) < wechat.UploadSlack {
			t.Errorf("%d bytes announced, %d read of %d", m.Length, n, len(body))
		}
		if err == nil && n > m.Length+2 { // a form that parts its lines by LF alone has a shorter end
			t.Errorf("%d bytes announced, %d read", m.Length, n)
		}
	})
}
