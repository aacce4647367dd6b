package api

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"
)

// materialBody is the largest upload that is read before it is refused.
const materialBody = 20 << 20

// codeNoEmail is JUMS's, for an e-mail sender that a client does not have.
const codeNoEmail = 1015010

// material answers JUMS's upload of attachments for e-mails, the only material
// JUMS has (docs.jiguang.cn/jums/server/rest_api_jums_material): there is no
// e-mail sender here. A request that JUMS would refuse is told why first.
func (s *server) material(c *call) error {
	parts, err := c.Request.MultipartReader()
	if err != nil {
		return invalid("the body", "must be multipart/form-data with type, file and time_to_live")
	}
	var m material
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return brokenForm(err)
		}
		if err := m.take(part); err != nil {
			return err
		}
	}
	if err := m.check(); err != nil {
		return err
	}
	return refuse(http.StatusBadRequest, codeNoEmail, "type attachment is for e-mails, and this service has no e-mail sender: "+
		"upload images, voice and video of the WeChat family by POST /v1/senders/{code}/media")
}

// material is what of an upload is looked at.
type material struct {
	kind  *string
	life  *string
	files int
}

func (m *material) take(p *multipart.Part) error {
	switch name := p.FormName(); name {
	case "type":
		return readField(p, &m.kind)
	case "time_to_live":
		return readField(p, &m.life)
	case "file":
		m.files++
		if _, err := io.Copy(io.Discard, p); err != nil {
			return brokenForm(err)
		}
		return nil
	default:
		return invalid(strconv.Quote(name), "is not a field of this call: it takes type, file and time_to_live")
	}
}

func readField(p *multipart.Part, into **string) error {
	text, err := formText(p, 64)
	if err == nil && *into != nil {
		err = invalid(p.FormName(), "is given twice: give it once")
	}
	*into = &text
	return err
}

func (m material) check() error {
	switch {
	case m.kind == nil:
		return invalid("type", "is missing: it is attachment")
	case *m.kind != "attachment":
		return invalid("type", "must be attachment: JUMS has no other")
	case m.files != 1:
		return invalid("file", "is there "+strconv.Itoa(m.files)+" times: exactly one a call")
	}
	if m.life == nil {
		return nil
	}
	if hours, err := strconv.Atoi(*m.life); err != nil || hours < 1 || hours > 168 {
		return invalid("time_to_live", "must be 1 to 168 hours")
	}
	return nil
}
