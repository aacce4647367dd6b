package wechat

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// formParts reads a form as the vendor does: name, file name and content of each part.
func formParts(t *testing.T, contentType, body string) (parts []string) {
	t.Helper()
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		t.Fatal(err)
	}
	for r := multipart.NewReader(strings.NewReader(body), params["boundary"]); ; {
		p, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return parts
		}
		if err != nil {
			t.Fatalf("%v in %q", err, body)
		}
		content, _ := io.ReadAll(p)
		parts = append(parts, fmt.Sprintf("%s|%s|%s|%s", p.FormName(), p.FileName(), p.Header.Get("Content-Type"), content))
	}
}

func TestAFileIsUploadedInAFormOfTheLengthThatWasAnnounced(t *testing.T) {
	t.Parallel()
	file := "\x00\xffany bytes\r\n--wechattpp"
	for name, test := range map[string]struct {
		upload             Upload
		path, query, parts string
	}{
		"a file for three days": {Upload{Call: UploadMedia, Type: "image", Name: `a "b".png`, ContentType: "image/png"},
			"/cgi-bin/media/upload", "access_token=61_T%2B%2F%3D&type=image", "media|a %22b%22.png|image/png|" + file},
		"an image with an address": {Upload{Call: UploadImage, Name: "六月.jpg"},
			"/cgi-bin/media/uploadimg", "access_token=61_T%2B%2F%3D", "media|六月.jpg|application/octet-stream|" + file},
		"a video for good": {Upload{Call: AddMaterial, Type: "video", Name: "v.mp4", ContentType: "video/mp4", Video: VideoText{"开箱 <&>", "两分钟"}},
			"/cgi-bin/material/add_material", "access_token=61_T%2B%2F%3D&type=video", `description||` + `|{"title":"开箱 <&>","introduction":"两分钟"}` + "\nmedia|v.mp4|video/mp4|" + file},
	} {
		for slack := range 4 {
			v := newVendor(t, `{"media_id":"M","url":"http://x/1","created_at":"1760000000"}`)
			u := test.upload
			u.File, u.Length = iotest.OneByteReader(strings.NewReader(file)), int64(len(file)+slack)
			got, err := account(API{Base: v.URL}).Caller().Upload(t.Context(), u)
			if want := (Uploaded{"M", "http://x/1", time.Unix(1760000000, 0).UTC()}); err != nil || got != want {
				t.Fatalf("%s: %+v %v", name, got, err)
			}
			a := v.got[0]
			if parts := strings.Join(formParts(t, a.contentType, a.body), "\n"); a.path != test.path || a.query != test.query || parts != test.parts {
				t.Errorf("%s: %s?%s\n got %q\nwant %q", name, a.path, a.query, parts, test.parts)
			}
		}
	}
}

func TestAnAnswerToAnUploadIsReadWhateverItIsCalled(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]string{
		`{"type":"thumb","thumb_media_id":"T","created_at":1}`: "T  <nil>",
		`{"media_id":"M"}`: "M  <nil>",
		`{"errcode":0}`:    "  wechat cgi-bin/media/upload: handed over, outcome unknown: the answer has neither an error nor media_id",
		`<html>`:           "  wechat cgi-bin/media/upload: handed over, outcome unknown: HTTP status 200 and no JSON object WeChat would write",
		`{"errcode":40006,"errmsg":"invalid media size rid: a-b"}`: `  wechat cgi-bin/media/upload: errcode 40006 (rid a-b): the file has a size that is not taken (message or template wrong for everyone): correct the message; do not send it to others; errmsg "invalid media size"`,
	} {
		v := newVendor(t, answer)
		got, err := account(API{Base: v.URL}).Caller().Upload(t.Context(), Upload{Call: UploadMedia, Type: "image", Name: "a.png", File: strings.NewReader("file"), Length: 4})
		if told := fmt.Sprintf("%s %s %v", got.MediaID, got.URL, err); told != want {
			t.Errorf("%s:\n got %s\nwant %s", answer, told, want)
		}
	}
}

func TestASmallUploadIsRepeatedWithAnotherTokenAndALargeOneIsSureOfItBefore(t *testing.T) {
	t.Parallel()
	for _, size := range []int{100, 3 << 20} {
		src := &tokens{list: []string{"old", "new"}}
		var seen []string
		v := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n, _ := io.Copy(io.Discard, r.Body)
			token := r.URL.Query().Get("access_token")
			seen = append(seen, fmt.Sprintf("%s %s %t %d", r.URL.Path, token, n > int64(size), r.ContentLength-n))
			if token == "old" {
				_, _ = io.WriteString(w, `{"errcode":42001,"errmsg":"expired"}`)
				return
			}
			_, _ = io.WriteString(w, `{"media_id":"M"}`)
		}))
		t.Cleanup(v.Close)
		_, err := API{Base: v.URL}.Account("wx1", &renewed{src}).Caller().Upload(t.Context(),
			Upload{Call: UploadMedia, Type: "image", Name: "a.png", File: strings.NewReader(strings.Repeat("x", size)), Length: int64(size)})
		want := "/cgi-bin/media/upload old true 0|/cgi-bin/media/upload new true 0"
		if size > ReplayMost {
			want = "/cgi-bin/get_api_domain_ip old false 0|/cgi-bin/media/upload new true 0"
		}
		if got := strings.Join(seen, "|"); err != nil || got != want {
			t.Errorf("%d bytes: %s, %v", size, got, err)
		}
	}
}

// renewed gives the newest token, as the keeper does.
type renewed struct{ *tokens }

func (r *renewed) Token(context.Context) (string, error) { return r.list[len(r.refused)], nil }

func TestAFileThatBreaksOffIsNeverWhole(t *testing.T) {
	t.Parallel()
	broken := errors.New("its reader left")
	for _, size := range []int{100, 3 << 20} {
		whole := make(chan bool, 1)
		v := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				_, err := io.Copy(io.Discard, r.Body)
				whole <- err == nil
			}
			_, _ = io.WriteString(w, `{"media_id":"M"}`)
		}))
		t.Cleanup(v.Close)
		for name, u := range map[string]Upload{
			"an error":            {File: io.MultiReader(strings.NewReader(strings.Repeat("x", size/2)), iotest.ErrReader(broken)), Length: int64(size)},
			"less than announced": {File: strings.NewReader(strings.Repeat("x", size-UploadSlack-1)), Length: int64(size)},
			"more than announced": {File: strings.NewReader(strings.Repeat("x", size+1)), Length: int64(size)},
		} {
			u.Call, u.Type, u.Name = UploadMedia, "image", "a.png"
			_, err := account(API{Base: v.URL}).Caller().Upload(t.Context(), u)
			if err == nil || name == "an error" && !errors.Is(err, broken) {
				t.Errorf("%s of %d bytes: %v", name, size, err)
			}
			select {
			case ok := <-whole:
				if ok {
					t.Errorf("%s of %d bytes looked whole", name, size)
				}
			default:
			}
		}
	}
}
