package wechat

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"time"
)

// Calls that take a file, for Upload.Call.
const (
	// UploadMedia keeps a file for three days, of a WeChat account or, for all apps of a company, of WeCom:
	// https://developers.weixin.qq.com/doc/service/api/material/temporary/api_uploadtempmedia,
	// https://developer.work.weixin.qq.com/document/path/90253
	UploadMedia = "/cgi-bin/media/upload"
	// UploadImage gives an image an address, for the text of articles:
	// https://developers.weixin.qq.com/doc/service/api/material/permanent/api_uploadimage,
	// https://developer.work.weixin.qq.com/document/path/90256
	UploadImage = "/cgi-bin/media/uploadimg"
	// AddMaterial keeps a file in an Official Account's library:
	// https://developers.weixin.qq.com/doc/service/api/material/permanent/api_addmaterial
	AddMaterial = "/cgi-bin/material/add_material"
	// UploadRobot keeps a file for three days for one webhook of WeCom: https://developer.work.weixin.qq.com/document/path/99110
	UploadRobot = "/cgi-bin/webhook/upload_media"
)

// UploadSlack is how many bytes more than the file holds Upload.Length may say.
const UploadSlack = 64

// Upload is a file for the vendor, which is handed on while it is read.
type Upload struct {
	Call        string // UploadMedia, UploadImage, AddMaterial or UploadRobot
	Type        string // image, voice, video, thumb or file; UploadImage has none
	Name        string // of the file, with the extension that its format has
	ContentType string // by default application/octet-stream
	Video       VideoText

	File io.Reader
	// Length of File in bytes, or up to UploadSlack more, as whoever reads a form to its last part knows it: the
	// difference becomes blanks behind the end of our own form. The vendor takes no body of unknown length, so that -1,
	// unknown, is for files up to about ReplayMost alone.
	Length int64
}

// VideoText is what a video in the library is shown with, and needed for it.
type VideoText struct {
	Title        string `json:"title"`
	Introduction string `json:"introduction"`
}

// Uploaded is what the vendor made of a file.
type Uploaded struct {
	MediaID string    // empty of UploadImage
	URL     string    // of images that are kept for good, else empty
	Created time.Time // zero: the vendor said none
}

// Upload hands a file over. A token that is refused is replaced and the upload repeated once, as long as the form is not
// larger than ReplayMost. A larger one is streamed and cannot be repeated: whether the token is taken is asked
// beforehand, and one that is refused all the same is replaced for the next call and the error ErrTokenRefused. Errors
// besides: as of Forward, whatever reading File gave, and the vendor's refusals. An upload of unknown outcome may simply
// be repeated.
func (c *Caller) Upload(ctx context.Context, u Upload) (Uploaded, error) {
	body, length := u.form()
	f := Forward{Method: http.MethodPost, Path: u.Call, Query: u.query(), Body: body, Length: length,
		Header: http.Header{"Content-Type": {body.contentType}}}
	if length > ReplayMost && u.Call != UploadRobot { // whose key nobody renews
		if err := c.sure(ctx); err != nil {
			return Uploaded{}, &unsentError{c.door.speaks, f.op(), err}
		}
	}
	answer, err := c.Forward(ctx, f)
	if err != nil {
		return Uploaded{}, err
	}
	defer func() { _ = answer.Body.Close() }()
	var out struct {
		MediaID string `json:"media_id"`
		ThumbID string `json:"thumb_media_id"` // what it is called for type thumb
		URL     string `json:"url"`
		Created number `json:"created_at"`
	}
	res := &http.Response{StatusCode: answer.Status, Body: answer.Body}
	if err := c.door.read(res, request{op: f.op()}, func(told string) string { return told }, &out); err != nil { // blotted already
		return Uploaded{}, err
	}
	up := Uploaded{MediaID: cmp.Or(out.MediaID, out.ThumbID), URL: out.URL}
	if out.Created > 0 {
		up.Created = time.Unix(int64(out.Created), 0).UTC()
	}
	switch {
	case u.Call == UploadImage && up.URL == "":
		return up, c.door.speaks.incomplete(f.op(), "url")
	case u.Call != UploadImage && up.MediaID == "":
		return up, c.door.speaks.incomplete(f.op(), "media_id")
	}
	return up, nil
}

// sure replaces a token that the vendor takes no more. That it could not be found out is no reason to wait.
func (c *Caller) sure(ctx context.Context) error {
	token, err := c.door.token(ctx)
	if err != nil {
		return err
	}
	if errors.Is(c.Taken(ctx, token), ErrTokenRefused) {
		_, err = c.door.tokens.Replace(ctx, token)
	}
	return err
}

func (u *Upload) query() string {
	if u.Type == "" {
		return ""
	}
	return "type=" + url.QueryEscape(u.Type)
}

// form is the body of an upload: what stands before the file, the file, and the end.
type form struct {
	io.Reader
	contentType string
	file        io.Reader
	length      int64 // as announced; -1: unknown
	read        int64 // of file so far
}

// form puts the file into a form of the vendor's, of the length in bytes; -1: unknown.
func (u *Upload) form() (*form, int64) {
	var head bytes.Buffer
	w := multipart.NewWriter(&head)
	if u.Video != (VideoText{}) {
		text, _ := encode(u.Video) // two texts can always be written
		part, _ := w.CreatePart(textproto.MIMEHeader{"Content-Disposition": {`form-data; name="description"`}})
		_, _ = part.Write(text) // as all here, into memory
	}
	_, _ = w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="media"; filename="` + quoted.Replace(u.Name) + `"`},
		"Content-Type":        {cmp.Or(u.ContentType, "application/octet-stream")},
	})
	f := &form{contentType: w.FormDataContentType(), file: u.File, length: u.Length}
	end := "\r\n--" + w.Boundary() + "--"
	length := int64(head.Len()) + u.Length + int64(len(end))
	if u.Length < 0 {
		length = -1
	}
	f.Reader = io.MultiReader(&head, readerFunc(f.readFile), &late{make: func() (string, error) { return f.padded(end) }})
	return f, length
}

// quoted spells what a quoted file name cannot hold as browsers do.
var quoted = strings.NewReplacer(`"`, "%22", "\r", "%0D", "\n", "%0A")

func (f *form) readFile(p []byte) (int, error) {
	n, err := f.file.Read(p)
	f.read += int64(n)
	return n, err
}

// padded is the end of the form, with as many blanks as the file was shorter than announced.
func (f *form) padded(end string) (string, error) {
	more := f.length - f.read
	switch {
	case f.length < 0 || more == 0:
		return end, nil
	case more < 0 || more > UploadSlack:
		return "", fmt.Errorf("%w: the file has %d bytes, announced were %d", io.ErrUnexpectedEOF, f.read, f.length)
	case more == 1:
		return end + " ", nil
	}
	return end + strings.Repeat(" ", int(more)-2) + "\r\n", nil
}

// late is a text that is made when it is read.
type late struct {
	make func() (string, error)
	text *strings.Reader
}

func (l *late) Read(p []byte) (int, error) {
	if l.text == nil {
		text, err := l.make()
		if err != nil {
			return 0, err
		}
		l.text = strings.NewReader(text)
	}
	return l.text.Read(p)
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
