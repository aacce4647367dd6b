package api

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"strconv"
	"time"

	"wechattpp/sender"
	"wechattpp/wechat"
)

// mediaBody leaves room for the form around the largest file.
const mediaBody = sender.MostMedia + 64<<10

// mediaAnswer is what the vendor keeps.
type mediaAnswer struct {
	MediaID   string     `json:"media_id,omitempty"`
	URL       string     `json:"url,omitempty"`
	Type      string     `json:"type"`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

// uploadMedia passes a file on to the vendor while it arrives: no more of it
// than wechat.ReplayMost is ever held.
func (s *server) uploadMedia(c *call) error {
	code, err := c.granted()
	if err != nil {
		return err
	}
	ctx, stop := c.hurry(time.Minute)
	defer stop.end()
	m, err := c.mediaForm()
	if err != nil {
		return mediaProblem(code, err)
	}
	kept, err := s.Senders.Upload(ctx, code, m)
	switch {
	case err != nil && stop.late(err):
		return later(time.Second, "the file was not handed over in "+stop.limit.String()+": send it again")
	case err != nil:
		return mediaProblem(code, err)
	}
	c.target("sender/" + code)
	c.note("type", m.Type)
	if m.Keep != "" {
		c.note("permanent", m.Keep)
	}
	c.note("bytes", kept.Bytes)
	return c.created(mediaAnswer{kept.ID, kept.URL, m.Type, kept.Created.UTC(), known(kept.Expires)})
}

// mediaForm reads the form up to its file, which must be last: whatever came
// behind it would come when the file is with the vendor. Fields may be given in
// the query as well, for those who cannot choose their order.
func (c *call) mediaForm() (m sender.Media, err error) {
	in := &position{ReadCloser: c.Request.Body}
	c.Request.Body = in
	form, err := c.Request.MultipartReader()
	if err != nil {
		return m, invalid("the body", "must be multipart/form-data with type, permanent and media, a file")
	}
	given := map[string]string{}
	for name, values := range c.Request.URL.Query() {
		if err := mediaField(given, name, values...); err != nil {
			return m, err
		}
	}
	for {
		part, err := form.NextRawPart()
		if errors.Is(err, io.EOF) {
			return m, invalid("media", "is missing: send the file as this part of the form, after the others")
		}
		if err != nil {
			return m, brokenForm(err)
		}
		if part.FormName() == "media" {
			m = sender.Media{Type: given["type"], Keep: sender.Keep(given["permanent"]), Title: given["title"], Introduction: given["introduction"],
				Name: part.FileName(), File: &lastPart{Part: part, form: form}, Length: c.rest(in.n)}
			if m.Type == "" {
				err = invalid("type", "is missing: give it before media in the form, or in the query, as ?type=image")
			}
			in.far = true
			return m, err
		}
		text, err := formText(part, 4<<10)
		if err != nil {
			return m, err
		}
		if err := mediaField(given, part.FormName(), text); err != nil {
			return m, err
		}
	}
}

func mediaField(given map[string]string, name string, values ...string) error {
	switch name {
	case "type", "permanent", "title", "introduction":
	default:
		return invalid(strconv.Quote(name), "is not a field of this call: it takes type, permanent, title, introduction and media")
	}
	if _, again := given[name]; again || len(values) != 1 {
		return invalid(name, "is given twice: give it once, in the form or in the query")
	}
	given[name] = values[0]
	return nil
}

// rest is how much of the body can be left for a file whose part begins at the
// byte, -1 if the whole is of unknown length.
func (c *call) rest(from int64) int64 {
	_, params, err := mime.ParseMediaType(c.Request.Header.Get("Content-Type"))
	if err != nil || c.Request.ContentLength < 0 {
		return -1
	}
	return max(0, c.Request.ContentLength-from-int64(len("\r\n--"+params["boundary"]+"--")))
}

// position counts what is read of a body: byte by byte at first, so that a
// reader of forms, which reads ahead, is exactly at the beginning of a part.
type position struct {
	io.ReadCloser
	n   int64
	far bool // it no longer matters
}

func (p *position) Read(b []byte) (int, error) {
	if !p.far && len(b) > 1 {
		b = b[:1]
	}
	n, err := p.ReadCloser.Read(b)
	p.n += int64(n)
	return n, err
}

// lastPart is a part of a form behind which nothing may come.
type lastPart struct {
	*multipart.Part
	form *multipart.Reader
	end  error // what came at its end
}

func (l *lastPart) Read(b []byte) (int, error) {
	if l.end != nil {
		return 0, l.end
	}
	n, err := l.Part.Read(b)
	if err == nil || !errors.Is(err, io.EOF) {
		return n, err
	}
	next, err := l.form.NextRawPart()
	switch {
	case err == nil:
		err = invalid(strconv.Quote(next.FormName()), "comes after media: put media last, as its file is handed on while it arrives, or give the others in the query")
	case !errors.Is(err, io.EOF):
		err = brokenForm(err)
	}
	l.end = err
	return n, err
}

// mediaProblem gives the vendor's refusals a status. Nothing that failed must
// be looked for before it is repeated: at worst a file is kept twice.
func mediaProblem(code string, err error) error {
	var in *sender.InputError
	var size *sender.SizeError
	var vendor *wechat.Error
	switch {
	case errors.As(err, &in):
		return invalid(in.Field, in.Text)
	case errors.As(err, &size):
		return refuse(http.StatusRequestEntityTooLarge, codeTooLarge, size.Error())
	case errors.Is(err, os.ErrDeadlineExceeded) && !errors.As(err, &vendor):
		return refuse(http.StatusRequestTimeout, codeInvalid, "the body came too slowly: send it again over a faster line")
	case errors.Is(err, wechat.ErrUnanswered), errors.Is(err, wechat.ErrNotSent) && !errors.As(err, &vendor):
		return refuse(http.StatusBadGateway, codeVendor, err.Error()+": send the file again")
	case errors.As(err, &vendor) && errors.Is(err, wechat.ErrPermission):
		return forbidden(err.Error())
	case errors.As(err, &vendor) && errors.Is(err, wechat.ErrTokenRefused):
		return later(time.Second, err.Error()+"; the token is renewed by now: send the file again")
	case errors.As(err, &vendor) && !errors.Is(err, wechat.ErrNotSent):
		return vendorProblem(code, err)
	}
	return forwardProblem(code, err)
}
